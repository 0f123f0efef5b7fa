"""Customers side by side: cohorts, recency-frequency-money, what they are worth. What may be told is marked here."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle import store
from geoengage.lifecycle.rules import rfm
from geoengage.lifecycle.rules.cohorts import Cohort, cohorts
from geoengage.lifecycle.rules.purchases import Bools, Figure, Ints, lifetime, totals
from geoengage.lifecycle.rules.spans import DAY, Span, Step, widened
from geoengage.lifecycle.rules.told import FEW, is_safe, suppressed, suppressed_in_table, why_hidden
from geoengage.lifecycle.rules.worth import Spread, spread
from geoengage.lifecycle.service.facts import Facts, Wanted, read_facts
from geoengage.lifecycle.service.scopes import Scope


@dataclass(frozen=True, slots=True)
class Retention:
    """Cohorts with, for each and its later spans, why it may not be told (None: it may)."""

    facts: Facts
    cohorts: list[Cohort]
    hidden: list[str | None]
    later_hidden: list[list[str | None]]


async def read_cohorts(
    session: Session, tenant_id: TenantId, scope: Scope, asked: tuple[Span, Step], now: datetime, *, exact: bool
) -> Retention:
    """Retention of those who first bought in each whole step of a period, as far as its days are over."""
    facts = await read_facts(session, tenant_id, scope, Wanted(("activation",), ()), now)
    spans = [over for span in widened(*asked) if (over := span.until(facts.today - DAY)) is not None]
    return await asyncio.to_thread(_retention, facts, spans, exact)


def _retention(facts: Facts, spans: Sequence[Span], exact: bool) -> Retention:
    found = cohorts(facts.orders.days, spans)
    if exact:
        return Retention(facts, found, [None] * len(found), [[None] * len(c.later) for c in found])
    new = facts.orders.new_people
    hidden = [why_hidden(Figure(None, c.people)) or (None if is_safe(c.span, new, facts.today) else FEW) for c in found]
    later = [[why or why_hidden(f) for f in c.later] for c, why in zip(found, hidden, strict=True)]
    return Retention(facts, found, hidden, later)


@dataclass(frozen=True, slots=True)
class Grid:
    """Customers by recency and frequency on a day, by group, and where they were on an earlier day; None: not told."""

    facts: Facts
    on: date
    before: date
    customers: int | None
    cells: list[list[int | None]]
    groups: dict[str, tuple[int | None, float | None]]
    movements: dict[tuple[str, str], int | None]


async def read_grid(
    session: Session,
    tenant_id: TenantId,
    scope: Scope,
    days: tuple[date, date],
    now: datetime,
    *,
    currency: str | None,
    exact: bool,
) -> Grid:
    """Scores at the end of the later of two days, and who has moved since the earlier one."""
    facts = await read_facts(session, tenant_id, scope, Wanted(("ltv",), (), currency=currency), now)
    before, on = (min(day, facts.today - DAY) for day in days)
    return await asyncio.to_thread(_grid, facts, before, on, exact)


def _grid(facts: Facts, before: date, on: date, exact: bool) -> Grid:
    after = rfm.rfm(facts.orders, facts.money, on)
    cells = rfm.cells(after)
    moved = rfm.movements(rfm.rfm(facts.orders, facts.money, before), after)
    group = after.group
    people = [int((group == n).sum()) for n in range(len(rfm.GROUPS))]
    money = [float(after.money[group == n].sum()) for n in range(len(rfm.GROUPS))]
    hidden = [False] * len(people) if exact else suppressed(people)
    marks = np.zeros(cells.shape, dtype=bool) if exact else _hidden_cells(cells, hidden)
    hidden_moves = set() if exact else _hidden_moves(moved)
    total = Figure(None, int(after.is_customer.sum()))
    hides_money = not exact and facts.why_hidden("ltv", Span(on.replace(day=1), on), total) is not None
    return Grid(
        facts,
        on,
        before,
        total.people if exact or why_hidden(total) is None else None,
        [
            [None if m else int(n) for n, m in zip(row, mark, strict=True)]
            for row, mark in zip(cells, marks, strict=True)
        ],
        {
            name: (None, None) if h else (n, None if hides_money else m)
            for name, n, m, h in zip(rfm.GROUPS, people, money, hidden, strict=True)
        },
        {key: None if key in hidden_moves else n for key, n in moved.items()},
    )


def _hidden_cells(cells: Ints, hidden: Sequence[bool]) -> Bools:
    """Cells that are not told beside their groups: all of a hidden group, of others so many that none can be found."""
    marks = np.zeros(cells.shape, dtype=bool)
    for n, whole in enumerate(hidden):
        those = np.equal(rfm.TABLE, n)
        marks[those] = (cells[those] > 0) if whole else suppressed([int(c) for c in cells[those]])
    return marks


def _hidden_moves(moved: dict[tuple[str, str], int]) -> set[tuple[str, str]]:
    names = (*rfm.GROUPS, rfm.NOT_YET)
    table = np.array([[moved.get((a, b), 0) for b in rfm.GROUPS] for a in names])
    marks = suppressed_in_table(table)
    return {(names[a], rfm.GROUPS[b]) for a, b in zip(*np.nonzero(marks), strict=True)}


@dataclass(frozen=True, slots=True)
class Worth:
    """What customers have spent so far, and what is expected of them. `hidden`: why it may not be told."""

    facts: Facts
    on: date
    so_far: Spread
    expected: Spread
    hidden: str | None


async def read_worth(
    session: Session,
    tenant_id: TenantId,
    scope: Scope,
    on: date | None,
    now: datetime,
    *,
    currency: str | None,
    exact: bool,
) -> Worth:
    """The distribution over customers at the end of a day (None: yesterday); what is expected is as of now."""
    facts = await read_facts(session, tenant_id, scope, Wanted(("ltv", "ltv_predicted"), (), currency=currency), now)
    day = min(on or facts.today, facts.today - DAY)
    expected = await store.read_expected(session, tenant_id, facts.place, facts.currency or "")
    span = Span(day.replace(day=1), day)
    figure = lifetime(facts.money, [span], facts.today.toordinal())[0]
    hidden = None if exact else facts.why_hidden("ltv", span, replace(figure, hits=None))
    so_far = totals(facts.money, day)
    return Worth(facts, day, spread(so_far, exact=exact), spread(expected, exact=exact), hidden)
