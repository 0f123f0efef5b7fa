"""WhatsApp with real commits against a Cloud API on this machine: what goes, what is refused, what is told later."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit.db import transaction
from geoengage.kit.settings import Settings
from geoengage.messaging import store
from geoengage.messaging.models import MessageDue
from geoengage.messaging.phone_models import PhoneInbound, PhoneSender, WhatsappTemplate
from geoengage.messaging.rules import PushOptions, whatsapp
from geoengage.messaging.rules.phone import Reply
from geoengage.profiles.models import ContactPoint, Identifier
from geoengage.profiles.rules import Id, Kind
from tests.campaign_rows import make_store
from tests.phoning import Lines, lines
from tests.providers.meta_server import (
    APP_SECRET,
    BUSINESS,
    NUMBER,
    TOKEN,
    MetaServer,
    change,
    of_number,
    signed,
    status,
    template,
    wrote,
)

ACCOUNT = {
    "phone_number_id": NUMBER,
    "business_account_id": BUSINESS,
    "templates": {"marketing": "news", "transactional": "order"},
}
SECRETS = {"access_token": TOKEN, "app_secret": APP_SECRET}
MIA = "41791234567"


@pytest.fixture
async def line(committed: AsyncEngine, app: FastAPI, settings: Settings, meta: MetaServer) -> AsyncIterator[Lines]:
    async with lines(committed, app, settings, graph_url=meta.url) as made:
        await made.add("whatsapp", ACCOUNT, SECRETS)
        meta.templates = [template(), template(name="order", category="UTILITY", text="{{title}} {{body}}")]
        await know_templates(made, meta)
        yield made


async def know_templates(line: Lines, meta: MetaServer) -> None:
    found = whatsapp.read_templates(Reply(200, {"data": meta.templates}))
    async with transaction(line.sessions, line.world.tenant_id) as session:
        await store.put_templates(session, line.world.tenant_id, line.senders["whatsapp"], found, line.now)


async def tell(line: Lines, told: dict[str, Any], secret: str = APP_SECRET) -> httpx.Response:
    body, headers = signed(told, secret)
    path = f"/v1/hooks/whatsapp/{line.senders['whatsapp']}"
    return await line.hooks.post(path, content=body, headers=headers)


async def opened(line: Lines, number: str = MIA, ago_s: float = 60.0, text: str = "hi") -> None:
    """Somebody wrote so long ago."""
    answer = await tell(line, of_number(messages=[wrote(number, text, line.now.timestamp() - ago_s)]))
    assert answer.status_code == 200, answer.text


# --- sending -----------------------------------------------------------------------------------------------------


async def test_a_template_goes_to_who_has_not_written_and_any_text_to_who_has(line: Lines, meta: MetaServer) -> None:
    person = await line.person()
    message = await line.send(person=person, body="Kaffee\nheute")
    assert (message.status, message.channel) == ("sent", "whatsapp")
    (sent,) = meta.messages
    assert message.provider_answer == sent["id"]
    assert (sent["to"], sent["type"], sent["biz_opaque_callback_data"]) == (MIA, "template", str(message.id))
    assert sent["template"] == {
        "name": "news", "language": {"code": "en"},
        "components": [{"type": "body", "parameters": [
            {"type": "text", "text": "Hoi"}, {"type": "text", "text": "Kaffee heute"},
        ]}],
    }  # fmt: skip
    await opened(line)
    assert (await line.send(person=person)).status == "sent"
    (_, pressed) = meta.messages
    assert pressed["interactive"]["body"]["text"] == "Hoi\nKaffee"
    assert pressed["interactive"]["action"]["buttons"][0]["reply"] == {"id": "stop", "title": "Stop"}
    link = PushOptions(link="https://shop.example/today", image_url="https://shop.example/a.jpg")
    await line.send(person=person, push=link)
    shown = meta.messages[-1]["interactive"]
    assert (shown["type"], shown["action"]["parameters"]["url"]) == ("cta_url", link.link)
    assert shown["header"]["image"]["link"] == link.image_url
    await line.send(person=person, purpose="transactional", campaign_id=None)
    assert meta.messages[-1]["text"]["body"] == "Hoi\nKaffee"


async def test_the_window_ends_after_a_day_and_meta_knows_better(line: Lines, meta: MetaServer) -> None:
    person = await line.person()
    await opened(line, ago_s=24 * 3600)
    await line.send(person=person)
    assert meta.messages[-1]["type"] == "template"
    await opened(line)
    meta.open_windows = set()  # Meta says that nobody wrote
    id_ = await line.queue(person)
    await line.deliver()
    assert (await line.message(id_)).status == "queued"
    assert await line.rows(PhoneInbound) == []
    await line.deliver()
    message = await line.message(id_)
    assert (message.status, message.attempts, meta.messages[-1]["type"]) == ("sent", 2, "template")


async def test_without_an_approved_template_the_next_channel_is_tried(line: Lines, meta: MetaServer) -> None:
    meta.templates[0]["status"] = "PAUSED"
    await know_templates(line, meta)
    message = await line.send()
    assert (message.status, message.reason) == ("skipped", "no_template")
    other = await line.send("whatsapp", "inbox", person=await line.person("+41791234568"))
    assert other.status == "skipped"
    assert set(other.blockers) == {"no_template", "no_address"}
    # a template for service is not for what sells, and the other way round it may be
    service = await line.send(purpose="transactional", campaign_id=None, person=await line.person("+41791234569"))
    assert (service.status, meta.messages[-1]["template"]["name"]) == ("sent", "order")
    named = meta.messages[-1]["template"]["components"][0]["parameters"]
    assert [p["parameter_name"] for p in named] == ["title", "body"]


async def test_consent_and_proof_are_asked_for_whatsapp_itself(line: Lines, meta: MetaServer) -> None:
    no = await line.send(person=await line.person(agrees=False))
    assert (no.status, no.reason) == ("skipped", "no_consent")
    by_sms = await line.send(person=await line.person("+41791234568", "sms"))
    assert (by_sms.status, by_sms.reason) == ("skipped", "no_address")
    assert meta.calls == []


async def test_a_store_speaks_by_its_own_number_else_by_the_tenants(line: Lines, meta: MetaServer) -> None:
    async with transaction(line.sessions, line.world.tenant_id) as session:
        store_id = await make_store(session, line.world)
        other_id = await make_store(session, line.world)
    await line.add("whatsapp", ACCOUNT | {"phone_number_id": "999990000011111"}, SECRETS, store_id=store_id)
    person = await line.person(store_id=store_id)
    own = await line.send(person=person, store_id=store_id)
    assert (own.status, own.reason) == ("skipped", "no_template")  # its account has none yet
    async with transaction(line.sessions, line.world.tenant_id) as session:
        assert len(await store.list_phone_senders(session, line.world.tenant_id, [other_id])) == 1
    fallen = await line.send(person=await line.person("+41791234568", store_id=other_id), store_id=other_id)
    assert fallen.status == "sent"


async def test_who_hides_the_number_is_reached_by_the_id_of_the_business(line: Lines, meta: MetaServer) -> None:
    hidden = await line.person(None, also=Id(Kind.SOURCE_ID, f"whatsapp:{BUSINESS}:CH.13491208655302741918"))
    assert (await line.send(person=hidden)).status == "sent"
    assert (meta.messages[-1]["recipient"], "to" in meta.messages[-1]) == ("CH.13491208655302741918", False)
    strangers = await line.person(None, also=Id(Kind.SOURCE_ID, "whatsapp:102999999999999:CH.5"))
    assert (await line.send(person=strangers)).reason == "no_address"
    # both come together: they are one person's, and the number goes first
    both = await line.person("+41791234568")
    await tell(line, of_number(messages=[wrote("41791234568", "hi", line.now.timestamp(), from_user_id="CH.77")]))
    known = {i.value: i.profile_id for i in await line.rows(Identifier)}
    assert known[f"whatsapp:{BUSINESS}:CH.77"] == both
    await line.send(person=both)
    assert meta.messages[-1]["to"] == "41791234568"


# --- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code, state, reason, again",
    [
        (131026, "failed", "not_on_whatsapp", False),
        (131050, "failed", "opted_out", False),
        (131049, "failed", "marketing_cap", False),
        (132001, "failed", "template_missing", False),
        (131056, "queued", None, True),
        (130429, "queued", None, True),
        (131016, "queued", None, True),
        ("busy", "queued", None, True),
        (190, "misconfigured", "credentials", True),
        (131042, "misconfigured", "payment", True),
        (131048, "misconfigured", "quality", True),
        (131030, "misconfigured", "test_numbers_only", False),
        ("html", "unknown", "http_502", False),
        ("reset", "unknown", "connection_lost", False),
    ],
)
async def test_what_meta_says_decides(
    line: Lines, meta: MetaServer, code: int | str, state: str, reason: str | None, again: bool
) -> None:
    person = await line.person()
    meta.fail_next(code)
    message = await line.send(person=person)
    assert (message.status, message.reason) == (state, reason)
    assert MIA not in str(message.provider_answer)
    due = await line.rows(MessageDue)
    assert len(due) == again
    (point,) = await line.rows(ContactPoint)
    assert point.state == ("bounced" if code == 131026 else "reachable")
    assert await line.may(person, "whatsapp") is (code != 131050)
    (sender,) = await line.rows(PhoneSender)
    assert sender.status == ("fails" if state == "misconfigured" and again else "unchecked")
    if again:
        line.clock.forward(700)
        await line.deliver()
        assert (await line.message(message.id)).status == "sent"
    else:
        line.clock.forward(700)
        await line.deliver()
        assert len(meta.calls) == 1  # never again


async def test_a_template_that_meta_has_paused_is_not_used_again(line: Lines, meta: MetaServer) -> None:
    meta.templates[0]["status"] = "PAUSED"
    assert (await line.send()).reason == "template_paused"
    known = {t.name: t.status for t in await line.rows(WhatsappTemplate)}
    assert known == {"news": "paused", "order": "approved"}
    assert (await line.send(person=await line.person("+41791234568"))).reason == "no_template"
    assert len(meta.calls) == 1


async def test_bad_quality_stops_marketing_only(line: Lines, meta: MetaServer) -> None:
    meta.fail_next(131048)
    await line.send()
    await line.send(person=await line.person("+41791234568"))
    assert len(meta.calls) == 1
    sent = await line.send(person=await line.person("+41791234569"), purpose="transactional", campaign_id=None)
    assert sent.status == "sent"


async def test_an_hour_without_meta_delays_and_expires_and_never_floods(line: Lines, meta: MetaServer) -> None:
    people = [await line.person(f"+4179000{n:04}") for n in range(30)]
    meta.fail_with("busy")
    ids = [await line.queue(p, expires_at=line.now + timedelta(minutes=30 if n < 5 else 600)) for n, p in
           enumerate(people)]  # fmt: skip
    for _ in range(60):
        await line.deliver()
        line.clock.forward(60)
    assert len(meta.calls) < 30 * 15  # each asks again after 2 s, 4 s … 10 min, and none while the number is left alone
    meta.fail_with(None)
    before, seconds, most = len(meta.messages), 0, 0
    while len(meta.messages) - before < 25 and seconds < 900:
        had = len(meta.messages)
        await line.deliver()
        most = max(most, len(meta.messages) - had)
        line.clock.forward(1)
        seconds += 1
    states = [(m.status, m.reason) for m in [await line.message(id_) for id_ in ids]]
    assert set(states[:5]) <= {("skipped", "expired"), ("failed", "unavailable")}  # no other try fitted in
    assert states[5:] == [("sent", None)] * 25
    assert len({m["biz_opaque_callback_data"] for m in meta.messages}) == 25


async def test_the_limit_of_a_number_is_kept(line: Lines, meta: MetaServer) -> None:
    async with transaction(line.sessions, line.world.tenant_id) as session:
        (row,) = await store.list_phone_senders(session, line.world.tenant_id)
        row.per_minute = 60
    for n in range(20):
        await line.queue(await line.person(f"+4179000{n:04}"))
    for _ in range(10):
        await line.deliver()
        line.clock.forward(1)
    assert 1 <= len(meta.messages) <= 11


# --- what is told later ------------------------------------------------------------------------------------------


async def test_reports_come_in_any_order_twice_and_late(line: Lines, meta: MetaServer) -> None:
    message = await line.send()
    (sent,) = meta.messages
    at = line.now.timestamp()
    for word, later in (("read", 3), ("sent", 1), ("delivered", 2), ("read", 3), ("failed", 4)):
        code = 131026 if word == "failed" else None
        assert (await tell(line, of_number(statuses=[status(sent, word, at + later, code)]))).status_code == 200
    after = await line.message(message.id)
    assert after.status == "sent"
    assert after.received_at is not None
    assert after.opened_at is not None
    assert (await line.rows(ContactPoint))[0].state == "reachable"


async def test_what_fails_later_takes_the_next_channel_once(line: Lines, meta: MetaServer) -> None:
    person = await line.person()
    message = await line.send("whatsapp", "inbox", person=person)
    (sent,) = meta.messages
    at = line.now.timestamp()
    failed = of_number(statuses=[status(sent, "failed", at, 131026)])
    assert (await tell(line, failed)).status_code == 200
    moved = await line.message(message.id)
    assert (moved.status, moved.channels, moved.sent_at) == ("queued", ["inbox"], None)
    assert (await line.rows(ContactPoint))[0].state == "bounced"
    await tell(line, failed)
    await tell(line, of_number(statuses=[status(sent, "delivered", at)]))
    assert len(await line.rows(MessageDue)) == 1
    assert (await line.message(message.id)).received_at is None
    alone = await line.send(person=await line.person("+41791234568"))
    await tell(line, of_number(statuses=[status(meta.messages[-1], "failed", at, 131049)]))
    over = await line.message(alone.id)
    assert (over.status, over.reason) == ("failed", "marketing_cap")


async def test_what_was_unknown_is_known_by_a_report(line: Lines, meta: MetaServer) -> None:
    meta.fail_next("reset")
    message = await line.send()
    assert message.status == "unknown"
    await tell(line, of_number(statuses=[status(meta.messages[0], "delivered", line.now.timestamp())]))
    after = await line.message(message.id)
    assert (after.status, after.received_at is not None) == ("sent", True)


async def test_forged_calls_change_nothing(line: Lines, meta: MetaServer) -> None:
    person = await line.person()
    message = await line.send(person=person)
    at = line.now.timestamp()
    told = of_number(statuses=[status(meta.messages[0], "read", at)], messages=[wrote(MIA, "stop", at)])
    forged = await tell(line, told, secret="another secret of somebody else!")
    body, headers = signed(told)
    url = f"/v1/hooks/whatsapp/{line.senders['whatsapp']}"
    tampered = await line.hooks.post(url, content=body + b" ", headers=headers)
    unsigned = await line.hooks.post(url, content=body)
    nowhere = await line.hooks.post(f"/v1/hooks/whatsapp/{UUID(int=7)}", content=body, headers=headers)
    elsewhere = await line.hooks.post(url.replace("whatsapp", "viber"), content=body, headers=headers)
    codes = [a.status_code for a in (forged, tampered, unsigned, nowhere, elsewhere)]
    assert codes == [401, 401, 401, 404, 404]
    after = await line.message(message.id)
    assert (after.received_at, await line.rows(PhoneInbound)) == (None, [])
    assert await line.may(person, "whatsapp")


async def test_what_is_signed_and_of_no_use_is_answered(line: Lines) -> None:
    strange: list[Any] = [{}, {"entry": 7}, {"entry": [{"changes": [{"value": {"statuses": [{"id": 1}]}}]}]},
               of_number(statuses=[{"status": "sent", "timestamp": "x", "biz_opaque_callback_data": "y"}])]  # fmt: skip
    for told in strange:
        assert (await tell(line, told)).status_code == 200
    body, headers = signed({})
    assert body == b"{}"
    assert headers


async def test_stop_withdraws_from_this_sender_and_start_takes_it_back(line: Lines, meta: MetaServer) -> None:
    async with transaction(line.sessions, line.world.tenant_id) as session:
        store_id = await make_store(session, line.world)
        other_id = await make_store(session, line.world)
    person = await line.person(store_id=store_id)
    await line.person()  # the tenant itself, too
    await line.person(store_id=other_id)
    await line.send(person=person, store_id=store_id)
    await opened(line, text=" Abmelden! ", ago_s=0)
    # the tenant's number: the tenant and the store that wrote by it, not one that never did
    assert not await line.may(person, "whatsapp")
    assert not await line.may(person, "whatsapp", store_id)
    assert await line.may(person, "whatsapp", other_id)
    line.clock.forward(5)
    await tell(line, of_number(messages=[wrote(MIA, "START", line.now.timestamp() + 1)]))
    assert await line.may(person, "whatsapp")


async def test_the_stop_button_and_strangers(line: Lines, meta: MetaServer) -> None:
    person = await line.person()
    at = line.now.timestamp()
    button = {"type": "button_reply", "button_reply": {"id": "stop", "title": "Stop"}}
    pressed = wrote(MIA, "", at, type="interactive", interactive=button)
    await tell(line, of_number(messages=[pressed, wrote("41791110000", "Stop", at)]))
    assert not await line.may(person, "whatsapp")
    assert len(await line.rows(PhoneInbound)) == 1  # of a stranger who wants nothing, nothing is kept
    assert len(await line.rows(Identifier)) == 2


async def test_templates_are_followed(line: Lines) -> None:
    value = {"event": "PAUSED", "message_template_name": "news", "message_template_language": "en", "reason": "NONE"}
    await tell(line, change("message_template_status_update", value))
    known = {t.name: t.status for t in await line.rows(WhatsappTemplate)}
    assert known["news"] == "paused"
    other = change("message_template_status_update", value | {"event": "APPROVED"}, business="102999999999999")
    await tell(line, other)
    assert {t.name: t.status for t in await line.rows(WhatsappTemplate)}["news"] == "paused"
    await tell(line, change("message_template_status_update", value | {"event": "APPROVED"}))
    assert {t.name: t.status for t in await line.rows(WhatsappTemplate)}["news"] == "approved"
