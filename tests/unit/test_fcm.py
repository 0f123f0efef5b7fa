"""The FCM channel against a server that speaks HTTP v1: what goes over the wire, and what each answer does."""

import asyncio
import contextlib
import json
import warnings
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from geoengage.kit.settings import FcmSettings
from geoengage.messaging.channels import Push, open_channels
from geoengage.messaging.channels.fcm import FcmChannel, encode, open_fcm, read_answer
from geoengage.messaging.rules import Attempt, Failed, Misconfigured, Outcome, Sent, Unknown
from tests.providers.fcm_server import FcmServer, find_flaw

NOW = datetime(2026, 11, 3, 12, 0, 0, 400_000, tzinfo=UTC)
EXPIRES = NOW + timedelta(seconds=599.8)
MESSAGE = UUID("01890000-0000-7000-8000-000000000001")
CAMPAIGN = UUID("01890000-0000-7000-8000-000000000002")


def push(**over: object) -> Push:
    values: dict[str, object] = {
        "message_id": MESSAGE, "campaign_id": CAMPAIGN, "title": "Hoi Ana", "body": "Kaffee −20 % ☕",
        "data": {"message_id": str(MESSAGE), "campaign_id": str(CAMPAIGN), "link": "https://shop.example/o"},
        "collapse_key": str(CAMPAIGN), "expires_at": EXPIRES, "platform": "android", "address": "phone-1",
        "address_kind": "fcm_token",
    } | over  # fmt: skip
    return Push(**values)  # type: ignore[arg-type]


def attempt(number: int = 1, **over: object) -> Attempt:
    values: dict[str, object] = {"now": NOW, "expires_at": EXPIRES, "base_s": 2.0, "jitter": 0.5} | over
    return Attempt(number=number, **values)  # type: ignore[arg-type]


@pytest.fixture
def options(fcm: FcmServer, tmp_path: Path) -> FcmSettings:
    return FcmSettings(base_url=fcm.url, credentials_file=fcm.write_credentials(tmp_path / "account.json"), timeout_s=1)


@pytest.fixture
async def channel(options: FcmSettings) -> AsyncIterator[FcmChannel]:
    async with open_fcm(options, lambda: NOW) as opened:
        yield opened


def test_encoding_carries_remaining_time_collapse_key_and_ids() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # `token=` is deprecated and would warn for every message
        message = encode(push(), NOW)
    assert message == {
        "token": "phone-1",
        "notification": {"title": "Hoi Ana", "body": "Kaffee −20 % ☕"},
        "data": {"message_id": str(MESSAGE), "campaign_id": str(CAMPAIGN), "link": "https://shop.example/o"},
        "android": {
            "priority": "high",
            "ttl": "599s",
            "collapse_key": str(CAMPAIGN),
            "notification": {"tag": str(CAMPAIGN)},
        },
        "apns": {
            "headers": {
                "apns-priority": "10",
                "apns-expiration": str(int(EXPIRES.timestamp())),
                "apns-collapse-id": str(CAMPAIGN),
            },
            "payload": {"aps": {"sound": "default", "mutable-content": 1}},
        },
        "webpush": {
            "headers": {"TTL": "599", "Urgency": "high"},
            "notification": {"tag": str(CAMPAIGN)},
            "fcm_options": {"link": "https://shop.example/o"},
        },
        "fcm_options": {"analytics_label": f"c_{CAMPAIGN.hex}"},
    }
    assert find_flaw(message) is None


@pytest.mark.parametrize(
    "over, present, absent",
    [
        ({"address_kind": "fcm_fid", "address": "fid-1"}, "fid", "token"),
        ({"address_kind": "fcm_token"}, "token", "fid"),
        ({"campaign_id": None}, "token", "fcm_options"),
    ],
)
def test_encoding_varies_with_kind_and_campaign(over: dict[str, object], present: str, absent: str) -> None:
    message = encode(push(**over), NOW)
    assert present in message
    assert absent not in message


def test_the_longest_text_fits_into_fcms_4096_bytes() -> None:
    from geoengage.messaging.rules import render_message

    text = render_message("𝔗" * 500, "漢" * 3000, {})
    assert find_flaw(encode(push(title=text.title, body=text.body), NOW)) is None


async def test_success(channel: FcmChannel, fcm: FcmServer) -> None:
    outcome = await channel.send(push(), attempt())
    assert isinstance(outcome, Sent)
    assert outcome.answer.startswith("projects/geoengage-local/messages/0:")
    assert [call.target for call in fcm.accepted()] == ["phone-1"]
    assert fcm.calls[0].message["notification"]["body"] == "Kaffee −20 % ☕"


@pytest.mark.parametrize(
    "fault, expected",
    [
        ("quota", Failed("quota_exceeded", "429 QUOTA_EXCEEDED scripted quota", NOW + timedelta(seconds=8))),
        ("unavailable", Failed("unavailable", "503 UNAVAILABLE scripted unavailable", NOW + timedelta(seconds=8))),
        ("internal", Failed("internal", "500 INTERNAL scripted internal", NOW + timedelta(seconds=2))),
        ("html", Failed("unavailable", "502", NOW + timedelta(seconds=2))),
        ("unregistered", Failed("unregistered", "404 UNREGISTERED scripted unregistered", retire_address=True)),
        ("sender", Failed("sender_id_mismatch", "403 SENDER_ID_MISMATCH scripted sender", retire_address=True)),
        (
            "bad_token",
            Failed(
                "invalid_address",
                "400 INVALID_ARGUMENT The registration token is not a valid FCM registration token",
                retire_address=True,
            ),
        ),
        ("bad_payload", Failed("invalid_payload", "400 INVALID_ARGUMENT Invalid data payload")),
        (
            "third_party",
            Misconfigured(
                "third_party_auth", "401 THIRD_PARTY_AUTH_ERROR scripted third_party", NOW + timedelta(seconds=60)
            ),
        ),
        ("iam", Misconfigured("credentials", "403 PERMISSION_DENIED scripted iam", NOW + timedelta(seconds=60))),
        ("reset", Unknown("connection_lost", "connection_lost", NOW + timedelta(seconds=2))),
    ],
)
async def test_each_answer_over_the_wire(channel: FcmChannel, fcm: FcmServer, fault: str, expected: Outcome) -> None:
    fcm.retry_after = "7"
    fcm.fail_target("phone-1", fault)
    assert await channel.send(push(), attempt()) == expected


async def test_a_stall_beyond_the_time_out_is_unknown(options: FcmSettings, fcm: FcmServer) -> None:
    fcm.stall_s = 5
    fcm.fail_next("stall")
    async with open_fcm(options.model_copy(update={"timeout_s": 0.05}), lambda: NOW) as impatient:
        outcome = await impatient.send(push(), attempt())
    assert outcome == Unknown("timeout", "timeout", NOW + timedelta(seconds=2))
    assert len(fcm.accepted()) == 1


async def test_nobody_there_is_a_failure_not_unknown(options: FcmSettings, unused_port: int) -> None:
    away = options.model_copy(update={"base_url": f"http://127.0.0.1:{unused_port}"})
    async with open_fcm(away, lambda: NOW) as channel:
        outcome = await channel.send(push(), attempt())
    assert outcome == Failed("unreachable", "no connection: ClientConnectorError", NOW + timedelta(seconds=2))


@pytest.fixture
async def unused_port() -> int:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


# --- the access token --------------------------------------------------------------------------------------------


async def test_one_token_serves_many_sends(channel: FcmChannel, fcm: FcmServer) -> None:
    outcomes = await asyncio.gather(*(channel.send(push(address=f"phone-{n}"), attempt()) for n in range(20)))
    assert {type(o) for o in outcomes} == {Sent}
    assert fcm.tokens_made == 1


async def test_a_refused_token_is_renewed_once(channel: FcmChannel, fcm: FcmServer) -> None:
    await channel.send(push(), attempt())
    fcm.revoke_tokens()
    outcomes = await asyncio.gather(*(channel.send(push(address=f"phone-{n}"), attempt()) for n in range(5)))
    assert {type(o) for o in outcomes} == {Sent}
    assert fcm.tokens_made == 2


async def test_a_token_near_its_end_is_renewed_ahead(channel: FcmChannel, fcm: FcmServer) -> None:
    fcm.token_lifetime_s = 250  # less than the five minutes kept in reserve
    await channel.send(push(), attempt())
    await channel.send(push(), attempt())
    assert fcm.tokens_made == 2


async def test_a_refused_account_pauses_the_project(channel: FcmChannel, fcm: FcmServer) -> None:
    fcm.token_fault = 400
    first = await channel.send(push(), attempt())
    assert isinstance(first, Misconfigured)
    assert (first.what, first.retry_at) == ("credentials", NOW + timedelta(seconds=60))
    fcm.token_fault = None
    assert await channel.send(push(), attempt()) == first  # paused: nobody is asked
    assert fcm.calls == []
    later = attempt(now=NOW + timedelta(seconds=61))
    assert isinstance(await channel.send(push(), later), Sent)


async def test_a_bad_apns_key_pauses_only_that_platform(channel: FcmChannel, fcm: FcmServer) -> None:
    fcm.fail_next("third_party")
    assert isinstance(await channel.send(push(platform="ios"), attempt()), Misconfigured)
    assert isinstance(await channel.send(push(platform="ios", address="phone-2"), attempt()), Misconfigured)
    assert isinstance(await channel.send(push(platform="android"), attempt()), Sent)
    assert len(fcm.calls) == 2


async def test_token_endpoint_away_is_a_failure_to_retry(
    options: FcmSettings, fcm: FcmServer, unused_port: int
) -> None:
    account = json.loads(options.credentials_file.read_text())  # type: ignore[union-attr]
    account["token_uri"] = f"http://127.0.0.1:{unused_port}/token"
    options.credentials_file.write_text(json.dumps(account))  # type: ignore[union-attr]
    async with open_fcm(options, lambda: NOW) as channel:
        outcome = await channel.send(push(), attempt())
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.retry_at) == ("unreachable", NOW + timedelta(seconds=2))


# --- reading answers, choosing a channel -------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'{"error": "x"}', b'{"error": {"details": [1]}}', b"\xff"])
def test_answers_that_are_not_fcms_have_a_status_only(body: bytes) -> None:
    answer = read_answer(503, "3", body)
    assert (answer.status, answer.code, answer.fields, answer.retry_after) == (503, None, (), "3")


async def test_without_credentials_there_is_only_the_preview() -> None:
    async with open_channels(FcmSettings(), lambda: NOW) as channels:
        assert channels.push is None
        preview = channels.pick(None)
        assert not preview.needs_address
        assert await preview.send(push(address=None), attempt()) == Sent("preview")


async def test_unreadable_credentials_say_so(tmp_path: Path, fcm: FcmServer) -> None:
    path = tmp_path / "broken.json"
    path.write_text('{"type": "service_account"}')
    with pytest.raises(ValueError, match="certificate"):
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(open_channels(FcmSettings(credentials_file=path), lambda: NOW))


@pytest.mark.parametrize(
    "change, field",
    [
        (lambda m: m.update(topic="a"), "message"),
        (lambda m: m.update(nonsense=1), "message"),
        (lambda m: m["data"].update(n=1), "message.data"),
        (lambda m: m["data"].update({"google.x": "1"}), "message.data"),
        (lambda m: m["android"].update(ttl="10m"), "message.android.ttl"),
        (lambda m: m["android"].update(ttl="2419201s"), "message.android.ttl"),
        (lambda m: m["apns"]["headers"].update({"apns-collapse-id": "x" * 65}), "message.apns.headers"),
        (lambda m: m["webpush"]["fcm_options"].update(link="http://a"), "message.webpush.fcm_options.link"),
        (lambda m: m["fcm_options"].update(analytics_label="a b"), "message.fcm_options.analytics_label"),
        (lambda m: m["notification"].update(body="x" * 4096), "message"),
    ],
)
def test_the_local_server_refuses_what_fcm_refuses(change: Callable[[dict[str, object]], None], field: str) -> None:
    message = encode(push(), NOW)
    change(message)
    flaw = find_flaw(message)
    assert flaw is not None
    assert flaw[0] == field
