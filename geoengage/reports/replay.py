"""Fixes through the engine in memory: what it would have recorded, had a draft been published. Writes nothing.

The matching, the decisions and the clock are presence's own. Zones decide independently of each other, so an index of
one zone answers for that zone what the whole index would.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.presence.index import ZoneIndex
from geoengage.presence.rules.decide import Transition
from geoengage.presence.rules.state import DeviceState, Fix
from geoengage.presence.service.matching import DeviceWork, advance, run_clock
from geoengage.presence.service.outcome import Outcome
from geoengage.venues.rules import PublishedZone


@dataclass(frozen=True, slots=True)
class Replayed:
    """Where a device stood in the end, and what happened to it, in order."""

    state: DeviceState
    transitions: list[Transition]


@dataclass(frozen=True, slots=True)
class Visit:
    """A device's visit to a zone, as the table of visits would hold it."""

    visit_id: UUID
    device_id: UUID
    zone_id: UUID
    entered_at: datetime
    exited_at: datetime | None
    exit_reason: str | None


def replay(index: ZoneIndex, streams: Mapping[UUID, Sequence[Fix]], until: datetime) -> dict[UUID, Replayed]:
    """What happens to devices that were nowhere before: their fixes in order of time, then the clock up to `until`.

    Timers need not be played in between: the engine advances its clock to a fix's time before it looks at the fix, so
    it makes no difference whether a worker came by.
    """
    work = [
        DeviceWork(device_id, None, 0.0, fixes=list(fixes), new=list(fixes))
        for device_id, fixes in streams.items()
        if fixes
    ]
    outcome = Outcome()
    advance(index, work, outcome)
    result = {}
    for state in outcome.states:
        result[state.device_id] = Replayed(run_clock(index, state, max(until, state.last_at), outcome), [])
    for device_id, transition in outcome.transitions:
        result[device_id].transitions.append(transition)
    return result


def visits(device_id: UUID, transitions: Iterable[Transition]) -> list[Visit]:
    """The visits that a device's transitions make, in the order of their beginning."""
    found: dict[UUID, Visit] = {}
    for t in transitions:
        if t.kind == "entered":
            found[t.visit_id] = Visit(t.visit_id, device_id, t.zone_id, t.since, None, None)
        elif t.kind == "exited":
            found[t.visit_id] = Visit(t.visit_id, device_id, t.zone_id, t.since, t.at, t.reason)
    return sorted(found.values(), key=lambda v: v.entered_at)


def with_draft(zones: Iterable[PublishedZone], draft: PublishedZone | None) -> list[PublishedZone]:
    """The zones with a draft in the place of its own published version."""
    if draft is None:
        return list(zones)
    return [*(z for z in zones if z.zone_id != draft.zone_id), draft]
