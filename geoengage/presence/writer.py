"""Groups concurrent requests of a tenant into one transaction (DATA_MODEL: a commit costs as much as 100 rows).

While groups are being written, newcomers wait together and form the next; so an idle server adds no delay and a busy
one fills its groups (`grouping`). If a group fails it is halved, down to one request, which alone gets the error.
"""

import asyncio
import time
from collections.abc import Callable, Sized
from datetime import datetime

from geoengage.kit import errors, log
from geoengage.kit.db import Session, Sessions, is_passing, retried
from geoengage.kit.events import Bell
from geoengage.kit.ids import TenantId
from geoengage.presence.grouping import Line
from geoengage.presence.service import Batch, IndexCache, record_group

MAX_WAITING = 50_000  # pings in the queue; beyond that we say "later"
CONNECTIONS, GROUPS = 4, 2  # at once: of all tenants together, and of one
MANY, PAUSE_S, LONGEST_PAUSE_S = 8, 0.002, 0.008  # requests of a group; between groups, while newcomers come
ATTEMPTS = 2  # for a request alone; a group is halved instead
logger = log.get("presence")

Done = Callable[[Exception | None], None]
_Line = Line[Batch, Done]
_Member = tuple[Batch, Done]


class PingWriter:
    """The queue in front of `record_group`. One per process; pings of one device are written in their order."""

    def __init__(
        self,
        sessions: Callable[[], Sessions],
        bell: Bell,
        clock: Callable[[], datetime],
        *,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self.indexes = IndexCache()
        self._sessions, self._bell, self._clock, self._max_waiting = sessions, bell, clock, max_waiting
        self._lines: dict[TenantId, _Line] = {}
        self._size = 0
        self._connections = asyncio.Semaphore(CONNECTIONS)
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(self, tenant_id: TenantId, batch: Batch) -> None:
        """Wait until the batch is durable; its answer stands in it. Raises Unavailable when too much is waiting."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(error: Exception | None) -> None:
            if future.done():
                return  # nobody waits any more
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self.put(tenant_id, batch, done)
        await future

    def put(self, tenant_id: TenantId, batch: Batch, done: Done) -> None:
        """The same for who does not wait: `done` is called when the batch is durable, or with what went wrong."""
        if self._size > self._max_waiting:
            raise errors.Unavailable("too many pings are waiting; send them again in a moment", retry_after_s=2)
        self._size += len(batch.pings)
        line = self._lines.setdefault(tenant_id, _Line())
        line.put(batch, done)
        self._take_more(tenant_id, line)

    def _take_more(self, tenant_id: TenantId, line: _Line) -> None:
        """One task for each group that is worth its while."""
        if line.takers < GROUPS and line.has_group:
            line.takers += 1
            task = asyncio.create_task(self._drain(tenant_id, line))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _drain(self, tenant_id: TenantId, line: _Line) -> None:
        """Write groups until nothing waits, or what waits is left to the other taker."""
        while (group := line.take()).members:
            self._size -= group.size
            self._take_more(tenant_id, line)
            async with self._connections:
                await self._write(tenant_id, group.members)
            line.written(group)
            await _let_come(line.waiting, len(group.members))
        line.takers -= 1
        if not line.takers:
            del self._lines[tenant_id]

    async def _write(self, tenant_id: TenantId, group: list[_Member]) -> None:
        batches = [batch for batch, _ in group]

        async def work(session: Session) -> bool:
            return await record_group(session, tenant_id, batches, self.indexes, self._clock())

        try:
            published = await retried(self._sessions(), tenant_id, work, attempts=1 if len(group) > 1 else ATTEMPTS)
        except Exception as error:
            if len(group) > 1:
                logger.warning("ping_group_halved", size=len(group), error=type(error).__name__)
                half = len(group) // 2
                await self._write(tenant_id, group[:half])
                await self._write(tenant_id, group[half:])
            else:
                busy = errors.Unavailable("these pings could not be stored now; send them again in a moment")
                group[0][1](busy if is_passing(error) else error)
            return
        if published:
            self._bell.ring(only_ledger=True)
        for _, done in group:
            done(None)


async def _let_come(queue: Sized, answered: int) -> None:
    """Where many were `answered` together, they are about to send again: wait while they come one after the other, for
    in larger groups each ping is cheaper."""
    if answered < MANY:
        return
    seen, until = -1, time.monotonic() + LONGEST_PAUSE_S
    while len(queue) > seen and time.monotonic() < until:
        seen = len(queue)
        await asyncio.sleep(PAUSE_S)
