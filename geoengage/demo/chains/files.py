"""The plan of a chain as the files that an ERP would hand over at night: the columns of docs/imports.md. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import chain, groupby
from typing import Any

from geoengage.demo.chains.plan import Customer, Order, Plan

Table = tuple[Sequence[str], Iterable[Sequence[Any]]]
TEXT_VERSION = "2024-10"


def tables(plan: Plan) -> Iterator[tuple[str, str]]:
    """Each kind of import with its file, in the order in which they build on each other."""
    for kind, table in (
        ("products", _products(plan)),
        ("stock", _stock(plan)),
        ("customers", _customers(plan)),
        ("consents", _consents(plan)),
        ("orders", _orders(plan)),
    ):
        yield kind, _written(*table)


def _written(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(chain([header], rows))
    return out.getvalue()


def _money(minor: int) -> str:
    sign, whole = "-" if minor < 0 else "", abs(minor)
    return f"{sign}{whole // 100}.{whole % 100:02d}"


def _products(plan: Plan) -> Table:
    header = ("product_id", "name", "brand", "category", "sku", "price", "cost", "currency")
    return header, (
        (i.external_id, i.name, i.brand, i.category, i.external_id, _money(i.price_minor), _money(i.cost_minor),
         i.currency or plan.currency)
        for i in plan.items
    )  # fmt: skip


def _stock(plan: Plan) -> Table:
    """Every shop has everything that is sold in its currency, the dear things in small numbers; each seventh shelf is
    empty."""
    rows = (
        (item.external_id, shop.external_id, 0 if (n + 3 * s) % 7 == 0 else max(2, 9_000 // item.price_minor))
        for s, shop in enumerate(plan.shops)
        for n, item in enumerate(plan.items)
        if item.currency is None or item.currency == shop.currency
    )
    return ("product_id", "store_external_id", "quantity"), rows


def _customers(plan: Plan) -> Table:
    header = (
        "customer_external_id", "loyalty_card", "first_name", "last_name", "email", "phone", "language", "birth_date",
        "store_external_id", "updated_at",
    )  # fmt: skip
    return header, (
        (c.external_id, c.loyalty_card, c.first_name, c.last_name, c.email, c.phone or "", c.language,
         c.birthday or "", c.home_shop, c.joined_at.isoformat())
        for c in plan.customers
    )  # fmt: skip


def _consents(plan: Plan) -> Table:
    header = (
        "customer_external_id", "email", "phone", "channel", "purpose", "state", "consented_at", "source",
        "text_version",
    )  # fmt: skip
    return header, (
        (c.external_id, c.email if channel == "email" else "", _phone_for(c, channel), channel, "marketing",
         "subscribed" if yes else "unsubscribed", (c.joined_at + timedelta(minutes=3)).isoformat(), "card application",
         TEXT_VERSION)
        for c in plan.customers
        for channel, yes in c.consents.items()
        if channel not in ("sms", "viber") or c.phone
    )  # fmt: skip


def _phone_for(customer: Customer, channel: str) -> str:
    return customer.phone or "" if channel in ("sms", "viber") else ""


def _orders(plan: Plan) -> Table:
    header = (
        "order_id", "ordered_at", "status", "currency", "total", "refunded_total", "customer_external_id",
        "store_external_id", "channel", "line_id", "product_id", "product_name", "category", "quantity", "unit_price",
    )  # fmt: skip
    return header, chain.from_iterable(_lines(order, plan.currency) for order in plan.orders)


def _lines(order: Order, chains: str) -> Iterator[Sequence[Any]]:
    currency = order.lines[0].item.currency or chains
    head = (
        order.external_id, order.at.isoformat(), _status(order), currency, _money(order.total_minor),
        _money(order.refunded_minor) if order.refunded_minor else "", order.customer or "", order.shop, order.channel,
    )  # fmt: skip
    for number, line in enumerate(order.lines, 1):
        item = line.item
        yield (*head, number, item.external_id, item.name, item.category, line.quantity, _money(item.price_minor))


def _status(order: Order) -> str:
    if not order.refunded_minor:
        return "paid"
    return "refunded" if order.refunded_minor == order.total_minor else "partially_refunded"


def stores(plan: Plan) -> str:
    """The file of `POST /v1/imports/stores`."""
    header = ("external_id", "name", "lon", "lat", "address", "category", "catchment_m", "timezone", "brand_color")
    category = {"frischmarkt": "supermarket", "lelle": "toys"}.get(plan.slug, "groceries")
    return _written(
        header,
        (
            (s.external_id, s.name, s.lon, s.lat, s.address, category, 250, s.timezone or "", s.brand_color or "")
            for s in plan.shops
        ),
    )


def visits(plan: Plan) -> Iterator[list[dict[str, Any]]]:
    """What the shops' own counters tell of known customers, as batches of `POST /v1/batch`.

    Positions are kept for days only, so a past of visits can only come as events; message ids make each count once.
    """
    looks = sorted(plan.looks, key=lambda look: look.at)
    for _, group in groupby(enumerate(looks), key=lambda pair: pair[0] // 500):
        yield [
            {
                "type": "track",
                "event": "Store Visited",
                "userId": look.customer,
                "messageId": f"visit-{plan.slug}-{look.customer}-{look.at:%Y%m%dT%H%M%S}",
                "timestamp": look.at.isoformat(),
                "properties": {"store": look.shop},
            }
            for _, look in group
        ]
