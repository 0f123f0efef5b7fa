"""SQL that evaluates: who the people are, and of each leaf for whom it holds and until when.

Rebuilds and single people go the same way; only the restriction to :ids is added for some.
"""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.segments.leaves import Part, Terms, compile_leaf
from geoengage.segments.leaves.statements import Statement, as_people, source_sql, statements, unpack
from geoengage.segments.rules import Condition, write_definition
from geoengage.segments.rules.logic import Truth

People = NDArray[np.bytes_]
MANY = 20_000  # from so many people on numbers are crunched in another thread


@dataclass(frozen=True, slots=True)
class Asked:
    """By whose clock and for whom leaves are evaluated. `ids` None: for everybody."""

    now: datetime
    timezone: str
    store_id: UUID | None
    ids: Sequence[UUID] | None = None

    def terms(self) -> Terms:
        """A compilation for it."""
        return Terms(self.now, self.timezone, self.store_id)


def key_of(leaf: Condition) -> str:
    """What makes two leaves the same."""
    return json.dumps(write_definition(leaf), sort_keys=True)


_CUSTOMERS = (
    " AND EXISTS (SELECT FROM identifier i JOIN store_profile s ON s.tenant_id = i.tenant_id AND s.identifier_id = i.id"
    " WHERE i.tenant_id = :tenant_id AND i.profile_id = p.id AND s.store_id = :store_id)"
)


async def read_people(session: Session, tenant_id: TenantId, asked: Asked) -> People:
    """The living profiles, sorted; of a store's segment only its customers.

    Some people's rows are locked FOR KEY SHARE, so that nothing is written about who is being erased.
    """
    only = "" if asked.store_id is None else _CUSTOMERS
    some, lock = ("", "") if asked.ids is None else (" AND p.id = ANY(CAST(:ids AS uuid[]))", " FOR KEY SHARE OF p")
    query = (
        "SELECT string_agg(uuid_send(x.id), CAST('' AS bytea) ORDER BY x.id) FROM (SELECT p.id FROM profile p"  # noqa: S608
        f" WHERE p.tenant_id = :tenant_id AND p.merged_into IS NULL{only}{some} ORDER BY p.id{lock}) x"
    )
    parameters: dict[str, Any] = {"tenant_id": tenant_id}
    if asked.store_id is not None:
        parameters["store_id"] = asked.store_id
    if asked.ids is not None:
        parameters["ids"] = list(asked.ids)
    return as_people((await session.execute(text(query), parameters)).scalar())


async def read_leaves(
    session: Session, tenant_id: TenantId, asked: Asked, leaves: Collection[Condition], people: People
) -> dict[str, Truth]:
    """The truth of each leaf for these people, by `key_of`. Equal leaves are asked once."""
    wanted = {key_of(leaf): leaf for leaf in leaves}
    terms = asked.terms()
    parts = [compile_leaf(terms, leaf) for leaf in wanted.values()]
    found: dict[int, Truth] = {}
    for statement in statements(terms, parts, for_some=asked.ids is not None):
        packed = await _run(session, tenant_id, asked, terms, statement)
        if len(people) < MANY:
            truths = unpack(people, statement, packed)
        else:
            truths = await asyncio.to_thread(unpack, people, statement, packed)
        found.update(zip(statement.places, truths, strict=True))
    return {key: found[place] for place, key in enumerate(wanted)}


async def _run(session: Session, tenant_id: TenantId, asked: Asked, terms: Terms, statement: Statement) -> bytes | None:
    parameters = _used(statement.sql, terms.values) | {"tenant_id": tenant_id}
    if asked.ids is not None:
        parameters["ids"] = list(asked.ids)
    return (await session.execute(text(statement.sql), parameters)).scalar()


def _used(sql: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if f":{name} " in sql}


@dataclass(frozen=True, slots=True)
class Found:
    """A leaf for one person: whether it holds, what was found (JSON; None: nothing), when time can change it."""

    holds: bool
    value: Any
    due_at: datetime | None


async def explain_leaf(session: Session, tenant_id: TenantId, asked: Asked, leaf: Condition) -> Found:
    """What decides a leaf for the one person of `asked.ids`."""
    terms = asked.terms()
    part: Part = compile_leaf(terms, leaf)
    group = f" GROUP BY {part.person}" if part.grouped else ""
    query = (
        f"SELECT coalesce({part.holds}, false) AS holds, {part.found} AS found,"
        f" {part.due or 'CAST(NULL AS timestamptz)'} AS due {source_sql(terms, [part], for_some=True)}{group}"
        " -- :tenant_id"
    )
    parameters = _used(query, terms.values) | {"tenant_id": tenant_id, "ids": list(asked.ids or ())}
    row = (await session.execute(text(query), parameters)).first()
    return Found(part.otherwise, None, None) if row is None else Found(row.holds, row.found, row.due)
