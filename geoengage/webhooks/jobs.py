"""The loop that tells other systems: plan, claim, send, record. Nobody is called inside a transaction.

What is claimed and not recorded falls due again when its lease runs out, under the same id. An endpoint gets a share of
the free slots that shrinks as they are taken, so that slow receivers never hold up the others.
"""

import asyncio
import contextlib
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

import prometheus_client

from geoengage.kit import log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions, is_passing, retried, transaction
from geoengage.kit.events import Bell
from geoengage.kit.ids import TenantId, new_id
from geoengage.kit.outbound import Answer, Outbound, open_outbound
from geoengage.kit.settings import Settings, WebhookSettings
from geoengage.webhooks import service, store
from geoengage.webhooks.rules import Verdict
from geoengage.webhooks.service import Landed, Parcel

LEASE_BEYOND_TIMEOUT_S = 10.0  # for recording: a lease that ends while its request is under way means a second one
LAND_S = 0.1
GATHER_S = 0.02
LOOK_EVERY_S = 0.05
SHARE = 8  # an endpoint may take an eighth of what is free
FORGET_AFTER = timedelta(days=7)
logger = log.get("webhooks")
TRIES = prometheus_client.Counter(
    "geoengage_webhook_tries_total", "Requests to webhook endpoints by what became of the delivery.", ["outcome"]
)
SECONDS = prometheus_client.Histogram("geoengage_webhook_answer_seconds", "How long webhook endpoints take to answer.")
LAG = prometheus_client.Histogram(
    "geoengage_webhook_lag_seconds",
    "From the recording of an event to its delivery.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3_600, 36_000, 360_000),
)
DISABLED = prometheus_client.Counter("geoengage_webhooks_disabled_total", "Endpoints given up.", ["reason"])

Place = tuple[TenantId, UUID]  # an endpoint


class Courier:
    """One worker's deliveries. What is in flight survives a database that is away: it is recorded later."""

    def __init__(
        self,
        sessions: Sessions,
        outbound: Outbound,
        settings: WebhookSettings,
        signing_key: str,
        *,
        clock: Callable[[], datetime] = utc_now,
        jitter: Callable[[], float] = random.random,
        ring: Callable[[], None] = lambda: None,
    ) -> None:
        self._sessions = sessions
        self._outbound = outbound
        self._settings = settings
        self._key = signing_key
        self._clock = clock
        self._jitter = jitter
        self._ring = ring
        self._lease = new_id()
        self._flying: dict[asyncio.Task[Answer], Parcel] = {}
        self.look_s = 0.0  # how long the last look for work took

    async def step(self) -> bool:
        """Plan and claim for whoever is behind or due, wait a little for answers, record them; False when all rests."""
        started = time.monotonic()
        async with transaction(self._sessions, None) as session:  # cross-tenant: only to find who has work
            work = await store.list_work(session, self._clock())
        self.look_s = time.monotonic() - started
        random.shuffle(work)  # when slots are few, no endpoint is always last
        moved = 0
        for one in work:
            with _only_this_one("webhook_waits", one.tenant_id, one.webhook_id):
                passed = await self._plan(one) if one.is_behind else 0
                moved += passed
                if one.is_due or passed:
                    moved += await self._claim((one.tenant_id, one.webhook_id))
        busy = bool(self._flying)
        if busy:
            await self._land(LAND_S)
        return moved > 0 or busy

    async def finish(self) -> None:
        """Claim nothing more; wait for what is in flight and record it."""
        while self._flying:
            await self._land(LAND_S)

    # --- plan and claim

    async def _plan(self, one: store.Work) -> int:
        async with transaction(self._sessions, one.tenant_id) as session:
            return await service.plan(session, one.tenant_id, one.webhook_id, self._clock())

    def _room_for(self, in_flight: int) -> int:
        """How many more an endpoint may have that has so many in flight."""
        free = self._settings.concurrency - len(self._flying)
        share = max(1, min(self._settings.per_endpoint, free // SHARE))
        return min(share - in_flight, free)

    async def _claim(self, place: Place) -> int:
        limit = self._room_for(sum((p.tenant_id, p.webhook_id) == place for p in self._flying.values()))
        if limit <= 0:
            return 0
        now = self._clock()
        until = now + timedelta(seconds=self._settings.timeout_s + LEASE_BEYOND_TIMEOUT_S)

        async def work(session: Session) -> list[Parcel]:
            return await service.claim(
                session, *place, signing_key=self._key, lease=self._lease, now=now, until=until, limit=limit
            )

        parcels = await retried(self._sessions, place[0], work)
        for parcel in parcels:
            sending = self._outbound.post(parcel.url, parcel.headers, parcel.body)
            self._flying[asyncio.create_task(sending)] = parcel
        return len(parcels)

    # --- record

    async def _land(self, wait_s: float) -> None:
        """Wait for the first answer, gather those that come with it, and record them endpoint by endpoint."""
        done, _ = await asyncio.wait(self._flying, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            return
        await asyncio.sleep(GATHER_S)
        landed: dict[Place, dict[asyncio.Task[Answer], Parcel]] = defaultdict(dict)
        for task, parcel in self._flying.items():
            if task.done():
                landed[parcel.tenant_id, parcel.webhook_id][task] = parcel
        for place, batch in landed.items():
            with _only_this_one("webhook_record_waits", *place):
                await self._record(place, [Landed(p, task.result(), self._jitter()) for task, p in batch.items()])
                for task in batch:  # only now: if recording failed, the answers are still here for the next try
                    del self._flying[task]

    async def _record(self, place: Place, landed: list[Landed]) -> None:
        now = self._clock()

        async def work(session: Session) -> list[tuple[Landed, Verdict]]:
            return await service.record(session, *place, self._lease, landed, now)

        for one, verdict in await retried(self._sessions, place[0], work):
            TRIES.labels(verdict.status).inc()
            SECONDS.observe(one.answer.took_ms / 1000)
            if verdict.next_at is None:
                LAG.observe(max(0.0, (now - one.parcel.occurred_at).total_seconds()))
            if verdict.disable is not None:
                DISABLED.labels(verdict.disable).inc()
                logger.error("webhook_disabled", webhook=str(place[1]), tenant=str(place[0]), reason=verdict.disable)
                self._ring()


@contextlib.contextmanager
def _only_this_one(message: str, tenant_id: TenantId, webhook_id: UUID) -> Iterator[None]:
    """Keep a failure to the endpoint whose work it is; the next round tries again."""
    try:
        yield
    except Exception as error:
        names = {"tenant": str(tenant_id), "webhook": str(webhook_id)}
        if is_passing(error):
            logger.warning(message, **names, error=repr(error)[:300])
        else:
            logger.exception(message, **names)


@contextlib.asynccontextmanager
async def courier(
    sessions: Sessions, settings: Settings, bell: Bell, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """The worker's loop body, to be called again at once while it says True. Leaving finishes what is in flight."""
    webhooks = settings.webhooks
    async with open_outbound(timeout_s=webhooks.timeout_s, allow_loopback=webhooks.allow_loopback) as outbound:
        made = Courier(sessions, outbound, webhooks, settings.signing_key(), clock=clock, ring=bell.ring)
        looked = 0.0

        async def step() -> bool:
            nonlocal looked
            # The bell rings with every commit; a look has its price, and events go out by the handful.
            await asyncio.sleep(looked + max(LOOK_EVERY_S, 10 * made.look_s) - time.monotonic())
            looked = time.monotonic()
            return await made.step()

        yield step
        await made.finish()


async def forget(session: Session, now: datetime) -> None:
    """Let deliveries go that ended a week ago (cross-tenant: upkeep)."""
    await store.delete_finished(session, now - FORGET_AFTER)
