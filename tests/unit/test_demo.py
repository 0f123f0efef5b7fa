"""The demo's supervisor: children that restart and leave nothing behind, addresses it refuses, what it remembers."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from geoengage.demo import children, run, seed, state
from geoengage.demo.children import Child
from geoengage.kit.settings import Settings

EVERYWHERE = "0.0.0.0"  # noqa: S104 - to see it refused
SUPERVISOR = """
import sys, time
from pathlib import Path
from geoengage.demo.children import Child
child = Child("sleeper", [], {}, Path(sys.argv[1]), program=["sleep", "60"])
child.start()
print(child.pid, flush=True)
time.sleep(60)
"""


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_child_that_dies_is_started_again_after_a_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "FIRST_PAUSE_S", 0.05)
    said: list[str] = []
    child = Child("echo", [], {"WORD": "hello"}, tmp_path, program=["sh", "-c", "echo $WORD; exit 3"])
    child.start()
    for runs in (1, 2, 3):
        wait_until(lambda: child.ended() == 3)
        child.watch(said.append)
        assert len(said) == runs
        time.sleep(0.05 * 2**runs)
        child.watch(said.append)
    assert "echo ended with code 3" in said[0]
    wait_until(lambda: (tmp_path / "echo.log").read_text() == "hello\n" * 4)
    Child.stop_all([child], 1)


def test_stopping_takes_what_ignores_the_signal_and_its_own_children(tmp_path: Path) -> None:
    script = "trap '' TERM; sleep 60 & echo $!; wait; sleep 60"
    child = Child("stubborn", [], {}, tmp_path, program=["sh", "-c", script])
    child.start()
    wait_until(lambda: (tmp_path / "stubborn.log").read_text() != "")
    Child.stop_all([child], 0.1)
    assert child.ended() == -9
    wait_until(lambda: not is_alive(int((tmp_path / "stubborn.log").read_text())))


def test_a_killed_supervisor_leaves_no_child(tmp_path: Path) -> None:
    supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(tmp_path)], stdout=subprocess.PIPE)
    assert supervisor.stdout
    pid = int(supervisor.stdout.readline())
    assert is_alive(pid)
    supervisor.kill()
    supervisor.communicate()
    wait_until(lambda: not is_alive(pid))


@pytest.mark.parametrize(
    "host, public_url, insecure_lan",
    [
        ("127.0.0.1", None, False),
        ("::1", None, False),
        ("localhost", None, False),
        (EVERYWHERE, "https://mall.example", False),
        (EVERYWHERE, None, True),
    ],
)
def test_addresses_that_are_safe_or_accepted(host: str, public_url: str | None, insecure_lan: bool) -> None:
    run.check_address(Settings(host=host, public_url=public_url), insecure_lan=insecure_lan)


@pytest.mark.parametrize("public_url", [None, "http://mall.example"])
def test_an_open_address_without_https_is_refused(public_url: str | None) -> None:
    with pytest.raises(run.DemoError, match="insecure-lan"):
        run.check_address(Settings(host=EVERYWHERE, public_url=public_url), insecure_lan=False)


def test_a_busy_port_is_noticed() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not run.is_free("127.0.0.1", taken.getsockname()[1])


def test_what_is_remembered_is_for_the_owner_only(tmp_path: Path) -> None:
    assert state.read(tmp_path) == {}
    remembered = dict.fromkeys(state.EXPORTS.values(), "it's")
    state.write(tmp_path, remembered)
    assert state.read(tmp_path) == remembered
    assert state.path_in(tmp_path).stat().st_mode & 0o777 == 0o600
    shell = "\n".join([*state.export_lines(remembered), "echo $PK"])
    assert subprocess.check_output(["sh", "-c", shell], text=True) == "it's\n"
    state.path_in(tmp_path).write_text("{")
    assert state.read(tmp_path) == {}


def test_references_of_the_files_become_ids() -> None:
    ids = {"st-a": "1", "zn-b": "2"}
    wanted = {"store_external_id": "st-a", "trigger": {"zone_external_ids": ["zn-b"]}, "owner_external_id": None}
    assert seed.with_ids(wanted, ids) == {"store_id": "1", "trigger": {"zone_ids": ["2"]}, "owner_id": None}


def test_the_demo_mall_refers_to_nothing_that_is_missing() -> None:
    names = ["owners.json", "stores.geojson", "zones.geojson"]
    ids = {str(item.get("properties", item)["external_id"]): "x" for name in names for item in seed.read(name)}
    ids[seed.read("mall.json")["external_id"]] = "x"
    assert seed.SHOP in ids
    for name in ("levels.geojson", "units.geojson", "stores.geojson", "zones.geojson", "campaigns.json"):
        seed.with_ids(seed.read(name), ids)


def test_a_child_that_is_through_is_left_alone(tmp_path: Path) -> None:
    said: list[str] = []
    child = Child("past", [], {}, tmp_path, program=["sh", "-c", "echo first; echo 12 walks told"], once=True)
    child.start()
    wait_until(lambda: child.ended() == 0)
    for _ in range(3):
        child.watch(said.append)
    assert said == ["  12 walks told"]
