"""What commerce says in the ledger. Pure.

Amounts are minor units of `currency`. Who it was is an `identifier_id`, nothing else.
"""

from datetime import datetime
from uuid import UUID

from geoengage.kit.event_base import Event


class OrderEvent(Event, frozen=True, kw_only=True):
    """What all events of orders say. `at`: when it happened, by the source's clock."""

    order_id: UUID
    source: str
    external_id: str
    store_id: UUID | None
    channel: str
    status: str
    currency: str
    total_minor: int
    identifier_id: UUID | None
    at: datetime


class OrderPlaced(OrderEvent, frozen=True, kw_only=True, tag="order.placed"):
    """An order is known for the first time; `at` may lie in the past."""


class OrderUpdated(OrderEvent, frozen=True, kw_only=True, tag="order.updated"):
    """An order has another content or customer."""


class OrderLeft(OrderEvent, frozen=True, kw_only=True, tag="order.left"):
    """An order turned out to be somebody else's: `identifier_id` is whose it was until now."""


class OrderCancelled(OrderEvent, frozen=True, kw_only=True, tag="order.cancelled"):
    """An order was cancelled."""


class OrderRefunded(OrderEvent, frozen=True, kw_only=True, tag="order.refunded"):
    """Money was given back: `refund_minor` now, `refunded_minor` in all."""

    refund_minor: int
    refunded_minor: int


class CartEvent(Event, frozen=True, kw_only=True):
    """What all events of carts say. The cart is an id's, or a device's that nobody has logged in on."""

    cart_id: UUID
    store_id: UUID | None
    identifier_id: UUID | None
    device_id: UUID | None
    at: datetime


class CartAbandoned(CartEvent, frozen=True, kw_only=True, tag="cart.abandoned"):
    """A cart was left alone for as long as the tenant says; `at`: the moment when that time was over."""

    lines: int
    totals: dict[str, int]


class CartRecovered(CartEvent, frozen=True, kw_only=True, tag="cart.recovered"):
    """Something of an abandoned cart was ordered."""

    order_id: UUID
    abandoned_at: datetime
