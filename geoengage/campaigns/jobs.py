"""The worker's round over starts that wait for their time."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from geoengage.campaigns import moves, starts
from geoengage.kit import log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Sessions, glance, is_passing, retried

BATCH = 200
logger = log.get("campaigns")


async def start_due_once(sessions: Sessions, now: datetime) -> int:
    """One round over the tenants with due starts; returns how many people were looked at."""
    async with glance(sessions) as session:
        tenants = await starts.tenants_with_due(session, now)
    done = 0
    for tenant_id in tenants:
        work = partial(moves.decide_due, tenant_id=tenant_id, now=now, limit=BATCH)
        try:
            done += await retried(sessions, tenant_id, work)
        except Exception as error:  # one tenant's trouble is not the others'
            if is_passing(error):
                logger.warning("starts_wait", tenant=str(tenant_id), error=repr(error)[:300])
            else:
                logger.exception("starts_wait", tenant=str(tenant_id))
    return done


async def mind_starts(sessions: Sessions, ring: Callable[[], None]) -> bool:
    """The worker's loop: whether there may be more."""
    done = await start_due_once(sessions, utc_now())
    if done:
        ring()
    return done >= BATCH
