"""What people write back, with real commits: by each channel it reaches the right store and person, and is answered."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit import events
from geoengage.kit.clock import utc_now
from geoengage.kit.db import transaction
from geoengage.kit.ids import new_id
from geoengage.kit.settings import EmailSettings, Settings
from geoengage.messaging.models import Message
from geoengage.messaging.phone_models import PhoneInbound
from geoengage.messaging.reply_models import Conversation
from geoengage.messaging.rules.phone import hook_token
from geoengage.profiles.models import Identifier
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import make_store
from tests.conftest import KEY
from tests.factories import make_key_row
from tests.mailing import mail_sender, make_reader
from tests.phoning import PUBLIC, Lines, lines
from tests.providers.meta_server import APP_SECRET, BUSINESS, NUMBER, TOKEN, MetaServer, of_number, wrote
from tests.providers.meta_server import signed as signed_by_meta
from tests.providers.smtp_server import SmtpServer
from tests.providers.text_servers import API_KEY, AUTH_TOKEN, SID, TextServer
from tests.providers.text_servers import signed as signed_by_twilio

MIA, STRANGER = "+41791234567", "+41791112233"
WHATSAPP = {"phone_number_id": NUMBER, "business_account_id": BUSINESS, "templates": {"marketing": "news"}}
SECRETS = {"access_token": TOKEN, "app_secret": APP_SECRET}
TWILIO = {"account_sid": SID, "sender": "+41790000001"}


@pytest.fixture
async def line(
    committed: AsyncEngine, app: FastAPI, settings: Settings, meta: MetaServer, texts: TextServer
) -> AsyncIterator[Lines]:
    urls = {"graph_url": meta.url, "twilio_url": texts.url, "infobip_url": texts.url}
    mail = EmailSettings(allow_loopback=True, timeout_s=2)
    async with lines(committed, app, settings.model_copy(update={"email": mail}), **urls) as made:
        await made.add("whatsapp", WHATSAPP, SECRETS)
        await made.add("sms", TWILIO, {"auth_token": AUTH_TOKEN})
        await made.add("viber", {"base": "x1y2", "sender": "SHOP"}, {"api_key": API_KEY})
        yield made


async def stores_of(line: Lines, count: int = 2) -> list[UUID]:
    async with transaction(line.sessions, line.world.tenant_id) as session:
        return [await make_store(session, line.world) for _ in range(count)]


async def whatsapp(line: Lines, text: str, number: str = MIA, *, id_: str | None = None, ago_s: float = 1,
                   sender: UUID | None = None, secret: str = APP_SECRET, **over: Any) -> int:  # fmt: skip
    row = wrote(number.removeprefix("+"), text, line.now.timestamp() - ago_s, **over) | ({"id": id_} if id_ else {})
    told = of_number(messages=[row])
    if sender is not None:
        told["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "555550000011111"
    body, headers = signed_by_meta(told, secret)
    path = f"/v1/hooks/whatsapp/{sender or line.senders['whatsapp']}"
    return (await line.hooks.post(path, content=body, headers=headers)).status_code


async def sms(line: Lines, text: str, number: str = MIA, sid: str | None = None, key: str = AUTH_TOKEN) -> int:
    path = f"/v1/hooks/sms/{line.senders['sms']}"
    form = {"AccountSid": SID, "From": number, "To": "+41790000001", "Body": text, "MessageSid": sid or new_id().hex}
    return (await line.hooks.post(path, **signed_by_twilio(PUBLIC + path, form, key=key))).status_code


async def viber(line: Lines, text: str, number: str = MIA, id_: str | None = None, token: str | None = None) -> int:
    sender = line.senders["viber"]
    row = {"from": number.removeprefix("+"), "to": "SHOP", "receivedAt": line.now.isoformat(),
           "messageId": id_ or new_id().hex, "message": {"type": "TEXT", "text": text}}  # fmt: skip
    path = f"/v1/hooks/viber/{sender}/{token or hook_token(KEY, sender)}"
    return (await line.hooks.post(path, json={"results": [row]})).status_code


async def listed(line: Lines, headers: dict[str, str] | None = None, **query: Any) -> list[dict[str, Any]]:
    answer = await line.hooks.get("/v1/conversations", params=query, headers=headers or line.world.sk_headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def thread(line: Lines, id_: str) -> dict[str, Any]:
    answer = await line.hooks.get(f"/v1/conversations/{id_}", headers=line.world.sk_headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def answer(line: Lines, id_: str, text: str, key: str | None = None) -> httpx.Response:
    headers = line.world.sk_headers | {"Idempotency-Key": key or new_id().hex}
    return await line.hooks.post(f"/v1/conversations/{id_}/answers", json={"text": text}, headers=headers)


async def deliver(line: Lines, later_s: float = 0) -> None:
    """The worker's clock stands still; HTTP's goes on."""
    line.clock.now = utc_now() + timedelta(seconds=later_s)
    await line.deliver()


async def told(line: Lines) -> list[dict[str, Any]]:
    async with transaction(line.sessions, line.world.tenant_id) as session:
        recorded = await events.read(session, line.world.tenant_id, 0, 500)
    return [r.payload for r in recorded if r.type == "reply.received"]


@pytest.mark.parametrize("channel", ["whatsapp", "sms", "viber"])
async def test_what_is_written_by_phone_comes_into_the_list_once_and_is_answered(
    line: Lines, meta: MetaServer, texts: TextServer, channel: str
) -> None:
    person = await line.person(MIA, channel)
    write = {"whatsapp": whatsapp, "sms": sms, "viber": viber}[channel]
    forged = {"whatsapp": {"secret": "another secret of somebody else!"}, "sms": {"key": "0" * 32},
              "viber": {"token": "0" * 40}}[channel]  # fmt: skip
    assert await write(line, "Are you open?", **forged) == 401
    assert (await listed(line), await line.rows(Conversation), await told(line)) == ([], [], [])
    twice = {"sid" if channel == "sms" else "id_": "the-same"}
    for _ in range(2):
        assert await write(line, "Are you open?", **twice) == 200
    (item,) = await listed(line, status="unread")
    assert (item["channel"], item["profile_id"], item["last_text"]) == (channel, str(person), "Are you open?")
    assert (item["unread"], item["can_answer"], item["why_not"], item["store_id"]) == (1, True, None, None)
    assert (item["name"], item["window_ends_at"] is not None) == ("•••67", channel == "whatsapp")
    (event,) = await told(line)
    assert (event["conversation_id"], event["profile_id"]) == (item["id"], str(person))
    assert "Are you open" not in str(event)
    headers = line.world.sk_headers
    live = await line.hooks.get("/v1/live", params={"once": True}, headers=headers | {"Last-Event-ID": "0"})
    assert ("event: reply\n" in live.text, item["id"] in live.text, "Are you open" in live.text) == (True, True, False)
    past = await line.hooks.get(f"/v1/profiles/{person}/timeline", params={"kinds": "reply"}, headers=headers)
    assert [(e["text"], e["ref"]) for e in past.json()["items"]] == [("Are you open?", item["id"])]
    made = await answer(line, item["id"], "Until six.", "once")
    assert made.status_code == 201, made.text
    again = await answer(line, item["id"], "Until six.", "once")
    assert (again.status_code, again.json()["id"], made.json()["status"]) == (201, made.json()["id"], "queued")
    await deliver(line)
    sent = {"whatsapp": meta.messages, "sms": texts.sms, "viber": texts.viber}[channel]
    assert len(sent) == 1
    assert "Until six." in str(sent[0])
    shown = await thread(line, item["id"])
    assert [(m["direction"], m["text"], m["status"]) for m in shown["messages"]] == [
        ("in", "Are you open?", "received"), ("out", "Until six.", "sent"),
    ]  # fmt: skip
    assert (shown["unread"], shown["messages"][1]["by"] is not None) == (0, True)
    assert await listed(line, status="unread") == []


async def test_each_store_has_its_own_list_and_a_stranger_lands_in_it(line: Lines) -> None:
    first, second = await stores_of(line)
    own = await line.add("whatsapp", WHATSAPP | {"phone_number_id": "555550000011111"}, SECRETS, store_id=first)
    assert await whatsapp(line, "Do you have figs?", STRANGER, sender=own) == 200
    # the tenant's number wrote for the second store last: what comes back is for that one
    await line.person(MIA, "whatsapp")
    assert await whatsapp(line, "Hello") == 200
    assert (await line.send(store_id=second, purpose="transactional", campaign_id=None)).status == "sent"
    assert await whatsapp(line, "Thank you!") == 200
    by_store = {i["store_id"]: i for i in await listed(line)}
    assert {s: i["last_text"] for s, i in by_store.items()} == {
        str(first): "Do you have figs?", None: "Hello", str(second): "Thank you!",
    }  # fmt: skip
    stranger = by_store[str(first)]
    assert (stranger["name"], stranger["can_answer"], stranger["profile_id"] is not None) == ("•••33", True, True)
    async with transaction(line.sessions, line.world.tenant_id) as session:
        key = await make_key_row(session, line.world.tenant_id, KeyKind.SECRET, store_ids=[first])
    mine = {"Authorization": f"Bearer {key}"}
    (seen,) = await listed(line, mine, status="all")
    assert (seen["id"], seen["profile_id"]) == (stranger["id"], None)  # no customer of the store yet
    for method, path, body in (
        ("GET", "", None), ("PATCH", "", {"read": True}), ("POST", "/answers", {"text": "Hi"}),
    ):  # fmt: skip
        url = f"/v1/conversations/{by_store[str(second)]['id']}{path}"
        assert (await line.hooks.request(method, url, json=body, headers=mine)).status_code == 404
    url = f"/v1/conversations?store_id={second}"
    assert (await line.hooks.get(url, headers=mine)).status_code == 404
    assert await whatsapp(line, "stop", "+41790000777") == 200  # of strangers who want nothing nothing is kept
    assert "+41790000777" not in {i.value for i in await line.rows(Identifier)}


async def test_whatsapp_is_answered_for_a_day_and_never_by_template(line: Lines, meta: MetaServer) -> None:
    await line.person(MIA, "whatsapp")
    assert await whatsapp(line, "Hello?", ago_s=24 * 3600 - 90) == 200
    (item,) = await listed(line)
    assert item["can_answer"] is True
    assert (await answer(line, item["id"], "Just in time")).status_code == 201
    await deliver(line, later_s=120)  # the worker was slow: it is asked again just before the socket
    assert meta.calls == []
    async with transaction(line.sessions, line.world.tenant_id) as session:
        row = (await session.execute(select(PhoneInbound))).scalar_one()
        row.last_at -= timedelta(hours=1)
    (closed,) = await listed(line)
    assert (closed["can_answer"], closed["why_not"]) == (False, "window-closed")
    refused = await answer(line, item["id"], "Too late")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/window-closed")
    assert "template" in refused.json()["detail"]
    assert await whatsapp(line, "Still there?") == 200
    assert (await answer(line, item["id"], "Yes")).status_code == 201
    await deliver(line)
    assert [m["text"]["body"] for m in meta.messages] == ["Yes"]


async def test_nobody_who_said_stop_after_a_question_is_answered(line: Lines, texts: TextServer) -> None:
    person = await line.person(MIA, "sms")
    assert await sms(line, "Any shoes left?") == 200
    (item,) = await listed(line)
    assert (await answer(line, item["id"], "Two pairs")).status_code == 201
    assert await sms(line, "Odjava") == 200  # a STOP word of another language, before it went out
    assert not await line.may(person, "sms")
    await deliver(line)
    assert texts.sms == []
    (message,) = [m for m in await line.rows(Message) if m.answering is not None]
    assert (message.status, message.reason) == ("skipped", "no_consent")
    (stopped,) = await listed(line)
    assert (stopped["why_not"], stopped["unread"]) == ("stopped", 0)
    refused = await answer(line, item["id"], "Hello?")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/stopped")
    assert [m["text"] for m in (await thread(line, item["id"]))["messages"]][-1] == "Odjava"
    # who writes again wants to hear something; marketing stays off
    assert await sms(line, "One more question") == 200
    assert (await answer(line, item["id"], "Yes?")).status_code == 201
    await deliver(line)
    assert [m["Body"] for m in texts.sms] == ["Yes?"]
    assert not await line.may(person, "sms")


async def test_an_answer_goes_to_the_address_that_wrote(line: Lines, texts: TextServer) -> None:
    await line.person(MIA, "sms")
    assert await sms(line, "Hello", STRANGER) == 200
    async with transaction(line.sessions, line.world.tenant_id) as session:
        ids = {i.value: i for i in (await session.execute(select(Identifier))).scalars()}
        ids[STRANGER].profile_id = ids[MIA].profile_id  # it turns out to be her second number
    (item,) = await listed(line)
    assert item["profile_id"] == str(ids[MIA].profile_id)
    assert (await answer(line, item["id"], "Hi")).status_code == 201
    await deliver(line)
    assert [m["To"] for m in texts.sms] == [STRANGER]


async def test_a_conversation_is_read_assigned_and_done(line: Lines) -> None:
    for number in (MIA, STRANGER):
        assert await sms(line, f"I am {number}", number) == 200
    one, other = await listed(line)
    path, headers = f"/v1/conversations/{one['id']}", line.world.sk_headers
    nobody = await line.hooks.patch(path, json={"assigned_to": str(new_id())}, headers=headers)
    assert nobody.status_code == 422
    read = (await line.hooks.patch(path, json={"read": True}, headers=headers)).json()
    assert (read["unread"], read["assigned_to"]) == (0, None)
    assert [i["id"] for i in await listed(line, status="unread")] == [other["id"]]
    assert (await line.hooks.patch(path, json={"done": True}, headers=headers)).status_code == 200
    assert [i["id"] for i in await listed(line)] == [other["id"]]
    page = (await line.hooks.get("/v1/conversations?status=all&limit=1", headers=headers)).json()
    rest = await listed(line, status="all", cursor=page["next"])
    assert {page["items"][0]["id"], rest[0]["id"]} == {one["id"], other["id"]}
    assert await sms(line, "Hello?", STRANGER if other["last_text"].endswith(MIA) else MIA) == 200
    assert {i["id"] for i in await listed(line)} == {one["id"], other["id"]}  # who writes again is open again


# --- e-mail --------------------------------------------------------------------------------------------------------


def written(to: str, text: str, **headers: str) -> bytes:
    mail = EmailMessage()
    for name, value in ({"From": "Mia <mia@example.com>", "Subject": "Re: Hoi", "Message-ID": "<1@example.com>"}
                        | {name.replace("_", "-"): value for name, value in headers.items()}).items():  # fmt: skip
        mail[name] = value
    mail["To"] = to
    mail.set_content(text)
    return mail.as_bytes()


async def hand_in(line: Lines, raw: bytes, secret: str | None = None) -> int:
    app_id = line.world.app_id
    key = secret or hook_token(KEY, app_id)
    signature = "sha256=" + hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"X-Geoengage-Signature": signature, "Content-Type": "message/rfc822"}
    return (await line.hooks.post(f"/v1/hooks/email/{app_id}", content=raw, headers=headers)).status_code


async def test_an_answered_email_comes_to_its_store_and_is_answered(line: Lines, smtp: SmtpServer) -> None:
    store_id = (await stores_of(line, 1))[0]
    async with transaction(line.sessions, line.world.tenant_id) as session:
        over = {"reply_to": "talk@shop.example", "takes_answers": True}
        session.add(mail_sender(line.world, smtp.port, line.now, **over))
        person = await make_reader(session, line.world, "mia@example.com", line.now)
    sent = await line.send("email", person=person, store_id=store_id, purpose="transactional", campaign_id=None)
    assert sent.status == "sent", sent.reason
    to = smtp.mails[0].message["Reply-To"]
    assert to.startswith("talk+")
    quoted = "Is it washable?\n\nOn Fri, 20 Nov 2026 at 10:00 Corner shop <shop@example.com> wrote:\n> Kaffee\n"
    assert await hand_in(line, written(to, quoted), "not the secret of this app") == 401
    flipped = to[:10] + ("b" if to[10] == "a" else "a") + to[11:]
    assert await hand_in(line, written(flipped, quoted)) == 200  # signed by the mail server, and no address of ours
    assert await hand_in(line, written(to, "I am away", Auto_Submitted="auto-replied")) == 200
    assert await listed(line) == []
    for _ in range(2):
        assert await hand_in(line, written(to.upper(), quoted)) == 200
    (item,) = await listed(line, store_id=store_id)
    assert (item["channel"], item["profile_id"], item["last_text"]) == ("email", str(person), "Is it washable?")
    assert (item["unread"], item["can_answer"], item["name"]) == (1, True, "m•••@e•••.com")
    assert (await answer(line, item["id"], "At 40 degrees.")).status_code == 201
    await deliver(line)
    back = smtp.mails[-1].message
    assert (back["To"], back["Subject"], back["In-Reply-To"]) == ("mia@example.com", "Re: Hoi", "<1@example.com>")
    assert "At 40 degrees." in back.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert back["Reply-To"] not in (None, to)
    # From is believed by nobody: who has the address was sent it, or has it from who was
    other = written(back["Reply-To"], "And the other one?", From="bob@elsewhere.example", Message_ID="<2@x>")
    assert await hand_in(line, other.replace(b"Mia <mia@example.com>", b"bob@elsewhere.example")) == 200
    (item,) = await listed(line)
    assert (item["unread"], item["profile_id"]) == (1, str(person))
