"""Orders from a file: a line for each order line; the order's own columns stand on each line or on the first only. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from uuid import UUID

from geoengage.commerce.rules import (
    MAX_LINES,
    Channel,
    Line,
    OrderIn,
    Refund,
    Status,
    check_order,
    line_total,
)
from geoengage.ingest.files.rules import cells
from geoengage.ingest.files.rules.cells import BadCell, Reading
from geoengage.ingest.files.rules.people import Who, read_who
from geoengage.ingest.files.rules.rows import Columns, Context, Flaw, Row
from geoengage.ingest.files.rules.text import Record

SOURCE = "csv"
# Columns of the order itself: a later line leaves them empty or repeats them.
_OF_ORDER = (
    "ordered_at", "status", "currency", "total", "subtotal", "tax", "shipping", "discount", "refunded_total",
    "customer_external_id", "email", "phone", "loyalty_card", "store_external_id", "channel", "coupon_codes", "source",
    "updated_at",
)  # fmt: skip
_STATUSES = {status.value: status for status in Status} | {
    **dict.fromkeys(
        "completed complete fulfilled shipped delivered closed authorized bezahlt paye".split(), Status.PAID
    ),
    **dict.fromkeys("open new processing on_hold unpaid partially_paid offen".split(), Status.PENDING),
    **dict.fromkeys("canceled voided failed storniert annule".split(), Status.CANCELLED),
    **dict.fromkeys("partial_refund part_refunded teilerstattet".split(), Status.PARTIALLY_REFUNDED),
    **dict.fromkeys("returned erstattet rembourse".split(), Status.REFUNDED),
}
_CHANNELS = {channel.value: channel for channel in Channel} | {
    **dict.fromkeys("online web_shop webshop shop e_commerce ecommerce internet".split(), Channel.WEB),
    **dict.fromkeys("store till kasse filiale retail offline in_store instore".split(), Channel.POS),
    **dict.fromkeys("mobile ios android".split(), Channel.APP),
    **dict.fromkeys("telephone call telefon".split(), Channel.PHONE),
}
# What check_order names, by the column that is shown for it.
_SHOWN_AT = {
    "subtotal_minor": "subtotal",
    "total_minor": "total",
    "discount_minor": "discount",
    "refunds": "refunded_total",
}


class Sale:
    """An order as a file has it; `who` becomes its `identifier_id` when it is stored."""

    __slots__ = ("order", "who")

    def __init__(self, order: OrderIn, who: Who) -> None:
        self.order, self.who = order, who


class Orders:
    """Reads orders; see `rows.Reader`."""

    def __init__(self, columns: Columns, context: Context) -> None:
        self.columns, self._context = columns, context
        self._decimal = Reading(decimal=context.reading.decimal)
        places = [columns.places[name] for name in _OF_ORDER if name in columns.places]
        self._head = itemgetter(*places) if len(places) > 1 else None
        self._key_place = columns.places["order_id"]
        self._source_place = columns.places.get("source")

    def key(self, record: Record) -> str:
        """The order's id, within its source."""
        given = record.cells
        if self._key_place >= len(given):
            return ""
        key = given[self._key_place].strip()
        if self._source_place is not None and key and self._source_place < len(given):
            source = given[self._source_place].strip()
            return f"{source}:{key}" if source else key
        return key

    def read(self, group: Sequence[Record], flaws: list[Flaw]) -> Sale | None:
        """The order that these lines are."""
        head = Row(group[0], self.columns, flaws)
        external_id = head.take("order_id", cells.short, required=True)
        self._check_repeated(group, flaws)
        if len(group) > MAX_LINES:
            head.wrong("order_id", f"more than {MAX_LINES:,} lines; is this the column with the order's id?")
            return None
        currency = head.take("currency", cells.currency_code) or self._context.reading.currency
        if currency is None:
            head.wrong("currency", "no currency; map a column, or choose one for the whole file")
        ordered_at = head.take("ordered_at", cells.past, self._context.reading, self._context.latest, required=True)
        store_id, who = head.store(self._context), read_who(head, self._context.reading.region)
        if external_id is None or currency is None or ordered_at is None:
            return None
        lines = [line for record in group if (line := self._line(Row(record, self.columns, flaws), currency))]
        order = self._order(head, external_id, currency, ordered_at, store_id, tuple(lines))
        if flaws and flaws[-1].line >= head.line:
            return None
        self._check(order, group, flaws)
        return Sale(order, who)

    def _check_repeated(self, group: Sequence[Record], flaws: list[Flaw]) -> None:
        """Lines of one order must agree on what the order is."""
        if len(group) == 1 or self._head is None:
            return
        first = self._cells_of(group[0])
        for record in group[1:]:
            again = self._cells_of(record)
            if again == first:
                continue
            row = Row(record, self.columns, flaws)
            names = [name for name in _OF_ORDER if name in self.columns.places]
            for name, before, now in zip(names, first, again, strict=True):
                if now.strip() and now.strip() != before.strip():
                    row.wrong(name, f"line {group[0].line} of the same order has {before.strip()[:60] or 'nothing'!r}")

    def _cells_of(self, record: Record) -> tuple[str, ...]:
        assert self._head is not None  # noqa: S101 - asked before
        if len(record.cells) < self.columns.width:
            record.cells.extend([""] * (self.columns.width - len(record.cells)))
        found: tuple[str, ...] = self._head(record.cells)
        return found

    def _line(self, row: Row, currency: str) -> Line | None:
        """One order line; None for a line that names no product and no amount, as of orders without lines."""
        reading = self._decimal
        product_id, variant_id = row.take("product_id", cells.short), row.take("variant_id", cells.short)
        sku, name = row.take("sku", cells.short), row.take("product_name", cells.short, 500)
        unit = row.take("unit_price", _unit_price, currency, reading)
        total = row.take("line_total", cells.money, currency, reading)
        quantity = row.take("quantity", cells.thousandths, reading)
        if not (product_id or variant_id or sku or name or unit is not None or total is not None):
            return None
        quantity = 1_000 if quantity is None else quantity
        if total is None:
            if unit is None:
                row.wrong("unit_price", "neither the price of one nor that of the line is there")
                return None
            total = line_total(quantity, unit)
        return Line(
            quantity_milli=quantity, total_minor=total, unit_price_minor=unit, external_id=row.take("line_id", cells.short),
            product_id=product_id, variant_id=variant_id, sku=sku, name=name or "",
            category=row.take("category", cells.short, 500),
        )  # fmt: skip

    def _order(  # noqa: PLR0913 - what an order is made of
        self,
        head: Row,
        external_id: str,
        currency: str,
        ordered_at: datetime,
        store_id: UUID | None,
        lines: tuple[Line, ...],
    ) -> OrderIn:
        amounts = {
            name: head.take(name, cells.money, currency, self._decimal)
            for name in ("total", "subtotal", "tax", "shipping", "discount", "refunded_total")
        }
        discount, shipping, tax = (amounts[name] or 0 for name in ("discount", "shipping", "tax"))
        discount = abs(discount)  # some systems write what is taken off as a negative amount
        total, subtotal = amounts["total"], amounts["subtotal"]
        if subtotal is None:
            subtotal = sum(line.total_minor for line in lines) if lines else (total or 0) + discount - shipping
        if total is None:
            total = subtotal - discount + shipping + tax
        refunded = amounts["refunded_total"] or 0
        # Without a time of its own, a version is as late as it has paid back more: refunds only grow.
        version_at = head.take("updated_at", cells.past, self._context.reading, self._context.latest)
        version_at = version_at or ordered_at + timedelta(microseconds=abs(refunded))
        return OrderIn(
            source=head.take("source", cells.short, 60) or SOURCE, external_id=external_id, ordered_at=ordered_at,
            updated_at=version_at, currency=currency, total_minor=total, subtotal_minor=subtotal,
            status=head.take("status", _status) or Status.PAID, store_id=store_id,
            channel=head.take("channel", _channel) or (Channel.WEB if store_id is None else Channel.POS),
            lines=lines, discount_minor=discount, shipping_minor=shipping, tax_minor=tax,
            coupons=tuple(code.strip() for code in head.text("coupon_codes").split("|") if code.strip()),
            refunds=_refunds(refunded, version_at),
        )  # fmt: skip

    def _check(self, order: OrderIn, group: Sequence[Record], flaws: list[Flaw]) -> None:
        """What commerce would refuse, with the line that it is about."""
        for path, reason in check_order(order).items():
            first, _, rest = path.partition("/")
            number = int(rest.split("/")[0]) if first == "lines" and rest else 0
            column = "line_total" if first == "lines" and rest else _SHOWN_AT.get(first, "order_id")
            Row(group[min(number, len(group) - 1)], self.columns, flaws).wrong(column, reason)


def _refunds(refunded_minor: int, at: datetime) -> tuple[Refund, ...]:
    """A file knows only what was paid back in all, as a positive or a negative amount."""
    return (Refund(external_id=SOURCE, at=at, amount_minor=abs(refunded_minor)),) if refunded_minor else ()


def _unit_price(text: str, currency: str, reading: Reading) -> int:
    return cells.money(text, currency, reading, rounds=True)


def _word(text: str) -> str:
    return text.lower().replace("-", "_").replace(" ", "_").replace("é", "e")


def _status(text: str) -> Status:
    found = _STATUSES.get(_word(text))
    if found is None:
        raise BadCell(f"one of {', '.join(Status)}")
    return found


def _channel(text: str) -> Channel:
    return _CHANNELS.get(_word(text), Channel.OTHER)
