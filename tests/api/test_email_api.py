"""Mail servers of apps over HTTP, the link that unsubscribes, what providers report, the inbox and cards."""

from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.kit.settings import EmailSettings
from geoengage.messaging import service
from geoengage.messaging.models import Gate, Message
from geoengage.messaging.rules import CardContent, Draft, PushOptions
from geoengage.profiles.models import ContactPoint, Device
from geoengage.profiles.rules import LinkKind, sign_link
from tests.campaign_rows import make_store
from tests.conftest import KEY
from tests.factories import World, make_world
from tests.mailing import make_reader
from tests.providers.smtp_server import SmtpServer

NOW = utc_now().replace(microsecond=0)


@pytest.fixture
async def world(session: Session, app: FastAPI) -> World:
    app.state.settings.email = EmailSettings(allow_loopback=True, timeout_s=2)
    return await make_world(session)


def server(port: int, **over: Any) -> dict[str, Any]:
    return {
        "host": "localhost", "port": port, "tls": "none", "from_address": "shop@example.com", "from_name": "Shop",
    } | over  # fmt: skip


async def put(client: httpx.AsyncClient, world: World, body: dict[str, Any]) -> httpx.Response:
    return await client.put(f"/v1/apps/{world.app_id}/email", json=body, headers=world.sk_headers)


# --- mail servers ------------------------------------------------------------------------------------------------


async def test_a_mail_server_is_put_checked_and_removed(
    client: httpx.AsyncClient, session: Session, world: World, smtp: SmtpServer
) -> None:
    path = f"/v1/apps/{world.app_id}/email"
    assert (await client.get(path, headers=world.sk_headers)).json()["type"] == "/problems/no-sender"
    answer = await put(client, world, server(smtp.port, username="shop", password="correct horse"))
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "unchecked"
    assert "correct horse" not in answer.text
    assert b"correct horse" not in (await session.execute(text("SELECT sealed FROM email_sender"))).scalar_one()
    checked = (await client.post(f"{path}/check", headers=world.sk_headers)).json()
    assert (checked["result"], checked["status"], smtp.logins) == ("works", "works", ["shop"])
    # the password stays while it goes to the same server, and goes to no other
    kept = await put(client, world, server(smtp.port, username="shop", from_name="Corner shop"))
    assert (kept.status_code, kept.json()["from_name"]) == (200, "Corner shop")
    moved = await put(client, world, server(smtp.port + 1, username="shop"))
    assert moved.json()["errors"][0]["pointer"] == "#/password"
    smtp.password = "battery staple"
    refused = (await client.post(f"{path}/check", headers=world.sk_headers)).json()
    assert (refused["result"], refused["status"]) == ("wrong_key", "fails")
    for _ in range(2):
        assert (await client.delete(path, headers=world.sk_headers)).status_code == 204
    assert (await client.get(path, headers=world.sk_headers)).status_code == 404


@pytest.mark.parametrize(
    "over, pointer",
    [
        ({"from_name": "Shop\r\nBcc: all@example.com"}, "#/from_name"),
        ({"from_address": "shop@example.com\r\nBcc: x"}, "#/from_address"),
        ({"from_address": "no address"}, "#/from_address"),
        ({"reply_to": "a@b@c"}, "#/reply_to"),
        ({"host": "mail.example.com/../x"}, "#/host"),
        ({"username": "shop"}, "#/password"),
    ],
)
async def test_what_is_no_mail_server_says_so(
    client: httpx.AsyncClient, world: World, over: dict[str, Any], pointer: str
) -> None:
    answer = await put(client, world, server(2525, **over))
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_elsewhere_a_mail_server_is_encrypted_and_on_a_mail_port(
    client: httpx.AsyncClient, world: World, app: FastAPI
) -> None:
    app.state.settings.email = EmailSettings()
    answer = await put(client, world, server(8080))
    assert sorted(error["pointer"] for error in answer.json()["errors"]) == ["#/port", "#/tls"]


async def test_brand_and_channel_order(client: httpx.AsyncClient, world: World) -> None:
    path = f"/v1/apps/{world.app_id}/brand"
    assert (await client.get(path, headers=world.sk_headers)).json()["logo_url"] is None
    kit = {"logo_url": "https://cdn.example.com/logo.png", "color": "#AA0000", "address": "1 High Street"}
    assert (await client.put(path, json=kit, headers=world.sk_headers)).status_code == 200
    assert (await client.get(path, headers=world.sk_headers)).json()["color"] == "#aa0000"
    for wrong in ({"color": "red"}, {"logo_url": "javascript:alert(1)"}, {"font": "comic"}):
        assert (await client.put(path, json=wrong, headers=world.sk_headers)).status_code == 422
    order = {"channels": ["email", "push", "email"]}
    answer = await client.put("/v1/channel-order", json=order, headers=world.sk_headers)
    assert answer.json() == {"channels": ["email", "push"]}
    assert (await client.get("/v1/channel-order", headers=world.sk_headers)).json() == answer.json()


# --- unsubscribing -----------------------------------------------------------------------------------------------


async def make_email(session: Session, world: World, *, store_id: UUID | None = None, **over: Any) -> Message:
    """A sent marketing e-mail to Mia."""
    reader = await make_reader(session, world, "mia@example.com", NOW, store_id=store_id)
    address = (await session.execute(text("SELECT id FROM identifier WHERE kind = 'email'"))).scalar_one()
    draft = Draft(
        **{
            "device_id": None, "person_id": reader, "campaign_id": new_id(), "store_id": store_id,
            "channels": ("email",), "title": "Hoi", "body": "Kaffee", "collapse_key": "k", "occurrence": new_id(),
            "expires_at": NOW + timedelta(hours=1),
        } | over
    )  # fmt: skip
    (id_,) = await service.enqueue(session, world.tenant_id, [draft], NOW)
    message = await session.get_one(Message, (world.tenant_id, id_))
    message.status, message.channel, message.address_id = "sent", "email", address
    await session.commit()
    return message


async def marketing(session: Session) -> list[tuple[Any, ...]]:
    query = "SELECT store_id, state FROM consent WHERE channel = 'email' AND purpose = 'marketing' ORDER BY at"
    return [tuple(row) for row in await session.execute(text(query))]


async def test_one_click_unsubscribes_from_the_store_and_nothing_else(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    store = await make_store(session, world, name="Toys & <b>more</b>")
    message = await make_email(session, world, store_id=store)
    token = sign_link(KEY, LinkKind.UNSUBSCRIBE, world.tenant_id, message.id)
    page = await client.get(f"/u/{token}")
    assert (page.status_code, page.headers["referrer-policy"]) == (200, "no-referrer")
    assert "Toys &amp; &lt;b&gt;more&lt;/b&gt;" in page.text
    assert await marketing(session) == [(store, "subscribed")]  # a GET changes nothing
    for _ in range(2):
        done = await client.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
    assert {state for found, state in await marketing(session) if found == store} == {"unsubscribed"}
    assert {found for found, _ in await marketing(session)} == {store}
    multipart = await client.post(f"/u/{token}", files={"List-Unsubscribe": (None, "One-Click")})
    assert multipart.status_code == 200


async def test_the_link_leads_to_all_choices(client: httpx.AsyncClient, session: Session, world: World) -> None:
    message = await make_email(session, world)
    token = sign_link(KEY, LinkKind.UNSUBSCRIBE, world.tenant_id, message.id)
    answer = await client.post(f"/u/{token}/choices")
    assert answer.status_code == 303
    assert (await client.get(answer.headers["location"])).status_code == 200
    german = await client.get(f"/u/{token}", headers={"Accept-Language": "de-CH,de;q=0.9"})
    assert "Abmelden" in german.text


async def test_a_link_that_was_not_signed_for_this_opens_nothing(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    message = await make_email(session, world)
    receipt = await make_email(session, world, purpose="transactional", campaign_id=None)
    for token in (
        sign_link(KEY, LinkKind.PREFERENCES, world.tenant_id, message.id),
        sign_link("another key, long enough for anybody", LinkKind.UNSUBSCRIBE, world.tenant_id, message.id),
        sign_link(KEY, LinkKind.UNSUBSCRIBE, new_id(), message.id),
        sign_link(KEY, LinkKind.UNSUBSCRIBE, world.tenant_id, receipt.id),
        "x" * 64,
    ):
        assert (await client.get(f"/u/{token}")).status_code == 404
        assert (await client.post(f"/u/{token}")).status_code == 404
        assert (await client.post(f"/u/{token}/choices")).status_code == 404
    assert [state for _, state in await marketing(session)] == ["subscribed"]


# --- reports -----------------------------------------------------------------------------------------------------


async def state(session: Session) -> tuple[str, str, str | None]:
    """Of the address, and of the message."""
    point = (await session.execute(select(ContactPoint.state))).scalar_one()
    row = (await session.execute(text("SELECT status, reason FROM message"))).one()
    return point, row.status, row.reason


@pytest.mark.parametrize(
    "kind, expected",
    [
        ("bounce", ("bounced", "failed", "bounce")),
        ("refused", ("reachable", "failed", "refused")),
        ("complaint", ("complained", "sent", None)),
        ("delivered", ("reachable", "sent", None)),
    ],
)
async def test_a_provider_tells_what_became_of_an_email(
    client: httpx.AsyncClient, session: Session, world: World, kind: str, expected: tuple[str, str, str | None]
) -> None:
    message = await make_email(session, world)
    told = {"events": [{"kind": kind, "message_id": str(id_)} for id_ in (message.id, new_id())]}
    for _ in range(2):
        answer = await client.post("/v1/email/events", json=told, headers=world.sk_headers)
        assert answer.json() == {"known": 1, "unknown": 1}
    assert await state(session) == expected
    stranger = await make_world(session)
    other = await client.post("/v1/email/events", json=told, headers=stranger.sk_headers)
    assert other.json() == {"known": 0, "unknown": 2}


def report_mail(kind: str, fields: str, message_id: str) -> bytes:
    """An e-mail as mail servers (`delivery-status`) or mailbox providers (`feedback-report`) write it."""
    report = EmailMessage(policy=SMTP)
    report["From"], report["To"], report["Subject"] = "mailer-daemon@mx.example", "shop@example.com", "Report"
    report.set_content("It did not arrive.")
    report.make_mixed()
    boundary = "=-report"
    body = (
        f"--{boundary}\r\nContent-Type: text/plain\r\n\r\nIt did not arrive.\r\n"
        f"--{boundary}\r\nContent-Type: message/{kind}\r\n\r\n{fields}\r\n"
        f"--{boundary}\r\nContent-Type: message/rfc822\r\n\r\nFrom: shop@example.com\r\nMessage-ID: {message_id}\r\n"
        f"Subject: Hoi\r\n\r\nKaffee\r\n--{boundary}--\r\n"
    )
    head = (
        "From: mailer-daemon@mx.example\r\nTo: shop@example.com\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="{boundary}"\r\n\r\n'
    )
    return (head + body).encode()


DSN = "Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; mia@example.com\r\nAction: {}\r\nStatus: {}\r\n"
ARF = "Feedback-Type: abuse\r\nUser-Agent: Example/1.0\r\nVersion: 1\r\n"


@pytest.mark.parametrize(
    "kind, fields, expected",
    [
        ("delivery-status", DSN.format("failed", "5.1.1"), ("bounced", "failed", "bounce")),
        ("delivery-status", DSN.format("failed", "5.7.1"), ("reachable", "failed", "refused")),
        ("delivery-status", DSN.format("delayed", "4.4.1"), ("reachable", "sent", None)),
        ("feedback-report", ARF, ("complained", "sent", None)),
    ],
)
async def test_bounces_and_complaints_are_read_as_they_come(
    client: httpx.AsyncClient,
    session: Session,
    world: World,
    kind: str,
    fields: str,
    expected: tuple[str, str, str | None],
) -> None:
    message = await make_email(session, world)
    headers = world.sk_headers | {"Content-Type": "application/octet-stream"}
    raw = report_mail(kind, fields, f"<{message.id}@example.com>")
    answer = await client.post("/v1/email/reports", content=raw, headers=headers)
    assert answer.status_code == 200, answer.text
    assert await state(session) == expected


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe", b"Subject: hi\r\n\r\nhello", report_mail("delivery-status", DSN, "<x@y>")]
)
async def test_what_is_no_report_is_passed_over(
    client: httpx.AsyncClient, session: Session, world: World, raw: bytes
) -> None:
    headers = world.sk_headers | {"Content-Type": "application/octet-stream"}
    answer = await client.post("/v1/email/reports", content=raw, headers=headers)
    assert answer.json() == {"known": 0, "unknown": 1}


# --- inbox and cards ---------------------------------------------------------------------------------------------


async def place(session: Session, world: World, person_id: UUID, channel: str, **over: Any) -> UUID:
    """A message that is in its place."""
    draft = Draft(
        **{
            "device_id": None, "person_id": person_id, "campaign_id": new_id(), "channels": (channel,),
            "title": "Hoi", "body": "Kaffee", "collapse_key": "k", "occurrence": new_id(),
            "expires_at": NOW + timedelta(hours=1), "card": CardContent(), "gates": ("campaign:1",),
            "push": PushOptions(link="https://shop.example/7"),
        } | over
    )  # fmt: skip
    (id_,) = await service.enqueue(session, world.tenant_id, [draft], NOW)
    message = await session.get_one(Message, (world.tenant_id, id_))
    message.status, message.channel = "sent", channel
    await session.commit()
    return id_


async def visitor(client: httpx.AsyncClient, session: Session, world: World, platform: str) -> tuple[UUID, Any]:
    answer = (await client.post("/v1/devices", json={"platform": platform}, headers=world.pk_headers)).json()
    device = await session.get_one(Device, (world.tenant_id, UUID(answer["device_id"])))
    device.profile_id = await make_reader(session, world, "mia@example.com", NOW)
    await session.commit()
    return device.profile_id, {"Authorization": f"Bearer {answer['device_token']}"}


async def test_cards_are_shown_until_they_are_answered(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    mia, page = await visitor(client, session, world, "web")
    _, phone = await visitor(client, session, world, "android")
    first = await place(session, world, mia, "web_card", card=CardContent(button="See it"))
    second = await place(session, world, mia, "web_card")
    await place(session, world, mia, "web_card", expires_at=NOW - timedelta(seconds=5))
    await place(session, world, mia, "inbox")

    async def shown(headers: Any = page) -> set[str]:
        return {card["id"] for card in (await client.get("/v1/cards", headers=headers)).json()["items"]}

    assert await shown() == {str(second), str(first)}
    assert await shown(phone) == set()
    cards = (await client.get("/v1/cards", headers=page)).json()["items"]
    (card,) = [card for card in cards if card["id"] == str(first)]
    assert (card["position"], card["button"], card["link"]) == ("corner", "See it", "https://shop.example/7")
    for kind in ("shown", "shown", "clicked"):
        receipt = {"message_id": str(first), "kind": kind}
        assert (await client.post("/v1/receipts", json=receipt, headers=page)).status_code == 204
    message = await session.get_one(Message, (world.tenant_id, first), populate_existing=True)
    assert None not in (message.received_at, message.opened_at, message.clicked_at)
    assert await shown() == {str(second)}
    session.add(Gate(tenant_id=world.tenant_id, key="campaign:1", reason="paused", closed_at=NOW))
    await session.commit()
    assert await shown() == set()


async def test_the_inbox_holds_what_is_to_the_person_until_it_ends_or_is_dismissed(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    mia, phone = await visitor(client, session, world, "android")
    stranger = (await client.post("/v1/devices", json={"platform": "ios"}, headers=world.pk_headers)).json()
    theirs = {"Authorization": f"Bearer {stranger['device_token']}"}
    item = await place(session, world, mia, "inbox")
    await place(session, world, mia, "inbox", expires_at=NOW - timedelta(seconds=5))
    await place(session, world, mia, "email")

    async def shown(headers: Any = phone) -> list[str]:
        return [one["id"] for one in (await client.get("/v1/inbox", headers=headers)).json()["items"]]

    assert await shown() == [str(item)]
    assert await shown(theirs) == []
    receipt = {"message_id": str(item), "kind": "dismissed"}
    assert (await client.post("/v1/receipts", json=receipt, headers=theirs)).status_code == 404
    assert (await client.post("/v1/receipts", json=receipt, headers=phone)).status_code == 204
    assert await shown() == []


# --- preview and test --------------------------------------------------------------------------------------------

TEXT: dict[str, Any] = {
    "title": "Hi {{ first_name | default: 'you' }}", "body": "{{ offer.label | default: 'News' }}",
    "texts": {"de": {"title": "Hoi {{ first_name | default: 'du' }}", "body": "Neues"}},
}  # fmt: skip


async def preview(client: httpx.AsyncClient, headers: Any, **over: Any) -> httpx.Response:
    return await client.post("/v1/messages/preview", json=TEXT | over, headers=headers)


async def test_a_text_is_shown_as_any_person_on_any_channel(
    client: httpx.AsyncClient, session: Session, world: World, app: FastAPI, smtp: SmtpServer
) -> None:
    app.state.settings.public_url = "https://shop.example"
    sample = (await preview(client, world.sk_headers)).json()
    assert (sample["title"], sample["body"], sample["html"], sample["blocked_by"]) == (
        "Hi Alexandra", "News", None, []
    )  # fmt: skip
    mia = await make_reader(session, world, "mia@example.com", NOW)
    await session.execute(text("UPDATE profile SET first_name = 'Mia <i>', language = 'de-CH'"))
    await session.commit()
    answer = await preview(client, world.sk_headers, profile_id=str(mia), channel="email")
    email = answer.json()
    assert (email["title"], email["locale"], email["blocked_by"]) == ("Hoi Mia <i>", "de", ["no_sender"])
    assert "Hoi Mia &lt;i&gt;" in email["html"]
    assert "Neues" in email["text"]
    await put(client, world, server(smtp.port))
    for channel, blockers in (("email", []), ("push", ["no_address"]), ("inbox", ["no_address"])):
        shown = (await preview(client, world.sk_headers, profile_id=str(mia), channel=channel)).json()
        assert shown["blocked_by"] == blockers, channel
    offered = await preview(client, world.sk_headers, locale="en", values={"offer": {"label": "-10 %"}})
    assert offered.json()["body"] == "-10 %"
    hole = (await preview(client, world.sk_headers, body="{{ offer.code }}")).json()
    assert (hole["body"], "offer.code" in hole["blank"]) == ("", True)
    wrong = await preview(client, world.sk_headers, body="{{ first_name")
    assert (wrong.status_code, wrong.json()["type"]) == (422, "/problems/no-text")
    assert (await preview(client, world.sk_headers, profile_id=str(new_id()))).status_code == 404
    assert (await preview(client, world.sk_headers, link="javascript:alert(1)")).status_code == 422


async def test_a_test_goes_out_by_each_channel(
    client: httpx.AsyncClient, session: Session, world: World, app: FastAPI, smtp: SmtpServer
) -> None:
    app.state.settings.public_url = "https://shop.example"
    await put(client, world, server(smtp.port))
    mia, _ = await visitor(client, session, world, "web")
    await session.execute(text("UPDATE device SET marketing_push = 'granted'"))
    await session.commit()

    async def test(channel: str, **over: Any) -> httpx.Response:
        body = TEXT | {"channel": channel, "profile_id": str(mia)} | over
        return await client.post("/v1/messages/test", json=body, headers=world.sk_headers)

    sent = await test("email")
    assert (sent.json()["status"], sent.json()["channel"]) == ("sent", "email"), sent.text
    assert [mail.to for mail in smtp.mails] == ["mia@example.com"]
    placed = await test("web_card")
    assert placed.json()["status"] == "queued"
    stored = (await session.execute(text("SELECT channels, step FROM message JOIN send_key ON message_id = id"))).one()
    assert tuple(stored) == (["web_card"], "test")
    assert (await test("email", body="{{ offer.code }}")).json()["type"] == "/problems/no-text"
    await client.post(f"/v1/profiles/{mia}/stop", json={"everything": True, "source": "x"}, headers=world.sk_headers)
    refused = await test("email")
    assert (refused.status_code, refused.json()["reason"]) == (409, "no_consent")
    nobody = await client.post("/v1/messages/test", json=TEXT, headers=world.sk_headers)
    assert nobody.status_code == 422
