"""Web push: the subscriptions we take, the hosts we call, and the channel against a service that really decrypts."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest

from geoengage.kit.settings import PUSH_HOSTS, Settings, WebPushSettings
from geoengage.kit.vapid import KEY_FILE, load_vapid_key, public_key_text, read_vapid_key
from geoengage.messaging.channels import Push
from geoengage.messaging.channels.webpush import PAYLOAD_MAX, Vapid, WebPushChannel, encode, topic
from geoengage.messaging.rules import (
    LINK_MAX,
    AndroidOptions,
    Attempt,
    Failed,
    Misconfigured,
    Outcome,
    Pause,
    PushOptions,
    Sent,
    Unknown,
    render_message,
)
from geoengage.profiles.push_addresses import is_allowed, read_subscription
from tests.providers.webpush_server import Browser, WebPushServer, b64url

NOW = datetime.now(UTC).replace(microsecond=0)
EXPIRES = NOW + timedelta(seconds=599.8)
MESSAGE = UUID("01890000-0000-7000-8000-000000000001")
CAMPAIGN = UUID("01890000-0000-7000-8000-000000000002")
VAPID = Vapid(read_vapid_key(b64url(bytes(range(1, 33)))), "mailto:push@shop.example")
PUBLIC = public_key_text(VAPID.key)


def push(browser: Browser | None = None, **over: object) -> Push:
    values: dict[str, object] = {
        "message_id": MESSAGE, "campaign_id": CAMPAIGN, "title": "Hoi Ana", "body": "Kaffee −20 % ☕",
        "data": {"link": "https://shop.example/o"}, "collapse_key": str(CAMPAIGN), "expires_at": EXPIRES,
        "platform": "web", "address": browser.address if browser else None, "address_kind": "webpush",
    } | over  # fmt: skip
    return Push(**values)  # type: ignore[arg-type]


ATTEMPT = Attempt(number=1, now=NOW, expires_at=EXPIRES, base_s=2.0, jitter=0.5)


@pytest.fixture
async def channel(push_service: WebPushServer) -> AsyncIterator[WebPushChannel]:
    settings = WebPushSettings(hosts=push_service.url, timeout_s=1)
    async with aiohttp.ClientSession() as http:
        yield WebPushChannel(http, VAPID, settings, lambda: NOW)


# --- over the wire -----------------------------------------------------------------------------------------------


async def test_the_browser_reads_what_was_sent(channel: WebPushChannel, push_service: WebPushServer) -> None:
    browser = push_service.subscribe(PUBLIC)
    options = PushOptions(image_url="https://cdn.example/x.jpg")
    assert await channel.send(push(browser, options=options), ATTEMPT) == Sent("201")
    (got,) = push_service.delivered
    assert got.read() == {
        "message_id": str(MESSAGE),
        "title": "Hoi Ana",
        "body": "Kaffee −20 % ☕",
        "link": "https://shop.example/o",
        "image": "https://cdn.example/x.jpg",
        "campaign_id": str(CAMPAIGN),
        "tag": str(CAMPAIGN),
        "expires_at": EXPIRES.isoformat(),
    }
    assert (got.headers["TTL"], got.headers["Urgency"]) == ("599", "high")
    assert got.headers["Topic"] == topic(str(CAMPAIGN))
    assert got.claims == {
        "aud": push_service.url, "exp": int(NOW.timestamp()) + 12 * 3600, "sub": "mailto:push@shop.example",
    }  # fmt: skip


async def test_priority_and_links_that_pages_cannot_open(channel: WebPushChannel, push_service: WebPushServer) -> None:
    browser = push_service.subscribe(PUBLIC)
    calm = push(
        browser, data={"link": "myshop://o"}, campaign_id=None, options=PushOptions(AndroidOptions(priority="normal"))
    )
    await channel.send(calm, ATTEMPT)
    (got,) = push_service.delivered
    assert got.headers["Urgency"] == "normal"
    assert (got.read()["link"], got.read()["campaign_id"]) == (None, None)


def test_topics_fit_and_tell_collapse_keys_apart() -> None:
    keys = [str(CAMPAIGN), "coffee", "ключ" * 16, ""]
    topics = {topic(key) for key in keys}
    assert len(topics) == len(keys)
    assert all(len(t) == 32 and t.isascii() for t in topics)


async def test_the_longest_message_is_shortened_until_it_fits(
    channel: WebPushChannel, push_service: WebPushServer
) -> None:
    browser = push_service.subscribe(PUBLIC)
    text = render_message("𝔗" * 500, "漢" * 3000, {})
    link = "https://shop.example/" + "x" * (LINK_MAX - 21)
    options = PushOptions(image_url=link)
    longest = push(browser, title=text.title, body=text.body, data={"link": link}, options=options)
    assert len(encode(longest)) > PAYLOAD_MAX
    assert await channel.send(longest, ATTEMPT) == Sent("201")
    (got,) = push_service.delivered
    assert len(got.body) <= 4096
    assert (got.read()["link"], got.read()["title"]) == (link, text.title)
    assert got.read()["body"].endswith("漢…")


@pytest.mark.parametrize(
    "status, expected",
    [
        (404, Failed("unregistered", "404 scripted 404", retire_address=True)),
        (410, Failed("unregistered", "410 scripted 410", retire_address=True)),
        (413, Failed("payload_too_large", "413 scripted 413")),
        (429, Failed("quota_exceeded", "429 scripted 429", NOW + timedelta(seconds=8))),
        (
            503,
            Failed(
                "unavailable",
                "503 scripted 503",
                NOW + timedelta(seconds=8),
                pause=Pause("project", NOW + timedelta(seconds=7)),
            ),
        ),
        (500, Failed("unavailable", "500 scripted 500", NOW + timedelta(seconds=2))),
        (400, Misconfigured("vapid", "400 scripted 400", NOW + timedelta(seconds=60))),
        (401, Misconfigured("vapid", "401 scripted 401", NOW + timedelta(seconds=60))),
        (403, Misconfigured("vapid", "403 scripted 403", NOW + timedelta(seconds=60))),
        (307, Misconfigured("http_307", "307 scripted 307", NOW + timedelta(seconds=60))),
    ],
)
async def test_each_answer_over_the_wire(
    channel: WebPushChannel, push_service: WebPushServer, status: int, expected: Outcome
) -> None:
    browser = push_service.subscribe(PUBLIC)
    push_service.fail(browser, status)
    assert await channel.send(push(browser), ATTEMPT) == expected
    assert push_service.requests == 1  # no redirect was followed


async def test_a_subscription_for_another_key_is_misconfigured(
    channel: WebPushChannel, push_service: WebPushServer
) -> None:
    other = push_service.subscribe(public_key_text(read_vapid_key(b64url(bytes(range(2, 34))))))
    outcome = await channel.send(push(other), ATTEMPT)
    assert isinstance(outcome, Misconfigured)
    assert (outcome.what, outcome.pause) == ("vapid", None)


async def test_no_request_goes_to_a_host_that_is_not_on_the_list(push_service: WebPushServer) -> None:
    browser = push_service.subscribe(PUBLIC)
    async with aiohttp.ClientSession() as http:
        channel = WebPushChannel(http, VAPID, WebPushSettings(), lambda: NOW)
        outcome = await channel.send(push(browser), ATTEMPT)
    assert isinstance(outcome, Misconfigured)
    assert outcome.what == "push_host"
    assert push_service.requests == 0


async def test_nobody_there_and_nobody_answering() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the other side gives up
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    server = WebPushServer()
    server.url = f"http://127.0.0.1:{port}"
    browser = server.subscribe(PUBLIC)
    async with aiohttp.ClientSession() as http:
        channel = WebPushChannel(http, VAPID, WebPushSettings(hosts=server.url, timeout_s=0.05), lambda: NOW)
        assert await channel.send(push(browser), ATTEMPT) == Unknown("timeout", "timeout", NOW + timedelta(seconds=2))
        silent.close()
        await silent.wait_closed()
        outcome = await channel.send(push(browser), ATTEMPT)
    assert isinstance(outcome, Failed)
    assert outcome.reason == "unreachable"


async def test_a_key_that_is_no_point_retires_the_address(channel: WebPushChannel, push_service: WebPushServer) -> None:
    broken = json.loads(push_service.subscribe(PUBLIC).address)
    broken["keys"]["p256dh"] = b64url(b"\x04" + bytes(64))
    outcome = await channel.send(push(address=json.dumps(broken)), ATTEMPT)
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.retire_address) == ("invalid_address", True)


# --- subscriptions and hosts -------------------------------------------------------------------------------------

POINT, AUTH = b64url(b"\x04" + bytes(64)), b64url(bytes(16))
KEYS = {"p256dh": POINT, "auth": AUTH}
GOOD = "https://fcm.googleapis.com/fcm/send/abc:APA91b_-x"


def test_the_same_subscription_is_the_same_text() -> None:
    padded = {"p256dh": POINT + "=", "auth": AUTH + "=="}
    ways = [
        {"endpoint": GOOD, "keys": KEYS},
        {"keys": padded, "expirationTime": None, "endpoint": GOOD},
    ]
    assert len({read_subscription(json.dumps(way)).as_text() for way in ways}) == 1


@pytest.mark.parametrize(
    "subscription",
    [
        "token",
        "[]",
        {},
        {"endpoint": GOOD},
        {"endpoint": GOOD, "keys": {"auth": AUTH}},
        {"endpoint": GOOD, "keys": KEYS, "more": 1},
        {"endpoint": GOOD, "keys": KEYS | {"auth": b64url(bytes(15))}},
        {"endpoint": GOOD, "keys": KEYS | {"auth": "!!"}},
        {"endpoint": GOOD, "keys": KEYS | {"p256dh": b64url(b"\x04" + bytes(63))}},
        {"endpoint": GOOD, "keys": KEYS | {"p256dh": b64url(b"\x02" + bytes(64))}},
        {"endpoint": GOOD, "keys": KEYS | {"p256dh": 7}},
        {"endpoint": 7, "keys": KEYS},
        {"endpoint": "", "keys": KEYS},
        {"endpoint": "ftp://fcm.googleapis.com/x", "keys": KEYS},
        {"endpoint": "https://", "keys": KEYS},
        {"endpoint": "https://fcm.googleapis.com@evil.example/x", "keys": KEYS},
        {"endpoint": "https://fcm.googleapis.com:99999/x", "keys": KEYS},
        {"endpoint": "https://fcm.googleapis.com/x#y", "keys": KEYS},
        {"endpoint": "https://fcm.googleapis.com/x y", "keys": KEYS},
        {"endpoint": "https://fcm.googleapis.com/\r\nX: y", "keys": KEYS},
        {"endpoint": "https://fcm.googleapis.com/" + "x" * 2000, "keys": KEYS},
    ],
)
def test_what_is_no_subscription(subscription: object) -> None:
    text = subscription if isinstance(subscription, str) else json.dumps(subscription)
    with pytest.raises(ValueError, match=r".+"):
        read_subscription(text)


@pytest.mark.parametrize(
    "origin, allowed",
    [
        ("https://fcm.googleapis.com", True),
        ("https://fcm.googleapis.com:443", True),
        ("https://updates.push.services.mozilla.com", True),
        ("https://web.push.apple.com", True),
        ("https://db5p.notify.windows.com", True),
        ("http://fcm.googleapis.com", False),
        ("https://fcm.googleapis.com:8443", False),
        ("https://fcm.googleapis.com.evil.example", False),
        ("https://evilfcm.googleapis.com", False),
        ("https://evil-push.apple.com", False),
        ("https://push.apple.com", False),
        ("https://127.0.0.1", False),
        ("https://169.254.169.254", False),
        ("http://localhost:8000", False),
    ],
)
def test_hosts(origin: str, allowed: bool) -> None:
    assert is_allowed(origin, PUSH_HOSTS.split()) is allowed


def test_a_whole_origin_allows_itself_only() -> None:
    hosts = ("http://127.0.0.1:9000",)
    assert is_allowed("http://127.0.0.1:9000", hosts)
    assert not is_allowed("http://127.0.0.1:9001", hosts)
    assert not is_allowed("https://127.0.0.1:9000", hosts)


# --- the key -----------------------------------------------------------------------------------------------------


def test_a_key_is_made_once_and_kept_for_its_owner_only(settings: Settings) -> None:
    first = public_key_text(load_vapid_key(settings))
    assert public_key_text(load_vapid_key(settings)) == first
    assert len(first) == 87
    path: Path = settings.data_dir / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in settings.data_dir.iterdir()] == [KEY_FILE]


def test_a_key_of_ones_own(settings: Settings) -> None:
    raw = b64url(bytes(range(1, 33)))
    own = settings.model_copy(update={"webpush": WebPushSettings(private_key=raw)})  # type: ignore[arg-type]
    assert public_key_text(load_vapid_key(own)) == PUBLIC
    for broken in ("shor", b64url(bytes(31))):
        with pytest.raises(ValueError, match="32 bytes"):
            read_vapid_key(broken)
