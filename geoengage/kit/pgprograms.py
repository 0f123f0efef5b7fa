"""PostgreSQL's programs on this machine: where they are, who runs them, and the keeper of a private server.

Run as a script it is the keeper: it starts the server as its child and shuts it down when no process holds
the shared lock any more. It imports the standard library only, so that it starts in milliseconds.
"""

import ctypes
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
POLL_S = 0.2


class ClusterError(RuntimeError):
    """The cluster cannot be used; the text says what to do."""


@dataclass(frozen=True)
class Account:
    """The operating system's user whom the server runs as; `switch` when that is not ourselves."""

    uid: int
    gid: int
    name: str
    switch: bool

    @classmethod
    def choose(cls) -> "Account":
        """Ourselves; in root's place, as whom the server refuses to run, the user that the package made."""
        root = os.geteuid() == 0
        try:
            entry = pwd.getpwnam("postgres") if root else pwd.getpwuid(os.geteuid())
        except KeyError as error:
            raise ClusterError(
                "PostgreSQL cannot run as root, nor as a user without a name; there is no user `postgres`:"
                " run as an ordinary user, or set GEOENGAGE_DATABASE_URL"
            ) from error
        return cls(entry.pw_uid, entry.pw_gid, entry.pw_name, switch=root)


def find_bindirs() -> list[Path]:
    """Folders of the server programs of every installed version that has PostGIS, newest first."""
    candidates = set(Path("/usr/lib/postgresql").glob("*/bin"))
    if pg_config := shutil.which("pg_config"):
        candidates.add(Path(run([pg_config, "--bindir"])))
    versions = {bindir: major(bindir) for bindir in candidates if _has_postgis(bindir)}
    return sorted(versions, key=lambda bindir: versions[bindir], reverse=True)


def major(bindir: Path) -> int:
    """`postgres (PostgreSQL) 15.14 (Debian …)` or `… 16beta1` -> 15, 16."""
    number = next(word for word in run([bindir / "postgres", "-V"]).split() if word[0].isdigit())
    return int("".join(c if c.isdigit() else " " for c in number).split()[0])


def _has_postgis(bindir: Path) -> bool:
    if not all((bindir / name).exists() for name in ("initdb", "postgres", "psql", "pg_config")):
        return False
    return Path(run([bindir / "pg_config", "--sharedir"]), "extension/postgis.control").exists()


def environment() -> dict[str, str]:
    """Ours without what would lead PostgreSQL's programs elsewhere (PGHOST, PGDATA, PGOPTIONS, …)."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return kept | {"LC_ALL": "C.UTF-8"}


def run(command: Sequence[str | Path], account: Account | None = None) -> str:
    """Run a program to its end and return what it printed. ClusterError when it fails."""
    switch = account is not None and account.switch
    done = subprocess.run(  # noqa: S603 - programs found above, never a shell
        command,
        cwd="/",  # ours may be a folder that the account cannot enter
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        user=account.uid if account and switch else None,
        group=account.gid if account and switch else None,
        extra_groups=[] if switch else None,
    )
    if done.returncode:
        raise ClusterError(f"{Path(command[0]).name} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout.strip()


def start_keeper(lock: Path, account: Account, server: Sequence[str], log: int) -> subprocess.Popen[bytes]:
    """Start the keeper, and by it `server`, whose messages go to the open file `log`."""
    who = [str(account.uid), str(account.gid)] if account.switch else ["-", "-"]
    return subprocess.Popen(  # noqa: S603 - this file, by our own interpreter
        [sys.executable, "-I", "-S", __file__, str(lock), *who, *server],
        cwd="/",
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,  # Ctrl-C is for the program, which stops the server when its turn comes
    )


def _keep(lock: str, uid: str, gid: str, server: Sequence[str]) -> None:
    def end_with_keeper() -> None:
        # Runs after the change of user, which would clear it. SIGINT is the server's "fast" shutdown.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)

    switch = uid != "-"
    process = subprocess.Popen(  # noqa: S603 - the command line that start_keeper made
        server,
        preexec_fn=end_with_keeper,
        user=int(uid) if switch else None,
        group=int(gid) if switch else None,
        extra_groups=[] if switch else None,
    )
    with Path(lock).open() as users:
        while process.poll() is None:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(POLL_S)
            else:
                process.send_signal(signal.SIGINT)
                process.wait()


if __name__ == "__main__":
    _keep(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
