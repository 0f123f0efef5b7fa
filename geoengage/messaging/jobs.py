"""Delivery in two loops, so that a new message waits for no answer to an older one: one claims what is due, checks once
more and sends; the other records what became of it. No provider is called inside a transaction. What somebody waits for
has a queue, and in the worker two loops and slots, of its own: however much marketing is due, it is claimed next.

A claim takes no more than can be sent at once, so the check in the claiming transaction is the check just before the
socket: no claimed message waits. What a pause or a limit holds back is put off in the database, never in memory, and
checked again when it is claimed again. What a worker leaves behind when it dies falls due when its lease runs out.
"""

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from geoengage.kit import events, log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions, glance, pipelined, retried
from geoengage.kit.events import Bell, Ear
from geoengage.kit.ids import TenantId, new_id
from geoengage.kit.settings import Settings, WorkerSettings
from geoengage.messaging import recording, store
from geoengage.messaging.choosing import Round
from geoengage.messaging.pace import Pace
from geoengage.messaging.phone_choosing import Phones, load_phones
from geoengage.messaging.phone_recording import write_consequences
from geoengage.messaging.recording import Flight, push_of
from geoengage.messaging.rules import (
    NEVER_REPEAT,
    Attempt,
    Blocker,
    Going,
    Limit,
    MessageChannel,
    Misconfigured,
    Outcome,
    Paused,
    Policy,
    Purpose,
    Rewritten,
    Route,
    Skipped,
    Status,
    Unknown,
    Waiting,
    Written,
    after_silence,
    while_paused,
)
from geoengage.messaging.rules.phone import PHONE_CHANNELS
from geoengage.messaging.rules.sms import country_of
from geoengage.messaging.senders import Senders, open_senders
from geoengage.messaging.store import Claim, Queue
from geoengage.profiles import store as profiles_store
from geoengage.profiles.rules import Reach

MAX_CLAIM = 200
RECORD_EVERY_S = 0.05
_LEAST_CLAIM = 10
_ROOM_S = 0.2  # about how long a mail server takes for an e-mail
# Writes messages that name a content item again, where the item has changed since (`campaigns/by_reference.py`).
Rewrite = Callable[[Session, TenantId, Sequence[Written]], Awaitable[Mapping[UUID, Rewritten]]]
# Counts what stores spend; names messages for which a store has nothing left (`marketplace/service/spending.py`).
Spend = Callable[[Session, TenantId, str, Sequence[Going], datetime], Awaitable[Collection[UUID]]]
logger = log.get("messaging")


@dataclass(slots=True)
class _Sorted:
    """Claimed messages by what happens to them: sent now, decided without being sent, put off until later."""

    flights: list[Flight]
    decided: dict[UUID, Outcome]
    put_off: dict[UUID, datetime]


class Deliverer:
    """One worker's sending. What is in flight survives a database that is away: its outcomes are recorded later."""

    def __init__(  # noqa: PLR0913 - all that sending is done with
        self,
        sessions: Sessions,
        senders: Senders,
        settings: WorkerSettings,
        *,
        clock: Callable[[], datetime] = utc_now,
        jitter: Callable[[], float] = random.random,
        ring: Callable[[], None] = lambda: None,
        ring_others: Callable[[], None] = lambda: None,
        queues: Sequence[Queue] = (Queue.URGENT, Queue.PATIENT),
        rewrite: Rewrite | None = None,
        spend: Spend | None = None,
    ) -> None:
        self._sessions = sessions
        self._senders = senders
        self._pace = Pace(sessions)
        self._queues = queues
        self._settings = settings
        self._clock = clock
        self._rewrite, self._spend = rewrite, spend
        self._jitter = jitter
        self._ring, self._ring_others = ring, ring_others
        self._was_full = False
        self._narrowed: dict[TenantId, int] = {}  # how many a tenant is claimed at once while a mail server is busy
        self._lease = new_id()
        self.took_off = Ear()  # hears of each claim that sends something: then there is something to land
        self._flying: dict[asyncio.Task[Outcome], Flight] = {}
        self._done = 0
        self._half_done = asyncio.Event()

    async def step(self) -> bool:
        """One round of both loops; False when nothing is to be done."""
        claimed = await self.claim()
        return await self.land() or claimed  # in this order: when all slots were taken, more may be due behind them

    async def finish(self) -> None:
        """Claim nothing more; wait for what is in flight and record it."""
        while await self.land():
            pass

    async def deliver_once(self, tenant_id: TenantId) -> int:
        """Claim one batch of a tenant, send and record all of it; returns how many messages were taken."""
        limit, claimed = min(MAX_CLAIM, self._settings.send_concurrency), 0
        for queue in self._queues:
            claimed += await self._claim(tenant_id, queue, limit)
        await self.finish()
        return claimed

    # --- claim

    async def claim(self) -> bool:
        """Claim for whoever has work, and let it fly; whether anything was claimed. Ends when all slots are taken."""
        free = self._settings.send_concurrency - len(self._flying)
        self._was_full = free <= 0
        if self._was_full:
            return False
        claimed = 0
        for queue in self._queues:
            claimed += await self._claim_queue(queue)
        return claimed > 0

    async def _claim_queue(self, queue: Queue) -> int:
        free = self._settings.send_concurrency - len(self._flying)
        async with glance(self._sessions) as session:  # cross-tenant: only to find who has work
            tenants = await store.list_due_tenants(session, self._clock(), queue)
        random.shuffle(tenants)  # when slots are few, no tenant is always last
        claimed = 0
        for tenant_id in tenants[: max(0, free)]:
            claimed += await self._claim(tenant_id, queue, min(MAX_CLAIM, max(1, free // len(tenants))))
        return claimed

    async def _claim(self, tenant_id: TenantId, queue: Queue, limit: int) -> int:
        now = self._clock()
        limit = min(limit, self._narrowed.get(tenant_id, limit))

        async def work(session: Session) -> tuple[int, list[Flight]]:
            return await self._check_claimed(session, tenant_id, queue, limit, now)

        claimed, flights = await retried(self._sessions, tenant_id, work)
        for flight in flights:
            task = asyncio.create_task(self._send(flight))
            task.add_done_callback(self._count_done)
            self._flying[task] = flight
        if flights:
            self.took_off.hear()
        if claimed > len(flights):
            self._ring()
        return claimed

    async def _check_claimed(
        self, session: Session, tenant_id: TenantId, queue: Queue, limit: int, now: datetime
    ) -> tuple[int, list[Flight]]:
        until = now + timedelta(seconds=self._settings.lease_s)
        claim = await store.claim_due_messages(
            session, tenant_id, self._lease, now, until=until, limit=limit, queue=queue
        )
        if claim.policy is None:
            return 0, []
        words = await self._rewritten(session, tenant_id, claim.messages)
        messages = [_with_words(waiting, words.get(waiting.id)) for waiting in claim.messages]
        known, pauses = await self._look(session, tenant_id, claim, claim.policy, now)
        sorted_ = _Sorted([], {}, {})
        for waiting in messages:
            found = known.decide(waiting)
            fault = words[waiting.id].fault if waiting.id in words else None
            if isinstance(found, Flight) and fault is not None:
                sorted_.decided[waiting.id] = Misconfigured(fault, "")
            elif isinstance(found, Flight):
                sorted_.flights.append(found)
            else:
                sorted_.decided[waiting.id] = found
        self._hold_back_paused(sorted_, pauses)
        if queue is not Queue.URGENT:  # those are few, and marketing must not use up what they need
            await self._hold_back_above_limit(sorted_, now)
        without_room = self._hold_back_without_room(sorted_, now)
        without_room += await self._hold_back_beyond_means(session, known, pauses, sorted_, now)
        self._note_room(tenant_id, sorted_, without_room)
        lost = [recording.changed(m, Status.UNKNOWN, "worker_lost", now) for m in messages if m.id in claim.lost]
        if lost:
            logger.warning("a worker died while sending; sending again", tenant=str(tenant_id), messages=len(lost))
        told = await recording.write(session, tenant_id, {m.id: m for m in messages}, {}, sorted_.decided, now)
        async with pipelined(session, last=True):
            await store.set_ways(session, tenant_id, [f.way for f in sorted_.flights if f.way is not None])
            await store.set_words(session, tenant_id, words)
            await store.set_sending(session, tenant_id, _ids_by_channel(sorted_.flights))
            await store.put_off(session, tenant_id, self._lease, sorted_.put_off)
            await events.publish(session, tenant_id, lost + told, now)
        return len(claim.messages) - without_room, sorted_.flights

    async def _look(
        self, session: Session, tenant_id: TenantId, claim: Claim, policy: Policy, now: datetime
    ) -> tuple[Round, Mapping[Route, Paused]]:
        """Read what the check needs, and the pauses; where all are plain pushes it is one trip."""
        devices = {m.device_id for m in claim.messages if m.device_id is not None}
        async with pipelined(session):
            asked = await profiles_store.ask_recipients(session, tenant_id, devices)
            accounts = await store.ask_firebase_senders(session, tenant_id, devices)
            pauses = await store.ask_pauses(session, tenant_id, now)
        recipients = asked()
        own = dict(await self._senders.open(session, tenant_id, accounts()))
        people = {m.person_id for m in claim.messages if not m.is_plain}
        reaches = await profiles_store.list_reaches(session, tenant_id, people) if people else {}
        others = {d.app_id for r in reaches.values() for d in r.devices} - {r.app_id for r in recipients.values()}
        if others:
            own |= await self._senders.load(session, tenant_id, others)
        mailed = [m for m in claim.messages if MessageChannel.EMAIL in m.channels]
        stores = {m.store_id for m in mailed if m.store_id is not None}
        mailers = await self._senders.load_mail(session, tenant_id, stores) if mailed else []
        phones = await self._look_at_phones(session, tenant_id, claim, policy, reaches, now)
        talks = {m.answering.conversation_id for m in claim.messages if m.answering is not None}
        stopped = await store.list_stopped(session, tenant_id, talks) if talks else frozenset()
        looked = Round(tenant_id, policy, now, self._senders, recipients, reaches, own, mailers, phones, stopped)
        return looked, pauses()

    async def _look_at_phones(
        self,
        session: Session,
        tenant_id: TenantId,
        claim: Claim,
        policy: Policy,
        reaches: Mapping[UUID, Reach],
        now: datetime,
    ) -> Phones | None:
        """The accounts that WhatsApp, SMS and Viber go by, and who of these people wrote to them when."""
        called = [m for m in claim.messages if not PHONE_CHANNELS.isdisjoint(m.channels)]
        if not called:
            return None
        return await load_phones(
            session, tenant_id, self._senders.phones, {m.store_id for m in called if m.store_id is not None},
            policy, [reaches[m.person_id] for m in called if m.person_id in reaches], now,
        )  # fmt: skip

    async def _rewritten(
        self, session: Session, tenant_id: TenantId, messages: Sequence[Waiting]
    ) -> Mapping[UUID, Rewritten]:
        """The words of messages whose content item has changed since they were written."""
        naming = [m for m in messages if m.wording is not None]
        return await self._rewrite(session, tenant_id, naming) if naming and self._rewrite is not None else {}

    def _hold_back_paused(self, sorted_: _Sorted, pauses: Mapping[Route, Paused]) -> None:
        """What a refused account holds back is `misconfigured` at once; what a project asked for waits silently."""
        if not pauses:
            return
        free = []
        for flight in sorted_.flights:
            waiting, held = flight.waiting, _longest(pauses, flight)
            if held is None:
                free.append(flight)
            elif held[0] == flight.sender.project:
                sorted_.put_off[waiting.id] = self._spread(held[1].until, waiting)
            else:
                _, paused = held
                outcome = while_paused(paused.reason, paused.answer, paused.until, waiting.expires_at)
                sorted_.decided[waiting.id] = outcome
        sorted_.flights = free

    async def _hold_back_above_limit(self, sorted_: _Sorted, now: datetime) -> None:
        """Let a project have what its limit allows, oldest message first."""
        by_project: dict[tuple[Route, Limit], list[Flight]] = defaultdict(list)
        for flight in sorted_.flights:
            if flight.sender.limit is not None and flight.sender.project is not None:
                by_project[flight.sender.project, flight.sender.limit].append(flight)
        for (route, limit), flights in by_project.items():
            given = await self._pace.take(route, limit, len(flights), now)
            for flight in flights[given.granted :]:
                sorted_.put_off[flight.waiting.id] = min(given.next_at or now, flight.waiting.expires_at)
        if sorted_.put_off:
            sorted_.flights = [f for f in sorted_.flights if f.waiting.id not in sorted_.put_off]

    def _note_room(self, tenant_id: TenantId, sorted_: _Sorted, without_room: int) -> None:
        """While a mail server is busy claim about what it takes, and again when something has landed: else a long queue
        would be claimed and put off over and over."""
        if without_room:
            self._narrowed[tenant_id] = max(_LEAST_CLAIM, 2 * len(sorted_.flights))
            self._was_full = True
        else:
            self._narrowed.pop(tenant_id, None)

    def _hold_back_without_room(self, sorted_: _Sorted, now: datetime) -> int:
        """A mail server takes few connections: what finds none waits in the database, not in memory. How many do."""
        left: dict[int, int] = {}
        before = len(sorted_.put_off)
        for flight in sorted_.flights:
            room = flight.sender.room
            if room is None:
                continue
            channel = id(flight.sender.channel)
            left[channel] = left.get(channel, room) - 1
            if left[channel] < 0:
                wait = timedelta(seconds=_ROOM_S * (1 - left[channel] / max(1, room)))
                sorted_.put_off[flight.waiting.id] = min(now + wait, flight.waiting.expires_at)
        if sorted_.put_off:
            sorted_.flights = [f for f in sorted_.flights if f.waiting.id not in sorted_.put_off]
        return len(sorted_.put_off) - before

    async def _hold_back_beyond_means(
        self, session: Session, known: Round, pauses: Mapping[Route, Paused], sorted_: _Sorted, now: datetime
    ) -> int:
        """What a store has no money left for takes a channel that costs nothing, else it is skipped; what goes is
        counted. Last, so that it counts what goes. How many then find no room.

        Each round tries a later channel of its messages, so there are no more rounds than channels.
        """
        asked, without_room = sorted_.flights, 0
        while asked and self._spend is not None:
            others = {f.waiting.id: other for f in asked if (other := known.instead_of(f)) is not None}
            going = [each for f in asked if (each := _going(f, has_other=f.waiting.id in others)) is not None]
            if not going:
                break
            beyond = await self._spend(session, known.tenant_id, known.policy.timezone, going, now)
            sorted_.decided |= {id_: Skipped((Blocker.SPEND_LIMIT,)) for id_ in beyond if id_ not in others}
            sorted_.flights = [f for f in sorted_.flights if f.waiting.id not in beyond]
            turned = _Sorted([others[id_] for id_ in others if id_ in beyond], sorted_.decided, sorted_.put_off)
            self._hold_back_paused(turned, pauses)
            await self._hold_back_above_limit(turned, now)
            sorted_.flights += turned.flights
            without_room += self._hold_back_without_room(sorted_, now)  # those before have theirs and keep it
            asked = [f for f in turned.flights if f.waiting.id not in sorted_.put_off]
        return without_room

    def _spread(self, until: datetime, waiting: Waiting) -> datetime:
        """Not all at the same moment, and not later than the message's end, when it is skipped as expired."""
        return min(until + timedelta(seconds=self._jitter() * self._settings.retry_base_s), waiting.expires_at)

    # --- send

    async def _send(self, flight: Flight) -> Outcome:
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
                outcome = await flight.sender.channel.send(push_of(flight), attempt)
        except TimeoutError:
            outcome = after_silence("timeout", attempt)
        except Exception:
            logger.exception("bug in a channel", channel=flight.sender.channel.name, message=str(flight.waiting.id))
            outcome = after_silence("internal_error", attempt)
        once_only = flight.waiting.never_repeat or flight.sender.channel.name in NEVER_REPEAT
        return replace(outcome, retry_at=None) if once_only and isinstance(outcome, Unknown) else outcome

    def _count_done(self, _: asyncio.Task[Outcome]) -> None:
        self._done += 1
        if 2 * self._done >= len(self._flying):
            self._half_done.set()

    # --- record

    async def land(self) -> bool:
        """Wait until half of the sends have ended, at most 50 ms, and record those that did; False when none is flying.

        Half, so that the other half keeps the sockets busy while the database is asked.
        """
        if not self._flying:
            return False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RECORD_EVERY_S):
                await self._half_done.wait()
        landed: dict[TenantId, dict[asyncio.Task[Outcome], Flight]] = defaultdict(dict)
        for task, flight in self._flying.items():
            if task.done():
                landed[flight.tenant_id][task] = flight
        for tenant_id, batch in landed.items():
            await self._record(tenant_id, {f.waiting.id: (f, task.result()) for task, f in batch.items()})
            for task in batch:  # only now: if recording failed, the outcomes are still here for the next try
                del self._flying[task]
        self._done = sum(task.done() for task in self._flying)
        self._half_done.clear()
        if self._flying and 2 * self._done >= len(self._flying):
            self._half_done.set()
        if landed and self._was_full:
            self._ring()
        elif landed:
            self._ring_others()
        return True

    async def _record(self, tenant_id: TenantId, batch: Mapping[UUID, tuple[Flight, Outcome]]) -> None:
        now = self._clock()

        async def work(session: Session) -> None:
            held = await store.lock_leased(session, tenant_id, self._lease, list(batch))
            flights = {id_: batch[id_][0] for id_ in held}
            await write_consequences(session, tenant_id, [batch[id_] for id_ in sorted(held)], now)
            outcomes = {id_: batch[id_][1] for id_ in held}
            messages = {id_: flight.waiting for id_, flight in flights.items()}
            addresses = {id_: flight.address for id_, flight in flights.items()}
            told = await recording.write(session, tenant_id, messages, addresses, outcomes, now)
            await recording.write_statuses(session, tenant_id, batch.values(), now)
            await recording.write_pauses(session, batch.values())
            await events.publish(session, tenant_id, told, now)

        await retried(self._sessions, tenant_id, work)
        for _, outcome in batch.values():
            if isinstance(outcome, Misconfigured):
                logger.error("misconfigured", tenant=str(tenant_id), what=outcome.what, answer=outcome.answer)
                break


def _longest(pauses: Mapping[Route, Paused], flight: Flight) -> tuple[Route, Paused] | None:
    """The pause that holds a message back for longest, with its route."""
    held = [(route, pauses[route]) for route in flight.sender.routes(flight.platform) if route in pauses]
    return max(held, key=lambda pair: pair[1].until, default=None)


def _going(flight: Flight, *, has_other: bool) -> Going | None:
    """What it is to who counts money; None: it is no store's."""
    waiting, channel = flight.waiting, flight.sender.channel.name
    if waiting.store_id is None:
        return None
    country = "" if flight.note is None or flight.note.is_handle else country_of(flight.note.to) or ""
    is_first = waiting.attempts == 0 or waiting.channel != channel
    may_wait = waiting.purpose == Purpose.MARKETING
    return Going(
        waiting.id, waiting.store_id, channel, country, is_first=is_first, may_wait=may_wait, has_other=has_other
    )


def _with_words(waiting: Waiting, words: Rewritten | None) -> Waiting:
    if words is None:
        return waiting
    return replace(waiting, title=words.title, body=words.body, expires_at=words.expires_at, push=words.push)


def _ids_by_channel(flights: Sequence[Flight]) -> dict[str, list[UUID]]:
    ids: dict[str, list[UUID]] = defaultdict(list)
    for flight in flights:
        ids[flight.sender.channel.name].append(flight.waiting.id)
    return ids


@contextlib.asynccontextmanager
async def deliverer(
    sessions: Sessions,
    settings: Settings,
    bell: Bell,
    clock: Callable[[], datetime] = utc_now,
    *,
    queues: Sequence[Queue] = (Queue.URGENT, Queue.PATIENT),
    rewrite: Rewrite | None = None,
    spend: Spend | None = None,
) -> AsyncIterator[Deliverer]:
    """The worker's sending, or that of one of its queues. Leaving finishes what is in flight.

    Its `claim` and `land` are the bodies of two loops, to be called again at once while they say True.
    """
    async with open_senders(settings, clock) as senders:
        made = Deliverer(
            sessions, senders, settings.worker, clock=clock, ring=bell.ring, ring_others=bell.ring_others,
            queues=queues, rewrite=rewrite, spend=spend,
        )  # fmt: skip
        yield made
        await made.finish()
