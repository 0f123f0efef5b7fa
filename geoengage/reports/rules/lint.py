"""What is doubtful about a zone, said before anybody is matched with it. Pure: facts in, findings with numbers out.

Shapes are in metres of the subject's own frame; findings give their places back in lon/lat.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from math import ceil
from typing import Any
from uuid import UUID

import shapely
from shapely.geometry.base import BaseGeometry

from geoengage.kit.geo import Frame
from geoengage.presence.rules.levels import level_probability
from geoengage.reports.rules.shapes import best_share, position_at, self_crossings, thin_parts, widest
from geoengage.reports.rules.words import sensitive_word
from geoengage.venues.rules import Flaw, Sensitivity, ZoneKind, ZoneRules

MIN_OVERLAP_M2 = 0.5  # neighbours that share a wall overlap by rounding
MIN_OVERLAP = 0.01  # share of the smaller zone below which an overlap is a matter of drawing
SAME = 0.98  # share from which one zone lies within the other
MIN_OUTSIDE_M2 = 0.5
MOST_OVERLAPS = 20
_REACHES_OUT = frozenset({ZoneKind.ENTRANCE, ZoneKind.PARKING, ZoneKind.CATCHMENT, ZoneKind.DELIVERY_AREA})


class Severity(StrEnum):
    """error: it cannot work; warning: it will hardly do what is meant; hint: worth a thought."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


class Code(StrEnum):
    """What a finding is about."""

    CROSSES_ITSELF = "crosses_itself"
    INVALID = "invalid"
    TOO_SMALL_FOR_ACCURACY = "too_small_for_accuracy"
    CANNOT_REACH_CONFIDENCE = "cannot_reach_confidence"
    NEEDS_LEVEL = "needs_level"
    OVERLAPS = "overlaps"
    OUTSIDE_LEVEL = "outside_level"
    SENSITIVE_NAME = "sensitive_name"
    THIN_SLIVER = "thin_sliver"
    DWELL_BEFORE_ENTER = "dwell_before_enter"
    SCHEDULE_OVER = "schedule_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One doubt. `place` lon, lat; `geometry` lon/lat, what to highlight; `numbers` those that the text names."""

    code: Code
    severity: Severity
    text: str
    advice: str
    place: tuple[float, float] | None = None
    geometry: BaseGeometry | None = None
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another zone on a common level. `name` None: the caller may not know which it is, nor its id."""

    zone_id: UUID
    name: str | None
    area: BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a draft says, without its shape. `category`: of its store."""

    name: str
    kind: ZoneKind
    tags: Sequence[str]
    category: str | None
    sensitivity: Sensitivity
    rules: ZoneRules
    valid_to: datetime | None


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A draft's shape and what is around it. `building`: floors of its mall; `outlines` of the floors it is on;
    `reached_by`: the beacon or the like that enters it whatever GPS can do, in words."""

    frame: Frame
    area: BaseGeometry
    radius_m: float | None
    levels: frozenset[int]
    accuracy_m: float
    building: Sequence[int]
    outlines: Mapping[int, BaseGeometry]
    neighbours: Sequence[Neighbour]
    reached_by: str | None = None

    @cached_property
    def best_place(self) -> tuple[float, tuple[float, float]]:
        """The largest share of an accuracy circle that lies inside from anywhere, and where that is."""
        return best_share(self.area, self.accuracy_m)


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a draft shares with a neighbour: the area, and its share of the draft and of the neighbour."""

    neighbour: Neighbour
    area: BaseGeometry
    share: float
    share_of_other: float


# --- the words ------------------------------------------------------------------------------------------------------


def lint_words(w: Words, now: datetime) -> Iterator[Finding]:
    """Doubts about name, marks and times."""
    texts = [w.name, *w.tags, *([w.category] if w.category else [])]
    if w.sensitivity is Sensitivity.NONE and (found := sensitive_word(texts)):
        sensitivity, word = found
        yield Finding(
            code=Code.SENSITIVE_NAME,
            severity=Severity.WARNING,
            text=f"“{word}” sounds like {_KINDS[sensitivity]}, where nobody's presence should be recorded.",
            advice=f"Set sensitivity to “{sensitivity}”: it is then counted in anonymous totals only.",
            numbers={"word": word, "sensitivity": str(sensitivity)},
        )
    marks = [m for m in w.rules.dwell_s if m < w.rules.enter_s]
    if marks:
        yield Finding(
            code=Code.DWELL_BEFORE_ENTER,
            severity=Severity.HINT,
            text=f"The dwell mark of {marks[0]} s lies before the {w.rules.enter_s} s after which somebody is in.",
            advice=f"Set dwell marks to more than {w.rules.enter_s} s, or enter_s to less.",
            numbers={"dwell_s": marks[0], "enter_s": w.rules.enter_s},
        )
    if w.valid_to is not None and w.valid_to <= now:
        yield Finding(
            code=Code.SCHEDULE_OVER,
            severity=Severity.WARNING,
            text=f"Its schedule ended on {w.valid_to:%Y-%m-%d %H:%M} UTC: nobody can be inside any more.",
            advice="Set a later valid_to, or take it away.",
        )


_KINDS = {
    Sensitivity.HEALTH: "a place of health care",
    Sensitivity.WORSHIP: "a place of worship",
    Sensitivity.CHILDREN: "a place where children are looked after",
    Sensitivity.RESTROOM: "a restroom",
}


# --- a shape that is none -------------------------------------------------------------------------------------------


def lint_flaws(geometry: dict[str, Any], flaws: Sequence[Flaw]) -> Iterator[Finding]:
    """What is wrong with a geometry that cannot be stored (`venues.rules.check_area`), each flaw at its place."""
    crossings = self_crossings(geometry) if any("crosses or touches itself" in f.detail for f in flaws) else []
    for lon, lat in crossings:
        yield Finding(
            code=Code.CROSSES_ITSELF,
            severity=Severity.ERROR,
            text=f"The outline crosses or touches itself at [{lon:.7g}, {lat:.7g}].",
            advice="Move one of the two edges that meet there, or make two zones of it.",
            place=(lon, lat),
            geometry=shapely.Point(lon, lat),
        )
    for flaw in flaws:
        if crossings and "crosses or touches itself" in flaw.detail:
            continue
        place = position_at(geometry, flaw.path)
        yield Finding(
            code=Code.INVALID,
            severity=Severity.ERROR,
            text=flaw.detail[:1].upper() + flaw.detail[1:] + ".",
            advice="Correct the shape at this place; it cannot be saved like this.",
            place=place,
            geometry=None if place is None else shapely.Point(place),
            numbers={"path": "/".join(map(str, flaw.path))},
        )


# --- the shape ------------------------------------------------------------------------------------------------------


def lint_shape(s: Subject, w: Words) -> Iterator[Finding]:
    """Doubts about where a valid shape lies and how large it is."""
    yield from _size(s)
    yield from _confidence(s, w.rules)
    yield from _thin(s)
    yield from (_overlap(s, o) for o in overlaps(s.area, s.neighbours))
    yield from _outside(s, w.kind)


def best_confidence(s: Subject, *, reports_level: bool) -> float:
    """The highest confidence that a phone with the usual accuracy can reach anywhere in the zone."""
    return s.best_place[0] * _level_p(s, reports_level=reports_level)


def _level_p(s: Subject, *, reports_level: bool) -> float:
    reported = min(s.levels, default=None) if reports_level else None
    return level_probability(s.levels, s.building, reported, None)


def _size(s: Subject) -> Iterator[Finding]:
    x, y, radius = widest(s.area)
    width = 2 * radius
    small = s.radius_m is not None and s.radius_m < s.accuracy_m
    if width >= s.accuracy_m and not small:
        return
    where = f"phones here report ±{s.accuracy_m:.0f} m{_on(s.levels)}"
    size, wider = f"zone is {width:.0f} m wide", f"Widen it to {2 * s.accuracy_m:.0f} m"
    if s.radius_m is not None:
        size, wider = f"circle has a radius of {s.radius_m:.0f} m", f"Give it a radius of {ceil(s.accuracy_m)} m"
    yield Finding(
        code=Code.TOO_SMALL_FOR_ACCURACY,
        severity=Severity.WARNING,
        text=f"This {size}; {where}.",
        advice=f"{wider} or more, or join it with its neighbour.",
        place=_place(s, x, y),
        geometry=_on_earth(s, s.area),
        numbers={"width_m": round(width, 1), "radius_m": s.radius_m, "accuracy_m": round(s.accuracy_m, 1)},
    )


def _confidence(s: Subject, rules: ZoneRules) -> Iterator[Finding]:
    share, (x, y) = s.best_place
    with_level, without = (share * _level_p(s, reports_level=r) for r in (True, False))
    needed, accuracy = rules.min_confidence, f"±{s.accuracy_m:.0f} m"
    numbers = {
        "best": round(with_level, 2), "without_level": round(without, 2), "needed": needed, "share": round(share, 2),
        "accuracy_m": round(s.accuracy_m, 1),
    }  # fmt: skip
    if with_level < needed:
        silent = f", {without:.2f} for a phone that reports no floor" if without < with_level else ""
        reached = f" {s.reached_by} reaches it." if s.reached_by else ""
        lower = f"Widen it, or set min_confidence to {max(0.05, with_level * 0.9):.2f} or less"
        yield Finding(
            code=Code.CANNOT_REACH_CONFIDENCE,
            severity=Severity.HINT if reached else Severity.ERROR,
            text=f"{'Nobody gets in by GPS alone' if reached else 'Nobody can get in'}: with {accuracy} the best place"
            f" in it reaches {with_level:.2f}{silent}; it needs {needed:.2f}.{reached}",
            advice=f"{lower}, if phones that do not hear it shall count too."
            if reached
            else f"{lower}, or place a beacon or a check-in code in it.",
            place=_place(s, x, y),
            geometry=_on_earth(s, s.area),
            numbers=numbers,
        )
    elif without < needed:
        yield Finding(
            code=Code.NEEDS_LEVEL,
            severity=Severity.HINT,
            text=f"A phone that has not reported its floor reaches at most {without:.2f} here; it needs {needed:.2f}."
            " Only phones that know their floor get in.",
            advice="Let the app report the floor, place a beacon (it tells phones theirs), or lower min_confidence.",
            place=_place(s, x, y),
            numbers=numbers,
        )


def _thin(s: Subject) -> Iterator[Finding]:
    thin = thin_parts(s.area)
    if thin is None:
        return
    x, y, _ = widest(thin)
    yield Finding(
        code=Code.THIN_SLIVER,
        severity=Severity.WARNING,
        text=f"{_whole(thin.area, s.area.area)} narrower than 1 m ({thin.area:.1f} m²).",
        advice="Take the sliver away or widen it: no phone can tell that it is there.",
        place=_place(s, x, y),
        geometry=_on_earth(s, thin),
        numbers={"area_m2": round(thin.area, 1)},
    )


def _whole(part: float, whole: float) -> str:
    return "The zone is" if part > SAME * whole else "A part of the zone is"


def overlaps(area: BaseGeometry, neighbours: Sequence[Neighbour]) -> list[Overlap]:
    """Real overlaps with neighbours, the largest first; one for each zone, and not for what is only rounding."""
    found: dict[UUID, Overlap] = {}
    for n in neighbours:
        common = shapely.intersection(area, n.area)
        smaller = min(area.area, n.area.area)
        if common.area <= max(MIN_OVERLAP_M2, MIN_OVERLAP * smaller):
            continue
        if n.zone_id not in found or found[n.zone_id].area.area < common.area:
            found[n.zone_id] = Overlap(n, common, common.area / area.area, common.area / n.area.area)
    return sorted(found.values(), key=lambda o: -o.area.area)[:MOST_OVERLAPS]


def _overlap(s: Subject, o: Overlap) -> Finding:
    name = o.neighbour.name or "another zone"
    inside, around = o.share >= SAME, o.share_of_other >= SAME
    if inside and around:
        text = f"Covers the same area as {name}."
    elif inside:
        text = f"Lies within {name}: whoever is in here is in both."
    elif around:
        text = f"Contains {name}: whoever is in there is in both."
    else:
        text = f"Overlaps {name} by {o.area.area:.0f} m² ({o.share:.0%} of this zone): whoever stands there is in both."
    contained = inside != around
    advice = "Fine if one is meant as a part of the other." if contained else "Move the edge to where one place ends."
    point = shapely.point_on_surface(o.area)
    return Finding(
        code=Code.OVERLAPS,
        severity=Severity.HINT if contained else Severity.WARNING,
        text=text,
        advice=advice,
        place=_place(s, point.x, point.y),
        geometry=_on_earth(s, o.area),
        numbers={
            "zone_id": str(o.neighbour.zone_id) if o.neighbour.name else None, "name": o.neighbour.name,
            "area_m2": round(o.area.area, 1), "share": round(o.share, 3), "share_of_other": round(o.share_of_other, 3),
        },
    )  # fmt: skip


def _outside(s: Subject, kind: ZoneKind) -> Iterator[Finding]:
    for level, outline in sorted(s.outlines.items()):
        beyond = shapely.difference(s.area, outline)
        if beyond.area <= MIN_OUTSIDE_M2:
            continue
        share = beyond.area / s.area.area
        part = "All of it lies" if share > SAME else f"{beyond.area:.0f} m² ({share:.0%}) of it lie"
        point = shapely.point_on_surface(beyond)
        yield Finding(
            code=Code.OUTSIDE_LEVEL,
            severity=Severity.HINT if kind in _REACHES_OUT else Severity.WARNING,
            text=f"{part} outside the outline of floor {level}.",
            advice=f"Cut it back to floor {level}, correct that outline, or take the floor off the zone.",
            place=_place(s, point.x, point.y),
            geometry=_on_earth(s, beyond),
            numbers={"level": level, "area_m2": round(beyond.area, 1), "share": round(share, 3)},
        )


def _on(levels: frozenset[int]) -> str:
    return f" on floor {', '.join(map(str, sorted(levels)))}" if levels else ""


def _place(s: Subject, x: float, y: float) -> tuple[float, float]:
    lon, lat = s.frame.to_lonlat(x, y)
    return round(float(lon), 9), round(float(lat), 9)


def _on_earth(s: Subject, shape: BaseGeometry) -> BaseGeometry:
    return shapely.transform(s.frame.geometry_to_lonlat(shape), lambda c: c.round(9))
