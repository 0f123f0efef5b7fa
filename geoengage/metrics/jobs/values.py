"""The round of value models: who needs a new one gets it, and on each new day everybody is valued anew."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

from geoengage.kit import log
from geoengage.kit.db import Sessions, is_passing, transaction
from geoengage.metrics import rules, service, store

PAUSE_S = 60.0
logger = log.get("metrics")


async def value_customers_once(sessions: Sessions, now: datetime) -> int:
    """One round over all tenants; returns how many of them have new values."""
    async with transaction(sessions, None) as session:
        tenants = await store.list_due(session)
    changed = 0
    for due in tenants:
        try:
            changed += await _do(sessions, due, now)
        except Exception as error:  # one tenant's trouble is not the others'
            if is_passing(error):
                logger.warning("values_wait", tenant=str(due.tenant_id), error=repr(error)[:300])
            else:
                logger.exception("values_wait", tenant=str(due.tenant_id))
    return changed


async def _do(sessions: Sessions, due: store.Due, now: datetime) -> bool:
    to_fit = rules.is_fit_due(due.fitted_at, due.fitted_customers or 0, due.customers, now)
    if not to_fit and due.valued_on == now.astimezone(ZoneInfo(due.timezone)).date():
        return False
    async with transaction(sessions, due.tenant_id) as session:
        source = await service.read_source(session, due.tenant_id, due.timezone, now, to_fit=to_fit)
    found = await asyncio.to_thread(service.work_out, source) if to_fit else None
    async with transaction(sessions, due.tenant_id) as session:
        if not await store.take_alone(session, due.tenant_id):
            return False  # another worker is at it
        if found is not None:
            row = await service.keep(session, due.tenant_id, source, found, now)
            logger.info("values_fitted", tenant=str(due.tenant_id), version=row.version, refusal=row.refusal)
        else:
            await service.value_all(session, due.tenant_id, source, now)
    return True
