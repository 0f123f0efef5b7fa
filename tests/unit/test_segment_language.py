"""The language of segments: what it takes, and what it says about what it does not take."""

from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest

from geoengage.kit.errors import ItemErrors
from geoengage.segments import rules
from geoengage.segments.rules import read_definition, write_definition

ID = "01998f3e-0000-7000-8000-000000000001"
EVER, MONTH = {"ever": True}, {"days": 30}
EXAMPLES: list[dict[str, Any]] = [
    {"kind": "trait", "name": "city", "op": "in", "value": ["Bern", "Basel"]},
    {"kind": "trait", "name": "birthday", "op": "anniversary_in_days", "value": 7},
    {"kind": "trait", "name": "email", "op": "not_exists"},
    {"kind": "event", "name": "Product Viewed", "measure": "count", "op": "gte", "value": 3, "window": MONTH,
     "where": [{"property": "brand", "op": "eq", "value": "Acme"}]},
    {"kind": "event", "name": "Rated", "measure": "average", "property": "stars", "op": "lt", "value": 3,
     "window": EVER},
    {"kind": "order", "measure": "count", "op": "between", "value": [2, 5], "window": {"from": "2026-01-01T00:00:00Z"}},
    {"kind": "order", "measure": "spend", "op": "gt", "value": 100, "currency": "CHF", "window": EVER, "brand": "Acme"},
    {"kind": "order", "measure": "per_week", "op": "gte", "value": 0.9, "window": {"days": 365}},
    {"kind": "order", "measure": "last", "op": "not_within_days", "value": 60, "window": EVER},
    {"kind": "order", "measure": "first", "op": "after", "value": "2026-01-01T00:00:00Z", "window": EVER},
    {"kind": "visit", "measure": "now", "zone_id": ID},
    {"kind": "visit", "measure": "dwell_minutes", "op": "gte", "value": 20, "window": MONTH, "zone_kind": "store"},
    {"kind": "place", "of": "home", "within_km": 5, "store_id": ID},
    {"kind": "place", "of": "last_known", "inside_zone_id": ID},
    {"kind": "message", "what": "opened", "op": "eq", "value": 0, "window": MONTH, "channel": "push"},
    {"kind": "consent", "channel": "email", "purpose": "marketing", "state": "subscribed"},
    {"kind": "reachable", "channel": "push", "purpose": "marketing"},
    {"kind": "metric", "name": "stage", "op": "in", "value": ["at_risk", "churned"]},
    {"kind": "metric", "name": "p_alive", "op": "lt", "value": 0.5},
    {"kind": "habit", "of": "frequency", "down_percent": 30},
    {"kind": "habit", "of": "gap", "beyond_percentile": 80},
    {"kind": "decline", "degrees": ["marked", "severe"]},
    {"kind": "in_segment", "segment_id": ID},
    {"kind": "not", "of": {"kind": "in_list", "list_id": ID}},
]  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e["kind"])
def test_a_condition_is_kept_as_it_was_sent(example: dict[str, Any]) -> None:
    found = read_definition({"kind": "all", "of": [example]})
    assert read_definition(write_definition(found)) == found
    assert [path for path, _ in rules.walk(found)][:2] == ["", "of/0"]


@pytest.mark.parametrize(
    ("wrong", "pointer", "words"),
    [
        ({"kind": "weather"}, "#/definition/of/0", "tag"),
        ({"kind": "trait", "name": "x", "op": "gt", "value": "high"}, "#/definition/of/0", "compares with a number"),
        ({"kind": "trait", "name": "x", "op": "eq", "value": 1, "colour": 2}, "#/definition/of/0/colour", "permitted"),
        ({"kind": "trait", "name": "x", "op": "eq"}, "#/definition/of/0", "one text, number"),
        ({"kind": "order", "measure": "spend", "op": "gt", "value": 1, "window": EVER}, "#/definition/of/0", "curr"),
        ({"kind": "order", "measure": "count", "op": "gt", "value": 1}, "#/definition/of/0/window", "required"),
        ({"kind": "order", "measure": "count", "op": "gt", "value": 1, "window": {"days": 0}},
         "#/definition/of/0/window/days", "greater than 0"),
        ({"kind": "order", "measure": "last", "op": "gt", "value": 1, "window": EVER}, "#/definition/of/0", "before"),
        ({"kind": "order", "measure": "count", "op": "before", "value": 1, "window": EVER}, "#/definition/of/0", "eq"),
        ({"kind": "order", "measure": "per_week", "op": "gt", "value": 1, "window": EVER}, "#/definition/of/0", "week"),
        ({"kind": "event", "name": "A", "measure": "sum", "op": "gt", "value": 1, "window": EVER}, "#/definition/of/0",
         "property"),
        ({"kind": "visit", "measure": "now", "op": "eq", "value": 1}, "#/definition/of/0", "no op"),
        ({"kind": "place", "of": "home", "within_km": 0.1, "store_id": ID}, "#/definition/of/0/within_km", "0.5"),
        ({"kind": "place", "of": "home"}, "#/definition/of/0", "nearest_store_id"),
        ({"kind": "habit", "of": "gap", "down_percent": 30}, "#/definition/of/0", "beyond_percentile"),
        ({"kind": "habit", "of": "spend"}, "#/definition/of/0", "down_percent"),
        ({"kind": "metric", "name": "stage", "op": "eq", "value": 3}, "#/definition/of/0", "stage"),
        ({"kind": "metric", "name": "orders", "op": "in", "value": [3]}, "#/definition/of/0", "stage"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(wrong: dict[str, Any], pointer: str, words: str) -> None:
    with pytest.raises(ItemErrors) as refused:
        read_definition({"kind": "all", "of": [wrong]})
    errors = refused.value.extra["errors"]
    assert errors[0]["pointer"] == pointer, errors
    assert any(words in e["detail"] for e in errors), errors


def nested(times: int) -> dict[str, Any]:
    return {"kind": "decline", "degrees": ["gone"]} if times == 1 else {"kind": "not", "of": nested(times - 1)}


def test_a_definition_is_not_too_deep_and_not_too_long() -> None:
    assert not rules.flaws(read_definition(nested(6)), None)
    assert "7 deep; at most 6" in rules.flaws(read_definition(nested(7)), None)[0][1]
    long = {"kind": "any", "of": [{"kind": "all", "of": [nested(1)] * 30}] * 2}
    assert "63 conditions; at most 60" in rules.flaws(read_definition(long), None)[0][1]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"kind": "trait", "name": "home_area", "op": "exists"}, "where else"),
        ({"kind": "decline", "degrees": ["gone"]}, "all stores"),
        (EXAMPLES[3], "whole tenant"),
        ({"kind": "place", "of": "home", "nearest_store_id": ID}, "another store"),
        (EXAMPLES[5] | {"store_id": ID}, "that store's orders"),
    ],
)
def test_a_stores_segment_does_not_ask_what_people_do_elsewhere(condition: dict[str, Any], words: str) -> None:
    definition = read_definition({"kind": "all", "of": [condition]})
    assert rules.flaws(definition, None) == []
    assert [(path, words in flaw) for path, flaw in rules.flaws(definition, uuid4())] == [("of/0", True)]
    if condition["kind"] in ("place", "order"):
        assert rules.flaws(definition, UUID(ID)) == []


def test_segments_do_not_go_round_in_circles() -> None:
    a, b, c = uuid4(), uuid4(), uuid4()
    definition = read_definition({"kind": "not", "of": {"kind": "in_segment", "segment_id": str(b)}})
    assert rules.circle(a, definition, {b: [c], c: []}) is None
    assert rules.circle(a, definition, {b: [c], c: [a]}) == [b, c, a]
    assert rules.circle(b, definition, {}) == [b]
    chain = [uuid4() for _ in range(12)]
    others = {one: [next_] for one, next_ in pairwise(chain)}
    long = read_definition({"kind": "in_segment", "segment_id": str(chain[0])})
    assert len(rules.circle(a, long, others) or []) == rules.MOST_LINKED + 1
