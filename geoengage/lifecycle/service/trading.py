"""The last 90 days of a shop: what a change of a metric is multiplied with to become money."""

from datetime import date, datetime

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle.rules.catalogue import CONVERSION_DAYS
from geoengage.lifecycle.rules.money import HORIZON_DAYS, Trade
from geoengage.lifecycle.rules.spans import DAY, Span
from geoengage.lifecycle.service.facts import Wanted
from geoengage.lifecycle.service.scopes import Scope
from geoengage.lifecycle.service.series import Point, series_of_many

_NAMES = ("purchase_frequency", "average_order_value", "active", "subscribers", "conversion")


async def read_trade(session: Session, tenant_id: TenantId, scope: Scope, through: date, now: datetime) -> Trade:
    """The 90 days up to the end of a day; of new subscribers those whose time to buy is over."""
    spans = [Span(end - (HORIZON_DAYS - 1) * DAY, end) for end in (through, through - CONVERSION_DAYS * DAY)]
    found = await series_of_many(session, tenant_id, scope, Wanted(_NAMES, spans), now)
    points: dict[str, Point] = {name: found[name].points[name == "conversion"] for name in _NAMES}
    frequency = points["purchase_frequency"].figure
    return Trade(
        customers=frequency.people,
        orders=(frequency.value or 0.0) * frequency.people,
        order_minor=points["average_order_value"].figure.value or 0.0,
        active=points["active"].figure.value or 0.0,
        subscribers=points["subscribers"].figure.value or 0.0,
        conversion=points["conversion"].figure.value or 0.0,
        currency=found["average_order_value"].currency,
    )
