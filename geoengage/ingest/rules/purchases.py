"""What Segment's order events make of an order: a function of the set of them, not of the order of their arrival. Pure.

The products and amounts of the newest Order Completed or Order Updated hold, member by member. Traps: `subtotal` and
`revenue` have the discount taken off, product prices have not; the total is what was paid, so what the parts exceed it
by is a discount, and what they miss other charges, which go with the shipping. An Order Refunded needs only `order_id`:
without `total` and `products` a partial refund looks like a whole one. It is then taken for the rest of the order,
which is what most senders mean by it, and its sender is told (`refund_amount_unknown`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from geoengage.commerce.rules import (
    CURRENCIES,
    MAX_LINES,
    MAX_MINOR,
    Channel,
    Line,
    OrderIn,
    Refund,
    RefundLine,
    Status,
    check_order,
    exponent,
    line_total,
)
from geoengage.ingest.rules.event_names import (
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    ORDER_UPDATED,
    identifier,
    product_of,
)
from geoengage.ingest.rules.segment import Refused
from geoengage.ingest.rules.shops import Amounts
from geoengage.ingest.rules.vocabulary import members, text

SOURCE = "segment"
_MOST_TEXT = 500
_PHONES = frozenset({"ios", "ipados", "android"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One event about an order, of a server."""

    name: str
    at: datetime
    message_id: str
    identifier_id: UUID
    properties: Mapping[str, Any]
    context: Mapping[str, Any]


@dataclass(slots=True)
class Folded:
    """What events say of an order; `order` None: nothing that can be kept, and `flaw` says why.

    `guessed`: messageIds of refunds that say no amount.
    """

    order: OrderIn | None = None
    flaw: Refused | None = None
    guessed: frozenset[str] = frozenset()


class BadAmount(ValueError):
    """A price, an amount or a quantity that is no number, or beyond what can be paid."""


def fold_order(order_id: str, said: Sequence[Said], stores: Mapping[str, UUID]) -> Folded:
    """The order that these events are about. `stores`: store ids by what `store_id` or `affiliation` may call them."""
    said = sorted(said, key=lambda each: (each.at, each.message_id))
    bought = [each for each in said if each.name in (ORDER_COMPLETED, ORDER_UPDATED)]
    if not bought:
        return Folded(flaw=Refused.ORDER_UNKNOWN)
    content = {name: value for each in bought for name, value in each.properties.items() if value is not None}
    currency = text(content.get("currency")).strip().upper()
    if not is_currency(currency):
        return Folded(flaw=Refused.NO_CURRENCY)
    try:
        return _fold(order_id, said, bought[-1], content, currency, stores)
    except BadAmount:
        return Folded(flaw=Refused.BAD_AMOUNT)


def _fold(
    order_id: str,
    said: Sequence[Said],
    newest: Said,
    content: Mapping[str, Any],
    currency: str,
    stores: Mapping[str, UUID],
) -> Folded:
    lines = tuple(line_of(item, currency) for item in items_of(content)[:MAX_LINES])
    amounts = _amounts(content, lines, currency)
    refunds, guessed = _refunds(said, amounts.total, currency)
    is_cancelled = any(each.name == ORDER_CANCELLED for each in said)
    status = Status.CANCELLED if is_cancelled else Status.REFUNDED if guessed else Status.PAID
    order = OrderIn(
        source=SOURCE,
        external_id=order_id,
        ordered_at=next((each.at for each in said if each.name == ORDER_COMPLETED), said[0].at),
        updated_at=said[-1].at,
        currency=currency,
        subtotal_minor=amounts.subtotal,
        discount_minor=amounts.discount,
        shipping_minor=amounts.shipping,
        tax_minor=amounts.tax,
        total_minor=amounts.total,
        status=status,
        store_id=store_of(content, stores),
        channel=channel_of(content, newest.context),
        identifier_id=newest.identifier_id,
        lines=lines,
        coupons=tuple(_coupons(content.get("coupon"))),
        refunds=refunds,
        cart_id=_uuid(content.get("cart_id")),
    )
    return Folded(flaw=Refused.BAD_AMOUNT) if check_order(order) else Folded(order, guessed=guessed)


def _amounts(content: Mapping[str, Any], lines: Sequence[Line], currency: str) -> Amounts:
    """Total and parts that add up to it: see the module's text."""

    def stated(name: str) -> int | None:
        return None if content.get(name) is None else to_minor(content[name], currency)

    shipping, tax, discount = (stated(name) or 0 for name in ("shipping", "tax", "discount"))
    net = next((found for name in ("subtotal", "revenue") if (found := stated(name)) is not None), None)
    subtotal = sum(line.total_minor for line in lines) if lines else (net or 0) + discount
    total = stated("total")
    if total is None:
        total = (subtotal - discount if net is None else net) + shipping + tax
    elif not lines and net is None:
        subtotal = total - shipping - tax + discount
    if min(total, shipping, tax, discount) < 0:
        raise BadAmount
    over = subtotal - discount + shipping + tax - total
    return Amounts(
        subtotal=subtotal,
        discount=discount + max(over, 0),
        shipping=shipping + max(-over, 0),
        tax=tax,
        total=total,
    )


def _refunds(said: Sequence[Said], total: int, currency: str) -> tuple[tuple[Refund, ...], frozenset[str]]:
    """What was given back, never more than was paid; and which events say no amount: the first is the rest.

    Without any stated amount there is no refund here: commerce takes the status `refunded` for all of it.
    """
    back = [each for each in said if each.name == ORDER_REFUNDED]
    amounts = {each.message_id: _given_back(each.properties, currency) for each in back}
    whole = [each for each in back if amounts[each.message_id] is None]
    stated = [each for each in back if amounts[each.message_id] is not None]
    left, found = total, []
    for each in [*stated, *whole[:1]] if stated else []:
        amount = amounts[each.message_id]
        amount = left if amount is None else min(amount, left)
        left -= amount
        if amount > 0:
            lines = _returned(each, currency)
            found.append(Refund(external_id=each.message_id, at=each.at, amount_minor=amount, lines=lines))
    return tuple(found), frozenset(each.message_id for each in whole)


def _given_back(properties: Mapping[str, Any], currency: str) -> int | None:
    """The amount of a refund; None where the event says none."""
    for name in ("total", "revenue", "value"):
        if properties.get(name) is not None:
            return abs(to_minor(properties[name], currency))
    items = items_of(properties)
    if not items or all(item.get("price") is None for item in items):
        return None
    return sum(abs(line_of(item, currency).total_minor) for item in items)


def _returned(each: Said, currency: str) -> tuple[RefundLine, ...]:
    lines = [line_of(item, currency) for item in items_of(each.properties)[:MAX_LINES]]
    return tuple(
        RefundLine(
            quantity_milli=abs(line.quantity_milli),
            amount_minor=abs(line.total_minor),
            product_id=line.product_id,
            sku=line.sku,
        )
        for line in lines
    )


# --- what events of carts read as well ----------------------------------------------------------------------------


def is_currency(code: str) -> bool:
    """Whether that is a currency that money can be kept in."""
    return code in CURRENCIES


def items_of(properties: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The products of an event that name themselves."""
    listed = properties.get("products")
    found = [members(each) for each in listed] if isinstance(listed, list) else []
    return [item for item in found if product_of(item) is not None or text(item.get("name"))]


def line_of(item: Mapping[str, Any], currency: str) -> Line:
    """One product of an event, as a line of an order. Raises BadAmount."""
    quantity = quantity_milli(item)
    price = None if item.get("price") is None else to_minor(item["price"], currency)
    return Line(
        quantity_milli=quantity,
        total_minor=line_total(quantity, price or 0),
        unit_price_minor=price,
        product_id=identifier(item.get("product_id")) or identifier(item.get("id")),
        variant_id=identifier(item.get("variant_id")),
        sku=identifier(item.get("sku")),
        name=text(item.get("name"))[:_MOST_TEXT],
        category=text(item.get("category"))[:_MOST_TEXT] or None,
    )


def quantity_milli(item: Mapping[str, Any]) -> int:
    """How much of it, in thousandths; 1 where nothing is said. Raises BadAmount."""
    quantity = item.get("quantity")
    found = int((_decimal(1 if quantity is None else quantity) * 1000).to_integral_value(ROUND_HALF_UP))
    if abs(found) > MAX_MINOR:
        raise BadAmount
    return found


def to_minor(value: Any, currency: str) -> int:
    """A JSON number as minor units, rounded as tills do: prices are often a share of something. Raises BadAmount."""
    found = int(_decimal(value).scaleb(exponent(currency)).to_integral_value(ROUND_HALF_UP))
    if abs(found) > MAX_MINOR:
        raise BadAmount
    return found


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadAmount
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        raise BadAmount from None
    if not found.is_finite() or abs(found) > MAX_MINOR:
        raise BadAmount
    return found


def store_of(content: Mapping[str, Any], stores: Mapping[str, UUID]) -> UUID | None:
    """The store that `store_id`, else `affiliation` names; None for one that we do not know."""
    named = (text(content.get(name)).strip().casefold() for name in ("store_id", "affiliation"))
    return next((stores[name] for name in named if name in stores), None)


def channel_of(content: Mapping[str, Any], context: Mapping[str, Any]) -> Channel:
    """Where it was bought: as `channel` says, else by what the client says of itself."""
    try:
        return Channel(text(content.get("channel")).lower())
    except ValueError:
        pass
    if text(members(context.get("os")).get("name")).lower() in _PHONES and "page" not in context:
        return Channel.APP
    return Channel.WEB if "page" in context or "userAgent" in context else Channel.OTHER


def _coupons(value: Any) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return [found[:255] for each in listed if (found := text(each).strip())]


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(text(value))
    except ValueError:
        return None
