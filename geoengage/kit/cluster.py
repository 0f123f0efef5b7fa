"""The private PostgreSQL cluster of the embedded default: made, started, shared and stopped by the program.

It listens on a unix socket only, never on TCP, and touches no other cluster of the machine. Access is by
`peer`: the kernel says who connects, and only the owner and root are mapped to the database user, so there is
no password to keep. As root the server runs as the system's `postgres` user, with its files in
/var/lib/geoengage, because that user may be unable to read the clone's folder. The socket lies under /tmp, since
a path over 107 bytes is refused.

Invariant: the server lives exactly as long as some process holds the shared lock `users.lock`. The keeper
(pgprograms.py) takes it exclusively when the last has gone, however it went, and shuts the server down.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

from geoengage.kit import pgprograms
from geoengage.kit.pgprograms import Account, ClusterError

__all__ = ["Cluster", "ClusterError"]

NAME = "geoengage"  # the database, its owner, and the map in ident.conf
PORT = "5432"  # only the end of the socket's name; said in the URL so that PGPORT cannot mislead a client
START_S = 60.0  # crash recovery of a large database is the slow case
STOP_S = 20.0
LOG_KEEP_BYTES = 10_000_000
ROOT_HOMES = Path("/var/lib/geoengage")
SOCKETS = Path("/tmp")  # noqa: S108 - each has its own folder of mode 700, checked before use

SETTINGS = {
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "shared_buffers": "256MB",
    "max_connections": "100",
    "jit": "off",
    "client_connection_check_interval": "5s",  # what a killed worker has asked ends soon
    # Short statements on two cores: parallel plans cost more than they bring, and overflow Docker's /dev/shm.
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    # Rows and statements can hold coordinates and addresses, which no log may keep.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Cluster:
    """One cluster, named by its data directory; `with Cluster(path) as cluster: cluster.url`.

    `durable=False` trades safety against a power cut for speed, for tests. `log` takes the server's messages.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, log: Path | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self.log = log or self.data_dir / "postgresql.log"
        self._durable = durable
        self._users: IO[str] | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The database as SQLAlchemy names it."""
        return f"postgresql+psycopg://{NAME}@/{NAME}?host={self._socket_dir}&port={PORT}"

    def ensure_started(self) -> str:
        """Make, start or join the server and return its URL; many processes may do so at once."""
        with self._start_lock():
            self._make_home()
            if self._users is None:
                self._users = (self._home / "users.lock").open("a")
                fcntl.flock(self._users, fcntl.LOCK_SH)  # waits while a keeper is shutting down
            if not self._wait_until_settled():
                self._initdb()
                self._start()
            if not (self._home / "created").exists():
                self._create_database()
        return self.url

    def stop(self) -> bool:
        """Leave the server; the last user shuts it down and waits for it. False when others still use it."""
        if self._users is None:
            return not self.is_running()
        with self._users as users:
            self._users = None
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            if pid := self._server_pid():
                os.kill(pid, signal.SIGINT)  # "fast": ends sessions, writes a checkpoint
                self._wait_for_exit(pid)
        if self._keeper:
            self._keeper.wait(STOP_S)
        return True

    def is_running(self) -> bool:
        """Whether the server accepts connections, whoever started it."""
        return self._server_pid() is not None and self._status() == "ready"

    def destroy(self) -> None:
        """Stop the server and delete every file of the cluster, unless somebody else uses it."""
        if not self.stop():
            raise ClusterError(f"{self.data_dir}: the database is in use by another program")
        for path in (self._socket_dir, self._home, self.data_dir):
            shutil.rmtree(path, ignore_errors=True)

    def __enter__(self) -> "Cluster":
        self.ensure_started()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # Places. The home holds data/, the lock and the access files: the data directory itself or, as root, the
    # folder under /var/lib that the marker in the data directory names.

    @property
    def _marker(self) -> Path:
        return self.data_dir / "home"

    @property
    def _home(self) -> Path:
        return Path(self._marker.read_text()) if os.geteuid() == 0 and self._marker.exists() else self.data_dir

    @property
    def _data(self) -> Path:
        return self._home / "data"

    @property
    def _socket_dir(self) -> Path:
        return SOCKETS / f"{NAME}-{hashlib.sha256(bytes(self._home)).hexdigest()[:12]}"

    @contextlib.contextmanager
    def _start_lock(self) -> Iterator[None]:
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = (self.data_dir / "start.lock").open("a")
        except PermissionError as error:
            raise ClusterError(f"{self.data_dir}: cannot be written; does it belong to another user?") from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _make_home(self) -> None:
        if os.geteuid() != 0 or self._home_is_ours():
            return
        # Numbered by chance, not by the clone's path: a new clone in an old one's place starts afresh.
        home = ROOT_HOMES / secrets.token_hex(6)
        home.mkdir(parents=True)
        for path in (ROOT_HOMES, home):
            path.chmod(0o755)  # whatever the umask: the server's user passes through
        (home / "clone").write_text(str(self.data_dir))
        self._marker.write_text(str(home))

    def _home_is_ours(self) -> bool:
        """A clone that was moved keeps its cluster; one that was copied gets a new one."""
        origin = self._home / "clone"
        if self._home == self.data_dir or not origin.exists():
            return False
        first = Path(origin.read_text()) / self._marker.name
        if first.exists() and not first.samefile(self._marker) and first.read_text() == str(self._home):
            return False
        origin.write_text(str(self.data_dir))
        return True

    def _own_dir(self, path: Path, account: Account) -> None:
        """Make a directory that only the server's user may enter; refuse one that somebody else made."""
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
            os.chown(path, account.uid, account.gid)
        found = path.lstat()
        if found.st_uid != account.uid or found.st_mode & 0o170077 != 0o040000:
            raise ClusterError(f"{path}: is not a folder of {account.name} alone (mode 700); remove it")

    # The server's state, as its own postmaster.pid and /proc tell it

    def _pid_file(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _status(self) -> str:
        lines = self._pid_file()
        return lines[7].strip() if len(lines) > 7 else "starting"

    def _server_pid(self) -> int | None:
        """The server's process, unless the number in a stale file is by now another program's."""
        lines = self._pid_file()
        return int(lines[0]) if lines and lines[0].isdigit() and self._works_here(lines[0]) else None

    def _works_here(self, pid: str) -> bool:
        try:
            return Path("/proc", pid, "cwd").samefile(self._data)
        except OSError:
            return False

    def _wait_until_settled(self) -> bool:
        """True when a server is ready, False when there is none; waits while one is starting or stopping."""
        deadline = time.monotonic() + START_S
        while self._works_here_at_all():
            if self.is_running():
                return True
            if time.monotonic() > deadline:
                raise ClusterError(f"a server on {self._data} neither starts nor stops; see {self.log}")
            time.sleep(0.05)
        # Stale, for nothing runs here. PostgreSQL itself believes a lock whose process is dead and not yet reaped.
        for lock in (self._data / "postmaster.pid", self._socket_dir / f".s.PGSQL.{PORT}.lock"):
            lock.unlink(missing_ok=True)
        return False

    def _works_here_at_all(self) -> bool:
        """Whether the server or a session works here; sessions outlive a killed server by a moment."""
        return any(self._works_here(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())

    def _wait_for_exit(self, pid: int) -> None:
        deadline = time.monotonic() + STOP_S
        while self._works_here(str(pid)):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGQUIT)  # "immediate": the next start recovers from the log
                deadline = float("inf")
            time.sleep(0.02)

    # Making and starting

    def _bindir(self) -> Path:
        """PostgreSQL's programs: of the version that made the data, else the newest with PostGIS."""
        found = pgprograms.find_bindirs()
        made_by = self._data / "PG_VERSION"
        if made_by.exists():
            version = int(made_by.read_text())
            found = [bindir for bindir in found if pgprograms.major(bindir) == version]
            if not found:
                raise ClusterError(f"{self._data} needs PostgreSQL {version} with PostGIS, which is not installed")
        if not found:
            raise ClusterError("no PostgreSQL with PostGIS: run scripts/setup, or set GEOENGAGE_DATABASE_URL")
        return found[0]

    def _initdb(self) -> None:
        if (self._data / "PG_VERSION").exists():
            return
        account, new = Account.choose(), self._home / "data.new"
        shutil.rmtree(new, ignore_errors=True)  # of an initdb that was killed
        self._own_dir(new, account)
        options = ["-U", NAME, "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "--auth=reject"]
        options += [] if self._durable else ["--no-sync"]
        pgprograms.run([self._bindir() / "initdb", "-D", new, *options], account)
        new.rename(self._data)

    def _start(self) -> None:
        account = Account.choose()
        self._own_dir(self._socket_dir, account)
        users = sorted({account.name, "root"})
        access = {
            "hba.conf": f"local all {NAME} peer map={NAME}\n",
            "ident.conf": "".join(f'{NAME} "{user}" {NAME}\n' for user in users),
        }
        for name, text in access.items():
            (self._home / name).write_text(text)
            (self._home / name).chmod(0o644)
        settings = (
            SETTINGS
            | ({} if self._durable else NOT_DURABLE)
            | {
                "unix_socket_directories": str(self._socket_dir),
                "hba_file": str(self._home / "hba.conf"),
                "ident_file": str(self._home / "ident.conf"),
            }
        )
        server = [str(self._bindir() / "postgres"), "-D", str(self._data)]
        server += [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        with self._open_log() as log:
            keeper = pgprograms.start_keeper(self._home / "users.lock", account, server, log.fileno())
        self._keeper = keeper
        deadline = time.monotonic() + START_S
        while not self.is_running():
            if keeper.poll() is not None or time.monotonic() > deadline:
                tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-10:])
                raise ClusterError(f"PostgreSQL did not start; the end of {self.log}:\n{tail}")
            time.sleep(0.02)
        # Reaps the keeper whenever it ends: after us, when others still use the server.
        threading.Thread(target=keeper.wait, name="geoengage-keeper", daemon=True).start()

    def _create_database(self) -> None:
        if not self._sql("postgres", f"SELECT 1 FROM pg_database WHERE datname = '{NAME}'"):  # noqa: S608 - a constant
            self._sql("postgres", f"CREATE DATABASE {NAME}")
        self._sql(NAME, "CREATE EXTENSION IF NOT EXISTS postgis")
        (self._home / "created").touch()

    def _sql(self, database: str, statement: str) -> str:
        where: list[str | Path] = ["-h", self._socket_dir, "-p", PORT, "-U", NAME, "-d", database]
        return pgprograms.run([self._bindir() / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *where, "-c", statement])

    def _open_log(self) -> IO[str]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            if self.log.stat().st_size > LOG_KEEP_BYTES:
                self.log.rename(self.log.with_name(self.log.name + ".1"))
        return self.log.open("a")
