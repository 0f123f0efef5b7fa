"""Rules of lifecycle metrics: periods, what may be told, scores, cohorts, distributions."""

from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.kit.anonymity import K
from geoengage.lifecycle.rules import rfm
from geoengage.lifecycle.rules.catalogue import METRICS
from geoengage.lifecycle.rules.cohorts import cohorts
from geoengage.lifecycle.rules.purchases import Figure, PurchaseDays, Purchases, between, lifetime, share, totals
from geoengage.lifecycle.rules.spans import DAY, Span, Step, before, cut, widened, year_before
from geoengage.lifecycle.rules.stages import STAGE_METRICS, StageHistory, stage_figures
from geoengage.lifecycle.rules.subscribers import Consents, Reached, consents_of, conversion, reachable
from geoengage.lifecycle.rules.told import (
    is_safe,
    is_whole_told,
    steps_told,
    suppressed,
    suppressed_in_table,
    why_hidden,
)
from geoengage.lifecycle.rules.worth import spread
from geoengage.metrics.rules import STAGES, Shop, Stage

MAY = date(2026, 5, 1)
TODAY = date(2026, 7, 1)
DAYS = st.dates(date(2025, 1, 1), date(2027, 12, 31))


def orders(*rows: tuple[int, date, int], currency: int = 0, counted: int = 1, known: int = 1) -> Purchases:
    """(person, day, money)."""
    n = len(rows)
    columns = {
        "person": np.array([r[0] for r in rows]), "day": np.array([r[1].toordinal() for r in rows]),
        "money": np.array([r[2] for r in rows]), "currency": np.full(n, currency), "counted": np.full(n, counted),
        "known": np.full(n, known),
    }  # fmt: skip
    return Purchases(columns, ("CHF", "EUR"))


def test_each_metric_says_what_it_means() -> None:
    for metric in METRICS.values():
        assert all((metric.label, metric.formula, metric.source, metric.window))
        assert metric.needs


# --- periods ----------------------------------------------------------------------------------------------------------


@given(DAYS, st.integers(0, 800), st.sampled_from(Step))
def test_steps_follow_each_other_and_make_up_the_period(first: date, days: int, step: Step) -> None:
    period = Span(first, first + days * DAY)
    pieces = cut(period, step)
    assert (pieces[0].first, pieces[-1].last) == (period.first, period.last)
    assert all(a.last + DAY == b.first for a, b in pairwise(pieces))
    whole = widened(period, step)
    assert len(whole) == len(pieces)
    assert whole[0].first <= period.first
    assert whole[-1].last >= period.last
    assert widened(whole[0], step) == [whole[0]]


def test_weeks_begin_on_monday_and_years_in_january() -> None:
    assert [s.first for s in cut(Span(MAY, MAY + 13 * DAY), Step.WEEK)] == [MAY, date(2026, 5, 4), date(2026, 5, 11)]
    assert widened(Span(MAY, MAY), Step.QUARTER) == [Span(date(2026, 4, 1), date(2026, 6, 30))]
    assert widened(Span(MAY, MAY), Step.YEAR) == [Span(date(2026, 1, 1), date(2026, 12, 31))]


def test_earlier_periods() -> None:
    months = Span(MAY, date(2026, 6, 30))
    assert before(months) == Span(date(2026, 3, 1), date(2026, 4, 30))
    assert year_before(months) == Span(date(2025, 5, 1), date(2025, 6, 30))
    week = Span(date(2026, 5, 4), date(2026, 5, 10))
    assert before(week) == Span(date(2026, 4, 27), date(2026, 5, 3))
    assert year_before(week).first.weekday() == 0
    assert year_before(Span(date(2024, 2, 1), date(2024, 2, 29))) == Span(date(2023, 2, 1), date(2023, 2, 28))


# --- orders -----------------------------------------------------------------------------------------------------------


def test_a_day_with_two_orders_is_one_purchase_day() -> None:
    bought = orders((1, MAY, 100), (1, MAY, 200), (1, MAY + 10 * DAY, 100), (2, MAY, 50))
    days = bought.days
    assert list(days.day - MAY.toordinal()) == [0, 10, 0]
    assert list(days.first - MAY.toordinal()) == [0, 0]
    assert list(days.second) == [MAY.toordinal() + 10, -1]
    assert list(bought.number) == [1, 2, 1, 3]
    assert between(bought, [Span(MAY, MAY + 30 * DAY)], 0) == [Figure(10.0, 1)]


def test_returns_take_money_and_count_nothing() -> None:
    back = orders((1, MAY + DAY, -100), counted=0)
    assert not back.is_purchase.any()
    assert back.days.day.size == 0
    assert lifetime(back, [Span(MAY, MAY + DAY)], 0) == [Figure(None, 0)]


def test_a_lifetime_ends_with_each_span_whatever_their_order() -> None:
    bought = orders((1, MAY, 100), (2, MAY + DAY, 300), (1, MAY + 9 * DAY, 100))
    spans = [Span(MAY + 9 * DAY, MAY + 9 * DAY), Span(MAY, MAY), Span(MAY + DAY, MAY + 3 * DAY)]
    assert [f.value for f in lifetime(bought, spans, 0)] == [250.0, 100.0, 200.0]
    assert [f.people for f in lifetime(bought, spans, 0)] == [2, 1, 2]
    assert sorted(totals(bought, MAY + DAY)) == [100.0, 300.0]


def test_money_of_one_currency_never_holds_another() -> None:
    rows = orders((1, MAY, 100), (2, MAY, 700))
    rows.currency[1] = 1
    assert rows.in_currency("EUR").money.tolist() == [700]
    assert rows.in_currency("USD").money.tolist() == []
    assert rows.in_currency(None).money.tolist() == []


# --- consents ---------------------------------------------------------------------------------------------------------


def decided(*rows: tuple[int, int, int, int], stopped: int = 0) -> dict[str, np.ndarray]:
    """(channel, sender, state, day) of person 1."""
    made = np.array(rows, dtype=np.int64).reshape(-1, 4)
    n = len(made)
    return {
        "person": np.ones(n, dtype=np.int64), "channel": made[:, 0], "sender": made[:, 1], "state": made[:, 2],
        "at": made[:, 3] * 1000, "day": made[:, 3], "stopped_at": np.full(n, stopped * 1000),
        "stopped_day": np.full(n, stopped),
    }  # fmt: skip


def phones(*rows: tuple[int, int]) -> dict[str, np.ndarray]:
    """(granted, day) of one device of person 1."""
    made = np.array(rows, dtype=np.int64).reshape(-1, 2)
    one = np.ones(len(made), dtype=np.int64)
    return {
        "person": one,
        "channel": one * 0,
        "device": one,
        "granted": made[:, 0],
        "at": made[:, 1],
        "day": made[:, 1],
    }


YES, NO, EMAIL, SHOP = 0, 2, 2, 77


@pytest.mark.parametrize(
    "rows, stores, days",
    [
        (decided((EMAIL, 0, YES, 10), (EMAIL, 0, NO, 20)), None, range(10, 20)),
        (decided((EMAIL, 0, YES, 10)), 1, range(10, 40)),  # a store has the tenant's
        (decided((EMAIL, 0, YES, 10), (EMAIL, SHOP, NO, 20)), 1, range(10, 20)),  # until it has its own
        (decided((EMAIL, 0, YES, 10), (EMAIL, SHOP, NO, 20)), 2, range(10, 40)),  # the other store still has
        (decided((EMAIL, SHOP, YES, 10)), None, range(10, 40)),  # a store's subscriber is the tenant's too
        (decided((EMAIL, 0, YES, 10), stopped=15), None, range(10, 15)),
        (decided((EMAIL, 0, YES, 10), stopped=5), None, range(10, 40)),  # agreed anew
        (decided((EMAIL, 0, YES, 10), (EMAIL, 0, NO, 10)), None, range(0)),  # within a day: how it ends
    ],
)
def test_when_somebody_is_a_subscriber(rows: dict[str, np.ndarray], stores: int | None, days: range) -> None:
    found = consents_of(rows, phones(), stores)
    assert [day for day in range(40) if len(found.held(day, None))] == list(days)
    assert [day for day in range(40) if len(found.held(day, "email"))] == list(days)
    assert not any(len(found.held(day, "sms")) for day in range(40))


def test_what_a_person_says_of_pushes_only_takes_away() -> None:
    device = phones((1, 5), (0, 30))
    wish = decided((0, 0, NO, 10), (1, 0, YES, 20))
    found = consents_of(wish, device, None)
    assert [day for day in range(40) if len(found.held(day, "push"))] == [*range(5, 10), *range(20, 30)]
    assert not len(consents_of(wish, phones(), None).held(25, "push"))


def test_reachable_needs_an_address_but_for_what_an_app_shows() -> None:
    found = consents_of(decided((EMAIL, 0, YES, 10), (6, 0, YES, 10)), phones(), None)
    nothing = Reached(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool))
    assert list(reachable(found, nothing, 12, "email")) == []
    assert list(reachable(found, nothing, 12, None)) == [1]


def test_conversion_is_of_those_who_had_not_bought() -> None:
    start = MAY.toordinal()
    row = decided((EMAIL, 0, YES, start))
    consents, nobody = consents_of(row, phones(), None), Consents.none()
    span, today = [Span(MAY, MAY)], TODAY.toordinal()
    assert conversion(orders((1, MAY + 30 * DAY, 1)), consents, span, today) == [share(1, 1)]
    assert conversion(orders((1, MAY + 31 * DAY, 1)), consents, span, today) == [share(0, 1)]
    assert conversion(orders((1, MAY - DAY, 1)), consents, span, today) == [share(0, 0)]
    assert conversion(Purchases.none(), consents, span, start + 30) == [share(0, 0)]  # too early
    assert conversion(Purchases.none(), nobody, span, today) == [share(0, 0)]


# --- stages -----------------------------------------------------------------------------------------------------------


def test_metrics_of_stages() -> None:
    weekly = [(1, MAY - n * 7 * DAY, 100) for n in range(60)]
    stopped = [(2, MAY - (200 + n * 7) * DAY, 100) for n in range(60)]
    back = [(2, MAY + 10 * DAY, 100)]
    history = StageHistory(orders(*weekly, *stopped, *back).days, Shop())
    span = Span(MAY - 250 * DAY, MAY)
    assert [STAGES[n] for n in history.at(MAY)] == [Stage.ACTIVE, Stage.CHURNED]
    assert stage_figures("active", history, [span]) == [Figure(1.0, 1)]
    assert stage_figures("churned", history, [span]) == [Figure(1.0, 1)]
    assert stage_figures("churn_rate", history, [span]) == [share(1, 2)]
    assert stage_figures("reactivated", history, [Span(MAY + DAY, MAY + 20 * DAY)]) == [Figure(1.0, 1)]
    assert set(STAGE_METRICS) <= set(METRICS)


# --- cohorts, scores, worth -------------------------------------------------------------------------------------------


def test_cohorts() -> None:
    days = orders((1, MAY, 1), (1, MAY + 31 * DAY, 1), (1, MAY + 61 * DAY, 1), (2, MAY, 1), (3, MAY + 35 * DAY, 1)).days
    found = cohorts(days, cut(Span(MAY, date(2026, 7, 31)), Step.MONTH))
    assert [(c.people, [f.hits for f in c.later]) for c in found] == [(2, [1, 1]), (1, [0]), (0, [])]
    assert cohorts(PurchaseDays.of(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), 0), []) == []


@given(st.lists(st.integers(0, 6), max_size=60))
def test_equal_customers_have_equal_scores_and_more_is_never_less(values: list[int]) -> None:
    scores = rfm.score(np.array(values, dtype=np.float64))
    assert all(1 <= s <= 5 for s in scores)
    pairs = sorted(zip(values, scores, strict=True))
    assert all(a[1] <= b[1] for a, b in pairwise(pairs))
    assert all(a[1] == b[1] for a, b in pairwise(pairs) if a[0] == b[0])


def test_without_ties_scores_are_fifths() -> None:
    assert np.bincount(rfm.score(np.arange(50.0)))[1:].tolist() == [10] * 5


def test_who_moved() -> None:
    rows = [(n, MAY - n * DAY, 100) for n in range(25)] + [(24, MAY + 5 * DAY, 100), (99, MAY + 5 * DAY, 100)]
    bought = orders(*rows)
    then, now = rfm.rfm(bought, bought, MAY), rfm.rfm(bought, bought, MAY + 5 * DAY)
    moved = rfm.movements(then, now)
    assert sum(moved.values()) == 26
    assert sum(n for (a, _), n in moved.items() if a == rfm.NOT_YET) == 1
    assert rfm.cells(now).sum() == 26
    assert {rfm.group_of(r, f) for r in range(1, 6) for f in range(1, 6)} == set(rfm.GROUPS)
    assert set(rfm.WORDS) == {*rfm.GROUPS, rfm.NOT_YET}
    assert not set(rfm.GROUPS) & {stage.value for stage in Stage}


@given(st.lists(st.integers(-500, 10**7), max_size=300), st.booleans())
def test_no_bin_is_of_few_people(values: list[int], exact: bool) -> None:
    found = spread(np.array(values, dtype=np.float64), exact=exact)
    if not exact and 0 < len(values) < K:
        assert (found.people, found.mean, found.bins) == (None, None, [])
        return
    assert sum(b.people for b in found.bins) == len(values) == found.people
    assert not found.tenths or sum(t.people for t in found.tenths) == len(values)
    if not exact:
        assert all(b.people >= K for b in found.bins)
        assert all(t.people >= K for t in found.tenths)
    for one in found.bins:
        inside = [v for v in values if (one.low is None or v >= one.low) and (one.high is None or v < one.high)]
        assert len(inside) == one.people


# --- what may be told -------------------------------------------------------------------------------------------------


def test_a_share_gives_away_who_is_in_it_and_who_is_not() -> None:
    assert why_hidden(Figure(1.0, 0)) is None
    assert why_hidden(Figure(1.0, K)) is None
    assert why_hidden(Figure(1.0, K - 1))
    assert why_hidden(share(3, 100))
    assert why_hidden(share(97, 100))
    assert why_hidden(share(0, 100)) is None
    assert why_hidden(share(50, 100)) is None
    assert is_whole_told([None, None])
    assert not is_whole_told([None, "few"])


@given(
    st.dictionaries(st.integers(0, 180), st.integers(0, 30), max_size=60),
    st.integers(0, 180), st.integers(0, 180), st.integers(0, 180),
)  # fmt: skip
def test_no_two_told_periods_differ_by_few_people(buyers: dict[int, int], a: int, b: int, c: int) -> None:
    """Whoever may choose `from` and `to` subtracts: [a, b] − [a, c] is about nobody or about ten people."""
    first = date(2026, 1, 1)
    counts = {first + n * DAY: buyers.get(n, 0) for n in range(181)}
    today = first + 181 * DAY

    def people(span: Span) -> int:
        return sum(n for day, n in counts.items() if span.first <= day <= span.last)

    a, c, b = sorted((a, b, c))
    whole, part = Span(first + a * DAY, first + b * DAY), Span(first + a * DAY, first + c * DAY)
    if all(is_safe(s, people, today) and not 0 < people(s) < K for s in (whole, part)):
        assert not 0 < people(whole) - people(part) < K


@given(st.lists(st.integers(0, 40), max_size=8))
def test_what_is_hidden_of_a_total_cannot_be_subtracted(counts: list[int]) -> None:
    hidden = suppressed(counts)
    assert all(h for n, h in zip(counts, hidden, strict=True) if 0 < n < K)
    assert not any(h for n, h in zip(counts, hidden, strict=True) if n == 0)
    together = [n for n, h in zip(counts, hidden, strict=True) if h]
    if together and len([n for n in counts if n]) > 1 and sum(counts) >= K:
        assert len(together) > 1
        assert sum(together) >= K


@given(st.lists(st.lists(st.integers(0, 40), min_size=4, max_size=4), min_size=1, max_size=5))
def test_nor_in_a_table(rows: list[list[int]]) -> None:
    table = np.array(rows)
    hidden = suppressed_in_table(table)
    assert hidden[(table > 0) & (table < K)].all()
    for counts, marks in [*zip(table, hidden, strict=True), *zip(table.T, hidden.T, strict=True)]:
        assert marks.sum() != 1 or (counts > 0).sum() == 1


def test_steps_of_a_funnel() -> None:
    assert steps_told([100, 60, 55, 30]) == [True, True, False, True]
    assert steps_told([5, 3, 0]) == [False, False, True]
    assert steps_told([100, 100, 4]) == [True, True, False]
