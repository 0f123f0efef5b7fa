"""How each rule that scenarios guard is switched off in the running engine: rule id → replacement.

Each is put in place where the rule lives, for the time of one scenario. A rule that moves in the code moves here; a
switch that does nothing is found by its scenarios, which then hold although they must not.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from geoengage.presence import index, versions
from geoengage.presence.rules import changes, clock, decide, evidence, fixes, levels, run, schedule, track
from geoengage.presence.rules.evidence import R68
from geoengage.presence.rules.fixes import PingIn, Rejected
from geoengage.presence.rules.state import Track
from geoengage.presence.service import columns, matching, outcome, pings
from geoengage.presence.store import devices
from geoengage.scenarios.guards import Guard
from geoengage.venues.rules import hours

Patch = pytest.MonkeyPatch
Switch = Callable[[Patch], None]
NEVER = 10**7  # seconds
DAY_MIN = 24 * 60


def value(module: Any, name: str, new: Any) -> Switch:
    """Another constant or function under a name."""
    return lambda patch: patch.setattr(module, name, new)


def one_by_one(switch: Switch) -> Switch:
    """A rule that ordinary pings follow in columns, too: none is ordinary, and one by one they go without it."""

    def both(patch: Patch) -> None:
        patch.setattr(columns, "_is_plain", lambda ping: False)
        switch(patch)

    return both


def rules(**changed: Any) -> Switch:
    """All zones with other rules."""
    facts = versions.Versions.facts

    def with_others(self: versions.Versions, number: int) -> run.ZoneFacts:
        found = facts(self, number)
        return replace(found, rules=replace(found.rules, **changed))

    return value(versions.Versions, "facts", with_others)


def taken(reason: Rejected) -> Switch:
    """What was refused for a reason is taken."""
    refuse = fixes.refuse
    return value(pings, "refuse", lambda *a: None if (found := refuse(*a)) is reason else found)


def level(new: Callable[[Any, Any, int | None, Any, Callable[..., float]], float]) -> Switch:
    """Another P(level), by zone's floors, building, floor named, floor believed, and the true function."""
    known = levels.level_probability
    return value(matching, "level_probability", lambda z, b, named, believed: new(z, b, named, believed, known))


def never_the_same(patch: Patch) -> None:
    """No two times are equal: each is a microsecond beside the one before."""
    numbers, moved = count(1), pings.moved

    def beside(ping: PingIn, relocation: Any) -> PingIn:
        return msgspec.structs.replace(moved(ping, relocation), at=ping.at + timedelta(microseconds=next(numbers)))

    patch.setattr(pings, "moved", beside)


def consent(patch: Patch) -> None:
    known = devices._device
    patch.setattr(devices, "_device", lambda row: known(row)._replace(may_locate=True))


def duplicate_as_sent(patch: Patch) -> None:
    """Known by the time that was corrected when it was stored: those of this scenario's phone by five minutes."""
    known = pings.store.list_known_times

    async def corrected(*args: Any) -> set[Any]:
        return {(device_id, at + timedelta(minutes=5)) for device_id, at in await known(*args)}

    patch.setattr(pings.store, "list_known_times", corrected)


def no_dwell_timer(patch: Patch) -> None:
    due = clock.next_due

    def without_marks(z: Any, facts: Any, interval_s: float) -> datetime:
        return due(z, replace(facts, rules=replace(facts.rules, dwell_s=())), interval_s)

    patch.setattr(clock, "next_due", without_marks)


def nothing_taken_back(patch: Patch) -> None:
    leave = run.Run.leave

    def firmly(self: run.Run, zone_id: Any, at: datetime, reason: str) -> None:
        self.zones[zone_id] = msgspec.structs.replace(self.zones[zone_id], silent_dwell_s=())
        leave(self, zone_id, at, reason)

    patch.setattr(run.Run, "leave", firmly)


def late_ignored(patch: Patch) -> None:
    decided = pings._decide

    async def looking_forward(session: Any, tenant_id: Any, known: Any, work: Any, *more: Any) -> Any:
        for device in work:
            device.fixes = [fix for fix in device.fixes if fix not in device.late]
            device.late = []
        return await decided(session, tenant_id, known, [d for d in work if d.fixes], *more)

    patch.setattr(pings, "_decide", looking_forward)


def zone_deleted(patch: Patch) -> None:
    end = run.Run.end

    def silently(self: run.Run, zone_id: Any, at: datetime, reason: str) -> None:
        if reason == "zone_deleted":
            self.zones.pop(zone_id)
        else:
            end(self, zone_id, at, reason)

    patch.setattr(run.Run, "end", silently)


def newest_version(patch: Patch) -> None:
    patch.setattr(versions.Versions, "in_force", lambda self, number, at: number in self.newest.values())
    patch.setattr(versions.Versions, "number_at", lambda self, zone_id, at: self.newest.get(zone_id))


def nobody_waits(patch: Patch) -> None:
    patch.setattr(run.Run, "wait", lambda *a: None)
    patch.setattr(decide, "_wait_outside_hours", lambda *a: None)


def until_midnight(patch: Patch) -> None:
    def today(known: hours.Schedule, zone: ZoneInfo) -> schedule.OpeningHours:
        cut = tuple(replace(h, closes=DAY_MIN) if h.closes < h.opens else h for h in known.hours)
        return schedule.OpeningHours(replace(known, hours=cut), zone)

    patch.setattr(versions, "OpeningHours", today)


def each_end_closes(patch: Patch) -> None:
    closing = schedule.OpeningHours.closing_after

    def next_end(self: schedule.OpeningHours, at: datetime) -> datetime | None:
        ends = [t for t in self._candidates(at) if t > at]
        return min([*ends, *filter(None, [closing(self, at)])], default=None)

    patch.setattr(schedule.OpeningHours, "closing_after", next_end)


SWITCHES: dict[Guard, Switch] = {
    Guard.CONSENT: consent,
    Guard.FUTURE: taken(Rejected.IN_FUTURE),
    Guard.NULL_ISLAND: taken(Rejected.NULL_ISLAND),
    Guard.MOCK_LOCATION: taken(Rejected.MOCK_LOCATION),
    Guard.IMPOSSIBLE_SPEED: value(fixes, "IMPOSSIBLE_MPS", inf),
    Guard.FAST_MOVER: value(fixes, "FAST_MPS", fixes.IMPOSSIBLE_MPS),
    Guard.UNKNOWN_ACCURACY: one_by_one(
        value(pings, "accuracy", lambda said, default: (said if said and said > 0 else 5.0, 1.0))
    ),
    Guard.DUPLICATE: never_the_same,
    Guard.DUPLICATE_AS_SENT: duplicate_as_sent,
    Guard.SKEW: value(pings, "clock_skew", lambda *a: 0.0),
    Guard.SKEW_THRESHOLD: value(fixes, "SKEW_S", 0.0),
    Guard.EVENT_ORDER: value(pings, "insort", lambda known, fix, key: known.append(fix)),
    Guard.LEVEL_MATCH: level(lambda z, b, named, believed, p: 1.0 if named is not None else p(z, b, named, believed)),
    Guard.LEVEL_EXIT: level(lambda z, b, named, believed, p: max(0.01, p(z, b, named, believed))),
    Guard.LEVEL_PRIOR: level(lambda z, b, named, believed, p: p(z, b, named, believed) if believed or named else 1.0),
    Guard.LEVEL_BELIEF: level(lambda z, b, named, believed, p: p(z, b, named, None)),
    Guard.LEVEL_FADES: value(levels, "FADE_S", inf),
    Guard.LEVEL_CONNECTOR: value(levels, "CONNECTOR_WEIGHT", 1.0),
    Guard.LEVEL_REPORT: one_by_one(value(matching, "told", lambda known, at, lift, named, *a: (named, 1.0))),
    Guard.LEVEL_OUTDOORS: one_by_one(
        value(
            matching,
            "_with_floor",
            lambda state, fix, outdoors, lift, known=matching._with_floor: known(state, fix, outdoors=False, lift=lift),
        )
    ),
    Guard.DISC_SHARE: value(index.ZoneIndex, "shares", lambda self, zone, *a: np.ones(len(zone))),
    Guard.READINGS_TOGETHER: value(
        track, "follow", lambda known, fix, gap_s: Track(fix.lon, fix.lat, (fix.accuracy_m / R68) ** 2, 1.0)
    ),
    Guard.SILENT_BEACONS: value(evidence, "MOST_SILENT", 0),
    Guard.FAR_FROM_BEACONS: value(evidence, "APART", inf),
    Guard.WALKED_BEFORE: value(decide, "PACE_S", NEVER),
    Guard.WALKS_ON: value(matching, "is_walking", lambda *a: False),
    Guard.HARDLY_NEWS: value(decide, "AGREED_ODDS", 0.0),
    Guard.SLOW_PHONE: value(clock, "_enter_at", lambda r, z, interval_s: z.seen_at + timedelta(seconds=r.enter_s)),
    Guard.CONFIRMATION: rules(single_fix=True),
    Guard.CONFIRMED_BY_TIME: rules(enter_s=NEVER),
    Guard.SPARSE_PHONE: value(decide, "SPARSE_INTERVAL_S", inf),
    Guard.EXIT_TOLERANCE: rules(exit_tolerance_m=0.0),
    Guard.EXIT_ACCURACY: value(
        decide, "is_outside", lambda r, n, fix: run.is_outside(r, n, msgspec.structs.replace(fix, accuracy_m=0.0))
    ),
    Guard.EXIT_DELAY: rules(exit_s=0),
    Guard.SILENCE: value(clock, "timeout_s", lambda *a: NEVER),
    Guard.CROSSING: rules(crossing=False),
    Guard.CROSSING_GAP: value(matching, "LONGEST_CROSSING_S", inf),
    Guard.CROSSING_ACCURACY: value(matching, "GOOD_ACCURACY_M", inf),
    Guard.DWELL_BY_TIMER: no_dwell_timer,
    Guard.DWELL_SILENCE: rules(dwell_silence_s=NEVER),
    Guard.DWELL_RETRACTED: nothing_taken_back,
    Guard.LATE_REBUILD: late_ignored,
    Guard.PUSH_AGE: value(outcome, "PUSH_MAX_AGE_S", inf),
    Guard.ZONE_CHANGED: value(changes, "is_outside", lambda *a: False),
    Guard.ZONE_DELETED: zone_deleted,
    Guard.ZONE_PUBLISHED: value(changes, "_come_in", lambda *a: None),
    Guard.ZONE_KEPT: value(changes, "is_outside", lambda *a: True),
    Guard.ZONE_VERSION: newest_version,
    Guard.SCHEDULE_CLOSED: value(schedule.OpeningHours, "closing_after", lambda *a: None),
    Guard.SCHEDULE_OPENED: nobody_waits,
    Guard.SCHEDULE_SEAM: each_end_closes,
    Guard.SCHEDULE_OVERNIGHT: until_midnight,
    Guard.SCHEDULE_WALL_CLOCK: value(versions, "ZoneInfo", lambda name: ZoneInfo("UTC") if name else UTC),
}
