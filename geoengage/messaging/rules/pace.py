"""How fast a provider's project may be sent to, and for how long it is left alone. Pure.

A token bucket per project that all workers draw from. Its rate rises over a minute after a rest or a pause, because
FCM answers a sudden flood with 429 (FCM's guide: from 0 to the full rate in at least 60 s).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

FIRST_SHARE = 0.1  # of the full rate, at the start of a ramp
BURST_S = 1.0  # what was not used for longer is lost


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """What several messages share on their way: a project, an account, a push service (`models.SenderPace`)."""

    tenant_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `per_minute` messages to a project, reached `ramp_up_s` seconds after a rest."""

    per_minute: int
    ramp_up_s: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """`tokens` were left at `drawn_at`; the ramp began at `ramp_from`, which may lie ahead (the end of a pause)."""

    tokens: float
    drawn_at: datetime
    ramp_from: datetime


@dataclass(frozen=True, slots=True)
class Draw:
    """What a bucket gave. `next_at`: when the rest of what was wanted should be there, None when nothing is left."""

    granted: int
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is tried before `until`. `scope`: `project` (it asked us to wait), `account` (it refused our credentials)
    or `platform` (only those of one platform)."""

    scope: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Paused:
    """A route that is left alone until then; `reason` and `answer` are those of the message that found out."""

    until: datetime
    reason: str
    answer: str


def rate_per_s(limit: Limit, ramp_from: datetime, now: datetime) -> float:
    """Messages per second that are allowed at this moment."""
    share = 1.0
    if limit.ramp_up_s > 0:
        share = min(1.0, max(FIRST_SHARE, (now - ramp_from).total_seconds() / limit.ramp_up_s))
    return limit.per_minute / 60 * share


def draw(bucket: Bucket | None, wanted: int, limit: Limit, now: datetime) -> tuple[Bucket, Draw]:
    """Take up to `wanted` tokens; returns the bucket afterwards. A new one, and one that rested, begins its ramp."""
    if bucket is None:
        return _give(Bucket(_capacity(rate_per_s(limit, now, now)), now, now), wanted, limit)
    now = max(now, bucket.drawn_at)  # another machine's clock may be ahead of ours
    rested = (now - bucket.drawn_at).total_seconds()
    ramp_from = now if rested >= max(limit.ramp_up_s, BURST_S) and bucket.ramp_from < now else bucket.ramp_from
    rate = rate_per_s(limit, ramp_from, now)
    tokens = min(_capacity(rate), bucket.tokens + rested * rate)
    return _give(Bucket(tokens, now, ramp_from), wanted, limit)


def _capacity(rate: float) -> float:
    return max(1.0, rate * BURST_S)


def _give(bucket: Bucket, wanted: int, limit: Limit) -> tuple[Bucket, Draw]:
    granted = min(wanted, int(bucket.tokens))
    left = Bucket(bucket.tokens - granted, bucket.drawn_at, bucket.ramp_from)
    if granted == wanted:
        return left, Draw(granted)
    rate = rate_per_s(limit, left.ramp_from, left.drawn_at)
    missing = min(wanted - granted, _capacity(rate)) - left.tokens
    return left, Draw(granted, left.drawn_at + timedelta(seconds=missing / rate))
