"""Whom a recipe means now, and whom of these it would reach: by a push, else by an e-mail."""

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
_MAIL: Json = {"kind": "reachable", "channel": "email"}
_REFUSED: Json = {"kind": "consent", "channel": "push", "purpose": "marketing", "state": "unsubscribed"}
People = frozenset[UUID]
NOBODY: People = frozenset()


@dataclass(frozen=True, slots=True)
class Reach:
    """People. `meant`: by what they do; `agreeing`: of those, who may be chosen by it; `pushed` and `mailed`: whom it
    reaches, each person in one of them. `sized`: those of `reached` whom each size of the offer is for."""

    meant: People
    agreeing: People
    pushed: People
    mailed: People
    sized: list[People] = field(default_factory=list)

    @property
    def reached(self) -> People:
        """By one way or the other."""
        return self.pushed | self.mailed


async def reach_of(
    session: Session, me: Principal, plan: Plan, store_id: UUID | None, now: datetime, *, preview: bool, by_mail: bool
) -> Reach:
    """As it stands now. `by_mail`: an app can send e-mails.

    It looks everybody up, which takes a second for a million.
    """
    tenant_id, mine = TenantId(me.tenant_id), whose(me, preview=preview)
    if plan.who is None and plan.at_place:
        asked = store.Asked(None, mine.tests, mine.preview, at_place=True)
        pushed = frozenset(await store.list_pushed(session, tenant_id, asked))
        return Reach(pushed, pushed, pushed, NOBODY)
    ids = None
    if plan.who is None:
        ids = await store.list_who_left_carts(session, tenant_id, store_id, now, CARTS_WITHIN)
        if not ids:
            return Reach(NOBODY, NOBODY, NOBODY, NOBODY, [NOBODY for _ in plan.sizes])
    conditions = [each for each in (plan.who, _MAIL, _REFUSED, *(size.who for size in plan.sizes)) if each is not None]
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
    asked = store.Asked(agreeing, mine.tests, mine.preview, at_place=plan.at_place)
    pushed = frozenset(await store.list_pushed(session, tenant_id, asked)) - held[str(_REFUSED)]
    has_mail = by_mail and "email" in plan.ways and mine.tests is not True
    mailed = (agreeing & held[str(_MAIL)]) - pushed if has_mail else NOBODY
    reached = pushed | mailed
    sized = [reached if size.who is None else reached & held[str(size.who)] for size in plan.sizes]
    return Reach(meant, agreeing, pushed, mailed, sized)


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
