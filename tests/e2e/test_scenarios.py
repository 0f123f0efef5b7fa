"""All scenario files hold on a server with a virtual clock; the command line around them."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from geoengage.scenarios.client import Refused
from geoengage.scenarios.format import Kind
from geoengage.scenarios.guards import Guard
from tests.conftest import KEY, ROOT
from tests.e2e.scenario_player import FOLDER, NAMES, Player, diff, player, read
from tests.scenario_switches import SWITCHES

__all__ = ["player"]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", NAMES)
def test_it_holds(player: Player, name: str) -> None:
    result = player.play(read(name))
    assert not result.failed, diff(result)


def test_every_kind_has_three_and_every_rule_has_one() -> None:
    files = [read(name) for name in NAMES]
    kinds = Counter(file.scenario.kind for file in files)
    assert not [kind for kind in Kind if kinds[kind] < 3]
    assert len(files) >= 36
    assert {file.scenario.guards for file in files} == set(Guard) == set(SWITCHES)
    assert all(Path(file.name).parent.name == file.scenario.kind.value for file in files)


def test_the_same_file_gives_the_same_every_time(player: Player) -> None:
    file = read("gaps/mark_in_short_silence_is_taken_back.yaml")
    assert diff(player.play(file)) == diff(player.play(file))


def test_only_the_runner_moves_the_clock_and_never_back(player: Player) -> None:
    player.play(read(NAMES[0]))
    for path, method in (("/scenarios/clock", "PUT"), ("/scenarios/worlds", "POST")):
        with pytest.raises(Refused, match="401"):
            player.server.send(method, path, {"now": "2026-01-01T00:00:00Z", "timezone": "UTC"}, key="other")
    with pytest.raises(Refused, match="does not go back"):
        player.server.send("PUT", "/scenarios/clock", {"now": "2020-01-01T00:00:00Z"})


def command(server_url: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"GEOENGAGE_DATABASE_URL": server_url, "GEOENGAGE_SECRET_KEY": KEY, "COLUMNS": "200"}
    words = [sys.executable, "-m", "geoengage", "scenario", *map(str, arguments)]
    return subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_the_command_line(server_url: str, tmp_path: Path) -> None:
    good = FOLDER / "jumps" / "gulf_of_guinea.yaml"
    bad = tmp_path / "bad.yaml"
    bad.write_text(good.read_text().replace("{kind: entered, at: 10}", "{kind: entered, at: 40, zone: shop}"))
    done = command(server_url, "run", good, bad)
    assert done.returncode == 1, done.stderr
    lines = re.sub(r" in [0-9.]+ s:", ":", done.stdout).splitlines()
    assert lines[1:] == [
        f"FAIL  {bad}  A position at (0, 0) is an error, not a place",
        "      guards null_island: The position (0, 0) is refused.",
        "      = as expected   - missing   + not expected   ~ different",
        "      events",
        "      ~   0:00:10  phone entered shop (whole_disc): expected at 0:00:40, was 0:00:10 (within 1 s)",
        "2 scenarios: 1 hold, 1 fail",
    ]
    bad.write_text(good.read_text().replace("at: 10,", "at: 10, colour: red,"))
    done = command(server_url, "check", good, bad)
    assert done.returncode == 1
    assert done.stderr == f"{bad}:13: step 2: colour: Extra inputs are not permitted\n"
