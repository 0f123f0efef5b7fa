"""The loop that tells operators' phones. What is claimed and not recorded is told again when its lease runs out, under
the same topic and tag, so that the phone shows one and is silent about the second.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

import aiohttp
import prometheus_client

from geoengage.buzz import service, store
from geoengage.buzz.rules import BASE_S, Due, judge, payload, tag
from geoengage.kit import log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Sessions, glance, retried, transaction
from geoengage.kit.ids import TenantId
from geoengage.kit.settings import Settings
from geoengage.messaging.channels.webpush import WebPushChannel, open_web_push
from geoengage.messaging.rules import Attempt

AT_ONCE = 32  # requests under way
LEASE_BEYOND_TIMEOUT_S = 10.0  # for recording
logger = log.get("buzz")
TRIES = prometheus_client.Counter(
    "geoengage_buzz_tries_total", "Pushes to operators' phones by what became of them.", ["outcome"]
)


class Buzzer:
    """One worker's tries. A slow push service holds nobody else up: each try ends by itself."""

    def __init__(
        self,
        sessions: Sessions,
        channel: WebPushChannel,
        timeout_s: float,
        *,
        clock: Callable[[], datetime] = utc_now,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._sessions = sessions
        self._channel = channel
        self._lease = timedelta(seconds=timeout_s + LEASE_BEYOND_TIMEOUT_S)
        self._clock = clock
        self._jitter = jitter
        self._flying: set[asyncio.Task[None]] = set()

    async def step(self) -> bool:
        """Begin what is due, as far as there is room; False when nothing was."""
        async with glance(self._sessions) as session:
            tenants = await store.list_due_tenants(session, self._clock())
        random.shuffle(tenants)
        begun = 0
        for tenant_id in tenants:
            room = AT_ONCE - len(self._flying)
            if room <= 0:
                break
            begun += await self._begin(tenant_id, room)
        return begun > 0

    async def finish(self) -> None:
        """Begin nothing more; wait for what is under way."""
        await asyncio.gather(*self._flying)

    async def _begin(self, tenant_id: TenantId, room: int) -> int:
        now = self._clock()
        leased = now + self._lease
        async with transaction(self._sessions, tenant_id) as session:
            taken = await service.claim(session, tenant_id, now, leased, room)
        for due in taken:
            task = asyncio.create_task(self._tell(tenant_id, due, leased))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)
        return len(taken)

    async def _tell(self, tenant_id: TenantId, due: Due, leased: datetime) -> None:
        number = due.tries + 1
        attempt = Attempt(number, self._clock(), due.expires_at, base_s=BASE_S, jitter=self._jitter())
        try:
            outcome = await self._channel.deliver(due.address, payload(due), tag(due.store_id), attempt)
            verdict = judge(outcome, number)
            TRIES.labels(verdict.failed_why or "sent").inc()
            work = partial(
                service.record, tenant_id=tenant_id, due=due, verdict=verdict, leased=leased, now=self._clock()
            )
            await retried(self._sessions, tenant_id, work)
        except Exception as error:  # its lease ends, and it is tried again
            logger.warning("buzz_waits", tenant=str(tenant_id), phone=str(due.phone_id), error=repr(error)[:300])


@contextlib.asynccontextmanager
async def buzzer(
    sessions: Sessions, settings: Settings, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """The worker's loop body. Leaving finishes what is under way."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        made = Buzzer(sessions, open_web_push(http, settings, clock), settings.webpush.timeout_s, clock=clock)
        try:
            yield made.step
        finally:
            await made.finish()
