"""Conditions on visits of zones. Pure.

They know only visits of devices whose user agreed to location and to personalisation, and none of sensitive zones.
"""

from typing import Literal
from uuid import UUID

from pydantic import Field, model_validator

from geoengage.segments.rules.ops import MomentOp, NumberOp, measure_flaw, raise_flaw
from geoengage.segments.rules.pieces import Condition, Ever, Moment, Number, Window
from geoengage.venues.rules import ZoneKind


class VisitCondition(Condition):
    """How often somebody was in a zone, for how long, when first or last, or whether they are inside now.

    Without `zone_id`, `zone_kind`, `store_id` and `mall_id` all zones count. A visit belongs to when it began.
    """

    kind: Literal["visit"] = Field(description="Visits of zones.")
    measure: Literal["count", "dwell_minutes", "first", "last", "now"] = Field(
        description="`dwell_minutes` is all time inside; `now`: they are inside, as far as is known."
    )
    op: NumberOp | MomentOp | None = Field(
        default=None,
        description="For `first` and `last`: `before`, `after`, `within_days`, `not_within_days`; none for `now`; a"
        " comparison of numbers for all others. Who never came has a count and a dwell of 0, and nothing else.",
    )
    value: Number | Moment | list[Number] | None = Field(
        default=None, description="A number, a moment or days, as `op` asks for; none for `now`."
    )
    window: Window = Field(default_factory=lambda: Ever(ever=True), description="When they began.")
    zone_id: UUID | None = Field(default=None, description="Only this zone.")
    zone_kind: ZoneKind | None = Field(default=None, description="Only zones of this kind.")
    store_id: UUID | None = Field(default=None, description="Only zones of this store.")
    mall_id: UUID | None = Field(default=None, description="Only zones of this mall.")

    @model_validator(mode="after")
    def _fits(self) -> "VisitCondition":
        if self.measure != "now":
            raise_flaw(measure_flaw(self.measure, self.op, self.value))
        elif self.op is not None or self.value is not None or not isinstance(self.window, Ever):
            raise ValueError("measure now takes no op, value or window")
        return self

    def names(self) -> dict[str, UUID]:
        found = {name: getattr(self, name) for name in ("zone_id", "store_id", "mall_id")}
        return {name: id_ for name, id_ in found.items() if id_ is not None}
