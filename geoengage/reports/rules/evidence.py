"""Which evidence can reach a zone: phones that know their place by themselves, and what the map has around. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import shapely
from shapely.geometry.base import BaseGeometry

from geoengage.kit.geo import Frame
from geoengage.reports.rules.shapes import best_share
from geoengage.venues.rules import EvidenceKind, PlacedEvidence, can_enter, level_fits, reach_share

# What phones report indoors, by windows and with Wi-Fi: the 68 % radius of an error of 8 m per axis (1.51 × 8).
TYPICAL_GNSS_M = 12.0
Verdict = Literal["gnss", "beacon", "wifi", "check_in", "none"]
_VERDICTS: dict[EvidenceKind, Verdict] = {
    EvidenceKind.BEACON: "beacon",
    EvidenceKind.ACCESS_POINT: "wifi",
    EvidenceKind.CHECK_IN: "check_in",
}
_WORDS = {EvidenceKind.BEACON: "Beacon", EvidenceKind.ACCESS_POINT: "Access point", EvidenceKind.CHECK_IN: "Check-in"}


@dataclass(frozen=True, slots=True)
class Target:
    """A zone to be reached: its lon/lat shape, floors (none outdoors), the confidence that it needs."""

    area: BaseGeometry
    levels: Collection[int]
    needs: float


@dataclass(frozen=True, slots=True)
class Reach:
    """A point near a zone: metres from it to the zone (0 inside), and the largest share 0–1 of its disc that lies in
    the zone; 0 on another floor."""

    point: PlacedEvidence
    distance_m: float
    share: float


def frame_of(area: BaseGeometry) -> Frame:
    """The metric plane around a lon/lat shape."""
    west, south, east, north = area.bounds
    return Frame((west + east) / 2, (south + north) / 2)


def gnss_share(target: Target) -> float:
    """The largest share of the circle of a phone with typical accuracy that lies in the zone, wherever it stands."""
    return best_share(frame_of(target.area).geometry_to_metres(target.area), TYPICAL_GNSS_M)[0]


def reach_of(target: Target, points: Sequence[PlacedEvidence]) -> list[Reach]:
    """The points with what hearing each puts into the zone, the largest share first."""
    frame = frame_of(target.area)
    metres = frame.geometry_to_metres(target.area)
    found = []
    for point in points:
        x, y = frame.to_metres(point.lon, point.lat)
        share = reach_share(metres, x, y, _radius(point)) if level_fits(target.levels, point.level) else 0.0
        found.append(Reach(point, float(shapely.distance(metres, shapely.Point(x, y))), share))
    return sorted(found, key=lambda r: (-r.share, r.distance_m, r.point.id))


def _radius(point: PlacedEvidence) -> float | None:
    return None if point.kind is EvidenceKind.CHECK_IN else point.radius_m


def best_reach(target: Target, reaches: Sequence[Reach]) -> Reach | None:
    """The point that enters the zone best; a beacon before Wi-Fi before a check-in, for which somebody must act."""
    order = list(_VERDICTS)
    able = [r for r in reaches if can_enter(r.share, _radius(r.point), target.needs)]
    return min(able, key=lambda r: order.index(r.point.kind), default=None)


def point_words(point: PlacedEvidence, *, named: bool) -> str:
    """A point in a sentence; without its name for those who may not know it."""
    word = _WORDS[point.kind]
    return f"{word} “{point.name}”" if named else f"{'An' if word[0] in 'AEIOU' else 'A'} {word.lower()} of the mall"


def gnss_words(share: float, needs: float) -> str:
    """What GPS alone can do here."""
    part = "all" if share >= 0.995 else f"at most {share:.0%}"
    start = f"Of the circle of a phone that knows its place to ±{TYPICAL_GNSS_M:.0f} m {part} can lie in this zone"
    if share >= needs:
        return f"{start}, and {needs:.0%} is enough: GPS alone can enter it."
    return f"{start}, and {needs:.0%} is needed: GPS alone will not enter it."


def verdict_of_evidence(share: float, needs: float, best: Reach | None) -> Verdict:
    """The best that can enter the zone."""
    if share >= needs:
        return "gnss"
    return "none" if best is None else _VERDICTS[best.point.kind]


def evidence_words(share: float, needs: float, best: Reach | None, *, named: bool) -> str:
    """The answer in two plain sentences."""
    words = gnss_words(share, needs)
    if best is not None:
        return f"{words} {point_words(best.point, named=named)} reaches it."
    if share >= needs:
        return words
    return f"{words} Nothing on the map reaches it: place a beacon or a check-in code in it."


SENSITIVE_WORDS = "A sensitive zone is counted in anonymous totals only: no phone is ever matched with it."
