"""Signatures of Standard Webhooks, and the guard: no private address in any way, no redirect, no endless answer."""

import base64
import gzip
from collections.abc import AsyncIterator
from ipaddress import ip_address

import pytest
from aiohttp import web

from geoengage.kit.outbound import (
    ANSWER_CHARS,
    GuardedResolver,
    RefusedAddress,
    headers,
    is_public,
    new_secret,
    open_outbound,
    sign,
    url_flaw,
    verify,
)
from tests.providers.webhook_receiver import closed_port

# --- signatures ---------------------------------------------------------------------------------------------------

VECTORS = [
    (  # PROTOCOLS.md, section 8
        "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "msg_test1",
        1795168800,
        b'{"type":"zone.entered","timestamp":"2026-11-20T10:00:00Z","data":{"id":"evt_1"}}',
        "v1,CwxN9slnhYPPvi831xu0KPyx5YY2+r8T2Pf+mdPgF7Q=",
    ),
    (  # of the official libraries' tests (TestWebhookSign)
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
]


@pytest.mark.parametrize("secret, id_, at, body, signature", VECTORS)
def test_the_published_vectors(secret: str, id_: str, at: int, body: bytes, signature: str) -> None:
    assert sign(secret, id_, at, body) == signature
    assert sign(secret.removeprefix("whsec_"), id_, at, body) == signature, "the prefix may be missing"
    assert headers([secret], id_, at, body) == {
        "webhook-id": id_, "webhook-timestamp": str(at), "webhook-signature": signature,
    }  # fmt: skip


OLD, NEW = new_secret(), new_secret()
BODY, AT = b'{"type":"zone.entered"}', 1795168800
SENT = headers([OLD], "msg_1", AT, BODY)
CASES = {
    "as it was sent": (SENT, BODY, AT, True),
    "five minutes late": (SENT, BODY, AT + 300, True),
    "later": (SENT, BODY, AT + 301, False),
    "from the future": (SENT, BODY, AT - 301, False),
    "another body": (SENT, BODY + b" ", AT, False),
    "another id": (SENT | {"webhook-id": "msg_2"}, BODY, AT, False),
    "another time": (SENT | {"webhook-timestamp": str(AT + 1)}, BODY, AT, False),
    "no id": ({k: v for k, v in SENT.items() if k != "webhook-id"}, BODY, AT, False),
    "no time": ({k: v for k, v in SENT.items() if k != "webhook-timestamp"}, BODY, AT, False),
    "a strange time": (SENT | {"webhook-timestamp": "²"}, BODY, AT, False),
    "no signature": ({k: v for k, v in SENT.items() if k != "webhook-signature"}, BODY, AT, False),
    "an invalid one": (SENT | {"webhook-signature": "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ="}, BODY, AT, False),
    "nonsense": (SENT | {"webhook-signature": "v1 ,, é"}, BODY, AT, False),
    "among several": (
        SENT | {"webhook-signature": f"v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ= v2,x {SENT['webhook-signature']}"},
        BODY, AT, True,
    ),
    "without its version": (SENT | {"webhook-signature": SENT["webhook-signature"][3:]}, BODY, AT, False),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_verifying(name: str) -> None:
    sent, body, now, expected = CASES[name]
    assert verify([OLD], sent, body, now) is expected


def test_while_secrets_change_over_both_verify() -> None:
    both = headers([NEW, OLD], "msg_1", AT, BODY)
    assert verify([OLD], both, BODY, AT)
    assert verify([NEW], both, BODY, AT)
    assert not verify([new_secret()], both, BODY, AT)
    assert verify([new_secret(), NEW], headers([NEW], "msg_1", AT, BODY), BODY, AT), "a receiver may know several"


def test_secrets_are_long_and_new() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(base64.b64decode(new_secret().removeprefix("whsec_"))) == 32


# --- addresses ----------------------------------------------------------------------------------------------------

PUBLIC = "8.8.8.8 1.1.1.1 2606:4700:4700::1111 2a00:1450:4001:80b::200e ::ffff:8.8.8.8 64:ff9b::808:808"
PRIVATE = """
0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1
192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 233.252.0.1 240.0.0.1 255.255.255.255
:: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe
64:ff9b:1::1 100::1 2001:0:1::1 2001:2::1 2001:db8::1 2002:7f00:1:: 2002:a00:1:: 3fff::1 5f00::1 fc00::1
fd00:ec2::254 fe80::1 fec0::1 ff02::1
"""


def test_which_addresses_are_of_the_open_internet() -> None:
    assert [a for a in PUBLIC.split() if not is_public(ip_address(a))] == []
    assert [a for a in PRIVATE.split() if is_public(ip_address(a))] == []


GOOD_URLS = ["https://a.example/x?y=1", "https://a.example:8443", "https://8.8.8.8/", "https://[2606:4700::1111]/x"]
BAD_URLS = [
    "", "x", "//a.example", "http://a.example", "ftp://a.example", "https://", "https:///x", "https://a.example:0",
    "https://a.example:99999", "https://u:p@a.example", "https://u@a.example", "https://a.example/#x", "https://a b/",
    "https://a.example/\n", "https://[::1", "https://[fe80::1%25eth0]/", "https://127.0.0.1", "https://127.0.0.1.",
    "https://127.1", "https://2130706433", "https://0x7f.0.0.1", "https://%31%32%37.0.0.1/", "https://[::1]/",
    "https://[::ffff:127.0.0.1]/", "https://a.example\\@127.0.0.1/", "https://10.0.0.1", "https://169.254.169.254/x",
    "https://exämple.com", "https://a.example/" + "x" * 2000, "http://127.0.0.1", "http://localhost",
]  # fmt: skip


def test_which_urls_may_be_named() -> None:
    assert {url: url_flaw(url) for url in GOOD_URLS if url_flaw(url)} == {}
    assert [url for url in BAD_URLS if not url_flaw(url)] == []


def test_this_machine_only_where_the_settings_say_so() -> None:
    for url in ("http://127.0.0.1:9000/x", "http://localhost:9000", "https://[::1]/", "http://127.3.2.1"):
        assert url_flaw(url, allow_loopback=True) is None
        assert url_flaw(url)
    for url in ("http://10.0.0.1", "http://a.example", "https://169.254.169.254", "http://[::ffff:10.0.0.1]/"):
        assert url_flaw(url, allow_loopback=True)


async def resolve(*answers: str, allow_loopback: bool = False) -> list[str]:
    resolver = GuardedResolver(allow_loopback=allow_loopback, look_up=lambda host, port: list(answers))
    try:
        return [found["host"] for found in await resolver.resolve("a.example", 443)]
    finally:
        await resolver.close()


async def test_one_private_address_refuses_the_name() -> None:
    assert await resolve("8.8.8.8", "2606:4700::1111") == ["8.8.8.8", "2606:4700::1111"]
    for private in ("10.0.0.1", "::1", "169.254.169.254", "fe80::1%eth0", "127.0.0.1"):
        with pytest.raises(RefusedAddress):
            await resolve("8.8.8.8", private)
    assert await resolve("127.0.0.1", allow_loopback=True) == ["127.0.0.1"]
    with pytest.raises(RefusedAddress):
        await resolve("10.0.0.1", allow_loopback=True)


# --- calling ------------------------------------------------------------------------------------------------------


class Other:
    """A server on this machine that should or should not be reached."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.port = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.reached.append(request.path)
        match request.path:
            case "/moved":
                raise web.HTTPTemporaryRedirect(f"http://127.0.0.1:{self.port}/inside")
            case "/bomb":
                text = gzip.compress(b"x" * 10_000_000)
                return web.Response(body=text, headers={"Content-Encoding": "gzip"})
            case "/endless":
                response = web.StreamResponse()
                await response.prepare(request)
                while True:
                    await response.write(b"x" * 1000)
            case "/odd":
                return web.Response(text="two\nlines\0 and \x1b[31mcolour")
        return web.Response(text="hello", headers={"Retry-After": "7"})


@pytest.fixture
async def other() -> AsyncIterator[Other]:
    made, app = Other(), web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()


async def test_no_way_leads_to_this_machine(other: Other) -> None:
    """Addresses by number are judged before they are called, names when they are resolved; redirects lead nowhere."""
    async with open_outbound(timeout_s=2, look_up=lambda host, port: ["127.0.0.1"]) as outbound:
        for url in (
            f"https://127.0.0.1:{other.port}/", f"http://127.0.0.1:{other.port}/", f"https://[::1]:{other.port}/",
            f"https://2130706433:{other.port}/", f"https://localhost:{other.port}/",
            f"https://rebound.example:{other.port}/", f"http://rebound.example:{other.port}/",
        ):  # fmt: skip
            answer = await outbound.post(url, {}, b"{}")
            assert answer.status is None
            assert answer.text.startswith("not called: "), (url, answer)
    assert other.reached == []


async def test_a_name_that_changes_its_mind(other: Other) -> None:
    """DNS rebinding: asked first it is public, asked again it is this machine. It is asked once a connection, and the
    connection goes to the address that was judged."""
    asked = []

    def look_up(host: str, port: int) -> list[str]:
        asked.append(host)
        return [
            "192.0.2.1" if len(asked) == 1 else "127.0.0.1"
        ]  # a documentation address is refused like a private one

    async with open_outbound(timeout_s=2, look_up=look_up) as outbound:
        for _ in range(3):
            answer = await outbound.post(f"https://rebound.example:{other.port}/", {}, b"{}")
            assert answer.text.startswith("not called: ")
    assert asked == ["rebound.example"] * 3
    assert other.reached == []


async def test_what_answers_and_what_does_not(other: Other) -> None:
    async with open_outbound(timeout_s=1, allow_loopback=True) as outbound:
        here = f"http://127.0.0.1:{other.port}"
        answer = await outbound.post(f"{here}/x", {"webhook-id": "a"}, b"{}")
        assert (answer.status, answer.text, answer.retry_after) == (200, "hello", "7")
        moved = await outbound.post(f"{here}/moved", {}, b"{}")
        assert moved.status == 307
        assert "/inside" not in other.reached, "redirects are not followed"
        bomb = await outbound.post(f"{here}/bomb", {}, b"{}")
        assert (bomb.status, len(bomb.text) <= ANSWER_CHARS) == (200, True)
        endless = await outbound.post(f"{here}/endless", {}, b"{}")
        assert (endless.status, endless.text) == (200, "x" * ANSWER_CHARS)
        assert (await outbound.post(f"{here}/odd", {}, b"{}")).text == "two lines and [31mcolour"
        nobody = await outbound.post(closed_port(), {}, b"{}")
        assert (nobody.status, nobody.text) == (None, "no connection: ConnectionRefusedError")


async def test_a_name_that_does_not_exist() -> None:
    def look_up(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    async with open_outbound(timeout_s=1, look_up=look_up) as outbound:
        answer = await outbound.post("https://nowhere.example/", {}, b"{}")
    assert (answer.status, answer.text) == (None, "its name cannot be resolved")
