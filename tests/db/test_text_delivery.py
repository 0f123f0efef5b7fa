"""SMS and Viber with real commits against Twilio and Infobip on this machine, and the fall-back between them."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.kit.clock import utc_now
from geoengage.kit.settings import Settings
from geoengage.messaging.models import MessageDue
from geoengage.messaging.phone_models import PhoneSender
from geoengage.messaging.rules import PushOptions
from geoengage.messaging.rules.phone import hook_token
from geoengage.profiles.models import ContactPoint
from tests.conftest import KEY
from tests.phoning import PUBLIC, Lines, lines
from tests.providers.text_servers import (
    API_KEY,
    AUTH_TOKEN,
    KEY_ID,
    SID,
    WEBHOOK_KEY,
    TextServer,
    signed,
    viber_status,
)

TWILIO = {"account_sid": SID, "sender": "+41790000001"}
VIBER = {"base": "x1y2", "sender": "SHOP"}
BOTH = ("viber", "sms")


@pytest.fixture
async def line(committed: AsyncEngine, app: FastAPI, settings: Settings, texts: TextServer) -> AsyncIterator[Lines]:
    async with lines(committed, app, settings, twilio_url=texts.url, infobip_url=texts.url) as made:
        await made.add("sms", TWILIO, {"auth_token": AUTH_TOKEN, "webhook_keys": {KEY_ID: WEBHOOK_KEY}})
        await made.add("viber", VIBER, {"api_key": API_KEY})
        yield made


def sms_path(line: Lines) -> str:
    return f"/v1/hooks/sms/{line.senders['sms']}"


async def tell(line: Lines, form: Mapping[str, str], message: UUID | None = None, **how: Any) -> int:
    """A call of Twilio, signed as it signs it; the status of the answer."""
    path = sms_path(line) + ("" if message is None else f"?message={message}")
    return (await line.hooks.post(path, **signed(PUBLIC + path, {"AccountSid": SID, **form}, **how))).status_code


async def infobip(line: Lines, *results: dict[str, Any], token: str | None = None) -> int:
    sender = line.senders["viber"]
    path = f"/v1/hooks/viber/{sender}/{token or hook_token(KEY, sender)}"
    return (await line.hooks.post(path, json={"results": list(results)})).status_code


async def test_an_sms_says_how_to_stop_and_reports_in_any_order(line: Lines, texts: TextServer) -> None:
    person = await line.person("+41791234567", *BOTH)
    message = await line.send("sms", person=person, push=PushOptions(link="https://s.example/a"))
    (sent,) = texts.sms
    assert (message.status, message.channel, message.provider_answer) == ("sent", "sms", sent["sid"])
    assert sent["Body"] == "Hoi\nKaffee\nhttps://s.example/a\nNo more offers: reply STOP"
    assert (sent["To"], sent["From"], sent["ValidityPeriod"]) == ("+41791234567", "+41790000001", "36000")
    assert sent["StatusCallback"] == f"{PUBLIC}{sms_path(line)}?message={message.id}"
    for status in ("delivered", "sent", "delivered", "queued", "failed"):
        form = {"MessageSid": sent["sid"], "MessageStatus": status, "To": "+41791234567", "Extra": "x"}
        form |= {"ErrorCode": "30005"} if status == "failed" else {}
        assert await tell(line, form, message.id) == 200
    after = await line.message(message.id)
    assert (after.status, after.received_at is not None) == ("sent", True)
    receipt = await line.send("sms", person=person, purpose="transactional", campaign_id=None)
    assert (receipt.status, texts.sms[-1]["Body"]) == ("sent", "Hoi\nKaffee")


async def test_an_alphanumeric_sender_carries_a_link_instead(line: Lines, texts: TextServer) -> None:
    async with line.sessions() as session:
        row = await session.get(PhoneSender, (line.world.tenant_id, line.senders["sms"]))
        assert row is not None
        row.account = {"account_sid": SID, "sender": "SHOP"}
        await session.commit()
    message = await line.send("sms")
    assert f"{PUBLIC}/u/" in texts.sms[0]["Body"]
    path = texts.sms[0]["Body"].rpartition(PUBLIC)[2]
    shown = await line.hooks.get(path)
    assert "by SMS from Test mall" in shown.text
    assert (await line.hooks.post(path)).status_code == 200
    assert not await line.may(message.person_id, "sms")
    american = await line.send("sms", person=await line.person("+12015550123", "sms"))
    assert (american.status, american.reason, len(texts.sms)) == ("failed", "no_sender_for_country", 1)


@pytest.mark.parametrize(
    "fault, state, reason, again, agrees, point",
    [
        (21610, "failed", "opted_out", False, False, "reachable"),
        (21211, "failed", "invalid_number", False, True, "bounced"),
        (21408, "misconfigured", "region_disabled", False, True, "reachable"),
        (20003, "misconfigured", "credentials", True, True, "reachable"),
        (20429, "queued", None, True, True, "reachable"),
        ("busy", "queued", None, True, True, "reachable"),
        ("reset", "unknown", "connection_lost", False, True, "reachable"),
    ],
)
async def test_what_twilio_says_decides(
    line: Lines, texts: TextServer, fault: int | str, state: str, reason: str | None, again: bool, agrees: bool,
    point: str,
) -> None:  # fmt: skip
    person = await line.person("+41791234567", "sms")
    texts.fail_next(fault)
    message = await line.send("sms", person=person)
    assert (message.status, message.reason) == (state, reason)
    assert "41791234567" not in str(message.provider_answer)
    assert (len(await line.rows(MessageDue)), await line.may(person, "sms")) == (again, agrees)
    assert [p.state for p in await line.rows(ContactPoint)] == [point]
    line.clock.forward(700)
    await line.deliver()
    assert texts.calls == 1 + again
    assert (await line.message(message.id)).status == ("sent" if again else state)


async def test_forged_calls_change_nothing_and_both_schemes_count(line: Lines, texts: TextServer) -> None:
    person = await line.person("+41791234567", "sms")
    message = await line.send("sms", person=person)
    form = {"MessageSid": texts.sms[0]["sid"], "MessageStatus": "delivered"}
    stop = {"From": "+41791234567", "To": "+41790000001", "Body": "Stop", "MessageSid": "SM1"}
    assert await tell(line, form, message.id, key="not the token") == 401
    assert await tell(line, stop, key_id="another", key=WEBHOOK_KEY) == 401
    path = f"{sms_path(line)}?message={message.id}"
    call = signed(PUBLIC + sms_path(line), {"AccountSid": SID, **form})  # of another address
    assert (await line.hooks.post(path, **call)).status_code == 401
    sent = await line.send("viber", person=await line.person("+41791234568", "viber"))
    report = {"messageId": str(sent.id), "status": viber_status("DELIVERED_TO_HANDSET")}
    assert await infobip(line, report, token="0" * 40) == 401
    for id_ in (message.id, sent.id):
        assert (await line.message(id_)).received_at is None
    assert await line.may(person, "sms")
    assert await tell(line, form | {"AccountSid": "AC" + "9" * 32}, message.id) == 200  # signed, of another account
    assert (await line.message(message.id)).received_at is None
    assert await tell(line, form, message.id, key_id=KEY_ID, key=WEBHOOK_KEY) == 200
    assert (await line.message(message.id)).received_at is not None
    assert await tell(line, stop | {"Body": "no more", "OptOutType": "STOP"}) == 200
    assert not await line.may(person, "sms")


async def test_viber_falls_back_to_sms_at_once_and_later(line: Lines, texts: TextServer) -> None:
    texts.fail_next("REJECTED_DESTINATION")
    first = await line.queue(await line.person("+41791234567", *BOTH), *BOTH)
    for _ in range(2):
        await line.deliver()
    message = await line.message(first)
    assert (message.status, message.channel, len(texts.viber), len(texts.sms)) == ("sent", "sms", 0, 1)
    later = await line.send(*BOTH, person=await line.person("+41791234568", *BOTH))
    assert (later.status, later.channel) == ("sent", "viber")
    failed = {"messageId": str(later.id), "status": viber_status("UNDELIVERABLE_NOT_DELIVERED")}
    failed["error"] = {"name": "EC_NO_SUITABLE_DEVICE", "description": "No device", "permanent": True}
    for _ in range(2):
        assert await infobip(line, failed) == 200
        line.clock.now = utc_now()  # it is due since then
        await line.deliver()
    moved = await line.message(later.id)
    assert (moved.status, moved.channel, len(texts.sms)) == ("sent", "sms", 2)


async def test_viber_is_left_alone_until_the_person_writes_or_a_day_has_passed(line: Lines, texts: TextServer) -> None:
    """Once it takes no more, nothing is tried by it: the next channel goes at once, and what has none is held back."""
    texts.fail_next("REJECTED_WAIT_FOR_USER_RESPONSE")
    person = await line.person("+41791234567", *BOTH)
    first = await line.send(*BOTH, person=person)
    assert (first.status, first.channels, first.passed_over) == ("queued", ["sms"], ["viber:session_limit"])

    by_sms = await line.send(*BOTH, person=person)
    held = await line.send("viber", person=person)
    other = await line.send("viber", person=await line.person("+41791234568", "viber"))
    assert (by_sms.status, by_sms.channel, other.status) == ("sent", "sms", "sent")
    assert (held.status, held.reason, held.blockers) == ("skipped", "session_limit", ["session_limit"])
    assert (len(texts.viber), len(texts.sms)) == (1, 2)

    wrote = {"from": "41791234567", "to": "SHOP", "receivedAt": utc_now().isoformat(), "message": {"text": "hello"}}
    assert await infobip(line, wrote) == 200
    again = await line.send("viber", person=person)
    assert again.status == "sent"

    async def refused(id_: UUID) -> None:
        told = {"messageId": str(id_), "status": viber_status("UNDELIVERABLE_REJECTED_OPERATOR")}
        told["error"] = {"name": "EC_WAIT_FOR_USER_RESPONSE", "description": "Session limit"}
        assert await infobip(line, told) == 200

    await refused(again.id)  # it went before they wrote, so that says nothing of now
    line.clock.now = utc_now()
    later = await line.send("viber", person=person)
    assert later.status == "sent"
    await refused(later.id)
    assert (await line.send("viber", person=person)).reason == "session_limit"
    line.clock.forward(25 * 3600)
    assert (await line.send("viber", person=person)).status == "sent"


async def test_seen_receipts_of_viber_and_its_button(line: Lines, texts: TextServer) -> None:
    push = PushOptions(link="https://s.example/a", image_url="https://s.example/a.jpg")
    message = await line.send("viber", push=push)
    content = texts.viber[0]["content"]
    assert (content["type"], content["mediaUrl"], content["button"]["action"]) == ("IMAGE", push.image_url, push.link)
    assert f"{PUBLIC}/u/" in content["text"]
    at = (line.now + timedelta(seconds=-1)).isoformat()
    assert await infobip(line, {"messageId": str(message.id), "from": "SHOP", "to": "4179", "seenAt": at}) == 200
    report = {"messageId": str(message.id), "doneAt": at, "status": viber_status("DELIVERED_TO_HANDSET")}
    assert await infobip(line, report, {"messageId": "x"}, {}) == 200
    after = await line.message(message.id)
    assert (after.opened_at is not None, after.received_at is not None) == (True, True)


async def test_a_try_without_an_answer_is_repeated_under_its_id_and_arrives_once(
    line: Lines, texts: TextServer
) -> None:
    texts.fail_next("reset")
    message = await line.send("viber")
    assert (message.status, len(await line.rows(MessageDue))) == ("unknown", 1)
    line.clock.forward(60)
    await line.deliver()
    assert ((await line.message(message.id)).status, len(texts.viber), texts.calls) == ("sent", 1, 2)
    texts.fail_next("html")
    other = await line.send("viber", person=await line.person("+41791234568", "viber"))
    assert other.status == "unknown"
    line.clock.forward(60)
    await line.deliver()
    assert ((await line.message(other.id)).status, len(texts.viber)) == ("sent", 2)


async def test_what_somebody_writes_to_a_viber_sender(line: Lines) -> None:
    person = await line.person("+41791234567", "viber")
    wrote = {"from": "41791234567", "to": "SHOP", "receivedAt": line.now.isoformat(), "message": {"text": "стоп"}}
    assert await infobip(line, wrote | {"to": "OTHER"}) == 200
    assert await line.may(person, "viber")
    assert await infobip(line, wrote) == 200
    assert not await line.may(person, "viber")
