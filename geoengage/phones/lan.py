"""A second listener of the API process on the local network, for phones alone, while somebody tries the product.

The process itself listens on this computer only. Opened from the console, this one serves what phones need and
nothing of the console, on the computer's private addresses (never a public one), and closes by itself. Positions travel
unencrypted on it, which is why it is for demo tenants and for two hours.
"""

import asyncio
import contextlib
import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from geoengage.kit import errors, log

LIFETIME = timedelta(hours=2)
STOP_S = 2.0
FOR_PHONES = re.compile(
    r"/healthz|/shopper(/.*)?|/ingest/(owntracks|overland|osmand|background-geolocation)"
    r"|/v1/(devices|devices/pair|devices/me(/.+)?|pings|inbox|receipts|config|geofences/nearby|me(/.+)?|check-in/.+)"
)
_NOT_HERE = b'{"type":"/problems/not-found","title":"Not found","status":404,"detail":"only phones are served here"}'
# Where packets to such networks would leave, is where phones of them reach us. Nothing is sent: UDP's connect only
# looks up the route. The last one stands for everything else.
_PROBES = ("192.168.0.1", "192.168.1.1", "10.0.0.1", "172.16.0.1", "100.64.0.1", "192.0.2.1")
_SIOCGIFADDR = {"linux": 0x8915, "darwin": 0xC0206921}
logger = log.get("lan")


class NoLan(errors.Conflict):
    """There is no address that a phone could reach."""

    code = "no-local-network"
    title = "This computer is in no local network"


class ManyProcesses(errors.Conflict):
    """The listener belongs to one process, and several share the port."""

    code = "many-processes"
    title = "Not with several API processes"


class PhonesOnly:
    """Lets through what phones need, without cookies; 404 for everything else, WebSockets are refused."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif FOR_PHONES.fullmatch(scope["path"]):
            headers = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
            await self._app({**scope, "headers": headers}, receive, send)
        else:
            headers = [(b"content-type", b"application/problem+json")]
            await send({"type": "http.response.start", "status": 404, "headers": headers})
            await send({"type": "http.response.body", "body": _NOT_HERE})


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As ever, and then say so."""
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process's own server, which closes this one with its lifespan."""
        yield


@dataclass(frozen=True, slots=True)
class _Open:
    server: _Server
    serving: asyncio.Task[None]
    closing: asyncio.TimerHandle
    addresses: tuple[str, ...]
    port: int
    until: datetime


class LanListener:
    """The listener: closed to begin with, one for the process. `host` None: every private address of the computer.

    `is_alone`: no other process shares the console's port; else it stays closed, for the others would not know of it.
    """

    def __init__(
        self, app: ASGIApp, host: str | None, port: int, lifetime: timedelta = LIFETIME, *, is_alone: bool = True
    ) -> None:
        self._is_alone = is_alone
        self._app, self._host, self._port, self._lifetime = PhonesOnly(app), host, port, lifetime
        self._open: _Open | None = None

    @property
    def is_open(self) -> bool:
        """Whether phones are served now."""
        return self._open is not None and not self._open.serving.done()

    @property
    def until(self) -> datetime | None:
        """When it closes by itself."""
        return self._open.until if self._open and self.is_open else None

    @property
    def urls(self) -> list[str]:
        """Where phones reach it, the likeliest first; empty while it is closed."""
        if self._open is None or not self.is_open:
            return []
        return [f"http://{address}:{self._open.port}" for address in self._open.addresses]

    async def open(self, now: datetime) -> None:
        """Begin to serve, or start the two hours anew. Raises NoLan, ManyProcesses."""
        if not self._is_alone:
            raise ManyProcesses("to connect phones on the local network, start the server with one process")
        addresses = (self._host,) if self._host else tuple(private_addresses())
        if not addresses:
            raise NoLan("no private network address was found: connect this computer to the Wi-Fi that the phone uses")
        await self.close()
        sockets = _bind(addresses, self._port)
        port: int = sockets[0].getsockname()[1]
        config = uvicorn.Config(
            self._app, lifespan="off", access_log=False, server_header=False, log_config=None, ws="none",
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets))
        await server.listening.wait()
        closing = asyncio.get_running_loop().call_later(self._lifetime.total_seconds(), _stop, server)
        self._open = _Open(server, serving, closing, addresses, port, now + self._lifetime)
        logger.info("lan_opened", port=port, addresses=len(addresses))

    async def close(self) -> None:
        """Stop serving; nothing happens when it is closed."""
        if self._open is None:
            return
        self._open.closing.cancel()
        _stop(self._open.server)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._open.serving, STOP_S)
        self._open = None
        logger.info("lan_closed")


def _stop(server: uvicorn.Server) -> None:
    server.should_exit = True


def _bind(addresses: Sequence[str], port: int) -> list[socket.socket]:
    """One listening socket an address, all on one port; 0: one that is free on the first and tried on the others."""
    sockets: list[socket.socket] = []
    try:
        for address in addresses:
            one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            sockets.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((address, port))
            port = one.getsockname()[1]
    except OSError as error:
        for one in sockets:
            one.close()
        raise NoLan(f"port {port} cannot be opened for phones: {error.strerror}. Try again") from error
    return sockets


def private_addresses() -> list[str]:
    """The computer's IPv4 addresses that only its own networks reach, that of the default route first.

    Asks the kernel and nobody else: no name is looked up, no packet leaves.
    """
    found = [*_routed(), *_of_interfaces()]
    return [address for address in dict.fromkeys(found) if is_private(address)]


def is_private(text: str) -> bool:
    """Whether only the computer's own networks reach an IPv4 address, carriers' and VPNs' 100.64.0.0/10 included."""
    address = IPv4Address(text)
    return not (address.is_global or address.is_loopback or address.is_link_local or address.is_unspecified)


def _routed() -> Iterator[str]:
    for target in reversed(_PROBES):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
            probe.connect((target, 9))
            yield probe.getsockname()[0]


def _of_interfaces() -> Iterator[str]:
    """Addresses of the interfaces by ioctl, where the system is one that we know; those of containers are left out."""
    import fcntl
    import sys

    request = _SIOCGIFADDR.get(sys.platform)
    if request is None:
        return
    for _, name in socket.if_nameindex():
        if name.startswith(("docker", "br-", "veth", "virbr")):
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked, contextlib.suppress(OSError):
            answer = fcntl.ioctl(asked.fileno(), request, name.encode()[:15].ljust(256, b"\0"))
            yield socket.inet_ntoa(answer[20:24])
