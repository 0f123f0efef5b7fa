"""Moving one phone's world, for trials: who stands at `origin` is taken to stand at `target`. Pure.

Every position of that device is moved before anything else is done with it, every circle that it is given is moved
back, so neither the phone nor the engine notices. Metres stay metres: a step north is the same step north there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import msgspec

from geoengage.kit.geo import Frame
from geoengage.presence.rules.fixes import UncheckedPing

LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Relocation:
    """`origin` and `target` are lon, lat degrees. `place` names what was brought to the phone: `mall` or `circle`."""

    origin: LonLat
    target: LonLat
    place: str

    @classmethod
    def of(cls, row: Mapping[str, Any] | None) -> "Relocation | None":
        """As `device.relocation` holds it; None where nothing is moved."""
        if row is None:
            return None
        (lon, lat), (to_lon, to_lat) = row["from"], row["to"]
        return cls((lon, lat), (to_lon, to_lat), row["place"])

    def as_row(self) -> dict[str, Any]:
        """For `device.relocation`."""
        return {"from": list(self.origin), "to": list(self.target), "place": self.place}

    @property
    def back(self) -> "Relocation":
        """The way from there to here."""
        return Relocation(self.target, self.origin, self.place)


def relocate(lon: float, lat: float, relocation: Relocation) -> LonLat:
    """Where lon, lat degrees lie after the move: as many metres east and north of `target` as before of `origin`.

    On the plane at each end (`kit.geo.Frame`), so distances from the origin are kept exactly and the way back is exact.
    A latitude beyond ±90 can come out, far from the origin; a longitude never lies beyond ±180.
    """
    east_deg = _wrapped(lon - relocation.origin[0])
    x, y = Frame(0.0, relocation.origin[1]).to_metres(east_deg, lat)
    east_deg, to_lat = Frame(0.0, relocation.target[1]).to_lonlat(x, y)
    return _wrapped(relocation.target[0] + east_deg), to_lat


def moved(ping: UncheckedPing, relocation: Relocation | None) -> UncheckedPing:
    """The ping where it counts. What is no position (none, out of range, 0/0) stays so that it is refused as ever."""
    if relocation is None or ping.lon is None or ping.lat is None:
        return ping
    if not (-180 <= ping.lon <= 180 and -90 <= ping.lat <= 90) or (ping.lon == 0 and ping.lat == 0):
        return ping
    lon, lat = relocate(ping.lon, ping.lat, relocation)
    return msgspec.structs.replace(ping, lon=lon, lat=lat)


def map_epoch(epoch: int, relocation: Relocation | None) -> int:
    """A number that differs from before whenever a device's circles may: its zones changed, or it was moved."""
    return epoch if relocation is None else (epoch << 32) + crc32(repr(relocation).encode())


def _wrapped(degrees: float) -> float:
    return (degrees + 180.0) % 360.0 - 180.0
