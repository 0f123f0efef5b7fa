"""A metric over time: what alerts, the console and the API ask for."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle.rules.catalogue import METRICS, Metric, Unit
from geoengage.lifecycle.rules.purchases import Figure
from geoengage.lifecycle.rules.spans import DAY, Span
from geoengage.lifecycle.service.facts import Facts, Wanted, read_facts
from geoengage.lifecycle.service.scopes import Scope


@dataclass(frozen=True, slots=True)
class Point:
    """A metric in one span, as it is. `hidden`: why it may not be told where real people are counted; None: it may."""

    span: Span
    figure: Figure
    hidden: str | None


@dataclass(frozen=True, slots=True)
class Series:
    """A metric over spans, in the order in which they were asked for, cut at yesterday; later ones are left out.

    `currency`: of a value in minor units, or of the orders that a share is of; `others`: currencies left out, with
    their orders.
    """

    name: str
    metric: Metric
    timezone: str
    today: date
    currency: str | None
    others: Mapping[str, int]
    points: list[Point]


async def series(
    session: Session,
    tenant_id: TenantId,
    name: str,
    scope: Scope,
    spans: Sequence[Span],
    now: datetime,
    *,
    channel: str | None = None,
    currency: str | None = None,
) -> Series:
    """One metric; see `series_of_many`."""
    wanted = Wanted((name,), spans, channel, currency)
    return (await series_of_many(session, tenant_id, scope, wanted, now))[name]


async def series_of_many(
    session: Session, tenant_id: TenantId, scope: Scope, wanted: Wanted, now: datetime
) -> dict[str, Series]:
    """Metrics over spans; the rows are read once for all of them.

    NotFound for a scope that the caller may not see.
    """
    return await measure(await read_facts(session, tenant_id, scope, wanted, now), wanted)


async def measure(facts: Facts, wanted: Wanted) -> dict[str, Series]:
    """Metrics over spans, from what was read for them."""
    spans = [cut for span in wanted.spans if (cut := span.until(facts.today - DAY)) is not None]
    return await asyncio.to_thread(_measure, facts, wanted, spans)


def _measure(facts: Facts, wanted: Wanted, spans: Sequence[Span]) -> dict[str, Series]:
    return {name: _series(name, facts, spans, facts.measure(name, spans, wanted.channel)) for name in wanted.names}


def _series(name: str, facts: Facts, spans: Sequence[Span], figures: Sequence[Figure]) -> Series:
    metric = METRICS[name]
    is_money = metric.unit is Unit.MONEY or name == "direct_share"
    return Series(
        name,
        metric,
        facts.place.timezone,
        facts.today,
        facts.currency if is_money else None,
        facts.others if is_money else {},
        [
            Point(span, figure, facts.why_hidden(name, span, figure))
            for span, figure in zip(spans, figures, strict=True)
        ],
    )
