"""Conditions on events that sites, apps and servers have sent. Pure."""

from typing import Literal

from pydantic import Field, model_validator

from geoengage.segments.rules.pieces import MeasureTest, PropertyTest, Window, Words

_OF_PROPERTY = frozenset({"sum", "average", "min", "max"})


class EventCondition(MeasureTest):
    """How often somebody did something, when first or last, or a figure over a property of it."""

    kind: Literal["event"] = Field(description="Events of one name.")
    name: Words = Field(description="Name of the track event, the page or the screen, as it is stored.")
    measure: Literal["count", "sum", "average", "min", "max", "first", "last"] = Field(
        description="`count` 0 is who did not. `sum`, `average`, `min`, `max` are over `property`."
    )
    property: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="For `sum`, `average`, `min`, `max`: the property; events in which it is no number do not count.",
    )
    window: Window = Field(description="When they happened, by the event's own time, however late it came.")
    where: list[PropertyTest] = Field(default=[], max_length=10, description="Only events that pass all of these.")

    @model_validator(mode="after")
    def _has_property(self) -> "EventCondition":
        if (self.measure in _OF_PROPERTY) is (self.property is None):
            needs = "needs a property" if self.property is None else "takes no property; use where to filter"
            raise ValueError(f"measure {self.measure} {needs}")
        return self
