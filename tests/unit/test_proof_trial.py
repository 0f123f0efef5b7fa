"""The supermarket trial: what a proof says of experiments whose truth is known, looked at daily.

A short form of `python -m tests.bench.proof`, which gives the figures of docs/proof.md. 60 experiments tell less than
its 400, so the bounds are wider; the seeds are fixed, so no bound fails by chance.
"""

import pytest

from tests.bench.proof import NAMES, run

SEEDS = range(1000, 1060)


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, dict[str, float]]]:
    return run(SEEDS, people=3000)


@pytest.mark.parametrize("outcome", NAMES)
@pytest.mark.parametrize("setting", ["planted", "nothing"])
def test_intervals_cover_the_truth(found: dict[str, dict[str, dict[str, float]]], setting: str, outcome: str) -> None:
    assert found[setting][outcome]["coverage"] >= 0.85


@pytest.mark.parametrize("outcome", NAMES)
def test_nothing_is_seldom_called_something(found: dict[str, dict[str, dict[str, float]]], outcome: str) -> None:
    """At any of sixty daily looks."""
    assert found["nothing"][outcome]["said_good"] <= 0.1
    assert found["nothing"][outcome]["said_bad"] <= 0.1


@pytest.mark.parametrize("outcome", [name for name in NAMES if name != "roi"])
def test_intervals_are_no_wider_than_need_be(found: dict[str, dict[str, dict[str, float]]], outcome: str) -> None:
    for setting in ("planted", "nothing"):
        assert found[setting][outcome]["plain_by_welch"] <= 1.1
        assert found[setting][outcome]["width_by_plain"] <= 1.0


def test_the_planted_effect_is_found(found: dict[str, dict[str, dict[str, float]]]) -> None:
    assert found["planted"]["conversion"]["said_good"] >= 0.8
    assert found["planted"]["conversion"]["said_bad"] == 0.0
