"""Overland, Traccar / OsmAnd / GPSLogger, background-geolocation and Meraki: documented requests into pings."""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.ingest.rules import background_geolocation, meraki, osmand, overland
from geoengage.ingest.rules.credentials import basic_password
from geoengage.ingest.rules.regions import Region, refresh_region
from geoengage.ingest.rules.vocabulary import Ignored, Reading, moment
from geoengage.presence.rules.fixes import PingIn

NOW = datetime(2026, 11, 20, 10, 0, 30, tzinfo=UTC)
AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
EPOCH = int(AT.timestamp())
ZONE = "01920000-0000-7000-8000-000000000001"
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([
            "locations", "geometry", "coordinates", "properties", "timestamp", "type", "location", "coords", "latitude",
            "longitude", "geofence", "id", "lat", "lon", "time", "lng", "observations", "clientMac", "latestRecord",
        ]), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


def only(reading: Reading) -> PingIn:
    assert (len(reading.pings), reading.ignored) == (1, [])
    return reading.pings[0]


@pytest.mark.parametrize(
    "said",
    [
        EPOCH, str(EPOCH), float(EPOCH), EPOCH * 1000, str(EPOCH * 1000), "2026-11-20T10:00:00Z",
        "2026-11-20T10:00:00.000Z", "2026-11-20T11:00:00+0100", "2026-11-20T03:00:00-07:00", "2026-11-20 10:00:00",
    ],
)  # fmt: skip
def test_one_moment_as_the_clients_write_it(said: Any) -> None:
    assert moment(said) == AT


@pytest.mark.parametrize("said", ["", "soon", None, True, {}, "1e400", "nan", 1e30, "0001-01-01T00:00:00+14:00"])
def test_what_is_no_moment(said: Any) -> None:
    assert moment(said) is None


# --- Overland -----------------------------------------------------------------------------------------------------


def feature(*coordinates: Any, **properties: Any) -> dict[str, Any]:
    given = {
        "timestamp": "2026-11-20T10:00:00Z", "altitude": 41, "speed": 1, "course": 180, "horizontal_accuracy": 8,
        "vertical_accuracy": 4, "motion": ["walking"], "battery_level": 0.77, "wifi": "Shop", "device_id": "p1",
    } | properties  # fmt: skip
    geometry = {"type": "Point", "coordinates": list(coordinates or (13.404954, 52.520008))}
    return {"type": "Feature", "geometry": geometry, "properties": given}


def by_overland(*features: Any, **more: Any) -> Reading:
    return overland.read(json.dumps({"locations": list(features), **more}).encode())


def test_overlands_documented_feature() -> None:
    ping = only(by_overland(feature()))
    assert (ping.at, ping.lon, ping.lat, ping.accuracy_m, ping.speed_mps) == (AT, 13.404954, 52.520008, 8, 1)


def test_overland_marks_the_invalid_by_minus_one() -> None:
    ping = only(by_overland(feature(timestamp="2026-11-20T03:00:00-0700", speed=-1, horizontal_accuracy=-1)))
    assert (ping.at, ping.accuracy_m, ping.speed_mps) == (AT, None, None)


def test_what_of_overland_is_no_fix() -> None:
    odd = [
        feature(action="visit", arrival_date="2026-11-20T09:00:00Z"),
        feature(action="paused_location_updates"),
        feature(type="trip", distance=120),
        feature(timestamp="?"),
        feature(13.4),
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": []}, "properties": {}},
        7,
    ]
    reading = by_overland(*odd, feature(), current=feature(), trip={"distance": 120})
    assert len(reading.pings) == 1
    no_position = [Ignored.NO_POSITION] * 3
    assert reading.ignored == [Ignored.NOT_A_FIX] * 3 + [Ignored.NO_TIME, *no_position, Ignored.COMES_AGAIN]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"locations": {}}', b"\x00"])
def test_a_body_that_is_no_batch(body: bytes) -> None:
    assert overland.read(body).ignored in ([Ignored.UNREADABLE], [Ignored.EMPTY])


@given(anything)
def test_overland_reads_anything(value: Any) -> None:
    overland.read(json.dumps(value).encode())
    by_overland(value)


# --- Traccar, OsmAnd, GPSLogger -----------------------------------------------------------------------------------

FORM: dict[str, Any] = {
    "id": "TOKEN", "lat": "52.520008", "lon": "13.404954", "timestamp": str(EPOCH), "speed": "2.72", "bearing": "90.0",
    "altitude": "41.0", "accuracy": "8.2", "batt": "77", "charge": "false",
}  # fmt: skip
FORM_TYPE = "application/x-www-form-urlencoded"


def by_form(**change: Any) -> Reading:
    fields = {name: value for name, value in (FORM | change).items() if value is not None}
    return osmand.read("", urlencode(fields, doseq=True).encode(), FORM_TYPE, NOW)[0]


@pytest.mark.parametrize(
    "query, body, kind",
    [
        (urlencode(FORM), b"", ""),  # <= 8.x, GET or POST
        ("", urlencode(FORM).encode(), FORM_TYPE),  # 10.x
        ("id=TOKEN", urlencode(FORM | {"id": ""}).encode(), f"{FORM_TYPE}; charset=utf-8"),
        ("", json.dumps([FORM]).encode(), "application/json"),  # 10.x, uploadJson
        ("", json.dumps([FORM | {"charge": True, "batt": 77, "speed": 2.72}]).encode(), "application/json"),
    ],
)
def test_traccars_ways_to_say_the_same(query: str, body: bytes, kind: str) -> None:
    reading, token = osmand.read(query, body, kind, NOW)
    ping = only(reading)
    assert (token, reading.client) == ("TOKEN", "traccar")
    assert (ping.at, ping.lon, ping.lat, ping.accuracy_m) == (AT, 13.404954, 52.520008, 8.2)
    assert ping.speed_mps == pytest.approx(1.4, abs=0.01)  # knots


def test_traccar_9_sends_the_sdks_json() -> None:
    body = json.dumps(SDK | {"device_id": "TOKEN"}).encode()
    reading, token = osmand.read("", body, "application/json; charset=utf-8", NOW)
    assert (token, reading.client, only(reading).at) == ("TOKEN", "traccar", AT)


@pytest.mark.parametrize(
    "change, member, expected",
    [
        ({"timestamp": str(EPOCH * 1000)}, "at", AT),
        ({"timestamp": "2026-11-20T10:00:00.000Z"}, "at", AT),
        ({"timestamp": "2026-11-20 10:00:00"}, "at", AT),
        ({"timestamp": None}, "at", NOW),
        ({"speed": None, "speed_mps": "1.5"}, "speed_mps", 1.5),  # GPSLogger's template
        ({"speed": "-1"}, "speed_mps", None),
        ({"accuracy": "0"}, "accuracy_m", 0),
        ({"lat": None, "lon": None, "location": "52.5,13.4"}, "lat", 52.5),
        ({"lat": None, "lon": None, "location": "52.5,13.4"}, "lon", 13.4),
        ({"mock": "true"}, "mocked", True),
        ({"alarm": "sos", "colour": "red", "valid": "true"}, "lat", 52.520008),
    ],
)
def test_osmands_units_and_spellings(change: dict[str, Any], member: str, expected: Any) -> None:
    assert getattr(only(by_form(**change)), member) == expected


def test_osmand_access_points() -> None:
    wifi = ["aa-bb-cc-dd-ee-01,-60", "aabbccddee02", "nonsense,-1", "02:00:00:00:00:00,-40"]
    heard = [(p.bssid, p.rssi) for p in only(by_form(wifi=wifi)).access_points]
    assert heard == [("aa:bb:cc:dd:ee:01", -60), ("aa:bb:cc:dd:ee:02", None)]
    without = only(by_form(lat=None, lon=None, wifi=wifi[:1]))
    assert (without.lat, len(without.access_points)) == (None, 1)


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"lat": None, "lon": None}, Ignored.NO_POSITION),  # a heartbeat
        ({"lat": "x"}, Ignored.NO_POSITION),
        ({"valid": "false"}, Ignored.NOT_A_FIX),
        ({"notificationToken": "fcm", "lat": None, "lon": None}, Ignored.PUSH_TOKEN),
        ({"timestamp": "later"}, Ignored.NO_TIME),
        ({"timestamp": "99999999999999"}, Ignored.INVALID),
    ],
)
def test_what_of_osmand_becomes_no_ping(change: dict[str, Any], reason: Ignored) -> None:
    reading = by_form(**change)
    assert (reading.pings, reading.ignored) == ([], [reason])


@pytest.mark.parametrize("body, kind", [(b"{", "application/json"), (b"\xff\xff", FORM_TYPE), (b"&" * 500, FORM_TYPE)])
def test_osmand_bodies_that_say_nothing(body: bytes, kind: str) -> None:
    reading, token = osmand.read("id=TOKEN", body, kind, NOW)
    assert (len(reading.ignored), token) == (1, "TOKEN")


@given(anything, st.text(max_size=50))
def test_osmand_reads_anything(value: Any, query: str) -> None:
    osmand.read(query, json.dumps(value).encode(), "application/json", NOW)
    osmand.read(query, json.dumps(value).encode(), FORM_TYPE, NOW)


# --- background-geolocation ---------------------------------------------------------------------------------------

SDK: dict[str, Any] = {
    "location": {
        "event": "motionchange", "is_moving": False, "uuid": "0f0c", "timestamp": "2026-11-20T10:00:00.000Z",
        "age": 350, "odometer": 1203.4,
        "coords": {
            "latitude": 52.52, "longitude": 13.405, "accuracy": 8.2, "speed": -1, "speed_accuracy": -1, "heading": -1,
            "heading_accuracy": -1, "altitude": 41.0, "altitude_accuracy": 3, "ellipsoidal_altitude": 84.1, "floor": 2,
        },
        "activity": {"type": "still", "confidence": 100}, "battery": {"level": 0.77, "is_charging": False},
        "geofence": {"identifier": ZONE, "action": "ENTER"}, "mock": False, "extras": {},
    },
    "device_id": "p1",
}  # fmt: skip


def by_sdk(location: Any) -> Reading:
    return background_geolocation.read(json.dumps({"location": location}).encode())


def changed(coords: dict[str, Any] | None = None, **change: Any) -> dict[str, Any]:
    location: dict[str, Any] = SDK["location"]
    return location | change | {"coords": location["coords"] | (coords or {})}


def test_the_sdks_documented_location() -> None:
    ping = only(background_geolocation.read(json.dumps(SDK).encode()))
    assert (ping.at, ping.lon, ping.lat, ping.accuracy_m, ping.speed_mps) == (AT, 13.405, 52.52, 8.2, None)
    assert (ping.level, ping.mocked) == (2, False)
    assert ping.transition is not None
    assert (ping.transition.zone_id, ping.transition.kind) == (ZONE, "enter")


@pytest.mark.parametrize(
    "location, member, expected",
    [
        (changed({"floor": 0}), "level", 0),
        (changed({"floor": -1.0}), "level", -1),
        (changed({"floor": 1.5}), "level", None),
        (changed({"floor": 4_000}), "level", None),
        (changed({"speed": 1.4}), "speed_mps", 1.4),
        (changed({"accuracy": -1}), "accuracy_m", None),
        (changed(mock=True), "mocked", True),
        (changed(timestamp="2026-11-20T11:00:00.000+01:00"), "at", AT),
        (changed(geofence=None), "transition", None),
        (changed(geofence={"identifier": "home", "action": "ENTER"}), "transition", None),
        (changed(geofence={"identifier": "refresh", "action": "EXIT"}), "transition", None),
        (changed(geofence={"identifier": f"{ZONE}/wider", "action": "ENTER"}), "transition", None),
        (changed(geofence={"identifier": f"{ZONE}/wider", "action": "DWELL"}), "transition", None),
    ],
)
def test_the_sdks_traps(location: Any, member: str, expected: Any) -> None:
    assert getattr(only(by_sdk(location)), member) == expected


@pytest.mark.parametrize(
    "identifier, action, kind",
    [(ZONE, "EXIT", "exit"), (ZONE, "DWELL", "dwell"), (f"{ZONE}/wider", "EXIT", "exit")],
)
def test_the_sdks_transitions(identifier: str, action: str, kind: str) -> None:
    transition = only(by_sdk(changed(geofence={"identifier": identifier, "action": action}))).transition
    assert transition is not None
    assert (transition.zone_id, transition.kind) == (ZONE, kind)


def test_a_batch_and_what_of_it_is_thrown_away() -> None:
    batch = [
        changed(),
        changed(sample=True),
        {"event": "heartbeat"},
        5,
        changed(timestamp="?"),
        changed({"latitude": "?"}),
    ]
    reading = by_sdk(batch)
    assert len(reading.pings) == 1
    assert reading.ignored == [
        Ignored.THROW_AWAY, Ignored.NO_POSITION, Ignored.UNREADABLE, Ignored.NO_TIME, Ignored.NO_POSITION,
    ]  # fmt: skip


@pytest.mark.parametrize("root", [SDK["location"], [SDK["location"]]])
def test_an_app_may_leave_the_root_out(root: Any) -> None:
    assert only(background_geolocation.read(json.dumps(root).encode())).at == AT


@given(anything)
def test_the_sdk_reader_reads_anything(value: Any) -> None:
    background_geolocation.read(json.dumps(value).encode())
    by_sdk(value)


def test_regions_for_the_sdk() -> None:
    shop = Region(UUID(ZONE), "Shop", 13.4, 52.5, 100.0)
    mall = Region(UUID(int=9), "Mall", 13.4, 52.5, 350.0)
    clear, add = background_geolocation.push([shop, mall], refresh_region(13.4, 52.5, 900))["background_geolocation"]
    assert clear == ["removeGeofences"]
    fences = {fence["identifier"]: fence for fence in add[1]}
    assert list(fences) == ["refresh", f"{ZONE}/wider", str(UUID(int=9))]
    assert [fence["radius"] for fence in add[1]] == [900, 200, 350]  # the vendor's smallest reliable one is 200 m
    assert not fences["refresh"]["notifyOnEntry"]
    assert fences["refresh"]["notifyOnExit"]
    assert all(f["notifyOnEntry"] and f["notifyOnExit"] and f["notifyOnDwell"] for f in add[1][1:])


# --- Meraki -------------------------------------------------------------------------------------------------------

KEY, TENANT, DEVICE = meraki.derive_key("k" * 40, "wifi-address"), UUID(int=1), UUID(int=2)
# developer.cisco.com/meraki/scanning-api/3-0: numbers come as numbers or as texts
OBSERVED: dict[str, Any] = {
    "clientMac": "AA:BB:CC:DD:EE:FF", "manufacturer": "Acme", "ssid": "Mall", "os": None, "ipv4": None, "ipv6": None,
    "userId": "eve@example.com",
    "locations": [
        {
            "lng": 13.404954, "lat": "52.520008", "x": 3.2, "y": "6.7", "variance": 2.25, "floorPlanId": "g_1",
            "floorPlanName": "Ground", "time": "2026-11-20T10:00:00Z", "nearestApTags": [],
            "rssiRecords": [{"apMac": "2c:3f:0b:b0:1e:ab", "rssi": -46}],
        },
        {"lng": "13.4", "lat": 52.5, "variance": "3", "floorPlanId": "other", "time": "2026-11-20T10:00:20Z"},
    ],
    "latestRecord": {"time": "2026-11-20T10:00:30Z", "nearestApMac": "2c:3f:0b:b0:1e:ab", "nearestApRssi": "-46"},
}  # fmt: skip


def heard(**change: Any) -> Reading:
    return meraki.read(json.dumps(OBSERVED | change).encode(), DEVICE, {"g_1": 1})


def test_merakis_locations() -> None:
    first, second = heard().pings
    assert (first.at, first.lon, first.lat, first.accuracy_m, first.level) == (AT, 13.404954, 52.520008, 2.25, 1)
    assert (first.source, first.device_id) == ("wifi", str(DEVICE))
    assert (second.lon, second.accuracy_m, second.level) == (13.4, 3, None)


def test_where_cisco_could_not_locate_a_phone_the_access_point_is_evidence() -> None:
    ping = only(heard(locations=[]))
    assert (ping.lon, ping.source) == (None, "wifi")
    assert [(p.bssid, p.rssi) for p in ping.access_points] == [("2c:3f:0b:b0:1e:ab", -46)]
    assert heard(locations=[], latestRecord=None).ignored == [Ignored.NO_TIME]


def test_only_the_address_of_an_observation_is_read() -> None:
    """Everything else of it may be nonsense: it is not looked at before its address is known to be somebody's."""
    nonsense = (
        b'{"observations": [{"clientMac": "aabb.ccdd.eeff", "locations": 5, "x": 1e999}, {"clientMac": 5}, 7, {}]}'
    )
    found = meraki.split(nonsense, KEY, TENANT)
    assert found is not None
    assert list(found) == [meraki.address_hash(KEY, TENANT, "aabbccddeeff")]
    assert meraki.split(b'{"observations": {}}', KEY, TENANT) is None
    assert meraki.split(b"{}", KEY, TENANT) == {}


def test_an_address_hash_is_of_one_tenant_and_one_key() -> None:
    other = meraki.derive_key("other" * 10, "wifi-address")
    hashes = {meraki.address_hash(k, t, "aabbccddeeff") for k in (KEY, other) for t in (TENANT, DEVICE)}
    assert len(hashes) == 4
    assert meraki.derive_key("k" * 40, "scanner-secret") != KEY


@pytest.mark.parametrize(
    "message, known",
    [
        ({"version": "3.0", "type": "WiFi"}, True),
        ({"version": 3.0, "type": "BLE"}, True),
        ({"version": "3.1", "type": "Bluetooth"}, True),
        ({"version": "2.1", "type": "DevicesSeen"}, False),
        ({"version": "3.0", "type": "Doorbell"}, False),
        ({}, False),
    ],
)
def test_versions_and_kinds(message: dict[str, Any], known: bool) -> None:
    read = meraki.read_message(json.dumps(message | {"secret": "s", "data": {}}).encode())
    assert read is not None
    assert (read.is_known, read.secret) == (known, "s")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"secret": 5}', b"\xff"])
def test_what_is_no_message(body: bytes) -> None:
    assert meraki.read_message(body) is None


@given(anything)
def test_meraki_reads_anything(value: Any) -> None:
    body = json.dumps(value).encode()
    meraki.read_message(body)
    if "NaN" not in body.decode() and "Infinity" not in body.decode():  # decode has seen it to be JSON before
        meraki.read(body, DEVICE, {})
    meraki.split(body, KEY, TENANT)


# --- credentials --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header, password",
    [
        ("Basic " + base64.b64encode(b"device:to.k-en_1").decode(), "to.k-en_1"),
        ("basic " + base64.b64encode(b":to.k-en_1").decode(), "to.k-en_1"),
        ("Basic " + base64.b64encode(b"nobody").decode(), ""),
        ("Basic to.k-en_1:", "to.k-en_1"),  # Overland's OwnTracks mode forgets base64
        ("Bearer to.k-en_1", ""),
        ("Basic", ""),
        ("", ""),
    ],
)
def test_the_token_in_http_basic(header: str, password: str) -> None:
    assert basic_password(header) == password
