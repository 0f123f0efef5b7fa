"""What the engine believes of a device: the state that `decide` reads and returns. Immutable; stored as one row."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

NEVER = datetime.min.replace(tzinfo=UTC)
INTERVAL_WEIGHT = 0.2  # of the newest gap in the running mean of a device's interval
LONGEST_INTERVAL_S = 600.0
SHORTEST_INTERVAL_S = 0.5


class Phase(StrEnum):
    """Where a device stands with a zone. Outside is the absence of a state."""

    PENDING = "pending"  # one fix inside, not yet believed
    INSIDE = "inside"
    LEAVING = "leaving"  # outside since `out_since`, not yet for exit_s
    DORMANT = "dormant"  # inside a zone that is closed by its schedule: no visit until it opens


class ZoneState(msgspec.Struct, frozen=True, kw_only=True):
    """A device and one zone. All times are event time, UTC.

    `since` is the first fix of the visit, `seen_at` the last fix inside, `dwelled_s` the highest dwell mark reached,
    `silent_dwell_s` the marks that fired by timer after `seen_at` (a time-out would retract them), `firm_dwell_s` the
    highest mark before those, `timer_at` when the stored timer fires (it may be earlier than needed, never later).
    `watched`: the phone itself monitors a circle hardly larger than the zone and will tell when it leaves. `since` may
    lie after `seen_at` where an opening or an edit let the device in. `revision`: how often the visit was put right;
    `salt`: not 0 where a visit that begins from here must not take the id of one that was retracted. `odds`: what the
    fixes of a pending one say together for being inside; `arriving`: it walked when the first of them was taken.
    """

    phase: Phase
    version: int
    since: datetime
    seen_at: datetime
    confidence: float
    evidence: str
    visit_id: UUID | None = None
    out_since: datetime | None = None
    dwelled_s: int = 0
    silent_dwell_s: tuple[int, ...] = ()
    firm_dwell_s: int = 0
    timer_at: datetime | None = None
    watched: bool = False
    revision: int = 0
    salt: int = 0
    odds: float = 1.0
    arriving: bool = False


class Track(msgspec.Struct, frozen=True):
    """Where a phone is by the beacons that it has heard (`rules.track`): degrees, variance on an axis, and the
    probability 0–1 that it stands."""

    lon: float
    lat: float
    variance_m2: float
    standing: float


class DeviceState(msgspec.Struct, frozen=True):
    """A device between two fixes. `lon`, `lat` degrees; `level` the floor that is believed since the last report of
    one (or since it was outdoors) at `level_at`, by `level_weight` 0–1 then; `connector_at` when it was last near a
    lift, escalator or stairs; `interval_s` its usual time between fixes, 0 while unknown; `skew_s` how far its clock is
    behind ours; `trust` and `source` those of the last fix; `track` while that rests on beacons.

    `settled_at`: up to that moment something was decided without a fix; an older fix comes too late to be simply the
    next one. `venue_at`: the moment whose zones it knows. `checkpoint_at`: when the last checkpoint was taken.
    """

    device_id: UUID
    last_at: datetime
    last_sent_at: datetime
    lon: float
    lat: float
    accuracy_m: float
    level: int | None = None
    level_at: datetime | None = None
    connector_at: datetime | None = None
    skew_s: float = 0.0
    interval_s: float = 0.0
    version: int = 0
    trust: float = 1.0
    source: str = ""
    settled_at: datetime = NEVER
    venue_at: datetime = NEVER
    checkpoint_at: datetime = NEVER
    level_weight: float = 1.0
    track: Track | None = None
    zones: Mapping[UUID, ZoneState] = msgspec.field(default_factory=dict)

    @property
    def decided_at(self) -> datetime:
        """The moment up to which nothing is open: every later fix is simply the next one."""
        return max(self.last_at, self.settled_at)

    def is_late(self, at: datetime) -> bool:
        """Whether a fix of that moment changes what was decided already."""
        return at <= self.last_at or at < self.settled_at


class Said(NamedTuple):
    """What the phone's own monitoring reports of the circle it was given for a zone; `left`: it is outside of it."""

    zone_id: UUID
    left: bool


class Fix(msgspec.Struct, frozen=True):
    """One position. `at` is event time; `sent_at` the same as the phone said it; `trust` 0–1 scales confidence, the
    speed from the fix before not yet counted; `said` what the phone's own monitoring reports with it; `verdict` why it
    is not believed, None while it is."""

    at: datetime
    sent_at: datetime
    lon: float
    lat: float
    accuracy_m: float
    level: int | None
    trust: float
    source: str
    speed_mps: float | None = None
    said: Said | None = None
    verdict: str | None = None


def by_time(fix: Fix) -> tuple[datetime, datetime]:
    """The order in which fixes are decided on."""
    return fix.at, fix.sent_at


def usual_interval_s(state: DeviceState, at: datetime) -> float:
    """The usual time between fixes with a fix at `at` counted in; the first gap is taken as it is.

    Two reports of the same second (a transition beside a position) say nothing of a rhythm.
    """
    gap = min((at - state.last_at).total_seconds(), LONGEST_INTERVAL_S)
    if gap < SHORTEST_INTERVAL_S:
        return state.interval_s
    return gap if state.interval_s == 0 else (1 - INTERVAL_WEIGHT) * state.interval_s + INTERVAL_WEIGHT * gap
