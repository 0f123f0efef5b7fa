"""When a phone is told which regions to monitor, and which. Pure.

An answer normally holds none. They are told again when the phone left the circle in which they were the nearest, when
zones changed, when another program speaks for the phone, when the point that asked for them comes again (its answer was
lost), and once a day (an app that was installed anew has forgotten them).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from geoengage.kit.geo import distance_m

REFRESH = "refresh"  # the name of the circle on whose exit the phone reports by itself
TOLD_FOR = timedelta(days=1)
FRESH = timedelta(minutes=10)  # an older position says nothing about where the phone is now
NO_ZONE = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Region:
    """A circle for a phone to monitor. lon, lat degrees; the refresh circle has `NO_ZONE`."""

    zone_id: UUID
    name: str
    lon: float
    lat: float
    radius_m: float

    @property
    def digest(self) -> str:
        """Says whether the phone has it as it is now."""
        said = f"{self.name}|{self.lon:.6f}|{self.lat:.6f}|{self.radius_m:.0f}"
        return hashlib.sha256(said.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Told:
    """What a phone was told: digests by zone, at which epoch of the zones, where it was, for which of its points.

    `lon` None: its regions have to be taken from it, since its consent is withdrawn.
    """

    client: str
    zones: Mapping[UUID, str]
    epoch: int
    lon: float | None
    lat: float | None
    radius_m: float | None
    told_at: datetime
    asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Asking:
    """A phone that could be told something: its program, where it was at `at`, the zones' epoch now."""

    client: str
    at: datetime
    lon: float
    lat: float
    epoch: int


def must_tell(told: Told | None, asking: Asking, now: datetime) -> bool:
    """Whether the phone is to be told its regions even if they are the same."""
    if told is None or told.lon is None or told.lat is None or told.radius_m is None:
        return True
    if told.client != asking.client or told.asked_at == asking.at or now - told.told_at >= TOLD_FOR:
        return True
    return distance_m(told.lon, told.lat, asking.lon, asking.lat) > told.radius_m


def digests(regions: Sequence[Region]) -> dict[UUID, str]:
    """What to remember of told regions."""
    return {region.zone_id: region.digest for region in regions}


def refresh_region(lon: float, lat: float, radius_m: float) -> Region:
    """The circle to leave before new regions are due, as one of the regions."""
    return Region(NO_ZONE, REFRESH, lon, lat, ceil(radius_m))
