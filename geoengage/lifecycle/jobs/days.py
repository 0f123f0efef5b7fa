"""The nightly round: what cannot be worked out later is kept for the day that has ended."""

from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from geoengage.kit import log
from geoengage.kit.db import Sessions, is_passing, retried, transaction
from geoengage.kit.ids import TenantId
from geoengage.lifecycle import service, store

DAY = timedelta(days=1)
logger = log.get("lifecycle")


async def keep_days_once(sessions: Sessions, now: datetime) -> int:
    """Keep yesterday of each tenant where that is not done; returns of how many places it was.

    A place is a transaction and the whole tenant is the last one, so a crash repeats at most that day's places.
    """
    async with transaction(sessions, None) as session:
        tenants = await store.list_kept_until(session)
    kept = 0
    for tenant_id, timezone, until in tenants:
        yesterday = now.astimezone(ZoneInfo(timezone)).date() - DAY
        if until is not None and until >= yesterday:
            continue
        try:
            kept += await _keep_tenant(sessions, tenant_id, yesterday, now)
        except Exception as error:  # one tenant's trouble is not the others'
            if is_passing(error):
                logger.warning("days_wait", tenant=str(tenant_id), error=repr(error)[:300])
            else:
                logger.exception("days_wait", tenant=str(tenant_id))
    return kept


async def _keep_tenant(sessions: Sessions, tenant_id: TenantId, yesterday: date, now: datetime) -> int:
    async with transaction(sessions, tenant_id) as session:
        scopes = await service.list_kept_scopes(session, tenant_id)
    for scope in scopes:
        work = partial(service.keep_day, tenant_id=tenant_id, scope=scope, on=yesterday, now=now)
        await retried(sessions, tenant_id, work)
    return len(scopes)
