"""Evidence besides GPS that the map knows: beacons, Wi-Fi access points, codes to check in with. Pure.

What hearing one says about a phone's place is `presence/rules/evidence.py`; here is what a point is, how identities are
written, and which zones it reaches.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import shapely
from shapely.geometry.base import BaseGeometry

from geoengage.kit.geo import disc_share

TIGHTEST_M = 1.5  # hearing a beacon never says more than this: bodies, pockets and walls bend the field
WIDEST_M = 100.0
CHECK_IN_REACH_M = 1.0  # a code may hang on the wall, a hand's breadth outside its zone
# A reading errs by itself, unlike a drifting GPS position: its 68 % disc is worth about that, and a second reading is a
# real confirmation. In simulated shops of 6 × 8 m wall to wall (tests/api/test_small_shops.py) 0.7 enters 97 % of 98
# visits and 35 times next door; 0.94, which only asks for the second reading, 96 % and 52 times.
HEARD_TRUST = 0.7
CODE_LENGTH = 12
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without 0 O, 1 I L, U: read aloud and typed without mistakes
_RADII_M = (TIGHTEST_M, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 18.0, 25.0, 40.0, 60.0, WIDEST_M)


class EvidenceKind(StrEnum):
    """What a point is."""

    BEACON = "beacon"
    ACCESS_POINT = "access_point"
    CHECK_IN = "check_in"


DEFAULT_RADIUS_M = {EvidenceKind.BEACON: 8.0, EvidenceKind.ACCESS_POINT: 25.0}
# Received at 1 m, dBm: what Apple's iBeacon guide has beacons calibrated to; a Wi-Fi access point is some 20 dB louder.
DEFAULT_RSSI_AT_1M = {EvidenceKind.BEACON: -59, EvidenceKind.ACCESS_POINT: -40}


@dataclass(frozen=True, slots=True)
class PlacedEvidence:
    """A point as matching reads it: lon, lat degrees; `level` None outdoors; `radius_m` of the widest disc that hearing
    it gives. `identity`: (uuid, major, minor) of a beacon, the BSSID, or the code, in their normal form."""

    id: UUID
    kind: EvidenceKind
    identity: tuple[str, int, int] | str
    name: str
    store_id: UUID | None
    level: int | None
    lon: float
    lat: float
    radius_m: float
    rssi_at_1m: int


def normal_uuid(text: str) -> str | None:
    """A proximity UUID as 32 lower case digits, however it is written; None when it is none."""
    bare = text.replace("-", "").lower()
    return bare if re.fullmatch(r"[0-9a-f]{32}", bare) else None


def normal_bssid(text: str) -> str | None:
    """A MAC address as `aa:bb:cc:dd:ee:ff`; None when it is none. iOS leaves leading zeros out, others the colons."""
    parts = re.split("[:-]", text.strip().lower())
    if len(parts) == 1:
        parts = [parts[0][i : i + 2] for i in range(0, len(parts[0]), 2)]
    written = ":".join(part.zfill(2) for part in parts)
    return written if re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", written) else None


def normal_code(text: str) -> str:
    """A check-in code as it is stored, however it was typed."""
    return re.sub(r"[\s-]", "", text).upper()


def code_of(chance: bytes) -> str:
    """A code out of at least 12 random bytes: 58 bits, so nobody guesses one.

    A byte is taken modulo 30 letters, which makes the first 16 a tenth likelier; that costs a fifth of a bit in all.
    """
    return "".join(CODE_LETTERS[byte % len(CODE_LETTERS)] for byte in chance[:CODE_LENGTH])


def identity_flaws(
    kind: EvidenceKind, given: Collection[str], uuid: str | None, bssid: str | None
) -> list[tuple[str, str]]:
    """(member, what is wrong) of a point whose `given` members are set: each kind has its own."""
    wanted = {
        EvidenceKind.BEACON: ("uuid", "major", "minor"),
        EvidenceKind.ACCESS_POINT: ("bssid",),
        EvidenceKind.CHECK_IN: (),
    }[kind]
    allowed = set(wanted) | (set() if kind is EvidenceKind.CHECK_IN else {"radius_m", "rssi_at_1m"})
    word = kind.replace("_", "-")
    flaws = [(name, f"a {word} needs it") for name in wanted if name not in given]
    flaws += [(name, f"a {word} has none") for name in given if name not in allowed]
    if uuid is not None and normal_uuid(uuid) is None:
        flaws.append(("uuid", "32 hexadecimal digits, e.g. f7826da6-4fa2-4e98-8024-bc5b71e0893e"))
    if bssid is not None and normal_bssid(bssid) is None:
        flaws.append(("bssid", "a MAC address, e.g. aa:bb:cc:dd:ee:ff"))
    return flaws


def reach_share(area: BaseGeometry, x: float, y: float, radius_m: float | None) -> float:
    """The largest share (0–1) of its disc that hearing a point at (x, y) can put into an area; metres on one plane.

    `radius_m` None is a check-in: certain in the area and a metre around it, nothing beyond. The disc shrinks with the
    signal, so the best of some radii up to the widest one counts.
    """
    distance = shapely.distance(area, shapely.Point(x, y))
    if radius_m is None:
        return float(distance <= CHECK_IN_REACH_M)
    if distance >= radius_m:
        return 0.0
    return max(disc_share(area, x, y, r) for r in (*(r for r in _RADII_M if r < radius_m), radius_m))


def can_enter(share: float, radius_m: float | None, needs: float) -> bool:
    """Whether hearing a point that puts such a share into a zone reaches the zone's min_confidence."""
    return share * (1.0 if radius_m is None else HEARD_TRUST) >= needs


def level_fits(zone_levels: Collection[int], level: int | None) -> bool:
    """Whether a phone on the point's level is on one of the zone's; outdoors there are none."""
    return not zone_levels or level is None or level in zone_levels
