"""Which pings can be used, and how far they can be trusted (DESIGN rule 1). Reasons are counted, never silent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from geoengage.kit.geo import distance_m
from geoengage.presence.rules.heard import HeardAccessPoint, HeardBeacon, PhoneTransition

FUTURE_S = 60.0  # a corrected time further ahead than this cannot be right
SKEW_S = 30.0  # smaller differences are network delay, not a wrong clock
GOOD_ACCURACY_M = 100.0  # the speed between two vaguer fixes says nothing
IMPOSSIBLE_MPS = 70.0
FAST_MPS = 7.0
UNKNOWN_ACCURACY_TRUST = 0.8
MAX_ACCURACY_M = 100_000.0
OLDEST = timedelta(days=7)  # partitions reach back a day further (`kit/partitions.py`)
YEARS = range(1970, 2200)  # a phone that lost its clock says 1970; beyond, arithmetic with times overflows


class Rejected(StrEnum):
    """Why a ping was refused."""

    NO_LOCATION_CONSENT = "no_location_consent"
    INVALID = "invalid"
    IN_FUTURE = "in_future"
    TOO_OLD = "too_old"
    NULL_ISLAND = "null_island"
    IMPOSSIBLE_SPEED = "impossible_speed"
    MOCK_LOCATION = "mock_location"
    UNKNOWN_DEVICE = "unknown_device"
    NO_POSITION = "no_position"
    UNKNOWN_ZONE = "unknown_zone"  # noted of a transition; the position that came with it is taken all the same


class UncheckedPing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False, gc=False):
    """The fields of a `PingIn`, to be checked many at once (`are_sound`): one by one that costs as much as decoding."""

    at: Annotated[datetime, Meta(tz=True, description="When the fix was taken, RFC 3339.")]
    lon: Annotated[float, Meta(description="Degrees east, −180 … 180.")] | None = None
    lat: Annotated[float, Meta(description="Degrees north, −90 … 90.")] | None = None
    accuracy_m: Annotated[float, Meta(description="68 % radius; missing or ≤ 0 means unknown.")] | None = None
    level: Annotated[int, Meta(ge=-100, le=200, description="Floor, 0 = ground.")] | None = None
    speed_mps: Annotated[float, Meta(description="Metres a second, as the phone says.")] | None = None
    mocked: Annotated[bool, Meta(description="The phone says that the position is made up.")] = False
    source: Annotated[str, Meta(max_length=32, pattern="^[^\\x00]*$", description="gnss, wifi, cell, fused …")] = "gnss"
    beacons: Annotated[list[HeardBeacon], Meta(max_length=50, description="Beacons heard just now.")] = []
    access_points: Annotated[list[HeardAccessPoint], Meta(max_length=100, description="Access points heard now.")] = []
    check_in: Annotated[str, Meta(max_length=64, description="The code of a check-in point.")] | None = None
    transition: Annotated[PhoneTransition | None, Meta(description="What the phone's own monitoring says.")] = None
    device_id: Annotated[str, Meta(description="For secret keys: whose position this is.")] | None = None


class PingIn(UncheckedPing, frozen=True, kw_only=True, gc=False):
    """One position as a client sends it: lon, lat degrees (WGS 84), accuracy as 68 % radius in metres.

    `lon` and `lat` may be left out where something else says where the phone is: a beacon, an access point or a
    check-in that the map knows.
    """

    def __post_init__(self) -> None:
        """Refuse times that no clock shows and half a position; msgspec turns the ValueError into its own."""
        check_year("at", self.at)
        if (self.lon is None) != (self.lat is None):
            raise ValueError("`lon` and `lat` belong together")


def are_sound(pings: Sequence[UncheckedPing]) -> bool:
    """Whether `PingIn` would take all of them."""
    years = {p.at.year for p in pings}
    return (
        min(years, default=YEARS.start) >= YEARS.start
        and max(years, default=YEARS.start) < YEARS.stop
        and all((p.lon is None) == (p.lat is None) for p in pings)
    )


def check_year(name: str, at: datetime) -> None:
    """Raise ValueError for a time that cannot be reckoned with."""
    if at.year not in YEARS:
        raise ValueError(f"`{name}` must lie in the years {YEARS.start} to {YEARS.stop - 1}")


@dataclass(frozen=True, slots=True)
class Policy:
    """What the tenant decides about pings."""

    default_accuracy_m: float
    reject_mocked: bool
    retention: timedelta


def clock_skew(sent_at: datetime | None, received_at: datetime, known_s: float) -> float:
    """Seconds to add to the phone's times, if more than 30; without `sent_at` what was known stays."""
    if sent_at is None:
        return known_s
    difference = (received_at - sent_at).total_seconds()
    return difference if abs(difference) > SKEW_S else 0.0


def refuse(ping: UncheckedPing, event_at: datetime, received_at: datetime, policy: Policy) -> Rejected | None:
    """The reason to refuse a ping by itself, None when it can be used. `event_at` is its time with skew corrected."""
    if ping.lon is None or ping.lat is None:
        return Rejected.NO_POSITION
    if not (-180 <= ping.lon <= 180 and -90 <= ping.lat <= 90):
        return Rejected.INVALID
    if ping.lon == 0 and ping.lat == 0:
        return Rejected.NULL_ISLAND
    if ping.mocked and policy.reject_mocked:
        return Rejected.MOCK_LOCATION
    if (event_at - received_at).total_seconds() > FUTURE_S:
        return Rejected.IN_FUTURE
    if received_at - event_at > min(policy.retention, OLDEST):
        return Rejected.TOO_OLD
    return None


def accuracy(reported_m: float | None, default_m: float) -> tuple[float, float]:
    """Metres to reckon with, and the trust in them: missing or ≤ 0 means unknown."""
    if reported_m is None or not reported_m > 0:
        return default_m, UNKNOWN_ACCURACY_TRUST
    return min(reported_m, MAX_ACCURACY_M), 1.0


@dataclass(frozen=True, slots=True)
class Position:
    """Where a device was, for judging speed."""

    at: datetime
    lon: float
    lat: float
    accuracy_m: float


def speed_trust(before: Position | None, after: Position) -> float:
    """Trust by the speed from the fix before: 1 up to 7 m/s, less above, 0 means impossible (over 70 m/s).

    The straight distance is shortened by both accuracies, so that scatter of a standing phone is not taken for speed.
    """
    if before is None or max(before.accuracy_m, after.accuracy_m) > GOOD_ACCURACY_M:
        return 1.0
    seconds = (after.at - before.at).total_seconds()
    slack = before.accuracy_m + after.accuracy_m
    metres = max(0.0, distance_m(before.lon, before.lat, after.lon, after.lat) - slack)
    speed = metres / max(seconds, 1.0)
    if speed > IMPOSSIBLE_MPS:
        return 0.0
    return 1.0 if speed <= FAST_MPS else FAST_MPS / speed
