"""Where a phone is by what it hears or scans: beacons, access points, a check-in; and by its own region monitoring.

Hearing a point says: within so many metres of it, on its floor. The metres follow from the signal by the log-distance
path loss model, `rssi = rssi_at_1m - 10 n log10(d)` (T. Rappaport, Wireless Communications, section 4.9.1), with
n = 2.2: between free space (2.0) and what ITU-R P.1238 table 2 gives for offices and shops at 2.4 GHz (2.0-2.8 without
walls between). Bodies and pockets spread readings by some 5 dB; accuracy is a 68 % radius everywhere here, so the
metres are those which 68 % of such readings do not exceed (+0.47 sigma). They are held between 1.5 m and the radius
that the map gives the point. Three points or more give a place between them (`multilateration`).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from math import hypot, inf, log, sqrt
from typing import NamedTuple

from msgspec.structs import replace

from geoengage.kit.geo import distance_m
from geoengage.presence.rules.fixes import UncheckedPing, accuracy
from geoengage.presence.rules.heard import HeardAccessPoint, HeardBeacon
from geoengage.presence.rules.known import Around, KnownPoints
from geoengage.presence.rules.multilateration import FEWEST, Reading, spot_of
from geoengage.presence.rules.state import Said
from geoengage.venues.rules import (
    CHECK_IN_REACH_M,
    HEARD_TRUST,
    TIGHTEST_M,
    EvidenceKind,
    PlacedEvidence,
)

PATH_LOSS = 2.2
SPREAD_DB = 5.0
Z68 = 0.4677  # the normal quantile of 68 %
R68 = 1.5096  # 68 % radius of a circular normal error of standard deviation 1 on each axis
# A place between points errs anew with each reading, a phone's own drifts along for a minute: worth twice as much.
FRESH_M = 2.0
WORTHLESS = 3.0  # times the error of a place between points: such a position moves it by a tenth at most
APART = 2.5  # combined 68 % radii: 1 in 1,200 lies so far off when both are stated right
WRONG_REPORT = 0.03  # share of wrong floors among those that phones report (issue 5's noise model)
WRONG_HEARD = 0.001  # among floors by a beacon: a ceiling takes some 20 dB
MOST_SILENT = 8  # beacons whose silence is looked at, the nearest
PUNCTUAL = timedelta(seconds=30)  # a transition may be so much older than the newest position and still tell of now


class Source(StrEnum):
    """What a fix rests on when it is not the phone's own position."""

    BEACON = "beacon"
    WIFI = "wifi"
    CHECK_IN = "check_in"
    REGION = "region"


SOURCES = {
    EvidenceKind.BEACON: Source.BEACON,
    EvidenceKind.ACCESS_POINT: Source.WIFI,
    EvidenceKind.CHECK_IN: Source.CHECK_IN,
}
# Only the map says so; a phone that does claims nothing by it. It may well know Wi-Fi positions of its own.
OURS = frozenset({Source.BEACON, Source.CHECK_IN, Source.REGION})


class Disc(NamedTuple):
    """Within `radius_m` of a point that the map knows, or of the place (lon, lat) that it gives with others."""

    point: PlacedEvidence
    radius_m: float
    place: tuple[float, float] | None = None


def distance_from_rssi(rssi: int, rssi_at_1m: int) -> float:
    """Metres to a transmitter by its received strength, dBm; source and constants above."""
    return float(10 ** ((rssi_at_1m - rssi) / (10 * PATH_LOSS)))


def disc_of(point: PlacedEvidence, rssi: int | None) -> Disc:
    """The 68 % disc around a point that is heard so strongly; without a strength its widest one."""
    if point.kind is EvidenceKind.CHECK_IN:
        return Disc(point, TIGHTEST_M)
    if rssi is None:
        return Disc(point, point.radius_m)
    metres = distance_from_rssi(rssi, point.rssi_at_1m) * 10 ** (Z68 * SPREAD_DB / (10 * PATH_LOSS))
    return Disc(point, min(max(metres, TIGHTEST_M), point.radius_m))


def strongest(
    known: KnownPoints,
    beacons: Iterable[HeardBeacon],
    access_points: Iterable[HeardAccessPoint],
    check_in: str | None,
) -> Disc | None:
    """The point that says most of what a phone hears, None when the map knows none of them.

    A check-in speaks first. Then the strongest: transmitters differ, so strength is compared as the distance it means.
    Others on its floor tell with it where between them the phone is.
    """
    if check_in is not None and (point := known.check_in(check_in)) is not None:
        return disc_of(point, None)
    heard = list(_heard(known, beacons, access_points))
    discs = [disc_of(point, rssi) for point, rssi in heard]
    nearest = min(discs, key=lambda disc: (disc.radius_m, disc.point.id), default=None)
    if nearest is None:
        return None
    about = known.around(nearest.point)
    return between(nearest.point, about, [(p, rssi) for p, rssi in heard if rssi is not None]) or nearest


def _heard(
    known: KnownPoints, beacons: Iterable[HeardBeacon], access_points: Iterable[HeardAccessPoint]
) -> Iterator[tuple[PlacedEvidence, int | None]]:
    for beacon in beacons:
        if (point := known.beacon(beacon)) is not None:
            yield point, beacon.rssi
    for access_point in access_points:
        if (point := known.access_point(access_point)) is not None:
            yield point, access_point.rssi


def between(nearest: PlacedEvidence, about: Around, heard: Sequence[tuple[PlacedEvidence, int]]) -> Disc | None:
    """The disc around the place that explains best what is heard on the floor of a point, and what is not; None when
    too few are heard."""
    here = [(point, rssi) for point, rssi in heard if point.level == nearest.level]
    if len(here) < FEWEST:
        return None
    readings = [Reading(*_place_of(point, about), distance_from_rssi(rssi, point.rssi_at_1m)) for point, rssi in here]
    spot = spot_of(readings, SPREAD_DB * log(10) / (10 * PATH_LOSS), _silent(here, about))
    if spot is None:
        return None
    return Disc(nearest, max(TIGHTEST_M, R68 * spot.sd_m), about.plane.to_lonlat(spot.x, spot.y))


def _place_of(point: PlacedEvidence, about: Around) -> tuple[float, float]:
    known = about.others.get(point.identity)
    return about.plane.to_metres(point.lon, point.lat) if known is None else known[1:]


def _silent(here: Sequence[tuple[PlacedEvidence, int]], about: Around) -> list[Reading]:
    """The beacons nearby that are not heard: they seem at least so far that the weakest heard one covers them."""
    weakest = min((rssi for point, rssi in here if point.kind is EvidenceKind.BEACON), default=None)
    if weakest is None:
        return []
    heard = {point.identity for point, _ in here}
    silent = [other for identity, other in about.others.items() if identity not in heard][:MOST_SILENT]
    return [Reading(x, y, distance_from_rssi(weakest, other.rssi_at_1m)) for other, x, y in silent]


class Placed(NamedTuple):
    """A ping at its place, and the trust 0-1 in what puts it there."""

    ping: UncheckedPing
    trust: float


def put_together(ping: UncheckedPing, disc: Disc | None, default_accuracy_m: float) -> Placed:
    """The ping at the place that what the phone says and what it hears give together.

    What is heard always gives the floor. A place between several points and the phone's own are put together; a single
    point gives the place when its disc is tighter, or the phone names none, and is trusted by HEARD_TRUST.
    """
    source = "gnss" if ping.source in OURS else ping.source
    if disc is None:
        return Placed(replace(ping, source=source), 1.0)
    point = disc.point
    level = ping.level if point.level is None else point.level
    own_m = inf if ping.lon is None else accuracy(ping.accuracy_m, default_accuracy_m)[0]
    if disc.place is not None:
        lon, lat, radius_m = _combined(ping, own_m, disc.place, disc.radius_m)
        source = SOURCES[point.kind].value
        return Placed(replace(ping, lon=lon, lat=lat, accuracy_m=radius_m, level=level, source=source), 1.0)
    if own_m <= disc.radius_m and point.kind is not EvidenceKind.CHECK_IN:
        return Placed(replace(ping, level=level, source=source), 1.0)
    source = SOURCES[point.kind].value
    placed = replace(ping, lon=point.lon, lat=point.lat, accuracy_m=disc.radius_m, level=level, source=source)
    return Placed(placed, 1.0 if point.kind is EvidenceKind.CHECK_IN else HEARD_TRUST)


def _combined(
    ping: UncheckedPing, own_m: float, place: tuple[float, float], radius_m: float
) -> tuple[float, float, float]:
    """(lon, lat, 68 % radius) of the place between points and the phone's own together, by their inverse variances.

    A position of the phone's own that lies further off than both errors explain is an outlier and counts for nothing.
    """
    worth_m = FRESH_M * own_m
    if worth_m > WORTHLESS * radius_m or ping.lon is None or ping.lat is None:
        return *place, radius_m
    if distance_m(*place, ping.lon, ping.lat) > APART * hypot(own_m, radius_m):
        return *place, radius_m
    share = radius_m**2 / (worth_m**2 + radius_m**2)
    lon, lat = place[0] + share * (ping.lon - place[0]), place[1] + share * (ping.lat - place[1])
    return lon, lat, worth_m * sqrt(share)


def wrong_floor(source: str) -> float:
    """The share 0–1 of wrong ones among floors that such a fix names."""
    if source == Source.CHECK_IN:
        return 0.0
    return WRONG_HEARD if source == Source.BEACON else WRONG_REPORT


def is_certain(source: str, s_m: float) -> bool:
    """Whether a fix is in a zone beyond doubt: checked in at a point in it, or a metre from its edge."""
    return source == Source.CHECK_IN and s_m <= CHECK_IN_REACH_M


def beside(said: Said | None) -> timedelta:
    """How much later than the phone says its transition is taken to be: some microseconds.

    Phones report a transition and a position of the same second; both are wanted, and several transitions too. The
    same transition sent again gets the same time, so it is known as a duplicate.
    """
    number = 0 if said is None else said.zone_id.int % 450 * 2 + said.left
    return timedelta(microseconds=1 + number)


def decided_at(at: datetime, newest: datetime | None) -> datetime:
    """When a transition counts: it tells of now, so that it is never late for being a little older than the newest
    position."""
    if newest is None or not at <= newest <= at + PUNCTUAL:
        return at
    return newest + timedelta(microseconds=1)
