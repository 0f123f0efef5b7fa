"""Several senders and several workers: who sends through what, limits and pauses that all share, nothing twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit.db import Sessions, make_sessions, transaction
from geoengage.kit.ids import new_id
from geoengage.kit.settings import FcmSettings, Settings, WebPushSettings, WorkerSettings
from geoengage.kit.vapid import load_vapid_key, public_key_text
from geoengage.messaging import service
from geoengage.messaging.jobs import Deliverer
from geoengage.messaging.models import FirebaseSender, Message, SenderPace
from geoengage.messaging.senders import open_senders
from geoengage.profiles.models import Device
from geoengage.tenancy.models import App
from geoengage.tenancy.rules import Principal, PrincipalKind
from tests.conftest import KEY
from tests.db.test_messaging_delivery import NOW, Clock, Outbox
from tests.factories import World, make_world
from tests.providers.fcm_server import FcmServer
from tests.providers.webpush_server import WebPushServer

WORKER = WorkerSettings(send_concurrency=64, retry_base_s=2.0, lease_s=30.0)


@dataclass
class Installation:
    """Several tenants and workers on one database, all with the same clock."""

    engine: AsyncEngine
    sessions: Sessions
    settings: Settings
    clock: Clock
    stack: AsyncExitStack
    fcm: FcmServer

    async def worker(self, **fcm: object) -> Deliverer:
        """A worker of its own: channels, tokens and all, as another process would have them."""
        settings = self.settings.model_copy(update={"fcm": self.settings.fcm.model_copy(update=fcm)})
        senders = await self.stack.enter_async_context(open_senders(settings, self.clock))
        return Deliverer(self.sessions, senders, WORKER, clock=self.clock, jitter=lambda: 0.5)

    async def outbox(self, worker: Deliverer, world: World | None = None) -> Outbox:
        if world is None:
            async with self.sessions() as session:
                world = await make_world(session)
        return Outbox(self.engine, self.sessions, world, self.clock, worker, lambda: worker)

    async def put(self, outbox: Outbox, project: str, app_id: UUID | None = None) -> None:
        """Give an app its own project."""
        me = Principal(outbox.world.tenant_id, new_id(), PrincipalKind.OPERATOR)
        async with transaction(self.sessions, outbox.world.tenant_id) as session:
            await service.put_account(
                session, me, app_id or outbox.world.app_id, self.fcm.credentials(project), sealing_keys=KEY,
                token_uri=self.settings.fcm.token_uri, now=self.clock.now,
            )  # fmt: skip

    async def add_app(self, outbox: Outbox) -> UUID:
        async with transaction(self.sessions, outbox.world.tenant_id) as session:
            session.add(App(tenant_id=outbox.world.tenant_id, id=(id_ := new_id()), name="Second"))
        return id_

    async def status(self, outbox: Outbox, app_id: UUID | None = None) -> tuple[str, Any, str | None]:
        async with transaction(self.sessions, outbox.world.tenant_id) as session:
            row = await service.get_account(session, outbox.world.tenant_id, app_id or outbox.world.app_id)
        return row.status, row.since, row.detail

    async def pauses(self) -> dict[str, Any]:
        async with transaction(self.sessions, None) as session:
            rows = await session.execute(select(SenderPace).where(SenderPace.paused_until > self.clock.now))
            return {row.route: row.paused_until for row in rows.scalars()}


@pytest.fixture
async def installation(committed: AsyncEngine, fcm: FcmServer, settings: Settings) -> AsyncIterator[Installation]:
    local = FcmSettings(base_url=fcm.url, token_uri=f"{fcm.url}/token", timeout_s=20)
    own = settings.model_copy(update={"fcm": local})
    async with AsyncExitStack() as stack:
        yield Installation(committed, make_sessions(committed), own, Clock(), stack, fcm)


# --- projects side by side ---------------------------------------------------------------------------------------


async def test_each_app_sends_through_its_own_project(installation: Installation, fcm: FcmServer) -> None:
    worker = await installation.worker()
    outbox = await installation.outbox(worker)
    second = await installation.add_app(outbox)
    third = await installation.add_app(outbox)
    await installation.put(outbox, "first-project")
    await installation.put(outbox, "second-project", second)
    mine = await outbox.queue(3)
    theirs = await outbox.queue(2, device={"app_id": second})
    (nobodys,) = await outbox.queue(device={"app_id": third})
    await outbox.deliver()
    by_project = {
        p: {c.message_id for c in fcm.accepted() if c.project == p} for p in ("first-project", "second-project")
    }
    assert by_project == {"first-project": set(map(str, mine)), "second-project": set(map(str, theirs))}
    assert (await outbox.message(nobodys)).channel == "preview"
    assert await installation.status(outbox) == ("works", NOW, None)
    assert await installation.status(outbox, second) == ("works", NOW, None)


async def test_one_projects_trouble_never_touches_anothers_messages(installation: Installation, fcm: FcmServer) -> None:
    worker = await installation.worker()
    outbox, neighbour = await installation.outbox(worker), await installation.outbox(worker)
    second = await installation.add_app(outbox)
    await installation.put(outbox, "ill-project")
    await installation.put(outbox, "well-project", second)
    await installation.put(neighbour, "ill-project")  # the same id, in the hands of somebody else
    for trouble in ("no_account", "iam", "quota", "unavailable", "disabled"):
        fcm.fail_project("ill-project", trouble)
        fcm.revoke_tokens()
        (ill,) = await outbox.queue()
        await outbox.deliver()
        assert (await outbox.message(ill)).status in ("misconfigured", "queued"), trouble
        (well,) = await outbox.queue(device={"app_id": second})
        await outbox.deliver()
        assert (await outbox.message(well)).status == "sent", trouble
        fcm.fail_project("ill-project", None)
        (theirs,) = await neighbour.queue()  # was never told to wait
        await neighbour.deliver()
        assert (await neighbour.message(theirs)).status == "sent", trouble
        installation.clock.forward(120)
        await outbox.deliver()
        assert (await outbox.message(ill)).status == "sent", trouble


async def test_a_changed_credential_counts_from_the_next_claim_without_a_restart(
    installation: Installation, fcm: FcmServer
) -> None:
    outbox = await installation.outbox(await installation.worker())
    await installation.put(outbox, "old-project")
    await outbox.queue()
    await outbox.deliver()
    fcm.fail_project("old-project", "no_account")
    fcm.revoke_tokens()
    (id_,) = await outbox.queue()
    await outbox.deliver()
    assert (await outbox.message(id_)).reason == "credentials"
    status, since, detail = await installation.status(outbox)
    assert (status, since) == ("fails", NOW)
    assert "Invalid JWT Signature" in (detail or "")
    installation.clock.forward(5)
    await installation.put(outbox, "new-project")
    assert await installation.status(outbox) == ("unchecked", NOW + timedelta(seconds=5), None)
    (fresh,) = await outbox.queue()
    await outbox.deliver()
    assert (await outbox.message(fresh)).status == "sent"  # the pause was the old account's
    assert [call.project for call in fcm.accepted()] == ["old-project", "new-project"]
    assert (await installation.status(outbox))[0] == "works"


async def test_an_account_sealed_with_another_key_is_misconfigured(installation: Installation, fcm: FcmServer) -> None:
    outbox = await installation.outbox(await installation.worker())
    await installation.put(outbox, "first-project")
    async with transaction(installation.sessions, outbox.world.tenant_id) as session:
        await session.execute(update(FirebaseSender).values(sealed=b"x" * 100))
    (id_,) = await outbox.queue()
    await outbox.deliver()
    message = await outbox.message(id_)
    assert (message.status, message.reason) == ("misconfigured", "credentials")
    assert "put it again" in (message.provider_answer or "")
    assert (await installation.status(outbox))[0] == "fails"


async def test_the_outcome_of_an_old_account_is_not_written_to_the_new(
    installation: Installation, fcm: FcmServer
) -> None:
    outbox = await installation.outbox(await installation.worker())
    await installation.put(outbox, "old-project")
    fcm.fail_project("old-project", "iam")
    fcm.delay_s = 0.05
    await outbox.queue()
    sending = asyncio.create_task(outbox.deliver())
    await fcm.called.wait()
    await installation.put(outbox, "new-project")
    await sending
    assert (await installation.status(outbox))[0] == "unchecked"


# --- pauses that all workers keep --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble, route, seconds, waiting",
    [
        ("quota", "project:first-project", 20, "queued"),
        ("unavailable", "project:first-project", 20, "queued"),
        ("iam", "account:", 60, "misconfigured"),
    ],
)
async def test_what_one_worker_learns_all_workers_keep(
    installation: Installation, fcm: FcmServer, trouble: str, route: str, seconds: int, waiting: str
) -> None:
    one, other = await installation.worker(), await installation.worker()
    outbox = await installation.outbox(one)
    await installation.put(outbox, "first-project")
    fcm.retry_after = "20"
    fcm.fail_project("first-project", trouble)
    await outbox.queue()
    await outbox.deliver(one)
    (paused,) = await installation.pauses()
    assert paused.startswith(route)
    calls = len(fcm.calls)
    (id_,) = await outbox.queue()
    await outbox.deliver(other)
    assert (await outbox.message(id_)).status == waiting
    assert (await outbox.message(id_)).attempts == 0
    assert len(fcm.calls) == calls  # nobody was asked
    fcm.fail_project("first-project", None)
    installation.clock.forward(seconds + 1)
    await outbox.deliver(other)
    assert {m.status for m in (await outbox.messages()).values()} == {"sent"}


async def test_a_bad_apns_key_pauses_only_that_platform(installation: Installation, fcm: FcmServer) -> None:
    outbox = await installation.outbox(await installation.worker())
    await installation.put(outbox, "first-project")
    fcm.fail_next("third_party")
    (first,) = await outbox.queue(device={"platform": "ios"})
    await outbox.deliver()
    (second,) = await outbox.queue(device={"platform": "ios"})
    (android,) = await outbox.queue()
    await outbox.deliver()
    found = await outbox.messages()
    assert [found[id_].status for id_ in (first, second, android)] == ["misconfigured", "misconfigured", "sent"]
    assert found[second].reason == "third_party_auth"
    assert len(fcm.calls) == 2
    assert (await installation.status(outbox))[0] == "works"  # the account itself does


async def test_a_message_that_ends_during_a_pause_is_skipped_and_never_sent(
    installation: Installation, fcm: FcmServer
) -> None:
    outbox = await installation.outbox(await installation.worker())
    await installation.put(outbox, "first-project")
    fcm.retry_after = "300"
    fcm.fail_next("quota")
    await outbox.queue()
    await outbox.deliver()
    (short,) = await outbox.queue(expires_at=installation.clock.now + timedelta(seconds=30))
    await outbox.deliver()
    assert (await outbox.due())[short] == installation.clock.now + timedelta(seconds=30)
    installation.clock.forward(30)
    await outbox.deliver()
    message = await outbox.message(short)
    assert (message.status, message.reason, message.attempts) == ("skipped", "expired", 0)
    assert len(fcm.calls) == 1


# --- the limit, kept together ------------------------------------------------------------------------------------


async def drain(installation: Installation, outbox: Outbox, workers: list[Deliverer], seconds: int) -> list[int]:
    """Let all workers go on for so many seconds, a tenth at a time; returns how many calls came in each second."""
    counts = []
    for _ in range(seconds):
        before = len(installation.fcm.calls)
        for _ in range(10):
            await asyncio.gather(*(outbox.deliver(worker) for worker in workers))
            installation.clock.forward(0.1)
        counts.append(len(installation.fcm.calls) - before)
    return counts


async def test_three_workers_share_one_limit_and_send_nothing_twice(installation: Installation, fcm: FcmServer) -> None:
    slow = {"per_minute": 1200, "ramp_up_s": 0}  # 20 a second
    workers = [await installation.worker(**slow) for _ in range(3)]
    outbox = await installation.outbox(workers[0])
    await installation.put(outbox, "first-project")
    ids = await outbox.queue(100)
    counts = await drain(installation, outbox, workers, 6)
    # a second's worth was there from the beginning; from any moment on, never more than that and the rate
    assert all(sum(counts[i:j]) <= 20 * (j - i + 1) for i in range(6) for j in range(i + 1, 7)), counts
    assert Counter(call.message_id for call in fcm.calls) == Counter(map(str, ids))
    assert {(m.status, m.attempts) for m in (await outbox.messages()).values()} == {("sent", 1)}


async def test_two_projects_have_a_limit_each(installation: Installation, fcm: FcmServer) -> None:
    worker = await installation.worker(per_minute=600, ramp_up_s=0)
    outbox = await installation.outbox(worker)
    second = await installation.add_app(outbox)
    await installation.put(outbox, "first-project")
    await installation.put(outbox, "second-project", second)
    await outbox.queue(20)
    await outbox.queue(20, device={"app_id": second})
    await outbox.deliver()
    assert Counter(call.project for call in fcm.calls) == {"first-project": 10, "second-project": 10}


async def test_what_waits_for_the_limit_is_never_sent_after_its_end(installation: Installation, fcm: FcmServer) -> None:
    worker = await installation.worker(per_minute=60, ramp_up_s=0)
    outbox = await installation.outbox(worker)
    await installation.put(outbox, "first-project")
    await outbox.queue(10, expires_at=installation.clock.now + timedelta(seconds=4))
    for _ in range(40):
        await outbox.deliver()
        installation.clock.forward(0.25)
    found = Counter((m.status, m.reason) for m in (await outbox.messages()).values())
    assert found[("skipped", "expired")] + found[("sent", None)] == 10
    assert 3 <= found[("sent", None)] <= 5
    assert all(int(call.message["android"]["ttl"][:-1]) >= 1 for call in fcm.calls)
    assert await outbox.due() == {}


async def test_the_first_seconds_are_a_ramp(installation: Installation, fcm: FcmServer) -> None:
    worker = await installation.worker(per_minute=6000, ramp_up_s=60)  # 100 a second, 10 to begin with
    outbox = await installation.outbox(worker)
    await installation.put(outbox, "first-project")
    await outbox.queue(200)
    counts = await drain(installation, outbox, [worker], 4)
    assert all(count <= 22 for count in counts)


# --- web push ----------------------------------------------------------------------------------------------------


@pytest.fixture
def with_browsers(installation: Installation, push_service: WebPushServer) -> Callable[..., dict[str, object]]:
    """Columns of a device that is a browser, subscribed at the local push service."""
    installation.settings = installation.settings.model_copy(
        update={"webpush": WebPushSettings(hosts=push_service.url)}
    )
    vapid = public_key_text(load_vapid_key(installation.settings))

    def columns() -> dict[str, object]:
        browser = push_service.subscribe(vapid)
        return {
            "platform": "web", "push_provider": "webpush", "push_kind": "webpush", "push_address": browser.address,
        }  # fmt: skip

    return columns


async def test_browsers_get_theirs_beside_phones(
    installation: Installation,
    push_service: WebPushServer,
    fcm: FcmServer,
    with_browsers: Callable[..., dict[str, object]],
) -> None:
    outbox = await installation.outbox(await installation.worker())
    (browser,) = await outbox.queue(device=with_browsers())
    (phone,) = await outbox.queue()
    await outbox.deliver()
    found = await outbox.messages()
    assert (found[browser].status, found[browser].channel) == ("sent", "webpush")
    assert (found[phone].status, found[phone].channel) == ("sent", "preview")
    (got,) = push_service.delivered
    assert got.read()["message_id"] == str(browser)


async def test_a_gone_subscription_is_retired_and_a_busy_service_left_alone(
    installation: Installation, push_service: WebPushServer, with_browsers: Callable[..., dict[str, object]]
) -> None:
    outbox = await installation.outbox(await installation.worker())
    gone = with_browsers()
    push_service.fail(next(iter(push_service._browsers.values())), 410)
    (first,) = await outbox.queue(device=gone)
    await outbox.deliver()
    message = await outbox.message(first)
    assert (message.status, message.reason) == ("failed", "unregistered")
    async with transaction(installation.sessions, outbox.world.tenant_id) as session:
        device = (await session.execute(select(Device).where(Device.id == message.device_id))).scalar_one()
    assert device.push_retired_reason == "unregistered"
    busy = with_browsers()
    push_service.fail(list(push_service._browsers.values())[-1], 503)
    (second,) = await outbox.queue(device=busy)
    await outbox.deliver()
    assert [route.partition(":")[0] for route in await installation.pauses()] == ["webpush"]
    (third,) = await outbox.queue(device=with_browsers())
    await outbox.deliver()
    assert (await outbox.message(third)).attempts == 0
    push_service.fail(list(push_service._browsers.values())[1], None)
    installation.clock.forward(10)
    await outbox.deliver()
    assert {(await outbox.message(id_)).status for id_ in (second, third)} == {"sent"}


async def test_nothing_of_a_secret_is_readable_in_the_database(installation: Installation) -> None:
    outbox = await installation.outbox(await installation.worker())
    await installation.put(outbox, "first-project")
    async with transaction(installation.sessions, None) as session:
        stored = (await session.execute(text("SELECT sealed FROM firebase_sender"))).scalar_one()
        rows = (await session.execute(text("SELECT to_jsonb(f) - 'sealed' FROM firebase_sender f"))).scalar_one()
    assert b"PRIVATE KEY" not in bytes(stored)
    assert "PRIVATE" not in str(rows)


async def test_messages_of_tests_stay_in_the_preview(installation: Installation, fcm: FcmServer) -> None:
    outbox = await installation.outbox(await installation.worker())
    await installation.put(outbox, "first-project")
    (id_,) = await outbox.queue(device={"is_test": True})
    await outbox.deliver()
    assert (await outbox.message(id_)).channel == "preview"
    assert fcm.calls == []
    async with transaction(installation.sessions, outbox.world.tenant_id) as session:
        assert (await session.execute(select(Message.channel))).scalars().all() == ["preview"]
