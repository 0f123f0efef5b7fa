"""The OsmAnd protocol as Traccar Client speaks it in three versions (PROTOCOLS 1.3), and GPSLogger's custom URL (1.5).

≤ 8: parameters in the query; 10: a form, or a JSON array of the same keys; 9: background-geolocation's JSON object.
`speed` is knots, `timestamp` seconds, milliseconds or ISO. GPSLogger's template says `speed_mps`. Any 2xx removes the
point from the phone's queue, anything else blocks the head of that queue.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from geoengage.ingest.rules import background_geolocation
from geoengage.ingest.rules.vocabulary import (
    FUSED,
    KNOTS_IN_MPS,
    Ignored,
    Reading,
    access_point,
    make_ping,
    members,
    moment,
    not_negative,
    number,
    read_json,
    text,
    truth,
)
from geoengage.presence.rules.fixes import PingIn

TRACCAR, GPSLOGGER = "traccar", "gpslogger"
MOST_FIELDS = 200
Fields = Mapping[str, list[str]]


def read(query: str, body: bytes, content_type: str, received_at: datetime) -> tuple[Reading, str]:
    """What a request says, and the device token in it (empty: none). A point without time is of `received_at`."""
    fields = _fields(query)
    kind = content_type.partition(";")[0].strip().lower()
    value: Any = None
    if kind == "application/json" and body.strip():
        value = read_json(body)
    elif body.strip():
        fields = _merged(fields, _fields(body.decode("utf-8", "replace")))
    if value is None:
        reading = Reading(GPSLOGGER if "speed_mps" in fields else TRACCAR)
        reading.take(_point(fields, received_at))
        return reading, _token(fields)
    if isinstance(value, list):
        reading = Reading(TRACCAR)
        points = [_as_fields(members(each)) for each in value]
        for point in points:
            reading.take(_point(point, received_at))
        return reading, _token(fields) or next(filter(None, map(_token, points)), "")
    reading = background_geolocation.read_value(value, TRACCAR)
    return reading, _token(fields) or background_geolocation.token_of(value)


def _fields(encoded: str) -> dict[str, list[str]]:
    """Form fields by lower case name, in their order."""
    found: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(encoded, keep_blank_values=False, max_num_fields=MOST_FIELDS)
    except ValueError:
        return found
    for name, value in pairs:
        found.setdefault(name.lower(), []).append(value)
    return found


def _merged(*parts: Fields) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in parts:
        for name, values in part.items():
            found.setdefault(name, []).extend(values)
    return found


def _as_fields(point: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name.lower(): [_spelt(value)] for name, value in point.items() if isinstance(value, str | int | float)}


def _spelt(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _first(fields: Fields, *names: str) -> str | None:
    return next((fields[name][0] for name in names if fields.get(name)), None)


def _token(fields: Fields) -> str:
    return text(_first(fields, "id", "deviceid", "device_id"))


def _point(fields: Fields, received_at: datetime) -> PingIn | Ignored:
    if "notificationtoken" in fields:
        return Ignored.PUSH_TOKEN
    if _first(fields, "valid") is not None and not truth(_first(fields, "valid")):
        return Ignored.NOT_A_FIX
    lon, lat = _position(fields)
    said = _first(fields, "timestamp", "time")
    return make_ping(
        received_at if said is None else moment(said),
        lon,
        lat,
        accuracy_m=not_negative(_first(fields, "accuracy")),
        speed_mps=_speed(fields),
        mocked=truth(_first(fields, "mock", "mocked")),
        access_points=_heard(fields.get("wifi", ())) or None,
        source=FUSED,
    )


def _position(fields: Fields) -> tuple[float | None, float | None]:
    both = text(_first(fields, "location")).split(",")
    if len(both) == 2:
        return number(both[1]), number(both[0])
    return number(_first(fields, "lon")), number(_first(fields, "lat"))


def _speed(fields: Fields) -> float | None:
    metres = not_negative(_first(fields, "speed_mps"))
    knots = not_negative(_first(fields, "speed"))
    return metres if metres is not None or knots is None else knots / KNOTS_IN_MPS


def _heard(values: Iterable[str]) -> list[dict[str, Any]]:
    """`wifi=mac,rssi`, repeated for each access point."""
    found = (access_point(mac, rssi) for mac, _, rssi in (value.partition(",") for value in values))
    return [each for each in found if each][:100]
