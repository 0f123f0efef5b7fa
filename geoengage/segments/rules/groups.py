"""Conditions made of others, other segments and lists; and the union of all. Pure."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError

from geoengage.kit import errors
from geoengage.segments.rules.consents import ConsentCondition, ReachableCondition
from geoengage.segments.rules.events import EventCondition
from geoengage.segments.rules.figures import DeclineCondition, HabitCondition, MetricCondition
from geoengage.segments.rules.messages import MessageCondition
from geoengage.segments.rules.orders import OrderCondition
from geoengage.segments.rules.pieces import Condition
from geoengage.segments.rules.places import PlaceCondition
from geoengage.segments.rules.traits import TraitCondition
from geoengage.segments.rules.visits import VisitCondition


class AllCondition(Condition):
    """All of these hold."""

    kind: Literal["all"] = Field(description="And.")
    of: "list[AnyKind]" = Field(min_length=1, max_length=60, description="The conditions.")

    def parts(self) -> list[tuple[str, Condition]]:
        return [(f"of/{i}", part) for i, part in enumerate(self.of)]


class AnyCondition(Condition):
    """At least one of these holds."""

    kind: Literal["any"] = Field(description="Or.")
    of: "list[AnyKind]" = Field(min_length=1, max_length=60, description="The conditions.")

    def parts(self) -> list[tuple[str, Condition]]:
        return [(f"of/{i}", part) for i, part in enumerate(self.of)]


class NotCondition(Condition):
    """This does not hold: everybody else."""

    kind: Literal["not"] = Field(description="Not.")
    of: "AnyKind" = Field(description="The condition.")

    def parts(self) -> list[tuple[str, Condition]]:
        return [("of", self.of)]


class SegmentCondition(Condition):
    """Somebody is in another segment."""

    kind: Literal["in_segment"] = Field(description="Membership of another segment.")
    segment_id: UUID = Field(description="The other segment; it may not lead back to this one.")

    def names(self) -> dict[str, UUID]:
        return {"segment_id": self.segment_id}


class ListCondition(Condition):
    """Somebody is on a list that was uploaded."""

    kind: Literal["in_list"] = Field(description="A static list.")
    list_id: UUID = Field(description="The list.")

    def names(self) -> dict[str, UUID]:
        return {"list_id": self.list_id}


AnyKind = Annotated[
    AllCondition
    | AnyCondition
    | NotCondition
    | TraitCondition
    | EventCondition
    | OrderCondition
    | VisitCondition
    | PlaceCondition
    | MessageCondition
    | ConsentCondition
    | ReachableCondition
    | MetricCondition
    | HabitCondition
    | DeclineCondition
    | SegmentCondition
    | ListCondition,
    Field(discriminator="kind"),
]
KINDS = (
    "all", "any", "not", "trait", "event", "order", "visit", "place", "message", "consent", "reachable", "metric",
    "habit", "decline", "in_segment", "in_list",
)  # fmt: skip
for _shape in (AllCondition, AnyCondition, NotCondition):
    _shape.model_rebuild()
_ADAPTER: TypeAdapter[Condition] = TypeAdapter(AnyKind)


def read_definition(value: object) -> Condition:
    """A definition as it was stored or sent; ItemErrors names each member that is wrong.

    Members that were left out have their defaults.
    """
    try:
        return _ADAPTER.validate_python(value)
    except ValidationError as error:
        raise errors.ItemErrors(
            [
                {"pointer": "#/definition" + _pointer(e["loc"], value), "in": "body", "detail": e["msg"]}
                for e in error.errors(include_url=False)
            ]
        ) from error


def _pointer(loc: Iterable[int | str], sent: Any) -> str:
    """Where in what was sent an error lies: pydantic's place also names which members of unions it tried."""
    steps: list[int | str] = []
    here = sent
    for step in loc:
        if step in here if isinstance(here, dict) else isinstance(here, list) and isinstance(step, int):
            steps.append(step)
            here = here[step]
        elif isinstance(here, dict) and step not in KINDS:  # a member that is missing
            steps.append(step)
            here = None
    return "".join(f"/{step}" for step in steps)


def write_definition(condition: Condition) -> dict[str, object]:
    """A definition as it is stored: defaults left out, so that equal ones look alike."""
    return _ADAPTER.dump_python(condition, mode="json", by_alias=True, exclude_none=True)  # type: ignore[no-any-return]
