"""What a piece of work has found out, and how it is written: states, timers, visits, zone events, the ledger last."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from geoengage.kit.db import Session, pipelined
from geoengage.kit.events import publish
from geoengage.kit.ids import TenantId
from geoengage.presence import store
from geoengage.presence.rules.decide import Decision, Transition
from geoengage.presence.rules.events import EVENT_CLASSES, VisitSpan, ZoneTransition
from geoengage.presence.rules.fixes import OLDEST, Rejected
from geoengage.presence.rules.revise import open_visits
from geoengage.presence.rules.run import Span
from geoengage.presence.rules.state import DeviceState

PUSH_MAX_AGE_S = 120.0  # an event older than this when recorded is `late` and pushes nothing


@dataclass(slots=True)
class Outcome:
    """What will be written. Timers by (device, zone), None to remove one; `replaced`: states of devices that a late
    fix has put right, whose occupancy is written anew; `checkpoints`: states from which a replay can begin."""

    states: list[DeviceState] = field(default_factory=list)
    transitions: list[tuple[UUID, Transition]] = field(default_factory=list)
    timers: dict[tuple[UUID, UUID], datetime | None] = field(default_factory=dict)
    rejections: list[tuple[UUID, datetime, Rejected]] = field(default_factory=list)
    checkpoints: list[DeviceState] = field(default_factory=list)
    replaced: list[DeviceState] = field(default_factory=list)

    def apply(self, state: DeviceState, decision: Decision) -> DeviceState:
        """Take in a decision about a device; returns its state with the zones as decided."""
        self.transitions.extend((state.device_id, t) for t in decision.transitions)
        self.timers.update({(state.device_id, zone_id): due for zone_id, due in decision.timers.items()})
        settled_at = state.settled_at if decision.settled_at is None else max(state.settled_at, decision.settled_at)
        return replace(state, zones=decision.zones, settled_at=settled_at)


async def write(session: Session, tenant_id: TenantId, outcome: Outcome, now: datetime) -> bool:
    """Write everything; returns whether events were published. The ledger comes last: it locks the tenant's head."""
    async with pipelined(session):
        return await _send(session, tenant_id, outcome, now)


async def _send(session: Session, tenant_id: TenantId, outcome: Outcome, now: datetime) -> bool:
    if outcome.rejections:
        await store.insert_rejections(session, tenant_id, outcome.rejections, now)
    if outcome.states:
        await store.upsert_states(session, tenant_id, outcome.states)
    checkpoints = [state for state in outcome.checkpoints if now - state.decided_at < OLDEST]
    if checkpoints:
        await store.insert_checkpoints(session, tenant_id, checkpoints)
    if outcome.timers:
        await store.write_timers(session, tenant_id, outcome.timers)
    if outcome.transitions:
        await store.write_visits(session, tenant_id, _visit_changes(outcome.transitions))
    if outcome.replaced:
        inside = {state.device_id: open_visits(state.zones) for state in outcome.replaced}
        await store.replace_occupancy(session, tenant_id, inside)
    if not outcome.transitions:
        return False
    ends = {t.visit_id: t.at for _, t in outcome.transitions if t.kind == "exited"}
    events = [event_of(tenant_id, device_id, t, now, ends.get(t.visit_id)) for device_id, t in outcome.transitions]
    rows = [_event_row(t, e, now) for (_, t), e in zip(outcome.transitions, events, strict=True)]
    await store.insert_zone_events(session, tenant_id, rows)
    await publish(session, tenant_id, events, now)
    return True


def _visit_changes(transitions: Sequence[tuple[UUID, Transition]]) -> list[store.VisitChange]:
    changes: dict[UUID, store.VisitChange] = {}
    for device_id, t in transitions:
        change = changes.setdefault(
            t.visit_id, store.VisitChange(t.visit_id, device_id, t.zone_id, t.zone_version, t.since)
        )
        if t.kind == "entered":
            change.is_new = True
        elif t.kind == "dwelled":
            change.last_dwell_s = t.dwell_s
        elif t.kind == "retracted" and t.dwell_s is not None:
            change.last_dwell_s = t.kept_dwell_s
        elif t.kind == "retracted":
            change.is_gone = True
        elif t.spans is not None:
            change.revised = t.spans[1]
        else:
            change.exited_at, change.exit_reason = t.at, t.reason
    return list(changes.values())


def event_of(
    tenant_id: TenantId, device_id: UUID, t: Transition, now: datetime, ends_at: datetime | None = None
) -> ZoneTransition:
    """What is told of a transition that is recorded at `now`; `ends_at` when its visit ends in the same piece of work.

    What is over already, or too old, is `late`: nobody waits for what would follow from it.
    """
    is_over = ends_at is not None and t.kind in ("entered", "dwelled")
    return EVENT_CLASSES[t.kind](
        id=t.event_id(tenant_id, device_id),
        at=t.at,
        device_id=device_id,
        zone_id=t.zone_id,
        zone_version=t.zone_version,
        visit_id=t.visit_id,
        confidence=t.confidence,
        evidence=t.evidence,
        reason=t.reason,
        late=is_over or (now - t.at).total_seconds() > PUSH_MAX_AGE_S,
        dwell_s=t.dwell_s,
        by_silence=t.by_silence,
        **({} if t.spans is None else _spans(*t.spans)),
    )


def _spans(before: Span, after: Span) -> dict[str, Any]:
    """The members of a revision beside what every event has."""
    return {"revision": after.revision, "visit": _told(after), "before": _told(before)}


def _told(span: Span) -> VisitSpan:
    return VisitSpan(
        entered_at=span.entered_at,
        exited_at=span.exited_at,
        exit_reason=span.exit_reason,
        last_dwell_s=span.last_dwell_s or None,
    )


def _event_row(t: Transition, e: ZoneTransition, now: datetime) -> dict[str, Any]:
    return {
        "id": e.id, "at": e.at, "kind": t.kind, "device_id": e.device_id, "zone_id": e.zone_id,
        "zone_version": e.zone_version, "visit_id": e.visit_id, "dwell_s": e.dwell_s, "confidence": e.confidence,
        "evidence": e.evidence, "reason": e.reason, "by_silence": e.by_silence, "late": e.late, "recorded_at": now,
        "details": {} if t.spans is None else _spans(*t.spans),
    }  # fmt: skip
