"""The worker's rounds: over starts that wait for their time, over people in journeys, over the calendar."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from geoengage.campaigns import calendar, entries, journeys, moves, starts
from geoengage.kit import log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions, glance, is_passing, retried
from geoengage.kit.ids import TenantId
from geoengage.messaging import service as messaging

BATCH = 200
CALENDAR_S = 5.0  # a local time is kept to the minute, nobody waits for its second
logger = log.get("campaigns")


async def start_due_once(sessions: Sessions, now: datetime) -> int:
    """One round over the tenants with due starts; returns how many people were looked at."""
    async with glance(sessions) as session:
        tenants = await starts.tenants_with_due(session, now)
    return await _each(sessions, tenants, partial(moves.decide_due, now=now, limit=BATCH), "starts_wait")


async def advance_once(sessions: Sessions, now: datetime) -> int:
    """One round over the tenants in which somebody in a campaign is due; returns how many people were looked at."""
    async with glance(sessions) as session:
        tenants = await entries.tenants_with_awake(session, now)
    return await _each(sessions, tenants, partial(journeys.advance_due, now=now, limit=BATCH), "journeys_wait")


async def begin_runs_once(sessions: Sessions, now: datetime) -> int:
    """One round over the tenants with campaigns of the calendar; returns how many have begun."""
    async with glance(sessions) as session:
        tenants = await entries.tenants_with_calendar(session)
    return await _each(sessions, tenants, partial(calendar.begin_due, now=now), "calendar_waits")


async def forget_old(session: Session, now: datetime) -> None:
    """Upkeep: gates of journeys before which no message can wait any more."""
    await messaging.forget_gates(session, "entry", now - timedelta(days=3))


async def _each(
    sessions: Sessions, tenants: Sequence[TenantId], work: Callable[..., Awaitable[int]], message: str
) -> int:
    done = 0
    for tenant_id in tenants:
        try:
            done += await retried(sessions, tenant_id, partial(work, tenant_id=tenant_id))
        except Exception as error:  # one tenant's trouble is not the others'
            if is_passing(error):
                logger.warning(message, tenant=str(tenant_id), error=repr(error)[:300])
            else:
                logger.exception(message, tenant=str(tenant_id))
    return done


async def mind_starts(sessions: Sessions, ring: Callable[[], None]) -> bool:
    """The worker's loop: whether there may be more."""
    done = await start_due_once(sessions, utc_now())
    if done:
        ring()
    return done >= BATCH


async def mind_journeys(sessions: Sessions, ring: Callable[[], None]) -> bool:
    """The worker's loop over people in campaigns: whether there may be more."""
    done = await advance_once(sessions, utc_now())
    if done:
        ring()
    return done >= BATCH


async def mind_calendar(sessions: Sessions, ring: Callable[[], None]) -> bool:
    """The worker's loop over the calendar."""
    if await begin_runs_once(sessions, utc_now()):
        ring()
    return False
