"""Overland (PROTOCOLS 1.2): batches of GeoJSON Features. The answer must be an object with `result: "ok"`.

Speeds are whole m/s, −1 means invalid, times carry `Z` or an offset like `-0700`. Features that tell of visits, pauses
and trips are no fixes. `current`, the newest fix while a backlog is sent, comes again in `locations`: taking it early
would turn the whole backlog into late points, so it waits its turn.
"""

from collections.abc import Mapping
from typing import Any

from geoengage.ingest.rules.vocabulary import (
    FUSED,
    Ignored,
    Reading,
    make_ping,
    members,
    moment,
    not_negative,
    number,
    read_json,
)
from geoengage.presence.rules.fixes import PingIn

CLIENT = "overland"
TAKEN = {"result": "ok"}


def read(body: bytes) -> Reading:
    """What a request says."""
    reading, value = Reading(CLIENT), read_json(body)
    locations = members(value).get("locations")
    if isinstance(value, Ignored):
        reading.ignored.append(value)
    elif not isinstance(locations, list):
        reading.ignored.append(Ignored.UNREADABLE)
    else:
        for feature in locations:
            reading.take(_feature(members(feature)))
        if members(value).get("current"):
            reading.ignored.append(Ignored.COMES_AGAIN)
    return reading


def _feature(feature: Mapping[str, Any]) -> PingIn | Ignored:
    properties = members(feature.get("properties"))
    if "action" in properties or properties.get("type") == "trip":
        return Ignored.NOT_A_FIX
    geometry = members(feature.get("geometry"))
    coordinates = geometry.get("coordinates")
    if geometry.get("type") != "Point" or not isinstance(coordinates, list) or len(coordinates) < 2:
        return Ignored.NO_POSITION
    return make_ping(
        moment(properties.get("timestamp")),
        number(coordinates[0]),
        number(coordinates[1]),
        accuracy_m=not_negative(properties.get("horizontal_accuracy")),
        speed_mps=not_negative(properties.get("speed")),
        source=FUSED,
    )
