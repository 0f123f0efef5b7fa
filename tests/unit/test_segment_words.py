"""Plain English of every condition and operator, of what is joined, and of the opposite of each."""

# ruff: noqa: E501 - a table is read line by line

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from geoengage.segments.rules import KINDS, MomentOp, NumberOp, TraitOp, ValueOp, read_definition
from geoengage.segments.rules.word_pieces import Names
from geoengage.segments.rules.words import read, sentence

STORE, ZONE, MALL, OTHER, LIST, CAMPAIGN, GONE = (UUID(int=n) for n in range(1, 8))
NAMES = Names(
    {STORE: "Store 3", ZONE: "Café", MALL: "Arcade", OTHER: "Regulars", LIST: "Fair 2026", CAMPAIGN: "Spring"},
    ZoneInfo("Europe/Zurich"),
    "CHF",
)
LAST_30, EVER = {"days": 30}, {"ever": True}
MAY = {"from": "2026-04-30T22:00:00Z", "to": "2026-05-31T22:00:00Z"}  # on Zurich's clock


def order(measure: str, op: str, value: Any, window: dict[str, Any] = LAST_30, **more: Any) -> dict[str, Any]:
    money = {"currency": "CHF"} if measure in ("spend", "average") else {}
    return {"kind": "order", "measure": measure, "op": op, "value": value, "window": window} | money | more


def event(measure: str, op: str, value: Any, window: dict[str, Any] = LAST_30, **more: Any) -> dict[str, Any]:
    return {"kind": "event", "name": "Wish", "measure": measure, "op": op, "value": value, "window": window} | more


def visit(measure: str, op: str | None = None, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"kind": "visit", "measure": measure, "op": op, "value": value} | more


def trait(name: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"kind": "trait", "name": name, "op": op, "value": value}


def metric(name: str, op: str, value: Any) -> dict[str, Any]:
    return {"kind": "metric", "name": name, "op": op, "value": value}


def message(what: str, op: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"kind": "message", "what": what, "op": op, "value": value, "window": LAST_30} | more


def consent(state: str, **more: Any) -> dict[str, Any]:
    return {"kind": "consent", "channel": "email", "purpose": "marketing", "state": state} | more


# condition, who fulfils it, who does not
TABLE: list[tuple[dict[str, Any], str, str]] = [
    (order("count", "eq", 3), "who bought exactly 3 times in the last 30 days", "who did not buy exactly 3 times in the last 30 days"),
    (order("count", "ne", 3), "who bought any number of times but 3 in the last 30 days", "who bought exactly 3 times in the last 30 days"),
    (order("count", "gt", 3), "who bought more than 3 times in the last 30 days", "who did not buy more than 3 times in the last 30 days"),
    (order("count", "gt", 0), "who bought at least once in the last 30 days", "who did not buy at least once in the last 30 days"),
    (order("count", "gte", 1), "who bought at least once in the last 30 days", "who did not buy at least once in the last 30 days"),
    (order("count", "gte", 2), "who bought at least twice in the last 30 days", "who did not buy at least twice in the last 30 days"),
    (order("count", "lt", 3), "who bought fewer than 3 times in the last 30 days", "who did not buy fewer than 3 times in the last 30 days"),
    (order("count", "lte", 3), "who bought at most 3 times in the last 30 days", "who did not buy at most 3 times in the last 30 days"),
    (order("count", "between", [2, 5]), "who bought 2 to 5 times in the last 30 days", "who did not buy 2 to 5 times in the last 30 days"),
    (order("count", "eq", 0), "who did not buy in the last 30 days", "who bought at least once in the last 30 days"),
    (order("count", "lt", 1, EVER), "who never bought", "who bought at least once"),
    (order("count", "gte", 1, {"days": 1}), "who bought at least once in the last 24 hours", "who did not buy at least once in the last 24 hours"),
    (order("count", "gte", 1, MAY), "who bought at least once from 1 May 2026 to 31 May 2026", "who did not buy at least once from 1 May 2026 to 31 May 2026"),
    (order("count", "gte", 1, {"from": "2026-05-01T10:30:00Z"}), "who bought at least once since 1 May 2026, 12:30", "who did not buy at least once since 1 May 2026, 12:30"),
    (order("count", "gte", 1, {"to": "2026-04-30T22:00:00Z"}), "who bought at least once before 1 May 2026", "who did not buy at least once before 1 May 2026"),
    (order("count", "gte", 1, category="Toys > Trains", brand="Brio", channel="web"), "who bought something by “Brio” from “Toys > Trains” in the web shop at least once in the last 30 days", "who did not buy something by “Brio” from “Toys > Trains” in the web shop at least once in the last 30 days"),
    (order("count", "gte", 2, product="4711", store_id=str(STORE), channel="pos"), "who bought the product “4711” at a till at “Store 3” at least twice in the last 30 days", "who did not buy the product “4711” at a till at “Store 3” at least twice in the last 30 days"),
    (order("spend", "gte", 12345678), "who spent at least CHF 123,456.78 in the last 30 days", "who did not spend at least CHF 123,456.78 in the last 30 days"),
    (order("spend", "between", [100, 250], brand="Brio"), "who spent between CHF 1.00 and CHF 2.50 on something by “Brio” in the last 30 days", "who did not spend between CHF 1.00 and CHF 2.50 on something by “Brio” in the last 30 days"),
    (order("spend", "ne", 100), "who spent anything but CHF 1.00 in the last 30 days", "who spent exactly CHF 1.00 in the last 30 days"),
    (order("average", "lt", 500, currency="JPY"), "whose average order in the last 30 days is less than JPY 500", "whose average order in the last 30 days is not less than JPY 500"),
    (order("average", "ne", 500), "whose average order in the last 30 days is anything but CHF 5.00", "whose average order in the last 30 days is exactly CHF 5.00, or unknown"),
    (order("per_week", "gte", 1, {"days": 365}), "who bought at least once a week on average in the last 365 days", "who did not buy at least once a week on average in the last 365 days"),
    (order("per_week", "gt", 0.5, {"days": 70}), "who bought more than 0.5 times a week on average in the last 70 days", "who did not buy more than 0.5 times a week on average in the last 70 days"),
    (order("first", "within_days", 30, EVER), "who bought for the first time within the last 30 days", "who did not buy for the first time within the last 30 days"),
    (order("last", "not_within_days", 1, EVER), "who bought for the last time more than 24 hours ago", "who did not buy for the last time more than 24 hours ago"),
    (order("last", "before", "2026-04-30T22:00:00Z", EVER), "who bought for the last time before 1 May 2026", "who did not buy for the last time before 1 May 2026"),
    (order("first", "after", "2026-04-30T22:00:00Z", {"days": 90}), "who bought for the first time after 1 May 2026 (looking only at what happened in the last 90 days)", "who did not buy for the first time after 1 May 2026 (looking only at what happened in the last 90 days)"),
    (event("count", "gte", 2), "who did “Wish” at least twice in the last 30 days", "who did not do “Wish” at least twice in the last 30 days"),
    (event("count", "eq", 0, EVER), "who never did “Wish”", "who did “Wish” at least once"),
    (event("count", "gte", 1, where=[{"property": "colour", "op": "in", "value": ["red", "blue"]}, {"property": "price", "op": "gt", "value": 9.5}]), "who did “Wish” (where colour is “red” or “blue” and price is more than 9.5) at least once in the last 30 days", "who did not do “Wish” (where colour is “red” or “blue” and price is more than 9.5) at least once in the last 30 days"),
    (event("sum", "gte", 50, property="price"), "whose total price of “Wish” in the last 30 days is at least 50", "whose total price of “Wish” in the last 30 days is not at least 50"),
    (event("average", "lt", 50, property="price"), "whose average price of “Wish” in the last 30 days is less than 50", "whose average price of “Wish” in the last 30 days is not less than 50"),
    (event("min", "between", [1, 2], property="price"), "whose smallest price of “Wish” in the last 30 days is between 1 and 2", "whose smallest price of “Wish” in the last 30 days is not between 1 and 2"),
    (event("max", "ne", 2, property="item.price"), "whose largest “item.price” of “Wish” in the last 30 days is anything but 2", "whose largest “item.price” of “Wish” in the last 30 days is exactly 2, or unknown"),
    (event("first", "after", "2026-04-30T22:00:00Z", EVER), "who did “Wish” for the first time after 1 May 2026", "who did not do “Wish” for the first time after 1 May 2026"),
    (event("last", "within_days", 7, EVER), "who did “Wish” for the last time within the last 7 days", "who did not do “Wish” for the last time within the last 7 days"),
    (visit("count", "gte", 4, zone_id=str(ZONE), window=LAST_30), "who visited “Café” at least 4 times in the last 30 days", "who did not visit “Café” at least 4 times in the last 30 days"),
    (visit("count", "eq", 0, store_id=str(STORE)), "who never visited any zone of “Store 3”", "who visited any zone of “Store 3” at least once"),
    (visit("count", "gte", 1, zone_kind="entrance", mall_id=str(MALL)), "who visited an entrance in “Arcade” at least once", "who did not visit an entrance in “Arcade” at least once"),
    (visit("dwell_minutes", "lt", 30, zone_id=str(ZONE)), "who spent less than 30 minutes in “Café”", "who did not spend less than 30 minutes in “Café”"),
    (visit("dwell_minutes", "between", [1, 30], zone_kind="parking"), "who spent 1 to 30 minutes in a car park", "who did not spend 1 to 30 minutes in a car park"),
    (visit("first", "within_days", 7, zone_id=str(ZONE)), "who visited “Café” for the first time within the last 7 days", "who did not visit “Café” for the first time within the last 7 days"),
    (visit("last", "not_within_days", 60, zone_id=str(GONE)), "who visited a zone that was deleted for the last time more than 60 days ago", "who did not visit a zone that was deleted for the last time more than 60 days ago"),
    (visit("now", zone_id=str(ZONE)), "who are inside “Café” now", "who are not inside “Café” now"),
    ({"kind": "place", "of": "home", "within_km": 5, "store_id": str(STORE)}, "who live within 5 km of “Store 3”", "who do not live within 5 km of “Store 3”"),
    ({"kind": "place", "of": "home", "nearest_store_id": str(STORE)}, "who live nearer to “Store 3” than to any other store", "who do not live nearer to “Store 3” than to any other store"),
    ({"kind": "place", "of": "last_known", "inside_zone_id": str(ZONE)}, "who were last seen inside “Café”", "who were not last seen inside “Café”"),
    (message("received", "gte", 2, campaign_id=str(CAMPAIGN), channel="push"), "who received at least 2 messages of “Spring” by push in the last 30 days", "who did not receive at least 2 messages of “Spring” by push in the last 30 days"),
    (message("opened", "eq", 0), "who did not open a message in the last 30 days", "who opened at least 1 message in the last 30 days"),
    (message("clicked", "gt", 0), "who clicked at least 1 message in the last 30 days", "who did not click at least 1 message in the last 30 days"),
    (message("converted", "between", [1, 3]), "who bought within 7 days of 1 to 3 messages in the last 30 days", "who did not buy within 7 days of 1 to 3 messages in the last 30 days"),
    (message("received", "ne", 3), "who received anything but 3 messages in the last 30 days", "who received exactly 3 messages in the last 30 days"),
    (consent("subscribed"), "who have agreed to marketing by e-mail", "who have not agreed to marketing by e-mail"),
    (consent("subscribed", store_id=str(STORE)), "who have agreed to marketing by e-mail from “Store 3”", "who have not agreed to marketing by e-mail from “Store 3”"),
    (consent("unsubscribed"), "who have unsubscribed from marketing by e-mail", "who have not unsubscribed from marketing by e-mail"),
    (consent("pending"), "who have yet to confirm marketing by e-mail", "who do not have to confirm marketing by e-mail"),
    (consent("redacted"), "whose decision on marketing by e-mail was erased", "whose decision on marketing by e-mail was not erased"),
    (consent("none"), "who have not decided on marketing by e-mail", "who have decided on marketing by e-mail"),
    ({"kind": "reachable", "channel": "push"}, "who can be reached by push for marketing", "who cannot be reached by push for marketing"),
    (metric("stage", "eq", "at_risk"), "whose stage is at risk", "whose stage is not at risk"),
    (metric("stage", "ne", "churned"), "whose stage is not churned", "whose stage is churned"),
    (metric("stage", "in", ["new", "active"]), "whose stage is new or active", "whose stage is not new or active"),
    (metric("stage", "not_in", ["slowing", "reactivated", "subscriber"]), "whose stage is not slowing down, reactivated or subscriber", "whose stage is slowing down, reactivated or subscriber"),
    (metric("orders", "gte", 3), "who have ordered at least 3 times so far", "who have not ordered at least 3 times so far"),
    (metric("orders", "eq", 0), "who have never ordered", "who have ordered"),
    (metric("purchase_days", "between", [1, 3]), "who have bought on 1 to 3 days so far", "who have not bought on 1 to 3 days so far"),
    (metric("spend", "gt", 10000), "who have spent more than CHF 100.00 so far", "who have not spent more than CHF 100.00 so far"),
    (metric("average_order", "lte", 5000), "whose average order so far is at most CHF 50.00", "whose average order so far is not at most CHF 50.00"),
    (metric("days_since_order", "gte", 30), "whose last order is at least 30 days ago", "whose last order is not at least 30 days ago"),
    (metric("days_since_order", "lt", 1), "whose last order is less than 1 day ago", "whose last order is not less than 1 day ago"),
    (metric("p_alive", "lt", 0.25), "whose probability of still being a customer is less than 25 %", "whose probability of still being a customer is not less than 25 %"),
    (metric("orders_90d", "lt", 1.5), "who are expected to place fewer than 1.5 orders in the next 90 days", "who are not expected to place fewer than 1.5 orders in the next 90 days"),
    (metric("orders_365d", "gte", 12), "who are expected to place at least 12 orders in the next 365 days", "who are not expected to place at least 12 orders in the next 365 days"),
    (metric("value_365", "gte", 20000), "who are expected to spend at least CHF 200.00 in the next 365 days", "who are not expected to spend at least CHF 200.00 in the next 365 days"),
    ({"kind": "habit", "of": "frequency", "down_percent": 30}, "who buy at least 30 % less often than they used to", "who do not buy at least 30 % less often than they used to"),
    ({"kind": "habit", "of": "spend", "down_percent": 12.5}, "who spend at least 12.5 % less than they used to", "who do not spend at least 12.5 % less than they used to"),
    ({"kind": "habit", "of": "visits", "down_percent": 50}, "who visit at least 50 % less often than they used to", "who do not visit at least 50 % less often than they used to"),
    ({"kind": "habit", "of": "gap", "beyond_percentile": 80}, "who have gone without a purchase for longer than 80 % of their own gaps between purchases", "who have not gone without a purchase for longer than 80 % of their own gaps between purchases"),
    ({"kind": "decline", "degrees": ["marked", "severe", "gone"]}, "whose decline against their own habit is marked, severe or complete", "whose decline against their own habit is not marked, severe or complete"),
    ({"kind": "in_segment", "segment_id": str(OTHER)}, "who are in the segment “Regulars”", "who are not in the segment “Regulars”"),
    ({"kind": "in_list", "list_id": str(LIST)}, "who are on the list “Fair 2026”", "who are not on the list “Fair 2026”"),
    (trait("city", "eq", "Bern"), "whose city is “Bern”", "whose city is not “Bern”"),
    (trait("is_vip", "eq", True), "whose is vip is yes", "whose is vip is not yes"),
    (trait("Score2", "ne", 3), "whose “Score2” is known and not 3", "whose “Score2” is 3 or unknown"),
    (trait("city", "in", ["Bern", "Basel"]), "whose city is “Bern” or “Basel”", "whose city is not “Bern” or “Basel”"),
    (trait("city", "not_in", ["Bern", "Basel"]), "whose city is known and not “Bern” or “Basel”", "whose city is “Bern” or “Basel” or unknown"),
    (trait("city", "exists"), "whose city is known", "whose city is not known"),
    (trait("city", "not_exists"), "whose city is not known", "whose city is known"),
    (trait("age", "gt", 30), "whose age is more than 30", "whose age is not more than 30"),
    (trait("age", "gte", 30), "whose age is at least 30", "whose age is not at least 30"),
    (trait("age", "lt", 30), "whose age is less than 30", "whose age is not less than 30"),
    (trait("age", "lte", 30), "whose age is at most 30", "whose age is not at most 30"),
    (trait("age", "between", [30, 40]), "whose age is between 30 and 40", "whose age is not between 30 and 40"),
    (trait("home_town", "contains", "er"), "whose home town contains “er”", "whose home town does not contain “er”"),
    (trait("city", "not_contains", "er"), "whose city is known and does not contain “er”", "whose city contains “er” or is unknown"),
    (trait("city", "starts_with", "B"), "whose city begins with “B”", "whose city does not begin with “B”"),
    (trait("city", "ends_with", "n"), "whose city ends with “n”", "whose city does not end with “n”"),
    (trait("joined", "before", "2026-04-30T22:00:00Z"), "whose joined is before 1 May 2026", "whose joined is not before 1 May 2026"),
    (trait("joined", "after", "2026-04-30T22:00:00Z"), "whose joined is after 1 May 2026", "whose joined is not after 1 May 2026"),
    (trait("renewal", "within_days", 30), "whose renewal is within the last 30 days", "whose renewal is not within the last 30 days"),
    (trait("renewal", "not_within_days", 30), "whose renewal is more than 30 days ago", "whose renewal is not more than 30 days ago"),
    (trait("renewal", "in_next_days", 1), "whose renewal is within the next 1 day", "whose renewal is not within the next 1 day"),
    (trait("birth_date", "anniversary_in_days", 7), "whose birthday is today or within the next 7 days", "whose birthday is not today or within the next 7 days"),
    (trait("birth_date", "age_between", [18, 30]), "whose age by birth date is 18 to 30", "whose age by birth date is not 18 to 30"),
    (trait("contract", "anniversary_in_days", 7), "whose contract has its anniversary today or within the next 7 days", "whose contract does not have its anniversary today or within the next 7 days"),
]  # fmt: skip


@pytest.mark.parametrize(("definition", "yes", "no"), TABLE, ids=[row[1][:60] for row in TABLE])
def test_each_condition_and_its_opposite(definition: dict[str, Any], yes: str, no: str) -> None:
    assert sentence(read_definition(definition), NAMES) == f"People {yes}."
    assert sentence(read_definition({"kind": "not", "of": definition}), NAMES) == f"People {no}."


def test_the_table_has_every_kind_and_every_operator() -> None:
    found = {row[0]["kind"] for row in TABLE}
    assert found | {"all", "any", "not"} == set(KINDS)
    used: dict[str, set[str]] = {}
    for condition, *_ in TABLE:
        used.setdefault(condition["kind"], set()).add(condition.get("op") or "")
    assert used["trait"] == set(TraitOp)
    assert used["order"] == set(NumberOp) | set(MomentOp)
    assert set(ValueOp) <= used["trait"]


A, B, C, D = (
    order("count", "gte", 1),
    trait("city", "eq", "Bern"),
    {"kind": "reachable", "channel": "push"},
    visit("now", zone_id=str(ZONE)),
)
A_, B_, C_, D_ = (
    "who bought at least once in the last 30 days",
    "whose city is “Bern”",
    "who can be reached by push for marketing",
    "who are inside “Café” now",
)


def group(kind: str, *of: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "of": list(of)}


def no(of: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "not", "of": of}


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        (group("all", A), A_),
        (group("all", A, B), f"{A_} and {B_}"),
        (group("all", A, B, C), f"{A_}, {B_} and {C_}"),
        (group("any", A, B, C), f"{A_}, {B_} or {C_}"),
        (group("all", A, group("all", B, C)), f"{A_}, {B_} and {C_}"),
        (group("all", A, group("any", B, C)), f"{A_}, and either {B_} or {C_}"),
        (group("any", A, group("all", B, C)), f"{A_}, or ({B_} and {C_})"),
        (group("any", A, group("all", B, group("any", C, D))), f"{A_}, or ({B_}, and ({C_} or {D_}))"),
        (no(group("any", A, B)), "who did not buy at least once in the last 30 days and whose city is not “Bern”"),
        (no(group("all", B, C)), "whose city is not “Bern” or who cannot be reached by push for marketing"),
        (no(no(group("all", A, B))), f"{A_} and {B_}"),
        (group("all", A, no(group("all", B, C))),
         f"{A_}, and either whose city is not “Bern” or who cannot be reached by push for marketing"),
    ],
)  # fmt: skip
def test_joined_conditions_are_never_ambiguous(definition: dict[str, Any], text: str) -> None:
    assert sentence(read_definition(definition), NAMES) == f"People {text}."


def test_a_reading_has_every_condition_with_its_pointer() -> None:
    found = read(read_definition(group("all", A, no(group("any", B, C)))), NAMES)
    assert (found.pointer, found.kind) == ("", "all")
    first, second = found.of
    assert (first.pointer, first.text) == ("/of/0", "bought at least once in the last 30 days")
    assert (second.pointer, second.kind) == ("/of/1", "not")
    assert second.text == "whose city is not “Bern” and who cannot be reached by push for marketing"
    (inner,) = second.of
    assert [(part.pointer, part.text) for part in inner.of] == [
        ("/of/1/of/of/0", "their city is “Bern”"),
        ("/of/1/of/of/1", "can be reached by push for marketing"),
    ]


def test_the_issue_s_own_segment() -> None:
    """Issue 7, "Done when": built in the console in at most 12 clicks."""
    weekly = order("per_week", "gte", 1, {"from": "2024-12-31T23:00:00Z", "to": "2025-12-31T23:00:00Z"})
    habit = {"kind": "habit", "of": "frequency", "down_percent": 30}
    home = {"kind": "place", "of": "home", "within_km": 5, "store_id": str(STORE)}
    assert sentence(read_definition(group("all", weekly, habit, home, C)), NAMES) == (
        "People who bought at least once a week on average from 1 January 2025 to 31 December 2025, who buy at least"
        " 30 % less often than they used to, who live within 5 km of “Store 3” and who can be reached by push for"
        " marketing."
    )
