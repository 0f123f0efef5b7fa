"""`python -m tests.bench.warnings`: early warnings on other shops than those that their limits were chosen by;
the rule about shut days was made while looking at these.

The limits of `lifecycle.rules.warnings` were found on the shops of tests/unit/test_lifecycle_warnings.py. These have
other noise and another calendar: counts are negative-binomial (days differ by more than chance explains), levels wander
for good, the year has any shape, and shops are shut on eight fixed holidays and at Easter, which moves.
"""

import argparse
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
from rich.console import Console
from rich.table import Table

from geoengage.lifecycle.rules import warnings
from tests.unit.test_lifecycle_warnings import (
    DAYS,
    FIRST,
    GROUPS,
    KINDS,
    LEAST,
    PLANTED,
    SHIFT,
    Made,
    openings,
)

BEGAN = date(2023, 1, 2)  # a Monday
EASTER = [date(2023, 4, 9), date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5)]
FIXED = [(1, 1), (1, 2), (5, 1), (8, 1), (11, 1), (12, 24), (12, 25), (12, 26)]
WHOLE = [[0, 1, 2, 3]]


def _shut(day: date) -> bool:
    return (day.month, day.day) in FIXED or any((day - easter).days in (-2, 0, 1) for easter in EASTER)


def _year(rng: np.random.Generator, strength: float) -> np.ndarray:
    """Any shape of a year: four harmonics, the strongest week so much above the mean."""
    t = np.arange(DAYS)
    shape = sum(rng.normal() / k * np.sin(2 * np.pi * k * t / 365.25 + rng.uniform(0, 2 * np.pi)) for k in (1, 2, 3, 4))
    return np.asarray(np.exp(strength * shape / np.abs(shape).max()))


def _open() -> np.ndarray:
    """0 on days on which all shops are shut, more than 1 on the two days before."""
    shut = np.array([_shut(BEGAN + timedelta(days=n)) for n in range(DAYS)])
    factor = np.where(shut, 0.0, 1.0)
    for before in (1, 2):
        factor[:-before][shut[before:] & ~shut[:-before]] *= 1.25
    return factor


def _counts(rng: np.random.Generator, mean: np.ndarray, noise: float) -> np.ndarray:
    """Negative-binomial: of this mean, each day's luck beside chance having so large a standard deviation."""
    return rng.poisson(mean * rng.gamma(1 / noise**2, noise**2, mean.shape)).astype(float)


def make(rng: np.random.Generator, kind: str, *, changes_on: int = DAYS, everybody: bool = False) -> Made:
    """A metric of such a shop; on a day its largest group, or everybody, falls by what is planted."""
    shares = np.sort(rng.dirichlet(np.full(4, 6.0)))[::-1][:, None]
    base, noise = np.exp(rng.uniform(np.log(50), np.log(600))), rng.uniform(0.05, 0.2)
    week = np.append(rng.uniform(0.7, 1.4, 6), rng.choice([0.0, 0.5]))
    level = np.exp(np.cumsum(rng.normal(0, 0.004, DAYS)) + rng.uniform(-0.1, 0.25) * np.arange(DAYS) / 365)
    traffic = base * _year(rng, rng.uniform(0, 0.35)) * _open() * week[np.arange(DAYS) % 7] * level
    factor = np.ones((4, DAYS))
    fall = PLANTED[kind]
    factor[slice(None) if everybody else 0, changes_on:] += fall if everybody else max(-0.95, fall / shares[0, 0])
    if kind == "count":
        return Made(kind, _counts(rng, shares * traffic * factor, noise), None, shares)
    if kind == "stock":
        come, go = _counts(rng, shares * traffic * 0.2, noise), _counts(rng, shares * base * 0.15 * level, noise)
        return Made(kind, np.maximum(shares * base * 30 + np.cumsum(come - go, axis=1), 1) * factor, None, shares)
    people = _counts(rng, shares * traffic, noise)
    own = rng.uniform(0.8, 1.2, (4, 1)) * _year(rng, 0.06) * level**0.15 * factor
    if kind == "rate":
        return Made(kind, rng.binomial(people.astype(int), np.clip(0.3 * own, 0, 1)).astype(float), people, shares)
    spent = people * 40 * own * rng.gamma(np.maximum(people, 1)) / np.maximum(people, 1)  # exponential baskets
    return Made(kind, spent, people, shares)


def _false(seeds: range, days: int, weeks: int) -> dict[str, float]:
    """False alarms a year of each kind of metric, all twelve looked at every day."""
    alarms = dict.fromkeys(SHIFT, 0)
    for seed in seeds:
        rng = np.random.default_rng(seed)
        start = FIRST + int(rng.integers(0, 365 - days))
        for kind in KINDS:
            found = make(rng, kind).judge(WHOLE, range(start, start + days), weeks)
            alarms[kind] += openings(found.warnings(LEAST))
    return {kind: n / len(seeds) * 365 / days for kind, n in alarms.items()}


def _planted(seeds: range) -> Iterator[tuple[str, int | None, bool]]:
    """Of each planted fall: the kind, after how many days it was told, whether the right group was named."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        day = FIRST + int(rng.integers(0, 300))
        made = make(rng, KINDS[seed % 12], changes_on=day)
        warned = made.judge(WHOLE, range(day, day + 15)).warnings(LEAST)
        if not warned.any():
            yield made.kind, None, False
            continue
        delay = int(np.flatnonzero(warned)[0])
        (all_of_it,) = made.parts(WHOLE, day + delay)
        yield made.kind, delay, warnings.driver(all_of_it, made.parts(GROUPS, day + delay)) == 0


def main() -> None:
    """Both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    count, console = parser.parse_args().seeds, Console(width=120)
    table = Table(
        "weeks known", "false alarms a year over 12 metrics", *SHIFT, title=f"{count} shops that go on as they were"
    )
    for weeks in (warnings.WEEKS, 70, 40, 8):
        found = _false(range(40_000, 40_000 + count), 61, weeks)
        table.add_row(str(weeks), f"{sum(found.values()):.2f}", *(f"{n:.2f}" for n in found.values()))
    console.print(table)
    told = list(_planted(range(50_000, 50_000 + 2 * count)))
    table = Table(
        "planted falls", "found in 14 days", "median days", "right group named, of all", title=f"{2 * count} falls"
    )
    for kind in (None, *SHIFT):
        some = [(delay, right) for each, delay, right in told if kind in (None, each)]
        delays = [delay for delay, _ in some if delay is not None]
        name = "all" if kind is None else f"{kind} {PLANTED[kind]:+.0%}"
        table.add_row(
            name,
            f"{len(delays) / len(some):.0%}",
            f"{np.median(delays):.0f}" if delays else "-",
            f"{np.mean([right for _, right in some]):.0%}",
        )
    console.print(table)


if __name__ == "__main__":
    main()
