"""Habits: whom time alone may have changed; hourly what the ledger does not tell; daily how a shop's people buy."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from geoengage.kit import log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions, glance, is_passing, retried, transaction
from geoengage.kit.ids import TenantId
from geoengage.metrics import service, store

BATCH = 500
OVERLAP = timedelta(minutes=5)  # what was committed later than it says
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
FIT_EVERY = timedelta(hours=20)
logger = log.get("metrics")


async def check_habits_once(sessions: Sessions, now: datetime) -> int:
    """One batch of each tenant whose people are due; returns how many were looked at."""
    async with glance(sessions) as session:
        tenants = await store.tenants_with_due_habits(session, now)

    async def check(session: Session, tenant_id: TenantId) -> int:
        due = await store.claim_due_habits(session, tenant_id, now, BATCH)
        await service.refresh(session, tenant_id, due, now)
        return len(due)

    return sum(
        [
            await _of_tenant(
                tenant_id, lambda tenant_id: retried(sessions, tenant_id, partial(check, tenant_id=tenant_id))
            )
            for tenant_id in tenants
        ]
    )


async def mind_habits(sessions: Sessions, ring: Callable[[], None]) -> bool:
    """A round of the worker; whether there may be more."""
    looked_at = await check_habits_once(sessions, utc_now())
    if looked_at:
        ring()
    return looked_at > 0


async def repair_once(sessions: Sessions, now: datetime) -> int:
    """Whose orders have changed since the last round (imports tell the ledger nothing); daily all and the fit.

    Each batch is a transaction; a tenant's mark moves when all of its people are done, so a crash repeats some. Returns
    of how many people something has changed.
    """
    async with transaction(sessions, None) as session:
        tenants = await store.list_rhythms(session)

    async def repair(tenant_id: TenantId, fitted_at: datetime | None, until: datetime | None) -> int:
        since = LONG_AGO if until is None else until - OVERLAP
        is_new_day = fitted_at is None or fitted_at < now - FIT_EVERY
        async with transaction(sessions, tenant_id) as session:
            people = await store.list_buyers_since(session, tenant_id, since)
            if until is None:
                await store.summarise_all(session, tenant_id)
            elif is_new_day:
                people = sorted({*people, *await store.list_wrong(session, tenant_id)})
        if is_new_day:
            await retried(sessions, tenant_id, partial(service.fit, tenant_id=tenant_id, now=now))
        changed = 0
        for start in range(0, len(people), BATCH):
            batch = people[start : start + BATCH]
            work = partial(service.refresh, tenant_id=tenant_id, profile_ids=batch, now=now)
            changed += await retried(sessions, tenant_id, work)
        async with transaction(sessions, tenant_id) as session:
            await store.set_repaired(session, tenant_id, now)
        return changed

    return sum(
        [await _of_tenant(id_, partial(repair, fitted_at=fitted, until=until)) for id_, fitted, until in tenants]
    )


async def _of_tenant(tenant_id: TenantId, work: Callable[[TenantId], Awaitable[int]]) -> int:
    """One tenant's trouble is not the others'."""
    try:
        return await work(tenant_id)
    except Exception as error:
        if is_passing(error):
            logger.warning("habits_wait", tenant=str(tenant_id), error=repr(error)[:300])
        else:
            logger.exception("habits_wait", tenant=str(tenant_id))
        return 0
