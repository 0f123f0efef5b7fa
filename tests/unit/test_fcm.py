"""The FCM channel against a server that speaks HTTP v1: what goes over the wire, and what each answer does."""

import asyncio
import contextlib
import json
import warnings
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest
from firebase_admin import messaging
from firebase_admin._messaging_encoder import MessageEncoder  # public only as str(message); pinned below 8

from geoengage.kit.settings import FcmSettings, Settings
from geoengage.messaging.channels import Push
from geoengage.messaging.channels.fcm import FcmChannel, encode, open_fcm, read_answer
from geoengage.messaging.rules import (
    LINK_MAX,
    AndroidOptions,
    ApnsOptions,
    Attempt,
    CheckResult,
    Failed,
    Misconfigured,
    Outcome,
    Pause,
    PushOptions,
    Sent,
    Unknown,
    render_message,
)
from geoengage.messaging.senders import PREVIEW, open_senders
from tests.providers.fcm_server import FcmServer, find_flaw

NOW = datetime(2026, 11, 3, 12, 0, 0, 400_000, tzinfo=UTC)
MINUTE = NOW + timedelta(seconds=60)
ASKED = Pause("project", NOW + timedelta(seconds=7))
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


@contextlib.asynccontextmanager
async def opened(options: FcmSettings) -> AsyncIterator[FcmChannel]:
    """The channel of the account in the settings' file."""
    account = json.loads(options.credentials_file.read_text())  # type: ignore[union-attr]
    timeout = aiohttp.ClientTimeout(total=options.timeout_s)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        yield open_fcm(http, options, account, lambda: NOW)


@pytest.fixture
async def channel(options: FcmSettings) -> AsyncIterator[FcmChannel]:
    async with opened(options) as channel:
        yield channel


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
    text = render_message("𝔗" * 500, "漢" * 3000, {})
    assert find_flaw(encode(push(title=text.title, body=text.body), NOW)) is None


def as_firebase_admin_writes_it(push: Push, now: datetime) -> dict[str, object]:
    """The same message, built of firebase-admin's classes and written by its encoder."""
    left = timedelta(seconds=int((push.expires_at - now).total_seconds()))
    link, key, options = push.data.get("link", ""), push.collapse_key, push.options
    level = {"interruption-level": options.apns.interruption_level} if options.apns.interruption_level else None
    message = messaging.Message(
        notification=messaging.Notification(title=push.title, body=push.body, image=options.image_url),
        data=dict(push.data),
        android=messaging.AndroidConfig(
            priority=options.android.priority or "high",
            ttl=left,
            collapse_key=key,
            notification=messaging.AndroidNotification(
                tag=key, sound=options.android.sound, channel_id=options.android.channel_id
            ),
        ),
        apns=messaging.APNSConfig(
            headers={
                "apns-priority": "10",
                "apns-expiration": str(int(push.expires_at.timestamp())),
                "apns-collapse-id": key,
            },
            payload=messaging.APNSPayload(
                aps=messaging.Aps(
                    sound=options.apns.sound or "default",
                    mutable_content=True,
                    thread_id=options.apns.thread_id,
                    custom_data=level,
                )
            ),
        ),
        webpush=messaging.WebpushConfig(
            headers={"TTL": str(int(left.total_seconds())), "Urgency": "high"},
            notification=messaging.WebpushNotification(tag=key),
            fcm_options=messaging.WebpushFCMOptions(link=link) if link.startswith("https://") else None,
        ),
        fcm_options=messaging.FCMOptions(analytics_label=f"c_{push.campaign_id.hex}") if push.campaign_id else None,
    )
    setattr(message, "fid" if push.address_kind == "fcm_fid" else "token", push.address)
    encoded: dict[str, object] = MessageEncoder().default(message)
    return encoded


ALL_OPTIONS = PushOptions(
    AndroidOptions("offers", "normal", "bell"),
    ApnsOptions("bell.caf", "time-sensitive", "offers"),
    "https://cdn.example/x",
)


@pytest.mark.parametrize(
    "over",
    [
        {},
        {"address_kind": "fcm_fid"},
        {"campaign_id": None},
        {"data": {"message_id": "1"}},
        {"data": {"link": "myshop://offer"}},
        {"options": ALL_OPTIONS},
        {"options": PushOptions(apns=ApnsOptions(thread_id="t"))},
        {"options": PushOptions(AndroidOptions(sound="s"))},
        {"expires_at": NOW + timedelta(hours=30)},
    ],
)
def test_encoding_is_firebase_admins(over: dict[str, object]) -> None:
    message = push(**over)
    assert encode(message, NOW) == as_firebase_admin_writes_it(message, NOW)


async def test_the_longest_options_beside_it_shorten_the_text(channel: FcmChannel, fcm: FcmServer) -> None:
    text = render_message("𝔗" * 500, "漢" * 3000, {})
    link = "https://shop.example/" + "x" * (LINK_MAX - 21)
    options = PushOptions(
        AndroidOptions("c" * 100, "high", "s" * 100), ApnsOptions("s" * 100, "passive", "t" * 100), link
    )
    longest = push(title=text.title, body=text.body, data={"link": link}, options=options)
    assert find_flaw(encode(longest, NOW)) is not None
    assert isinstance(await channel.send(longest, attempt()), Sent)
    assert fcm.calls[0].message["notification"]["body"].endswith("漢…")


async def test_success(channel: FcmChannel, fcm: FcmServer) -> None:
    outcome = await channel.send(push(), attempt())
    assert isinstance(outcome, Sent)
    assert outcome.answer.startswith("projects/geoengage-local/messages/0:")
    assert [call.target for call in fcm.accepted()] == ["phone-1"]
    assert fcm.calls[0].message["notification"]["body"] == "Kaffee −20 % ☕"


@pytest.mark.parametrize(
    "fault, expected",
    [
        (
            "quota",
            Failed("quota_exceeded", "429 QUOTA_EXCEEDED scripted quota", NOW + timedelta(seconds=8), pause=ASKED),
        ),
        (
            "unavailable",
            Failed("unavailable", "503 UNAVAILABLE scripted unavailable", NOW + timedelta(seconds=8), pause=ASKED),
        ),
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
                "third_party_auth",
                "401 THIRD_PARTY_AUTH_ERROR scripted third_party",
                MINUTE,
                Pause("platform", MINUTE),
            ),
        ),
        (
            "iam",
            Misconfigured("credentials", "403 PERMISSION_DENIED scripted iam", MINUTE, Pause("account", MINUTE)),
        ),
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
    async with opened(options.model_copy(update={"timeout_s": 0.05})) as impatient:
        outcome = await impatient.send(push(), attempt())
    assert outcome == Unknown("timeout", "timeout", NOW + timedelta(seconds=2))
    assert len(fcm.accepted()) == 1


async def test_nobody_there_is_a_failure_not_unknown(options: FcmSettings, unused_port: int) -> None:
    away = options.model_copy(update={"base_url": f"http://127.0.0.1:{unused_port}"})
    async with opened(away) as channel:
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


async def test_a_refused_account_is_misconfigured(channel: FcmChannel, fcm: FcmServer) -> None:
    fcm.token_fault = 400
    outcome = await channel.send(push(), attempt())
    assert isinstance(outcome, Misconfigured)
    assert (outcome.what, outcome.retry_at, outcome.pause) == ("credentials", MINUTE, Pause("account", MINUTE))
    assert fcm.calls == []


async def test_token_endpoint_away_is_a_failure_to_retry(
    options: FcmSettings, fcm: FcmServer, unused_port: int
) -> None:
    account = json.loads(options.credentials_file.read_text())  # type: ignore[union-attr]
    account["token_uri"] = f"http://127.0.0.1:{unused_port}/token"
    options.credentials_file.write_text(json.dumps(account))  # type: ignore[union-attr]
    async with opened(options) as channel:
        outcome = await channel.send(push(), attempt())
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.retry_at) == ("unreachable", NOW + timedelta(seconds=2))


# --- reading answers, choosing a channel -------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'{"error": "x"}', b'{"error": {"details": [1]}}', b"\xff"])
def test_answers_that_are_not_fcms_have_a_status_only(body: bytes) -> None:
    answer = read_answer(503, "3", body)
    assert (answer.status, answer.code, answer.fields, answer.retry_after) == (503, None, (), "3")


async def test_without_credentials_there_is_only_the_preview(settings: Settings) -> None:
    async with open_senders(settings, lambda: NOW) as senders:
        assert senders.pick(None, {}) is PREVIEW
    assert not PREVIEW.channel.needs_address
    assert await PREVIEW.channel.send(push(address=None), attempt()) == Sent("preview")


async def test_unreadable_credentials_say_so(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "broken.json"
    path.write_text('{"type": "service_account"}')
    broken = settings.model_copy(update={"fcm": FcmSettings(credentials_file=path)})
    with pytest.raises(ValueError, match="GEOENGAGE_FCM__CREDENTIALS_FILE is no service account"):
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(open_senders(broken, lambda: NOW))


# --- checking credentials, options -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble, result",
    [
        (None, CheckResult.WORKS),
        ("no_account", CheckResult.WRONG_KEY),
        ("disabled", CheckResult.API_DISABLED),
        ("iam", CheckResult.NOT_ALLOWED),
        ("quota", CheckResult.BUSY),
        ("unavailable", CheckResult.BUSY),
        ("html", CheckResult.BUSY),
    ],
)
async def test_a_check_reaches_no_phone_and_says_what_is_wrong(
    channel: FcmChannel, fcm: FcmServer, trouble: str | None, result: CheckResult
) -> None:
    fcm.fail_project("geoengage-local", trouble)
    assert (await channel.check()).result is result
    assert all(call.validate_only for call in fcm.calls)
    assert fcm.accepted() == []


async def test_a_check_of_what_is_away_proves_nothing(options: FcmSettings, unused_port: int) -> None:
    for away in ({"base_url": f"http://127.0.0.1:{unused_port}"},):
        async with opened(options.model_copy(update=away)) as channel:
            found = await channel.check()
        assert (found.result, found.status) == (CheckResult.UNREACHABLE, None)


def test_options_go_where_each_platform_wants_them() -> None:
    options = PushOptions(
        AndroidOptions("offers", "normal", "bell"),
        ApnsOptions("bell.caf", "time-sensitive", "offers"),
        "https://cdn.example/x.jpg",
    )
    message = encode(push(options=options), NOW)
    assert message["notification"]["image"] == "https://cdn.example/x.jpg"
    assert message["android"]["priority"] == "normal"
    assert message["android"]["notification"] == {"channel_id": "offers", "sound": "bell", "tag": str(CAMPAIGN)}
    assert message["apns"]["payload"]["aps"] == {
        "sound": "bell.caf", "interruption-level": "time-sensitive", "thread-id": "offers", "mutable-content": 1,
    }  # fmt: skip
    assert find_flaw(message) is None


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
