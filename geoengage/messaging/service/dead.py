"""Dead letters: what failed for good is let wait once more, where that harms nobody."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.kit import events
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging import store
from geoengage.messaging.rules import (
    Budget,
    MessageChanged,
    NoRetry,
    Purpose,
    Send,
    Status,
    had_enough,
    no_retry,
)
from geoengage.messaging.store import Dead
from geoengage.tenancy import store as tenancy_store


@dataclass(frozen=True, slots=True)
class Retried:
    """How many wait again, and how many stay what they are, by why."""

    retried: int
    kept: Mapping[NoRetry, int]


async def retry(session: Session, tenant_id: TenantId, wanted: Sequence[tuple[UUID, UUID]], now: datetime) -> Retried:
    """Let those of these messages (id, person) wait to be sent that failed for good and may be tried again.

    Idempotent: what waits already, or was sent meanwhile, is left alone and not counted. They are spent from their
    people's budgets anew; the worker checks consent, gates, hours and expiry when it takes them.
    """
    budgets = dict(await _budgets(session, tenant_id, wanted, now))
    daily_cap = (await tenancy_store.get_tenant(session, tenant_id)).daily_cap
    kept: Counter[NoRetry] = Counter()
    again: list[Dead] = []
    for dead in await store.read_dead(session, tenant_id, [id_ for id_, _ in wanted], lock=True):
        budget = budgets[dead.person_id]
        why = no_retry(dead.letter, now)
        if why is None and had_enough(dead.letter, _last_of(dead, budget), budget, daily_cap, now):
            why = NoRetry.ENOUGH
        if why is not None:
            kept[why] += 1
            continue
        again.append(dead)
        if (send := _spent(dead, now)) is not None:
            budgets[dead.person_id] = budget.spend(send)
    spent = [(dead.person_id, send) for dead in again if (send := _spent(dead, now)) is not None]
    await store.requeue(session, tenant_id, [dead.id for dead in again], now)
    await store.spend_budgets(session, tenant_id, spent, now)
    await events.publish(session, tenant_id, [_changed(dead, now) for dead in again], now)
    return Retried(len(again), dict(kept))


async def _budgets(
    session: Session, tenant_id: TenantId, wanted: Sequence[tuple[UUID, UUID]], now: datetime
) -> Mapping[UUID, Budget]:
    people = sorted({person_id for _, person_id in wanted})
    return (await store.lock_budgets(session, tenant_id, people, now))()


def _last_of(dead: Dead, budget: Budget) -> datetime | None:
    return None if dead.campaign_id is None else budget.last_send(dead.campaign_id)


def _spent(dead: Dead, now: datetime) -> Send | None:
    """What no campaign decided (an order's messages) asks for nobody's attention budget."""
    if dead.campaign_id is None:
        return None
    return Send(dead.campaign_id, dead.id, now, dead.store_id, dead.letter.purpose == Purpose.MARKETING)


def _changed(dead: Dead, now: datetime) -> MessageChanged:
    return MessageChanged(
        message_id=dead.id,
        at=now,
        device_id=dead.device_id,
        campaign_id=dead.campaign_id,
        store_id=dead.store_id,
        zone_id=dead.zone_id,
        status=Status.QUEUED,
        reason=None,
        title=dead.title,
        body=dead.body,
        profile_id=dead.person_id if dead.device_id is None else None,
    )
