"""What an order is when it comes in, whatever its source, and what is wrong with it. Pure.

`quantity_milli`: thousandths of a piece, kilogram or metre. A line with a negative quantity is a return. All amounts
are minor units of the order's one currency.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from geoengage.commerce.rules.money import CURRENCIES, MAX_MINOR

MAX_LINES = 1_000
MAX_REFUNDS = 200
CASH_ROUNDING = 5  # minor units: tills round to the smallest coin
CLOCK_SKEW = timedelta(hours=1)  # clocks of tills are an hour off when summer time ends
_LONGEST_TEXT = 500
_LONGEST_ID = 255


class Status(StrEnum):
    """Where an order stands."""

    PENDING = "pending"
    PAID = "paid"
    CANCELLED = "cancelled"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"


class Channel(StrEnum):
    """Where it was placed."""

    WEB = "web"
    APP = "app"
    POS = "pos"
    PHONE = "phone"
    OTHER = "other"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One position of an order, as it was sold.

    `product_id`, `variant_id` and `sku` are the source's ids; `external_id` is the line's own, which refunds name.
    `total_minor` is what the line costs after its own discounts. `replaces`: the source's id of the product that was
    ordered, where this one was delivered instead of it.
    """

    quantity_milli: int
    total_minor: int
    unit_price_minor: int | None = None
    external_id: str | None = None
    product_id: str | None = None
    variant_id: str | None = None
    sku: str | None = None
    name: str = ""
    category: str | None = None
    replaces: str | None = None


class RefundLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a refund gives money back for. `line`: the order line's `external_id`, else product or sku say which."""

    quantity_milli: int
    amount_minor: int
    line: str | None = None
    product_id: str | None = None
    sku: str | None = None


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money given back, a positive amount in the order's currency."""

    external_id: str
    at: datetime
    amount_minor: int
    lines: tuple[RefundLine, ...] = ()
    reason: str | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """An id that a guest left, as identifiers have them: who it is shows when somebody known has it."""

    kind: str
    value: str


class OrderIn(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an order. (`source`, `external_id`) names the order, `updated_at` orders its versions.

    `identifier_id` None: a guest, who may have left `claims`. `subtotal_minor` is the sum of the lines,
    `discount_minor` what is taken off the whole; `total_minor` = subtotal − discount + shipping (+ tax, where prices
    are without it). `return_of`: external id of the sale that returned goods come from, in `return_of_source` (None:
    the same source). `cart_id`: the cart that became this order.
    """

    source: str
    external_id: str
    ordered_at: datetime
    updated_at: datetime
    currency: str
    total_minor: int
    subtotal_minor: int
    status: Status = Status.PAID
    store_id: UUID | None = None
    channel: Channel = Channel.OTHER
    identifier_id: UUID | None = None
    claims: tuple[Claim, ...] = ()
    lines: tuple[Line, ...] = ()
    discount_minor: int = 0
    shipping_minor: int = 0
    tax_minor: int = 0
    coupons: tuple[str, ...] = ()
    refunds: tuple[Refund, ...] = ()
    return_of: str | None = None
    return_of_source: str | None = None
    cart_id: UUID | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What names the order in its tenant."""
        return self.source, self.external_id


def total_of(lines: tuple[Line, ...], *, discount: int = 0, shipping: int = 0, tax: int = 0) -> tuple[int, int]:
    """Subtotal and total of an order that states neither; tax is added to the prices."""
    subtotal = sum(line.total_minor for line in lines)
    return subtotal, subtotal - discount + shipping + tax


def line_total(quantity_milli: int, unit_price_minor: int) -> int:
    """Price times quantity, rounded half away from zero as tills do."""
    product = quantity_milli * unit_price_minor
    whole = (abs(product) + 500) // 1000
    return whole if product >= 0 else -whole


def check_order(order: OrderIn, now: datetime | None = None) -> dict[str, str]:
    """What is wrong with an order, by the path of the member; empty when nothing is.

    Totals must be what the parts give, to one minor unit a line and the smallest coin: tills round. With `now`, neither
    the order nor this version of it comes from the future.
    """
    wrong = dict(_wrong_ids(order))
    if now is not None:
        ahead = {"ordered_at": order.ordered_at, "updated_at": order.updated_at}
        wrong |= {name: "lies in the future; check the clock" for name, at in ahead.items() if at > now + CLOCK_SKEW}
    if order.currency not in CURRENCIES:
        wrong["currency"] = f"{order.currency!r} is no ISO 4217 code of a currency, e.g. CHF"
    amounts = (order.subtotal_minor, order.discount_minor, order.shipping_minor, order.tax_minor, order.total_minor)
    if max(map(abs, amounts)) > MAX_MINOR:
        wrong["total_minor"] = f"amounts lie between ±{MAX_MINOR}"
    if order.discount_minor < 0:
        wrong["discount_minor"] = "a discount is positive and taken off the total"
    if len(order.lines) > MAX_LINES:
        wrong["lines"] = f"at most {MAX_LINES} lines an order"
    else:
        wrong |= _wrong_lines(order)
    if not wrong:
        wrong |= _wrong_totals(order)
    return wrong | _wrong_refunds(order)


def _wrong_ids(order: OrderIn) -> Iterator[tuple[str, str]]:
    for name in ("source", "external_id"):
        value = getattr(order, name)
        if not value or len(value) > _LONGEST_ID or "\x00" in value:
            yield name, f"1 to {_LONGEST_ID} characters"


def _wrong_lines(order: OrderIn) -> dict[str, str]:
    wrong = {}
    for i, line in enumerate(order.lines):
        if line.quantity_milli < 0 < line.total_minor:
            wrong[f"lines/{i}/total_minor"] = "a return (negative quantity) has no positive total"
        if abs(line.total_minor) > MAX_MINOR or abs(line.quantity_milli) > MAX_MINOR:
            wrong[f"lines/{i}"] = f"amounts lie between ±{MAX_MINOR}"
        if len(line.name) > _LONGEST_TEXT:
            wrong[f"lines/{i}/name"] = f"at most {_LONGEST_TEXT} characters"
    return wrong


def _wrong_totals(order: OrderIn) -> dict[str, str]:
    lines, tolerance = sum([line.total_minor for line in order.lines]), len(order.lines) + CASH_ROUNDING
    if order.lines and abs(lines - order.subtotal_minor) > tolerance:
        return {"subtotal_minor": f"the lines add up to {lines}, not {order.subtotal_minor}"}
    net = order.subtotal_minor - order.discount_minor + order.shipping_minor
    if min(abs(net - order.total_minor), abs(net + order.tax_minor - order.total_minor)) > tolerance:
        return {
            "total_minor": f"subtotal − discount + shipping is {net}, with tax {net + order.tax_minor},"
            f" not {order.total_minor}"
        }
    return {}


def _wrong_refunds(order: OrderIn) -> dict[str, str]:
    wrong, given = {}, 0
    if len(order.refunds) > MAX_REFUNDS:
        return {"refunds": f"at most {MAX_REFUNDS} refunds an order"}
    for i, refund in enumerate(order.refunds):
        given += refund.amount_minor
        if not refund.external_id or len(refund.external_id) > _LONGEST_ID:
            wrong[f"refunds/{i}/external_id"] = f"1 to {_LONGEST_ID} characters"
        if refund.amount_minor < 0:
            wrong[f"refunds/{i}/amount_minor"] = "money given back is a positive amount"
    if order.refunds and given > max(order.total_minor, 0) + CASH_ROUNDING:
        wrong["refunds"] = f"{given} given back of {order.total_minor} paid"
    return wrong
