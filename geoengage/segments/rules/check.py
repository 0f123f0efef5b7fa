"""What makes a definition one that can be kept: its size, what a store may ask, no circle of segments. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from geoengage.profiles.rules.traits import NOT_FOR_STORES
from geoengage.segments.rules.events import EventCondition
from geoengage.segments.rules.figures import DeclineCondition, HabitCondition, MetricCondition
from geoengage.segments.rules.groups import SegmentCondition
from geoengage.segments.rules.orders import OrderCondition
from geoengage.segments.rules.pieces import Condition
from geoengage.segments.rules.traits import TraitCondition

MOST_DEEP = 6
MOST_CONDITIONS = 60
MOST_LINKED = 10  # segments in a row, each defined by the next
Flaw = tuple[str, str]


def walk(condition: Condition, path: str = "") -> Iterator[tuple[str, Condition]]:
    """Every condition of a definition with its path (`of/0/of`), the outermost first; its own path is empty."""
    yield path, condition
    for step, part in condition.parts():
        yield from walk(part, f"{path}/{step}".lstrip("/"))


def leaves(condition: Condition) -> list[tuple[str, Condition]]:
    """The conditions that are not made of others, with their paths, in the order in which they stand."""
    return [(path, part) for path, part in walk(condition) if not part.parts()]


def depth(condition: Condition) -> int:
    """How deep conditions are nested; 1 for one alone."""
    return 1 + max((depth(part) for _, part in condition.parts()), default=0)


def flaws(condition: Condition, store_id: UUID | None) -> list[Flaw]:
    """What is wrong with a definition as a whole: (path, what). `store_id`: it is that store's."""
    found: list[Flaw] = []
    if (deep := depth(condition)) > MOST_DEEP:
        found.append(("", f"conditions are nested {deep} deep; at most {MOST_DEEP}"))
    if (count := sum(1 for _ in walk(condition))) > MOST_CONDITIONS:
        found.append(("", f"{count} conditions; at most {MOST_CONDITIONS}"))
    if store_id is not None:
        found += [(path, flaw) for path, part in walk(condition) if (flaw := _store_flaw(part, store_id))]
    return found


def _store_flaw(part: Condition, store_id: UUID) -> str | None:
    """Why a store's segment may not ask this: it would tell of what the person did elsewhere."""
    if isinstance(part, TraitCondition) and part.name in NOT_FOR_STORES:
        return f"the trait {part.name} says where else people go; a store's segment cannot use it"
    if isinstance(part, MetricCondition | HabitCondition | DeclineCondition):
        return f"{part.kind} looks at what people buy in all stores; in a store's segment use order or visit"
    if isinstance(part, EventCondition):
        return "events are of the whole tenant; in a store's segment use order, visit or message"
    if isinstance(part, OrderCondition) and part.store_id not in (None, store_id):
        return "a store's segment knows only that store's orders"
    other = part.names().get("store_id") or part.names().get("nearest_store_id")
    return "a store's segment cannot speak of another store" if other not in (None, store_id) else None


def circle(segment_id: UUID | None, condition: Condition, others: Mapping[UUID, Iterable[UUID]]) -> list[UUID] | None:
    """The way on which a segment leads back to itself, or on which more than `MOST_LINKED` hang; None: there is none.

    `others`: each other segment with those that it is defined by.
    """

    def follow(id_: UUID, way: list[UUID]) -> list[UUID] | None:
        if id_ == segment_id or id_ in way or len(way) >= MOST_LINKED:
            return [*way, id_]
        return next((found for below in others.get(id_, ()) if (found := follow(below, [*way, id_]))), None)

    return next((found for id_ in linked(condition) if (found := follow(id_, []))), None)


def linked(condition: Condition) -> set[UUID]:
    """The segments by which a definition is defined."""
    return {part.segment_id for _, part in walk(condition) if isinstance(part, SegmentCondition)}
