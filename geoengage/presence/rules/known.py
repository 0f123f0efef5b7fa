"""The beacons, access points and check-in codes of a tenant's map, by identity and by place."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from geoengage.kit.geo import Frame
from geoengage.presence.rules.heard import HeardAccessPoint, HeardBeacon
from geoengage.venues.rules import EvidenceKind, PlacedEvidence, normal_bssid, normal_code, normal_uuid

AROUND_M, MOST_AROUND = 25.0, 16  # of a beacon: further ones are neither heard nor missed beside it

Identity = tuple[str, int, int] | str


class Around(NamedTuple):
    """The plane around a beacon, and metres on it of the beacons of its floor and UUID nearby, the nearest first."""

    plane: Frame
    others: Mapping[Identity, tuple[PlacedEvidence, float, float]]


class KnownPoints:
    """The points of one tenant by identity."""

    def __init__(self, points: Iterable[PlacedEvidence] = ()) -> None:
        self._points: Mapping[Identity, PlacedEvidence] = {p.identity: p for p in points}
        self._around: dict[Identity, Around] = {}
        self._beacons: dict[tuple[str, int | None], list[PlacedEvidence]] = {}
        for point in self._points.values():
            if point.kind is EvidenceKind.BEACON:
                self._beacons.setdefault((str(point.identity[0]), point.level), []).append(point)

    def __len__(self) -> int:
        return len(self._points)

    def beacon(self, heard: HeardBeacon) -> PlacedEvidence | None:
        """The beacon that a phone hears, if the map knows it."""
        uuid = normal_uuid(heard.uuid)
        return None if uuid is None else self._points.get((uuid, heard.major, heard.minor))

    def access_point(self, heard: HeardAccessPoint) -> PlacedEvidence | None:
        """The access point that a phone hears, if the map knows it."""
        bssid = normal_bssid(heard.bssid)
        return None if bssid is None else self._points.get(bssid)

    def around(self, point: PlacedEvidence) -> Around:
        """What else could be heard near a point; worked out when it is first asked for."""
        known = self._around.get(point.identity)
        if known is None:
            known = self._around[point.identity] = self._surveyed(point)
        return known

    def _surveyed(self, point: PlacedEvidence) -> Around:
        plane, near = Frame(point.lon, point.lat), []
        if point.kind is EvidenceKind.BEACON:
            for other in self._beacons[str(point.identity[0]), point.level]:
                x, y = plane.to_metres(other.lon, other.lat)
                if x * x + y * y <= AROUND_M**2:
                    near.append((x * x + y * y, other, float(x), float(y)))
        near.sort(key=lambda n: n[0])
        return Around(plane, {other.identity: (other, x, y) for _, other, x, y in near[:MOST_AROUND]})

    def check_in(self, code: str) -> PlacedEvidence | None:
        """The check-in point with a code."""
        return self._points.get(normal_code(code))
