"""Putting people on a list and taking them off, by whatever ids they are named with."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID

from geoengage.kit import errors, events
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.profiles import store as profiles
from geoengage.profiles.rules import Id
from geoengage.segments.lists import store
from geoengage.segments.lists.models import PeopleList
from geoengage.segments.lists.rules import ListFileMode, Refused, Row, as_id, unknown
from geoengage.segments.lists.store import Whose
from geoengage.segments.rules import ListChanged

_AT_ONCE = 5_000


@dataclass(slots=True)
class Changed:
    """What became of the rows. `added`, `removed`: people; `already`: rows about people who were on it, or twice."""

    added: int = 0
    already: int = 0
    removed: int = 0
    refused: list[Refused] = field(default_factory=list)


async def change(
    session: Session,
    tenant_id: TenantId,
    row: PeopleList,
    rows: Iterable[Row | Refused],
    mode: ListFileMode,
    now: datetime,
) -> Changed:
    """Put on, take off, or have exactly these on a locked list. ItemErrors when a file would leave nobody on it."""
    done = Changed()
    found = await _whose(session, tenant_id, row, rows, done)
    named = {whose.profile_id: whose.identifier_id for whose in found}
    if mode is ListFileMode.REPLACE and not named:
        raise errors.field("", "no row names anybody, so nothing was replaced; take people off with mode=remove")
    before = await store.list_members(session, tenant_id, row.id)
    fresh = {} if mode is ListFileMode.REMOVE else {id_: one for id_, one in named.items() if id_ not in before}
    gone = {
        ListFileMode.ADD: set(),
        ListFileMode.REMOVE: before & named.keys(),
        ListFileMode.REPLACE: before - named.keys(),
    }[mode]
    done.added, done.removed = len(fresh), len(gone)
    done.already = 0 if mode is ListFileMode.REMOVE else len(found) - len(fresh)
    if fresh:
        await store.insert_members(session, tenant_id, row.id, fresh.values(), now)
    if gone:
        await store.delete_members(session, tenant_id, row.id, gone)
    if fresh or gone:
        await touch(session, tenant_id, row, now)
    return done


async def touch(session: Session, tenant_id: TenantId, row: PeopleList, now: datetime) -> None:
    """Tell that a locked list has other people. Call it last."""
    row.changed_at = now
    await session.flush()
    await events.publish(session, tenant_id, [ListChanged(list_id=row.id, at=now)], now)


async def _whose(
    session: Session, tenant_id: TenantId, row: PeopleList, rows: Iterable[Row | Refused], done: Changed
) -> list[Whose]:
    """Whom the rows name, row by row; those that name nobody go to `done.refused`."""
    policy = await profiles.get_policy(session, tenant_id)
    found: list[Whose] = []
    for some in _pieces(rows):
        named: list[tuple[Row, Id | UUID]] = []
        for each in some:
            read = each if isinstance(each, Refused) else as_id(each, policy.region, policy.blocked)
            if isinstance(read, Refused):
                done.refused.append(read)
            elif isinstance(each, Row):
                named.append((each, read))
        known = await _known(session, tenant_id, row, [id_ for _, id_ in named])
        for each, id_ in named:
            whose = known.get(id_)
            if whose is None:
                done.refused.append(unknown(each))
            elif whose.is_shared:
                done.refused.append(Refused(each.row, each.value, "many people share this id; name another of theirs"))
            else:
                found.append(whose)
    return found


def _pieces(rows: Iterable[Row | Refused]) -> Iterator[list[Row | Refused]]:
    left = iter(rows)
    while some := list(islice(left, _AT_ONCE)):
        yield some


async def _known(
    session: Session, tenant_id: TenantId, row: PeopleList, wanted: Sequence[Id | UUID]
) -> dict[Id | UUID, Whose]:
    ids = list({id_ for id_ in wanted if isinstance(id_, Id)})
    people = list({id_ for id_ in wanted if isinstance(id_, UUID)})
    known: dict[Id | UUID, Whose] = {}
    for found in (
        await store.find_by_ids(session, tenant_id, ids, row.store_id) if ids else {},
        await store.find_by_profiles(session, tenant_id, people, row.store_id) if people else {},
    ):
        known.update({id_: whose for id_, whose in found.items()})  # noqa: C416 - widens the key's type
    return known
