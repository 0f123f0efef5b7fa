"""What wakes which condition: the kinds of news that can change it. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from geoengage.segments.rules.check import walk
from geoengage.segments.rules.figures import MetricCondition
from geoengage.segments.rules.groups import ListCondition, SegmentCondition
from geoengage.segments.rules.messages import MessageCondition
from geoengage.segments.rules.pieces import Condition
from geoengage.segments.rules.places import PlaceCondition


class News(StrEnum):
    """A kind of news about people."""

    PERSON = "person"  # new, joined, parted, known to another store: everything about them
    TRAITS = "traits"
    EVENTS = "events"
    ORDERS = "orders"
    VISITS = "visits"
    POSITIONS = "positions"
    MESSAGES = "messages"
    CONSENTS = "consents"  # of the person, and addresses
    DEVICES = "devices"  # consents of a device, its push address, who is logged in on it
    HABITS = "habits"
    VALUES = "values"
    LISTS = "lists"


_KINDS: Mapping[str, frozenset[News]] = {
    "trait": frozenset({News.TRAITS}),
    "event": frozenset({News.EVENTS}),
    "order": frozenset({News.ORDERS}),
    "visit": frozenset({News.VISITS, News.DEVICES}),
    "message": frozenset({News.MESSAGES, News.DEVICES}),
    "consent": frozenset({News.CONSENTS}),
    "reachable": frozenset({News.CONSENTS, News.DEVICES}),
    "habit": frozenset({News.HABITS}),
    "decline": frozenset({News.HABITS}),
    "in_segment": frozenset(),  # evaluated after the other segment
    "in_list": frozenset({News.LISTS}),
}
_PREDICTED = frozenset({"p_alive", "orders_90d", "orders_365d", "value_365"})


def woken_by(leaf: Condition) -> frozenset[News]:
    """The kinds of news that can change a leaf, beside those about the whole person."""
    if isinstance(leaf, PlaceCondition):
        own = News.TRAITS if leaf.of == "home" else News.POSITIONS
        return frozenset({own, News.DEVICES})
    if isinstance(leaf, MetricCondition):
        if leaf.name in _PREDICTED:
            return frozenset({News.VALUES})
        return frozenset({News.ORDERS if leaf.name == "days_since_order" else News.HABITS})
    if isinstance(leaf, MessageCondition) and leaf.what == "converted":
        return _KINDS["message"] | {News.ORDERS}
    return _KINDS[leaf.kind]


def wakes(condition: Condition) -> frozenset[News]:
    """The kinds of news for which a definition has to be evaluated."""
    found = frozenset[News]().union(*(woken_by(part) for _, part in walk(condition) if not part.parts()))
    return found | {News.PERSON}


def in_order(definitions: Mapping[UUID, Condition]) -> list[list[UUID]]:
    """Segments in rows, each after those that it is defined by. There are no circles in what was accepted."""
    needs = {
        id_: {p.segment_id for _, p in walk(condition) if isinstance(p, SegmentCondition)} & definitions.keys()
        for id_, condition in definitions.items()
    }
    rows: list[list[UUID]] = []
    done: set[UUID] = set()
    while left := needs.keys() - done:
        row = sorted(id_ for id_ in left if needs[id_] <= done) or sorted(left)
        rows.append(row)
        done.update(row)
    return rows


def lists_of(condition: Condition) -> set[UUID]:
    """The static lists of which a definition speaks."""
    return {part.list_id for _, part in walk(condition) if isinstance(part, ListCondition)}
