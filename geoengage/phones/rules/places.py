"""Where "Bring a mall to me" puts a phone. Pure."""

from enum import StrEnum

import shapely
from shapely.geometry.base import BaseGeometry

from geoengage.kit.geo import Frame

CIRCLE_ID = "zn-trial-circle"  # the demo's welcome circle, by its external id
MAIN_ENTRANCE = "Main entrance"
BEFORE_THE_DOOR_M = 8.0  # a few steps: outside to begin with, inside soon


class Place(StrEnum):
    """What can be laid around a phone."""

    MALL = "mall"
    CIRCLE = "circle"


def before_the_door(frame: Frame, outline: BaseGeometry, entrance: BaseGeometry) -> tuple[float, float]:
    """lon, lat a few steps outside an entrance. `outline` of the building and `entrance` are lon/lat.

    Straight out from the entrance through the wall that is nearest to it. An entrance outside the outline is taken as
    it is.
    """
    building = frame.geometry_to_metres(outline)
    door = frame.geometry_to_metres(entrance).centroid
    wall = building.boundary.interpolate(building.boundary.project(door))
    if not building.contains(door) or door.distance(wall) == 0:
        return frame.to_lonlat(door.x, door.y)
    out = 1 + BEFORE_THE_DOOR_M / door.distance(wall)
    spot = shapely.Point(door.x + (wall.x - door.x) * out, door.y + (wall.y - door.y) * out)
    return frame.to_lonlat(spot.x, spot.y)
