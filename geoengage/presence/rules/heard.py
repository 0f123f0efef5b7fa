"""What a phone heard or saw beside its position: beacons, access points, a check-in, its own region monitoring."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class HeardBeacon(msgspec.Struct, frozen=True, kw_only=True):
    """An iBeacon (or AltBeacon) that the phone hears."""

    uuid: Annotated[str, Meta(min_length=32, max_length=36, description="Proximity UUID.")]
    major: Annotated[int, Meta(ge=0, le=65_535, description="Major.")]
    minor: Annotated[int, Meta(ge=0, le=65_535, description="Minor.")]
    rssi: Annotated[int, Meta(ge=-128, le=20, description="Signal strength, dBm.")] | None = None


class HeardAccessPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A Wi-Fi access point that the phone hears."""

    bssid: Annotated[str, Meta(max_length=17, description="Its MAC address, `aa:bb:cc:dd:ee:ff`.")]
    rssi: Annotated[int, Meta(ge=-128, le=20, description="Signal strength, dBm.")] | None = None


class PhoneTransition(msgspec.Struct, frozen=True, kw_only=True):
    """What the phone's own region monitoring says about a circle that it got from us (GET /v1/geofences/nearby)."""

    zone_id: Annotated[str, Meta(max_length=36, description="The circle's zone.")]
    kind: Annotated[Literal["enter", "exit", "dwell"], Meta(description="What happened.")]
