"""What time does to offers: coupons run out, and what was set aside for them is free again. Any number may run it."""

from geoengage.kit import log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Sessions, glance, is_passing, transaction
from geoengage.offers import service, store

PAUSE_S = 5.0
logger = log.get("offers")


async def release_expired_once(sessions: Sessions) -> bool:
    """One round over the tenants with coupons whose time is over; whether there was anything to do."""
    now = utc_now()
    async with glance(sessions) as session:
        tenants = await store.list_tenants_with_expired(session, now)
    released = 0
    for tenant_id in tenants:
        try:
            async with transaction(sessions, tenant_id) as session:
                released += await service.release_expired(session, tenant_id, now)
        except Exception as error:  # one tenant's trouble is not the others'
            if is_passing(error):
                logger.warning("coupons_wait", tenant=str(tenant_id), error=repr(error)[:300])
            else:
                logger.exception("coupons_wait", tenant=str(tenant_id))
    return released > 0
