"""Products with their variants, and stock of stores, from a file. Pure."""

from collections.abc import Sequence
from typing import Any

from geoengage.commerce.rules import ProductIn, ProductStatus, StockIn, Variant, check_product, normal_category
from geoengage.ingest.files.rules import cells
from geoengage.ingest.files.rules.cells import BadCell, Reading
from geoengage.ingest.files.rules.rows import Columns, Context, Flaw, Row
from geoengage.ingest.files.rules.text import Record

_STATUSES = {status.value: status for status in ProductStatus} | {
    **dict.fromkeys("aktiv published instock".split(), ProductStatus.ACTIVE),
    **dict.fromkeys("inactive draft deleted discontinued inaktiv ausgelistet".split(), ProductStatus.ARCHIVED),
}


class Products:
    """Reads products; see `rows.Reader`. Rows with the same product one below the other are its variants, or the same
    variant in another language."""

    def __init__(self, columns: Columns, context: Context) -> None:
        self.columns, self._context = columns, context
        self._place = columns.places["product_id"]

    def key(self, record: Record) -> str:
        """The product's id."""
        return record.cells[self._place].strip() if self._place < len(record.cells) else ""

    def read(self, group: Sequence[Record], flaws: list[Flaw]) -> ProductIn | None:
        """The product that these rows are."""
        head = Row(group[0], self.columns, flaws)
        external_id = head.take("product_id", cells.short, required=True)
        name = head.take("name", cells.short, 500, required=True)
        if external_id is None or name is None:
            return None
        variants, pictures, lines = {}, [], {}
        locales: dict[str, dict[str, Any]] = {}
        for record in group:
            row = Row(record, self.columns, flaws)
            variant = self._variant(row, external_id)
            picture = row.take("image_url", cells.https_url)
            if picture and picture not in pictures:
                pictures.append(picture)
            if variant.external_id not in variants:
                variants[variant.external_id], lines[len(variants)] = variant, record
            elif (language := row.text("language")) and language != head.text("language"):
                locales[language] = self._words(row)
            else:
                row.wrong("variant_id", "this variant of the product comes twice")
        product = ProductIn(
            external_id=external_id, name=name, updated_at=self._context.sent_at, variants=tuple(variants.values()),
            description=head.take("description", _long), brand=head.take("brand", cells.short),
            category=normal_category(head.take("category", cells.short, 500)), url=head.take("url", cells.https_url),
            image_urls=tuple(pictures[:50]), locales=locales,
            status=head.take("status", _status) or ProductStatus.ACTIVE,
        )  # fmt: skip
        for path, reason in check_product(product).items():
            number = int(path.split("/")[1]) if "/" in path else 0
            column = {"price_minor": "price", "currency": "currency"}.get(path.rpartition("/")[2], "variant_id")
            Row(lines.get(number, group[0]), self.columns, flaws).wrong(column, reason)
        return product

    def _variant(self, row: Row, product_id: str) -> Variant:
        reading = self._context.reading
        currency = row.take("currency", cells.currency_code) or reading.currency
        sku = row.take("sku", cells.short)
        price, cost = self._price(row, "price", currency), self._price(row, "cost", currency)
        return Variant(
            external_id=row.take("variant_id", cells.short) or sku or product_id, sku=sku,
            barcode=row.take("barcode", cells.short), name=row.take("variant_name", cells.short),
            price_minor=price, cost_minor=cost, currency=None if price is None and cost is None else currency,
        )  # fmt: skip

    def _price(self, row: Row, name: str, currency: str | None) -> int | None:
        if currency is None:
            if row.text(name):
                row.wrong(name, "no currency; map a column, or choose one for the whole file")
            return None
        return row.take(name, cells.money, currency, self._context.reading)

    @staticmethod
    def _words(row: Row) -> dict[str, Any]:
        words = {"name": row.take("name", cells.short, 500), "description": row.take("description", _long)}
        return {name: text for name, text in words.items() if text}


class Stocks:
    """Reads stock; see `rows.Reader`."""

    def __init__(self, columns: Columns, context: Context) -> None:
        self.columns, self._context = columns, context

    def key(self, record: Record) -> str:
        """Which variant in which store."""
        given = [self._cell(record, name) for name in ("variant_id", "sku", "product_id", "store_external_id")]
        return "\x1f".join(given) if any(given[:3]) else ""

    def _cell(self, record: Record, name: str) -> str:
        place = self.columns.places.get(name)
        return record.cells[place].strip() if place is not None and place < len(record.cells) else ""

    def read(self, group: Sequence[Record], flaws: list[Flaw]) -> StockIn | None:
        """How many of something a store has."""
        row = Row(group[0], self.columns, flaws)
        if len(group) > 1:
            for record in group:
                Row(record, self.columns, flaws).wrong("quantity", "the store has this variant on another line too")
            return None
        item = next(
            (text for name in ("variant_id", "sku", "product_id") if (text := row.take(name, cells.short))), None
        )
        if item is None:
            row.wrong(next((n for n in ("variant_id", "sku") if n in self.columns.places), "product_id"), "is empty")
        quantity = row.take(
            "quantity", cells.thousandths, Reading(decimal=self._context.reading.decimal), required=True
        )
        at = row.take("counted_at", cells.past, self._context.reading, self._context.latest) or self._context.sent_at
        store_id = row.store(self._context, required=True)
        if item is None or quantity is None or store_id is None:
            return None
        return StockIn(store_id=store_id, item=item, quantity_milli=quantity, at=at)


def _long(text: str) -> str:
    if len(text) > 20_000:
        raise BadCell("longer than 20,000 characters")
    return text


def _status(text: str) -> ProductStatus:
    answer = cells.yes_or_no(text)
    if answer is not None:
        return ProductStatus.ACTIVE if answer else ProductStatus.ARCHIVED
    found = _STATUSES.get(text.lower())
    if found is None:
        raise BadCell("active or archived")
    return found
