"""The shared limit of a project, drawn in small portions: one short transaction serves many messages.

A worker draws a twentieth of a second's worth at a time, or exactly what it needs where that is more, and loses what it
has not used after a second. So all workers together stay within the limit, and the row is locked for a moment only.
"""

from datetime import datetime, timedelta

from geoengage.kit.db import Session, Sessions, retried
from geoengage.kit.ids import TenantId
from geoengage.messaging import store
from geoengage.messaging.rules import Draw, Limit, Route, draw

_KEPT = timedelta(seconds=1)
_PORTIONS_PER_MINUTE = 60 * 20


class Pace:
    """One worker's share of the limits."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._left: dict[Route, tuple[int, datetime]] = {}

    async def take(self, route: Route, limit: Limit, wanted: int, now: datetime) -> Draw:
        """How many of `wanted` messages may go to a project now, and when to ask again for the others."""
        left, until = self._left.pop(route, (0, now))
        left = left if until > now else 0
        if left < wanted:
            portion = max(wanted - left, limit.per_minute // _PORTIONS_PER_MINUTE)
            given = await self._draw(route, limit, portion, now)
            left += given.granted
        else:
            given = Draw(0)
        granted = min(left, wanted)
        if left > granted:
            self._left[route] = (left - granted, now + _KEPT)
        return Draw(granted, given.next_at if granted < wanted else None)

    async def _draw(self, route: Route, limit: Limit, portion: int, now: datetime) -> Draw:
        tenant_id = TenantId(route.tenant_id)

        async def work(session: Session) -> Draw:
            bucket, given = draw(await store.lock_bucket(session, tenant_id, route.name), portion, limit, now)
            await store.set_bucket(session, tenant_id, route.name, bucket)
            return given

        return await retried(self._sessions, tenant_id, work)
