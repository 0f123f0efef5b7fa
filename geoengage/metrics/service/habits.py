"""Summaries and habits of people: computed anew when they buy, join or part, and when time alone changes them."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from geoengage.kit import events
from geoengage.kit.db import Session
from geoengage.kit.event_base import Recorded, payload_uuid
from geoengage.kit.ids import TenantId
from geoengage.metrics import rules, store
from geoengage.metrics.models import CustomerHabitRow
from geoengage.metrics.rules import PERCENTILES, CustomerHabit, HabitsChanged, Kept, Shop, Told
from geoengage.metrics.service.values import revalue

BOUGHT = frozenset(
    {"order.placed", "order.updated", "order.cancelled", "order.refunded", "order.left"}
    | {"profile.merged", "profile.unmerged"}
)
_P80 = PERCENTILES.index(80)
# What somebody waits for when it changes; the rest is kept quietly.
_TOLD = (
    "own_purchases", "bought_now", "bought_before", "per_week_before", "per_week_now", "frequency_change",
    "spend_change", "visits_change", "typical_gap_days", "gap_days", "decline", "stage",
)  # fmt: skip


async def on_bought(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime) -> None:
    """Whoever bought, got money back, joined or parted is computed anew."""
    people = {
        id_
        for r in recorded
        for name in ("profile_id", "into_id", "from_id")
        if (id_ := payload_uuid(r.payload, name)) is not None
    }
    ids = {id_ for r in recorded if (id_ := payload_uuid(r.payload, "identifier_id")) is not None}
    people |= await store.list_buyers(session, tenant_id, ids)
    await refresh(session, tenant_id, people, now)


async def refresh(session: Session, tenant_id: TenantId, profile_ids: Collection[UUID], now: datetime) -> int:
    """Compute summaries and habits of these people anew; returns of how many something has changed."""
    if not profile_ids:
        return 0
    ids = sorted(profile_ids)
    summed, gone = await store.summarise(session, tenant_id, ids)
    news = await _habits(session, tenant_id, ids, now)
    await revalue(session, tenant_id, summed | gone, now)
    told = [
        HabitsChanged(profile_id=id_, what=(["summary"] if id_ in summed | gone else []) + sorted(news.get(id_, ())))
        for id_ in ids
        if id_ in summed | gone or news.get(id_)
    ]
    await events.publish(session, tenant_id, told, now)
    return len(told)


async def _habits(session: Session, tenant_id: TenantId, ids: Sequence[UUID], now: datetime) -> dict[UUID, set[str]]:
    """Keep the habits of people as of now; returns whose what is another."""
    zone = ZoneInfo(await store.get_timezone(session, tenant_id))
    today = now.astimezone(zone).date()
    done = {
        id_: did for id_, did in (await store.list_done(session, tenant_id, ids, now)).items() if did.bought[0] <= today
    }
    rows = await store.read_habits(session, tenant_id, ids)
    gone = await store.delete_habits(session, tenant_id, [id_ for id_ in rows if id_ not in done])
    news: dict[UUID, set[str]] = {id_: {"gone"} for id_ in gone}
    shop = await store.get_shop(session, tenant_id)
    known = {id_: row for id_, row in rows.items() if id_ in done}
    told = told_of([done[id_] for id_ in done])
    kept = [_kept(known.get(id_), did, zone) for id_, did in done.items()]
    found = rules.habits(told, kept, today, shop) if done else []
    due = rules.checks(told, found, today, shop) if done else []
    columns = [_columns(id_, habit, check, zone, now) for id_, habit, check in zip(done, found, due, strict=True)]
    for row in columns:
        before = known.get(row["profile_id"])
        if what := {name for name in _TOLD if before is None or getattr(before, name) != row[name]}:
            news[row["profile_id"]] = what
    await store.upsert_habits(session, tenant_id, columns)
    return news


def _kept(row: CustomerHabitRow | None, did: store.Done, zone: ZoneInfo) -> Kept:
    """What is kept of somebody, unless it was said from another past: orders that came late, a merge, a cancellation.

    Then nobody has moved from one degree to another; they were never where we thought.
    """
    if row is None:
        return Kept()
    looked_on = row.checked_at.astimezone(zone).date()
    before = sum(day < looked_on for day in did.bought)
    upto = sum(day <= looked_on for day in did.bought)
    return row.kept if before <= row.own_purchases <= upto else Kept()


def told_of(people: Sequence[store.Done]) -> Told:
    """What people did, as the rules take it."""
    return Told(
        rules.purchases([list(did.bought) for did in people]),
        np.array([spent for did in people for spent in did.spent], dtype=np.float64),
        rules.purchases([list(did.visited) for did in people]),
    )


def _columns(profile_id: UUID, habit: CustomerHabit, check: date, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(), zone)

    # A gap is longer than so many days when the day is over that ends it: at the next midnight.
    passed = [midnight(day + timedelta(days=1)) for day in habit.gap_passed_on]
    return {
        "profile_id": profile_id,
        "own_purchases": habit.own_purchases,
        "now_days": habit.now_days,
        "bought_now": habit.bought_now,
        "bought_before": habit.bought_before,
        "per_week_before": habit.per_week_before,
        "per_week_now": habit.per_week_now,
        "frequency_change": habit.frequency_change,
        "spend_change": habit.spend_change,
        "visits_change": habit.visits_change,
        "typical_gap_days": habit.typical_gap_days,
        "gap_p80_days": habit.gap_days[_P80],
        "gap_p80_passed_at": passed[_P80],
        "gap_days": list(habit.gap_days),
        "gap_passed_at": passed,
        "decline": habit.decline.value,
        "decline_towards": habit.decline_towards.value,
        "decline_since": habit.decline_since,
        "stage": habit.stage.value,
        "stage_since": habit.stage_since,
        "checked_at": now,
        "check_at": midnight(check),
    }


async def fit(session: Session, tenant_id: TenantId, now: datetime) -> Shop:
    """Learn anew how a shop's people buy and its season; the first time everybody is looked at again."""
    zone = ZoneInfo(await store.get_timezone(session, tenant_id))
    today = now.astimezone(zone).date().toordinal()
    before = await store.find_rhythm(session, tenant_id)
    _, bought = await store.read_purchases(session, tenant_id)
    bought = bought.until(today)
    thresholds = Shop().thresholds if before is None else before.shop.thresholds
    shop = Shop(thresholds, *rules.fit_shop(bought, today))
    is_first = before is None or before.fitted_at is None
    await store.set_rhythm(session, tenant_id, shop, now)
    if is_first:
        await store.check_all(session, tenant_id, now)
    return shop


__all__ = ["BOUGHT", "fit", "on_bought", "refresh", "told_of"]
