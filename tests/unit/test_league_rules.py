"""The league: a new store is no growth, currencies are never added, few people are never told."""

from datetime import date
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from geoengage.marketplace.rules.league import (
    StoreMonth,
    Traded,
    cohorts_of,
    league_of,
    month_before,
    quartiles_of,
    totals_of,
)

MONTH, BEFORE = date(2026, 11, 1), date(2026, 10, 1)


def sold(customers: int, minor: int, currency: str = "EUR", guests: int = 0) -> StoreMonth:
    return StoreMonth(customers, guests, {currency: customers + guests}, {currency: minor})


def traded(n: int, first: date | None, months: dict[date, StoreMonth], before: int = 0, again: int = 0) -> Traded:
    return Traded(UUID(int=n), f"Store {n}", first, months, before, again)


def test_new_stores_do_not_look_like_growth() -> None:
    """Two old stores shrink by a tenth and stagnate; a third opened last month, a fourth this one."""
    old = date(2025, 1, 1)
    stores = [
        traded(1, old, {BEFORE: sold(50, 1000), MONTH: sold(45, 900)}, 50, 20),
        traded(2, old, {BEFORE: sold(50, 2000), MONTH: sold(50, 2000)}, 50, 40),
        traded(3, BEFORE, {BEFORE: sold(10, 100), MONTH: sold(30, 1500)}, 10, 10),
        traded(4, MONTH, {MONTH: sold(20, 700)}),
    ]

    rows = {row.name: row for row in league_of(MONTH, stores).rows}

    assert [name for name, row in rows.items() if row.is_same] == ["Store 2", "Store 1"]
    assert (rows["Store 3"].growth, rows["Store 4"].growth) == (None, None)
    assert rows["Store 1"].growth is not None
    assert round(rows["Store 1"].growth, 6) == -0.1
    assert rows["Store 1"].retention == 0.4
    assert rows["Store 2"].retention == 0.8
    (total,) = totals_of(rows.values())
    assert (total.growth is not None and total.growth > 0.6, total.same_growth) == (True, 2900 / 3000 - 1)
    assert [(each.month, each.total.stores) for each in cohorts_of(list(rows.values()))] == [
        (MONTH, 1), (BEFORE, 1), (old, 2),
    ]  # fmt: skip


def test_few_people_are_not_told_and_no_total_tells_them() -> None:
    """Nine customers, or nine guests; and whoever subtracts the others from a total learns nothing."""
    old = date(2025, 1, 1)
    stores = [
        traded(1, old, {BEFORE: sold(50, 1000), MONTH: sold(9, 900)}, 50, 3),
        traded(2, old, {BEFORE: sold(0, 70, guests=9), MONTH: sold(50, 2000)}, 0, 0),
        traded(3, old, {BEFORE: sold(50, 2000), MONTH: sold(50, 2000)}, 50, 45),
    ]

    one, two, three = sorted(league_of(MONTH, stores).rows, key=lambda row: row.name)

    assert (one.customers, one.orders, one.revenue_minor, one.growth, one.retention) == (None,) * 5
    assert (two.revenue_minor, two.before_minor, two.growth) == (2000, None, None)
    assert (three.revenue_minor, three.retention) == (2000, None)  # five did not come back
    (total,) = totals_of([one, two, three])
    assert (total.stores, total.this_minor, total.before_minor) == (1, 2000, 2000)


def test_quartiles_need_ten_stores_and_name_no_figure() -> None:
    """Nine say nothing; of ten the figures are cut to two digits."""
    old = date(2025, 1, 1)
    stores = [
        traded(n, old, {BEFORE: sold(50, 12_345 + n), MONTH: sold(50, 12_345 + 7 * n)}, 50, 20) for n in range(10)
    ]
    assert quartiles_of(league_of(MONTH, stores[:9]).rows) == []
    found = {each.measure: each for each in quartiles_of(league_of(MONTH, stores).rows)}
    assert (found["revenue_minor"].low, found["revenue_minor"].high) == (12_000, 12_000)
    assert found["revenue_minor"].currency == "EUR"
    assert set(found) == {"revenue_minor", "customers", "orders", "retention", "growth"}


STORES = st.lists(
    st.tuples(
        st.sampled_from([None, date(2024, 5, 1), BEFORE, MONTH]), st.integers(0, 30), st.integers(0, 30),
        st.integers(0, 12), st.sampled_from(["EUR", "CHF"]),
    ),
    max_size=12,
)  # fmt: skip


@given(STORES)
def test_the_parts_are_the_whole(given_: list[tuple[date | None, int, int, int, str]]) -> None:
    """Totals are the sums of what is shown, cohorts are the total, and an amount is of one currency."""
    stores = [
        traded(
            n, first, {BEFORE: sold(before, 100 * before, currency), MONTH: sold(this, 130 * this, currency, guests)}
        )
        for n, (first, before, this, guests, currency) in enumerate(given_)
    ]

    rows = league_of(MONTH, stores).rows

    for row, (_, _, this, guests, _) in zip(sorted(rows, key=lambda r: r.store_id), given_, strict=True):
        assert row.is_few is (0 < this + guests < 10)
        assert not row.is_few or (row.revenue_minor, row.trend[-1]) == (None, None)
    for total in totals_of(rows):
        shown = [r for r in rows if r.currency == total.currency and None not in (r.revenue_minor, r.before_minor)]
        assert total.this_minor == sum(r.revenue_minor or 0 for r in shown)
        parts = [each.total for each in cohorts_of(rows) if each.total.currency == total.currency]
        assert sum(each.this_minor for each in parts) <= total.this_minor
    assert all((a.currency or "~") <= (b.currency or "~") for a, b in pairwise(rows))


def test_months_go_back_over_the_year() -> None:
    """A month before January is December."""
    assert month_before(date(2026, 1, 1)) == date(2025, 12, 1)
    assert month_before(date(2026, 3, 1), 14) == date(2025, 1, 1)
