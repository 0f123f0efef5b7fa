"""Evidence points, what hearing them says, the times of a phone's own transitions: tables and random cases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoengage.kit.geo import Frame
from geoengage.presence.rules.evidence import (
    Source,
    beside,
    decided_at,
    disc_of,
    distance_from_rssi,
    is_certain,
    put_together,
    strongest,
)
from geoengage.presence.rules.fixes import PingIn
from geoengage.presence.rules.heard import HeardAccessPoint, HeardBeacon
from geoengage.presence.rules.known import KnownPoints
from geoengage.presence.rules.state import Said
from geoengage.venues.rules import (
    CODE_LENGTH,
    HEARD_TRUST,
    EvidenceKind,
    PlacedEvidence,
    can_enter,
    code_of,
    identity_flaws,
    level_fits,
    normal_bssid,
    normal_code,
    normal_uuid,
    reach_share,
)

UUID_TEXT = "F7826DA6-4FA2-4E98-8024-BC5B71E0893E"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DOOR = PlacedEvidence(
    id=UUID(int=1), kind=EvidenceKind.BEACON, identity=(UUID_TEXT.replace("-", "").lower(), 1, 7), name="Door",
    store_id=None, level=1, lon=8.5, lat=47.4, radius_m=8.0, rssi_at_1m=-59,
)  # fmt: skip
WIFI = replace(
    DOOR, id=UUID(int=2), kind=EvidenceKind.ACCESS_POINT, identity="aa:bb:cc:dd:ee:0f", level=2, lon=8.6,
    radius_m=25.0, rssi_at_1m=-40,
)  # fmt: skip
COUNTER = replace(DOOR, id=UUID(int=3), kind=EvidenceKind.CHECK_IN, identity="K7Q2ABCDEFGH", level=0, lon=8.7)
STREET = replace(DOOR, id=UUID(int=4), identity=(DOOR.identity[0], 1, 9), level=None)
KNOWN = KnownPoints([DOOR, WIFI, COUNTER, STREET])


def beacon(rssi: int | None = None, minor: int = 7) -> HeardBeacon:
    return HeardBeacon(uuid=UUID_TEXT, major=1, minor=minor, rssi=rssi)


def access_point(rssi: int | None = None, bssid: str = "AA:BB:CC:DD:EE:F") -> HeardAccessPoint:
    return HeardAccessPoint(bssid=bssid, rssi=rssi)


def ping(**over: object) -> PingIn:
    values: dict[str, object] = {"at": NOON, "lon": 8.0, "lat": 47.0, "accuracy_m": 12.0, "level": 5} | over
    return PingIn(**values)  # type: ignore[arg-type]


# --- what a point is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, normal",
    [
        ("AA:BB:CC:DD:EE:FF", "aa:bb:cc:dd:ee:ff"),
        ("aa-bb-cc-dd-ee-ff", "aa:bb:cc:dd:ee:ff"),
        ("a:b:c:d:e:f", "0a:0b:0c:0d:0e:0f"),
        ("aabbccddeeff", "aa:bb:cc:dd:ee:ff"),
        (" aa:bb:cc:dd:ee:ff ", "aa:bb:cc:dd:ee:ff"),
        ("aa:bb:cc:dd:ee", None),
        ("aa:bb:cc:dd:ee:fg", None),
        ("aa:bb:cc:dd:ee:123", None),
        ("", None),
    ],
)
def test_a_mac_address_however_it_is_written(text: str, normal: str | None) -> None:
    assert normal_bssid(text) == normal


def test_a_uuid_and_a_code_however_they_are_written() -> None:
    assert normal_uuid(UUID_TEXT) == normal_uuid(UUID_TEXT.lower().replace("-", "")) == DOOR.identity[0]
    assert normal_uuid("x" * 32) is None
    assert normal_code(" k7q2-abcd efgh ") == COUNTER.identity


@given(st.binary(min_size=CODE_LENGTH, max_size=40))
def test_codes_have_no_look_alikes(chance: bytes) -> None:
    code = code_of(chance)
    assert len(code) == CODE_LENGTH
    assert not set(code) & set("01OILU")
    assert normal_code(code.lower()) == code


@pytest.mark.parametrize(
    "kind, given_, flawed",
    [
        ("beacon", {"uuid", "major", "minor", "rssi_at_1m", "radius_m"}, []),
        ("beacon", {"uuid"}, ["major", "minor"]),
        ("beacon", {"uuid", "major", "minor", "bssid"}, ["bssid"]),
        ("access_point", {"bssid", "radius_m"}, []),
        ("access_point", {"major"}, ["bssid", "major"]),
        ("check_in", set(), []),
        ("check_in", {"radius_m"}, ["radius_m"]),
    ],
)
def test_each_kind_has_its_own_identity(kind: str, given_: set[str], flawed: list[str]) -> None:
    flaws = identity_flaws(EvidenceKind(kind), given_, None, None)
    assert [name for name, _ in flaws] == flawed


def test_what_is_no_identity_is_said() -> None:
    flaws = identity_flaws(EvidenceKind.BEACON, {"uuid", "major", "minor"}, "not a uuid", None)
    assert [name for name, _ in flaws] == ["uuid"]
    assert [n for n, _ in identity_flaws(EvidenceKind.ACCESS_POINT, {"bssid"}, None, "aa")] == ["bssid"]


SHOP = shapely.box(0, 0, 6, 8)


@pytest.mark.parametrize(
    "x, y, radius_m, least, most",
    [
        (3, 4, 8.0, 1.0, 1.0),  # in the middle: the tightest disc lies inside
        (0, 4, 8.0, 0.45, 0.5),  # on the wall: half of it
        (-2, 4, 8.0, 0.0, 0.4),  # in the corridor
        (-9, 4, 8.0, 0.0, 0.0),
        (3, 4, None, 1.0, 1.0),
        (-0.9, 4, None, 1.0, 1.0),
        (-1.1, 4, None, 0.0, 0.0),
    ],
)
def test_what_a_point_can_put_into_a_zone(x: float, y: float, radius_m: float, least: float, most: float) -> None:
    assert least - 1e-9 <= reach_share(SHOP, x, y, radius_m) <= most + 1e-9


def test_who_can_be_entered() -> None:
    assert can_enter(0.75, 8.0, 0.5)
    assert not can_enter(0.7, 8.0, 0.5), "a reading is worth 0.7"
    assert can_enter(1.0, None, 1.0), "a check-in is certain"


def test_floors_of_points_and_zones() -> None:
    assert level_fits([], 3)
    assert level_fits([0, 1], None)
    assert level_fits([0, 1], 1)
    assert not level_fits([0], 1)


# --- what is heard ------------------------------------------------------------------------------------------------


def test_distance_by_path_loss() -> None:
    assert distance_from_rssi(-59, -59) == pytest.approx(1.0)
    assert distance_from_rssi(-81, -59) == pytest.approx(10.0), "22 dB a decade at n = 2.2"


@given(st.integers(-128, 20), st.integers(-128, 20))
def test_a_weaker_signal_never_means_nearer(one: int, other: int) -> None:
    near, far = (disc_of(DOOR, rssi).radius_m for rssi in (max(one, other), min(one, other)))
    assert 1.5 <= near <= far <= DOOR.radius_m


def test_the_disc_holds_68_percent_of_readings() -> None:
    assert disc_of(DOOR, -59).radius_m == 1.5
    assert disc_of(DOOR, -69).radius_m == pytest.approx(2.85 * 1.277, abs=0.01)


def test_without_a_strength_it_is_the_points_radius() -> None:
    assert disc_of(DOOR, None).radius_m == 8.0
    assert disc_of(COUNTER, None).radius_m == 1.5


@pytest.mark.parametrize(
    "beacons, access_points, check_in, expected",
    [
        pytest.param([], [], None, None, id="nothing"),
        pytest.param([beacon(minor=99)], [access_point(bssid="00:00:00:00:00:01")], "ZZZZ", None, id="unknown ones"),
        pytest.param([HeardBeacon(uuid="z" * 32, major=1, minor=7)], [access_point(bssid="x")], None, None, id="junk"),
        pytest.param([beacon(-70)], [access_point(-80)], None, DOOR, id="the nearer one"),
        pytest.param([beacon(-85)], [access_point(-41)], None, WIFI, id="the nearer one, by what its strength means"),
        pytest.param([beacon()], [access_point()], None, DOOR, id="without strength: the smaller radius"),
        pytest.param([beacon(-59)], [], "k7q2 abcd efgh", COUNTER, id="a check-in speaks first"),
        pytest.param([beacon(-59)], [], "nonsense", DOOR, id="an unknown code is silent"),
    ],
)  # fmt: skip
def test_the_strongest(
    beacons: list[HeardBeacon],
    access_points: list[HeardAccessPoint],
    check_in: str | None,
    expected: PlacedEvidence | None,
) -> None:
    disc = strongest(KNOWN, beacons, access_points, check_in)
    assert (disc and disc.point) == expected


PLANE = Frame(8.5, 47.4)
SHOPS = [(x, y) for x in (0, 10, 20) for y in (0, 10)]  # metres of the beacons


def placed(minor: int, x: float, y: float, **over: object) -> PlacedEvidence:
    lon, lat = PLANE.to_lonlat(x, y)
    identity = (DOOR.identity[0], 2, minor)
    return replace(DOOR, id=UUID(int=100 + minor), identity=identity, lon=lon, lat=lat, **over)  # type: ignore[arg-type]


FLOOR = [placed(n, x, y) for n, (x, y) in enumerate(SHOPS)]


def hears(*minors: int, rssi: int = -80) -> list[HeardBeacon]:
    return [HeardBeacon(uuid=UUID_TEXT, major=2, minor=n, rssi=rssi) for n in minors]


def place(points: list[PlacedEvidence], heard: list[HeardBeacon]) -> tuple[float, float]:
    disc = strongest(KnownPoints(points), heard, [], None)
    assert disc is not None
    assert disc.place is not None
    return PLANE.to_metres(*disc.place)


def test_a_beacon_that_is_not_heard_pushes_away() -> None:
    _, y = place(FLOOR[:3] + FLOOR[4:], hears(0, 1, 2, 4))  # the one at 10, 10 is not on the map
    assert y < 5, "two near the one side, one near the other"
    assert place(FLOOR, hears(0, 1, 2, 4))[1] < y - 0.5


@pytest.mark.parametrize(
    "other",
    [
        {"level": 2},
        {"kind": EvidenceKind.ACCESS_POINT, "identity": "aa:bb:cc:dd:ee:0e"},
        {"identity": ("0" * 32, 2, 3)},
    ],
    ids=["floor", "kind", "UUID"],
)
def test_silence_tells_nothing_of_other_ones(other: dict[str, object]) -> None:
    without, silent = FLOOR[:3] + FLOOR[4:], replace(FLOOR[3], **other)  # type: ignore[arg-type]
    assert place([*without, silent], hears(0, 1, 2, 4)) == place(without, hears(0, 1, 2, 4))


def test_a_place_and_the_phones_own_are_put_together() -> None:
    disc = strongest(KnownPoints(FLOOR), hears(0, 1, 2, 3, rssi=-77), [], None)
    assert disc is not None
    lon, lat = PLANE.to_lonlat(9.0, 5.0)
    both = put_together(ping(lon=lon, lat=lat, accuracy_m=3.0), disc, 50.0)
    x, _ = PLANE.to_metres(both.ping.lon, both.ping.lat)
    alone, _ = PLANE.to_metres(*disc.place)  # type: ignore[misc]
    assert alone < x < 9.0
    assert both.ping.accuracy_m is not None
    assert both.ping.accuracy_m < min(6.0, disc.radius_m), "an own position is worth half"
    assert (both.ping.source, both.ping.level, both.trust) == ("beacon", 1, 1.0)


@pytest.mark.parametrize("own_m, off_m", [(3.0, 50.0), (90.0, 5.0)], ids=["an outlier", "a vague one"])
def test_an_own_position_that_counts_for_nothing(own_m: float, off_m: float) -> None:
    disc = strongest(KnownPoints(FLOOR), hears(0, 1, 2, 3, rssi=-77), [], None)
    assert disc is not None
    lon, lat = PLANE.to_lonlat(off_m, 5.0)
    found = put_together(ping(lon=lon, lat=lat, accuracy_m=own_m), disc, 50.0).ping
    assert ((found.lon, found.lat), found.accuracy_m) == (disc.place, disc.radius_m)


def told(p: PingIn) -> tuple[float | None, float | None, int | None, str]:
    return p.lon, p.accuracy_m, p.level, p.source


@pytest.mark.parametrize(
    "phone, disc, expected",
    [
        pytest.param(ping(), disc_of(DOOR, None), (8.5, 8.0, 1, "beacon"), id="tighter: place and floor"),
        pytest.param(ping(accuracy_m=5.0), disc_of(DOOR, None), (8.0, 5.0, 1, "gnss"), id="wider: the floor only"),
        pytest.param(ping(accuracy_m=None), disc_of(WIFI, None), (8.6, 25.0, 2, "wifi"), id="unknown accuracy is 50 m"),
        pytest.param(ping(lon=None, lat=None), disc_of(WIFI, None), (8.6, 25.0, 2, "wifi"), id="no place of its own"),
        pytest.param(ping(accuracy_m=0.5), disc_of(COUNTER, None), (8.7, 1.5, 0, "check_in"), id="a check-in, always"),
        pytest.param(ping(), disc_of(STREET, None), (8.5, 8.0, 5, "beacon"), id="no floor outdoors: the phone's own"),
        pytest.param(ping(source="check_in"), None, (8.0, 12.0, 5, "gnss"), id="a phone cannot claim a check-in"),
        pytest.param(ping(source="wifi"), None, (8.0, 12.0, 5, "wifi"), id="it may know Wi-Fi positions"),
    ],
)
def test_put_together(phone: PingIn, disc: object, expected: tuple[object, ...]) -> None:
    placed = put_together(phone, disc, 50.0)  # type: ignore[arg-type]
    assert told(placed.ping) == expected
    assert placed.trust == (HEARD_TRUST if expected[0] in (8.5, 8.6) else 1.0)


@given(st.one_of(st.none(), st.floats(-5, 200)), st.integers(-128, 20), st.sampled_from([DOOR, WIFI, COUNTER, STREET]))
def test_hearing_something_never_makes_it_vaguer(own_m: float | None, rssi: int, point: PlacedEvidence) -> None:
    disc = disc_of(point, rssi)
    result = put_together(ping(accuracy_m=own_m), disc, 50.0).ping
    before = own_m if own_m is not None and own_m > 0 else 50.0
    if point is not COUNTER:
        assert (result.accuracy_m if result.accuracy_m and result.accuracy_m > 0 else 50.0) <= before
    assert (result.lon, result.lat) in ((8.0, 47.0), (point.lon, point.lat))
    assert result.level == (5 if point.level is None else point.level)


def test_a_check_in_is_certain_within_a_metre() -> None:
    assert is_certain(Source.CHECK_IN, 1.0)
    assert not is_certain(Source.CHECK_IN, 1.1)
    assert not is_certain(Source.BEACON, -3.0)


# --- the phone's own monitoring: its time -------------------------------------------------------------------------


@given(st.uuids(), st.booleans())
def test_a_transition_stands_beside_a_position_of_the_same_second(zone_id: UUID, left: bool) -> None:
    said = Said(zone_id, left)
    assert timedelta(0) < beside(said) <= timedelta(milliseconds=1)
    assert beside(said) == beside(Said(zone_id, left)), "sent again it is known"
    assert beside(said) != beside(Said(zone_id, not left))


@pytest.mark.parametrize(
    "newest_s, expected_s",
    [(None, 0.0), (-10, 0.0), (0, 0.000001), (29, 29.000001), (31, 0.0)],
)
def test_a_transition_tells_of_now(newest_s: float | None, expected_s: float) -> None:
    newest = None if newest_s is None else NOON + timedelta(seconds=newest_s)
    assert decided_at(NOON, newest) == NOON + timedelta(seconds=expected_s)


def test_half_a_position_is_none() -> None:
    with pytest.raises(msgspec.ValidationError, match="belong together"):
        msgspec.json.decode(b'{"at":"2026-03-02T12:00:00Z","lon":8.5}', type=PingIn)
