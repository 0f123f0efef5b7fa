"""HTTP of the catalogue and of one metric over time."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from geoengage.kit import errors
from geoengage.kit.anonymity import K
from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.lifecycle import service
from geoengage.lifecycle.api import shapes
from geoengage.lifecycle.api.files import CSV, as_csv
from geoengage.lifecycle.api.questions import MOST_POINTS, History, MetricName, Whose
from geoengage.lifecycle.rules.catalogue import METRICS, Kind, Metric
from geoengage.lifecycle.rules.purchases import NO_FIGURE
from geoengage.lifecycle.rules.spans import DAY, Span, before, cut, year_before
from geoengage.lifecycle.rules.told import FEW, is_whole_told
from geoengage.tenancy.auth import Reader
from geoengage.tenancy.rules import Principal

router = APIRouter()
COLUMNS = (
    "metric", "period", "from", "to", "complete", "value", "low", "high", "people", "unit", "currency", "hidden",
)  # fmt: skip
Points = Mapping[Span, service.Point]


@router.get("/v1/metrics", responses=PROBLEMS)
async def list_metrics(_me: Reader) -> shapes.MetricsOut:
    """All metrics with what they mean."""
    return shapes.MetricsOut(items=[define(name, metric) for name, metric in METRICS.items()])


def define(name: str, metric: Metric) -> shapes.MetricDefinition:
    """A metric in words."""
    return shapes.MetricDefinition(
        name=name,
        label=metric.label,
        unit=metric.unit,
        better=metric.better,
        formula=metric.formula,
        source=metric.source,
        window=metric.window,
        by_channel=metric.by_channel,
    )


async def get_metric(
    name: MetricName, me: Reader, tx: Tx, now: Now, asked: Annotated[History, Query()]
) -> shapes.MetricOut | Response:
    """One metric in a period: as a whole, by steps, beside the period before and the one a year ago.

    Only days that are over are counted. Numbers about fewer than k people are not told, nor periods that would give
    such away beside others.
    """
    if name not in METRICS:
        raise errors.NotFound(f"there is no metric {name}")
    if asked.channel is not None and not METRICS[name].by_channel:
        raise errors.ItemErrors([{"pointer": "channel", "in": "query", "detail": f"{name} is not told by channel"}])
    tenant_id, scope = TenantId(me.tenant_id), asked.scope(me)
    place = await service.get_place(tx, tenant_id, scope)
    today = service.today_in(place, now)
    period = asked.span(today)
    if len(cut(period, asked.step)) > MOST_POINTS:
        raise errors.ItemErrors([{"pointer": "step", "in": "query", "detail": f"at most {MOST_POINTS} steps"}])
    periods = (period, before(period), year_before(period))
    spans = [span for each in periods for span in (each, *cut(each, asked.step))]
    found = await service.series(tx, tenant_id, name, scope, spans, now, channel=asked.channel, currency=asked.currency)
    answer = _Answer(found, me, asked).metric(periods)
    return answer if asked.format == "json" else _file(answer)


# after /v1/metrics/cohorts and the others, which are no names of metrics
def add_to(routes: APIRouter) -> None:
    """Put the route of one metric behind those that are there."""
    routes.add_api_route("/v1/metrics/{name}", get_metric, response_model=shapes.MetricOut, responses=PROBLEMS | CSV)


class _Answer:
    """What is told of a series."""

    def __init__(self, found: service.Series, me: Principal, asked: History) -> None:
        self.found, self.asked = found, asked
        self.exact = me.is_demo
        self.scope = scope_out(me, asked, found.timezone)
        self.points: Points = {point.span: point for point in found.points}

    def metric(self, periods: tuple[Span, Span, Span]) -> shapes.MetricOut:
        """The asked period beside the other two."""
        whole, points = self._whole(periods[0])
        return shapes.MetricOut(
            **define(self.found.name, self.found.metric).model_dump(),
            **whole.model_dump(),
            scope=self.scope,
            k=1 if self.exact else K,
            channel=self.asked.channel,
            currency=self.found.currency,
            other_currencies=[shapes.OtherCurrency(currency=c, orders=n) for c, n in self.found.others.items()],
            step=self.asked.step,
            points=points,
            previous=self._before(periods[1], whole),
            year_ago=self._before(periods[2], whole),
        )

    def _before(self, period: Span, now: shapes.MetricFigure) -> shapes.MetricBefore:
        whole, points = self._whole(period)
        change = (now.value - whole.value) / whole.value if now.value is not None and whole.value else None
        return shapes.MetricBefore(**whole.model_dump(), change=change, points=points)

    def _whole(self, period: Span) -> tuple[shapes.MetricFigure, list[shapes.MetricFigure]]:
        """A period as a whole and by steps; where a step is hidden, the whole is, which would tell of it."""
        points = [self._figure(span) for span in cut(period, self.asked.step) if span.first < self.found.today]
        may = self.found.metric.kind is Kind.AT_END or is_whole_told([point.hidden for point in points])
        return self._figure(period, None if may else FEW), points

    def _figure(self, span: Span, hidden: str | None = None) -> shapes.MetricFigure:
        over = span.until(self.found.today - DAY)
        point = None if over is None else self.points.get(over)
        figure = NO_FIGURE if point is None else point.figure
        hidden = None if self.exact or point is None else hidden or point.hidden
        return shapes.MetricFigure(
            since=span.first,
            until=span.last,
            complete=over == span,
            value=None if hidden else figure.value,
            low=None if hidden else figure.low,
            high=None if hidden else figure.high,
            people=None if hidden else figure.people,
            hidden=hidden,
        )


def scope_out(me: Principal, asked: Whose, timezone: str) -> shapes.MetricScope:
    """What was asked for, as an answer names it."""
    for kind in ("store", "mall", "segment"):
        if (id_ := getattr(asked, f"{kind}_id")) is not None:
            return shapes.MetricScope(kind=kind, id=id_, timezone=timezone)
    return shapes.MetricScope(kind="tenant" if me.store_ids is None else "stores", id=None, timezone=timezone)


def _file(answer: shapes.MetricOut) -> Response:
    return as_csv(f"{answer.name}-{answer.since}-{answer.until}", COLUMNS, _rows(answer))


def _rows(answer: shapes.MetricOut) -> Iterator[dict[str, Any]]:
    shared = {"metric": answer.name, "unit": answer.unit, "currency": answer.currency}
    for period, whole in (("asked", answer), ("previous", answer.previous), ("year_ago", answer.year_ago)):
        for kind, figure in ((f"{period} as a whole", whole), *((period, point) for point in whole.points)):
            yield shared | {"period": kind, "from": _day(figure.since), "to": _day(figure.until)} | figure.model_dump()


def _day(day: date) -> str:
    return day.isoformat()
