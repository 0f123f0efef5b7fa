"""Conditions on where somebody lives, or was last. Pure.

They know only people one of whose devices' users agreed to location and to personalisation. A home is the middle of a
cell of about 2 km, so distances from it are no finer.
"""

from typing import Literal
from uuid import UUID

from pydantic import Field, model_validator

from geoengage.segments.rules.pieces import Condition

LEAST_KM = 0.5  # nearer than that, a segment of one would say where its person is


class PlaceCondition(Condition):
    """Where somebody's home area or last known place is: near a store, nearest to a store, or inside a zone."""

    kind: Literal["place"] = Field(description="A place of the person.")
    of: Literal["home", "last_known"] = Field(
        description="`home`: the area where their phone is at night. `last_known`: its latest position, up to a minute"
        " late."
    )
    within_km: float | None = Field(
        default=None, ge=LEAST_KM, le=1000, allow_inf_nan=False, description="Kilometres around the store `store_id`."
    )
    store_id: UUID | None = Field(default=None, description="The store that `within_km` is about.")
    nearest_store_id: UUID | None = Field(default=None, description="No other store is nearer than this one.")
    inside_zone_id: UUID | None = Field(default=None, description="An outdoor zone, e.g. a delivery area.")

    @model_validator(mode="after")
    def _is_one(self) -> "PlaceCondition":
        if (self.within_km is None) is not (self.store_id is None):
            raise ValueError("within_km and store_id belong together")
        if sum(x is not None for x in (self.within_km, self.nearest_store_id, self.inside_zone_id)) != 1:
            raise ValueError("name within_km with store_id, or nearest_store_id, or inside_zone_id")
        return self

    def names(self) -> dict[str, UUID]:
        found = {name: getattr(self, name) for name in ("store_id", "nearest_store_id", "inside_zone_id")}
        return {name: id_ for name, id_ in found.items() if id_ is not None}
