"""Why did it (not) fire? Matches the stored positions of a span again and lays them beside what the engine recorded.

An event names the version that it was decided with, so an edit since then shows.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from geoengage.presence.index import ZoneIndex
from geoengage.presence.rules.evidence import WRONG_REPORT, is_certain, wrong_floor
from geoengage.presence.rules.levels import belief_weight, level_probability, told
from geoengage.presence.rules.state import Track
from geoengage.presence.rules.track import radius_m, track_after
from geoengage.reports.belief import fix_of
from geoengage.reports.rules import Approach, Happened

BREATH = 200  # pairs of position and zone after which other requests get their turn
MARGIN_M = 25.0  # zones that lie this much beyond the accuracy circle are still worth a word


@dataclass(frozen=True, slots=True)
class Seen:
    """A fix and the zones near it. `floor`: the floor that was reckoned with and its weight 0–1; None: none known."""

    floor: tuple[int, float] | None
    near: tuple[Approach, ...]


async def look(
    index: ZoneIndex, fixes: Sequence[Mapping[str, Any]], level_before: tuple[int, datetime] | None
) -> list[Seen]:
    """Each of the fixes (rows of `store.list_fixes`, in order of time) with the zones near it."""
    if not fixes:
        return []
    fixes = _tracked(index, fixes)
    lon, lat = np.array([f["lon"] for f in fixes]), np.array([f["lat"] for f in fixes])
    pairs = index.near(lon, lat, np.array([f["accuracy_m"] for f in fixes]) + MARGIN_M)
    levels = believed_levels(index, fixes, level_before)
    near: list[list[Approach]] = [[] for _ in fixes]
    found = zip(pairs.point.tolist(), pairs.zone.tolist(), pairs.s.tolist(), strict=True)
    for n, (number, zone_number, s) in enumerate(found):
        if n % BREATH == BREATH - 1:
            await asyncio.sleep(0)
        if _is_told(index, zone_number, fixes[number]["at"]):
            near[number].append(approach(index, zone_number, fixes[number], levels[number], s))
    floors = [_reckoned(f["level"], known) for f, known in zip(fixes, levels, strict=True)]
    return [Seen(floor, tuple(found)) for floor, found in zip(floors, near, strict=True)]


def _tracked(index: ZoneIndex, fixes: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The fixes where they were judged to be: from one by beacons on, where all together put the phone."""
    lon, lat, accuracy = (np.array([f[name] for f in fixes]) for name in ("lon", "lat", "accuracy_m"))
    near = set(index.near(lon, lat, accuracy + index.largest_tolerance_m).point.tolist())
    found: list[Mapping[str, Any]] = []
    track: Track | None = None
    before = fixes[0]["at"]
    for number, row in enumerate(fixes):
        gap_s = (row["at"] - before).total_seconds()
        track, before = track_after(track, fix_of(row), gap_s, is_near=number in near), row["at"]
        place = {} if track is None else {"lon": track.lon, "lat": track.lat, "accuracy_m": radius_m(track)}
        found.append({**row, **place})
    return found


def _reckoned(named: int | None, believed: tuple[int, float] | None) -> tuple[int, float] | None:
    """The floor that a fix was judged by: the one it names, unless that was taken for an error."""
    return believed if named is None or (believed is not None and believed[0] != named) else (named, 1.0)


def _is_told(index: ZoneIndex, number: int, at: datetime) -> bool:
    """Whether a version was in force at a moment, or the zone was only to come."""
    if index.versions.in_force(number, at):
        return True
    zone = index.zones[number]
    return at < zone.effective_from and index.versions.number_at(zone.zone_id, at) is None


def closest(seen: Iterable[Seen]) -> dict[UUID, Approach]:
    """The fix that came closest to being inside, for each zone that was near any of them."""
    best: dict[UUID, Approach] = {}
    inside: dict[UUID, int] = defaultdict(int)
    for a in (a for moment in seen for a in moment.near):
        inside[a.zone_id] += a.is_open and a.is_in_force and a.confidence >= a.needed
        known = best.get(a.zone_id)
        if known is None or _rank(a) > _rank(known):
            best[a.zone_id] = a
    return {zone_id: replace(a, n_inside=inside[zone_id]) for zone_id, a in best.items()}


def _rank(a: Approach) -> tuple[bool, float, float]:
    return a.is_in_force, a.confidence, -a.s_m


def approach(
    index: ZoneIndex, zone_number: int, fix: Mapping[str, Any], believed: tuple[int, float] | None, s_m: float
) -> Approach:
    """One fix and one zone, in the engine's numbers; `n_inside` is left at 0."""
    zone, source = index.zones[zone_number], fix.get("source", "gnss")
    share = 1.0 if is_certain(source, s_m) else index.share(zone_number, fix["lon"], fix["lat"], fix["accuracy_m"], s_m)
    return Approach(
        zone_id=zone.zone_id,
        name=zone.name,
        at=fix["at"],
        s_m=round(s_m, 1),
        accuracy_m=fix["accuracy_m"],
        share=round(share, 3),
        level_p=round(level_probability(zone.levels, index.floors(zone), fix["level"], believed), 3),
        trust=fix["trust"],
        reported_level=fix["level"],
        zone_levels=tuple(sorted(zone.levels)),
        needed=zone.rules.min_confidence,
        n_inside=0,
        source=source,
        is_open=index.versions.facts(zone_number).is_open(fix["at"]),
        in_force_from=zone.effective_from,
    )


def believed_levels(
    index: ZoneIndex, fixes: Sequence[Mapping[str, Any]], before: tuple[int, datetime] | None
) -> list[tuple[int, float] | None]:
    """What was believed of the floor at each fix, its own report counted in, told again as the engine did."""
    ways = index.ways(np.array([f["lon"] for f in fixes]), np.array([f["lat"] for f in fixes]))
    level, level_at = before if before else (None, None)
    weight = 1.0 - WRONG_REPORT
    connector_at: datetime | None = None
    believed: list[tuple[int, float] | None] = []
    for number, fix in enumerate(fixes):
        if ways.at_connector[number]:
            connector_at = fix["at"]
        if fix["level"] is not None:
            known = None if level is None else (level, weight)
            wrong = wrong_floor(fix.get("source", "gnss"))
            level, weight = told(known, level_at, connector_at, fix["level"], fix["at"], wrong)
            level_at = fix["at"]
        elif ways.outdoors[number]:
            level, level_at, weight = 0, fix["at"], 1.0
        if level is None or level_at is None:
            believed.append(None)
        else:
            believed.append((level, weight * belief_weight(level_at, connector_at, fix["at"])))
    return believed


def happened(events: Sequence[Mapping[str, Any]], open_zones: set[UUID]) -> dict[UUID, Happened]:
    """What was recorded, by zone (rows of `store.list_events`); a visit that was taken back counts as never told."""
    gone = {e["visit_id"] for e in events if e["kind"] == "retracted" and e["dwell_s"] is None}
    told: dict[UUID, dict[str, str]] = defaultdict(dict)
    for e in events:
        if e["visit_id"] not in gone or e["kind"] == "retracted":
            told[e["zone_id"]][e["kind"]] = e["reason"]
    return {
        zone_id: Happened(
            entered="entered" in told[zone_id],
            exited="exited" in told[zone_id],
            was_inside=zone_id in open_zones,
            reasons=told[zone_id],
            taken_back=any(e["zone_id"] == zone_id and e["visit_id"] in gone for e in events)
            and not told[zone_id].keys() & {"entered", "exited"},
            corrected="revised" in told[zone_id],
        )
        for zone_id in {*(e["zone_id"] for e in events), *open_zones}
    }
