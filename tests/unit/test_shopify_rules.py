"""Shopify's deliveries, read: signatures, orders with edits and partial refunds, money, people, privacy topics."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from geoengage.commerce.rules import Channel, OrderIn, Status, check_order
from geoengage.ingest.rules import shopify
from geoengage.ingest.rules.shops import (
    DataRequest,
    OrderFact,
    PersonFact,
    ProductFact,
    RedactPerson,
    RedactShop,
    RefundFact,
    UnreadableDelivery,
    Unused,
)

BODY = b'{"order_id":"1001"}'
SIGNED = "6n6SCNyGrhZNhJKjt+4JzlXKpNR2aCMw5Sp6juH9a0w="  # PROTOCOLS.md section 8
ORDER = json.loads((Path(__file__).parents[1] / "data" / "shopify_order.json").read_text())


def read(over: Mapping[str, Any] | None = None) -> OrderIn:
    fact = shopify.read_order(ORDER | (over or {}), "shopify:c1")
    assert isinstance(fact, OrderFact)
    assert check_order(fact.order) == {}
    return fact.order


def paid(amount: str) -> dict[str, str]:
    """A transaction that gave money back."""
    return {"kind": "refund", "status": "success", "amount": amount, "currency": "CHF"}


def test_signatures() -> None:
    assert shopify.is_signed(["shpss_secret"], SIGNED, BODY)
    assert shopify.is_signed(["new", "shpss_secret"], SIGNED, BODY), "the old one while it is changed"
    assert not shopify.is_signed(["other"], SIGNED, BODY)
    assert not shopify.is_signed(["shpss_secret"], SIGNED, BODY + b" ")
    assert not shopify.is_signed([], SIGNED, BODY)
    assert not shopify.is_signed(["shpss_secret"], "", BODY)
    assert not shopify.is_signed(["shpss_secret"], "é", BODY)


def test_headers_of_both_names() -> None:
    old = shopify.read_headers({
        "x-shopify-hmac-sha256": "s", "x-shopify-topic": "Orders/Create", "x-shopify-webhook-id": "d",
        "x-shopify-event-id": "e", "x-shopify-shop-domain": "Toys.myshopify.com",
        "x-shopify-triggered-at": "2026-11-20T10:00:00.123456789Z",
    })  # fmt: skip
    assert (old.signature, old.topic, old.delivery_id, old.event_id) == ("s", "orders/create", "d", "e")
    assert old.shop == "toys.myshopify.com"
    new = shopify.read_headers({"shopify-hmac-sha256": "s", "shopify-webhook-id": "d", "shopify-topic": "t"})
    assert (new.signature, new.delivery_id, new.event_id, new.shop) == ("s", "d", None, None)


# --- orders


def test_a_paid_order() -> None:
    order = read()
    assert (order.source, order.external_id, order.currency) == ("shopify:c1", "450789469", "CHF")
    assert (order.total_minor, order.subtotal_minor, order.shipping_minor) == (7_480, 6_980, 500)
    assert (order.tax_minor, order.discount_minor, order.status) == (561, 0, Status.PAID)
    assert (order.channel, order.coupons) == (Channel.WEB, ("WELCOME",))
    train, bricks = order.lines
    assert (train.total_minor, train.unit_price_minor, train.quantity_milli) == (4_980, 2_490, 2_000)
    assert (bricks.total_minor, bricks.unit_price_minor, bricks.product_id) == (2_000, 2_500, "632910393")
    assert order.ordered_at == datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def test_a_partial_refund_keeps_what_was_sold() -> None:
    items = [ORDER["line_items"][0] | {"current_quantity": 1}, ORDER["line_items"][1]]
    refund = {
        "id": 509562969, "created_at": "2026-11-21T09:00:00+01:00", "note": "broken",
        "refund_line_items": [{"line_item_id": 466157049, "quantity": 1, "subtotal": "24.90", "total_tax": "1.87"}],
        "transactions": [paid("24.90")],
        "order_adjustments": [],
    }  # fmt: skip
    order = read({"line_items": items, "refunds": [refund], "financial_status": "partially_refunded",
                  "current_total_price": "49.90", "updated_at": "2026-11-21T09:00:01+01:00"})  # fmt: skip
    assert (order.total_minor, order.lines[0].quantity_milli) == (7_480, 2_000)
    assert [(r.external_id, r.amount_minor, r.lines[0].line) for r in order.refunds] == [
        ("509562969", 2_490, "466157049")
    ]
    assert order.status is Status.PARTIALLY_REFUNDED


def test_an_edit_takes_an_item_away_without_money() -> None:
    """It stands among the refunds, with no transaction; the current total is lower."""
    items = [ORDER["line_items"][0], ORDER["line_items"][1] | {"current_quantity": 0}]
    edit = {"id": 1, "created_at": "2026-11-20T11:00:00+01:00", "transactions": [], "refund_line_items": [
        {"line_item_id": 518995019, "quantity": 1, "subtotal": "20.00", "total_tax": "1.50"}]}  # fmt: skip
    order = read({"line_items": items, "refunds": [edit], "current_total_price": "54.80", "total_tax": "4.11"})
    assert (order.total_minor, [line.external_id for line in order.lines], order.refunds) == (5_480, ["466157049"], ())


def test_an_edit_adds_an_item() -> None:
    added = {"id": 7, "product_id": 8, "title": "Doll", "quantity": 1, "current_quantity": 1, "price": "10.00"}
    order = read({"line_items": [*ORDER["line_items"], added], "current_total_price": "84.80"})
    assert (order.total_minor, order.subtotal_minor, len(order.lines)) == (8_480, 7_980, 3)


def test_a_refund_of_money_alone() -> None:
    refund = {"id": 2, "created_at": "2026-11-21T09:00:00Z", "refund_line_items": [],
              "transactions": [paid("5.00")]}  # fmt: skip
    order = read({"refunds": [refund], "current_total_price": "69.80"})
    assert (order.total_minor, order.refunds[0].amount_minor) == (7_480, 500)


def test_a_refund_that_has_not_gone_through() -> None:
    refund = {"id": 2, "created_at": "2026-11-21T09:00:00Z", "refund_line_items": [],
              "transactions": [paid("5.00") | {"status": "pending"}]}  # fmt: skip
    assert read({"refunds": [refund]}).refunds == ()


def test_a_refund_in_the_customers_currency_counts_by_its_parts() -> None:
    refund = {"id": 2, "created_at": "2026-11-21T09:00:00Z", "order_adjustments": [{"amount": "-3.00"}],
              "refund_line_items": [{"line_item_id": 518995019, "quantity": 1, "subtotal": "20.00"}],
              "transactions": [paid("24.10") | {"currency": "EUR"}]}  # fmt: skip
    items = [ORDER["line_items"][0], ORDER["line_items"][1] | {"current_quantity": 0}]
    order = read({"refunds": [refund], "line_items": items, "current_total_price": "51.80"})
    assert (order.refunds[0].amount_minor, order.total_minor) == (2_300, 7_480)


@pytest.mark.parametrize(
    "over, status",
    [
        ({"financial_status": "authorized"}, Status.PENDING),
        ({"financial_status": "voided"}, Status.CANCELLED),
        ({"cancelled_at": "2026-11-21T09:00:00Z", "current_total_price": "0.00"}, Status.CANCELLED),
        ({"financial_status": "refunded"}, Status.REFUNDED),
        ({"financial_status": "something new"}, Status.PENDING),
    ],
)
def test_where_an_order_stands(over: dict[str, Any], status: Status) -> None:
    order = read(over)
    assert (order.status, order.total_minor) == (status, 7_480)


def test_prices_without_tax_and_a_currency_without_decimals() -> None:
    items = [{"id": 1, "quantity": 2, "price": "1000", "title": "Sake", "discount_allocations": []}]
    order = read({"currency": "JPY", "taxes_included": False, "line_items": items, "shipping_lines": [],
                  "total_price": "2200", "current_total_price": "2200", "total_tax": "200"})  # fmt: skip
    assert (order.subtotal_minor, order.tax_minor, order.total_minor) == (2_000, 200, 2_200)


def test_an_order_at_the_till() -> None:
    fact = shopify.read_order(ORDER | {"source_name": "pos", "location_id": 487838322}, "s")
    assert isinstance(fact, OrderFact)
    assert (fact.order.channel, fact.location) == (Channel.POS, "487838322")


def test_test_orders_do_not_count() -> None:
    assert shopify.read_order(ORDER | {"test": True}, "s") == Unused("a test order")


@pytest.mark.parametrize(
    "over, said",
    [
        ({"id": None}, "id is missing"),
        ({"updated_at": "soon"}, "updated_at is no time"),
        ({"currency": ""}, "currency is missing"),
        ({"currency": "XXX"}, "price is no amount of XXX"),
        ({"total_price": "12,50", "current_total_price": None}, "total_price is no amount"),
        ({"line_items": [{"id": 1, "quantity": "many", "price": "1"}]}, "quantity is no number"),
    ],
)
def test_what_cannot_be_read_is_named_without_its_value(over: dict[str, Any], said: str) -> None:
    with pytest.raises(UnreadableDelivery, match=said):
        shopify.read_order(ORDER | over, "s")


# --- people


def test_the_buyer_is_the_customer_else_whom_the_shop_writes_to() -> None:
    fact = shopify.read_order(ORDER, "s")
    assert isinstance(fact, OrderFact)
    assert fact.person is not None
    assert (fact.person.source_id, fact.person.email) == ("shopify:207119551", "mia@ahornhof.example")
    assert fact.person.traits["first_name"] == "Mia"
    guest = shopify.read_order(ORDER | {"customer": None, "phone": "+41446681800"}, "s")
    assert isinstance(guest, OrderFact)
    assert guest.person is not None
    assert (guest.person.source_id, guest.person.phone) == (None, "+41446681800")
    nobody = shopify.read_order(ORDER | {"customer": None, "email": ""}, "s")
    assert isinstance(nobody, OrderFact)
    assert nobody.person is None


def test_a_customer_with_consents() -> None:
    payload = ORDER["customer"] | {
        "updated_at": "2026-11-20T10:00:00Z",
        "email_marketing_consent": {"state": "subscribed", "consent_updated_at": "2026-11-19T10:00:00Z"},
        "sms_marketing_consent": {"state": "not_subscribed"},
    }
    fact = shopify.read("customers/update", payload, "s", None)
    assert isinstance(fact, PersonFact)
    assert [(c.channel, c.state, c.at.day) for c in fact.consents] == [("email", "subscribed", 19)]


def test_a_consent_told_by_itself() -> None:
    payload = {"customer_id": 7, "email_address": "a@b.ch", "email_marketing_consent": {
        "state": "unsubscribed", "consent_updated_at": "2026-11-19T10:00:00Z"}}  # fmt: skip
    fact = shopify.read("customers_email_marketing_consent/update", payload, "s", None)
    assert isinstance(fact, PersonFact)
    assert (fact.source_id, fact.consents[0].state) == ("shopify:7", "unsubscribed")


def test_privacy_topics() -> None:
    payload = {"shop_domain": "t.myshopify.com", "customer": {"id": 7, "email": "a@b.ch"}, "orders_to_redact": [1]}
    asked = shopify.read("customers/data_request", payload, "s", None)
    assert isinstance(asked, DataRequest)
    erase = shopify.read("customers/redact", payload, "s", None)
    assert isinstance(erase, RedactPerson)
    assert (erase.person.source_id, erase.person.email, erase.person.traits) == ("shopify:7", "a@b.ch", {})
    assert isinstance(shopify.read("shop/redact", {"shop_id": 1}, "s", None), RedactShop)


# --- refunds and products by themselves


def test_a_refund_by_itself() -> None:
    payload = {"id": 5, "order_id": 450789469, "created_at": "2026-11-21T09:00:00Z", "refund_line_items": [],
               "transactions": [paid("5.00")]}  # fmt: skip
    fact = shopify.read("refunds/create", payload, "s", None)
    assert isinstance(fact, RefundFact)
    assert (fact.order_id, fact.refund.amount_minor) == ("450789469", 500)
    assert isinstance(shopify.read("refunds/create", payload | {"transactions": []}, "s", None), Unused)


def test_a_product() -> None:
    payload = {
        "id": 632910393, "title": "Bricks", "body_html": "<p>For <b>small</b> hands&nbsp;&amp; big<script>x</script>",
        "vendor": "Holz", "product_type": "Toys", "updated_at": "2026-11-20T10:00:00Z", "status": "draft",
        "images": [{"src": "https://cdn.example/a.png"}],
        "variants": [{"id": 1, "sku": "B-1", "title": "Default Title", "price": "25.00", "option1": "Default Title"}],
    }  # fmt: skip
    fact = shopify.read("products/update", payload, "s", "CHF")
    assert isinstance(fact, ProductFact)
    assert (fact.product.description, fact.product.status.value) == ("For small hands & big", "archived")
    variant = fact.product.variants[0]
    assert (variant.price_minor, variant.currency, variant.options) == (2_500, "CHF", {})
    unpriced = shopify.read("products/update", payload, "s", None)
    assert isinstance(unpriced, ProductFact)
    assert unpriced.product.variants[0].price_minor is None


def test_topics_that_change_nothing() -> None:
    for topic in ("orders/delete", "customers/delete", "themes/publish", "", "app/uninstalled"):
        assert isinstance(shopify.read(topic, {"id": 1}, "s", None), Unused)
