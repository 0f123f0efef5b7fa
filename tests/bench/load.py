"""A small HTTP/1.1 load generator over kept connections, cheap enough to leave the cores to the server."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Result:
    """Requests a second, their number, and the latencies' median and 99th percentile in milliseconds.

    `cpu_s`: CPU seconds of the load itself.
    """

    per_s: float
    done: int
    p50_ms: float
    p99_ms: float
    cpu_s: float


def request(path: str, body: bytes, token: str) -> bytes:
    """The bytes of one POST."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Sender(asyncio.Protocol):
    """One connection: the next request goes out when the answer before is complete. `make` gives it, or ends with
    StopIteration."""

    def __init__(self, make: Callable[[], bytes], until: float) -> None:
        self._make, self._until = make, until
        self.latencies: list[float] = []
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        try:
            if time.perf_counter() >= self._until:
                raise StopIteration
            request = self._make()
        except StopIteration:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, split, body = self._got.partition(b"\r\n\r\n")
        if not split or len(body) < int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self.ended.set_exception(RuntimeError(self._got[:800].decode()))
            self._transport.close()
            return
        self.latencies.append(time.perf_counter() - self._sent)
        self._got = b""
        self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


async def run(port: int, make: Callable[[int], bytes], *, connections: int, seconds: float) -> Result:
    """Send `make(connection)` over and over on so many connections; anything but 200 ends the measurement.

    A connection whose `make` raises StopIteration ends early.
    """
    loop, until = asyncio.get_running_loop(), time.perf_counter() + seconds
    began, cpu = time.perf_counter(), time.thread_time()
    senders = []
    for number in range(connections):
        sender = _Sender(lambda n=number: make(n), until)  # type: ignore[misc]
        senders.append(sender)
        await loop.create_connection(lambda s=sender: s, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*(s.ended for s in senders))
    took = time.perf_counter() - began
    latencies = np.array([x for s in senders for x in s.latencies]) * 1000
    p50, p99 = np.percentile(latencies, [50, 99])
    return Result(len(latencies) / took, len(latencies), float(p50), float(p99), time.thread_time() - cpu)
