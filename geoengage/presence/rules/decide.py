"""The decision per device: state, fix and nearby zones in; new state and transitions out (DESIGN section 4, rules 3–5).

Disc rule after ArcGIS geotriggers, exit tolerance and delay after omlox fences; confirmation by timer, dwell by timer
and the silence rules are ours. Pure: the same arguments always give the same Decision, so it runs alike in the API (a
fix arrives), in the worker (a timer fires) and in tests.

Everything moves by event time. A fix first advances the clock to its own time, so it makes no difference whether a
timer of the worker came in between.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import exp
from uuid import UUID

import msgspec

from geoengage.presence.rules.clock import SPARSE_INTERVAL_S, advance_clock, after_timer, decided, next_due
from geoengage.presence.rules.evidence import Source
from geoengage.presence.rules.run import (
    Decision,
    Kind,
    NearZone,
    Run,
    Transition,
    ZoneFacts,
    confidence_of,
    is_outside,
)
from geoengage.presence.rules.state import DeviceState, Fix, Phase, ZoneState, usual_interval_s
from geoengage.venues.rules import ZoneRules

__all__ = [
    "CERTAIN", "Decision", "Kind", "NearZone", "Transition", "ZoneFacts", "after_timer", "confidence_of", "decide",
    "end_all", "next_due",
]  # fmt: skip
CERTAIN = 0.95  # confidence from which one fix whose whole disc is inside needs no second
# Fixes soon after each other err alike, so a second one agrees with the first only as far as it is news: together they
# must be as certain as one by itself, or lie so far apart in time.
AGREED_ODDS = CERTAIN / (1.0 - CERTAIN)
AGREED_S = 20.0
DRIFT_S = 60.0  # in which time the error of a phone's own position becomes another; readings of beacons err anew
SUREST = 0.98  # of one fix
PACE_S = 15.0  # whoever walked since a fix longer ago than this may well stand now


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
    run = Run.of(state)
    advance_clock(run, live, now)
    if fix is not None:
        run.interval_s = usual_interval_s(state, fix.at)  # only now: the clock ran by the rhythm known until then
        run.gap_s = (fix.at - state.last_at).total_seconds()
        by_zone = {n.zone.zone_id: n for n in near}
        if fix.said is not None and fix.said.left:
            by_zone.pop(fix.said.zone_id, None)
            _leave_by_phone(run, fix.said.zone_id, live, fix.at)
        known = run.in_order()
        for zone_id in known:
            _follow(run, zone_id, live[zone_id], by_zone.get(zone_id), fix)
        for zone_id, n in by_zone.items():
            if zone_id not in known:
                _approach(run, n, fix)
    return decided(run, state.zones, live)


def end_all(state: DeviceState, at: datetime, reason: str) -> list[Transition]:
    """The exits of a device from every zone, at one moment and for one reason."""
    run = Run.of(state)
    for zone_id in list(run.zones):
        run.end(zone_id, at, reason)
    return run.transitions


# --- a fix --------------------------------------------------------------------------------------------------------


def _follow(run: Run, zone_id: UUID, facts: ZoneFacts, n: NearZone | None, fix: Fix) -> None:
    """A fix for a zone in which the device is, or may be."""
    rules, z = facts.rules, run.zones[zone_id]
    if z.phase is Phase.DORMANT:
        _wait_on(run, zone_id, facts, n, fix)
    elif n is not None and _is_in_by_phone(run, n, fix):
        return
    elif z.phase is Phase.PENDING:
        _confirm(run, zone_id, facts, n, fix)
    elif n is None or is_outside(rules, n, fix):
        if rules.exit_s == 0:
            run.dwell(zone_id, rules, z.out_since or fix.at)
            run.leave(zone_id, z.out_since or fix.at, "left")
        elif z.out_since is None:
            run.zones[zone_id] = msgspec.structs.replace(z, phase=Phase.LEAVING, out_since=fix.at)
    else:
        run.zones[zone_id] = msgspec.structs.replace(z, phase=Phase.INSIDE, out_since=None, version=facts.version)
        if n.s <= rules.exit_tolerance_m:
            _stay(run, zone_id, rules, confidence_of(n, fix), fix)


def _wait_on(run: Run, zone_id: UUID, facts: ZoneFacts, n: NearZone | None, fix: Fix) -> None:
    """A fix of a device that waits in a closed zone; it must be as near as one that was never believed."""
    if n is None or n.level_p == 0.0 or n.s > facts.rules.exit_tolerance_m:
        del run.zones[zone_id]
    elif (confidence := _believed(n, fix)) >= facts.rules.min_confidence:
        run.zones[zone_id] = msgspec.structs.replace(
            run.zones[zone_id], version=facts.version, seen_at=fix.at, confidence=confidence, evidence=fix.source
        )


def _believed(n: NearZone, fix: Fix) -> float:
    """The confidence by position, or what the phone's own word that it is in the zone's circle is worth."""
    return max(confidence_of(n, fix), (n.vouched or 0.0) * n.level_p)


def _stay(run: Run, zone_id: UUID, rules: ZoneRules, confidence: float, fix: Fix) -> None:
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


def _confirm(run: Run, zone_id: UUID, facts: ZoneFacts, n: NearZone | None, fix: Fix) -> None:
    """The next fix of a pending zone: agrees, contradicts, or says too little. To walk on contradicts."""
    z, rules = run.zones[zone_id], facts.rules
    confidence = 0.0 if n is None else confidence_of(n, fix)
    if n is None or (n.walking and run.gap_s < PACE_S):
        del run.zones[zone_id]
    elif confidence >= rules.min_confidence:
        news = 1.0 if fix.source == Source.BEACON else 1.0 - exp(-(fix.at - z.seen_at).total_seconds() / DRIFT_S)
        odds = z.odds * _odds(n, rules) ** news
        run.zones[zone_id] = seen = msgspec.structs.replace(
            z, version=facts.version, seen_at=fix.at, confidence=confidence, evidence=fix.source, odds=odds,
            arriving=n.walking,
        )  # fmt: skip
        agrees = odds >= AGREED_ODDS or fix.at - z.since >= timedelta(seconds=AGREED_S)
        if agrees or _is_whole(n, confidence):
            run.enter(zone_id, seen, fix.at, "confirmed_by_fix")
    elif n.s > 0 or n.level_p == 0.0:
        del run.zones[zone_id]


def _odds(n: NearZone, rules: ZoneRules) -> float:
    """What a fix says for being inside, as odds: even ones at what the zone asks for. Whether to trust it at all shows
    by a second one."""
    needed = rules.min_confidence
    beyond = (n.share * n.level_p - needed) / (1.0 - needed) if needed < 1.0 else 1.0
    sure = min(0.5 + 0.5 * beyond, SUREST)
    return sure / (1.0 - sure)


def _is_whole(n: NearZone, confidence: float) -> bool:
    return n.share >= 1.0 and confidence >= CERTAIN


def _leave_by_phone(run: Run, zone_id: UUID, live: Mapping[UUID, ZoneFacts], at: datetime) -> None:
    """The phone says that it left the circle around a zone. The circle holds the whole zone, so that is certain."""
    z = run.zones.get(zone_id)
    if z is None:
        return
    if z.visit_id is None:
        del run.zones[zone_id]
        return
    run.dwell(zone_id, live[zone_id].rules, z.out_since or at)
    run.leave(zone_id, z.out_since or at, "phone_exit")


def _is_in_by_phone(run: Run, n: NearZone, fix: Fix) -> bool:
    """Whether the phone's own monitoring puts it into a zone; if so it is inside from now on, or still.

    Being in the circle is worth the share of it that the zone fills, or what the position is worth by itself. When that
    is enough one report suffices, for the phone's system has waited already.
    """
    if n.vouched is None:
        return False
    zone_id, rules = n.zone.zone_id, n.zone.rules
    vouched = n.vouched * n.level_p
    confidence = _believed(n, fix)
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


def _approach(run: Run, n: NearZone, fix: Fix) -> None:
    """A fix near a zone that the device is not in."""
    if not n.zone.is_open(fix.at):
        _wait_outside_hours(run, n, fix)
        return
    if _is_in_by_phone(run, n, fix):
        return
    zone_id, rules = n.zone.zone_id, n.zone.rules
    confidence = confidence_of(n, fix)
    if confidence >= rules.min_confidence and not (n.walking and run.gap_s < PACE_S):
        run.zones[zone_id] = z = ZoneState(
            phase=Phase.PENDING,
            version=n.zone.version,
            since=fix.at,
            seen_at=fix.at,
            confidence=confidence,
            evidence=fix.source,
            odds=_odds(n, rules),
            arriving=n.walking,
        )
        sparse = rules.single_fix or run.interval_s > SPARSE_INTERVAL_S
        if _is_whole(n, confidence):
            run.enter(zone_id, z, fix.at, "whole_disc")
        elif sparse or rules.enter_s == 0:
            run.enter(zone_id, z, fix.at, "single_fix")
    elif n.crossed is not None and rules.crossing:
        _cross(run, n, n.crossed, fix)


def _wait_outside_hours(run: Run, n: NearZone, fix: Fix) -> None:
    """A fix inside a closed zone: nothing is told, but when it opens the device is inside."""
    confidence = _believed(n, fix)
    if confidence >= n.zone.rules.min_confidence:
        run.zones[n.zone.zone_id] = ZoneState(
            phase=Phase.DORMANT,
            version=n.zone.version,
            since=fix.at,
            seen_at=fix.at,
            confidence=confidence,
            evidence=fix.source,
        )


def _cross(run: Run, n: NearZone, crossed: tuple[datetime, datetime], fix: Fix) -> None:
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
