"""The hourly round: the traits of everybody about whom there is news."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from geoengage.kit import log
from geoengage.kit.db import Sessions, is_passing, retried, transaction
from geoengage.kit.ids import TenantId
from geoengage.metrics import service, store

BATCH = 500
OVERLAP = timedelta(minutes=5)  # what was committed later than it says
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
logger = log.get("metrics")


async def compute_traits_once(sessions: Sessions, now: datetime) -> int:
    """One round over all tenants; returns of how many people something has changed.

    Each batch is a transaction; a tenant's mark moves when all of its people are done, so a crash repeats some.
    """
    async with transaction(sessions, None) as session:
        tenants = await store.list_tenants(session)
    changed = 0
    for tenant_id, timezone, until in tenants:
        try:
            changed += await _compute_tenant(sessions, tenant_id, timezone, until, now)
        except Exception as error:  # one tenant's trouble is not the others'
            if is_passing(error):
                logger.warning("traits_wait", tenant=str(tenant_id), error=repr(error)[:300])
            else:
                logger.exception("traits_wait", tenant=str(tenant_id))
    return changed


async def _compute_tenant(
    sessions: Sessions, tenant_id: TenantId, timezone: str, until: datetime | None, now: datetime
) -> int:
    since = LONG_AGO if until is None else until - OVERLAP
    days = birthdays(until, now, ZoneInfo(timezone))
    async with transaction(sessions, tenant_id) as session:
        people = await store.list_changed(session, tenant_id, since, now, days)
    changed = 0
    for start in range(0, len(people), BATCH):
        work = partial(service.compute, tenant_id=tenant_id, profile_ids=people[start : start + BATCH], now=now)
        changed += await retried(sessions, tenant_id, work)
    async with transaction(sessions, tenant_id) as session:
        await store.set_mark(session, tenant_id, now)
    return changed


def birthdays(until: datetime | None, now: datetime, zone: ZoneInfo) -> list[date]:
    """The days that have begun since `until` in a time zone, a year's at most; of a new tenant all people are done."""
    if until is None:
        return []
    first, last = until.astimezone(zone).date(), now.astimezone(zone).date()
    return [last - timedelta(days=n) for n in range(min((last - first).days, 366))]
