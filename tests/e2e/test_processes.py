"""Several API processes on one port: one database, counters that add up, a death that nobody notices, a clean end."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
import uvicorn

from geoengage.app import Worker
from tests.conftest import KEY, ROOT
from tests.e2e.stack import free_port, spawned

WITHIN_S = 90.0


class Server:
    """`geoengage serve --processes 2` with a private database in a folder of its own."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, folder: Path, http: aiohttp.ClientSession):
        self.process, self.port, self.folder, self.http = process, port, folder, http

    @property
    def children(self) -> set[int]:
        return set(spawned(self.process.pid))

    async def answers(self, path: str = "/readyz") -> str | None:
        """The text of a 200, on a connection of its own; None when nobody answers so."""
        try:
            async with self.http.get(f"http://127.0.0.1:{self.port}{path}") as answer:
                return await answer.text() if answer.status == 200 else None
        except aiohttp.ClientError:
            return None

    async def counted(self) -> int:
        """How many 200s to GET all processes have counted together."""
        found = re.search(r'requests_total{method="GET",status="200"} (\S+)', await self.answers("/metrics") or "")
        return int(float(found[1])) if found else 0

    def databases(self) -> list[int]:
        """PostgreSQL servers whose data lies in this folder."""
        home = self.folder / "postgres"
        marker = home / "home"
        data = (Path(marker.read_text()) if marker.exists() else home) / "data"
        try:
            pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        except FileNotFoundError:
            return []
        working = [p for p in Path("/proc").iterdir() if p.name.isdigit() and _parent(p) not in (None, pid)]
        return [int(p.name) for p in working if _works_in(p, data)]


def _parent(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def _works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").samefile(folder)
    except OSError:
        return False


async def until(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < deadline, f"waited {WITHIN_S} s until {what}"
        await asyncio.sleep(0.05)


async def serve(folder: Path, port: int) -> asyncio.subprocess.Process:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GEOENGAGE_")}
    env |= {"GEOENGAGE_DATA_DIR": str(folder), "GEOENGAGE_SECRET_KEY": KEY, "GEOENGAGE_PORT": str(port)}
    env["PYTHONDONTWRITEBYTECODE"] = ""  # five processes: compile once
    with (folder / "serve.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "geoengage", "serve", "--processes", "2", cwd=ROOT, env=env, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    port = free_port()
    process = await serve(tmp_path, port)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True), timeout=aiohttp.ClientTimeout(total=15)
    ) as http:
        made = Server(process, port, tmp_path, http)
        try:
            async with asyncio.timeout(WITHIN_S):
                while await made.answers() is None:
                    assert process.returncode is None, (tmp_path / "serve.log").read_text()[-4000:]
                    await asyncio.sleep(0.1)
            yield made
        finally:
            if process.returncode is None:
                process.terminate()
            await asyncio.wait_for(process.wait(), 30)
            await until("the database has ended", lambda: not made.databases())


async def test_two_processes_are_as_one_and_end_together(server: Server) -> None:
    await until("both processes are up", lambda: len(server.children) == 2)
    assert len(server.databases()) == 1
    before = await server.counted()
    assert all(await asyncio.gather(*(server.answers("/healthz") for _ in range(40))))
    after = await server.counted()
    # A look is counted once it is answered, so the first may or may not have seen itself.
    assert after - before in (40, 41), "forty, and the look before them, whoever answered"

    victim = server.children.pop()
    os.kill(victim, signal.SIGKILL)
    await until("another one has taken its place", lambda: len(server.children - {victim}) == 2)
    assert all(await asyncio.gather(*(server.answers() for _ in range(10))))
    assert await server.counted() >= after, "what the dead one had counted is still there"

    second = await serve(server.folder, server.port)
    assert await asyncio.wait_for(second.wait(), WITHIN_S) == 1, "a port is shared with nobody else"
    assert "cannot be opened" in (server.folder / "serve.log").read_text()

    children = server.children
    server.process.terminate()
    assert await asyncio.wait_for(server.process.wait(), 20) == 0
    await until("no process is left", lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))
    assert await server.answers() is None


async def test_nothing_outlives_the_first_process(server: Server) -> None:
    await until("both processes are up", lambda: len(server.children) == 2)
    children = server.children
    server.process.kill()
    await until("no process is left", lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))
    assert await server.answers() is None


def test_a_dead_process_is_not_waited_for() -> None:
    """One that dies after it was asked whether it lives: the end of its pipe is the answer."""
    worker = Worker(uvicorn.Config("nowhere:app"), [])
    worker.start()
    assert worker.pid
    os.kill(worker.pid, signal.SIGKILL)
    began = time.monotonic()
    assert not worker.ping(timeout=WITHIN_S)
    assert time.monotonic() - began < WITHIN_S
    worker.join()
