"""What the worker does for segments: builds, what is due, positions that are in no ledger, upkeep."""

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from geoengage.kit import events, log
from geoengage.kit.db import Session, Sessions, glance, is_passing, transaction
from geoengage.kit.ids import TenantId
from geoengage.segments import service, store

SWEEP_EVERY = timedelta(seconds=60)
logger = log.get("segments")


async def build_once(sessions: Sessions, clock: Callable[[], datetime], ahead: timedelta = service.AHEAD) -> int:
    """Build or evaluate anew the segments of one tenant that wait for it; returns how many.

    `ahead`: how far ahead they write when time will change something.
    """
    async with transaction(sessions, None) as session:
        claimed = await store.claim_builds(session, clock(), service.MOST_TOGETHER)
    if claimed is None:
        return 0
    tenant_id, ids = claimed
    async with transaction(sessions, tenant_id) as session:
        rows = await service.list_rows(session, tenant_id, ids)
    for store_id, those in rows:
        await _build(sessions, tenant_id, store_id, those, clock, ahead)
    return len(ids)


async def _build(
    sessions: Sessions,
    tenant_id: TenantId,
    store_id: UUID | None,
    ids: list[UUID],
    clock: Callable[[], datetime],
    ahead: timedelta,
) -> None:
    """One pass for all; if that fails, one for each, so that only the one at fault is given up."""
    try:
        async with transaction(sessions, tenant_id) as session:
            built = await service.evaluate_segments(session, tenant_id, store_id, ids, clock(), ahead)
        for each in built:
            with contextlib.suppress(service.Overtaken):  # it waits for its next build
                async with transaction(sessions, tenant_id) as session:
                    await service.put_in_force(session, tenant_id, each, clock())
    except Exception as error:
        if is_passing(error):
            async with transaction(sessions, tenant_id) as session:
                await store.release_builds(session, tenant_id, ids)
            raise  # somebody tries again
        if len(ids) > 1:
            for id_ in ids:
                await _build(sessions, tenant_id, store_id, [id_], clock, ahead)
            return
        logger.exception("build_failed", tenant=str(tenant_id), segment=str(ids[0]))
        async with transaction(sessions, tenant_id) as session:
            why = "it could not be evaluated; the operator's log says why"
            await service.give_up(session, tenant_id, ids, why, clock())


async def keep_time_once(sessions: Sessions, clock: Callable[[], datetime]) -> int:
    """One round over the tenants in which time has changed something; returns of how many people."""
    async with glance(sessions) as session:
        tenants = await store.tenants_with_due(session, clock())
    return sum([await _held(sessions, tenant_id, service.on_time, clock) for tenant_id in tenants])


async def sweep_positions_once(sessions: Sessions, clock: Callable[[], datetime]) -> int:
    """Look at people whose phones have moved, in tenants that ask for last known places."""
    async with glance(sessions) as session:
        tenants = await store.tenants_to_sweep(session, clock() - SWEEP_EVERY)
    return sum([await _held(sessions, tenant_id, service.on_positions, clock) for tenant_id in tenants])


async def _held(
    sessions: Sessions,
    tenant_id: TenantId,
    work: Callable[[Session, TenantId, datetime], "object"],
    clock: Callable[[], datetime],
) -> int:
    """Work under the tenant's lock; 0 when another worker holds it, or when it failed."""
    try:
        async with transaction(sessions, tenant_id) as session:
            if await events.hold_cursor(session, tenant_id, service.REACTION, waits=False) is None:
                return 0
            return await work(session, tenant_id, clock())  # type: ignore[misc, no-any-return]
    except Exception as error:  # one tenant's trouble is not the others'
        if is_passing(error):
            logger.warning("segments_wait", tenant=str(tenant_id), error=repr(error)[:300])
        else:
            logger.exception("segments_wait", tenant=str(tenant_id))
        return 0


async def upkeep(session: Session, now: datetime) -> None:
    """Every hour: sizes for their history, and nobody in a segment who is nobody any more (cross-tenant)."""
    await store.note_sizes(session, now)
    await store.drop_strangers(session)
