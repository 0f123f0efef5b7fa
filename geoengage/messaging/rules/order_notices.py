"""What a customer is told about an order: fixed words without an offer, in the customer's language. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from babel.numbers import format_decimal

from geoengage.commerce.rules import exponent
from geoengage.messaging.rules.ways import Row

LANGUAGES = ("en", "de", "fr", "it", "es", "da")


class OrderNotice(StrEnum):
    """What is told about an order."""

    CONFIRMATION = "confirmation"
    READY = "ready"
    RECEIPT = "receipt"


@dataclass(frozen=True, slots=True)
class ToldOrder:
    """What the words speak of. `total_minor` in minor units of `currency`; `store`: its name, None without; `lines`:
    name, thousandths of a piece, and the line's price in minor units."""

    number: str
    total_minor: int
    currency: str
    store: str | None
    lines: tuple[tuple[str, int, int], ...] = ()


_TITLES = {
    OrderNotice.CONFIRMATION: {
        "en": "Your order {number}",
        "de": "Ihre Bestellung {number}",
        "fr": "Votre commande {number}",
        "it": "Il tuo ordine {number}",
        "es": "Tu pedido {number}",
        "da": "Din ordre {number}",
    },
    OrderNotice.READY: {
        "en": "Order {number} is ready",
        "de": "Bestellung {number} liegt bereit",
        "fr": "La commande {number} est prête",
        "it": "L’ordine {number} è pronto",
        "es": "El pedido {number} está listo",
        "da": "Ordre {number} er klar",
    },
    OrderNotice.RECEIPT: {
        "en": "Receipt for order {number}",
        "de": "Beleg zur Bestellung {number}",
        "fr": "Reçu de la commande {number}",
        "it": "Ricevuta dell’ordine {number}",
        "es": "Recibo del pedido {number}",
        "da": "Kvittering for ordre {number}",
    },
}
_BODIES = {
    OrderNotice.CONFIRMATION: {
        "en": "We have received it. Total: {total}.",
        "de": "Sie ist bei uns eingegangen. Summe: {total}.",
        "fr": "Nous l’avons bien reçue. Total : {total}.",
        "it": "Lo abbiamo ricevuto. Totale: {total}.",
        "es": "Lo hemos recibido. Total: {total}.",
        "da": "Vi har modtaget den. I alt: {total}.",
    },
    OrderNotice.READY: {
        "en": "You can pick it up.",
        "de": "Sie können sie abholen.",
        "fr": "Vous pouvez venir la chercher.",
        "it": "Puoi passare a ritirarlo.",
        "es": "Puedes pasar a recogerlo.",
        "da": "Du kan hente den.",
    },
    OrderNotice.RECEIPT: {
        "en": "Paid: {total}.",
        "de": "Bezahlt: {total}.",
        "fr": "Payé : {total}.",
        "it": "Pagato: {total}.",
        "es": "Pagado: {total}.",
        "da": "Betalt: {total}.",
    },
}


_TOTAL = {"en": "Total", "de": "Summe", "fr": "Total", "it": "Totale", "es": "Total", "da": "I alt"}
ROWS_MAX = 100


def order_rows(order: ToldOrder, language: str | None) -> tuple[Row, ...]:
    """What an e-mail about the order lists: its lines and their sum, at most `ROWS_MAX` lines; none where none are
    known."""
    if not order.lines:
        return ()
    spoken = _spoken(language)
    decimals = exponent(order.currency)
    rows = [
        Row(_label(name, milli, spoken), _amount(minor, decimals, spoken))
        for name, milli, minor in order.lines[:ROWS_MAX]
    ]
    if len(order.lines) > ROWS_MAX:
        rows.append(Row("…", ""))
    total = f"{order.currency}\xa0{_amount(order.total_minor, decimals, spoken)}"
    return (*rows, Row(_TOTAL[spoken], total))


def _label(name: str, milli: int, language: str) -> str:
    """“2 × Puzzle”; one piece needs no number."""
    return name if milli == 1000 else f"{format_decimal(Decimal(milli) / 1000, locale=language)} × {name}"


def _spoken(language: str | None) -> str:
    spoken = (language or "").replace("_", "-").partition("-")[0].lower()
    return spoken if spoken in LANGUAGES else LANGUAGES[0]


def order_words(notice: OrderNotice, order: ToldOrder, language: str | None) -> tuple[str, str]:
    """Title and text. `language`: a tag such as `de-CH`; English where there are no words in it."""
    spoken = _spoken(language)
    total = f"{order.currency}\xa0{_amount(order.total_minor, exponent(order.currency), spoken)}"
    title = _TITLES[notice][spoken].format(number=order.number)
    body = _BODIES[notice][spoken].format(total=total)
    return title, f"{order.store}: {body}" if order.store else body


def _amount(minor: int, decimals: int, language: str) -> str:
    pattern = f"#,##0.{'0' * decimals}" if decimals else "#,##0"
    return str(format_decimal(Decimal(minor).scaleb(-decimals), format=pattern, locale=language))
