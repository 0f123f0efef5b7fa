"""The words of a decision, and the device while it is decided on (`Run`). Pure; `decide` moves it by fixes, `clock` by
time, `changes` by edits of zones."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
from msgspec.structs import replace

from geoengage.kit.ids import derived_id, derived_time_id
from geoengage.presence.rules.schedule import OpeningHours
from geoengage.presence.rules.state import DeviceState, Fix, Phase, ZoneState
from geoengage.venues.rules import ZoneRules

Kind = Literal["entered", "dwelled", "exited", "retracted", "revised"]
SILENT_MIN_S = 30.0  # a dwell mark reached with older evidence is flagged by_silence


@dataclass(frozen=True, slots=True)
class ZoneFacts:
    """What the decision must know of a zone's version, wherever the device is. `hours` None: it is always open.

    `is_passed_through`: people are in it by walking (a corridor, an entrance), so walking on is no sign against it.
    """

    zone_id: UUID
    version: int
    rules: ZoneRules
    hours: OpeningHours | None = None
    is_passed_through: bool = False

    def is_open(self, at: datetime) -> bool:
        """Whether the zone counts at that moment."""
        return self.hours is None or self.hours.is_open(at)

    def turn_after(self, z: ZoneState) -> datetime | None:
        """When its schedule next changes something for a device: an opening for one that waits, else a closing."""
        if self.hours is None:
            return None
        known = max(z.since, z.seen_at)
        return self.hours.opening_after(known) if z.phase is Phase.DORMANT else self.hours.closing_after(known)


class NearZone(msgspec.Struct, frozen=True):
    """A zone near a fix: `s` signed metres to its boundary (negative inside), `share` 0–1 of the accuracy disc inside,
    `level_p` the probability that the device is on one of its floors, `crossed` the times at which the straight line
    from the fix before entered and left it, if it did without either fix being inside, `vouched` the share 0–1 of the
    zone's circle that it fills, when the phone's own monitoring says that it is in that circle, `walking` whether the
    phone walks, and not so deep in the zone that it walks in there."""

    zone: ZoneFacts
    s: float
    share: float
    level_p: float
    crossed: tuple[datetime, datetime] | None = None
    vouched: float | None = None
    walking: bool = False


class Span(msgspec.Struct, frozen=True):
    """A visit as a whole. `last_dwell_s` the highest mark reached (0: none), `revision` how often it was put right."""

    visit_id: UUID
    zone_id: UUID
    zone_version: int
    entered_at: datetime
    exited_at: datetime | None = None
    exit_reason: str | None = None
    last_dwell_s: int = 0
    revision: int = 0


class Transition(msgspec.Struct, frozen=True):
    """Something that happened, in event time. `since` is the start of the visit; `kept_dwell_s` the highest mark that a
    retraction of a mark leaves standing (0: none). A retraction without `dwell_s` takes the whole visit back. `spans`:
    the visit before and after a revision. `revision` is the visit's, so that what is told anew has a new id."""

    kind: Kind
    zone_id: UUID
    zone_version: int
    visit_id: UUID
    at: datetime
    since: datetime
    confidence: float
    evidence: str
    reason: str
    dwell_s: int | None = None
    by_silence: bool = False
    kept_dwell_s: int | None = None
    revision: int = 0
    spans: tuple[Span, Span] | None = None

    def event_id(self, tenant_id: UUID, device_id: UUID) -> UUID:
        """The id under which this is known everywhere; computed twice it is the same."""
        return derived_id(tenant_id, device_id, self.zone_id, self.visit_id, self.kind, self.dwell_s, self.revision)


class Decision(msgspec.Struct, frozen=True):
    """The new zone states, what happened, and whose timers must be written anew (None: delete).

    `settled_at`: the due moment of the latest thing that no fix caused; None when there was none. A fix of before that
    moment would have changed it.
    """

    zones: dict[UUID, ZoneState]
    transitions: list[Transition]
    timers: dict[UUID, datetime | None]
    settled_at: datetime | None = None


@dataclass(slots=True)
class Run:
    """A device while it is decided on. `silence_s`: beyond this a phone counts as silent, by its rhythm so far; `gap_s`
    from the fix before to this one."""

    device_id: UUID
    interval_s: float
    silence_s: float
    zones: dict[UUID, ZoneState]
    transitions: list[Transition] = field(default_factory=list)
    settled_at: datetime | None = None
    gap_s: float = 0.0

    @classmethod
    def of(cls, state: DeviceState) -> "Run":
        """The beginning of a decision about a device."""
        silence_s = max(SILENT_MIN_S, 2 * state.interval_s)
        return cls(state.device_id, state.interval_s, silence_s, dict(state.zones))

    def in_order(self) -> list[UUID]:
        """The zones, those that can be left before those that can be entered."""
        return sorted(self.zones, key=lambda zone_id: self.zones[zone_id].visit_id is None)

    def settle(self, at: datetime) -> None:
        """Note that something was decided at a moment without a fix."""
        self.settled_at = at if self.settled_at is None else max(self.settled_at, at)

    def emit(self, kind: Kind, zone_id: UUID, z: ZoneState, at: datetime, reason: str, **more: object) -> None:
        """Tell something of a visit; a zone without one has nothing to tell."""
        if z.visit_id is None:
            return
        confidence = round(z.confidence, 3)
        base = Transition(kind, zone_id, z.version, z.visit_id, at, z.since, confidence, z.evidence, reason)
        self.transitions.append(replace(base, revision=z.revision, **more))

    def enter(self, zone_id: UUID, z: ZoneState, at: datetime, reason: str) -> None:
        """Begin a visit at `z.since`, told at `at`."""
        visit_id = derived_time_id(z.since, self.device_id, zone_id, *([z.salt] if z.salt else []))
        self.zones[zone_id] = z = msgspec.structs.replace(z, phase=Phase.INSIDE, visit_id=visit_id, out_since=None)
        self.emit("entered", zone_id, z, at, reason)

    def leave(self, zone_id: UUID, at: datetime, reason: str) -> None:
        """End a visit, never before it began, and take back the marks that lie beyond its end."""
        z = self.zones.pop(zone_id)
        at = max(at, z.since)
        kept = max((m for m in z.silent_dwell_s if z.since + timedelta(seconds=m) <= at), default=z.firm_dwell_s)
        for mark in z.silent_dwell_s:
            if mark > kept:
                self.emit("retracted", zone_id, z, at, reason, dwell_s=mark, kept_dwell_s=kept)
        self.emit("exited", zone_id, z, at, reason)

    def end(self, zone_id: UUID, at: datetime, reason: str) -> None:
        """Leave for a reason that lies not in the device; it was inside no longer than until it was seen outside."""
        z = self.zones[zone_id]
        self.leave(zone_id, min(at, z.out_since or at), reason)

    def wait(self, zone_id: UUID, z: ZoneState, since: datetime) -> None:
        """Hold a device that is inside a closed zone until it opens."""
        self.zones[zone_id] = ZoneState(
            phase=Phase.DORMANT,
            version=z.version,
            since=since,
            seen_at=z.seen_at,
            confidence=z.confidence,
            evidence=z.evidence,
            watched=z.watched,
            salt=z.salt,
        )

    def dwell(self, zone_id: UUID, rules: ZoneRules, until: datetime) -> None:
        """Reach the marks up to `until`, each at its own time."""
        for mark in sorted(rules.dwell_s):
            z = self.zones[zone_id]
            at = z.since + timedelta(seconds=mark)
            if mark <= z.dwelled_s or at > until:
                continue
            silent = (at - z.seen_at).total_seconds()
            if silent > 0:
                z = msgspec.structs.replace(z, dwelled_s=mark, silent_dwell_s=(*z.silent_dwell_s, mark))
            else:
                z = msgspec.structs.replace(z, dwelled_s=mark, firm_dwell_s=mark)
            self.zones[zone_id] = z
            self.emit("dwelled", zone_id, z, at, "dwell", dwell_s=mark, by_silence=silent > self.silence_s)
            self.settle(at)


def last_fix(state: DeviceState) -> Fix:
    """The position that a device was last judged by."""
    level = state.level if state.level_at == state.last_at else None
    at, sent_at = state.last_at, state.last_sent_at
    return Fix(at, sent_at, state.lon, state.lat, state.accuracy_m, level, state.trust, state.source)


def confidence_of(n: NearZone, fix: Fix) -> float:
    """0–1: share of the accuracy disc inside the zone × level probability × trust in the fix."""
    return n.share * n.level_p * fix.trust


def is_outside(rules: ZoneRules, n: NearZone | None, fix: Fix) -> bool:
    """Beyond tolerance plus accuracy, or on a floor that the zone does not reach."""
    return n is None or n.level_p == 0.0 or n.s > rules.exit_tolerance_m + fix.accuracy_m
