"""What all formats share: numbers, speeds and times as phones write them, and the reading of one request.

Everything becomes a ping of presence: lon/lat degrees, metres, m/s, aware UTC. What cannot be used is ignored with a
reason from a closed list and never loses the rest of its request: these clients keep or drop their queue by our answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from math import isfinite
from typing import Any
from uuid import UUID

import msgspec

from geoengage.presence.rules.fixes import PingIn

KMH_IN_MPS = 3.6
KNOTS_IN_MPS = 1.943844
MILLISECONDS_FROM = 2**31  # a number of seconds this large lies beyond 2038: it counts milliseconds
EPOCH_2001_S = 978_307_200  # seconds from 1970 to the epoch that Apple counts from
FUSED = "fused"  # the phone's own mixture of satellites, Wi-Fi and cells; none of these formats says more
LEVELS = range(-100, 201)
_NO_ACCESS_POINT = ("020000000000", "000000000000", "ffffffffffff")  # what phones say when they may not tell


class Ignored(StrEnum):
    """Why a part of a request became no ping."""

    EMPTY = "empty"
    UNREADABLE = "unreadable"
    INVALID = "invalid"
    NO_TIME = "no_time"
    NO_POSITION = "no_position"
    NOT_A_FIX = "not_a_fix"
    THROW_AWAY = "throw_away"
    BESIDE_TRANSITION = "beside_transition"
    COMES_AGAIN = "comes_again"
    STATUS = "status"
    WAYPOINT = "waypoint"
    ENCRYPTED = "encrypted"
    PUSH_TOKEN = "push_token"  # noqa: S105 - a reason
    OTHER = "other"
    REVOKED = "revoked"


@dataclass(slots=True)
class Reading:
    """What one request says: `client` that sent it, pings in its order, what was ignored and why."""

    client: str
    pings: list[PingIn] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)

    def take(self, found: PingIn | Ignored) -> None:
        """Add a ping, or the reason why there is none."""
        if isinstance(found, PingIn):
            self.pings.append(found)
        else:
            self.ignored.append(found)


def read_json(body: bytes) -> Any:
    """The value of a JSON text; Ignored.UNREADABLE where it is none, Ignored.EMPTY where there is nothing at all."""
    if not body.strip():
        return Ignored.EMPTY
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Ignored.UNREADABLE


def members(value: Any) -> Mapping[str, Any]:
    """An object's members; none where it is something else."""
    return value if isinstance(value, dict) else {}


def number(value: Any) -> float | None:
    """A finite number, also one written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if isfinite(result) else None


def not_negative(value: Any) -> float | None:
    """The same, with the −1 by which iOS says "invalid" taken as nothing."""
    result = number(value)
    return None if result is None or result < 0 else result


def whole(value: Any, within: range) -> int | None:
    """A whole number within a range; None for anything else."""
    result = number(value)
    return int(result) if result is not None and result == int(result) and int(result) in within else None


def truth(value: Any) -> bool:
    """A flag, also one written as text."""
    return value is True or str(value).strip().lower() in ("true", "1", "yes")


def text(value: Any) -> str:
    """A text; empty for anything else."""
    return value if isinstance(value, str) else ""


def from_epoch(seconds: float) -> datetime | None:
    """The moment so many seconds after 1970; None beyond the years that a clock can show."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def moment(value: Any) -> datetime | None:
    """A time as seconds or milliseconds since 1970, or as ISO 8601; without an offset it is UTC."""
    count = number(value)
    if count is not None:
        return from_epoch(count / 1000 if abs(count) >= MILLISECONDS_FROM else count)
    try:
        at = datetime.fromisoformat(text(value).strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def access_point(bssid: Any, rssi: Any = None) -> dict[str, Any] | None:
    """A heard access point as a ping names it; None where the phone was not allowed to tell."""
    address = plain_address(text(bssid))
    if address is None or address in _NO_ACCESS_POINT:
        return None
    spelt = ":".join(address[i : i + 2] for i in range(0, 12, 2))
    return {"bssid": spelt, "rssi": whole(rssi, range(-128, 0))}


def plain_address(address: str) -> str | None:
    """A MAC address as twelve lower case hex digits, however it was separated; None when it is none."""
    digits = address.strip().lower()
    for separator in ":-.":
        digits = digits.replace(separator, "")
    return digits if len(digits) == 12 and all(c in "0123456789abcdef" for c in digits) else None


def uuid_text(value: Any) -> str | None:
    """A UUID in its usual spelling; None when it is none."""
    try:
        return str(UUID(text(value)))
    except ValueError:
        return None


def make_ping(at: datetime | None, lon: float | None, lat: float | None, **more: Any) -> PingIn | Ignored:
    """A ping checked as POST /v1/pings checks it, or why there is none. Members that are None are left out."""
    if at is None:
        return Ignored.NO_TIME
    if (lon is None or lat is None) and not any(more.get(kind) for kind in ("beacons", "access_points")):
        return Ignored.NO_POSITION
    known = {name: value for name, value in more.items() if value is not None}
    try:
        return msgspec.convert({"at": at, "lon": lon, "lat": lat} | known, PingIn)
    except msgspec.ValidationError:
        return Ignored.INVALID
