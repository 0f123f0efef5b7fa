"""The nightly look at every tenant's metrics."""

from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from geoengage.kit import log
from geoengage.kit.db import Sessions, glance, is_passing, retried
from geoengage.kit.ids import TenantId
from geoengage.lifecycle.service.watching import watch
from geoengage.lifecycle.store import alerts as store

PAUSE_S = 600.0
AFTER_MIDNIGHT = timedelta(hours=4)  # by then what tills and shops send at night is there
logger = log.get("lifecycle")


async def warn_once(sessions: Sessions, now: datetime) -> int:
    """Look at the metrics of tenants whose night is over, once a local day; returns how many alerts there are anew."""
    async with glance(sessions) as session:
        tenants = await store.list_watched(session)
    due = [(tenant_id, last_day(now, timezone), watched) for tenant_id, timezone, watched in tenants]
    return sum(
        [
            await _warn(sessions, tenant_id, through, now)
            for tenant_id, through, watched in due
            if watched is None or watched < through
        ]
    )


def last_day(now: datetime, timezone: str) -> date:
    """The last local day that is over, and whose night is too."""
    return (now.astimezone(ZoneInfo(timezone)) - AFTER_MIDNIGHT).date() - timedelta(days=1)


async def _warn(sessions: Sessions, tenant_id: TenantId, through: date, now: datetime) -> int:
    """One tenant's trouble is not the others'."""
    try:
        return await retried(sessions, tenant_id, partial(watch, tenant_id=tenant_id, through=through, now=now))
    except Exception as error:
        if is_passing(error):
            logger.warning("warnings_wait", tenant=str(tenant_id), error=repr(error)[:300])
        else:
            logger.exception("warnings_wait", tenant=str(tenant_id))
        return 0
