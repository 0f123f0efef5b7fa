"""What shop systems tell, whatever their format: facts that `service/shops.py` acts upon. Pure.

An adapter is one pure module that checks a signature and reads a delivery into these (`shopify.py` is the model): it
knows the format and nothing of us. Amounts are minor units, times are aware, ids are the shop's own as text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.commerce.rules import OrderIn, ProductIn, Refund
from geoengage.kit.event_base import Event


@dataclass(frozen=True, slots=True)
class Agreed:
    """A consent to marketing by a channel, in our words: `subscribed | pending | unsubscribed | redacted`."""

    channel: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFact:
    """A customer: `source_id` as `system:id` (None: a guest), what reaches them, what is known of them."""

    source_id: str | None
    at: datetime
    email: str | None = None
    phone: str | None = None
    traits: Mapping[str, Any] = field(default_factory=dict)
    consents: tuple[Agreed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What an order costs, in minor units: total = subtotal − discount + shipping (+ tax, where prices are without)."""

    subtotal: int
    discount: int
    shipping: int
    tax: int
    total: int


@dataclass(frozen=True, slots=True)
class OrderFact:
    """A whole order as it stands. `location`: the shop system's id of the place where it was sold."""

    order: OrderIn
    person: PersonFact | None
    location: str | None


@dataclass(frozen=True, slots=True)
class RefundFact:
    """Money given back for an order that is told by itself."""

    order_id: str
    refund: Refund


@dataclass(frozen=True, slots=True)
class ProductFact:
    """A product as it stands."""

    product: ProductIn


@dataclass(frozen=True, slots=True)
class DataRequest:
    """A customer asks the shop what is known about them; the operator has to answer."""

    person: PersonFact


@dataclass(frozen=True, slots=True)
class RedactPerson:
    """A customer is to be erased, and what is left of a guest in these orders of theirs."""

    person: PersonFact
    orders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RedactShop:
    """The shop has left: what came from it alone is to be erased, and it is no longer listened to."""


@dataclass(frozen=True, slots=True)
class Unused:
    """A delivery that changes nothing here, and why."""

    why: str


Fact = OrderFact | PersonFact | RefundFact | ProductFact | DataRequest | RedactPerson | RedactShop | Unused


class ConnectionDelivered(Event, frozen=True, kw_only=True, tag="connection.delivered"):
    """A shop system has delivered something, which waits to be worked on."""

    delivery_id: UUID
    at: datetime


class UnreadableDelivery(ValueError):
    """A delivery that is not what its topic says. The text names the member and no value."""
