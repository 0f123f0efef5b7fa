"""Definitions in plain English, with what the tenant calls the things that they speak of."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.segments.rules import Condition, read_definition, walk
from geoengage.segments.rules.word_pieces import Names
from geoengage.segments.rules.words import sentence
from geoengage.segments.store.looking import list_named_segments
from geoengage.segments.store.members import list_segments_of
from geoengage.segments.store.names import read_names


async def names_of(session: Session, tenant_id: TenantId, conditions: Iterable[Condition]) -> Names:
    """What is needed to read these definitions (`rules.words`)."""
    ids = {id_ for each in conditions for _, part in walk(each) for id_ in part.names().values()}
    return await read_names(session, tenant_id, ids)


@dataclass(frozen=True, slots=True)
class Belonging:
    """A segment that somebody is in. `sentence`: by which definition."""

    id: UUID
    name: str
    sentence: str
    since: datetime


async def list_of_person(
    session: Session, tenant_id: TenantId, profile_id: UUID, stores: Collection[UUID] | None
) -> list[Belonging]:
    """The segments that somebody is in, by name; with `stores` only those of these."""
    since = {row["segment_id"]: row["since"] for row in await list_segments_of(session, tenant_id, profile_id)}
    rows = sorted((await list_named_segments(session, tenant_id, since, stores)).values(), key=lambda row: row.name)
    definitions = [read_definition(row.live_definition or row.definition) for row in rows]
    names = await names_of(session, tenant_id, definitions)
    return [
        Belonging(row.id, row.name, sentence(definition, names), since[row.id])
        for row, definition in zip(rows, definitions, strict=True)
    ]
