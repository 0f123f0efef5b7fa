"""All scenario files hold; each fails when the rule that it guards is switched off; the command line around them."""

import logging
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from geoengage.kit import clock
from geoengage.kit.settings import Settings
from geoengage.scenarios import report
from geoengage.scenarios.checks import File, find_files, read_file
from geoengage.scenarios.client import Client, Refused
from geoengage.scenarios.format import Kind
from geoengage.scenarios.guards import Guard
from geoengage.scenarios.runner import Result, run_with_clock
from geoengage.scenarios.server import running
from tests.conftest import KEY, ROOT, plain_logging
from tests.scenario_switches import SWITCHES

pytestmark = pytest.mark.slow
FOLDER = ROOT / "scenarios"
FILES = [read_file(path, str(path.relative_to(FOLDER))) for path in find_files([FOLDER])]
Play = Callable[[File], Result]


@pytest.fixture(scope="module")
def play(clone: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    """Plays a file on a server with a virtual clock; one for all tests of this file."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    before = clock.utc_now()
    settings = Settings(data_dir=tmp_path_factory.mktemp("scenarios"), secret_key=KEY)
    with running(settings, clone()) as (address, key):
        client = Client(address, key)
        yield lambda file: run_with_clock(file, client)
        client.close()
    plain_logging()
    assert clock.utc_now() >= before, "the wall clock is back"


def diff(result: Result) -> str:
    return "\n".join(line.plain for line in report.lines(result, verbose=True))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_holds(play: Play, file: File) -> None:
    result = play(file)
    assert not result.failed, diff(result)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_fails_without_its_rule(play: Play, file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    SWITCHES[file.scenario.guards](monkeypatch)
    result = play(file)
    assert result.failed, (
        f"{file.scenario.guards.value} was switched off, and everything came as before\n{diff(result)}"
    )


def test_every_kind_has_three_and_every_rule_has_one() -> None:
    kinds = Counter(file.scenario.kind for file in FILES)
    assert not [kind for kind in Kind if kinds[kind] < 3]
    assert len(FILES) >= 36
    assert {file.scenario.guards for file in FILES} == set(Guard) == set(SWITCHES)
    assert all(Path(file.name).parent.name == file.scenario.kind.value for file in FILES)


def test_the_same_file_gives_the_same_every_time(play: Play) -> None:
    file = next(f for f in FILES if "noisy" in f.name)
    assert diff(play(file)) == diff(play(file))


def test_only_the_runner_moves_the_clock(play: Play, clone: Callable[[], str], tmp_path: Path) -> None:
    file = FILES[0]
    play(file)
    server: Client = play.__closure__[0].cell_contents  # type: ignore[attr-defined]
    for path, method in (("/scenarios/clock", "PUT"), ("/scenarios/worlds", "POST")):
        with pytest.raises(Refused, match="401"):
            server.send(method, path, {"now": "2026-01-01T00:00:00Z", "timezone": "UTC"}, key="other")
    with pytest.raises(Refused, match="does not go back"):
        server.send("PUT", "/scenarios/clock", {"now": "2020-01-01T00:00:00Z"})


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
