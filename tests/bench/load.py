"""A small HTTP/1.1 load generator over kept connections, cheap enough to leave the cores to the server."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Result:
    """Requests a second, and the latencies' median and 99th percentile in milliseconds."""

    per_s: float
    p50_ms: float
    p99_ms: float


def request(path: str, body: bytes, token: str) -> bytes:
    """The bytes of one POST."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def run(port: int, make: Callable[[int], bytes], *, connections: int, seconds: float) -> Result:
    """Send `make(connection)` over and over on so many connections; anything but 200 ends the measurement."""
    latencies: list[float] = []
    until = time.perf_counter() + seconds

    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < until:
            started = time.perf_counter()
            writer.write(make(number))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{head.decode()}{body[:500].decode()}")
            latencies.append(time.perf_counter() - started)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one(n) for n in range(connections)))
    took = time.perf_counter() - began
    p50, p99 = np.percentile(np.array(latencies) * 1000, [50, 99])
    return Result(len(latencies) / took, float(p50), float(p99))
