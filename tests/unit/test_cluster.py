"""The private cluster on this machine's real PostgreSQL: made, shared, recovered, stopped. Run as root it also
shows that root's detour by the `postgres` user works."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from geoengage.kit.cluster import Cluster, ClusterError
from geoengage.kit.pgprograms import Account

START = """
import sys, time
from pathlib import Path
from geoengage.kit.cluster import Cluster
Cluster(Path(sys.argv[1]), durable=False).ensure_started()
print("started", flush=True)
time.sleep(60)
"""


def ask(cluster: Cluster, statement: str) -> object:
    with psycopg.connect(cluster.url.replace("+psycopg", "")) as connection:
        row = connection.execute(statement).fetchone()  # type: ignore[arg-type]
    return row[0] if row else None


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose path is too long for a socket and which nobody else can enter, as a clone may be."""
    clone = tmp_path_factory.mktemp("clone") / ("a folder " + "with a long name " * 8)
    clone.mkdir(mode=0o700)
    yield clone / "postgres"
    Cluster(clone / "postgres").destroy()


@pytest.fixture(scope="module")
def home(data_dir: Path) -> Path:
    """Where the files of the started cluster are."""
    with Cluster(data_dir, durable=False):
        return Path((data_dir / "home").read_text()) if os.geteuid() == 0 else data_dir


def test_a_long_path_only_its_owner_can_read(data_dir: Path, home: Path) -> None:
    with Cluster(data_dir, durable=False) as cluster:
        assert ask(cluster, "SELECT postgis_version() IS NOT NULL")
        assert ask(cluster, "SHOW listen_addresses") == ""
        assert (home / "data").stat().st_uid != 0
        assert (home / "data").stat().st_mode & 0o777 == 0o700
    assert not cluster.is_running()


def test_the_last_user_stops_the_server(data_dir: Path) -> None:
    first, second = Cluster(data_dir, durable=False), Cluster(data_dir)
    assert first.ensure_started() == second.ensure_started()
    with pytest.raises(ClusterError, match="in use"):
        first.destroy()
    assert ask(second, "SELECT 1") == 1
    assert second.stop()
    assert not second.is_running()


def test_killed_programs_leave_no_server(data_dir: Path) -> None:
    program = subprocess.Popen([sys.executable, "-c", START, str(data_dir)], stdout=subprocess.PIPE)
    assert program.stdout
    assert program.stdout.readline() == b"started\n"
    cluster = Cluster(data_dir)
    assert cluster.is_running()
    program.kill()
    program.communicate()
    wait_until(lambda: not cluster.is_running())
    with cluster:
        assert ask(cluster, "SELECT 1") == 1


def test_a_killed_server_recovers(data_dir: Path, home: Path) -> None:
    with Cluster(data_dir, durable=False) as cluster:
        pid = int((home / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
    with cluster:
        assert ask(cluster, "SELECT 1") == 1


def test_a_stale_pid_of_another_program_is_no_obstacle(data_dir: Path, home: Path) -> None:
    stale = home / "data" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{home / 'data'}\n0\n5432\n/tmp\n\n0 0\nready\n")
    with Cluster(data_dir, durable=False) as cluster:
        assert ask(cluster, "SELECT 1") == 1


def test_a_stale_lock_of_the_socket_is_no_obstacle(data_dir: Path, home: Path) -> None:
    """As a server leaves it that was killed and not yet reaped: its number still names a process of its user."""
    cluster, account = Cluster(data_dir, durable=False), Account.choose()
    cluster._own_dir(cluster._socket_dir, account)
    with subprocess.Popen(["sleep", "60"], user=account.uid if account.switch else None) as other:
        (cluster._socket_dir / ".s.PGSQL.5432.lock").write_text(f"{other.pid}\n{home / 'data'}\n0\n5432\n/tmp\n")
        with cluster:
            assert ask(cluster, "SELECT 1") == 1
        other.kill()


def test_two_clones_have_two_clusters(data_dir: Path, tmp_path: Path) -> None:
    other = Cluster(tmp_path / "postgres", durable=False)
    with Cluster(data_dir, durable=False) as one, other as two:
        ask(one, "SELECT set_config('application_name', 'one', false)")
        assert one.url != two.url
        assert ask(one, "SHOW data_directory") != ask(two, "SHOW data_directory")
    other.destroy()
    assert not (tmp_path / "postgres").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps its cluster outside the clone")
def test_a_moved_clone_keeps_its_cluster_and_a_copy_gets_its_own(data_dir: Path, home: Path) -> None:
    moved = data_dir.with_name("moved")
    data_dir.rename(moved)
    Cluster(moved)._make_home()
    assert (moved / "home").read_text() == str(home)
    data_dir.mkdir()
    (data_dir / "home").write_text(str(home))
    Cluster(data_dir)._make_home()
    copied = Path((data_dir / "home").read_text())
    assert copied != home
    copied.joinpath("clone").unlink()
    copied.rmdir()
    (data_dir / "home").unlink()
    data_dir.rmdir()
    moved.rename(data_dir)
