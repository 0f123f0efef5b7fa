"""Shopify's webhooks and orders of its Admin API (REST): signatures, and what each topic says. Pure.

Traps: amounts are decimal strings; `total_price` is that of the checkout, `current_total_price` what is left after
edits and refunds; an item that an edit took away stands among `refunds` too, with no money; `updated_at` orders the
versions of an order, never the time of arrival; test orders look like others. Source: shopify.dev, webhooks and Order.
"""

import base64
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from html import unescape
from typing import Any

from geoengage.commerce.rules import (
    Channel,
    Line,
    OrderIn,
    ProductIn,
    ProductStatus,
    Refund,
    RefundLine,
    Status,
    Variant,
    line_total,
    to_minor,
)
from geoengage.ingest.rules.shops import (
    Agreed,
    Amounts,
    DataRequest,
    Fact,
    OrderFact,
    PersonFact,
    ProductFact,
    RedactPerson,
    RedactShop,
    RefundFact,
    UnreadableDelivery,
    Unused,
)
from geoengage.ingest.rules.vocabulary import members, moment, text

SHOP = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
SYSTEM = "shopify"
_WHOLE_ORDERS = {
    f"orders/{did}" for did in ("create", "updated", "paid", "cancelled", "fulfilled", "partially_fulfilled")
}
_CHANNELS = {
    "web": Channel.WEB, "pos": Channel.POS, "iphone": Channel.APP, "android": Channel.APP, "mobile_app": Channel.APP,
}  # fmt: skip
_STATUSES = {
    "pending": Status.PENDING,
    "authorized": Status.PENDING,
    "partially_paid": Status.PENDING,
    "paid": Status.PAID,
    "partially_refunded": Status.PARTIALLY_REFUNDED,
    "refunded": Status.REFUNDED,
    "voided": Status.CANCELLED,
}
_CONSENTS = frozenset({"subscribed", "pending", "unsubscribed", "redacted"})
_TRAITS = {"first_name": "first_name", "last_name": "last_name", "email": "email", "phone": "phone"}
_MOST_TEXT = 500
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# --- the delivery ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Headers:
    """What the headers say. None of it is signed."""

    signature: str
    topic: str
    shop: str | None
    delivery_id: str | None
    event_id: str | None
    triggered_at: datetime | None


def read_headers(sent: Mapping[str, str]) -> Headers:
    """The headers of a delivery (names in lower case), with or without the `x-` that newer ones lack."""

    def header(name: str) -> str:
        return (sent.get(f"x-shopify-{name}") or sent.get(f"shopify-{name}") or "").strip()[:255]

    return Headers(
        signature=header("hmac-sha256"),
        topic=header("topic").lower(),
        shop=header("shop-domain").lower() or None,
        delivery_id=header("webhook-id") or None,
        event_id=header("event-id") or None,
        triggered_at=moment(header("triggered-at")),
    )


def is_signed(secrets: Iterable[str], signature: str, body: bytes) -> bool:
    """Whether one of the secrets signed exactly these bytes: base64 of their HMAC-SHA256."""
    said, is_right = signature.encode(errors="replace"), False
    for secret in secrets:
        wanted = base64.b64encode(hmac.digest(secret.encode(), body, "sha256"))
        is_right |= hmac.compare_digest(wanted, said)
    return is_right


def read(topic: str, payload: Mapping[str, Any], source: str, currency: str | None) -> Fact:
    """What a delivery says. `source`: `shopify:<connection>`; `currency`: the shop's. Raises UnreadableDelivery."""
    if topic in _WHOLE_ORDERS:
        return read_order(payload, source)
    match topic:
        case "refunds/create":
            return _refund_fact(payload)
        case "customers/create" | "customers/update" | "customers/enable" | "customers/disable":
            return read_person(payload, _time(payload, "updated_at"))
        case "customers_email_marketing_consent/update" | "customers_marketing_consent/update":
            return _consent_fact(payload)
        case "products/create" | "products/update":
            return read_product(payload, currency)
        case "customers/data_request":
            return DataRequest(_named_person(payload))
        case "customers/redact":
            return RedactPerson(_named_person(payload), _ids(payload, "orders_to_redact"))
        case "shop/redact" | "app/uninstalled":
            return RedactShop() if topic == "shop/redact" else Unused("the app was uninstalled; shop/redact follows")
        case _:
            return Unused("this topic changes nothing here")


# --- orders ------------------------------------------------------------------------------------------------------


def read_order(order: Mapping[str, Any], source: str) -> OrderFact | Unused:
    """A whole order, of a webhook or of the Admin API."""
    if order.get("test") is True:
        return Unused("a test order")
    currency = _text(order, "currency")
    refunds = tuple(_refund(each, order, currency) for each in _items(order, "refunds"))
    refunds = tuple(refund for refund in refunds if refund.amount_minor > 0)
    is_void = order.get("cancelled_at") is not None or order.get("financial_status") == "voided"
    lines = tuple(_lines(order, currency, refunds, is_void=is_void))
    amounts = _amounts(order, currency, lines, refunds, is_void=is_void)
    found = OrderIn(
        source=source,
        external_id=_id(order, "id"),
        ordered_at=moment(order.get("processed_at")) or _time(order, "created_at"),
        updated_at=_time(order, "updated_at"),
        currency=currency,
        subtotal_minor=amounts.subtotal,
        discount_minor=amounts.discount,
        shipping_minor=amounts.shipping,
        tax_minor=amounts.tax,
        total_minor=amounts.total,
        status=Status.CANCELLED if is_void else _STATUSES.get(text(order.get("financial_status")), Status.PENDING),
        channel=_CHANNELS.get(text(order.get("source_name")), Channel.OTHER),
        lines=lines,
        coupons=tuple(code[:255] for each in _items(order, "discount_codes") if (code := text(each.get("code")))),
        refunds=refunds,
    )
    return OrderFact(found, _buyer(order), _optional_id(order.get("location_id")))


def _amounts(
    order: Mapping[str, Any], currency: str, lines: Sequence[Line], refunds: Sequence[Refund], *, is_void: bool
) -> Amounts:
    """Total and its parts. The total is what is left now and what was given back, so that edits count at once.

    What the parts leave over is tax where prices are without, else tips and duties, which go with the shipping; what
    they exceed the total by is a discount on the whole.
    """
    total = _money(order, "total_price", currency)
    if not is_void and order.get("current_total_price") is not None:
        total = _money(order, "current_total_price", currency) + sum(refund.amount_minor for refund in refunds)
    shipping = sum(
        _money(each, "price" if each.get("discounted_price") is None else "discounted_price", currency)
        for each in _items(order, "shipping_lines")
    )
    subtotal = sum(line.total_minor for line in lines)
    rest = total - subtotal - shipping
    included = order.get("taxes_included") is True
    tax = _money(order, "total_tax", currency) if included else max(rest, 0)
    return Amounts(
        subtotal=subtotal,
        discount=max(-rest, 0),
        shipping=shipping + (max(rest, 0) if included else 0),
        tax=tax,
        total=total,
    )


def _lines(order: Mapping[str, Any], currency: str, refunds: Sequence[Refund], *, is_void: bool) -> Iterator[Line]:
    """The items as they were sold in the end: without those that an edit took away, with those that were returned."""
    returned: dict[str | None, int] = {}
    for each in (line for refund in refunds for line in refund.lines):
        returned[each.line] = returned.get(each.line, 0) + each.quantity_milli
    for item in _items(order, "line_items"):
        id_, ordered = _id(item, "id"), _milli(item, "quantity")
        sold = ordered
        if not is_void and item.get("current_quantity") is not None:
            sold = min(ordered, _milli(item, "current_quantity") + returned.get(id_, 0))
        if sold <= 0:
            continue
        price = _money(item, "price", currency)
        off = sum(_money(each, "amount", currency) for each in _items(item, "discount_allocations"))
        yield Line(
            external_id=id_,
            product_id=_optional_id(item.get("product_id")),
            variant_id=_optional_id(item.get("variant_id")),
            sku=text(item.get("sku"))[:255] or None,
            name=text(item.get("title"))[:_MOST_TEXT],
            quantity_milli=sold,
            unit_price_minor=price,
            total_minor=line_total(sold, price) - round(Decimal(off) * sold / ordered),
        )


def _refund(refund: Mapping[str, Any], order: Mapping[str, Any], currency: str) -> Refund:
    """What was given back. Money that has not gone through yet, and edits without money, are 0."""
    lines = tuple(
        RefundLine(
            line=_id(each, "line_item_id"),
            quantity_milli=_milli(each, "quantity"),
            amount_minor=_money(each, "subtotal", currency)
            + (0 if order.get("taxes_included") is True else _money(each, "total_tax", currency)),
        )
        for each in _items(refund, "refund_line_items")
    )
    return Refund(
        external_id=_id(refund, "id"),
        at=moment(refund.get("processed_at")) or _time(refund, "created_at"),
        amount_minor=_given_back(refund, lines, currency),
        lines=lines,
        reason=text(refund.get("note"))[:_MOST_TEXT] or None,
    )


def _given_back(refund: Mapping[str, Any], lines: Sequence[RefundLine], currency: str) -> int:
    """The sum of its successful transactions; where they are in the customer's currency, what its parts say."""
    paid = [each for each in _items(refund, "transactions") if each.get("kind") == "refund"]
    if "transactions" in refund and all(each.get("currency") in (None, currency) for each in paid):
        return sum(_money(each, "amount", currency) for each in paid if each.get("status") == "success")
    if not any(each.get("status") == "success" for each in paid) and "transactions" in refund:
        return 0
    adjusted = sum(
        _money(each, "amount", currency) + _money(each, "tax_amount", currency)
        for each in _items(refund, "order_adjustments")
    )
    return max(0, sum(line.amount_minor for line in lines) - adjusted)


def _refund_fact(refund: Mapping[str, Any]) -> Fact:
    """A refund told by itself. Its currency is that of its transactions; the order that follows says the rest."""
    paid = [each for each in _items(refund, "transactions") if each.get("kind") == "refund"]
    if not paid:
        return Unused("no money was given back")
    found = _refund(refund, refund, _text(paid[0], "currency"))
    if found.amount_minor == 0:
        return Unused("the money has not gone through yet")
    return RefundFact(_id(refund, "order_id"), found)


# --- people ------------------------------------------------------------------------------------------------------


def read_person(customer: Mapping[str, Any], at: datetime) -> PersonFact:
    """A customer with what is known of them."""
    address = members(customer.get("default_address"))
    traits = {ours: found for theirs, ours in _TRAITS.items() if (found := text(customer.get(theirs)).strip())}
    traits |= {name: found for name in ("city", "country_code") if (found := text(address.get(name)).strip())}
    consents = tuple(
        agreed
        for channel in ("email", "sms")
        if (agreed := _agreed(channel, members(customer.get(f"{channel}_marketing_consent")), at)) is not None
    )
    return PersonFact(
        source_id=f"{SYSTEM}:{_id(customer, 'id')}",
        at=at,
        email=text(customer.get("email")).strip() or None,
        phone=text(customer.get("phone")).strip() or None,
        traits=traits,
        consents=consents,
    )


def _agreed(channel: str, said: Mapping[str, Any], at: datetime) -> Agreed | None:
    state = text(said.get("state")).lower()
    return Agreed(channel, state, moment(said.get("consent_updated_at")) or at) if state in _CONSENTS else None


def _consent_fact(payload: Mapping[str, Any]) -> Fact:
    """A customer's consent, told by itself."""
    is_email = "email_marketing_consent" in payload
    said = members(payload.get("email_marketing_consent" if is_email else "sms_marketing_consent"))
    at = moment(said.get("consent_updated_at"))
    agreed = None if at is None else _agreed("email" if is_email else "sms", said, at)
    if at is None or agreed is None:
        return Unused("the customer was not asked")
    return PersonFact(
        source_id=f"{SYSTEM}:{_optional_id(payload.get('customer_id')) or _id(payload, 'id')}",
        at=at,
        email=text(payload.get("email_address")).strip() or None,
        phone=text(payload.get("phone")).strip() or None,
        consents=(agreed,),
    )


def _buyer(order: Mapping[str, Any]) -> PersonFact | None:
    """Whose order it is: the customer, else whom the shop may write to about it; None when it does not know."""
    at = _time(order, "updated_at")
    email, phone = text(order.get("email")).strip() or None, text(order.get("phone")).strip() or None
    if customer := members(order.get("customer")):
        found = read_person(customer, moment(customer.get("updated_at")) or at)
        return replace(found, email=found.email or email, phone=found.phone or phone)
    return PersonFact(source_id=None, at=at, email=email, phone=phone) if email or phone else None


def _named_person(payload: Mapping[str, Any]) -> PersonFact:
    """Whom one of the privacy topics is about. It says no time, and none is needed."""
    return replace(read_person(members(payload.get("customer")), EPOCH), traits={}, consents=())


# --- products ----------------------------------------------------------------------------------------------------


def read_product(product: Mapping[str, Any], currency: str | None) -> ProductFact:
    """A product. Its prices say no currency, so without `currency` it has none."""
    pictures = tuple(src for each in _items(product, "images") if (src := text(each.get("src"))))
    return ProductFact(
        ProductIn(
            external_id=_id(product, "id"),
            name=_text(product, "title")[:_MOST_TEXT],
            updated_at=_time(product, "updated_at"),
            variants=tuple(_variant(each, currency) for each in _items(product, "variants")),
            description=plain_text(text(product.get("body_html"))) or None,
            brand=text(product.get("vendor")) or None,
            category=text(product.get("product_type")) or None,
            image_urls=pictures,
            status=ProductStatus.ACTIVE if product.get("status") in (None, "active") else ProductStatus.ARCHIVED,
        )
    )


def _variant(item: Mapping[str, Any], currency: str | None) -> Variant:
    def price(name: str) -> int | None:
        return None if currency is None or item.get(name) is None else _money(item, name, currency)

    options = {f"option{n}": found for n in (1, 2, 3) if (found := text(item.get(f"option{n}")))}
    return Variant(
        external_id=_id(item, "id"),
        sku=text(item.get("sku"))[:255] or None,
        barcode=text(item.get("barcode")) or None,
        name=text(item.get("title")) or None,
        options={} if options == {"option1": "Default Title"} else options,
        price_minor=price("price"),
        was_price_minor=price("compare_at_price"),
        currency=currency,
    )


def plain_text(html: str) -> str:
    """The words of a piece of HTML, without what is between angle brackets."""
    bare = re.sub(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", " ", html, flags=re.DOTALL | re.IGNORECASE)
    return " ".join(unescape(bare).split())


# --- members -----------------------------------------------------------------------------------------------------


def _items(owner: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = owner.get(name)
    return [members(each) for each in found] if isinstance(found, list) else []


def _optional_id(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(value)[:255] or None


def _id(owner: Mapping[str, Any], name: str) -> str:
    found = _optional_id(owner.get(name))
    if found is None:
        raise UnreadableDelivery(f"{name} is missing")
    return found


def _ids(owner: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = owner.get(name)
    return tuple(id_ for each in found if (id_ := _optional_id(each))) if isinstance(found, list) else ()


def _text(owner: Mapping[str, Any], name: str) -> str:
    found = text(owner.get(name))
    if not found:
        raise UnreadableDelivery(f"{name} is missing")
    return found


def _time(owner: Mapping[str, Any], name: str) -> datetime:
    found = moment(owner.get(name))
    if found is None:
        raise UnreadableDelivery(f"{name} is no time")
    return found


def _money(owner: Mapping[str, Any], name: str, currency: str) -> int:
    """A decimal string as minor units; 0 where there is none."""
    value = owner.get(name)
    try:
        return to_minor(str(value), currency) if value not in (None, "") else 0
    except ValueError:
        raise UnreadableDelivery(f"{name} is no amount of {currency[:3]}") from None


def _milli(owner: Mapping[str, Any], name: str) -> int:
    try:
        return int(Decimal(str(owner.get(name))) * 1000)
    except (InvalidOperation, ValueError, OverflowError):
        raise UnreadableDelivery(f"{name} is no number") from None
