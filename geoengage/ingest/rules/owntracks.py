"""OwnTracks in HTTP mode (PROTOCOLS 1.1): one JSON object a request, regions pushed as commands in the answer.

Traps: `vel` is km/h, `tst` seconds; Android leaves out a coordinate of exactly 0.0 and names regions by `wtst` and
`desc` only; iOS sends a `location` with `t: "c"` beside each `transition`, of the same time. A `tst` below 1e9 comes
from Overland's OwnTracks mode, which counts from 2001.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from geoengage.ingest.rules.regions import REFRESH, Region
from geoengage.ingest.rules.vocabulary import (
    EPOCH_2001_S,
    FUSED,
    KMH_IN_MPS,
    Ignored,
    Reading,
    access_point,
    from_epoch,
    make_ping,
    members,
    not_negative,
    number,
    read_json,
    text,
    uuid_text,
    whole,
)
from geoengage.presence.rules.fixes import PingIn
from geoengage.presence.rules.heard import PhoneTransition

ANDROID, IOS, BY_OVERLAND = "owntracks-android", "owntracks-ios", "overland-owntracks-mode"
MOST_REGIONS = {ANDROID: 100, IOS: 20}  # of an app, the refresh circle among them
OLDEST_TST = 1_000_000_000  # September 2001 since 1970; since 2001 it is reached in 2032
_SINCE_2001 = range(700_000_000, OLDEST_TST)  # the years 2023 to 2032 as Overland counts them
_TST_SPAN = 700_000_000
REFRESH_TST = OLDEST_TST - 1
NOWHERE = -1_000_000  # iOS deletes a region whose coordinates are out of range
LONGEST_DESC = 60
_KINDS: Mapping[str, Any] = {"enter": "enter", "leave": "exit"}  # Android tells a dwell as another enter
_IGNORED = {
    "waypoint": Ignored.WAYPOINT,
    "waypoints": Ignored.WAYPOINT,
    "lwt": Ignored.STATUS,
    "status": Ignored.STATUS,
    "encrypted": Ignored.ENCRYPTED,
}


@dataclass(slots=True)
class OwnTracksReading(Reading):
    """A reading with the crossings whose zone is known by `wtst` and `desc` only: (number of the ping, both, kind)."""

    crossings: list[tuple[int, int, str, Any]] = field(default_factory=list)


def read(body: bytes, user_agent: str) -> OwnTracksReading:
    """What a request says. Only `location`, `transition` and `beacon` become pings."""
    value = read_json(body)
    if isinstance(value, Ignored):
        return OwnTracksReading(_client({}, user_agent), ignored=[value])
    messages = value if isinstance(value, list) else [value]
    reading = OwnTracksReading(_client(members(messages[0] if messages else None), user_agent))
    for each in messages:
        message = members(each)
        kind = text(message.get("_type"))
        if kind == "location":
            reading.take(_location(message, reading.client))
        elif kind == "transition":
            _transition(message, reading)
        elif kind == "beacon":
            reading.take(_beacon(message))
        else:
            reading.ignored.append(_IGNORED.get(kind, Ignored.OTHER if message else Ignored.UNREADABLE))
    return reading


def _client(message: Mapping[str, Any], user_agent: str) -> str:
    """Which program it is. Only Android sends `_id`; Overland's mode is known by its epoch."""
    if message.get("_type") == "location" and whole(message.get("tst"), _SINCE_2001) is not None:
        return BY_OVERLAND
    return ANDROID if "android" in user_agent.lower() or "_id" in message else IOS


def _location(message: Mapping[str, Any], client: str) -> PingIn | Ignored:
    if message.get("t") == "c":
        return Ignored.BESIDE_TRANSITION  # the transition carries the same fix, and says what it means
    heard = access_point(message.get("BSSID", message.get("bssid")))
    more = {"access_points": [heard] if heard else None, "speed_mps": _speed(message)}
    lon, lat = _position(message, client)
    if lon is None or lat is None:
        return Ignored.NO_POSITION
    return make_ping(_time(message), lon, lat, accuracy_m=_accuracy(message), source=FUSED, **more)


def _transition(message: Mapping[str, Any], reading: OwnTracksReading) -> None:
    lon, lat = _position(message, reading.client)
    kind = _KINDS.get(text(message.get("event")))
    by_rid = uuid_text(message.get("rid"))
    transition = {"zone_id": by_rid, "kind": kind} if by_rid and kind else None
    found = make_ping(
        _time(message), lon, lat, accuracy_m=_accuracy(message), source=FUSED, transition=transition
    )  # fmt: skip
    wtst = whole(message.get("wtst"), range(OLDEST_TST, OLDEST_TST + _TST_SPAN))
    if isinstance(found, PingIn) and kind and "rid" not in message and wtst is not None:
        reading.crossings.append((len(reading.pings), wtst, text(message.get("desc")), kind))
    reading.take(found)


def _beacon(message: Mapping[str, Any]) -> PingIn | Ignored:
    """A beacon heard while ranging: evidence without coordinates."""
    beacon = {
        "uuid": uuid_text(message.get("uuid")),
        "major": whole(message.get("major"), range(65_536)),
        "minor": whole(message.get("minor"), range(65_536)),
        "rssi": whole(message.get("rssi"), range(-128, 0)),  # 0: not measured
    }
    return make_ping(_time(message), None, None, beacons=[beacon], source="beacon")


def _position(message: Mapping[str, Any], client: str) -> tuple[float | None, float | None]:
    lon, lat = number(message.get("lon")), number(message.get("lat"))
    if client == ANDROID and ("lon" in message) != ("lat" in message):  # its encoder leaves out what is exactly 0.0
        lon, lat = (0.0 if "lon" not in message else lon), (0.0 if "lat" not in message else lat)
    return lon, lat


def _accuracy(message: Mapping[str, Any]) -> float | None:
    return not_negative(message.get("acc"))


def _speed(message: Mapping[str, Any]) -> float | None:
    kmh = not_negative(message.get("vel"))
    return None if kmh is None else kmh / KMH_IN_MPS


def _time(message: Mapping[str, Any]) -> Any:
    tst = number(message.get("tst"))
    if tst is None or tst <= 0:
        return None
    return from_epoch(tst + EPOCH_2001_S if whole(tst, _SINCE_2001) is not None else tst)


# --- regions ------------------------------------------------------------------------------------------------------


def region_tst(id_: UUID) -> int:
    """The `tst` by which Android knows a zone: a past second that its id always gives."""
    return OLDEST_TST + id_.int % _TST_SPAN


def clean_desc(name: str) -> str:
    """A zone's name as `desc`: `:` would make it a beacon on iOS, `|` change its monitoring mode."""
    return re.sub(r"[\s:|]+", " ", name).strip()[:LONGEST_DESC].strip() or "Zone"


def with_unique_tst(regions: Iterable[Region]) -> list[Region]:
    """The regions without the farther one of two zones that share a `tst` (one pair in some hundred thousand sets)."""
    seen: set[int] = set()
    return [r for r in regions if (tst := region_tst(r.zone_id)) not in seen and not seen.add(tst)]  # type: ignore[func-returns-value]


def resolve(reading: OwnTracksReading, regions: Sequence[Region]) -> None:
    """Give the crossings that name a region by `wtst` and `desc` their zones, out of regions near the phone.

    A zone that was renamed since is still known by its `tst` where only one has it. A region of the phone's own stays
    a mere position.
    """
    for position, wtst, desc, kind in reading.crossings:
        same = [r for r in regions if region_tst(r.zone_id) == wtst]
        named = [r for r in same if clean_desc(r.name) == desc] or same
        if len(named) == 1:
            transition = PhoneTransition(zone_id=str(named[0].zone_id), kind=kind)
            reading.pings[position] = msgspec.structs.replace(reading.pings[position], transition=transition)


def push(client: str, regions: Sequence[Region], refresh: Region, told: Collection[UUID] | None) -> list[Any]:
    """The answer that makes a phone monitor these regions and nothing else of ours. `told`: those it has, None: none.

    Android cannot delete one region, so all go first; iOS is told which of ours are gone and keeps its own.
    """
    waypoints = [_waypoint(refresh, REFRESH_TST, REFRESH)]
    waypoints += [_waypoint(r, region_tst(r.zone_id), str(r.zone_id)) for r in regions]
    first: list[Any] = []
    if client == ANDROID and told is not None:
        first = clear()
    elif told is not None:
        gone = sorted(set(told) - {r.zone_id for r in regions})
        waypoints = [_gone(id_) for id_ in gone] + waypoints
    return [*first, _command("setWaypoints", waypoints={"_type": "waypoints", "waypoints": waypoints})]


def clear() -> list[Any]:
    """The answer that takes all regions from a phone."""
    return [_command("clearWaypoints")]


def _command(action: str, **more: Any) -> dict[str, Any]:
    return {"_type": "cmd", "action": action, **more}


def _waypoint(region: Region, tst: int, rid: str) -> dict[str, Any]:
    return {
        "_type": "waypoint",
        "desc": clean_desc(region.name),
        "lat": round(region.lat, 6),
        "lon": round(region.lon, 6),
        "rad": round(region.radius_m),
        "tst": tst,
        "rid": rid,
    }


def _gone(id_: UUID) -> dict[str, Any]:
    place = {"desc": "Gone", "lat": NOWHERE, "lon": NOWHERE, "rad": 0}
    return {"_type": "waypoint", **place, "tst": region_tst(id_), "rid": str(id_)}
