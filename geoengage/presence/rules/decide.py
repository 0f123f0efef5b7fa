"""The decision per device: state, fix and nearby zones in; new state and transitions out (DESIGN section 4, rules 3–5).

Disc rule after ArcGIS geotriggers, exit tolerance and delay after omlox fences; confirmation by timer, dwell by timer
and the silence rules are ours. Pure: the same arguments always give the same Decision, so it runs alike in the API (a
fix arrives), in the worker (a timer fires) and in tests.

Everything moves by event time. A fix first advances the clock to its own time, so it makes no difference whether a
timer of the worker came in between.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from geoengage.kit.ids import derived_id, derived_time_id
from geoengage.presence.rules.state import DeviceState, Fix, Phase, ZoneState, usual_interval_s
from geoengage.venues.rules import ZoneRules

Kind = Literal["entered", "dwelled", "exited", "retracted"]
SPARSE_INTERVAL_S = 120.0  # beyond this usual interval a second fix would come too late (`single_fix`)
LONGEST_EXIT_S = 60.0  # an exit waits for a second fix of a slow phone at most this long
SILENT_MIN_S = 30.0  # a dwell mark reached with older evidence is flagged by_silence
WATCHED_TIMEOUT_S = 4 * 3600.0  # the longest stay that is usual; a phone that was switched off says nothing more
CERTAIN = 0.95  # confidence from which one fix whose whole disc is inside needs no second


@dataclass(frozen=True, slots=True)
class ZoneFacts:
    """What the decision must know of a zone, wherever the device is.

    `is_open`: its schedule, at the moment decided on. `closes_at`: the first closing after the device was last seen
    inside; None when it never closes.
    """

    zone_id: UUID
    version: int
    rules: ZoneRules
    is_open: bool = True
    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NearZone:
    """A zone near a fix: `s` signed metres to its boundary (negative inside), `share` 0–1 of the accuracy disc inside,
    `level_p` the probability that the device is on one of its floors, `crossed` the times at which the straight line
    from the fix before entered and left it, if it did without either fix being inside, `vouched` the share 0–1 of the
    zone's circle that it fills, when the phone's own monitoring says that it is in that circle."""

    zone: ZoneFacts
    s: float
    share: float
    level_p: float
    crossed: tuple[datetime, datetime] | None = None
    vouched: float | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """Something that happened, in event time. `since` is the start of the visit; `kept_dwell_s` the highest mark that a
    retraction leaves standing (0: none)."""

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

    def event_id(self, tenant_id: UUID, device_id: UUID) -> UUID:
        """The id under which this is known everywhere; computed twice it is the same."""
        return derived_id(tenant_id, device_id, self.zone_id, self.visit_id, self.kind, self.dwell_s, 0)


@dataclass(frozen=True, slots=True)
class Decision:
    """The new zone states, what happened, and whose timers must be written anew (None: delete)."""

    zones: dict[UUID, ZoneState]
    transitions: list[Transition]
    timers: dict[UUID, datetime | None]


@dataclass(slots=True)
class _Run:
    """One call of `decide` while it works. `silence_s`: beyond this a phone counts as silent, by its rhythm so far."""

    device_id: UUID
    interval_s: float
    silence_s: float
    zones: dict[UUID, ZoneState]
    transitions: list[Transition] = field(default_factory=list)

    @classmethod
    def of(cls, state: DeviceState) -> "_Run":
        silence_s = max(SILENT_MIN_S, 2 * state.interval_s)
        return cls(state.device_id, state.interval_s, silence_s, dict(state.zones))

    def in_order(self) -> list[UUID]:
        """The zones, those that can be left before those that can be entered."""
        return sorted(self.zones, key=lambda zone_id: self.zones[zone_id].phase is Phase.PENDING)

    def emit(self, kind: Kind, zone_id: UUID, z: ZoneState, at: datetime, reason: str, **more: object) -> None:
        if z.visit_id is None:  # a pending zone has no visit and nothing to tell
            return
        base = Transition(kind, zone_id, z.version, z.visit_id, at, z.since, round(z.confidence, 3), z.evidence, reason)
        self.transitions.append(replace(base, **more))  # type: ignore[arg-type]

    def enter(self, zone_id: UUID, z: ZoneState, at: datetime, reason: str) -> None:
        visit_id = derived_time_id(z.since, self.device_id, zone_id)
        self.zones[zone_id] = z = msgspec.structs.replace(z, phase=Phase.INSIDE, visit_id=visit_id, out_since=None)
        self.emit("entered", zone_id, z, at, reason)

    def leave(self, zone_id: UUID, at: datetime, reason: str) -> None:
        z = self.zones.pop(zone_id)
        kept = max((m for m in z.silent_dwell_s if z.since + timedelta(seconds=m) <= at), default=z.firm_dwell_s)
        for mark in z.silent_dwell_s:
            if mark > kept:
                self.emit("retracted", zone_id, z, at, reason, dwell_s=mark, kept_dwell_s=kept)
        self.emit("exited", zone_id, z, at, reason)

    def end(self, zone_id: UUID, at: datetime, reason: str) -> None:
        """Leave for a reason that lies not in the device; it was inside no longer than until it was seen outside."""
        z = self.zones[zone_id]
        self.leave(zone_id, max(z.since, min(at, z.out_since or at)), reason)


def decide(
    state: DeviceState,
    fix: Fix | None,
    near: Sequence[NearZone],
    live: Mapping[UUID, ZoneFacts],
    now: datetime,
) -> Decision:
    """Advance one device by one fix, or by the clock alone when `fix` is None.

    `near` holds each zone that the fix could touch; a zone of the state that is not in it is far away. `live` holds the
    facts of every zone in the state or in `near` that is published; a zone missing there has been taken down. `now` is
    the moment to advance to: the fix's time, or the worker's clock. Exited comes before entered.
    """
    run = _Run.of(state)
    _advance_clock(run, live, now)
    if fix is not None:
        run.interval_s = usual_interval_s(state, fix.at)  # only now: the clock ran by the rhythm known until then
        by_zone = {n.zone.zone_id: n for n in near if n.zone.is_open}
        if fix.said is not None and fix.said.left:
            by_zone.pop(fix.said.zone_id, None)
            _leave_by_phone(run, fix.said.zone_id, live, fix.at)
        known = run.in_order()
        for zone_id in known:
            _follow(run, zone_id, live[zone_id], by_zone.get(zone_id), fix)
        for zone_id, n in by_zone.items():
            if zone_id not in known:
                _approach(run, n, fix)
    return Decision(run.zones, run.transitions, _timers(run, state.zones, live))


def end_all(state: DeviceState, at: datetime, reason: str) -> list[Transition]:
    """The exits of a device from every zone, at one moment and for one reason."""
    run = _Run.of(state)
    for zone_id in list(run.zones):
        run.end(zone_id, at, reason)
    return run.transitions


# --- the clock ----------------------------------------------------------------------------------------------------


def _advance_clock(run: _Run, live: Mapping[UUID, ZoneFacts], now: datetime) -> None:
    """Let everything happen that needs no fix, up to `now`."""
    for zone_id in run.in_order():
        facts = live.get(zone_id)
        if facts is None:
            run.end(zone_id, now, "zone_deleted")
        elif facts.closes_at is None or facts.closes_at > now:
            _tick(run, zone_id, facts.rules, now)
        else:
            _tick(run, zone_id, facts.rules, facts.closes_at)
            if zone_id in run.zones:
                run.end(zone_id, facts.closes_at, "schedule_closed")


def _tick(run: _Run, zone_id: UUID, rules: ZoneRules, now: datetime) -> None:
    z = run.zones[zone_id]
    silent_at = z.seen_at + timedelta(seconds=_timeout_s(rules, z, run.interval_s))
    if z.phase is Phase.PENDING:
        due = z.since + timedelta(seconds=rules.enter_s)
        if due <= min(now, silent_at):
            run.enter(zone_id, z, due, "confirmed_by_time")
            z = run.zones[zone_id]
        elif silent_at <= now:
            del run.zones[zone_id]
            return
    if z.phase is Phase.LEAVING and z.out_since is not None:
        due = z.out_since + timedelta(seconds=_exit_s(rules, run.interval_s))
        if due <= now:
            _dwell(run, zone_id, rules, z.out_since)
            run.leave(zone_id, z.out_since, "left")
    elif z.phase is Phase.INSIDE:
        _dwell(run, zone_id, rules, min(now, silent_at, z.seen_at + timedelta(seconds=rules.dwell_silence_s)))
        if silent_at <= now:
            run.leave(zone_id, z.seen_at, "silence")


def _timeout_s(rules: ZoneRules, z: ZoneState, interval_s: float) -> float:
    """Silence that ends a visit; a phone that reports seldom is given three of its intervals.

    One that says little but watches the zone by itself is believed to be there until it says otherwise, for hours.
    """
    watches = z.watched and not 0 < interval_s <= SPARSE_INTERVAL_S
    return max(rules.timeout_s, 3 * interval_s, WATCHED_TIMEOUT_S if watches else 0.0)


def _exit_s(rules: ZoneRules, interval_s: float) -> float:
    """How long outside means gone; long enough that a phone with a slow rhythm can take one outlier back."""
    return max(rules.exit_s, min(1.5 * interval_s, LONGEST_EXIT_S))


def _dwell(run: _Run, zone_id: UUID, rules: ZoneRules, until: datetime) -> None:
    """Reach the marks up to `until`, each at its own time."""
    for mark in sorted(rules.dwell_s):
        z = run.zones[zone_id]
        at = z.since + timedelta(seconds=mark)
        if mark <= z.dwelled_s or at > until:
            continue
        silent = (at - z.seen_at).total_seconds()
        by_silence = silent > run.silence_s
        if silent > 0:
            z = msgspec.structs.replace(z, dwelled_s=mark, silent_dwell_s=(*z.silent_dwell_s, mark))
        else:
            z = msgspec.structs.replace(z, dwelled_s=mark, firm_dwell_s=mark)
        run.zones[zone_id] = z
        run.emit("dwelled", zone_id, z, at, "dwell", dwell_s=mark, by_silence=by_silence)


# --- a fix --------------------------------------------------------------------------------------------------------


def confidence_of(n: NearZone, fix: Fix) -> float:
    """0–1: share of the accuracy disc inside the zone × level probability × trust in the fix."""
    return n.share * n.level_p * fix.trust


def _is_outside(rules: ZoneRules, n: NearZone | None, fix: Fix) -> bool:
    """Beyond tolerance plus accuracy, or on a floor that the zone does not reach."""
    return n is None or n.level_p == 0.0 or n.s > rules.exit_tolerance_m + fix.accuracy_m


def _follow(run: _Run, zone_id: UUID, facts: ZoneFacts, n: NearZone | None, fix: Fix) -> None:
    """A fix for a zone in which the device is, or may be."""
    rules, z = facts.rules, run.zones[zone_id]
    if n is not None and _is_in_by_phone(run, n, fix):
        return
    if z.phase is Phase.PENDING:
        _confirm(run, zone_id, facts, n, fix)
    elif n is None or _is_outside(rules, n, fix):
        changed = z.version != facts.version
        if rules.exit_s == 0 or changed:
            _dwell(run, zone_id, rules, z.out_since or fix.at)
            run.leave(zone_id, z.out_since or fix.at, "zone_changed" if changed else "left")
        elif z.out_since is None:
            run.zones[zone_id] = msgspec.structs.replace(z, phase=Phase.LEAVING, out_since=fix.at)
    else:
        run.zones[zone_id] = msgspec.structs.replace(z, phase=Phase.INSIDE, out_since=None, version=facts.version)
        if n.s <= rules.exit_tolerance_m:
            _stay(run, zone_id, rules, confidence_of(n, fix), fix)


def _stay(run: _Run, zone_id: UUID, rules: ZoneRules, confidence: float, fix: Fix) -> None:
    """Seen inside: marks that passed while nothing was heard count now, flagged when that was long."""
    z = run.zones[zone_id]
    # A phone that watches the zone would have said that it left: nothing was silent.
    by_silence = not z.watched and (fix.at - z.seen_at).total_seconds() > run.silence_s
    seen = msgspec.structs.replace(z, seen_at=fix.at, silent_dwell_s=(), confidence=confidence, evidence=fix.source)
    for mark in sorted(rules.dwell_s):
        due = seen.since + timedelta(seconds=mark)
        if mark > seen.dwelled_s and due <= fix.at:
            seen = msgspec.structs.replace(seen, dwelled_s=mark)
            run.emit("dwelled", zone_id, seen, due, "dwell", dwell_s=mark, by_silence=by_silence)
    run.zones[zone_id] = msgspec.structs.replace(seen, firm_dwell_s=seen.dwelled_s)


def _confirm(run: _Run, zone_id: UUID, facts: ZoneFacts, n: NearZone | None, fix: Fix) -> None:
    """The next fix of a pending zone: agrees, contradicts, or says too little."""
    z = run.zones[zone_id]
    confidence = 0.0 if n is None else confidence_of(n, fix)
    if confidence >= facts.rules.min_confidence:
        seen = msgspec.structs.replace(
            z, version=facts.version, seen_at=fix.at, confidence=confidence, evidence=fix.source
        )
        run.enter(zone_id, seen, fix.at, "confirmed_by_fix")
    elif n is None or n.s > 0 or n.level_p == 0.0:
        del run.zones[zone_id]


def _leave_by_phone(run: _Run, zone_id: UUID, live: Mapping[UUID, ZoneFacts], at: datetime) -> None:
    """The phone says that it left the circle around a zone. The circle holds the whole zone, so that is certain."""
    z = run.zones.get(zone_id)
    if z is None:
        return
    if z.phase is Phase.PENDING:
        del run.zones[zone_id]
        return
    _dwell(run, zone_id, live[zone_id].rules, z.out_since or at)
    run.leave(zone_id, z.out_since or at, "phone_exit")


def _is_in_by_phone(run: _Run, n: NearZone, fix: Fix) -> bool:
    """Whether the phone's own monitoring puts it into a zone; if so it is inside from now on, or still.

    Being in the circle is worth the share of it that the zone fills, or what the position is worth by itself. When that
    is enough one report suffices, for the phone's system has waited already.
    """
    if n.vouched is None:
        return False
    zone_id, rules = n.zone.zone_id, n.zone.rules
    vouched = n.vouched * n.level_p
    confidence = max(confidence_of(n, fix), vouched)
    if confidence < rules.min_confidence:
        return False
    z = run.zones.get(zone_id)
    news = {"version": n.zone.version, "seen_at": fix.at, "confidence": confidence, "evidence": fix.source}
    news["watched"] = vouched >= rules.min_confidence
    if z is None:
        z = ZoneState(phase=Phase.PENDING, since=fix.at, **news)  # type: ignore[arg-type]
    if z.phase is Phase.PENDING:
        run.enter(zone_id, msgspec.structs.replace(z, **news), fix.at, "phone_enter")
    else:
        run.zones[zone_id] = msgspec.structs.replace(
            z, phase=Phase.INSIDE, out_since=None, version=n.zone.version, watched=z.watched or news["watched"]
        )
        _stay(run, zone_id, rules, confidence, fix)
    return True


def _approach(run: _Run, n: NearZone, fix: Fix) -> None:
    """A fix near a zone that the device is not in."""
    if _is_in_by_phone(run, n, fix):
        return
    zone_id, rules = n.zone.zone_id, n.zone.rules
    confidence = confidence_of(n, fix)
    if confidence >= rules.min_confidence:
        run.zones[zone_id] = z = ZoneState(
            phase=Phase.PENDING,
            version=n.zone.version,
            since=fix.at,
            seen_at=fix.at,
            confidence=confidence,
            evidence=fix.source,
        )
        sparse = rules.single_fix or run.interval_s > SPARSE_INTERVAL_S
        if n.share >= 1.0 and confidence >= CERTAIN:
            run.enter(zone_id, z, fix.at, "whole_disc")
        elif sparse or rules.enter_s == 0:
            run.enter(zone_id, z, fix.at, "single_fix")
    elif n.crossed is not None and rules.crossing:
        _cross(run, n, n.crossed, fix)


def _cross(run: _Run, n: NearZone, crossed: tuple[datetime, datetime], fix: Fix) -> None:
    """The way from the fix before cut the zone: a short visit, entered and exited at interpolated times."""
    zone_id = n.zone.zone_id
    run.zones[zone_id] = z = ZoneState(
        phase=Phase.PENDING,
        version=n.zone.version,
        since=crossed[0],
        seen_at=crossed[1],
        confidence=n.level_p * fix.trust,
        evidence="crossing",
    )
    if z.confidence < n.zone.rules.min_confidence:
        del run.zones[zone_id]
        return
    run.enter(zone_id, z, crossed[0], "crossing")
    run.leave(zone_id, crossed[1], "crossing")


# --- timers -------------------------------------------------------------------------------------------------------


def next_due(z: ZoneState, facts: ZoneFacts, interval_s: float) -> datetime:
    """When the clock alone could next change this zone's state."""
    rules = facts.rules
    if z.phase is Phase.LEAVING and z.out_since is not None:
        due = z.out_since + timedelta(seconds=_exit_s(rules, interval_s))
    else:
        due = z.seen_at + timedelta(seconds=_timeout_s(rules, z, interval_s))
    if z.phase is Phase.PENDING:
        due = min(due, z.since + timedelta(seconds=rules.enter_s))
    if z.phase is Phase.INSIDE:
        mark = min((m for m in rules.dwell_s if m > z.dwelled_s), default=None)
        if mark is not None:
            at = z.since + timedelta(seconds=mark)
            if at <= z.seen_at + timedelta(seconds=rules.dwell_silence_s):
                due = min(due, at)
    return due if facts.closes_at is None else min(due, facts.closes_at)


def _timers(run: _Run, before: Mapping[UUID, ZoneState], live: Mapping[UUID, ZoneFacts]) -> dict[UUID, datetime | None]:
    """Timers to write. One that fires too early does no harm (it is set again then), so most fixes write none."""
    timers: dict[UUID, datetime | None] = {zone_id: None for zone_id in before if zone_id not in run.zones}
    for zone_id, z in run.zones.items():
        due = next_due(z, live[zone_id], run.interval_s)
        old = before.get(zone_id)
        if z.timer_at is None or due < z.timer_at or old is None or old.phase is not z.phase:
            timers[zone_id] = due
            run.zones[zone_id] = msgspec.structs.replace(z, timer_at=due)
    return timers


def after_timer(
    decision: Decision, fired: Sequence[UUID], live: Mapping[UUID, ZoneFacts], interval_s: float
) -> Decision:
    """Set the timers that have fired again where their zone is still in the state."""
    zones, timers = dict(decision.zones), dict(decision.timers)
    for zone_id in fired:
        if zone_id in zones:
            due = next_due(zones[zone_id], live[zone_id], interval_s)
            zones[zone_id] = msgspec.structs.replace(zones[zone_id], timer_at=due)
            timers[zone_id] = due
    return Decision(zones, decision.transitions, timers)
