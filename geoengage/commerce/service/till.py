"""The till: who stands there, and sales in one call that may be repeated."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from geoengage.commerce import store
from geoengage.commerce.rules import Claim, OrderIn, digest_of
from geoengage.commerce.rules.people import display_name, store_source, to_ask
from geoengage.commerce.service.customers import Given, find_people
from geoengage.commerce.service.orders import RecordedOrder, record_order
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.profiles import store as profiles_store
from geoengage.profiles.rules import Id, Kind, normalise


class SaleDiffers(errors.Conflict):
    """Another sale was sent under this number."""

    code = "sale-differs"
    title = "This sale is known with another content"


@dataclass(frozen=True, slots=True)
class Member:
    """A customer as a cashier sees them."""

    identifier_id: UUID
    profile_id: UUID
    name: str | None


async def find_member(session: Session, tenant_id: TenantId, given: Given, store_id: UUID) -> Member | None:
    """Who is known by one of these ids, also by a number that only this store gave."""
    return await _member(session, tenant_id, await _ids(session, tenant_id, given, store_id))


async def record_sale(
    session: Session, tenant_id: TenantId, sale: OrderIn, given: Given, now: datetime
) -> tuple[RecordedOrder, Member | None]:
    """Take in a sale once, however often it is sent. Who is not known leaves their ids until somebody has them.

    SaleDiffers when another sale has its number.
    """
    known = (await store.lock_orders(session, tenant_id, [sale.key])).get(sale.key)
    if known is not None and known.digest != digest_of(sale):
        raise SaleDiffers(f"another sale has the number {sale.external_id!r}; send it under a number of its own")
    ids = await _ids(session, tenant_id, given, sale.store_id) if given else ()
    member = await _member(session, tenant_id, ids)
    if member is not None:
        sale = msgspec.structs.replace(sale, identifier_id=member.identifier_id)
    else:
        sale = msgspec.structs.replace(sale, claims=tuple(Claim(kind=i.kind.value, value=i.value) for i in ids))
    return await record_order(session, tenant_id, sale, now), member


async def _ids(session: Session, tenant_id: TenantId, given: Given, store_id: UUID | None) -> tuple[Id, ...]:
    policy = await profiles_store.get_policy(session, tenant_id)
    if Kind.EXTERNAL_ID in given and store_id is not None:
        given = {**given, Kind.SOURCE_ID: f"{store_source(store_id)}:{given[Kind.EXTERNAL_ID]}"}
    spelled = {
        kind: normalise(kind, value, region=policy.region, blocked=policy.blocked) for kind, value in given.items()
    }
    return tuple(Id(kind, value) for kind, value in spelled.items() if value is not None)


async def _member(session: Session, tenant_id: TenantId, ids: tuple[Id, ...]) -> Member | None:
    (identifier_id,) = await find_people(session, tenant_id, [ids])
    if identifier_id is None:
        return None
    profile_id, first, last = await store.get_names(session, tenant_id, identifier_id)
    return Member(identifier_id, profile_id, display_name(first, last))


async def consents_to_ask(
    session: Session, tenant_id: TenantId, member: Member, store_id: UUID
) -> list[tuple[str, str]]:
    """(channel, purpose) that nobody has asked the customer yet for a store."""
    standings = await profiles_store.list_standings(session, tenant_id, [member.profile_id])
    return to_ask(standings[member.profile_id], store_id)
