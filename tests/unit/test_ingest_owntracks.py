"""OwnTracks: documented messages of both apps into pings, and the commands that push regions."""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.ingest.rules import owntracks
from geoengage.ingest.rules.regions import Region, digests, refresh_region
from geoengage.ingest.rules.vocabulary import Ignored
from geoengage.kit.ids import new_id
from geoengage.presence.rules.fixes import PingIn

ANDROID = "Owntracks-Android/gms/420506000"
IOS = "OwnTracks/18.4.1 CFNetwork/1494.0.7 Darwin/23.4.0"
TST = 1_795_168_800
AT = datetime.fromtimestamp(TST, UTC)
ZONE = UUID("01920000-0000-7000-8000-000000000001")
# PROTOCOLS 1.1, as documented
LOCATION: dict[str, Any] = {
    "_type": "location", "topic": "owntracks/shop/p1", "tid": "P1", "lat": 52.520008, "lon": 13.404954, "acc": 12,
    "vel": 5, "alt": 41, "batt": 77, "bs": 1, "tst": TST, "created_at": TST + 2, "t": "u", "m": 1, "conn": "m",
    "_id": "a1b2c3d4",
}  # fmt: skip
TRANSITION: dict[str, Any] = {
    "_type": "transition", "tid": "P1", "lat": 52.52, "lon": 13.405, "acc": 20, "tst": TST + 30,
    "wtst": 1_795_000_001, "event": "enter", "desc": "Flagship store", "t": "c",
}  # fmt: skip


def read(message: Any, agent: str = ANDROID) -> owntracks.OwnTracksReading:
    return owntracks.read(json.dumps(message).encode(), agent)


def one(message: Any, agent: str = ANDROID) -> PingIn:
    reading = read(message, agent)
    assert (len(reading.pings), reading.ignored) == (1, [])
    return reading.pings[0]


def without(message: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in names}


def test_the_documented_location() -> None:
    ping = one(LOCATION)
    assert (ping.at, ping.lon, ping.lat, ping.accuracy_m) == (AT, 13.404954, 52.520008, 12)
    assert ping.speed_mps == pytest.approx(5 / 3.6)  # km/h
    assert (ping.level, ping.mocked, ping.source, ping.transition) == (None, False, "fused", None)


@pytest.mark.parametrize(
    "change, member, expected",
    [
        ({"vel": 0}, "speed_mps", 0),
        ({"vel": -1}, "speed_mps", None),  # iOS: invalid
        ({"vel": 36}, "speed_mps", 10),
        ({"acc": 0}, "accuracy_m", 0),  # unknown, as presence takes it
        ({"acc": -1}, "accuracy_m", None),
        ({"tst": TST - 978_307_200}, "at", AT),  # Overland's mode counts from 2001
        ({"lat": "52.5"}, "lat", 52.5),
        ({"qos": 1, "retained": False, "source": "gps"}, "source", "fused"),
    ],
)
def test_units_and_epochs(change: dict[str, Any], member: str, expected: Any) -> None:
    value = getattr(one(LOCATION | change), member)
    assert value == (pytest.approx(expected) if isinstance(expected, float | int) else expected)


@pytest.mark.parametrize("name", ["lat", "lon"])
def test_android_leaves_out_what_is_exactly_zero(name: str) -> None:
    assert getattr(one(without(LOCATION, name)), name) == 0.0
    ios = without(LOCATION, name, "_id")
    assert read(ios, IOS).ignored == [Ignored.NO_POSITION]


@pytest.mark.parametrize(
    "message, agent, client",
    [
        (LOCATION, ANDROID, owntracks.ANDROID),
        (LOCATION, "curl/8", owntracks.ANDROID),  # only Android sends _id
        (without(LOCATION, "_id"), IOS, owntracks.IOS),
        (without(LOCATION, "_id") | {"tst": 800_000_000}, "Overland/1.4 CFNetwork", owntracks.BY_OVERLAND),
        ("nonsense", IOS, owntracks.IOS),
    ],
)
def test_which_program_speaks(message: Any, agent: str, client: str) -> None:
    assert read(message, agent).client == client


@pytest.mark.parametrize("names", [("SSID", "BSSID"), ("ssid", "bssid")])  # iOS spells them small
def test_the_access_point_is_evidence(names: tuple[str, str]) -> None:
    ping = one(LOCATION | {names[0]: "Mall", names[1]: "AA:BB:CC:00:11:22"})
    assert [p.bssid for p in ping.access_points] == ["aa:bb:cc:00:11:22"]
    assert one(LOCATION | {names[1]: "02:00:00:00:00:00"}).access_points == []


@pytest.mark.parametrize(
    "message, reason",
    [
        (LOCATION | {"t": "c"}, Ignored.BESIDE_TRANSITION),
        (without(LOCATION, "lat", "lon"), Ignored.NO_POSITION),
        (without(LOCATION, "tst"), Ignored.NO_TIME),
        (LOCATION | {"tst": "soon"}, Ignored.NO_TIME),
        (LOCATION | {"tst": 1e18}, Ignored.NO_TIME),
        (LOCATION | {"tst": 8_000_000_000}, Ignored.INVALID),  # the year 2223
        ({"_type": "waypoint", "desc": "Home", "lat": 1, "lon": 1, "rad": 100, "tst": TST}, Ignored.WAYPOINT),
        ({"_type": "waypoints", "waypoints": []}, Ignored.WAYPOINT),
        ({"_type": "lwt", "tst": TST}, Ignored.STATUS),
        ({"_type": "status", "android": {"hib": 0}}, Ignored.STATUS),
        ({"_type": "encrypted", "data": "AAAA"}, Ignored.ENCRYPTED),
        ({"_type": "steps", "steps": 5}, Ignored.OTHER),
        ({"_type": "card", "name": "x"}, Ignored.OTHER),
        ({"_type": "dump"}, Ignored.OTHER),
        ({"_type": "request"}, Ignored.OTHER),
        ({"lat": 1}, Ignored.OTHER),
        ("text", Ignored.UNREADABLE),
        (None, Ignored.UNREADABLE),
    ],
)
def test_what_becomes_no_ping_and_why(message: Any, reason: Ignored) -> None:
    reading = read(message)
    assert (reading.pings, reading.ignored) == ([], [reason])


@pytest.mark.parametrize(
    "body, reason",
    [
        (b"", Ignored.EMPTY),  # a friend was deleted
        (b"  ", Ignored.EMPTY),
        (b"{", Ignored.UNREADABLE),
        (b"\xff\xfe", Ignored.UNREADABLE),
        (b'{"_type": "location", "lat": NaN}', Ignored.UNREADABLE),
        (b"[" * 100_000, Ignored.UNREADABLE),
    ],
)
def test_bodies_that_are_no_message(body: bytes, reason: Ignored) -> None:
    assert owntracks.read(body, ANDROID).ignored == [reason]


# --- transitions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event, kind", [("enter", "enter"), ("leave", "exit")])
def test_ios_names_the_zone(event: str, kind: str) -> None:
    ping = one(TRANSITION | {"rid": str(ZONE).upper(), "event": event}, IOS)
    assert ping.transition is not None
    assert (ping.transition.zone_id, ping.transition.kind) == (str(ZONE), kind)
    assert (ping.lon, ping.lat, ping.accuracy_m, ping.at.timestamp()) == (13.405, 52.52, 20, TST + 30)


@pytest.mark.parametrize("change", [{"rid": "refresh"}, {"rid": "a region of mine"}, {"rid": str(ZONE), "event": "b"}])
def test_other_regions_are_mere_positions(change: dict[str, Any]) -> None:
    reading = read(TRANSITION | change, IOS)
    assert reading.pings[0].transition is None
    assert reading.crossings == []


def region(name: str = "Shop", zone: UUID = ZONE) -> Region:
    return Region(zone, name, 13.405, 52.52, 120.0)


@pytest.mark.parametrize(
    "desc, known, found",
    [
        ("Shop A", [region("Shop: A")], True),
        ("Old name", [region("Shop")], True),  # renamed since: the time of making still says which
        ("Shop", [region("Shop", UUID(int=5))], False),
        ("Shop", [], False),
        ("Shop", [region("Shop"), region("Café", UUID(int=ZONE.int + 700_000_000))], True),  # the same tst
        ("Other", [region("Shop"), region("Café", UUID(int=ZONE.int + 700_000_000))], False),
    ],
)
def test_android_names_it_by_time_of_making_and_text(desc: str, known: list[Region], found: bool) -> None:
    message = TRANSITION | {"wtst": owntracks.region_tst(ZONE), "desc": desc, "event": "leave"}
    reading = read(message)
    assert len(reading.crossings) == 1
    owntracks.resolve(reading, known)
    transition = reading.pings[0].transition
    assert (transition is not None and (transition.zone_id, transition.kind) == (str(ZONE), "exit")) == found


def test_a_beacon_is_evidence_without_coordinates() -> None:
    uuid = "F7826DA6-4FA2-4E98-8024-BC5B71E0893E"
    beacon = {"_type": "beacon", "uuid": uuid, "major": 1, "minor": 7, "rssi": -63, "prox": 2, "acc": 1.2, "tst": TST}
    ping = one(beacon, IOS)
    assert (ping.at, ping.lon, ping.lat, ping.source) == (AT, None, None, "beacon")
    (heard,) = ping.beacons
    assert (heard.uuid, heard.major, heard.minor, heard.rssi) == (uuid.lower(), 1, 7, -63)
    assert one(beacon | {"rssi": 0}, IOS).beacons[0].rssi is None
    for change in ({"uuid": "x"}, {"major": 70_000}, {"minor": "?"}):
        assert read(beacon | change).ignored == [Ignored.INVALID]


# --- regions ------------------------------------------------------------------------------------------------------

REFRESH = refresh_region(13.4, 52.5, 800.4)
regions_of = st.lists(
    st.builds(
        Region,
        zone_id=st.builds(new_id),
        name=st.text(max_size=100),
        lon=st.floats(-180, 180),
        lat=st.floats(-90, 90),
        radius_m=st.floats(100, 5_000),
    ),
    max_size=30,
)


@given(regions_of, st.sampled_from([owntracks.ANDROID, owntracks.IOS]), st.one_of(st.none(), st.just({ZONE})))
def test_the_commands_are_such_as_both_apps_take(
    found: list[Region], client: str, told: Collection[UUID] | None
) -> None:
    regions = owntracks.with_unique_tst(found)
    commands = json.loads(json.dumps(owntracks.push(client, regions, REFRESH, told)))
    actions = [command["action"] for command in commands]
    clears = client == owntracks.ANDROID and told is not None
    assert actions == (["clearWaypoints"] if clears else []) + ["setWaypoints"]
    waypoints = commands[-1]["waypoints"]["waypoints"]
    gone = [w for w in waypoints if w["lat"] == owntracks.NOWHERE]
    assert [w["rid"] for w in gone] == ([str(ZONE)] if client == owntracks.IOS and told else [])
    assert len({w["tst"] for w in waypoints}) == len({w["rid"] for w in waypoints}) == len(waypoints)
    for waypoint in waypoints:
        assert all(type(waypoint[name]) in (int, float) for name in ("tst", "lat", "lon", "rad"))
        assert waypoint["desc"].strip() == waypoint["desc"] != ""
        assert not set(waypoint["desc"]) & set(":|")


@given(st.builds(new_id))
def test_a_zones_tst_is_its_own_and_lies_in_the_past(id_: UUID) -> None:
    tst = owntracks.region_tst(id_)
    assert tst == owntracks.region_tst(UUID(str(id_)))
    assert owntracks.OLDEST_TST <= tst < TST


def test_of_two_zones_with_one_tst_the_nearer_stays() -> None:
    near, far = region("Near"), region("Far", UUID(int=ZONE.int + 700_000_000))
    assert owntracks.with_unique_tst([near, far, region("Other", UUID(int=1))]) == [near, region("Other", UUID(int=1))]


def test_a_digest_changes_with_what_the_phone_has() -> None:
    assert digests([region()]) == digests([region()])
    assert digests([region()]) != digests([region("Renamed")])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "_type",
                        "lat",
                        "lon",
                        "tst",
                        "acc",
                        "vel",
                        "event",
                        "rid",
                        "wtst",
                        "desc",
                        "uuid",
                        "major",
                        "BSSID",
                    ]
                )
                | st.text(max_size=3),
                inner,
                max_size=6,
            )
        ),
        max_leaves=20,
    ),
    st.sampled_from(["location", "transition", "beacon", "status"]),
)
def test_anything_is_read_without_an_error(value: Any, kind: str) -> None:
    for message in (value, (value | {"_type": kind}) if isinstance(value, dict) else [value]):
        reading = owntracks.read(json.dumps(message).encode(), ANDROID)
        assert reading.pings or reading.ignored or message == []
