"""The delivery loop: claim what is due, check once more, send, record. No provider is called inside a transaction.

A claim takes no more than can be sent at once, so the check in the claiming transaction is the check just before the
socket: no claimed message waits. What a worker leaves behind when it dies falls due again when its lease runs out.
"""

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from geoengage.kit import events, log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions, retried, transaction
from geoengage.kit.events import Bell
from geoengage.kit.ids import TenantId, new_id
from geoengage.kit.settings import Settings, WorkerSettings
from geoengage.messaging import store
from geoengage.messaging.channels import Channel, Channels, Push, open_channels
from geoengage.messaging.rules import (
    Attempt,
    MessageChanged,
    Misconfigured,
    Outcome,
    Policy,
    Settled,
    Skipped,
    Status,
    Waiting,
    after_silence,
    blockers_now,
    settle,
)
from geoengage.profiles import store as profiles_store
from geoengage.profiles.rules import Recipient
from geoengage.tenancy import store as tenancy_store
from geoengage.tenancy.models import Tenant

MAX_CLAIM = 200
RECORD_EVERY_S = 0.05
logger = log.get("messaging")


@dataclass(frozen=True, slots=True)
class _Flight:
    """One message on its way through a channel; `recipient` is who it was when it was checked."""

    tenant_id: TenantId
    waiting: Waiting
    recipient: Recipient
    channel: Channel


class Deliverer:
    """One worker's sending. What is in flight survives a database that is away: its outcomes are recorded later."""

    def __init__(
        self,
        sessions: Sessions,
        channels: Channels,
        settings: WorkerSettings,
        *,
        clock: Callable[[], datetime] = utc_now,
        jitter: Callable[[], float] = random.random,
        ring: Callable[[], None] = lambda: None,
    ) -> None:
        self._sessions = sessions
        self._channels = channels
        self._settings = settings
        self._clock = clock
        self._jitter = jitter
        self._ring = ring
        self._lease = new_id()
        self._flying: dict[asyncio.Task[Outcome], _Flight] = {}

    async def step(self) -> bool:
        """Claim for whoever has work, wait at most 50 ms for answers, record them; False when nothing is to be done."""
        claimed = await self._claim_for_all()
        busy = bool(self._flying)  # asked before landing: when all slots were taken, more may be due behind them
        if busy:
            await self._land()
        return claimed > 0 or busy

    async def finish(self) -> None:
        """Claim nothing more; wait for what is in flight and record it."""
        while self._flying:
            await self._land()

    async def deliver_once(self, tenant_id: TenantId) -> int:
        """Claim one batch of a tenant, send and record all of it; returns how many messages were taken."""
        claimed = await self._claim(tenant_id, min(MAX_CLAIM, self._settings.send_concurrency))
        await self.finish()
        return claimed

    # --- claim

    async def _claim_for_all(self) -> int:
        free = self._settings.send_concurrency - len(self._flying)
        if free <= 0:
            return 0
        async with transaction(self._sessions, None) as session:  # cross-tenant: only to find who has work
            tenants = await store.list_due_tenants(session, self._clock())
        random.shuffle(tenants)  # when slots are few, no tenant is always last
        claimed = 0
        for tenant_id in tenants[:free]:
            claimed += await self._claim(tenant_id, min(MAX_CLAIM, max(1, free // len(tenants))))
        return claimed

    async def _claim(self, tenant_id: TenantId, limit: int) -> int:
        now = self._clock()

        async def work(session: Session) -> tuple[int, list[_Flight]]:
            return await self._check_claimed(session, tenant_id, limit, now)

        claimed, flights = await retried(self._sessions, tenant_id, work)
        for flight in flights:
            self._flying[asyncio.create_task(self._send(flight))] = flight
        if claimed > len(flights):
            self._ring()
        return claimed

    async def _check_claimed(
        self, session: Session, tenant_id: TenantId, limit: int, now: datetime
    ) -> tuple[int, list[_Flight]]:
        until = now + timedelta(seconds=self._settings.lease_s)
        claim = await store.claim_due_messages(session, tenant_id, self._lease, now, until=until, limit=limit)
        if not claim.messages:
            return 0, []
        policy = _policy(await tenancy_store.get_tenant(session, tenant_id))
        recipients = await profiles_store.list_recipients(session, tenant_id, {m.device_id for m in claim.messages})
        flights: list[_Flight] = []
        skipped: dict[UUID, Outcome] = {}
        for waiting in claim.messages:
            recipient = recipients.get(waiting.device_id)
            channel = self._channels.pick(recipient)
            blockers = blockers_now(waiting, recipient, policy, needs_address=channel.needs_address, now=now)
            if blockers or recipient is None:
                skipped[waiting.id] = Skipped(blockers)
            else:
                flights.append(_Flight(tenant_id, waiting, recipient, channel))
        await store.set_sending(session, tenant_id, _ids_by_channel(flights))
        lost = [_changed(m, Status.UNKNOWN, "worker_lost", now) for m in claim.messages if m.id in claim.lost]
        if lost:
            logger.warning("a worker died while sending; sending again", tenant=str(tenant_id), messages=len(lost))
        told = await _write(session, tenant_id, {m.id: m for m in claim.messages}, {}, skipped, now)
        await events.publish(session, tenant_id, lost + told, now)
        return len(claim.messages), flights

    # --- send

    async def _send(self, flight: _Flight) -> Outcome:
        attempt = Attempt(
            number=flight.waiting.attempts + 1,
            now=self._clock(),
            expires_at=flight.waiting.expires_at,
            base_s=self._settings.retry_base_s,
            jitter=self._jitter(),
        )
        try:
            # No try outlives its lease: another worker would be sending the message by then.
            async with asyncio.timeout(self._settings.lease_s * 0.8):
                return await flight.channel.send(_push(flight), attempt)
        except TimeoutError:
            return after_silence("timeout", attempt)
        except Exception:
            logger.exception("bug in a channel", channel=flight.channel.name, message=str(flight.waiting.id))
            return after_silence("internal_error", attempt)

    # --- record

    async def _land(self) -> None:
        """Wait at most 50 ms for sends to end and record those that did, tenant by tenant."""
        await asyncio.wait(self._flying, timeout=RECORD_EVERY_S)
        landed: dict[TenantId, dict[asyncio.Task[Outcome], _Flight]] = defaultdict(dict)
        for task, flight in self._flying.items():
            if task.done():
                landed[flight.tenant_id][task] = flight
        for tenant_id, batch in landed.items():
            await self._record(tenant_id, {f.waiting.id: (f, task.result()) for task, f in batch.items()})
            for task in batch:  # only now: if recording failed, the outcomes are still here for the next try
                del self._flying[task]
        if landed:
            self._ring()

    async def _record(self, tenant_id: TenantId, batch: Mapping[UUID, tuple[_Flight, Outcome]]) -> None:
        now = self._clock()

        async def work(session: Session) -> None:
            held = await store.lock_leased(session, tenant_id, self._lease, list(batch))
            flights = {id_: batch[id_][0] for id_ in held}
            outcomes = {id_: batch[id_][1] for id_ in held}
            messages = {id_: flight.waiting for id_, flight in flights.items()}
            addresses = {id_: flight.recipient.push_address for id_, flight in flights.items()}
            told = await _write(session, tenant_id, messages, addresses, outcomes, now)
            await events.publish(session, tenant_id, told, now)

        await retried(self._sessions, tenant_id, work)
        for _, outcome in batch.values():
            if isinstance(outcome, Misconfigured):
                logger.error("misconfigured", tenant=str(tenant_id), what=outcome.what, answer=outcome.answer)
                break


async def _write(
    session: Session,
    tenant_id: TenantId,
    messages: Mapping[UUID, Waiting],
    addresses: Mapping[UUID, str | None],
    outcomes: Mapping[UUID, Outcome],
    now: datetime,
) -> list[MessageChanged]:
    """Store outcomes with all that follows from them; returns what readers should hear."""
    if not outcomes:
        return []
    settled = {id_: settle(messages[id_].status, outcome) for id_, outcome in outcomes.items()}
    await _retire(session, tenant_id, messages, addresses, settled, now)
    refunds = [id_ for id_, s in settled.items() if s.refund]
    if refunds:
        await store.refund_budgets(session, tenant_id, [messages[id_].person_id for id_ in refunds], refunds)
    await store.settle_messages(session, tenant_id, settled, now)
    return [
        _changed(messages[id_], s.status, s.reason, now)
        for id_, s in settled.items()
        if s.status not in (Status.QUEUED, messages[id_].status)
    ]


async def _retire(
    session: Session,
    tenant_id: TenantId,
    messages: Mapping[UUID, Waiting],
    addresses: Mapping[UUID, str | None],
    settled: Mapping[UUID, Settled],
    now: datetime,
) -> None:
    dead = {
        messages[id_].device_id: (address, s.retire)
        for id_, s in settled.items()
        if s.retire and (address := addresses.get(id_))
    }
    for device_id, (address, reason) in sorted(dead.items()):
        await profiles_store.retire_address(session, tenant_id, device_id, address, reason, now)
        if reason == "sender_id_mismatch":
            logger.error("an address of another Firebase project was detached", device=str(device_id))


def _policy(tenant: Tenant) -> Policy:
    return Policy(tenant.timezone, tenant.quiet_start, tenant.quiet_end, tenant.sending_stopped_at is not None)


def _ids_by_channel(flights: list[_Flight]) -> Mapping[str, list[UUID]]:
    by_channel: dict[str, list[UUID]] = defaultdict(list)
    for flight in flights:
        by_channel[flight.channel.name].append(flight.waiting.id)
    return by_channel


def _push(flight: _Flight) -> Push:
    waiting, recipient = flight.waiting, flight.recipient
    ids = {"message_id": waiting.id, "campaign_id": waiting.campaign_id, "zone_id": waiting.zone_id}
    return Push(
        message_id=waiting.id,
        campaign_id=waiting.campaign_id,
        title=waiting.title,
        body=waiting.body,
        data=waiting.data | {name: str(id_) for name, id_ in ids.items() if id_ is not None},
        collapse_key=waiting.collapse_key,
        expires_at=waiting.expires_at,
        platform=recipient.platform,
        address=recipient.push_address,
        address_kind=recipient.push_kind,
    )


def _changed(waiting: Waiting, status: str, reason: str | None, now: datetime) -> MessageChanged:
    return MessageChanged(
        message_id=waiting.id,
        at=now,
        device_id=waiting.device_id,
        campaign_id=waiting.campaign_id,
        store_id=waiting.store_id,
        zone_id=waiting.zone_id,
        status=str(status),
        reason=reason,
        title=waiting.title,
        body=waiting.body,
    )


@contextlib.asynccontextmanager
async def deliverer(
    sessions: Sessions, settings: Settings, bell: Bell, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """The worker's loop body, to be called again at once while it says True. Leaving finishes what is in flight."""
    async with open_channels(settings.fcm, clock) as channels:
        made = Deliverer(sessions, channels, settings.worker, clock=clock, ring=bell.ring)
        yield made.step
        await made.finish()
