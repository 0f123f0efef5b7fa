"""Delivery with real commits against the local FCM server: each message once, checked last, recorded always.

Time is an argument: `Clock` stands still until a test moves it.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit import events
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Sessions, make_sessions, transaction
from geoengage.kit.events import Bell
from geoengage.kit.ids import new_id
from geoengage.kit.settings import FcmSettings, Settings, WorkerSettings
from geoengage.messaging import service
from geoengage.messaging.jobs import Deliverer, deliverer
from geoengage.messaging.models import Message, MessageDue
from geoengage.messaging.rules import Draft, MessageChanged
from geoengage.messaging.senders import open_senders
from geoengage.presence.models import Visit
from geoengage.profiles.models import Device
from tests.factories import World, make_world
from tests.providers.fcm_server import DEADLY, FcmServer

NOW = utc_now().replace(microsecond=0)


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Outbox:
    """A tenant's outbox with a worker beside it."""

    engine: AsyncEngine
    sessions: Sessions
    world: World
    clock: Clock
    worker: Deliverer
    make_worker: Callable[..., Deliverer]
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10_000)))

    async def queue(self, count: int = 1, device: dict[str, object] | None = None, **over: object) -> list[UUID]:
        """Messages to `count` new devices, whose addresses are phone-0, phone-1, …; returns the message ids."""
        drafts = []
        async with transaction(self.sessions, self.world.tenant_id) as session:
            for _ in range(count):
                values: dict[str, object] = {
                    "app_id": self.world.app_id, "platform": "android", "push_provider": "fcm",
                    "push_kind": "fcm_token", "push_address": f"phone-{next(self.numbers)}", "location": "granted",
                    "marketing_push": "granted",
                } | (device or {})  # fmt: skip
                id_ = new_id()
                session.add(Device(tenant_id=self.world.tenant_id, id=id_, **values))
                drafts.append(self.draft(id_, **over))
            await session.flush()
            return await service.enqueue(session, self.world.tenant_id, drafts, self.clock.now)

    async def queue_to(self, device_id: UUID, **over: object) -> UUID:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            draft = self.draft(device_id, **over)
            return (await service.enqueue(session, self.world.tenant_id, [draft], self.clock.now))[0]

    def draft(self, device_id: UUID, **over: object) -> Draft:
        values: dict[str, object] = {
            "device_id": device_id, "person_id": device_id, "campaign_id": new_id(), "zone_id": new_id(),
            "title": "Hoi", "body": "Kaffee", "collapse_key": "coffee", "occurrence": new_id(),
            "expires_at": self.clock.now + timedelta(minutes=10),
        } | over  # fmt: skip
        return Draft(**values)  # type: ignore[arg-type]

    async def deliver(self, worker: Deliverer | None = None) -> int:
        return await (worker or self.worker).deliver_once(self.world.tenant_id)

    async def messages(self) -> dict[UUID, Message]:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            return {m.id: m for m in (await session.execute(select(Message))).scalars()}

    async def message(self, id_: UUID) -> Message:
        return (await self.messages())[id_]

    async def due(self) -> dict[UUID, datetime]:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            return {d.message_id: d.due_at for d in (await session.execute(select(MessageDue))).scalars()}

    async def told(self, id_: UUID) -> list[tuple[str, str | None]]:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            rows = await events.read(session, self.world.tenant_id, 0, 10_000)
        changes = [r.as_(MessageChanged) for r in rows if r.type == "message.changed"]
        return [(c.status, c.reason) for c in changes if c.message_id == id_]

    async def sends_counted(self, id_: UUID) -> int:
        person = (await self.message(id_)).person_id
        async with transaction(self.sessions, self.world.tenant_id) as session:
            return len((await service.lock_budgets(session, self.world.tenant_id, [person], NOW))[person].sends)

    async def set_device(self, id_: UUID, **values: object) -> None:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            await session.execute(update(Device).where(Device.id == id_).values(**values))


WORKER = WorkerSettings(send_concurrency=64, retry_base_s=2.0, lease_s=30.0)


@pytest.fixture
def fcm_settings(fcm: FcmServer, tmp_path: Path) -> FcmSettings:
    return FcmSettings(
        base_url=fcm.url, credentials_file=fcm.write_credentials(tmp_path / "account.json"), timeout_s=20
    )


@pytest.fixture
async def outbox(committed: AsyncEngine, fcm_settings: FcmSettings, settings: Settings) -> AsyncIterator[Outbox]:
    sessions, clock = make_sessions(committed), Clock()
    async with sessions() as session:
        world = await make_world(session)
    async with open_senders(settings.model_copy(update={"fcm": fcm_settings}), clock) as senders:

        def make_worker(worker: WorkerSettings = WORKER) -> Deliverer:
            return Deliverer(sessions, senders, worker, clock=clock, jitter=lambda: 0.5)

        yield Outbox(committed, sessions, world, clock, make_worker(), make_worker)


@contextlib.contextmanager
def counted(engine: AsyncEngine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine.sync_engine, "before_cursor_execute", note)


# --- the good way ------------------------------------------------------------------------------------------------


async def test_messages_are_sent_and_recorded(outbox: Outbox, fcm: FcmServer) -> None:
    ids = await outbox.queue(20, data={"link": "https://shop.example/o"})
    with counted(outbox.engine) as statements:
        assert await outbox.deliver() == 20
    assert len(statements) <= 14  # a claim (5), a draw from the limit (3), two records (3 each), however many messages
    assert await outbox.deliver() == 0
    messages = await outbox.messages()
    assert Counter(call.target for call in fcm.accepted()) == Counter(f"phone-{n}" for n in range(20))
    assert {(m.status, m.channel, m.attempts, m.reason) for m in messages.values()} == {("sent", "fcm", 1, None)}
    assert all((m.provider_answer or "").startswith("projects/") for m in messages.values())
    assert messages[ids[0]].sent_at == NOW
    assert await outbox.due() == {}
    assert await outbox.told(ids[0]) == [("queued", None), ("sent", None)]
    wire = fcm.accepted()[0].message
    message = messages[UUID(wire["data"]["message_id"])]
    assert wire["data"] == {
        "message_id": str(message.id),
        "campaign_id": str(message.campaign_id),
        "zone_id": str(message.zone_id),
        "link": "https://shop.example/o",
    }
    assert wire["android"]["ttl"] == "600s"
    assert wire["android"]["collapse_key"] == wire["apns"]["headers"]["apns-collapse-id"] == "coffee"


async def test_two_workers_send_each_message_once(outbox: Outbox, fcm: FcmServer) -> None:
    ids = await outbox.queue(200)
    fcm.delay_s = 0.005
    other = outbox.make_worker()

    async def drain(worker: Deliverer) -> int:
        taken = 0
        while batch := await outbox.deliver(worker):
            taken += batch
        return taken

    taken = await asyncio.gather(drain(outbox.worker), drain(other))
    assert sum(taken) == 200
    assert min(taken) > 0
    assert Counter(call.message_id for call in fcm.calls) == Counter(str(id_) for id_ in ids)
    assert {m.status for m in (await outbox.messages()).values()} == {"sent"}


async def test_no_more_is_claimed_than_can_be_sent_at_once(outbox: Outbox, fcm: FcmServer) -> None:
    await outbox.queue(100)
    fcm.delay_s = 0.02
    assert await outbox.deliver() == WORKER.send_concurrency
    assert fcm.most_at_once <= WORKER.send_concurrency
    assert len(await outbox.due()) == 100 - WORKER.send_concurrency


async def test_step_serves_all_tenants_and_says_when_idle(outbox: Outbox, fcm: FcmServer) -> None:
    async with outbox.sessions() as session:
        second = await make_world(session)
    neighbour = Outbox(
        outbox.engine, outbox.sessions, second, outbox.clock, outbox.worker, outbox.make_worker, outbox.numbers
    )
    mine, theirs = await outbox.queue(2), await neighbour.queue(2)
    fcm.stall_s = 0.06
    fcm.fail_target("phone-0", "stall")
    steps = 0
    while await outbox.worker.step():
        steps += 1
    assert 1 <= steps <= 4
    assert {call.message_id for call in fcm.accepted()} == {str(id_) for id_ in mine + theirs}
    assert (await neighbour.message(theirs[0])).status == "sent"
    assert not await outbox.worker.step()


async def test_step_is_not_idle_while_anything_is_due(outbox: Outbox, fcm: FcmServer) -> None:
    await outbox.queue(8)
    worker = outbox.make_worker(WORKER.model_copy(update={"send_concurrency": 4}))
    fcm.delay_s = 0.075  # the first step lands none; the second finds no free slot and lands all four
    while await worker.step():
        pass
    assert await outbox.due() == {}
    assert len(fcm.accepted()) == 8


async def test_a_new_message_waits_for_no_answer_to_an_older_one(outbox: Outbox, fcm: FcmServer) -> None:
    fcm.stall_s = 1.0
    fcm.fail_next("stall")
    (stalled,) = await outbox.queue()
    assert await outbox.worker.claim()
    landing = asyncio.create_task(outbox.worker.land())
    (new,) = await outbox.queue()
    assert await outbox.worker.claim()
    await landing
    while (await outbox.message(new)).status != "sent":
        await outbox.worker.land()
    assert (await outbox.message(stalled)).status == "sending"
    await outbox.worker.finish()


async def test_test_devices_go_to_the_preview(outbox: Outbox, fcm: FcmServer) -> None:
    (id_,) = await outbox.queue(device={"is_test": True, "push_address": None})
    await outbox.deliver()
    message = await outbox.message(id_)
    assert (message.status, message.channel) == ("sent", "preview")
    assert fcm.calls == []


async def test_leaving_the_worker_finishes_what_is_in_flight(
    outbox: Outbox, fcm: FcmServer, fcm_settings: FcmSettings, settings: Settings
) -> None:
    (id_,) = await outbox.queue()
    fcm.stall_s = 0.09
    fcm.fail_next("stall")
    installed = settings.model_copy(update={"fcm": fcm_settings, "worker": WORKER})
    bell = Bell("postgresql+psycopg://nowhere")
    async with deliverer(outbox.sessions, installed, bell, outbox.clock) as worker:
        assert await worker.claim()
        assert (await outbox.message(id_)).status == "sending"
    assert (await outbox.message(id_)).status == "sent"


# --- the last check ----------------------------------------------------------------------------------------------


async def test_expired_messages_are_skipped_and_cost_no_budget(outbox: Outbox, fcm: FcmServer) -> None:
    (id_,) = await outbox.queue()
    assert await outbox.sends_counted(id_) == 1
    outbox.clock.forward(601)
    await outbox.deliver()
    message = await outbox.message(id_)
    assert (message.status, message.reason, message.blockers, message.attempts) == (
        "skipped",
        "expired",
        ["expired"],
        0,
    )
    assert await outbox.told(id_) == [("queued", None), ("skipped", "expired")]
    assert await outbox.sends_counted(id_) == 0
    assert await outbox.due() == {}
    assert fcm.calls == []


async def test_stop_all_skips_what_waits_even_for_a_later_try(outbox: Outbox, fcm: FcmServer) -> None:
    fcm.fail_next("quota")
    (retrying,) = await outbox.queue()
    await outbox.deliver()
    assert (await outbox.due())[retrying] > NOW
    (fresh,) = await outbox.queue()
    async with transaction(outbox.sessions, outbox.world.tenant_id) as session:
        await service.stop_sending(session, outbox.world.tenant_id, "me", "wrong price", NOW)
    await outbox.deliver()
    for id_ in (retrying, fresh):
        message = await outbox.message(id_)
        assert (message.status, message.reason) == ("skipped", "sending_stopped")
    assert len(fcm.calls) == 1
    async with transaction(outbox.sessions, outbox.world.tenant_id) as session:
        await service.resume_sending(session, outbox.world.tenant_id, "me", NOW)
    outbox.clock.forward(2)  # the project asked for one second
    (after,) = await outbox.queue()
    await outbox.deliver()
    assert (await outbox.message(after)).status == "sent"


@pytest.mark.parametrize(
    "gate, reason", [("campaign:c", "campaign_inactive"), ("zone:z", "zone_unpublished"), ("tenant", "sending_stopped")]
)
async def test_closed_gates_skip(outbox: Outbox, fcm: FcmServer, gate: str, reason: str) -> None:
    (behind,) = await outbox.queue(gates=("campaign:c", "zone:z"))
    async with transaction(outbox.sessions, outbox.world.tenant_id) as session:
        await service.close_gate(session, outbox.world.tenant_id, gate, "test", NOW)
    (beside,) = await outbox.queue(gates=("campaign:d",))
    await outbox.deliver()
    assert (await outbox.message(behind)).reason == reason
    assert (await outbox.message(beside)).status == ("skipped" if gate == "tenant" else "sent")


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"location": "denied"}, "no_consent"),
        ({"marketing_push": "denied"}, "no_consent"),
        ({"push_address": None}, "no_address"),
        ({"push_retired_at": NOW}, "no_address"),
    ],
)
async def test_changes_of_the_device_count_until_the_socket(
    outbox: Outbox, fcm: FcmServer, change: dict[str, object], reason: str
) -> None:
    (id_,) = await outbox.queue()
    await outbox.set_device((await outbox.message(id_)).device_id, **change)
    await outbox.deliver()
    message = await outbox.message(id_)
    assert (message.status, message.reason) == ("skipped", reason)
    assert fcm.calls == []


async def test_the_end_of_the_visit_ends_the_message(outbox: Outbox, fcm: FcmServer) -> None:
    visit = new_id()
    (id_,) = await outbox.queue(visit_id=visit)
    (open_id,) = await outbox.queue(visit_id=new_id())
    async with transaction(outbox.sessions, outbox.world.tenant_id) as session:
        session.add(
            Visit(
                tenant_id=outbox.world.tenant_id, id=visit, device_id=new_id(), zone_id=new_id(), zone_version=1,
                entered_at=NOW, exited_at=NOW,
            )
        )  # fmt: skip
    await outbox.deliver()
    assert (await outbox.message(id_)).reason == "visit_ended"
    assert (await outbox.message(open_id)).status == "sent"


async def test_what_is_transactional_waits_for_no_hour_and_asks_for_no_marketing_consent(
    outbox: Outbox, fcm: FcmServer
) -> None:
    async with transaction(outbox.sessions, outbox.world.tenant_id) as session:
        await session.execute(
            text("UPDATE tenant SET quiet_start = '00:00', quiet_end = '23:59:59' WHERE id = :id"),
            {"id": outbox.world.tenant_id},
        )
    order: dict[str, object] = {"campaign_id": None, "zone_id": None, "purpose": "transactional"}
    (ready,) = await outbox.queue(device={"marketing_push": "denied"}, **order)
    (offer,) = await outbox.queue(device={"marketing_push": "denied"}, **(order | {"purpose": "marketing"}))
    await outbox.deliver()
    assert [call.target for call in fcm.accepted()] == ["phone-0"]
    assert (await outbox.message(ready)).status == "sent"
    assert (await outbox.message(offer)).blockers == ["no_consent", "quiet_hours"]


async def test_quiet_hours_are_judged_again_in_the_messages_zone(outbox: Outbox, fcm: FcmServer) -> None:
    start, end = NOW.time(), (NOW + timedelta(hours=1)).time()
    async with transaction(outbox.sessions, outbox.world.tenant_id) as session:
        await session.execute(
            text("UPDATE tenant SET quiet_start = :start, quiet_end = :end, timezone = 'UTC' WHERE id = :id"),
            {"start": start, "end": end, "id": outbox.world.tenant_id},
        )
    (quiet,) = await outbox.queue()
    (elsewhere,) = await outbox.queue(timezone="Asia/Tokyo")
    (service_message,) = await outbox.queue(purpose="service")
    await outbox.deliver()
    assert (await outbox.message(quiet)).reason == "quiet_hours"
    assert (await outbox.message(elsewhere)).status == "sent"
    assert (await outbox.message(service_message)).status == "sent"


# --- trouble -----------------------------------------------------------------------------------------------------


async def test_a_temporary_failure_is_tried_again_when_asked(outbox: Outbox, fcm: FcmServer) -> None:
    fcm.retry_after = "20"
    fcm.fail_next("unavailable")
    (id_,) = await outbox.queue()
    await outbox.deliver()
    message = await outbox.message(id_)
    assert (message.status, message.reason, message.attempts) == ("queued", None, 1)
    assert message.provider_answer == "503 UNAVAILABLE scripted unavailable"
    assert await outbox.due() == {id_: NOW + timedelta(seconds=21)}
    assert await outbox.sends_counted(id_) == 1
    outbox.clock.forward(20)
    assert await outbox.deliver() == 0
    outbox.clock.forward(1)
    await outbox.deliver()
    assert (await outbox.message(id_)).status == "sent"
    assert fcm.calls[-1].message["android"]["ttl"] == "579s"
    assert await outbox.told(id_) == [("queued", None), ("sent", None)]


async def test_a_dead_address_is_retired(outbox: Outbox, fcm: FcmServer) -> None:
    fcm.fail_target("phone-0", "unregistered")
    (id_,) = await outbox.queue()
    await outbox.deliver()
    message = await outbox.message(id_)
    assert (message.status, message.reason) == ("failed", "unregistered")
    assert await outbox.sends_counted(id_) == 0
    again = await outbox.queue_to(message.device_id)
    await outbox.deliver()
    assert (await outbox.message(again)).reason == "no_address"
    assert len(fcm.calls) == 1


async def test_an_address_changed_meanwhile_is_not_retired(outbox: Outbox, fcm: FcmServer) -> None:
    fcm.delay_s = 0.05
    fcm.fail_target("phone-0", "unregistered")
    (id_,) = await outbox.queue()
    device_id = (await outbox.message(id_)).device_id
    sending = asyncio.create_task(outbox.deliver())
    await fcm.called.wait()
    await outbox.set_device(device_id, push_address="phone-new")
    await sending
    again = await outbox.queue_to(device_id)
    await outbox.deliver()
    assert (await outbox.message(again)).status == "sent"


async def test_a_lost_answer_is_unknown_and_sent_again_under_the_same_key(outbox: Outbox, fcm: FcmServer) -> None:
    fcm.fail_next("reset", "unavailable")
    (id_,) = await outbox.queue()
    await outbox.deliver()
    assert (await outbox.message(id_)).status == "unknown"
    outbox.clock.forward(10)
    await outbox.deliver()
    message = await outbox.message(id_)
    assert (message.status, message.attempts) == ("unknown", 2)  # a refusal does not prove that the first was lost
    outbox.clock.forward(10)
    await outbox.deliver()
    assert (await outbox.message(id_)).status == "sent"
    assert len(fcm.accepted()) == 2
    assert {call.message["android"]["notification"]["tag"] for call in fcm.accepted()} == {"coffee"}
    assert await outbox.told(id_) == [("queued", None), ("unknown", "connection_lost"), ("sent", None)]


async def test_a_lost_answer_stays_unknown_when_time_is_up(outbox: Outbox, fcm: FcmServer) -> None:
    fcm.fail_next("reset")
    (id_,) = await outbox.queue()
    await outbox.deliver()
    outbox.clock.forward(601)
    await outbox.deliver()
    message = await outbox.message(id_)
    assert (message.status, message.reason) == ("unknown", "expired")
    assert await outbox.due() == {}
    assert await outbox.sends_counted(id_) == 1


async def claimed_by_the_dead(outbox: Outbox, **over: object) -> UUID:
    """A message that a worker was sending when it was killed."""
    (id_,) = await outbox.queue(**over)  # type: ignore[arg-type]
    async with transaction(outbox.sessions, outbox.world.tenant_id) as session:
        await session.execute(text("UPDATE message SET status = 'sending', attempts = 1"))
        await session.execute(
            text("UPDATE message_due SET lease = :lease, due_at = :until"),
            {"lease": new_id(), "until": NOW + timedelta(seconds=30)},
        )
    return id_


async def test_a_dead_lease_is_taken_over_when_it_runs_out(outbox: Outbox, fcm: FcmServer) -> None:
    id_ = await claimed_by_the_dead(outbox)
    outbox.clock.forward(29)
    assert await outbox.deliver() == 0
    outbox.clock.forward(1)
    assert await outbox.deliver() == 1
    message = await outbox.message(id_)
    assert (message.status, message.attempts) == ("sent", 2)
    assert await outbox.told(id_) == [("queued", None), ("unknown", "worker_lost"), ("sent", None)]


async def test_a_dead_lease_on_an_expired_message_stays_unknown(outbox: Outbox, fcm: FcmServer) -> None:
    id_ = await claimed_by_the_dead(outbox)
    outbox.clock.forward(600)
    await outbox.deliver()
    message = await outbox.message(id_)
    assert (message.status, message.reason, message.attempts) == ("unknown", "expired", 1)
    assert fcm.calls == []


async def test_a_worker_that_lost_its_lease_records_nothing(outbox: Outbox, fcm: FcmServer) -> None:
    (id_,) = await outbox.queue()
    fcm.delay_s = 0.05
    slow = asyncio.create_task(outbox.deliver())
    await fcm.called.wait()
    other = new_id()
    async with transaction(outbox.sessions, outbox.world.tenant_id) as session:
        await session.execute(text("UPDATE message_due SET lease = :lease"), {"lease": other})
    await slow
    assert (await outbox.message(id_)).status == "sending"
    assert list(await outbox.due()) == [id_]


async def test_misconfigured_is_visible_at_once_and_mended_while_valid(outbox: Outbox, fcm: FcmServer) -> None:
    fcm.fail_next("iam", "iam")  # the second after renewing the token
    (id_,) = await outbox.queue()
    await outbox.deliver()
    message = await outbox.message(id_)
    assert (message.status, message.reason) == ("misconfigured", "credentials")
    (other,) = await outbox.queue()
    await outbox.deliver()
    assert (await outbox.message(other)).status == "misconfigured"  # paused: not asked
    assert len(fcm.calls) == 2
    outbox.clock.forward(61)
    await outbox.deliver()
    assert {m.status for m in (await outbox.messages()).values()} == {"sent"}
    assert await outbox.told(id_) == [("queued", None), ("misconfigured", "credentials"), ("sent", None)]


async def test_with_a_fifth_of_calls_failing_every_message_ends_as_it_should(outbox: Outbox, fcm: FcmServer) -> None:
    fcm.errors, fcm.seed, fcm.stall_s = 0.2, 3, 0.01
    ids = await outbox.queue(150)
    while due := await outbox.due():
        outbox.clock.now = max(outbox.clock.now, min(due.values()))
        await outbox.deliver()
    messages = await outbox.messages()
    faults = {str(id_): [call.fault for call in fcm.calls if call.message_id == str(id_)] for id_ in ids}
    assert {fault for kinds in faults.values() for fault in kinds} >= {
        "quota",
        "unavailable",
        "reset",
        "stall",
    } | DEADLY
    reached = {call.message_id for call in fcm.accepted()}
    for id_ in ids:
        kinds, message = faults[str(id_)], messages[id_]
        dead = kinds[-1] in DEADLY
        # a death after a lost answer proves nothing of the first try
        expected = ("unknown" if "reset" in kinds else "failed") if dead else "sent"
        assert message.status == expected, (kinds, message.reason)
        assert (str(id_) in reached) == (expected != "failed")
        assert message.attempts == len(kinds)
        assert kinds.count(None) + kinds.count("stall") <= 1  # sent again only after a lost answer
    assert outbox.clock.now < NOW + timedelta(minutes=10)
