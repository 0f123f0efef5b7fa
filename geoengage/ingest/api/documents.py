"""The OpenAPI of the bare `/ingest` routes. The formats are their authors'; here stands what we read of them."""

from collections.abc import Mapping
from typing import Any

from geoengage.kit.openapi import PROBLEM

Json = dict[str, Any]
_PROBLEMS = {
    "401": "The credential is certainly wrong, or the device token was revoked.",
    "403": "A credential, but no device token.",
    "503": "Not stored, for a reason of ours: keep it and send it again after Retry-After.",
}
_NUMBER: Json = {"type": "number"}
_TEXT: Json = {"type": "string"}
_SECONDS = {"type": "integer"}


def openapi_paths() -> Json:
    """The path items of all bare routes."""
    return {
        "/ingest/owntracks": {"post": _owntracks()},
        "/ingest/overland": {"post": _overland()},
        "/ingest/osmand": {"get": _osmand("get"), "post": _osmand("post")},
        "/ingest/background-geolocation": {"post": _background_geolocation()},
        "/ingest/meraki/{scanner_id}": {"get": _validator(), "post": _observations()},
        "/ingest/shopify/{connection_id}": {"post": _shopify()},
    }


def _members(described: Mapping[str, tuple[Json, str]], *required: str) -> Json:
    """An object whose members are (schema, description). Unknown ones are ignored."""
    properties = {name: schema | {"description": about} for name, (schema, about) in described.items()}
    return {"type": "object", "properties": properties, "required": list(required)}


def _operation(name: str, about: str, answer: Json, body: Json | None = None, *, is_phone: bool = True) -> Json:
    """`body`: schemas by media type."""
    problems = _PROBLEMS if is_phone else _PROBLEMS | {"401": "Not this scanner's secret.", "404": "No such scanner."}
    operation: Json = {
        "tags": ["phone apps" if is_phone else "scanners"],
        "summary": name.replace("_", " ").title(),
        "operationId": name,
        "description": about,
        "responses": {
            "200": {"description": "Durable, or ignored for good.", "content": answer},
            **{status: {"description": why, "content": PROBLEM} for status, why in problems.items()},
        },
    }
    if is_phone:
        operation["security"] = [{"HTTPBearer": []}]
    if body is not None:
        content = {media: {"schema": schema} for media, schema in body.items()}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _json_answer(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


_PLAIN = {"text/plain": {"schema": _TEXT}}


def _owntracks() -> Json:
    body = _members(
        {
            "_type": (_TEXT, "`location`, `transition` and `beacon` count; everything else is answered and ignored."),
            "lat": (_NUMBER, "Degrees north."),
            "lon": (_NUMBER, "Degrees east."),
            "tst": (_SECONDS, "When the fix was taken, seconds since 1970."),
            "acc": (_NUMBER, "68 % radius, metres."),
            "vel": (_NUMBER, "Speed, km/h."),
            "event": (_TEXT, "Of a transition: `enter` or `leave`."),
            "rid": (_TEXT, "Of a transition on iOS: the region's id, ours is the zone's."),
            "wtst": (_SECONDS, "Of a transition on Android: the region's `tst`."),
            "desc": (_TEXT, "Of a transition: the region's name."),
            "uuid": (_TEXT, "Of a beacon: its proximity UUID."),
            "major": (_SECONDS, "Of a beacon."),
            "minor": (_SECONDS, "Of a beacon."),
            "rssi": (_SECONDS, "Of a beacon: signal strength, dBm."),
        }
    )
    command = _members(
        {
            "_type": (_TEXT, "Always `cmd`."),
            "action": (_TEXT, "`clearWaypoints` or `setWaypoints`."),
            "waypoints": ({"type": "object"}, "The regions to monitor."),
        },
        "_type",
        "action",
    )
    about = (
        "One message of OwnTracks in HTTP mode. The device token is the password of HTTP Basic. The answer is `[]`, or"
        " the commands that make the phone monitor the nearest zones. See docs/phones.md."
    )
    answer = {"anyOf": [{"type": "array", "items": command}, {"type": "object"}]}
    return _operation("post_owntracks", about, _json_answer(answer), {"application/json": body})


def _overland() -> Json:
    body = _members(
        {
            "locations": (
                {"type": "array", "items": {"type": "object"}},
                "GeoJSON Features with `timestamp`, `horizontal_accuracy` (metres) and `speed` (m/s) as properties.",
            ),
            "current": ({"type": "object"}, "Ignored: it comes again in `locations`."),
        },
        "locations",
    )
    about = "A batch of Overland (native mode). `Authorization: Bearer` with the device token. See docs/phones.md."
    answer = _members({"result": (_TEXT, "Always `ok`: the batch may be forgotten.")}, "result")
    return _operation("post_overland", about, _json_answer(answer), {"application/json": body})


_OSMAND: dict[str, tuple[Json, str]] = {
    "id": (_TEXT, "The device token; also `deviceid`."),
    "lat": (_NUMBER, "Degrees north."),
    "lon": (_NUMBER, "Degrees east."),
    "timestamp": (_TEXT, "Seconds or milliseconds since 1970, or ISO 8601; left out: now."),
    "speed": (_NUMBER, "Speed, knots."),
    "speed_mps": (_NUMBER, "Speed, m/s (GPSLogger's template)."),
    "accuracy": (_NUMBER, "68 % radius, metres."),
    "valid": (_TEXT, "`false`: no fix, ignored."),
    "wifi": (_TEXT, "An access point heard, `aa:bb:cc:dd:ee:ff,-60`; may be repeated."),
}


def _osmand(method: str) -> Json:
    about = (
        "One point of Traccar Client (all versions), OsmAnd or GPSLogger, in the query, a form, or JSON. The device"
        " token travels as `id`, or as `Authorization: Bearer`. Any 2xx removes the point from the phone's queue, so a"
        " revoked device is answered 200 too. See docs/phones.md."
    )
    fields = _members(_OSMAND)
    body = {
        "application/x-www-form-urlencoded": fields,
        "application/json": {"anyOf": [{"type": "array", "items": fields}, {"type": "object"}]},
    }
    operation = _operation(f"{method}_osmand", about, _PLAIN, body if method == "post" else None)
    if method == "get":
        operation["parameters"] = [
            {"name": name, "in": "query", "required": False, "schema": schema, "description": text}
            for name, (schema, text) in _OSMAND.items()
        ]
    return operation


def _background_geolocation() -> Json:
    coords = _members(
        {
            "latitude": (_NUMBER, "Degrees north."),
            "longitude": (_NUMBER, "Degrees east."),
            "accuracy": (_NUMBER, "68 % radius, metres."),
            "speed": (_NUMBER, "Speed, m/s; −1: unknown."),
            "floor": ({"type": "integer"}, "Floor as iOS knows it, 0 = ground."),
        }
    )
    location = _members(
        {
            "timestamp": (_TEXT, "When the fix was taken, ISO 8601."),
            "coords": (coords, "Where."),
            "mock": ({"type": "boolean"}, "The position is made up."),
            "sample": ({"type": "boolean"}, "A fix to throw away; ignored."),
            "geofence": ({"type": "object"}, "The phone's own transition: `identifier`, `action`."),
        }
    )
    body = _members(
        {
            "location": ({"anyOf": [location, {"type": "array", "items": location}]}, "One location, or a batch."),
            "device_id": (_TEXT, "The device token, where the app sends no Authorization header."),
        }
    )
    calls = {"type": "array", "items": {"type": "array", "items": {}}}
    answer = _members({"background_geolocation": (calls, "Methods of the SDK to run: which geofences to monitor.")})
    about = "Locations of transistorsoft's background-geolocation SDK, one or a batch. See docs/phones.md."
    return _operation("post_background_geolocation", about, _json_answer(answer), {"application/json": body})


_SCANNER_ID = {
    "name": "scanner_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
    "description": "Id of the scanner.",
}


def _validator() -> Json:
    about = "The validator that Cisco Meraki wants to hear before it sends observations."
    return _operation("get_meraki_validator", about, _PLAIN, is_phone=False) | {"parameters": [_SCANNER_ID]}


def _observations() -> Json:
    body = _members(
        {
            "version": (_TEXT, "`3.…`; other versions are ignored."),
            "secret": (_TEXT, "The scanner's shared secret."),
            "type": (_TEXT, "`WiFi`, `BLE` or `Bluetooth`."),
            "data": ({"type": "object"}, "`observations` of the network."),
        },
        "secret",
    )
    about = (
        "What the access points of a network heard, as Cisco Meraki's Scanning API (version 3) posts it. Only addresses"
        " of registered devices with location consent are read; all others are dropped unread."
    )
    operation = _operation("post_meraki_observations", about, _PLAIN, {"application/json": body}, is_phone=False)
    return operation | {"parameters": [_SCANNER_ID]}


def _shopify() -> Json:
    headers = [
        {"name": name, "in": "header", "required": needed, "schema": _TEXT, "description": about}
        for name, needed, about in (
            ("X-Shopify-Hmac-Sha256", True, "Base64 of the HMAC-SHA256 of the raw body under the client secret."),
            ("X-Shopify-Topic", True, "What it is about, `orders/create` …; docs/shopify.md lists what is used."),
            ("X-Shopify-Shop-Domain", False, "The shop; it must be the connection's."),
            ("X-Shopify-Webhook-Id", False, "Names the delivery; the same one is taken once."),
            ("X-Shopify-Event-Id", False, "Names what happened; taken once for each topic."),
            ("X-Shopify-Triggered-At", False, "When it happened."),
        )
    ]
    about = (
        "A webhook of a connected Shopify shop, in JSON. Kept and answered when its signature is right; the worker acts"
        " upon it. See docs/shopify.md."
    )
    body = {"type": "object", "description": "As the topic has it."}
    operation = _operation("post_shopify_delivery", about, _PLAIN, {"application/json": body}, is_phone=False)
    operation["tags"] = ["connections"]
    operation["responses"]["401"]["description"] = "Not signed with the connection's secret, or of another shop."
    operation["responses"]["404"]["description"] = "No such connection, or its shop has left."
    path_id = _SCANNER_ID | {"name": "connection_id", "description": "Id of the connection."}
    return operation | {"parameters": [path_id, *headers]}
