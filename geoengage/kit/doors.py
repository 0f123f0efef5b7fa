"""A way into the server that passes by ASGI, for the one request that comes thousands of times a second.

Half of what uvicorn and ASGI cost a request is its task, its events and its headers, one message at a time. A `Door`
is handed the whole request by uvicorn's own protocol, and answers when it is ready; whatever it does not take, or
refuses in the end, goes the usual way, so everything but a plain 200 is written by the application.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MOST_BYTES = 65_536  # of a body; larger ones go the usual way, which reads them bit by bit
STATE = "door"  # the name under which the application's lifespan state holds its door
_OK = b"HTTP/1.1 200 OK\r\n"

Headers = Sequence[tuple[bytes, bytes]]
# Called once with a JSON body, or with what the application, which answers instead, is to find in the scope.
Answer = Callable[[bytes | Mapping[str, Any]], None]


class Door(Protocol):
    """Who takes requests of one path and method. `headers` go with each of its answers."""

    path: str
    method: str
    headers: Headers

    def take(self, headers: Headers, body: bytes, answer: Answer) -> bool:
        """Take a request in, and `answer` it later, from the event loop; False: it goes the usual way."""
        ...


class _Pending:
    """A request behind the door, in the place of uvicorn's cycle: what the protocol asks of that one."""

    def __init__(self, protocol: "DoorProtocol", scope: dict[str, Any], *, keep_alive: bool) -> None:
        self._protocol, self._scope, self.keep_alive = protocol, scope, keep_alive
        self.response_complete = self.disconnected = False
        self.message_event = self

    def set(self) -> None:
        """Nobody waits for more of it."""

    def answer(self, given: bytes | Mapping[str, Any]) -> None:
        """Let the phone have its answer, if it is still there."""
        if self.disconnected or self._protocol.transport.is_closing():
            return
        self.response_complete = True
        if isinstance(given, bytes):
            self._protocol.write_answer(given, keep_alive=self.keep_alive)
        else:
            self._protocol.begin_usual({**self._scope, **given}, self)


class DoorProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, with the door of the application's lifespan state (`STATE`), if it has one, in front."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._door: Door | None = self.app_state.get(STATE)
        if self._door is not None:
            self._url, self._method = self._door.path.encode(), self._door.method.encode()
            fixed = [(b"content-type", b"application/json"), *self._door.headers]
            self._fixed = b"".join(b"%b: %b\r\n" % pair for pair in fixed)
        self._held: bytes | None = None  # the body so far of a request that may be the door's

    def on_headers_complete(self) -> None:
        """A request's head is here."""
        if self._is_for_door():
            self._held = b""
        else:
            super().on_headers_complete()

    def _is_for_door(self) -> bool:
        if self._door is None or self.url != self._url or self.parser.get_method() != self._method:
            return False
        if self.expect_100_continue or self.parser.should_upgrade() or self.parser.get_http_version() != "1.1":
            return False
        before: Any = self.cycle
        if before is not None and not before.response_complete:
            return False  # its answer has to wait for that of the request before
        size = next((value for name, value in self.headers if name == b"content-length"), b"")
        return size.isdigit() and int(size) <= MOST_BYTES

    def on_body(self, body: bytes) -> None:
        """Some of a request's body is here."""
        if self._held is None:
            super().on_body(body)
        else:
            self._held += body

    def on_message_complete(self) -> None:
        """A request is here as a whole."""
        if self._held is None:
            super().on_message_complete()
            return
        body, self._held = self._held, None
        pending = _Pending(self, self.scope, keep_alive=self.parser.should_keep_alive())  # type: ignore[arg-type]
        if self._door is not None and self._door.take(self.headers, body, pending.answer):
            self.cycle = pending  # type: ignore[assignment]
            return
        super().on_headers_complete()
        super().on_body(body)
        super().on_message_complete()

    def write_answer(self, body: bytes, *, keep_alive: bool) -> None:
        """Answer 200 with a JSON body."""
        sent = [_OK, *(b"%b: %b\r\n" % pair for pair in self.server_state.default_headers), self._fixed]
        if not keep_alive:
            sent.append(b"connection: close\r\n")
        sent.append(b"content-length: %d\r\n\r\n" % len(body))
        sent.append(body)
        self.transport.write(b"".join(sent))
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()

    def begin_usual(self, scope: dict[str, Any], instead_of: _Pending) -> None:
        """Have the application answer a request whose body was read."""
        path = self._url.decode()
        cycle = RequestResponseCycle(
            scope=scope | {"method": self._method.decode(), "path": path, "raw_path": self._url, "query_string": b""},  # type: ignore[arg-type]
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=instead_of.keep_alive,
            on_response=self.on_response_complete,
        )
        cycle.more_body = False
        current: Any = self.cycle
        if current is instead_of:  # else the next request is here already, and waits
            self.cycle = cycle
        self._start_asgi_task(cycle, self.app)
