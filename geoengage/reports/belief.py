"""What the engine believed of a device at each moment: its stored fixes through the engine again, step by step.

The matching, the decisions and the clock are presence's own, so what is told here is what they do, whatever they do.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.presence.index import ZoneIndex
from geoengage.presence.rules.decide import Transition
from geoengage.presence.rules.state import DeviceState, Fix, Phase, Said
from geoengage.presence.service.matching import DeviceWork, advance, run_clock
from geoengage.presence.service.outcome import Outcome

OUTSIDE = "outside"
BREATH = 40  # fixes after which other requests get their turn
Phases = dict[UUID, str]


@dataclass(frozen=True, slots=True)
class Change:
    """From `at` on the engine held that a device stood in `phase` with a zone. An exit counts from when the device was
    last inside or first seen outside, and is held from when that was certain. `reason` as an event would give it, else
    what the fix did."""

    zone_id: UUID
    at: datetime
    phase: str
    reason: str


@dataclass(slots=True)
class Belief:
    """`changes` in order of time; `phases`: after each fix, by its time, where the device stood with the zones that it
    was not simply outside of."""

    phases: dict[datetime, Phases] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def at(self, fix_at: datetime) -> Phases:
        """Where it stood after the fix of that time; with none if that fix was not decided on."""
        return self.phases.get(fix_at, {})


async def believe(
    index: ZoneIndex, device_id: UUID, fixes: Sequence[Fix], until: datetime, start: DeviceState | None = None
) -> Belief:
    """Fixes in order of time, from a known state (None: nothing was known before), then the clock up to `until`."""
    belief, state = Belief(), start
    if start is not None:
        known = _phases(start)
        belief.changes += [Change(zone_id, start.last_at, phase, "known") for zone_id, phase in known.items()]
    for number, fix in enumerate(fixes):
        outcome = Outcome()
        before, state = state, _step(index, device_id, state, fix, outcome)
        belief.phases[fix.at] = after = _phases(state)
        belief.changes += _changes(before, after, outcome, fix.at)
        if number % BREATH == BREATH - 1:
            await asyncio.sleep(0)
    if state is not None:
        outcome, at = Outcome(), max(until, state.last_at)
        belief.changes += _changes(state, _phases(run_clock(index, state, at, outcome)), outcome, at)
    belief.changes.sort(key=lambda c: c.at)
    return belief


def _step(
    index: ZoneIndex, device_id: UUID, state: DeviceState | None, fix: Fix, outcome: Outcome
) -> DeviceState | None:
    advance(index, [DeviceWork(device_id, None, 0.0, start=state, fixes=[fix], new=[fix])], outcome)
    return outcome.states[-1] if outcome.states else state


def _phases(state: DeviceState | None) -> Phases:
    return {} if state is None else {zone_id: z.phase.value for zone_id, z in state.zones.items()}


def _changes(before: DeviceState | None, after: Mapping[UUID, str], outcome: Outcome, at: datetime) -> Iterator[Change]:
    """Every change between two moments; what the clock did in between has its own time."""
    stood = _phases(before)
    for _, t in outcome.transitions:
        phase = {"entered": Phase.INSIDE.value, "exited": OUTSIDE}.get(t.kind)
        if phase is None:
            continue
        if t.kind == "entered" and t.since < t.at and stood.get(t.zone_id, OUTSIDE) == OUTSIDE:
            yield Change(t.zone_id, t.since, Phase.PENDING.value, "one_fix")
        yield Change(t.zone_id, _certain_at(before, t, at), phase, t.reason)
        stood[t.zone_id] = phase
    for zone_id in {**stood, **after}:
        was, now = stood.get(zone_id, OUTSIDE), after.get(zone_id, OUTSIDE)
        if was != now:
            yield Change(zone_id, at, now, _why(was, now))


def _certain_at(before: DeviceState | None, t: Transition, at: datetime) -> datetime:
    """When a transition was certain, `at` at the latest: an exit when its timer was due."""
    z = before.zones.get(t.zone_id) if before and t.kind == "exited" else None
    return t.at if z is None or z.timer_at is None else max(t.at, min(at, z.timer_at))


def _why(was: str, now: str) -> str:
    """A change that is no event: what the fix did."""
    if now == OUTSIDE:
        return "contradicted"
    if now == Phase.INSIDE.value:
        return "came_back"
    return {Phase.PENDING.value: "one_fix", Phase.LEAVING.value: "seen_outside"}.get(now, now)


def fix_of(row: Mapping[str, Any]) -> Fix:
    """A stored position as the engine takes it."""
    said = None if row["said_zone_id"] is None else Said(row["said_zone_id"], row["said_left"])
    return Fix(
        at=row["at"],
        sent_at=row["sent_at"],
        lon=row["lon"],
        lat=row["lat"],
        accuracy_m=row["accuracy_m"],
        level=row["level"],
        trust=row["trust"],
        source=row["source"],
        said=said,
    )
