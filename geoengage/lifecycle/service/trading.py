"""The last 90 days of a shop: what a change of a metric is multiplied with to become money."""

from collections.abc import Mapping
from datetime import date, datetime

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle.rules.catalogue import CONVERSION_DAYS
from geoengage.lifecycle.rules.money import HORIZON_DAYS, Trade
from geoengage.lifecycle.rules.purchases import NO_FIGURE
from geoengage.lifecycle.rules.spans import DAY, Span
from geoengage.lifecycle.service.facts import Wanted
from geoengage.lifecycle.service.scopes import Scope
from geoengage.lifecycle.service.series import Series, series_of_many

NAMES = ("purchase_frequency", "average_order_value", "active", "subscribers", "conversion")


def trade_spans(through: date) -> list[Span]:
    """The 90 days up to the end of a day, and those of whose new subscribers it is known whether they bought."""
    return [Span(end - (HORIZON_DAYS - 1) * DAY, end) for end in (through, through - CONVERSION_DAYS * DAY)]


def trade_of(found: Mapping[str, Series], through: date) -> Trade:
    """From series that have the spans of `trade_spans`."""
    usual, late = trade_spans(through)
    figures = {
        name: next(
            (p.figure for p in found[name].points if p.span == (late if name == "conversion" else usual)), NO_FIGURE
        )
        for name in NAMES
    }
    frequency = figures["purchase_frequency"]
    return Trade(
        customers=frequency.people,
        orders=(frequency.value or 0.0) * frequency.people,
        order_minor=figures["average_order_value"].value or 0.0,
        active=figures["active"].value or 0.0,
        subscribers=figures["subscribers"].value or 0.0,
        conversion=figures["conversion"].value or 0.0,
        currency=found["average_order_value"].currency,
    )


async def read_trade(session: Session, tenant_id: TenantId, scope: Scope, through: date, now: datetime) -> Trade:
    """The trade of a place up to the end of a day."""
    found = await series_of_many(session, tenant_id, scope, Wanted(NAMES, trade_spans(through)), now)
    return trade_of(found, through)
