"""What the routes of segments and lists share: who may see whom, and how people and numbers of them are told."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.profiles.rules import masked_name
from geoengage.segments.rules.telling import Told, tell
from geoengage.segments.rules.words import Reading
from geoengage.segments.shapes import PersonShort, ReadingOut
from geoengage.segments.store import people
from geoengage.segments.store.names import has_store
from geoengage.tenancy.rules import Principal, PrincipalKind, Scope


def sees_people(me: Principal) -> bool:
    """Whether the caller may see people: of the whole tenant, or, restricted to stores, their customers."""
    return me.may(Scope.PEOPLE) or me.may(Scope.CUSTOMERS)


def check_sees_people(me: Principal) -> None:
    """Raise Forbidden unless the caller may see people."""
    if not sees_people(me):
        needs = Scope.PEOPLE if me.store_ids is None else Scope.CUSTOMERS
        raise errors.Forbidden(f"people are seen with the scope or role right '{needs.value}'", needs=needs.value)


def told(me: Principal, count: int) -> Told:
    """A number of people as this caller may be told it."""
    return tell(count, exact=me.is_demo or sees_people(me))


async def own_store(session: Session, me: Principal, store_id: UUID | None) -> UUID | None:
    """Whose a new thing is: of the store that is named, or of the only one that the caller has."""
    if store_id is None and me.store_ids is not None:
        if len(me.store_ids) == 1:
            return next(iter(me.store_ids))
        raise errors.field("store_id", "name one of your stores")
    if store_id is not None and not (
        me.sees_store(store_id) and await has_store(session, TenantId(me.tenant_id), store_id)
    ):
        raise errors.field("store_id", "there is no such store")
    return store_id


async def shorts(session: Session, me: Principal, profile_ids: Collection[UUID]) -> list[PersonShort]:
    """People as lists show them, in this order. An operator has not said yet why they look: names are shortened."""
    names = await people.list_names(session, TenantId(me.tenant_id), profile_ids)
    masked = me.kind is PrincipalKind.OPERATOR and not me.is_demo
    return [
        PersonShort(profile_id=id_, name=masked_name(name) if masked and name else name, masked=masked)
        for id_ in profile_ids
        if (name := names.get(id_)) is not None or id_ in names
    ]


async def dated(session: Session, me: Principal, since: Mapping[UUID, datetime]) -> list[tuple[PersonShort, datetime]]:
    """People as lists show them, with a moment each."""
    return [(short, since[short.profile_id]) for short in await shorts(session, me, list(since))]


def reading_out(reading: Reading) -> ReadingOut:
    """A reading as answer."""
    return ReadingOut(
        pointer=reading.pointer, kind=reading.kind, text=reading.text, of=[reading_out(part) for part in reading.of]
    )
