"""transistorsoft's background-geolocation SDK (PROTOCOLS 1.4): its JSON, and methods of it called by our answer.

Traccar Client 9 sends the same shape. The SDK's geofence events are the phone's own transitions; the smallest circle
that it monitors reliably has 200 m, so that a zone whose circle is smaller is pushed wider than the engine reckons
with, under an id that says so: leaving that circle is as certain, entering it is only a position.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from geoengage.ingest.rules.regions import REFRESH, Region
from geoengage.ingest.rules.vocabulary import (
    FUSED,
    LEVELS,
    Ignored,
    Reading,
    make_ping,
    members,
    moment,
    not_negative,
    number,
    read_json,
    text,
    truth,
    uuid_text,
    whole,
)
from geoengage.presence.rules.fixes import PingIn

CLIENT = "background-geolocation"
MOST_REGIONS = 100
SMALLEST_M = 200.0  # the vendor's own advice (Geofence.d.ts)
LOITERING_MS = 60_000
WIDER = "/wider"
_KINDS = {"ENTER": "enter", "EXIT": "exit", "DWELL": "dwell"}


def read(body: bytes) -> Reading:
    """What a request says."""
    return read_value(read_json(body), CLIENT)


def read_value(value: Any, client: str) -> Reading:
    """The same of a decoded body: `location` is one or a list; an app may leave the member out (`httpRootProperty`)."""
    reading = Reading(client)
    if isinstance(value, Ignored):
        reading.ignored.append(value)
        return reading
    if isinstance(value, list):
        locations = value
    else:
        root = members(value)
        found = root if "coords" in root else root.get("location")
        locations = found if isinstance(found, list) else [found]
    for each in locations:
        reading.take(_location(members(each)))
    return reading


def token_of(value: Any) -> str:
    """The device token where an app can send no header: the top level's `device_id`."""
    return text(members(value).get("device_id"))


def _location(location: Mapping[str, Any]) -> PingIn | Ignored:
    coords = members(location.get("coords"))
    if not coords:
        return Ignored.NO_POSITION if location else Ignored.UNREADABLE
    if truth(location.get("sample")):
        return Ignored.THROW_AWAY
    return make_ping(
        moment(location.get("timestamp")),
        number(coords.get("longitude")),
        number(coords.get("latitude")),
        accuracy_m=not_negative(coords.get("accuracy")),
        speed_mps=not_negative(coords.get("speed")),
        level=whole(coords.get("floor"), LEVELS),
        mocked=truth(location.get("mock")),
        transition=_transition(members(location.get("geofence"))),
        source=FUSED,
    )


def _transition(geofence: Mapping[str, Any]) -> dict[str, str] | None:
    identifier = text(geofence.get("identifier"))
    zone = uuid_text(identifier.removesuffix(WIDER))
    kind = _KINDS.get(text(geofence.get("action")))
    if zone is None or kind is None or (identifier.endswith(WIDER) and kind != "exit"):
        return None
    return {"zone_id": zone, "kind": kind}


# --- regions ------------------------------------------------------------------------------------------------------


def push(regions: Sequence[Region], refresh: Region) -> dict[str, Any]:
    """The answer that makes the SDK monitor these regions and no others."""
    fences = [_fence(REFRESH, refresh, stays=False), *(_fence(_identifier(r), r, stays=True) for r in regions)]
    return {"background_geolocation": [["removeGeofences"], ["addGeofences", fences]]}


def clear() -> dict[str, Any]:
    """The answer that takes all regions from a phone."""
    return {"background_geolocation": [["removeGeofences"]]}


def _identifier(region: Region) -> str:
    return str(region.zone_id) + (WIDER if region.radius_m < SMALLEST_M else "")


def _fence(identifier: str, region: Region, *, stays: bool) -> dict[str, Any]:
    """`stays`: enter and dwell count too, not only the exit."""
    return {
        "identifier": identifier,
        "latitude": round(region.lat, 6),
        "longitude": round(region.lon, 6),
        "radius": max(SMALLEST_M, round(region.radius_m)),
        "notifyOnEntry": stays,
        "notifyOnExit": True,
        "notifyOnDwell": stays,
        "loiteringDelay": LOITERING_MS,
    }
