"""The demo's receiver: takes what is signed with its secret, knows what it has had, refuses the rest."""

import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from geoengage.demo import receiver
from geoengage.kit.outbound import headers, new_secret
from tests.conftest import ROOT

SECRET = new_secret()
BODY = b'{"type":"message.sent","timestamp":"2026-11-20T10:00:00Z","data":{}}'


@pytest.fixture
def url() -> Iterator[str]:
    port = receiver._free_port()
    command = [sys.executable, "-c", f"from geoengage.demo import receiver; receiver.serve({SECRET!r}, {port})"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}/webhooks"
    finally:
        process.kill()
        process.wait()


def post(url: str, secret: str, body: bytes = BODY, at: float | None = None) -> httpx.Response:
    sent = headers([secret], "msg_1", int(at or time.time()), BODY)
    until = time.monotonic() + 20
    while True:
        try:
            return httpx.post(url, content=body, headers=sent)
        except httpx.ConnectError:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_it_verifies_and_remembers(url: str) -> None:
    assert (post(url, SECRET).status_code, post(url, SECRET).text) == (200, "had it already")
    assert post(url, new_secret()).status_code == 401
    assert post(url, SECRET, body=BODY + b" ").status_code == 401
    assert post(url, SECRET, at=time.time() - 400).status_code == 401
