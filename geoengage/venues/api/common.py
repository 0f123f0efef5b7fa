"""What the routes of places share: bounding boxes, merge patches, Features as answers, the wall around stores."""

from math import isfinite
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError, WithJsonSchema
from shapely.geometry.base import BaseGeometry

from geoengage.kit import errors
from geoengage.kit.http import merge_patch
from geoengage.tenancy.rules import Principal
from geoengage.venues.rules import split_bbox
from geoengage.venues.shapes import Utc

Input = TypeVar("Input", bound=BaseModel)
# Two numbers said plainly: many generators of clients and tests do not know a tuple's `prefixItems`.
LonLatOut = Annotated[
    tuple[float, float],
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
]


class FeatureOut(BaseModel):
    """A GeoJSON Feature."""

    type: Literal["Feature"] = Field(default="Feature", description="Always `Feature`.")
    id: UUID = Field(description="Id of the thing.")
    geometry: dict[str, Any] = Field(description="GeoJSON geometry, WGS 84 lon/lat, right-hand rule.")


class Versioned(BaseModel):
    """What every answer tells of its row."""

    version: int = Field(description="Rises with every edit; the ETag is `v` and this number.")
    created_at: Utc = Field(description="When it was made.")
    updated_at: Utc = Field(description="When it was last changed.")


async def _boxes(
    bbox: Annotated[
        str | None,
        Query(
            max_length=200,
            description="west,south,east,north in degrees; west > east crosses the antimeridian (RFC 7946 section 5).",
        ),
    ] = None,
) -> tuple[BaseGeometry, ...]:
    if bbox is None:
        return ()
    try:
        numbers = [float(part) for part in bbox.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 6:  # with altitudes, which say nothing here
        numbers = [*numbers[:2], *numbers[3:5]]
    if len(numbers) != 4 or not all(map(isfinite, numbers)):
        raise _bad_bbox("four numbers are needed: west,south,east,north")
    west, south, east, north = numbers
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        raise _bad_bbox("longitudes go from -180 to 180, latitudes from -90 to 90: west,south,east,north")
    if south > north:
        raise _bad_bbox("south lies above north")
    return tuple(split_bbox(west, south, east, north))


def _bad_bbox(detail: str) -> errors.ItemErrors:
    return errors.ItemErrors([{"pointer": "bbox", "in": "query", "detail": detail}])


Boxes = Annotated[tuple[BaseGeometry, ...], Depends(_boxes)]


def patched(kind: type[Input], current: dict[str, Any], patch: dict[str, Any]) -> Input:
    """The input that a merge patch makes of what is there, validated whole."""
    try:
        return kind.model_validate(merge_patch(current, patch))
    except ValidationError as error:
        lines = error.errors(include_url=False, include_input=False)
        raise RequestValidationError([{**line, "loc": ("body", *line["loc"])} for line in lines]) from error


def unrestricted(me: Principal) -> None:
    """Whoever is restricted to stores cannot change what belongs to the whole tenant."""
    if me.store_ids is not None:
        raise errors.NotFound("there is no such thing for a credential that is restricted to stores")


def author(me: Principal) -> str:
    """Who made an edit, for its record."""
    return f"{me.kind.value}:{me.id}"
