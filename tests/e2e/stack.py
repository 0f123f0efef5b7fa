"""The whole product as real processes on a database of its own: API, worker, and a local server in FCM's place."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psycopg

from geoengage.presence.service import IndexCache
from geoengage.wiring import reactions
from tests.conftest import KEY, ROOT

READY_S = 90.0
# A reaction that has no cursor yet has read nothing.
WAITING = """
SELECT (SELECT count(*) FROM message_due),
  (SELECT count(*) FROM ledger_head h CROSS JOIN unnest(%s::text[]) AS r (reaction)
    LEFT JOIN reaction_cursor c USING (tenant_id, reaction) WHERE h.n > coalesce(c.position, 0)),
  (SELECT count(*) FROM timer WHERE due_at <= now())
"""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def spawned(parent: int) -> list[int]:
    """The children of a process that Python's multiprocessing has started."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and b"spawn_main" in (entry / "cmdline").read_bytes():
                after_name = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(after_name[1]) == parent and after_name[0] != "Z":
                    found.append(int(entry.name))
    return found


@dataclass
class Stack:
    """Processes by name. `start` and `kill` may be called as often as one likes."""

    database_url: str
    data_dir: Path
    fcm_env: dict[str, str]
    port: int = field(default_factory=free_port)
    api_processes: int = 1
    lease_s: int = 3
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def dsn(self) -> str:
        return self.database_url.replace("postgresql+psycopg://", "postgresql://")

    def _env(self) -> dict[str, str]:
        return os.environ | self.fcm_env | {
            "GEOENGAGE_DATABASE_URL": self.database_url,
            "GEOENGAGE_DATA_DIR": str(self.data_dir),
            "GEOENGAGE_SECRET_KEY": KEY,
            "GEOENGAGE_PORT": str(self.port),
            "GEOENGAGE_PROCESSES": str(self.api_processes),
            "GEOENGAGE_WORKER__LEASE_S": str(self.lease_s),
            "GEOENGAGE_WORKER__RETRY_BASE_S": "0.2",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "",  # a story starts dozens of processes: compile once
        }  # fmt: skip

    async def start(self, *names: str) -> None:
        """`serve` or `worker`, each as its own process in its own group."""
        for name in names:
            log = (self.data_dir / f"{name}.log").open("ab")
            self.processes[name] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "geoengage", name, cwd=ROOT, env=self._env(), stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
            log.close()

    async def command(self, *words: str) -> str:
        """`geoengage …` beside the processes; what it wrote. It must end well."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "geoengage", *words, cwd=ROOT, env=self._env(), stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said
        return said.decode()

    def api_children(self) -> list[int]:
        """The processes that answer HTTP, where there are several."""
        return spawned(self.processes["serve"].pid)

    async def kill(self, name: str) -> None:
        """kill -9, as the power plug would."""
        process = self.processes.pop(name)
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()

    async def stop(self) -> None:
        for name, process in list(self.processes.items()):
            if process.returncode is None:
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 15)
            except TimeoutError:
                await self.kill(name)

    async def ready(self, http: aiohttp.ClientSession) -> None:
        """Wait for /readyz."""

        async def answers() -> bool:
            try:
                async with http.get(f"{self.url}/readyz") as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        await self.until("/readyz is green", answers, READY_S)

    async def until(self, what: str, holds: Callable[[], Awaitable[bool]], within_s: float) -> None:
        """Wait for a condition. A process that has died by itself ends the waiting."""
        try:
            async with asyncio.timeout(within_s):
                while not await holds():
                    dead = [name for name, process in self.processes.items() if process.returncode is not None]
                    assert not dead, f"{dead} died while waiting until {what}"
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise AssertionError(f"waited {within_s} s until {what}") from error

    async def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of the database, for looking only."""
        async with await psycopg.AsyncConnection.connect(self.dsn) as connection:
            return await (await connection.execute(sql, parameters or None)).fetchall()  # type: ignore[arg-type]

    async def settled(self, within_s: float = 60.0) -> None:
        """Wait until nothing is on its way: ledger read to its end by all, no timer due, no message waiting."""
        names = [reaction.name for reaction in reactions(IndexCache())]

        async def nothing_waits() -> bool:
            return not any((await self.query(WAITING, names))[0])

        await self.until("no message, reaction or timer waits", nothing_waits, within_s)

    def logs(self) -> str:
        return "\n".join(f"--- {p.name}\n{p.read_text()[-4000:]}" for p in self.data_dir.glob("*.log"))


@asynccontextmanager
async def running(stack: Stack, *names: str) -> AsyncIterator[aiohttp.ClientSession]:
    """The stack up and ready, with an HTTP client; everything is stopped afterwards."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as http:
        try:
            await stack.start(*names)
            if "serve" in names:
                await stack.ready(http)
            yield http
        except BaseException as error:
            error.add_note(stack.logs())
            raise
        finally:
            await stack.stop()
