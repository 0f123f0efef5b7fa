"""Do the intervals of a campaign's proof hold what they say? `python -m tests.bench.proof [seeds]` (400 by default).

Simulated experiments of the supermarket's win-back (tests/supermarket_trial.py), a planted effect and none at all, each
looked at daily. Prints coverage of the truth, false "it worked" at any look, power, widths beside Welch's, CPU seconds.
"""

import sys
import time
from collections import defaultdict

import numpy as np
from rich.console import Console

from geoengage.proof.rules.winback import NOTHING, Setting
from tests.supermarket_trial import PLANTED, Found, World, both_fates, examine, fitted, truth

PEOPLE = 6000  # regulars of one shop; about half are decided, a quarter of those held out
NAMES = ("conversion", "revenue", "churn", "ltv", "roi")


def run(seeds: range, people: int = PEOPLE) -> dict[str, dict[str, dict[str, float]]]:
    """By setting and outcome: coverage, false_good, good, width over Welch's, and over the width without CUPED."""
    model = fitted()
    found: dict[tuple[str, str], list[Found]] = defaultdict(list)
    truths: dict[str, dict[str, float]] = {}
    settings: dict[str, Setting] = {"planted": PLANTED, "nothing": NOTHING}
    trials: dict[str, list[tuple[np.ndarray, np.ndarray]]] = defaultdict(list)
    for seed in seeds:
        world = World(seed, people)
        for name, setting in settings.items():
            trial = world.trial(setting, model)
            trials[name].append(both_fates(trial))
            for outcome, one in examine(trial).items():
                found[name, outcome].append(one)
    for name in settings:
        truths[name] = truth(trials[name])
    return {
        name: {outcome: _summary(found[name, outcome], truths[name][outcome]) for outcome in NAMES} for name in settings
    }


def _summary(found: list[Found], true: float) -> dict[str, float]:
    low, high = (np.array([getattr(f, side) for f in found]) for side in ("low", "high"))
    width = high - low
    plain = np.array([f.plain_width for f in found])
    welch = np.array([f.welch_width for f in found])
    return {
        "truth": true,
        "coverage": float(np.mean((low <= true + 1e-9) & (true - 1e-9 <= high))),
        "said_good": float(np.mean([f.said_good for f in found])),
        "said_bad": float(np.mean([f.said_bad for f in found])),
        "plain_by_welch": float(np.mean(plain / np.where(welch > 0, welch, np.nan))) if welch.any() else np.nan,
        "width_by_plain": float(np.mean(width / np.where(plain > 0, plain, np.nan))) if plain.any() else np.nan,
    }


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    out = Console()
    begun = time.process_time()
    for setting, by_outcome in run(range(seeds)).items():
        out.print(f"{setting}: {seeds} experiments")
        for outcome, row in by_outcome.items():
            out.print(f"  {outcome:10}" + "".join(f"  {name} {value:.4g}" for name, value in row.items()))
    out.print(f"{time.process_time() - begun:.0f} s of CPU")


if __name__ == "__main__":
    main()
