"""What everybody's purchases say about each product: its rhythm, what it is bought with, where it is popular. Pure.

Numbers stand for at least `K` people, pairs for `MIN_TOGETHER`: nobody's own basket may be read off another's screen.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from geoengage.kit.anonymity import K
from geoengage.recommendations.rules.together import (
    DEFAULT_LAMBDA,
    HoldOut,
    Ints,
    basket_rows,
    hold_out,
    item_weights,
    strongest,
)

MIN_TOGETHER = 5  # people who bought both (DESIGN 7: k is never below 5)
MOST_ITEMS = 3_000  # in the item-item model: 220 MB and 2 s of CPU while it is fitted
MOST_OTHERS = 50  # kept of each product
MOST_POPULAR = 100  # kept of each place
POPULAR_DAYS = 90
LEAST_BASKETS = 50  # of two things or more
USUAL_GAP_DAYS = 30.0  # of products, while nobody has bought enough to tell


@dataclass(frozen=True, slots=True)
class Purchases:
    """Lines of orders as numbers: which order, whose (each guest is somebody else), product, store (0: none), day."""

    order: Ints
    person: Ints
    product: Ints
    store: Ints
    day: Ints


@dataclass(frozen=True, slots=True)
class Pattern:
    """Of one product: buyers, share of all baskets, days between purchases (None: of too few), what goes with it."""

    product: int
    buyers: int
    share: float
    gap_days: float | None
    others: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Fitted:
    """All of it. `popular`: by store number (0: everywhere) the products with their buyers lately, most first.

    `lambda_` None: too few baskets to say what is bought together.
    """

    patterns: tuple[Pattern, ...]
    popular: Mapping[int, tuple[tuple[int, int], ...]]
    baskets: int
    people: int
    gap_days: float
    lambda_: float | None
    chosen_by: HoldOut | None


def fit(bought: Purchases, products: int, rng: np.random.Generator) -> Fitted:
    """Learn from purchases. `products`: how many there are; they are numbered from 0."""
    orders = np.unique(bought.order)
    buyers = _buyers(bought.person, bought.product, products)
    in_baskets = np.bincount(_firsts(bought.order, bought.product, products)[1], minlength=products)
    gaps, usual = _gaps(bought, products)
    lambda_, chosen, others = _fit_together(bought, buyers, rng)
    patterns = tuple(
        Pattern(
            int(n), int(buyers[n]), float(in_baskets[n] / len(orders)), gaps.get(int(n)), *others.get(int(n), ((), ()))
        )
        for n in np.flatnonzero(buyers >= K)
    )
    people = len(np.unique(bought.person))
    return Fitted(patterns, _popular(bought, products), len(orders), people, usual, lambda_, chosen)


def _firsts(left: Ints, right: Ints, width: int) -> tuple[Ints, Ints]:
    """The pairs of two columns, each once."""
    keys = np.unique(left * width + right)
    return keys // width, keys % width


def _buyers(person: Ints, product: Ints, products: int) -> NDArray[np.intp]:
    return np.bincount(_firsts(person, product, products)[1], minlength=products)


def _gaps(bought: Purchases, products: int) -> tuple[dict[int, float], float]:
    """Of each product with enough repeat buyers the median of their own median gaps, in days; the median of these."""
    order = np.lexsort((bought.day, bought.product, bought.person))
    pair = (bought.person * products + bought.product)[order]
    day = bought.day[order]
    same = (pair[1:] == pair[:-1]) & (day[1:] > day[:-1])
    pair, gap = pair[1:][same], (day[1:] - day[:-1])[same]
    own_pair, own_gap = _medians(pair, gap.astype(np.float64))
    product, counts = np.unique(own_pair % products, return_counts=True)
    _, medians = _medians(own_pair % products, own_gap)
    found = {int(n): float(gap) for n, gap, c in zip(product, medians, counts, strict=True) if c >= K}
    return found, float(np.median(list(found.values()))) if found else USUAL_GAP_DAYS


def _medians(group: Ints, value: NDArray[np.float64]) -> tuple[Ints, NDArray[np.float64]]:
    """The groups in order, and the median of each one's values."""
    order = np.lexsort((value, group))
    group, value = group[order], value[order]
    names, start, count = np.unique(group, return_index=True, return_counts=True)
    return names, (value[start + (count - 1) // 2] + value[start + count // 2]) / 2


def _fit_together(
    bought: Purchases, buyers: NDArray[np.intp], rng: np.random.Generator
) -> tuple[float | None, HoldOut | None, dict[int, tuple[tuple[int, ...], tuple[float, ...]]]]:
    """λ, how it was chosen, and of each product what goes with it; of the `MOST_ITEMS` with most buyers."""
    items = np.argsort(-buyers, kind="stable")[:MOST_ITEMS]
    items = items[buyers[items] >= K]
    number = np.full(len(buyers), -1)
    number[items] = np.arange(len(items))
    item = number[bought.product]
    known = item >= 0
    rows = basket_rows(bought.order[known], item[known], len(items))
    if rows.shape[0] < LEAST_BASKETS:
        return None, None, {}
    chosen = hold_out(rows, rng)
    lambda_ = DEFAULT_LAMBDA if chosen is None else chosen.best
    allowed = pairs_allowed(bought.person[known], item[known], len(items))
    found = strongest(item_weights(rows, lambda_), allowed, MOST_OTHERS)
    named = {int(items[n]): (tuple(items[o].tolist()), tuple(w.tolist())) for n, (o, w) in enumerate(found)}
    return lambda_, chosen, named


def pairs_allowed(person: Ints, item: Ints, items: int) -> NDArray[np.bool_]:
    """Which pairs of items enough people have bought both of."""
    _, who = np.unique(person, return_inverse=True)
    owned = sparse.csr_array((np.ones(len(who), dtype=np.int32), (who, item)), shape=(int(who.max()) + 1, items))
    owned.sum_duplicates()
    owned.data[:] = 1
    both = (owned.T @ owned).tocoo()
    allowed = np.zeros((items, items), dtype=bool)
    enough = both.data >= MIN_TOGETHER
    allowed[both.row[enough], both.col[enough]] = True
    return allowed


def _popular(bought: Purchases, products: int) -> dict[int, tuple[tuple[int, int], ...]]:
    lately = bought.day > bought.day.max(initial=0) - POPULAR_DAYS
    places = {0: lately} | {int(n): lately & (bought.store == n) for n in np.unique(bought.store) if n}
    return {place: _most_bought(bought, here, products) for place, here in places.items()}


def _most_bought(bought: Purchases, here: NDArray[np.bool_], products: int) -> tuple[tuple[int, int], ...]:
    counts = _buyers(bought.person[here], bought.product[here], products)
    order = np.argsort(-counts, kind="stable")[:MOST_POPULAR]
    return tuple((int(n), int(counts[n])) for n in order if counts[n] >= K)
