"""The classic segments: what each one says, with its usual parameters and with others."""

# ruff: noqa: E501 - a table is read line by line

from typing import Any
from uuid import UUID

import pytest

from geoengage.kit.errors import ItemErrors
from geoengage.segments.rules import flaws, read_definition
from geoengage.segments.rules.templates import TEMPLATES, TemplateNotFound, fill, get_template, is_for_stores
from geoengage.segments.rules.word_pieces import Names
from geoengage.segments.rules.words import sentence

STORE = UUID(int=3)
NAMES = Names({STORE: "Store 3"}, currency="CHF")
SAYS: dict[str, str] = {
    "vip": "have spent at least CHF 1,000.00 so far and whose last order is at most 90 days ago",
    "rising": "are expected to spend at least CHF 500.00 in the next 365 days and whose probability of still being a customer is at least 50 %",
    "rfm": "last order is 0 to 30 days ago, who have ordered 5 to 9 times so far and who have spent at least CHF 0.00 so far",
    "category_buyers": "bought something from “Toys” at least twice in the last 180 days",
    "new": "bought for the first time within the last 30 days",
    "second_purchase_due": "bought exactly once, who bought for the last time within the last 60 days and who bought for the last time more than 14 days ago",
    "subscribers": "never bought and who can be reached by push for marketing",
    "at_risk": "stage is at risk",
    "lapsed": "bought at least once and who did not buy in the last 180 days",
    "churned": "stage is churned",
    "reactivated": "stage is reactivated",
    "slowing_regulars": "bought at least once a week on average in the last 365 days, who buy at least 30 % less often than they used to and who can be reached by push for marketing",
    "declined": "decline against their own habit is marked",
    "overdue": "have gone without a purchase for longer than 80 % of their own gaps between purchases",
    "spends_less": "spend at least 30 % less than they used to, and whose decline against their own habit is none, slight or marked",
    "window_shoppers": "visited a store at least 3 times in the last 90 days and who never bought",
    "missing_visitors": "visited a store at least twice and who did not visit a store in the last 60 days",
    "neighbours": "live within 5 km of “Store 3”",
    "reachable": "can be reached by push for marketing",
    "unheard": "received at least 5 messages in the last 60 days and who did not open a message in the last 60 days",
    "birthday": "birthday is today or within the next 7 days",
}
NEEDED: dict[str, dict[str, Any]] = {"category_buyers": {"category": "Toys"}, "neighbours": {"store": str(STORE)}}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_each_template_says_what_it_means(template: Any) -> None:
    condition = read_definition(fill(template, NEEDED.get(template.name, {}), "CHF"))
    assert flaws(condition, None) == []
    said = sentence(condition, NAMES).removeprefix("People who ").removeprefix("People whose ").removesuffix(".")
    assert said == SAYS[template.name]


def test_parameters_narrow_and_what_is_left_empty_does_not() -> None:
    of_store = fill(get_template("window_shoppers"), {"store": str(STORE), "count": 5}, None)
    assert sentence(read_definition(of_store), NAMES) == (
        "People who visited a store of “Store 3” at least 5 times in the last 90 days and who never bought at “Store 3”."
    )
    cell = fill(get_template("rfm"), {"recency": "gone", "frequency": "once", "spend": 5000}, "CHF")
    assert [part["value"] for part in cell["of"]] == [[366, 36_600], [1, 1], 5000]


@pytest.mark.parametrize(
    ("name", "values", "currency", "pointer"),
    [
        ("vip", {}, None, "#/parameters/spend"),
        ("vip", {"days": 0}, "CHF", "#/parameters/days"),
        ("vip", {"days": True}, "CHF", "#/parameters/days"),
        ("vip", {"days": 2.5}, "CHF", "#/parameters/days"),
        ("vip", {"day": 2}, "CHF", "#/parameters/day"),
        ("vip", {"days": None}, "CHF", "#/parameters/days"),
        ("rfm", {"recency": "soon"}, "CHF", "#/parameters/recency"),
        ("rfm", {"recency": ["recent"]}, "CHF", "#/parameters/recency"),
        ("neighbours", {}, None, "#/parameters/store"),
        ("neighbours", {"store": 7}, None, "#/parameters/store"),
        ("category_buyers", {"category": ""}, None, "#/parameters/category"),
        ("category_buyers", {"category": {"a": 1}}, None, "#/parameters/category"),
    ],
)
def test_wrong_values_are_named(name: str, values: dict[str, Any], currency: str | None, pointer: str) -> None:
    with pytest.raises(ItemErrors) as caught:
        fill(get_template(name), values, currency)
    assert [each["pointer"] for each in caught.value.extra["errors"]] == [pointer]


def test_a_store_gets_those_that_look_at_its_own_things_only() -> None:
    usable = {template.name for template in TEMPLATES if is_for_stores(template)}
    assert {"new", "lapsed", "window_shoppers", "subscribers", "second_purchase_due", "neighbours"} <= usable
    assert not usable & {"vip", "rfm", "at_risk", "declined", "overdue", "slowing_regulars"}


def test_an_unknown_template() -> None:
    with pytest.raises(TemplateNotFound):
        get_template("nobody")
