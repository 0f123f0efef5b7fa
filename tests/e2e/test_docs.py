"""Every `sh` block of the README and of docs/ runs against a fresh demo, in the order of the page, in one shell a page.

Blocks marked `console` are for people (they clone, install, need a second window) and are not run.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import KEY, ROOT
from tests.e2e.stack import free_port

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(clone: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """`geoengage demo up` without shoppers, on a database of its own; the environment in which its commands work."""
    folder = tmp_path_factory.mktemp("demo")
    env = os.environ | {
        "GEOENGAGE_DATABASE_URL": clone(),
        "GEOENGAGE_DATA_DIR": str(folder),
        "GEOENGAGE_SECRET_KEY": KEY,
        "GEOENGAGE_PORT": str(free_port()),
        "GEOENGAGE_SIMULATE": "0",
    }
    with (folder / "out").open("w") as out:
        up = subprocess.Popen(
            [sys.executable, "-m", "geoengage", "demo", "up"], cwd=ROOT, env=env, stdout=out, stderr=out
        )
    try:
        until = time.monotonic() + 60
        while "Open http" not in (folder / "out").read_text():
            assert up.poll() is None, (folder / "out").read_text()
            assert time.monotonic() < until, (folder / "out").read_text()
            time.sleep(0.1)
        yield env
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(15)


def blocks(page: Path) -> list[str]:
    return BLOCK.findall(page.read_text())


def run(page: Path, env: dict[str, str]) -> str:
    """All blocks of a page in one bash; any command that fails ends it."""
    # The docs speak of the checkout's own virtual environment; the tests' may be another.
    geoengage = Path(sys.executable).parent / "geoengage"
    script = "\n".join(blocks(page)).replace(".venv/bin/geoengage", str(geoengage))
    bash = shutil.which("bash")
    assert bash, "bash is missing"
    done = subprocess.run(
        [bash, "-eu", "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, f"{page.name}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=lambda p: p.name)
def test_every_block_runs(page: Path, demo: dict[str, str]) -> None:
    out = run(page, demo)
    assert "/problems/" not in out or page.name == "api.md", out


def test_readme_says_what_happens(demo: dict[str, str]) -> None:
    """Two pings, her messages, their explanation; a shop's campaign, its approval; each in at most 15 lines."""
    out = run(ROOT / "README.md", demo)
    assert '"accepted":1' in out

    assert '"status": "sent"' in out
    assert "1 zone" in out or "zones entered" in out
    assert out.splitlines()[-2:] == ["in_review", "active"]


def test_the_shops_own_campaign_answers_the_next_visitor(demo: dict[str, str]) -> None:
    """The README's last sentence: register another phone and walk in; both of the café's campaigns answer."""
    readme = blocks(ROOT / "README.md")
    geoengage = Path(sys.executable).parent / "geoengage"
    steps = "\n".join([readme[0], readme[3], readme[1], WAIT]).replace(".venv/bin/geoengage", str(geoengage))
    done = subprocess.run(
        ["bash", "-eu", "-c", steps], cwd=ROOT, env=demo, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    inbox = json.loads(done.stdout.splitlines()[-1])
    assert "The second cup is on Café Morgenrot today." in {item["body"] for item in inbox["items"]}


def test_the_played_phone_gets_its_regions_once(demo: dict[str, str]) -> None:
    first, second = run(ROOT / "docs" / "phones.md", demo).splitlines()
    assert '"action":"setWaypoints"' in first
    assert second == "[]"


WAIT = r"""
for i in $(seq 50); do
  INBOX=$(curl -s "$GEOENGAGE_URL/v1/inbox" -H "Authorization: Bearer $TOKEN")
  case "$INBOX" in *"is on Caf"*) break;; esac
  sleep 0.1
done
echo "$INBOX"
"""
