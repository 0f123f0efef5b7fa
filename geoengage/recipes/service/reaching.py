"""Whom a recipe means now, and whom of these it would reach, by which of its ways."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from geoengage.campaigns.views import whose
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.recipes import store
from geoengage.recipes.rules import Json, Plan
from geoengage.segments.rules import read_definition
from geoengage.segments.service.evaluating import as_uuids, asked_by, evaluate_all
from geoengage.tenancy.rules import Principal

CARTS_WITHIN = timedelta(days=30)
PUSH = "push"
_REFUSED: Json = {"kind": "consent", "channel": "push", "purpose": "marketing", "state": "unsubscribed"}
People = frozenset[UUID]
NOBODY: People = frozenset()


@dataclass(frozen=True, slots=True)
class Reach:
    """People. `meant`: by what they do; `agreeing`: of those, who may be chosen by it; `ways`: whom it reaches by each
    of its ways, each person by the first one. `sized`: those of `reached` whom each size of the offer is for."""

    meant: People
    agreeing: People
    ways: Mapping[str, People] = field(default_factory=dict)
    sized: list[People] = field(default_factory=list)

    @property
    def reached(self) -> People:
        """By one way or the other."""
        return NOBODY.union(*self.ways.values())


async def reach_of(
    session: Session,
    me: Principal,
    plan: Plan,
    store_id: UUID | None,
    now: datetime,
    *,
    preview: bool,
    ways: Collection[str],
) -> Reach:
    """As it stands now. `ways`: by which something can send; `preview`: no push provider is set up.

    It looks everybody up, which takes a second for a million.
    """
    tenant_id, mine = TenantId(me.tenant_id), whose(me, preview=preview)
    if plan.who is None and plan.at_place:
        asked = store.Asked(None, mine.tests, mine.preview, at_place=True)
        pushed = frozenset(await store.list_pushed(session, tenant_id, asked))
        return Reach(pushed, pushed, {PUSH: pushed})
    ids = None
    if plan.who is None:
        ids = await store.list_who_left_carts(session, tenant_id, store_id, now, CARTS_WITHIN)
        if not ids:
            return Reach(NOBODY, NOBODY, sized=[NOBODY for _ in plan.sizes])
    # Test phones have no address beyond a push.
    others = [way for way in plan.ways if way != PUSH and way in ways and mine.tests is not True]
    reachable: list[Json] = [{"kind": "reachable", "channel": way} for way in others]
    asked_for = (plan.who, _REFUSED, *reachable, *(size.who for size in plan.sizes))
    conditions = [each for each in asked_for if each is not None]
    # What a store knows of its customers: the campaign's own segment is evaluated so, too.
    scope = store_id if plan.segment is None else _uuid(plan.segment["store_id"])
    asking = await asked_by(session, tenant_id, now, scope, ids)
    found = await evaluate_all(session, tenant_id, asking, [read_definition(each) for each in conditions])
    held = {
        str(condition): frozenset(as_uuids(found.people[truth.holds]))
        for condition, truth in zip(conditions, found.truths, strict=True)
    }
    meant = frozenset(as_uuids(found.people)) if plan.who is None else held[str(plan.who)]
    agreeing = meant & await store.list_agreeing(session, tenant_id, meant)
    by = {way: agreeing & held[str(each)] for way, each in zip(others, reachable, strict=True)}
    if PUSH in plan.ways:
        asked = store.Asked(agreeing, mine.tests, mine.preview, at_place=plan.at_place)
        by[PUSH] = frozenset(await store.list_pushed(session, tenant_id, asked)) - held[str(_REFUSED)]
    found_by: dict[str, People] = {}
    left = agreeing
    for way in plan.ways:
        found_by[way] = left & by.get(way, NOBODY)
        left -= found_by[way]
    reached = agreeing - left
    sized = [reached if size.who is None else reached & held[str(size.who)] for size in plan.sizes]
    return Reach(meant, agreeing, found_by, sized)


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
