"""What time does in commerce: carts are abandoned, and guests turn out to be somebody.

Any number of workers may run it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from geoengage.commerce import service, store
from geoengage.kit import log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Sessions, glance, is_passing, transaction
from geoengage.kit.ids import TenantId, lowest_id

logger = log.get("commerce")
# Ids carry the time at which they were made; one that was committed later than this is found by the hourly round.
NEW_IDS = timedelta(minutes=10)


async def mind_shops(sessions: Sessions, ring: Callable[[], None]) -> bool:
    """One round of both, for the worker; whether there may be more to do at once."""
    now = utc_now()
    abandoned = await abandon_carts_once(sessions, now)
    attached = await attach_guests_once(sessions, now)
    if abandoned or attached:
        ring()
    return abandoned > 0


async def abandon_carts_once(sessions: Sessions, now: datetime) -> int:
    """One round over the tenants with carts that were left alone; returns how many carts were marked."""
    async with glance(sessions) as session:
        waiting = await store.tenants_with_waiting_carts(session, now)
    marked = 0
    for tenant_id, after_s in waiting:
        try:
            async with transaction(sessions, tenant_id) as session:
                marked += await service.abandon_carts(session, tenant_id, after_s, now)
        except Exception as error:  # one tenant's trouble is not the others'
            _note("carts_wait", tenant_id, error)
    return marked


async def attach_guests_once(sessions: Sessions, now: datetime, *, all_ids: bool = False) -> int:
    """One round over the tenants with guests' orders; returns how many have found their person.

    `all_ids`: not only by ids that were made lately.
    """
    since: UUID | None = None if all_ids else lowest_id(now - NEW_IDS)
    async with transaction(sessions, None) as session:  # cross-tenant: finds who has guests
        tenants = await store.tenants_with_claims(session)
    attached = 0
    for tenant_id in tenants:
        try:
            async with transaction(sessions, tenant_id) as session:
                attached += await service.attach_guests(session, tenant_id, since, now)
        except Exception as error:  # one tenant's trouble is not the others'
            _note("guests_wait", tenant_id, error)
    return attached


def _note(message: str, tenant_id: TenantId, error: Exception) -> None:
    if is_passing(error):
        logger.warning(message, tenant=str(tenant_id), error=repr(error)[:300])
    else:
        logger.exception(message, tenant=str(tenant_id))
