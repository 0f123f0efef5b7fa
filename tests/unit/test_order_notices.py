"""The words about an order: every notice in every language, money as that language writes it, and no offer in them."""

import pytest

from geoengage.messaging.rules import OrderNotice, ToldOrder, order_words
from geoengage.messaging.rules.order_notices import LANGUAGES

ORDER = ToldOrder("4711", 1234567, "CHF", "Old town")


@pytest.mark.parametrize("notice", OrderNotice)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_notice_in_every_language(notice: OrderNotice, language: str) -> None:
    title, body = order_words(notice, ORDER, language)
    assert "4711" in title
    assert body.startswith("Old town: ")
    assert ("CHF" in body) is (notice is not OrderNotice.READY)
    others = {order_words(notice, ORDER, other) for other in LANGUAGES if other != language}
    assert (title, body) not in others
    assert "{" not in title + body
    assert "%" not in title + body


@pytest.mark.parametrize(
    ("language", "total_minor", "currency", "said"),
    [
        ("en-GB", 1234567, "CHF", "Paid: CHF\xa012,345.67."),
        ("de_CH", 1234567, "EUR", "Bezahlt: EUR\xa012.345,67."),
        ("fr", 500, "JPY", "Payé : JPY\xa0500."),
        (None, 1500, "KWD", "Paid: KWD\xa01.500."),
        ("lv", 100, "EUR", "Paid: EUR\xa01.00."),
        ("", -650, "EUR", "Paid: EUR\xa0-6.50."),
    ],
)
def test_money_and_languages(language: str | None, total_minor: int, currency: str, said: str) -> None:
    order = ToldOrder("1", total_minor, currency, None)
    assert order_words(OrderNotice.RECEIPT, order, language)[1] == said
