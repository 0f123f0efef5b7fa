"""What an answer means for a delivery and for its endpoint, and when to try again. Pure.

A delivery is tried ten times over three days (the schedule of Standard Webhooks 1.0.0). An endpoint that only fails is
left alone in between: one try at a time tells whether it is back, after a tenth of the time that it has been failing;
the others wait untried. A delivery that used up its tries is given up when the endpoint took others meanwhile; when it
took none, the endpoint is dead and is disabled, and everything waits until somebody enables it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

ATTEMPTS = 10
# After the first try, the second …: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
DELAYS_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER = 0.2  # at most this much of a delay is added
PROBE_AFTER = 5  # so many failures without a success in between, and an endpoint counts as failing
SHORTEST_HOLD_S, LONGEST_HOLD_S = 5.0, 1_800.0
_GONE = 410
_OVERLOADED = frozenset({429, 502, 503, 504})


class EndpointStatus(StrEnum):
    """Whether an endpoint gets anything."""

    ACTIVE = "active"
    DISABLED = "disabled"


class DisabledReason(StrEnum):
    """Why it gets nothing: it answered 410; it failed for three days; its secret cannot be read; somebody said so."""

    GONE = "gone"
    DEAD = "dead"
    SECRET = "secret"  # noqa: S105 - a reason
    BY_HAND = "by_hand"


class DeliveryStatus(StrEnum):
    """Where a delivery stands. `erased`: what it was about was erased; `expired`: the ledger has let it go."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    ERASED = "erased"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint does: `failures` since its last success, the first of them, and until when it is left alone."""

    failures: int = 0
    failing_since: datetime | None = None
    held_until: datetime | None = None

    @property
    def is_failing(self) -> bool:
        """It gets one try at a time."""
        return self.failures >= PROBE_AFTER


@dataclass(frozen=True, slots=True)
class Attempted:
    """A try that has ended. `before`: tries of this delivery until then; `first_at`: when its first one ended (None:
    this is it). `status` None: no answer. `retry_after_s`: what the answer asks for. `jitter`: 0–1.
    """

    before: int
    first_at: datetime | None
    status: int | None
    retry_after_s: float | None
    jitter: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """`next_at`: the next try, None when there is none (delivered, given up, or until the endpoint is enabled).

    `recovered`: a failing endpoint is back; what waits for it is due now.
    """

    status: DeliveryStatus
    next_at: datetime | None
    health: Health
    disable: DisabledReason | None = None
    recovered: bool = False


def judge(tried: Attempted, health: Health, now: datetime) -> Verdict:
    """What follows from a try. Only 2xx is a success; redirects are failures like any other."""
    if tried.status is not None and 200 <= tried.status < 300:
        return Verdict(DeliveryStatus.DELIVERED, None, Health(), recovered=health.is_failing)
    after = _worse(health, tried, now)
    if tried.status == _GONE:
        return Verdict(DeliveryStatus.PENDING, None, after, DisabledReason.GONE)
    if tried.before + 1 < ATTEMPTS:
        wait_s = DELAYS_S[tried.before] * (1 + JITTER * tried.jitter)
        wait = timedelta(seconds=max(wait_s, tried.retry_after_s or 0.0))
        return Verdict(DeliveryStatus.PENDING, now + wait, after)
    took_others = after.failing_since is None or after.failing_since > (tried.first_at or now)
    if took_others:
        return Verdict(DeliveryStatus.FAILED, None, after)
    return Verdict(DeliveryStatus.PENDING, None, after, DisabledReason.DEAD)


def _worse(health: Health, tried: Attempted, now: datetime) -> Health:
    since, failures = health.failing_since or now, health.failures + 1
    held_until = health.held_until
    if failures >= PROBE_AFTER or tried.status in _OVERLOADED or tried.retry_after_s is not None:
        tenth_s = (now - since).total_seconds() / 10
        hold_s = max(min(max(tenth_s, SHORTEST_HOLD_S), LONGEST_HOLD_S), tried.retry_after_s or 0.0)
        held_until = max(now + timedelta(seconds=hold_s), held_until or now)
    return Health(failures, since, held_until)
