"""What was found of a person, in words, for every kind of condition; which conditions decide; what may be told."""

from typing import Any
from uuid import UUID

import pytest

from geoengage.segments.rules import Condition, read_definition
from geoengage.segments.rules.overlap import in_all, pairs
from geoengage.segments.rules.telling import HIDDEN, Told, tell
from geoengage.segments.rules.why import NOTHING, Held, because, found_words
from geoengage.segments.rules.word_pieces import Names
from tests.unit.test_segment_words import (
    LIST,
    NAMES,
    OTHER,
    STORE,
    TABLE,
    ZONE,
    A,
    B,
    C,
    consent,
    event,
    group,
    message,
    metric,
    no,
    order,
    trait,
    visit,
)

NEAR = {"kind": "place", "of": "home", "within_km": 5, "store_id": str(STORE)}
NEAREST = {"kind": "place", "of": "home", "nearest_store_id": str(STORE)}
INSIDE = {"kind": "place", "of": "last_known", "inside_zone_id": str(ZONE)}
FREQUENCY = {"kind": "habit", "of": "frequency", "down_percent": 30}
GAP = {"kind": "habit", "of": "gap", "beyond_percentile": 80}
DECLINE = {"kind": "decline", "degrees": ["gone"]}
AT = "2026-04-30T22:00:00Z"


@pytest.mark.parametrize(
    ("definition", "value", "words"),
    [
        (order("count", "gte", 1), 3, "3 times"),
        (order("count", "gte", 1), 0, "not once"),
        (order("count", "gte", 1), None, "not once"),
        (order("spend", "gte", 1), 1250, "CHF 12.50"),
        (order("average", "gte", 1), 1250.4, "CHF 12.50"),
        (order("average", "gte", 1), None, NOTHING),
        (order("per_week", "gte", 1), 2, "0.47 times a week"),
        (order("last", "within_days", 1), AT, "1 May 2026"),
        (event("sum", "gte", 1, property="price"), 12.345, "12.35"),
        (visit("dwell_minutes", "gte", 1), 12.4, "12 minutes"),
        (visit("now"), True, "yes"),
        (visit("now"), None, "no"),
        (message("opened", "gte", 1), 1, "1 message"),
        (message("opened", "gte", 1), None, "0 messages"),
        (trait("city", "eq", "Bern"), "Thun", "“Thun”"),
        (trait("tags", "contains", "a"), ["a", 2], "“a”, 2"),
        (trait("vip", "eq", True), False, "no"),
        (trait("city", "eq", "Bern"), None, NOTHING),
        (consent("subscribed"), None, "not decided"),
        (consent("subscribed"), "pending", "yet to confirm"),
        ({"kind": "reachable", "channel": "push"}, None, "no"),
        (metric("stage", "eq", "new"), "at_risk", "at risk"),
        (metric("stage", "eq", "new"), None, "subscriber"),
        (metric("orders", "gte", 1), None, "not once"),
        (metric("spend", "gte", 1), 990, "CHF 9.90"),
        (metric("days_since_order", "gte", 1), 31, "31 days"),
        (metric("p_alive", "gte", 0.5), 0.7266, "73 %"),
        (metric("orders_90d", "gte", 1), 1.26, "1.3 orders"),
        (metric("value_365", "gte", 1), 12345, "CHF 123.45"),
        (FREQUENCY, -0.347, "35 % less than before"),
        (FREQUENCY, 0.2, "20 % more than before"),
        (FREQUENCY, 0.001, "as before"),
        (FREQUENCY, None, NOTHING),
        (GAP, AT, "their usual gap ends on 1 May 2026"),
        (DECLINE, "severe", "severe"),
        (DECLINE, None, "unknown"),
        (NEAR, 3, "about 3 km away"),
        (NEAR, None, NOTHING),
        (NEAREST, str(STORE), "this store is the nearest"),
        (NEAREST, str(UUID(int=9)), "another store is nearer"),
        (INSIDE, False, "outside"),
        ({"kind": "in_segment", "segment_id": str(OTHER)}, AT, "since 1 May 2026"),
        ({"kind": "in_list", "list_id": str(LIST)}, None, "no"),
        (group("all", A, B), None, None),
        (no(A), None, None),
    ],
)
def test_what_was_found(definition: dict[str, Any], value: Any, words: str | None) -> None:
    assert found_words(read_definition(definition), value, NAMES) == words


def test_nothing_known_has_words_for_every_kind() -> None:
    for definition, *_ in TABLE:
        assert found_words(read_definition(definition), None, NAMES)


def held(condition: Condition, truths: dict[str, bool], path: str = "") -> dict[str, Held]:
    """A definition held against somebody of whom each leaf is so."""
    found: dict[str, Held] = {}
    below = []
    for step, part in condition.parts():
        inner = f"{path}/{step}".lstrip("/")
        found |= held(part, truths, inner)
        below.append(found[inner].met)
    met = {"all": all(below), "any": any(below), "not": not any(below)}.get(condition.kind, truths.get(path, False))
    return found | {path: Held(condition, met)}


@pytest.mark.parametrize(
    ("definition", "truths", "text"),
    [
        (A, {"": True}, "They bought at least once in the last 30 days."),
        (group("all", A, B), {"of/0": True, "of/1": True},
         "They bought at least once in the last 30 days, and their city is “Bern”."),
        (group("all", A, B), {"of/0": True}, "Their city is not “Bern”."),
        (group("any", A, B), {"of/1": True}, "Their city is “Bern”."),
        (group("any", A, B), {},
         "They did not buy at least once in the last 30 days, and their city is not “Bern”."),
        (no(group("any", A, C)), {"of/of/1": True}, "They can be reached by push for marketing."),
        (group("all", A, A), {}, "They did not buy at least once in the last 30 days."),
    ],
)  # fmt: skip
def test_the_deciding_conditions(definition: dict[str, Any], truths: dict[str, bool], text: str) -> None:
    condition = read_definition(definition)
    assert because("", held(condition, truths), Names()) == text


def test_small_numbers_are_hidden_and_others_are_full_tens() -> None:
    assert [tell(n, exact=False) for n in (0, 1, 9, 10, 19, 20)] == [
        Told(0), Told(None, HIDDEN), Told(None, HIDDEN), Told(10), Told(10), Told(20),
    ]  # fmt: skip
    assert [tell(n, exact=True) for n in (0, 1, 19)] == [Told(0), Told(1), Told(19)]


def test_no_difference_of_two_numbers_points_at_one_person() -> None:
    """With and without one person the same is told, but where a ten ends; nobody knows where that is."""
    differ = [n for n in range(11, 1_000) if tell(n, exact=False) != tell(n - 1, exact=False)]
    assert differ == list(range(20, 1_000, 10))


def test_overlap_is_counted_from_its_parts() -> None:
    a, b, c = (UUID(int=n) for n in (1, 2, 3))
    parts = {frozenset([a]): 5, frozenset([a, b]): 3, frozenset([a, b, c]): 2}
    assert [in_all(parts, ids) for ids in ([a], [b], [a, c], [b, c])] == [10, 5, 2, 2]
    assert pairs([a, b, c]) == [(a, b), (a, c), (b, c)]
