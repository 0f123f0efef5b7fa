"""`geoengage demo up`: PostgreSQL, migration, API, demo mall, worker and shoppers, in this order; and their end.

One supervisor in the foreground. Whatever ends it, nothing it started lives on: Ctrl-C and SIGTERM stop the children
and then the database within three seconds, kill -9 leaves it to the kernel (children.py, kit/pgprograms.py).
"""

import fcntl
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from types import FrameType
from typing import IO

from rich.console import Console

from geoengage.demo import accounts, receiver, seed, state
from geoengage.demo.chains import build as chains
from geoengage.demo.children import Child
from geoengage.demo.client import Client
from geoengage.demo.state import State, history_in
from geoengage.kit.cluster import Cluster
from geoengage.kit.commands import with_driver
from geoengage.kit.migrate import upgrade
from geoengage.kit.settings import Settings

PORTS_TO_TRY = 50
READY_S = 60.0
CHILDREN_STOP_S = 1.2  # leaves the database its share of the three seconds
WATCH_S = 0.3
HISTORY_SEED = 1  # the same past on every start, so that a second one tells only what is missing
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Past:
    """How much past the mall is given: people a day (0: none), days, and how long the live shoppers come first."""

    per_day: int
    days: float  # the server takes pings of seven
    after_s: float


class DemoError(Exception):
    """The demo cannot go on; the text is for the person at the terminal."""


class Stopped(BaseException):
    """Ctrl-C or SIGTERM."""


class Demo:
    """One run of the demo; `up` returns when it was told to stop."""

    def __init__(self, settings: Settings, *, simulate: bool, insecure_lan: bool, past: Past, chains_too: bool) -> None:
        self._settings = settings
        self._simulate = simulate
        self._past = past
        self._chains_too = chains_too
        self._insecure_lan = insecure_lan
        self._data_dir = settings.data_dir.absolute()
        self._console = Console(highlight=False, soft_wrap=True)
        self._seed = int(time.time())
        self._cluster: Cluster | None = None
        self._children: list[Child] = []
        self._stopping = False

    def up(self) -> None:
        """Bring everything up, print the link, watch, and stop everything."""
        check_address(self._settings, insecure_lan=self._insecure_lan)
        self._data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._data_dir / "demo.lock").open("a") as lock:
            if not _take(lock):
                self._say_where_it_runs()
                return
            for number in STOP_SIGNALS:
                signal.signal(number, self._told_to_stop)
            try:
                self._start()
                while True:
                    self._watch()
            except Stopped:
                self._say("")
            finally:
                self._stop()

    def _say_where_it_runs(self) -> None:
        self._say("The demo of this folder is already running.")
        remembered = state.read(self._data_dir)
        if "base_url" in remembered:
            self._say(f"Open {self._link(self._settings.public_url or remembered['base_url'], remembered)}")

    # Coming up

    def _start(self) -> None:
        with self._step("database"):
            url = self._database()
            upgrade(url)
            mall = seed.read("mall.json")
            remembered = state.read(self._data_dir)
            remembered = accounts.prepare(url, remembered, name=f"{mall['name']} (demo)", timezone=mall["timezone"])
            state.write(self._data_dir, remembered)
            for slug, name in chains.NAMES.items():
                timezone = chains.CHAINS[slug].ZONE
                kept = state.read(self._data_dir, slug)
                kept = accounts.prepare_chain(url, kept, slug=f"demo-{slug}", name=name, timezone=timezone)
                state.write(self._data_dir, kept, slug)
        port = self._free_port()
        base_url = f"http://{_reachable(self._settings.host)}:{port}"
        with self._step(f"API on {base_url}"):
            api = self._child("API", ["serve", *(["--insecure-lan"] if self._insecure_lan else [])], url, port)
            self._wait_until_ready(api, base_url)
        with self._step("demo mall"):
            remembered = seed.load(Client(base_url, remembered["secret_key"]), remembered)
            remembered = accounts.add_store_key(url, remembered, remembered["store_name"])
            public_url = self._settings.public_url or base_url
            link = self._link(public_url, remembered)
            shopper_url = f"{public_url.rstrip('/')}/shopper/?app={remembered['app_id']}"
            remembered |= {"base_url": base_url, "console_url": link, "shopper_url": shopper_url}
            remembered = receiver.register(Client(base_url, remembered["secret_key"]), remembered)
            state.write(self._data_dir, remembered)
        self._child("receiver", ["demo", "receiver"], url, port, more=receiver.environment(remembered))
        self._child("worker", ["worker"], url, port)
        if self._simulate:
            self._child("simulator", self._simulator_arguments(remembered), url, port, more=_keys(remembered))
        if self._past.per_day:
            self._child("history", self._history_arguments(remembered), url, port, more=_keys(remembered), once=True)
            self._say("  the mall's past is told in the background; the footfall page fills in two to three minutes")
        if self._chains_too and self._past.per_day:
            self._child("chains", ["demo", "build"], url, port, once=True)
            self._say("  a supermarket, a toy chain and a marketplace are imported in the background:")
            self._say("  in the console's account menu, under Other demos here")
        self._say(f"  {seed.describe()}; {'shoppers are walking in' if self._simulate else 'no shoppers'}")
        self._say("Ctrl-C stops everything; the data stay.")
        self._say(f"Open {link}")

    def _link(self, address: str, remembered: State) -> str:
        return address.rstrip("/") + accounts.login_link(self._settings.signing_key(), remembered)

    def _database(self) -> str:
        if self._settings.database_url:
            return with_driver(self._settings.database_url)
        self._cluster = Cluster(self._data_dir / "postgres", log=self._data_dir / "logs" / "postgresql.log")
        return self._cluster.ensure_started()

    def _child(
        self,
        name: str,
        arguments: list[str],
        url: str,
        port: int,
        *,
        more: Mapping[str, str] | None = None,
        once: bool = False,
    ) -> Child:
        env = {
            "GEOENGAGE_DATABASE_URL": url,
            "GEOENGAGE_DATA_DIR": str(self._data_dir),
            "GEOENGAGE_HOST": self._settings.host,
            "GEOENGAGE_PORT": str(port),
            "GEOENGAGE_WEBHOOKS__ALLOW_LOOPBACK": "true",  # the demo's receiver is on this machine
        }
        # secrets by the environment, since every user of the machine can read a command line
        child = Child(name, arguments, env | dict(more or {}), self._data_dir / "logs", once=once)
        self._children.append(child)
        child.start()
        return child

    def _simulator_arguments(self, remembered: State) -> list[str]:
        return [
            *("simulate", "--url", remembered["base_url"]),
            *("--mall", remembered["mall_id"], "--app-id", remembered["app_id"]),
            *("--state", str(self._data_dir / "simulator.json")),
            # Other people every time: those of an hour ago have had their messages for today.
            *("--seed", str(self._seed)),
        ]

    def _history_arguments(self, remembered: State) -> list[str]:
        return [
            *("simulate", "--url", remembered["base_url"]),
            *("--mall", remembered["mall_id"], "--app-id", remembered["app_id"]),
            *("--state", str(history_in(self._data_dir))),
            *("--history", f"{self._past.days}d", "--per-day", str(self._past.per_day)),
            *("--after", str(self._past.after_s), "--seed", str(HISTORY_SEED)),
        ]

    def _wait_until_ready(self, api: Child, base_url: str) -> None:
        client, deadline = Client(base_url, timeout_s=5.0), time.monotonic() + READY_S
        while client.status("/readyz") != 200:
            if api.ended() is not None or time.monotonic() > deadline:
                raise DemoError(f"the API does not answer; the end of {api.log}:\n{api.tail()}")
            time.sleep(0.05)

    def _free_port(self) -> int:
        host, first = self._settings.host, self._settings.port
        for port in range(first, first + PORTS_TO_TRY):
            if is_free(host, port):
                if port != first:
                    self._say(f"  port {first} is busy: taking {port}")
                return port
        raise DemoError(f"ports {first} to {port} are all busy: set GEOENGAGE_PORT")

    # Staying up, and ending

    def _watch(self) -> None:
        self._check_stopping()
        time.sleep(WATCH_S)
        if self._cluster and not self._cluster.is_running():
            self._say("PostgreSQL ended; starting it again")
            self._cluster.ensure_started()
        for child in self._children:
            child.watch(self._say)

    def _told_to_stop(self, number: int, frame: FrameType | None) -> None:
        # Noted as well as raised: C code that runs Python, an import of numpy for one, may swallow what is raised.
        self._stopping = True
        raise Stopped

    def _check_stopping(self) -> None:
        if self._stopping:
            raise Stopped

    def _stop(self) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # what follows takes less than three seconds
        Child.stop_all(self._children, CHILDREN_STOP_S)
        stopped = [child.name for child in self._children]
        if self._cluster and self._cluster.stop():
            stopped.append("PostgreSQL")
        if stopped:
            self._say(f"stopped: {', '.join(stopped)}; data kept")

    # Words

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False)

    @contextmanager
    def _step(self, what: str) -> Iterator[None]:
        started = time.monotonic()
        with self._console.status(f"{what} …"):
            yield
        self._check_stopping()
        self._say(f"  {what}: ready in {time.monotonic() - started:.1f} s")


def _keys(remembered: State) -> dict[str, str]:
    """What a simulator needs."""
    return {"PK": remembered["simulator_publishable_key"], "SK": remembered["simulator_secret_key"]}


def check_address(settings: Settings, *, insecure_lan: bool) -> None:
    """Refuse an address that other machines reach, unless what they send is encrypted or that is accepted."""
    if _is_loopback(settings.host) or insecure_lan or (settings.public_url or "").startswith("https://"):
        return
    raise DemoError(
        f"GEOENGAGE_HOST={settings.host} can be reached from other machines, and positions would travel in the clear.\n"
        "Set GEOENGAGE_PUBLIC_URL to the https address in front of it, or say --insecure-lan for a trial at home."
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reachable(host: str) -> str:
    """Where we reach a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _take(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
