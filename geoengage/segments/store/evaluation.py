"""SQL that evaluates: who the people are, and of each leaf for whom it holds and until when.

Rebuilds and single people go the same way; only the restriction to :ids is added for some.
"""

import asyncio
import re
from collections.abc import Awaitable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from geoengage.kit import pgarrays
from geoengage.kit.db import Session, pipelined, send
from geoengage.kit.ids import TenantId
from geoengage.segments.leaves import Part, Terms, compile_leaf
from geoengage.segments.leaves.statements import Statement, as_people, source_sql, statements, unpack
from geoengage.segments.rules import Condition
from geoengage.segments.rules.logic import Truth

People = NDArray[np.bytes_]
MANY = 20_000  # from so many people on numbers are crunched in another thread


@dataclass(frozen=True, slots=True)
class Asked:
    """By whose clock and for whom leaves are evaluated. `ids` None: for everybody.

    `is_routine`: the same will be asked again and again, so its statements are prepared and travel together.
    """

    now: datetime
    timezone: str
    store_id: UUID | None
    ids: Sequence[UUID] | None = None
    is_routine: bool = False

    def terms(self) -> Terms:
        """A compilation for it."""
        return Terms(self.now, self.timezone, self.store_id)


_CUSTOMERS = (
    " AND EXISTS (SELECT FROM identifier i JOIN store_profile s ON s.tenant_id = i.tenant_id AND s.identifier_id = i.id"
    " WHERE i.tenant_id = :tenant_id AND i.profile_id = p.id AND s.store_id = :store_id)"
)


async def read(
    session: Session, tenant_id: TenantId, asked: Asked, leaves: Collection[Condition]
) -> tuple[People, dict[str, Truth]]:
    """The people, sorted, and of each leaf its truth for them, by `Condition.key`. Equal leaves are asked once.

    People are living profiles, of a store's segment only its customers; some of them are locked FOR KEY SHARE, so that
    nothing is written about who is being erased.
    """
    wanted = {leaf.key: leaf for leaf in leaves}
    terms = asked.terms()
    parts = [compile_leaf(terms, leaf) for leaf in wanted.values()]
    asking = statements(terms, parts, for_some=asked.ids is not None)
    read_them = _read_together if asked.is_routine else _read_in_turn
    people, truths = await read_them(session, tenant_id, asked, terms, asking)
    found: dict[int, Truth] = {}
    for statement, own in zip(asking, truths, strict=True):
        found.update(zip(statement.places, own, strict=True))
    return people, {key: found[place] for place, key in enumerate(wanted)}


async def _read_together(
    session: Session, tenant_id: TenantId, asked: Asked, terms: Terms, asking: Sequence[Statement]
) -> tuple[People, list[list[Truth]]]:
    common = _common(tenant_id, asked)
    async with pipelined(session):
        people = await send(session, _people(asked), common)
        answers = [await send(session, s.sql, terms.values | common) for s in asking]
    found = as_people(people.rows[0][0])
    return found, [unpack(found, s, answer.rows[0][0]) for s, answer in zip(asking, answers, strict=True)]


async def _read_in_turn(
    session: Session, tenant_id: TenantId, asked: Asked, terms: Terms, asking: Sequence[Statement]
) -> tuple[People, list[list[Truth]]]:
    """Of many people each answer is unpacked in a thread, while the database works on the next."""
    common = _common(tenant_id, asked)
    people = as_people((await session.execute(text(_people(asked)), common)).scalar())
    unpacking: list[Awaitable[list[Truth]]] = []
    for s in asking:
        used = {name: value for name, value in (terms.values | common).items() if _uses(s.sql, name)}
        packed = (await session.execute(text(s.sql), used)).scalar()
        unpacking.append(asyncio.ensure_future(asyncio.to_thread(unpack, people, s, packed)))
    return people, list(await asyncio.gather(*unpacking))


def _people(asked: Asked) -> str:
    only = "" if asked.store_id is None else _CUSTOMERS
    some, lock = ("", "") if asked.ids is None else (" AND p.id = ANY(CAST(:ids AS uuid[]))", " FOR KEY SHARE OF p")
    return (
        "SELECT string_agg(uuid_send(x.id), CAST('' AS bytea) ORDER BY x.id) FROM (SELECT p.id FROM profile p"  # noqa: S608
        f" WHERE p.tenant_id = :tenant_id AND p.merged_into IS NULL{only}{some} ORDER BY p.id{lock}) x"
    )


def _common(tenant_id: TenantId, asked: Asked) -> dict[str, Any]:
    parameters: dict[str, Any] = {"tenant_id": tenant_id}
    if asked.store_id is not None:
        parameters["store_id"] = asked.store_id
    if asked.ids is not None:
        parameters["ids"] = pgarrays.uuids(asked.ids)
    return parameters


def _uses(sql: str, name: str) -> bool:
    return re.search(rf":{name}\b", sql) is not None


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
    parameters = {n: v for n, v in (terms.values | _common(tenant_id, asked)).items() if _uses(query, n)}
    row = (await session.execute(text(query), parameters)).first()
    return Found(part.otherwise, None, None) if row is None else Found(row.holds, row.found, row.due)
