"""Where the picture of a floor plan lies: two known points fix how it is turned, scaled and moved. Pure.

Pixels are counted from the picture's top left corner, x to the right, y down. The mapping is a similarity (no shear, no
mirror) between the picture and the metres of the mall's own frame, kept as one complex factor: its size is the scale,
its angle the turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from geoengage.kit.geo import Frame
from geoengage.venues.rules.geometry import Flaw, far_from

MIN_PIXEL_M, MAX_PIXEL_M = 0.001, 5.0  # metres that a pixel may measure: 1 mm to 5 m
MIN_APART_PX = 10.0  # two points nearer than this cannot say how a picture is turned
KNOWN_POINT_REACH_M = 500.0  # how far outside the level a known point may lie: a corner of the street
CORNER_REACH_M = 3_000.0  # the same for the picture's corners: a site plan with its car parks


@dataclass(frozen=True, slots=True)
class KnownPoint:
    """A pixel of the picture and where it lies, lon/lat."""

    pixel: tuple[float, float]
    at: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Placement:
    """A picture that has its place. Make it with `place`."""

    frame: Frame
    pixel: complex  # the first known point, y upwards
    metres: complex  # the same in the frame
    factor: complex

    @property
    def pixel_m(self) -> float:
        """Metres that a pixel measures."""
        return abs(self.factor)

    def to_lonlat(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel lies."""
        at = self.metres + (_upwards(x, y) - self.pixel) * self.factor
        lon, lat = self.frame.to_lonlat(at.real, at.imag)
        return float(lon), float(lat)

    def to_pixel(self, lon: float, lat: float) -> tuple[float, float]:
        """Which pixel lies there."""
        pixel = self.pixel + (complex(*self.frame.to_metres(lon, lat)) - self.metres) / self.factor
        return pixel.real, -pixel.imag

    def corners(self, width_px: int, height_px: int) -> list[tuple[float, float]]:
        """Top left, top right, bottom right, bottom left of the picture."""
        return [self.to_lonlat(x, y) for x, y in ((0, 0), (width_px, 0), (width_px, height_px), (0, height_px))]


def place(frame: Frame, points: Sequence[KnownPoint]) -> Placement:
    """The picture on which both known points lie where they should; they must differ in pixels and on Earth."""
    first, second = (_upwards(*point.pixel) for point in points)
    here, there = (complex(*frame.to_metres(*point.at)) for point in points)
    return Placement(frame, first, here, (there - here) / (second - first))


def placement_flaws(
    frame: Frame, points: Sequence[KnownPoint], size: tuple[int, int], outline: BaseGeometry
) -> list[Flaw]:
    """What is wrong with two known points of a picture of that size, on a level with that outline (lon/lat)."""
    flaws = [flaw for i, point in enumerate(points) for flaw in _point_flaws(point, (i,), size, outline)]
    if flaws:
        return flaws
    first, second = (_upwards(*point.pixel) for point in points)
    if abs(second - first) < MIN_APART_PX:
        return [Flaw((1, "pixel"), f"the two points lie less than {MIN_APART_PX:g} pixels apart; take distant ones")]
    if points[0].at == points[1].at:
        return [Flaw((1, "at"), "both points lie at the same place")]
    placement = place(frame, points)
    if not MIN_PIXEL_M <= placement.pixel_m <= MAX_PIXEL_M:
        detail = f"a pixel would measure {placement.pixel_m:.3g} m; a floor plan has {MIN_PIXEL_M:g} to {MAX_PIXEL_M:g}"
        return [Flaw((), f"{detail}: one of the points is somewhere else")]
    picture = shapely.Polygon(placement.corners(*size))
    if flaw := far_from(picture, outline, CORNER_REACH_M):
        return [Flaw((), f"with these points the picture would reach far from the mall: {flaw.detail}")]
    return []


def _point_flaws(point: KnownPoint, path: tuple[int], size: tuple[int, int], outline: BaseGeometry) -> list[Flaw]:
    flaws = []
    if not all(0 <= n <= limit for n, limit in zip(point.pixel, size, strict=True)):
        flaws.append(Flaw((*path, "pixel"), f"it lies outside the picture, which has {size[0]} × {size[1]} pixels"))
    if flaw := far_from(Point(point.at), outline, KNOWN_POINT_REACH_M):
        flaws.append(Flaw((*path, "at"), flaw.detail))
    return flaws


def _upwards(x: float, y: float) -> complex:
    """A pixel as a number whose imaginary part rises upwards, as the frame's y does."""
    return complex(x, -y)
