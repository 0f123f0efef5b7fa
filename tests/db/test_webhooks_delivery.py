"""Deliveries with real commits against a local receiver: nothing lost, nothing twice beyond its id, nobody held up.

Time is an argument: `Clock` stands still until a test moves it.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit import events, sealed
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Sessions, make_sessions, transaction
from geoengage.kit.event_base import Event
from geoengage.kit.ids import new_id
from geoengage.kit.outbound import Outbound, new_secret, open_outbound
from geoengage.kit.settings import WebhookSettings
from geoengage.messaging.rules import MessageChanged
from geoengage.presence.rules.events import EVENT_CLASSES
from geoengage.venues.rules import VenueChange, VenueChanged
from geoengage.webhooks import service, store
from geoengage.webhooks.jobs import FORGET_AFTER, Courier, forget
from geoengage.webhooks.models import Webhook
from geoengage.webhooks.rules import message_id
from geoengage.webhooks.service.delivery import WINDOW
from geoengage.webhooks.service.secrets import about
from geoengage.worker import LEDGER_DAYS, LEDGER_LAST_DAYS, upkeep_once
from tests.conftest import KEY
from tests.factories import World, make_world
from tests.providers.webhook_receiver import Receiver, closed_port

NOW = utc_now().replace(microsecond=0)
DEVICE = new_id()


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Post:
    """A tenant with a ledger, endpoints and a worker."""

    sessions: Sessions
    world: World
    clock: Clock
    outbound: Outbound
    settings: WebhookSettings
    receiver: Receiver
    worker: Courier
    secrets: dict[UUID, str] = field(default_factory=dict)

    def make_worker(self, **over: Any) -> Courier:
        settings = self.settings.model_copy(update=over)
        return Courier(self.sessions, self.outbound, settings, KEY, clock=self.clock, jitter=lambda: 0.0)

    async def add(self, url: str | None = None, **over: Any) -> UUID:
        """An endpoint, at the receiver unless told otherwise, that hears of what happens from now on."""
        id_, secret, tenant_id = new_id(), new_secret(), self.world.tenant_id
        async with transaction(self.sessions, tenant_id) as session:
            values: dict[str, Any] = {
                "name": "CRM", "url": url or f"{self.receiver.url}/{id_}", "types": [], "status": "active",
                "sealed": sealed.seal(KEY, about(tenant_id, id_), secret.encode()), "created_at": self.clock.now,
                "position": await events.head(session, tenant_id), "failures": 0, "version": 1,
            } | over  # fmt: skip
            session.add(Webhook(tenant_id=tenant_id, id=id_, **values))
        self.receiver.secrets.append(secret)
        self.secrets[id_] = secret
        return id_

    async def tell(self, count: int = 1, kind: str = "entered", **over: Any) -> None:
        """Zone events in the ledger."""
        await self.publish(*(zone_event(kind, self.clock.now, **over) for _ in range(count)))

    async def publish(self, *told: Event) -> None:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            await events.publish(session, self.world.tenant_id, told, self.clock.now)

    async def run(self, worker: Courier | None = None, *, rounds: int = 400) -> None:
        """Until nothing is to be done at this moment."""
        for _ in range(rounds):
            if not await (worker or self.worker).step():
                return
        raise AssertionError("it never ends")

    async def run_for(self, seconds: float, every_s: float) -> None:
        """Let virtual time pass."""
        until = self.clock.now + timedelta(seconds=seconds)
        while self.clock.now < until:
            await self.run()
            self.clock.forward(every_s)
        await self.run()

    async def one(self, webhook_id: UUID) -> Webhook:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            return await store.get_webhook(session, self.world.tenant_id, webhook_id)

    async def statuses(self, webhook_id: UUID) -> Counter[str]:
        rows = await self.rows(
            "SELECT status, count(*) FROM webhook_delivery WHERE webhook_id = :w GROUP BY 1", w=webhook_id
        )
        return Counter(dict(rows))

    async def rows(self, sql: str, **values: Any) -> list[Any]:
        async with self.sessions() as session:
            return [tuple(row) for row in await session.execute(text(sql), values)]

    async def rows_set(self, webhook_id: UUID, **values: Any) -> None:
        """Change columns of an endpoint."""
        async with transaction(self.sessions, self.world.tenant_id) as session:
            webhook = await store.get_webhook(session, self.world.tenant_id, webhook_id, lock=True)
            for name, value in values.items():
                setattr(webhook, name, value)

    async def age(self, days: int) -> None:
        """Everything in the ledger happened so long ago, and every reaction has passed it."""
        async with transaction(self.sessions, None) as session:
            old = {"at": utc_now() - timedelta(days=days), "t": self.world.tenant_id}
            await session.execute(text("UPDATE ledger SET recorded_at = :at"), old)
            await session.execute(
                text("INSERT INTO reaction_cursor VALUES (:t, 'all', 1000) ON CONFLICT DO NOTHING"), old
            )

    async def enable(self, webhook_id: UUID) -> None:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            webhook = await store.get_webhook(session, self.world.tenant_id, webhook_id, lock=True)
            await service.enable(session, owner(self.world), webhook, self.clock.now)

    async def replay(self, webhook_id: UUID, from_: int | datetime) -> None:
        async with transaction(self.sessions, self.world.tenant_id) as session:
            webhook = await store.get_webhook(session, self.world.tenant_id, webhook_id, lock=True)
            await service.replay(session, owner(self.world), webhook, from_, self.clock.now)


def owner(world: World) -> Any:
    from geoengage.tenancy.rules import Principal, PrincipalKind, Scope

    return Principal(world.tenant_id, new_id(), PrincipalKind.OPERATOR, frozenset(Scope))


def zone_event(kind: str, at: datetime, **over: Any) -> Event:
    values: dict[str, Any] = {
        "id": new_id(), "at": at, "device_id": DEVICE, "zone_id": new_id(), "zone_version": 1, "visit_id": new_id(),
        "confidence": 0.75, "evidence": "wifi", "reason": "whole_disc", "late": False,
    } | over  # fmt: skip
    return EVENT_CLASSES[kind](**values)


@pytest.fixture
async def post(committed: AsyncEngine) -> AsyncIterator[Post]:
    sessions, clock = make_sessions(committed), Clock()
    settings = WebhookSettings(allow_loopback=True, timeout_s=5)
    async with sessions() as session:
        world = await make_world(session)
    async with (
        Receiver(clock=lambda: clock.now.timestamp()).running() as receiver,
        open_outbound(timeout_s=5, allow_loopback=True) as outbound,
    ):
        worker = Courier(sessions, outbound, settings, KEY, clock=clock, jitter=lambda: 0.0)
        yield Post(sessions, world, clock, outbound, settings, receiver, worker)


# --- as it should be ----------------------------------------------------------------------------------------------


async def test_an_event_arrives_signed(post: Post) -> None:
    await post.tell()  # before the endpoint: not for it
    id_ = await post.add()
    await post.tell(3)
    await post.run()
    assert post.receiver.positions() == [2, 3, 4]
    first = post.receiver.calls[0]
    assert first.verified
    assert first.id == message_id(id_, 2)
    assert first.headers["content-type"] == "application/json"
    assert first.body["type"] == "zone.entered"
    assert first.body["timestamp"] == NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(first.body["data"]["pseudonym"]) == 16
    assert str(DEVICE) not in str(first.body)
    assert await post.statuses(id_) == {"delivered": 3}
    (row,) = await post.rows("SELECT attempts, tries FROM webhook_delivery WHERE position = 2")
    assert row[0] == 1
    assert (row[1][0]["status"], row[1][0]["answer"]) == (200, "thanks")
    webhook = await post.one(id_)
    assert (webhook.position, webhook.failures, webhook.delivered_at) == (4, 0, NOW)


async def test_each_endpoint_hears_what_it_asked_for(post: Post) -> None:
    shop, other = new_id(), new_id()
    zones = await post.add(types=["zone.exited"])
    sent = await post.add(types=["message.sent", "message.opened"])
    of_shop = await post.add(store_ids=[shop])
    values: dict[str, Any] = {
        "message_id": new_id(), "at": NOW, "device_id": DEVICE, "campaign_id": None, "zone_id": None, "title": "t",
        "body": "b",
    }  # fmt: skip
    await post.publish(
        zone_event("entered", NOW), zone_event("exited", NOW),
        MessageChanged(**values, store_id=other, status="queued", reason=None),
        MessageChanged(**values, store_id=other, status="sent", reason=None),
        MessageChanged(**values, store_id=shop, status="sent", reason="opened"),
        VenueChanged(zone_id=None, mall_id=None, what=VenueChange.MALL_CHANGED),
    )  # fmt: skip
    await post.run()
    heard = {
        path: [c.body["data"]["position"] for c in post.receiver.calls if c.path == f"/{path}"]
        for path in (zones, sent, of_shop)
    }
    assert heard == {zones: [2], sent: [4, 5], of_shop: [5]}
    assert {(await post.one(w)).position for w in (zones, sent, of_shop)} == {6}
    assert not any("title" in call.body["data"] for call in post.receiver.calls)


# --- a receiver that fails ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [500, "nobody"])
async def test_a_receiver_that_fails_for_an_hour_loses_nothing_and_gets_nothing_twice(post: Post, fault: Any) -> None:
    """Events every minute, before, while and after it fails; virtual time."""
    id_ = await post.add()
    told = 0

    async def minutes(count: int) -> None:
        nonlocal told
        for _ in range(count):
            await post.tell(2)
            told += 2
            await post.run_for(60, 20)

    await minutes(5)
    assert post.receiver.positions() == list(range(1, told + 1))
    well = f"{post.receiver.url}/{id_}"
    if fault == "nobody":
        await post.rows_set(id_, url=closed_port())
    else:
        post.receiver.fail_with(fault)
    await minutes(60)
    assert len(post.receiver.accepted()) == 10
    assert (await post.one(id_)).status == "active"
    asked = len(post.receiver.calls)
    assert asked < 60, "left alone while it fails, not hammered"
    await post.rows_set(id_, url=well)
    post.receiver.fail_with(None)
    await minutes(10)
    assert sorted(post.receiver.positions()) == list(range(1, told + 1)), "nothing lost, and nothing accepted twice"
    assert {c.id for c in post.receiver.calls} == {message_id(id_, n) for n in range(1, told + 1)}, "one id an event"
    assert await post.statuses(id_) == {"delivered": told}
    assert all(call.verified for call in post.receiver.calls), "each try carries its own time"
    assert (await post.one(id_)).failing_since is None


async def test_it_is_back_within_a_tenth_of_the_outage(post: Post) -> None:
    await post.add()
    post.receiver.fail_with(503)
    await post.tell(20)
    await post.run_for(3600, 10)
    post.receiver.fail_with(None)
    before = post.clock.now
    while len(post.receiver.accepted()) < 20:
        assert post.clock.now - before < timedelta(minutes=7)
        post.clock.forward(10)
        await post.run()


async def test_what_it_answers_for_three_days_until_it_is_given_up(post: Post) -> None:
    """Ten tries by the schedule; then it is disabled, the ledger says so, and enabling it loses nothing."""
    id_ = await post.add(types=["zone.entered"])
    listener = await post.add(types=["webhook.disabled"])
    await post.tell()
    post.receiver.fail_with(500)
    await post.run()
    for wait_s in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000):
        post.clock.forward(wait_s)
        await post.run()
    assert (await post.one(id_)).status == "active"
    assert len(post.receiver.calls) == 9
    post.clock.forward(86_400)
    post.receiver.fail_with(None)
    post.receiver.refuse = {"zone.entered"}
    await post.run()
    webhook = await post.one(id_)
    assert (webhook.status, webhook.disabled_reason, webhook.disabled_at) == ("disabled", "dead", post.clock.now)
    told = [c.body for c in post.receiver.calls if c.path == f"/{listener}"]
    assert [(b["type"], b["data"]["webhook_id"], b["data"]["reason"]) for b in told] == [
        ("webhook.disabled", str(id_), "dead")
    ]
    await post.tell(2)
    post.receiver.refuse = set()
    await post.run_for(7 * 86_400, 86_400)
    assert len([c for c in post.receiver.calls if c.path == f"/{id_}"]) == 10, "nothing is sent to it"
    await post.enable(id_)
    await post.run()
    assert sorted(post.receiver.positions()[1:]) == [1, 3, 4]  # 2 is the notice
    assert await post.statuses(id_) == {"delivered": 3}


async def test_an_event_that_is_refused_alone_is_given_up_alone(post: Post) -> None:
    id_ = await post.add()
    post.receiver.refuse = {"zone.dwelled"}
    await post.tell(kind="dwelled", dwell_s=300)
    for wait_s in (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400):
        post.clock.forward(wait_s)
        await post.tell()
        await post.run()
    assert await post.statuses(id_) == {"delivered": 10, "failed": 1}
    assert ((await post.one(id_)).status, len(post.receiver.accepted())) == ("active", 10)


async def test_410_disables_and_429_is_left_alone(post: Post) -> None:
    gone, busy = await post.add(), await post.add(types=["zone.entered"])
    await post.tell()
    post.receiver.fail_with(410)
    await post.rows_set(busy, url=closed_port())
    await post.run()
    assert (await post.one(gone)).disabled_reason == "gone"
    post.receiver.calls.clear()
    post.receiver.fail_with(429)
    post.receiver.headers["Retry-After"] = "120"
    await post.rows_set(busy, url=f"{post.receiver.url}/busy")
    post.clock.forward(6)
    await post.run()
    await post.tell(5)
    await post.run()
    assert len(post.receiver.calls) == 1
    assert (await post.one(busy)).held_until == post.clock.now + timedelta(seconds=120)
    post.clock.forward(119)
    await post.run()
    assert len(post.receiver.calls) == 1
    post.receiver.fail_with(None)
    post.clock.forward(1)
    await post.run()
    assert {c.path for c in post.receiver.calls} == {"/busy"}
    assert (await post.statuses(busy))["delivered"] >= 5


# --- crashes ------------------------------------------------------------------------------------------------------


async def test_a_crash_between_sending_and_recording_sends_the_same_id_again(post: Post) -> None:
    id_ = await post.add()
    await post.tell(3)
    dying = post.make_worker()
    post.receiver.fail_with("stall")
    for _ in range(3):
        await dying.step()
    assert len(post.receiver.calls) == 3, "they have arrived, and nobody has written that down"
    for task in dying._flying:
        task.cancel()
    post.receiver.go.set()
    post.receiver.fail_with(None)
    other = post.make_worker()
    await post.run(other)
    assert len(post.receiver.calls) == 3, "its lease holds"
    post.clock.forward(16)
    await post.run(other)
    assert Counter(c.id for c in post.receiver.calls) == {message_id(id_, n): 2 for n in (1, 2, 3)}
    assert await post.statuses(id_) == {"delivered": 3}


async def test_a_late_answer_changes_nothing_that_another_worker_has_recorded(post: Post) -> None:
    id_ = await post.add()
    await post.tell()
    slow = post.make_worker()
    post.receiver.fail_with("stall")
    await slow.step()
    await slow.step()
    post.clock.forward(16)
    post.receiver.fail_with(None)
    await post.run(post.make_worker())
    post.receiver.go.set()
    await slow.finish()
    assert await post.statuses(id_) == {"delivered": 1}
    assert await post.rows("SELECT attempts FROM webhook_delivery") == [(1,)]


async def test_a_cut_connection_is_tried_again_under_its_id(post: Post) -> None:
    await post.add()
    post.receiver.fail_with("reset")
    await post.tell()
    await post.run()
    post.receiver.fail_with(None)
    post.clock.forward(5)
    await post.run()
    assert len(post.receiver.calls) == 2
    assert len({c.id for c in post.receiver.calls}) == 1


async def test_two_workers_share_the_work(post: Post) -> None:
    for _ in range(3):
        await post.add()
    await post.tell(40)
    await asyncio.gather(*(post.run(post.make_worker(per_endpoint=4)) for _ in range(3)))
    assert Counter(c.id for c in post.receiver.calls).most_common(1)[0][1] == 1
    assert len(post.receiver.accepted()) == 120


# --- slow receivers, large backlogs -------------------------------------------------------------------------------


async def test_slow_receivers_do_not_hold_up_the_others(post: Post) -> None:
    """Twenty endpoints never answer and have more waiting than there are slots; another one's events arrive at once."""
    async with Receiver(clock=lambda: post.clock.now.timestamp()).running() as slow:
        slow.fail_with("stall")
        for _ in range(20):
            await post.add(f"{slow.url}/slow")
        await post.tell(30)
        worker = post.make_worker(concurrency=64)
        for _ in range(5):
            await worker.step()
        assert len(slow.calls) >= 20, "each of them is being tried"
        quick = await post.add()
        await post.tell(10)
        for _ in range(15):
            await worker.step()
        assert await post.statuses(quick) == {"delivered": 10}
        assert len(worker._flying) < 64
        slow.go.set()
        await worker.finish()


async def test_one_endpoint_takes_no_more_than_its_share(post: Post) -> None:
    await post.add()
    post.receiver.delay_s = 0.02
    await post.tell(60)
    await post.run(post.make_worker(per_endpoint=5))
    assert post.receiver.most_at_once == 5
    assert post.receiver.positions() != []


async def test_what_does_not_fit_waits_in_the_ledger(post: Post) -> None:
    id_ = await post.add()
    post.receiver.fail_with(500)
    await post.tell(WINDOW + 300)
    await post.run_for(30, 10)
    webhook = await post.one(id_)
    assert (await post.statuses(id_))["pending"] == webhook.position == WINDOW
    post.receiver.fail_with(None)
    await post.run_for(30, 10)
    assert sorted(post.receiver.positions()) == list(range(1, WINDOW + 301))


# --- replay, secrets, erasure, retention --------------------------------------------------------------------------


async def test_a_replay_sends_the_same_ids_from_there_on(post: Post) -> None:
    id_ = await post.add()
    await post.tell(3)
    post.clock.forward(60)
    await post.tell(3)
    await post.run()
    await post.replay(id_, 5)
    await post.run()
    assert Counter(post.receiver.positions()) == {1: 1, 2: 1, 3: 1, 4: 1, 5: 2, 6: 2}
    await post.replay(id_, post.clock.now - timedelta(seconds=30))
    await post.run()
    assert Counter(post.receiver.positions())[4] == 2
    assert len({c.id for c in post.receiver.calls}) == 6
    assert await post.statuses(id_) == {"delivered": 6}


async def test_while_secrets_change_over_two_signatures_are_sent(post: Post) -> None:
    id_ = await post.add()
    async with transaction(post.sessions, post.world.tenant_id) as session:
        webhook = await store.get_webhook(session, post.world.tenant_id, id_, lock=True)
        new = await service.rotate(
            session, owner(post.world), webhook, overlap=timedelta(hours=1), signing_key=KEY, now=post.clock.now
        )
    old = post.receiver.secrets.pop()
    for known in ([old], [new]):
        post.receiver.secrets = known
        await post.tell()
        await post.run()
    post.clock.forward(3600)
    post.receiver.secrets = [old]
    await post.tell()
    await post.run()
    assert [c.verified for c in post.receiver.calls] == [True, True, False]
    assert [len(c.headers["webhook-signature"].split()) for c in post.receiver.calls] == [2, 2, 1]


async def test_a_secret_that_cannot_be_read_disables_and_says_so(post: Post) -> None:
    id_ = await post.add(sealed=sealed.seal("another signing key" * 3, "x", b"whsec_AAAA"))
    await post.tell()
    await post.run()
    assert (await post.one(id_)).disabled_reason == "secret"
    assert post.receiver.calls == []


async def test_what_was_erased_meanwhile_is_not_told(post: Post) -> None:
    id_ = await post.add()
    post.receiver.fail_with(500)
    await post.tell(2)
    await post.run()
    async with transaction(post.sessions, None) as session:
        await session.execute(text("UPDATE ledger SET type = 'erased', payload = '{}' WHERE position = 1"))
    post.receiver.fail_with(None)
    post.clock.forward(10)
    await post.run()
    assert post.receiver.positions() == [2]
    assert await post.statuses(id_) == {"erased": 1, "delivered": 1}


async def test_retention_waits_for_endpoints_and_not_for_ever(post: Post) -> None:
    """What an active endpoint has not had is kept for a week longer; a disabled one holds nothing back."""
    id_ = await post.add()
    await post.tell(10)
    await post.age(LEDGER_DAYS + 1)
    await upkeep_once(post.sessions)
    assert len(await post.rows("SELECT FROM ledger")) == 10
    post.receiver.refuse = {"zone.entered"}
    await post.run()
    assert (await post.one(id_)).position == 10
    await upkeep_once(post.sessions)
    assert len(await post.rows("SELECT FROM ledger")) == 10, "planned is not delivered"
    await post.rows_set(id_, status="disabled", disabled_reason="by_hand")
    await upkeep_once(post.sessions)
    assert await post.rows("SELECT FROM ledger") == []
    await post.enable(id_)
    await post.run()
    assert await post.statuses(id_) == {"expired": 10}


async def test_what_the_ledger_has_let_go_is_said(post: Post) -> None:
    id_ = await post.add(types=["zone.exited"])
    await post.tell(10)
    await post.age(LEDGER_LAST_DAYS + 1)
    await upkeep_once(post.sessions)
    assert await post.rows("SELECT FROM ledger") == []
    await post.run()
    (lost,) = post.receiver.calls
    assert (lost.body["type"], lost.body["data"]) == ("events.lost", {"from_position": 1, "to_position": 10})
    assert lost.verified
    await post.tell(kind="exited")
    await post.run()
    assert [c.body["type"] for c in post.receiver.calls] == ["events.lost", "zone.exited"]
    assert (await post.one(id_)).position == 11


async def test_deliveries_are_forgotten_after_a_week_and_with_their_event(post: Post) -> None:
    await post.add()
    await post.tell(3)
    await post.run()
    async with transaction(post.sessions, None) as session:
        await forget(session, post.clock.now)
        await session.execute(text("DELETE FROM ledger WHERE position < 2"))
        await forget(session, post.clock.now)
    assert await post.rows("SELECT position FROM webhook_delivery ORDER BY 1") == [(2,), (3,)]
    async with transaction(post.sessions, None) as session:
        await forget(session, post.clock.now + FORGET_AFTER + timedelta(seconds=1))
    assert await post.rows("SELECT FROM webhook_delivery") == []


async def test_trouble_of_one_endpoint_stays_with_it(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    ill, well = await post.add(), await post.add()
    await post.rows_set(ill, position=0)
    await post.tell()
    async with transaction(post.sessions, None) as session:
        await session.execute(text("ALTER TABLE webhook_delivery ADD CONSTRAINT no CHECK (webhook_id <> '%s')" % ill))  # noqa: UP031
    with contextlib.suppress(AssertionError):
        await post.run(rounds=5)
    assert await post.statuses(well) == {"delivered": 1}
