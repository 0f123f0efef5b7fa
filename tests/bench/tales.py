"""Do the reports of the demo's chains hold what was planted? `python -m tests.bench.tales [seeds]` (100 by default).

The parents on Viber and the fresh boxes: each seed's people examined as a proof does at the planned end, against both
fates of these very people. The marketplace: each territory's growth a month, of the same stores, against the planted
one. No database: what is read there is tested in tests/e2e/test_demo_tales.py.
"""

import sys
import time
from collections import defaultdict
from datetime import date
from types import ModuleType
from zoneinfo import ZoneInfo

import numpy as np
from rich.console import Console

from geoengage.demo.chains import market
from geoengage.demo.planting.again import Again
from geoengage.demo.planting.growth import same_stores
from geoengage.demo.stories import parents, weekend
from geoengage.demo.stories.ledgers import THIS_WEEK
from geoengage.experiments.rules import Measured
from geoengage.metrics.rules import ValueModel, fit_values, group_histories
from geoengage.proof.rules.found import Board

TODAY = date(2026, 11, 28)
OUTCOMES = (Measured.CONVERSION, Measured.REVENUE, Measured.LTV)
Row = tuple[float, float, float]  # planted, low, high


def fitted(world: Again) -> ValueModel:
    """A value model of these people, as the product fits it on its customers."""
    orders = world.orders(message=False)
    person, day, spent = orders.person, orders.day, orders.money
    days = np.unique(person * 10**7 + day)
    who = days // 10**7
    counts = np.bincount(who)
    some = np.flatnonzero(counts)
    first = np.full(len(counts), 10**9)
    last = np.zeros(len(counts), dtype=np.int64)
    np.minimum.at(first, person, day)
    np.maximum.at(last, person, day)
    late = day > first[person]
    x = counts[some] - 1.0
    money = np.bincount(person[late], spent[late], minlength=len(counts))[some]
    age = (day.max() - first[some]) / 7
    model = fit_values(
        group_histories(x, (last - first)[some] / 7, age), np.divide(money, x, out=np.zeros(len(x)), where=x > 0)
    )
    assert isinstance(model, ValueModel)
    return model


def experiment(module: ModuleType, seed: int, model: ValueModel) -> dict[str, Row]:
    """What a proof says at the planned end."""
    trial = module.people(seed).trial(model)
    planted = trial.planted()
    board = Board(trial.people, module.PLAN, TODAY, module.PLAN.looks, exact=True)
    found: dict[str, Row] = {}
    for outcome in OUTCOMES:
        told = board.finding(outcome)
        assert told.low is not None
        assert told.high is not None
        found[outcome.value] = planted[outcome.value], told.low, told.high
    roi = board.roi()
    assert roi is not None
    found["roi"] = planted["roi"], roi.low or -np.inf, roi.high or np.inf
    return found


def growth(seed: int) -> dict[str, Row]:
    """Of the same stores, from what followed a message, by currency."""
    plan, zone = market.plan(seed, TODAY), ZoneInfo(market.ZONE)
    taken: dict[str | None, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for one in THIS_WEEK.followed(plan, seed, TODAY, weekend.cast(seed, TODAY)):
        taken[one.shop][one.at.astimezone(zone).date().replace(day=1)] += one.minor
    months = sorted({m for by_month in taken.values() for m in by_month if m < TODAY.replace(day=1)})
    rows: dict[str, Row] = {}
    for currency, planted in plan.truth.growth.items():
        shops = [s.external_id for s in plan.shops if s.currency == currency]
        found = same_stores([[taken[shop][m] for m in months] for shop in shops])
        assert found is not None
        rows[f"growth {currency}"] = planted, found.low, found.high
    return rows


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    out, begun = Console(), time.process_time()
    found: dict[str, list[Row]] = defaultdict(list)
    for module in (parents, weekend):
        model = fitted(module.people(987_654))
        for seed in range(seeds):
            for outcome, row in experiment(module, seed, model).items():
                found[f"{module.STORY.key} {outcome}"].append(row)
    for seed in range(seeds):
        for outcome, row in growth(seed).items():
            found[outcome].append(row)
    for what, rows in found.items():
        planted, low, high = np.array(rows).T
        held, known = np.mean((low <= planted) & (planted <= high)), np.mean((low > 0) | (high < 0))
        width = np.median(high - low)
        out.print(
            f"{what:20} planted {planted.mean():9.4g}  holds {held:.1%}  apart from 0 {known:.0%}  width {width:.4g}"
        )
    out.print(f"{seeds} seeds, {time.process_time() - begun:.0f} s of CPU")


if __name__ == "__main__":
    main()
