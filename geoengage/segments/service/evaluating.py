"""Evaluating definitions: for many people at once, for a preview, and for one person with what was found."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.segments import rules, store
from geoengage.segments.rules.logic import Truth, truth
from geoengage.segments.store import Asked, People


class DefinitionRefused(errors.ItemErrors):
    """A definition that cannot be kept."""

    code = "definition-refused"
    title = "This definition cannot be kept"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """People, sorted by id, and for each definition whether it holds for each of them, and until when.

    `leaves`: the same of each leaf, by `Condition.key`.
    """

    people: People
    truths: list[Truth]
    leaves: dict[str, Truth]


@dataclass(frozen=True, slots=True)
class Preview:
    """For how many people a definition holds, and some of them. `of`: how many were asked about."""

    count: int
    of: int
    sample: list[UUID]


@dataclass(frozen=True, slots=True)
class Explained:
    """One condition of a definition for one person, at its `path`. `value` and `due_at` are of leaves."""

    path: str
    condition: rules.Condition
    holds: bool
    value: Any = None
    due_at: datetime | None = None


async def check_definition(
    session: Session,
    tenant_id: TenantId,
    definition: rules.Condition,
    *,
    store_id: UUID | None = None,
    segment_id: UUID | None = None,
) -> None:
    """Raise DefinitionRefused for one that is too large, speaks of what is not there, or leads back to itself."""
    flaws = rules.flaws(definition, store_id)
    for path, part in rules.walk(definition):
        for name, id_ in part.names().items():
            if not await store.is_known(session, tenant_id, name, id_, store_id):
                flaws.append((f"{path}/{name}".lstrip("/"), f"there is no such {name.removesuffix('_id')} to ask for"))
    if rules.linked(definition):
        way = rules.circle(segment_id, definition, await store.list_links(session, tenant_id))
        if way:
            flaws.append(("", "segments lead back to this one, or too many in a row: " + ", ".join(map(str, way))))
    if flaws:
        raise DefinitionRefused(
            [{"pointer": f"#/definition/{path}".rstrip("/"), "in": "body", "detail": detail} for path, detail in flaws]
        )


async def evaluate_all(
    session: Session, tenant_id: TenantId, asked: Asked, definitions: Sequence[rules.Condition]
) -> Evaluated:
    """Evaluate definitions of one scope (`asked.store_id`) together; they share people and leaves."""
    leaves = [leaf for definition in definitions for _, leaf in rules.leaves(definition)]
    people, found = await store.read(session, tenant_id, asked, leaves)

    def crunch() -> list[Truth]:
        return [truth(definition, lambda leaf: found[leaf.key]) for definition in definitions]

    truths = await asyncio.to_thread(crunch) if len(people) >= store.MANY else crunch()
    return Evaluated(people, truths, found)


async def evaluate(
    session: Session,
    tenant_id: TenantId,
    definition: rules.Condition,
    now: datetime,
    *,
    store_id: UUID | None = None,
    profile_ids: Collection[UUID] | None = None,
    limit: int = 5,
) -> Preview:
    """How many people a definition holds for, with up to `limit` of them. It need not be a segment's.

    `store_id`: as that store's segment. `profile_ids`: only of these. The sample is spread over all ids.
    """
    asked = await asked_by(session, tenant_id, now, store_id, profile_ids)
    found = await evaluate_all(session, tenant_id, asked, [definition])
    inside = found.people[found.truths[0].holds]
    places = np.unique(np.linspace(0, max(len(inside) - 1, 0), min(limit, len(inside))).astype(np.int64))
    return Preview(len(inside), len(found.people), as_uuids(inside[places]))


async def members_of(
    session: Session, tenant_id: TenantId, definition: rules.Condition, now: datetime, *, store_id: UUID | None = None
) -> People:
    """Everybody for whom a definition holds, as packed ids, sorted: for counts of overlaps before anything is saved."""
    asked = await asked_by(session, tenant_id, now, store_id, None)
    found = await evaluate_all(session, tenant_id, asked, [definition])
    return found.people[found.truths[0].holds]


async def explain(
    session: Session,
    tenant_id: TenantId,
    definition: rules.Condition,
    profile_id: UUID,
    now: datetime,
    *,
    store_id: UUID | None = None,
) -> list[Explained]:
    """Each condition of a definition for one person, the outermost first, with the values that decide the leaves."""
    asked = await asked_by(session, tenant_id, now, store_id, [profile_id])
    found = {path: await store.explain_leaf(session, tenant_id, asked, leaf) for path, leaf in rules.leaves(definition)}

    def told(part: rules.Condition, path: str) -> list[Explained]:
        if path in found:
            leaf = found[path]
            return [Explained(path, part, leaf.holds, leaf.value, leaf.due_at)]
        below = [told(inner, f"{path}/{step}".lstrip("/")) for step, inner in part.parts()]
        held = [each[0].holds for each in below]
        if isinstance(part, rules.NotCondition):
            here = not held[0]
        else:
            here = all(held) if isinstance(part, rules.AllCondition) else any(held)
        return [Explained(path, part, here), *(row for each in below for row in each)]

    return told(definition, "")


async def asked_by(
    session: Session,
    tenant_id: TenantId,
    now: datetime,
    store_id: UUID | None,
    profile_ids: Collection[UUID] | None,
) -> Asked:
    """What an evaluation asks, with the tenant's time zone."""
    ids = None if profile_ids is None else list(profile_ids)
    return Asked(now, await store.get_timezone(session, tenant_id), store_id, ids)


def as_uuids(people: People) -> list[UUID]:
    """Packed ids as objects."""
    return [UUID(bytes=raw) for raw in np.ascontiguousarray(people).view("V16").tolist()]
