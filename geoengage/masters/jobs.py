"""The worker's part: stores that are to run something else than they do."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from geoengage.kit import errors, log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions, glance, is_passing, retried, transaction
from geoengage.kit.ids import TenantId
from geoengage.masters import store
from geoengage.masters.service.applying import apply_due, note_problem

logger = log.get("masters")
BATCH = 20  # stores of a tenant in a round, so that tenants take turns
BUG = "this is our fault and has been logged; ask again later"


async def mind_masters(sessions: Sessions, ring: Callable[[], None]) -> bool:
    """The worker's loop: whether there may be more."""
    seen_to = await apply_once(sessions, utc_now())
    if seen_to:
        ring()
    return seen_to > 0


async def apply_once(sessions: Sessions, now: datetime) -> int:
    """See to some stores of each tenant; how many."""
    async with glance(sessions) as session:
        tenants = await store.tenants_with_due(session)
    seen_to = 0
    for tenant_id in tenants:
        async with transaction(sessions, tenant_id) as session:
            due = await store.list_due(session, tenant_id, BATCH)
        for master_id, store_id in due:
            seen_to += await _apply(sessions, tenant_id, master_id, store_id, now)
    return seen_to


async def _apply(sessions: Sessions, tenant_id: TenantId, master_id: UUID, store_id: UUID, now: datetime) -> bool:
    async def work(session: Session) -> None:
        await apply_due(session, tenant_id, master_id, store_id, now)

    try:
        await retried(sessions, tenant_id, work)
    except errors.AppError as error:
        problem = " ".join([error.detail, *(each["detail"] for each in error.extra.get("errors", ()))])
    except Exception as error:  # one store's trouble is not the others'
        if is_passing(error):
            logger.warning("master_waits", tenant=str(tenant_id), store=str(store_id), error=repr(error)[:300])
            return False
        logger.exception("master_failed", tenant=str(tenant_id), store=str(store_id))
        problem = BUG
    else:
        return True
    async with transaction(sessions, tenant_id) as session:
        await note_problem(session, tenant_id, master_id, store_id, problem, now)
    return True
