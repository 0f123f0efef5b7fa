"""What the clock alone does to a device: confirmation, dwell marks, silence, openings and closings; and its timers."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from geoengage.presence.rules.run import Decision, Run, ZoneFacts
from geoengage.presence.rules.state import Phase, ZoneState
from geoengage.venues.rules import ZoneRules

SPARSE_INTERVAL_S = 120.0  # beyond this usual interval a second fix would come too late (`single_fix`)
LONGEST_WAIT_S = 60.0  # an exit or a confirmation waits for a second fix of a slow phone at most this long
WATCHED_TIMEOUT_S = 4 * 3600.0  # the longest stay that is usual; a phone that was switched off says nothing more


def advance_clock(run: Run, live: Mapping[UUID, ZoneFacts], now: datetime) -> None:
    """Let everything happen that needs no fix, up to `now`."""
    for zone_id in run.in_order():
        facts = live.get(zone_id)
        if facts is None:
            run.settle(now)
            run.end(zone_id, now, "zone_deleted")
            continue
        while zone_id in run.zones:
            turn = facts.turn_after(run.zones[zone_id])
            if turn is None or turn > now:
                _tick(run, zone_id, facts.rules, now)
                break
            _tick(run, zone_id, facts.rules, turn)
            if zone_id in run.zones:
                _turn(run, zone_id, turn)


def _turn(run: Run, zone_id: UUID, at: datetime) -> None:
    """The zone opens or closes: those inside come in, or leave and wait for the next opening."""
    z = run.zones[zone_id]
    run.settle(at)
    if z.phase is Phase.DORMANT:
        run.enter(zone_id, msgspec.structs.replace(z, since=at), at, "schedule_opened")
        return
    if z.visit_id is None:
        del run.zones[zone_id]
    else:
        run.end(zone_id, at, "schedule_closed")
    if z.phase is not Phase.LEAVING:
        run.wait(zone_id, z, at)


def _tick(run: Run, zone_id: UUID, rules: ZoneRules, now: datetime) -> None:
    z = run.zones[zone_id]
    silent_at = z.seen_at + timedelta(seconds=timeout_s(rules, z, run.interval_s))
    if z.phase is Phase.PENDING:
        due = _enter_at(rules, z, run.interval_s)
        if due <= min(now, silent_at) and not z.arriving:
            run.settle(due)
            run.enter(zone_id, z, due, "confirmed_by_time")
            z = run.zones[zone_id]
    if z.visit_id is None and silent_at <= now:
        run.settle(silent_at)
        del run.zones[zone_id]
    elif z.phase is Phase.LEAVING and z.out_since is not None:
        due = z.out_since + timedelta(seconds=_exit_s(rules, run.interval_s))
        if due <= now:
            run.settle(due)
            run.dwell(zone_id, rules, z.out_since)
            run.leave(zone_id, z.out_since, "left")
    elif z.phase is Phase.INSIDE:
        run.dwell(zone_id, rules, min(now, silent_at, z.seen_at + timedelta(seconds=rules.dwell_silence_s)))
        if silent_at <= now:
            run.settle(silent_at)
            run.leave(zone_id, z.seen_at, "silence")


def timeout_s(rules: ZoneRules, z: ZoneState, interval_s: float) -> float:
    """Silence that ends a visit; a phone that reports seldom is given three of its intervals.

    One that says little but watches the zone by itself is believed to be there until it says otherwise, for hours.
    """
    watches = z.watched and not 0 < interval_s <= SPARSE_INTERVAL_S
    return max(rules.timeout_s, 3 * interval_s, WATCHED_TIMEOUT_S if watches else 0.0)


def _enter_at(rules: ZoneRules, z: ZoneState, interval_s: float) -> datetime:
    """When nothing has contradicted a pending zone for long enough: until after a slow phone's next fix, if that comes
    in time to wait for."""
    next_s = 1.5 * interval_s
    return z.seen_at + timedelta(seconds=max(rules.enter_s, next_s if next_s <= LONGEST_WAIT_S else 0.0))


def _exit_s(rules: ZoneRules, interval_s: float) -> float:
    """How long outside means gone; long enough that a phone with a slow rhythm can take one outlier back."""
    return max(rules.exit_s, min(1.5 * interval_s, LONGEST_WAIT_S))


def next_due(z: ZoneState, facts: ZoneFacts, interval_s: float) -> datetime:
    """When the clock alone could next change this zone's state."""
    rules = facts.rules
    if z.phase is Phase.LEAVING and z.out_since is not None:
        due = z.out_since + timedelta(seconds=_exit_s(rules, interval_s))
    else:
        due = z.seen_at + timedelta(seconds=timeout_s(rules, z, interval_s))
    if z.phase is Phase.PENDING and not z.arriving:
        due = min(due, _enter_at(rules, z, interval_s))
    if z.phase is Phase.INSIDE:
        mark = min((m for m in rules.dwell_s if m > z.dwelled_s), default=None)
        if mark is not None:
            at = z.since + timedelta(seconds=mark)
            if at <= z.seen_at + timedelta(seconds=rules.dwell_silence_s):
                due = min(due, at)
    turn = facts.turn_after(z)
    return due if turn is None else min(due, turn)


def decided(run: Run, before: Mapping[UUID, ZoneState], live: Mapping[UUID, ZoneFacts]) -> Decision:
    """What a run has come to, with the timers to write. A timer that fires too early does no harm (it is set again
    then), so most fixes write none."""
    timers: dict[UUID, datetime | None] = {zone_id: None for zone_id in before if zone_id not in run.zones}
    for zone_id, z in run.zones.items():
        due = next_due(z, live[zone_id], run.interval_s)
        old = before.get(zone_id)
        if z.timer_at is None or due < z.timer_at or old is None or old.phase is not z.phase:
            timers[zone_id] = due
            run.zones[zone_id] = msgspec.structs.replace(z, timer_at=due)
    return Decision(run.zones, run.transitions, timers, run.settled_at)


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
    return Decision(zones, decision.transitions, timers, decision.settled_at)
