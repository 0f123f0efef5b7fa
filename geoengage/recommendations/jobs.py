"""The worker's part: each tenant's model is fitted anew once a day, one at a time.

A fit takes seconds and some hundred megabytes at the most (`store.MOST_ORDERS`, `rules.patterns.MOST_ITEMS`), and runs
in a thread of its own, in which numpy lets everything else go on.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from geoengage.kit import log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Sessions, is_passing, transaction
from geoengage.recommendations import service, store

PAUSE_S = 60.0
EVERY = timedelta(days=1)
SOON = timedelta(hours=1)  # while there is too little to learn from, and after a failure
logger = log.get("recommendations")


async def fit_once(sessions: Sessions, clock: Callable[[], datetime] = utc_now) -> bool:
    """Fit the model of one tenant that is due; whether there was one."""
    now = clock()
    async with transaction(sessions, None) as session:  # cross-tenant: finds who is due
        tenant_id = await store.claim_due(session, now, now + SOON)
    if tenant_id is None:
        return False
    try:
        fitted = await service.fit_tenant(sessions, tenant_id, now)
    except Exception as error:  # one tenant's trouble is not the others'
        if is_passing(error):
            logger.warning("fit_waits", tenant=str(tenant_id), error=repr(error)[:300])
        else:
            logger.exception("fit_failed", tenant=str(tenant_id))
        return True
    if fitted.lambda_ is not None:
        async with transaction(sessions, tenant_id) as session:
            await store.set_due(session, tenant_id, now + EVERY)
    logger.info("recommendations_fitted", tenant=str(tenant_id), baskets=fitted.baskets, products=len(fitted.patterns))
    return True
