"""Requests to addresses that strangers name: signed by Standard Webhooks 1.0.0, and never to a private network.

A name is resolved once a connection, every address that it has is judged, and the connection goes to the judged address
(so a name that changes its mind in between gains nothing). Redirects are not followed, proxies of the environment not
used, answers read up to a limit and never unpacked.
"""

import asyncio
import base64
import contextlib
import hmac
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

SECRET_PREFIX = "whsec_"  # noqa: S105 - how a secret begins, not one
SECRET_BYTES = 32
TOLERANCE_S = 300  # how far the clocks of sender and receiver may differ
ANSWER_CHARS = 200
_URL_CHARS = 2000
_RESOLVING = 32  # look-ups at one time: a name server that hangs must not hold up the others'
_UNICAST = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
# Of IANA's registries of special addresses, what Python 3.11 takes for public: protocols, 6to4 relays, documentation.
_SPECIAL = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], list[str]]


# --- signing -----------------------------------------------------------------------------------------------------


def new_secret() -> str:
    """A secret for one endpoint: `whsec_` and 32 random bytes in base64."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,…`: HMAC-SHA256 over `id.timestamp.body`. `timestamp`: Unix seconds of this attempt."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")
    return "v1," + base64.b64encode(digest).decode()


def headers(owned: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks, signed with each of the secrets (two while one replaces another)."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, message_id, timestamp, body) for secret in owned),
    }


def verify(owned: Sequence[str], sent: Mapping[str, str], body: bytes, now_s: float) -> bool:
    """Whether a request with these headers (names in lower case) was signed with one of the secrets, just now."""
    stamp = sent.get("webhook-timestamp", "")
    if not (stamp.isascii() and stamp.isdecimal()) or abs(now_s - int(stamp)) > TOLERANCE_S:
        return False
    wanted = [sign(secret, sent.get("webhook-id", ""), int(stamp), body).encode() for secret in owned]
    found = sent.get("webhook-signature", "").encode().split(b" ")
    return any(hmac.compare_digest(one, other) for one in found for other in wanted)


# --- the guard ---------------------------------------------------------------------------------------------------


class RefusedAddress(OSError):
    """A host leads to an address that we do not call."""


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet. What carries an IPv4 address inside is judged by that one too."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if address.teredo is not None:
            return False  # a tunnel through somebody's router
        if inner is not None:
            return is_public(inner)
        if address not in _UNICAST:
            return False
    is_special = address.is_multicast or address.is_reserved or any(address in network for network in _SPECIAL)
    return address.is_global and not is_special


def _may_call(text: str, *, allow_loopback: bool) -> bool:
    address = ip_address(text.partition("%")[0])
    return is_public(address) or (allow_loopback and address.is_loopback)


def url_flaw(url: str, *, allow_loopback: bool = False) -> str | None:
    """What is wrong with an address to call; None when nothing is. Names are judged when they are resolved."""
    if len(url) > _URL_CHARS or not url.isascii() or any(c.isspace() or not c.isprintable() for c in url):
        return f"at most {_URL_CHARS} ASCII characters without spaces (names of other scripts in their xn-- form)"
    try:
        parts = URL(url)  # as the client that calls it reads it
        host, port = (parts.host or "").rstrip("."), parts.port
    except ValueError:
        return "not an address"
    if parts.user is not None or parts.password is not None:
        return "no user name or password: requests are signed"
    if "#" in url:
        return "no fragment (#…)"
    if not host or not port:
        return "it starts with https:// and names a host"
    if _is_address(host):
        if not _may_call(host, allow_loopback=allow_loopback):
            return "this address belongs to no host of the open internet"
    elif host.rpartition(".")[2].isdecimal():
        return "an address of four numbers, or a name"
    is_here = allow_loopback and (host == "localhost" or (_is_address(host) and ip_address(host).is_loopback))
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        return "it starts with https://"
    return None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))


class GuardedResolver(AbstractResolver):
    """Resolves names for the connector, which connects to exactly what is returned here.

    One address that may not be called refuses the whole name: no honest name has both kinds.
    """

    def __init__(self, *, allow_loopback: bool = False, look_up: Resolve = _look_up) -> None:
        self._allow_loopback = allow_loopback
        self._look_up = look_up
        self._threads = ThreadPoolExecutor(_RESOLVING, thread_name_prefix="resolver")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host; RefusedAddress when one of them is private."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._look_up, host, port)
        for address in found:
            if not _may_call(address, allow_loopback=self._allow_loopback):
                raise RefusedAddress("it leads to an address that is not of the open internet")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        """Forget look-ups that are still going on."""
        self._threads.shutdown(wait=False, cancel_futures=True)


# --- calling -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `status` None: nothing did, and `text` says why; else `text` is how the answer begins."""

    status: int | None
    text: str
    took_ms: int
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a GET brought: the whole answer, empty where none came, and its `Link` header."""

    body: bytes
    link: str | None


class Outbound:
    """Calls addresses of strangers. Safe for any number of concurrent calls. Use `open_outbound`."""

    def __init__(self, http: aiohttp.ClientSession, *, allow_loopback: bool) -> None:
        self._http = http
        self._allow_loopback = allow_loopback

    async def post(self, url: str, sent: Mapping[str, str], body: bytes) -> Answer:
        """Post once. Never raises for what the other side or the way there does."""
        answer, _ = await self._exchange("POST", url, sent, body, 4 * ANSWER_CHARS)
        return answer

    async def get(self, url: str, sent: Mapping[str, str], most_bytes: int) -> tuple[Answer, Fetched]:
        """Get once. Never raises, as `post`; an answer of more than `most_bytes` is one that never came."""
        return await self._exchange("GET", url, sent, None, most_bytes + 1, whole=most_bytes)

    async def _exchange(
        self, method: str, url: str, sent: Mapping[str, str], body: bytes | None, read: int, *, whole: int | None = None
    ) -> tuple[Answer, Fetched]:
        """`read`: so many bytes of the answer; `whole`: it must not be longer than that."""
        nothing = Fetched(b"", None)
        if flaw := url_flaw(url, allow_loopback=self._allow_loopback):
            return Answer(None, f"not called: {flaw}", 0), nothing
        started = time.perf_counter()

        def answer(status: int | None, text: str, retry_after: str | None = None) -> Answer:
            took_ms = round((time.perf_counter() - started) * 1000)
            return Answer(status, _clean(text), took_ms, retry_after)

        try:
            async with self._http.request(method, url, data=body, headers=sent, allow_redirects=False) as response:
                status, retry_after = response.status, response.headers.get("Retry-After")
                try:
                    content = await _read(response.content, read)
                except (TimeoutError, aiohttp.ClientError):
                    # The status did, and that is what counts; unless the text is what was asked for.
                    return answer(None if whole else status, "(its text did not arrive)", retry_after), nothing
                if whole is not None and len(content) > whole:
                    return answer(None, f"its answer is longer than {whole:,} bytes"), nothing
                text = content[: 4 * ANSWER_CHARS].decode(errors="replace")
                return answer(status, text, retry_after), Fetched(content, response.headers.get("Link"))
        except TimeoutError:
            return answer(None, "no answer in time"), nothing
        except aiohttp.ClientConnectorDNSError as error:
            refused = error.os_error if isinstance(error.os_error, RefusedAddress) else None
            return answer(None, f"not called: {refused}" if refused else "its name cannot be resolved"), nothing
        except aiohttp.ClientConnectorCertificateError:
            return answer(None, "its certificate does not count"), nothing
        except aiohttp.ClientConnectorError as error:
            return answer(None, f"no connection: {type(error.os_error).__name__}"), nothing
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return answer(None, f"the connection broke: {type(error).__name__}"), nothing


async def _read(content: aiohttp.StreamReader, most: int) -> bytes:
    """The first `most` bytes of an answer."""
    found = b""
    while len(found) < most and (part := await content.read(most - len(found))):
        found += part
    return found


def _clean(text: str) -> str:
    """One line that can be stored and shown."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:ANSWER_CHARS]


@contextlib.asynccontextmanager
async def open_outbound(
    *, timeout_s: float, allow_loopback: bool = False, look_up: Resolve = _look_up
) -> AsyncIterator[Outbound]:
    """Connections to strangers. `timeout_s`: from the look-up of the name to the end of the answer."""
    resolver = GuardedResolver(allow_loopback=allow_loopback, look_up=look_up)
    connector = aiohttp.TCPConnector(
        resolver=resolver,
        use_dns_cache=False,
        limit=0,  # who calls bounds what is in flight
        keepalive_timeout=20,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=timeout_s / 2),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={
            "User-Agent": "geoengage-webhooks/1",
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
        },
    ) as http:
        yield Outbound(http, allow_loopback=allow_loopback)
    await resolver.close()
