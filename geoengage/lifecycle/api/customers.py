"""HTTP of customers side by side: cohorts, recency-frequency-money, worth."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from geoengage.kit import errors
from geoengage.kit.anonymity import K
from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.lifecycle import service
from geoengage.lifecycle.api import customer_shapes as shapes
from geoengage.lifecycle.api.files import CSV, as_csv
from geoengage.lifecycle.api.metrics import scope_out
from geoengage.lifecycle.api.questions import MOST_COHORTS, InMoney, Steps
from geoengage.lifecycle.api.shapes import OtherCurrency
from geoengage.lifecycle.rules import rfm
from geoengage.lifecycle.rules.purchases import Figure
from geoengage.lifecycle.rules.spans import DAY, Step, widened
from geoengage.lifecycle.rules.worth import QUANTILES, Spread
from geoengage.tenancy.auth import Reader

router = APIRouter()
SOURCE = "orders (status not cancelled, no returns) of known people; money with refunds and returns taken off"
QUARTER = timedelta(days=90)


def _others(facts: service.Facts) -> list[OtherCurrency]:
    return [OtherCurrency(currency=code, orders=n) for code, n in facts.others.items()]


# --- cohorts ---------------------------------------------------------------------------------------------------------


@router.get("/v1/metrics/cohorts", response_model=shapes.CohortsOut, responses=PROBLEMS | CSV)
async def get_cohorts(me: Reader, tx: Tx, now: Now, asked: Annotated[Steps, Query()]) -> shapes.CohortsOut | Response:
    """Retention: customers by when they first bought, and the share of each such cohort that bought again later.

    The period is widened to whole steps, of weeks at least.
    """
    tenant_id, scope = TenantId(me.tenant_id), asked.scope(me)
    place = await service.get_place(tx, tenant_id, scope)
    period = asked.span(service.today_in(place, now))
    if asked.step is Step.DAY or len(widened(period, asked.step)) > MOST_COHORTS:
        detail = f"of weeks at least, and at most {MOST_COHORTS} of them"
        raise errors.ItemErrors([{"pointer": "step", "in": "query", "detail": detail}])
    found = await service.read_cohorts(tx, tenant_id, scope, (period, asked.step), now, exact=me.is_demo)
    answer = shapes.CohortsOut(
        scope=scope_out(me, asked, place.timezone),
        k=1 if me.is_demo else K,
        step=asked.step,
        formula="customers of the cohort with a purchase day in the later step ÷ customers of the cohort",
        source=SOURCE,
        items=list(_cohorts(found, asked.step)),
    )
    return answer if asked.format == "json" else _cohorts_file(answer)


def _cohorts(found: service.Retention, step: Step) -> Iterator[shapes.CohortRow]:
    spans = [cohort.span for cohort in found.cohorts]
    is_over = [widened(span, step) == [span] for span in spans]
    for i, (cohort, why, later_why) in enumerate(zip(found.cohorts, found.hidden, found.later_hidden, strict=True)):
        later = [
            _later(n, figure, reason, is_over[i + n])
            for n, (figure, reason) in enumerate(zip(cohort.later, later_why, strict=True), 1)
        ]
        yield shapes.CohortRow(
            since=cohort.span.first,
            until=cohort.span.last,
            people=None if why else cohort.people,
            hidden=why,
            later=later,
        )


def _later(n: int, figure: Figure, why: str | None, complete: bool) -> shapes.CohortLater:
    share, people = (None, None) if why else (figure.value, figure.hits)
    return shapes.CohortLater(n=n, complete=complete, share=share, people=people, hidden=why)


def _cohorts_file(answer: shapes.CohortsOut) -> Response:
    columns = ("from", "to", "people", "later", "complete", "share", "people_later", "hidden")
    rows: list[dict[str, Any]] = []
    for row in answer.items:
        first = {"from": row.since, "to": row.until, "people": row.people}
        rows.append(first | {"later": 0, "hidden": row.hidden})
        rows += [
            first
            | {"later": c.n, "complete": c.complete, "share": c.share, "people_later": c.people, "hidden": c.hidden}
            for c in row.later
        ]
    return as_csv("cohorts", columns, rows)


# --- recency, frequency, money ---------------------------------------------------------------------------------------


@router.get("/v1/metrics/rfm", response_model=shapes.RfmOut, responses=PROBLEMS | CSV)
async def get_rfm(me: Reader, tx: Tx, now: Now, asked: Annotated[InMoney, Query()]) -> shapes.RfmOut | Response:
    """Customers by recency and frequency at the end of `to`, and who has moved between groups since `from` (90 days
    before, if it is not given)."""
    tenant_id, scope = TenantId(me.tenant_id), asked.scope(me)
    place = await service.get_place(tx, tenant_id, scope)
    on = asked.until or service.today_in(place, now) - DAY
    days = (asked.since or on - QUARTER, on)
    grid = await service.read_grid(tx, tenant_id, scope, days, now, currency=asked.currency, exact=me.is_demo)
    answer = shapes.RfmOut(
        scope=scope_out(me, asked, place.timezone),
        k=1 if me.is_demo else K,
        on=grid.on,
        before=grid.before,
        currency=grid.facts.currency,
        other_currencies=_others(grid.facts),
        formula="recency: the last purchase day; frequency: the number of purchase days; both from the first order on."
        " Each is scored 1 to 5 by the share of customers below, equal values by the middle of their ranks: equal"
        " customers always have equal scores, so steps are uneven and some stay empty where many bought once",
        source=SOURCE,
        customers=grid.customers,
        cells=[
            shapes.RfmCell(recency=r, frequency=f, group=rfm.group_of(r, f), people=grid.cells[r - 1][f - 1])
            for r in range(rfm.STEPS, 0, -1)
            for f in range(rfm.STEPS, 0, -1)
        ],
        groups=[_group(name, *grid.groups[name]) for name in rfm.GROUPS],
        movements=[
            shapes.RfmMovement(before=before, after=after, people=people)
            for (before, after), people in grid.movements.items()
        ],
    )
    return answer if asked.format == "json" else _rfm_file(answer)


def _group(name: str, people: int | None, money: float | None) -> shapes.RfmGroup:
    spent = None if money is None else round(money)
    return shapes.RfmGroup(name=name, words=rfm.WORDS[name], people=people, spent_minor=spent)


def _rfm_file(answer: shapes.RfmOut) -> Response:
    columns = ("what", "recency", "frequency", "group", "before", "people", "spent_minor", "currency")
    rows: list[dict[str, Any]] = [{"what": "cell"} | cell.model_dump() for cell in answer.cells]
    rows += [
        {
            "what": "group",
            "group": g.name,
            "people": g.people,
            "spent_minor": g.spent_minor,
            "currency": answer.currency,
        }
        for g in answer.groups
    ]
    rows += [{"what": "movement", "group": m.after, "before": m.before, "people": m.people} for m in answer.movements]
    return as_csv(f"rfm-{answer.before}-{answer.on}", columns, rows)


# --- worth -----------------------------------------------------------------------------------------------------------


@router.get("/v1/metrics/worth", response_model=shapes.WorthOut, responses=PROBLEMS | CSV)
async def get_worth(me: Reader, tx: Tx, now: Now, asked: Annotated[InMoney, Query()]) -> shapes.WorthOut | Response:
    """What customers have spent up to the end of `to` and what is expected of them: mean, quantiles, bins, tenths.

    `from` does not matter: a lifetime begins with the first order.
    """
    tenant_id, scope = TenantId(me.tenant_id), asked.scope(me)
    found = await service.read_worth(tx, tenant_id, scope, asked.until, now, currency=asked.currency, exact=me.is_demo)
    answer = shapes.WorthOut(
        scope=scope_out(me, asked, found.facts.place.timezone),
        k=1 if me.is_demo else K,
        on=found.on,
        currency=found.facts.currency,
        other_currencies=_others(found.facts),
        formula="so_far: all money of each customer up to the end of the day. expected: what the value model in force"
        " expects of each customer in the next 365 days (docs/value.md)",
        source=SOURCE,
        hidden=found.hidden,
        so_far=_spread(found.so_far, hidden=found.hidden is not None),
        expected=_spread(found.expected, hidden=found.hidden is not None),
    )
    return answer if asked.format == "json" else _worth_file(answer)


def _spread(found: Spread, *, hidden: bool) -> shapes.WorthSpread:
    if hidden:
        return shapes.WorthSpread(people=None, mean_minor=None, quantiles=[], bins=[], tenths=[])
    return shapes.WorthSpread(
        people=found.people,
        mean_minor=found.mean,
        quantiles=[
            shapes.WorthQuantile(share=share, value_minor=round(value))
            for share, value in zip(QUANTILES, found.quantiles, strict=False)
        ],
        bins=[shapes.WorthBin(low_minor=_minor(b.low), high_minor=_minor(b.high), people=b.people) for b in found.bins],
        tenths=[
            shapes.WorthTenth(n=n, people=t.people, value_minor=round(t.money), share=t.share)
            for n, t in enumerate(found.tenths, 1)
        ],
    )


def _minor(value: float | None) -> int | None:
    return None if value is None else round(value)


def _worth_file(answer: shapes.WorthOut) -> Response:
    columns = ("of", "what", "n", "low_minor", "high_minor", "people", "value_minor", "share", "currency", "hidden")
    rows: list[dict[str, Any]] = []
    for of, found in (("so_far", answer.so_far), ("expected", answer.expected)):
        shared = {"of": of, "currency": answer.currency}
        mean = {"what": "mean", "people": found.people, "value_minor": found.mean_minor, "hidden": answer.hidden}
        rows.append(shared | mean)
        for what, items in (("quantile", found.quantiles), ("bin", found.bins), ("tenth", found.tenths)):
            rows += [shared | {"what": what} | item.model_dump() for item in items]
    return as_csv(f"worth-{answer.on}", columns, rows)
