"""E-mails with real commits against a mail server on this machine: what it takes, refuses, loses, and the fall-back."""

from collections.abc import AsyncIterator
from datetime import time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit.db import make_sessions, transaction
from geoengage.kit.settings import EmailSettings, FcmSettings, Settings, WorkerSettings
from geoengage.messaging import service
from geoengage.messaging.jobs import Deliverer
from geoengage.messaging.models import ChannelPolicy
from geoengage.messaging.senders import open_senders
from geoengage.messaging.store import Queue
from geoengage.profiles import service as profiles
from geoengage.profiles.models import ContactPoint, Profile
from tests.db.test_messaging_delivery import Clock
from tests.factories import make_world
from tests.mailing import Post, mail_sender
from tests.providers.fcm_server import FcmServer
from tests.providers.smtp_server import SmtpServer, certificate


@pytest.fixture
async def post(
    committed: AsyncEngine, settings: Settings, smtp: SmtpServer, fcm: FcmServer, tmp_path: Path
) -> AsyncIterator[Post]:
    sessions, clock = make_sessions(committed), Clock()
    async with sessions() as session:
        world = await make_world(session, quiet_start=time(0), quiet_end=time(0))
    account = fcm.write_credentials(tmp_path / "account.json")
    changed = settings.model_copy(
        update={
            "email": EmailSettings(allow_loopback=True, timeout_s=2, ca_file=tmp_path / "mail.pem"),
            "fcm": FcmSettings(base_url=fcm.url, credentials_file=account),
            "public_url": "https://shop.example",
        }
    )
    context, _ = certificate(tmp_path)
    async with open_senders(changed, clock) as senders:
        worker = Deliverer(sessions, senders, WorkerSettings(), clock=clock, jitter=lambda: 0.5)
        made = Post(committed, sessions, world, worker, clock, {"tls": context})
        async with transaction(sessions, world.tenant_id) as session:
            session.add(mail_sender(world, smtp.port, clock.now))
        yield made


async def put_sender(post: Post, port: int, **over: object) -> None:
    async with transaction(post.sessions, post.world.tenant_id) as session:
        await session.merge(mail_sender(post.world, port, post.now, **over))


async def test_an_email_goes_out_and_can_be_unsubscribed_from(post: Post, smtp: SmtpServer) -> None:
    message = await post.send(title="Grüezi", body="One\n\nTwo")
    assert (message.status, message.channel, message.device_id) == ("sent", "email", None)
    assert message.provider_answer == f"<{message.id}>"
    (mail,) = smtp.mails
    assert (mail.sender, mail.to) == ("shop@example.com", "mia@example.com")
    parsed = mail.message
    assert parsed["Subject"] == "Grüezi"
    assert parsed["From"] == "Corner shop <shop@example.com>"
    assert parsed["Message-ID"] == f"<{message.id}@example.com>"
    assert parsed["List-Unsubscribe"].startswith("<https://shop.example/u/")
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert parsed.get_content_type() == "multipart/alternative"
    plain, html = parsed.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert "One\r\n\r\nTwo" in plain.get_content()


async def test_a_transactional_email_needs_no_consent_and_has_no_way_out(post: Post, smtp: SmtpServer) -> None:
    reader = await post.reader(marketing=False)
    marketing = await post.queue(reader)
    receipt = await post.queue(reader, purpose="transactional", campaign_id=None)
    await post.deliver()
    skipped = await post.message(marketing)
    assert (skipped.status, skipped.reason) == ("skipped", "no_consent")
    assert (await post.message(receipt)).status == "sent"
    (mail,) = smtp.mails
    assert mail.message["List-Unsubscribe"] is None
    assert mail.message["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    "stage, line, status, reason, again",
    [
        ("mail", "421 4.3.2 going down", "queued", None, True),
        ("rcpt", "450 4.2.0 grey-listed", "queued", None, True),
        ("data", "451 4.3.0 try later", "queued", None, True),
        ("rcpt", "550 5.1.1 no such user", "failed", "mailbox_unavailable", False),
        ("rcpt", "550 5.7.1 you are on a list", "failed", "recipient_refused", False),
        ("data", "554 5.7.1 spam", "failed", "content_refused", False),
        ("data", "552 5.3.4 too big", "failed", "too_large", False),
        ("mail", "553 5.7.1 not your address", "misconfigured", "smtp_sender", True),
    ],
)
async def test_what_the_server_says_decides(
    post: Post, smtp: SmtpServer, stage: str, line: str, status: str, reason: str | None, again: bool
) -> None:
    smtp.answer = lambda at, _: line if at == stage else None
    message = await post.send()
    assert (message.status, message.reason) == (status, reason)
    assert message.provider_answer == line
    async with transaction(post.sessions, post.world.tenant_id) as session:
        due = (await session.execute(text("SELECT due_at FROM message_due"))).scalars().all()
        point = (await session.execute(select(ContactPoint))).scalar_one()
    assert len(due) == again
    assert point.state == ("bounced" if "5.1.1" in line else "reachable")
    if again:
        assert due[0] >= post.now + timedelta(seconds=30)
        smtp.answer = lambda at, _: None
        post.clock.forward(200)  # type: ignore[attr-defined]
        await post.deliver()
        assert (await post.message(message.id)).status == "sent"


async def test_no_connection_is_tried_again_and_the_server_left_alone(post: Post, smtp: SmtpServer) -> None:
    await put_sender(post, 9)
    message = await post.send()
    assert (message.status, message.provider_answer) == ("queued", "no connection: ConnectionRefusedError")
    second = await post.queue(await post.reader("tom@example.com"))
    await post.deliver()
    assert (await post.message(second)).attempts == 0
    await put_sender(post, smtp.port)
    post.clock.forward(200)  # type: ignore[attr-defined]
    await post.deliver()
    assert [(await post.message(id_)).status for id_ in (message.id, second)] == ["sent", "sent"]


async def test_what_was_handed_over_without_an_answer_is_unknown_and_never_repeated(
    post: Post, smtp: SmtpServer
) -> None:
    smtp.drop = True
    message = await post.send("email", "push")
    assert (message.status, message.reason) == ("unknown", "connection_lost")
    smtp.drop = False
    post.clock.forward(3600)  # type: ignore[attr-defined]
    assert await post.deliver() == 0
    assert len(smtp.mails) == 1


async def test_a_kept_connection_that_was_closed_is_replaced(post: Post, smtp: SmtpServer) -> None:
    await post.send()
    await post.send(address="tom@example.com")
    assert smtp.connections == 1
    (channel,) = [kept[1] for kept in post.worker._senders._mail.values()]
    channel._idle[0][1].transport.abort()  # type: ignore[attr-defined]
    assert (await post.send(address="ann@example.com")).status == "sent"
    assert smtp.connections == 2


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_tls_with_a_certificate_that_is_trusted_and_a_password(post: Post, tmp_path: Path, tls: str) -> None:
    secure = SmtpServer()
    async with secure.running(post.extra["tls"], at_once=tls == "tls"):  # type: ignore[arg-type]
        await put_sender(post, secure.port, tls=tls, username="shop", password="correct horse")
        assert (await post.send()).status == "sent"
        assert secure.logins == ["shop"]
        await put_sender(post, secure.port, tls=tls, username="shop", password="battery staple")
        refused = await post.send(address="tom@example.com")
        assert (refused.status, refused.reason) == ("misconfigured", "smtp_auth")
    async with transaction(post.sessions, post.world.tenant_id) as session:
        status = (await session.execute(text("SELECT status, detail FROM email_sender"))).one()
    assert status.status == "fails"


async def test_a_strangers_certificate_gets_nothing(post: Post, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    context, _ = certificate(other)
    async with SmtpServer().running(context) as impostor:
        await put_sender(post, impostor.port, tls="starttls", username="shop", password="correct horse")
        message = await post.send()
    assert (message.status, message.reason) == ("misconfigured", "smtp_tls")
    assert (impostor.mails, impostor.logins) == ([], [])
    async with SmtpServer().running() as plain:
        await put_sender(post, plain.port, tls="starttls", username="shop", password="correct horse")
        post.clock.forward(200)  # type: ignore[attr-defined]
        message = await post.send(address="tom@example.com")
    assert (message.status, message.reason) == ("misconfigured", "smtp_tls")
    assert plain.logins == []


async def test_private_addresses_are_not_called(post: Post, settings: Settings) -> None:
    async with open_senders(settings, post.clock) as strict:  # type: ignore[arg-type]
        worker = Deliverer(post.sessions, strict, WorkerSettings(), clock=post.clock)  # type: ignore[arg-type]
        id_ = await post.queue(await post.reader(), purpose="transactional")
        await worker.deliver_once(post.world.tenant_id)
    message = await post.message(id_)
    assert (message.status, "open internet" in str(message.provider_answer)) == ("queued", True)


# --- channels ----------------------------------------------------------------------------------------------------


async def test_the_next_channel_is_tried_without_address_or_consent_and_never_both(
    post: Post, smtp: SmtpServer, fcm: FcmServer
) -> None:
    reader = await post.reader()
    no_phone = await post.queue(reader, "push", "email")
    await post.deliver()
    message = await post.message(no_phone)
    assert (message.status, message.channel, message.channels) == ("sent", "email", ["email"])
    device = await post.phone(reader)
    by_push = await post.queue(reader, "push", "email")
    await post.deliver()
    message = await post.message(by_push)
    assert (message.status, message.channel, message.device_id) == ("sent", "fcm", device)
    assert (len(smtp.mails), len(fcm.calls)) == (1, 1)
    silent = await post.reader("tom@example.com", marketing=False)
    await post.phone(silent, "phone-2", marketing_push="denied")
    nowhere = await post.queue(silent, "push", "email")
    await post.deliver()
    message = await post.message(nowhere)
    assert (message.status, message.reason, message.blockers) == ("skipped", "no_consent", ["no_consent"])


async def test_what_failed_for_good_goes_on_by_the_next_channel(post: Post, smtp: SmtpServer, fcm: FcmServer) -> None:
    smtp.answer = lambda stage, _: "550 5.1.1 no such user" if stage == "rcpt" else None
    reader = await post.reader()
    device = await post.phone(reader)
    id_ = await post.queue(reader, "email", "push")
    await post.deliver()
    failed = await post.message(id_)
    assert (failed.status, failed.channels) == ("queued", ["push"])
    await post.deliver()
    message = await post.message(id_)
    assert (message.status, message.channel, message.device_id, message.attempts) == ("sent", "fcm", device, 2)
    async with transaction(post.sessions, post.world.tenant_id) as session:
        budget = (await service.lock_budgets(session, post.world.tenant_id, [reader], post.now))[reader]
    assert len(budget.sends) == 1


async def test_a_person_prefers_and_the_tenant_has_a_default(post: Post, smtp: SmtpServer, fcm: FcmServer) -> None:
    reader = await post.reader()
    await post.phone(reader)
    async with transaction(post.sessions, post.world.tenant_id) as session:
        session.add(ChannelPolicy(tenant_id=post.world.tenant_id, channels=["email", "push"]))
    first = await post.queue(reader, "push", "email")
    async with transaction(post.sessions, post.world.tenant_id) as session:
        person = (await session.execute(select(Profile).where(Profile.id == reader))).scalar_one()
        person.attributes = {"preferred_channels": ["push", "smoke signals"]}
    second = await post.queue(reader, "email", "push")
    await post.deliver()
    assert [(await post.message(id_)).channel for id_ in (first, second)] == ["email", "fcm"]


async def test_consent_is_asked_again_just_before_the_socket(post: Post, smtp: SmtpServer) -> None:
    reader = await post.reader()
    id_ = await post.queue(reader)
    async with transaction(post.sessions, post.world.tenant_id) as session:
        await profiles.stop_everything(session, post.world.tenant_id, reader, source="test", at=post.now, now=post.now)
    await post.deliver()
    assert ((await post.message(id_)).reason, smtp.mails) == ("no_consent", [])


async def test_inbox_and_cards_are_placed_for_who_has_an_app_or_a_page(post: Post) -> None:
    reader = await post.reader()
    alone = await post.queue(reader, "inbox")
    await post.deliver()
    assert (await post.message(alone)).reason == "no_address"
    await post.phone(reader, None)
    inbox, card = await post.queue(reader, "inbox"), await post.queue(reader, "web_card", "email")
    await post.deliver()
    assert [(await post.message(id_)).channel for id_ in (inbox, card)] == ["inbox", "email"]
    await post.phone(reader, None, platform="web", push_provider=None)
    card = await post.queue(reader, "web_card", "email")
    await post.deliver()
    message = await post.message(card)
    assert (message.status, message.channel, message.device_id) == ("sent", "web_card", None)


# --- the queue of what somebody waits for --------------------------------------------------------------------------


async def test_behind_ten_thousand_marketing_messages_a_receipt_is_next(post: Post, smtp: SmtpServer) -> None:
    reader = await post.reader()
    one = await post.queue(reader)
    async with transaction(post.sessions, post.world.tenant_id) as session:
        await session.execute(
            text(
                "INSERT INTO message_due (tenant_id, message_id, due_at) SELECT :tenant_id, gen_random_uuid(),"
                " :now FROM generate_series(1, 10000)"
            ),
            {"tenant_id": post.world.tenant_id, "now": post.now - timedelta(hours=1)},
        )
    receipt = await post.queue(reader, purpose="transactional")
    urgent = Deliverer(
        post.sessions, post.worker._senders, WorkerSettings(), clock=post.worker._clock, queues=[Queue.URGENT]
    )
    assert await urgent.deliver_once(post.world.tenant_id) == 1
    assert [(await post.message(id_)).status for id_ in (receipt, one)] == ["sent", "queued"]
    assert [mail.message["Message-ID"] for mail in smtp.mails] == [f"<{receipt}@example.com>"]


async def test_a_worker_that_died_with_an_email_leaves_it_unknown(post: Post, smtp: SmtpServer) -> None:
    id_ = await post.queue(await post.reader())
    async with transaction(post.sessions, post.world.tenant_id) as session:
        await session.execute(text("UPDATE message SET status = 'sending', channel = 'email'"))
        await session.execute(text("UPDATE message_due SET lease = gen_random_uuid()"))
    await post.deliver()
    message = await post.message(id_)
    assert (message.status, message.reason, smtp.mails) == ("unknown", "worker_lost", [])


async def test_who_bounced_is_written_to_no_more(post: Post, smtp: SmtpServer) -> None:
    smtp.answer = lambda stage, _: "550 5.1.1 no such user" if stage == "rcpt" else None
    reader = await post.reader()
    await post.queue(reader)
    await post.deliver()
    again = await post.queue(reader)
    await post.deliver()
    assert (await post.message(again)).reason == "no_address"


async def test_a_mail_server_gets_no_more_connections_than_it_may(post: Post, smtp: SmtpServer) -> None:
    reader = await post.reader()
    ids = [await post.queue(reader) for _ in range(25)]
    await post.deliver()
    assert len(smtp.mails) == smtp.connections == 10, "as many as GEOENGAGE_EMAIL__CONNECTIONS says"
    assert {(await post.message(id_)).attempts for id_ in ids} == {0, 1}
    for _ in range(3):
        post.clock.forward(5)  # type: ignore[attr-defined]
        await post.deliver()
    assert {(await post.message(id_)).status for id_ in ids} == {"sent"}
    assert (len(smtp.mails), smtp.connections) == (25, 10)
