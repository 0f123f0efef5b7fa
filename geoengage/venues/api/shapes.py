"""HTTP of geometry for the editor: calculations on shapes that nobody has stored. They read no table."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from geoengage.kit import errors
from geoengage.tenancy.auth import Reader
from geoengage.venues.rules import Corners, Flaw, to_geojson, widen
from geoengage.venues.service.checks import item
from geoengage.venues.shapes import Area, In

router = APIRouter(tags=["venues"])


class WidenIn(In):
    """A shape and by how much to move its edges."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    geometry: Area = Field(description="Polygon or MultiPolygon.")
    metres: float = Field(ge=-50, le=500, description="How far its edges move outwards; below 0: inwards.")
    corners: Corners = Field(default=Corners.SQUARE, description="Whether corners stay corners or become arcs.")


class WidenOut(BaseModel):
    """The moved shape."""

    geometry: dict[str, Any] = Field(description="GeoJSON Polygon or MultiPolygon, right-hand rule.")


@router.post("/v1/shapes/widen")
def widen_shape(body: WidenIn, me: Reader) -> WidenOut:
    """Move the edges of a shape outwards or inwards; holes go the other way. Nothing is stored.

    422 when nothing is left of it, or when the result is larger than a zone may be.
    """
    moved = widen(body.geometry, body.metres, body.corners)
    if isinstance(moved, Flaw):
        raise errors.ItemErrors([item(moved.path, moved.detail)])
    return WidenOut(geometry=to_geojson(moved))
