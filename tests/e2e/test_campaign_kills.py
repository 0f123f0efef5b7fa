"""kill -9 of worker, API and database while a campaign goes out; `tests.bench.campaign_kills` has ten times as many."""

import sys
from pathlib import Path

import pytest

from tests.e2e.campaign_kills import story

pytestmark = pytest.mark.slow


async def test_every_step_of_everybody_has_one_known_end(tmp_path: Path) -> None:
    outcome = await story(tmp_path, messages=2_000, kills=("worker", "database", "serve"), seed=1)
    sys.stdout.write(f"{outcome}\n")
    assert outcome.ends["sent"] > 1_500
    assert set(outcome.twice) <= outcome.listed
