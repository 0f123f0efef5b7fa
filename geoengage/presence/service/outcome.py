"""What a piece of work has found out, and how it is written: states, timers, visits, zone events, the ledger last."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.events import publish
from geoengage.kit.ids import TenantId
from geoengage.presence import store
from geoengage.presence.rules.decide import Decision, Transition
from geoengage.presence.rules.events import EVENT_CLASSES, ZoneTransition
from geoengage.presence.rules.fixes import Rejected
from geoengage.presence.rules.state import DeviceState

PUSH_MAX_AGE_S = 120.0  # an event older than this when recorded is `late` and pushes nothing


@dataclass(slots=True)
class Outcome:
    """What will be written. Timers by (device, zone), None to remove one."""

    states: list[DeviceState] = field(default_factory=list)
    transitions: list[tuple[UUID, Transition]] = field(default_factory=list)
    timers: dict[tuple[UUID, UUID], datetime | None] = field(default_factory=dict)
    rejections: list[tuple[UUID, datetime, Rejected]] = field(default_factory=list)

    def apply(self, state: DeviceState, decision: Decision) -> DeviceState:
        """Take in a decision about a device; returns its state with the zones as decided."""
        self.transitions.extend((state.device_id, t) for t in decision.transitions)
        self.timers.update({(state.device_id, zone_id): due for zone_id, due in decision.timers.items()})
        return replace(state, zones=decision.zones)


async def write(session: Session, tenant_id: TenantId, outcome: Outcome, now: datetime) -> bool:
    """Write everything; returns whether events were published. The ledger comes last: it locks the tenant's head."""
    if outcome.rejections:
        await store.insert_rejections(session, tenant_id, outcome.rejections, now)
    if outcome.states:
        await store.upsert_states(session, tenant_id, outcome.states)
    if outcome.timers:
        await store.write_timers(session, tenant_id, outcome.timers)
    if not outcome.transitions:
        return False
    await store.write_visits(session, tenant_id, _visit_changes(outcome.transitions))
    events = [event_of(tenant_id, device_id, t, now) for device_id, t in outcome.transitions]
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
        elif t.kind == "retracted":
            change.last_dwell_s = t.kept_dwell_s
        else:
            change.exited_at, change.exit_reason = t.at, t.reason
    return list(changes.values())


def event_of(tenant_id: TenantId, device_id: UUID, t: Transition, now: datetime) -> ZoneTransition:
    """What is told of a transition that is recorded at `now`."""
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
        late=(now - t.at).total_seconds() > PUSH_MAX_AGE_S,
        dwell_s=t.dwell_s,
        by_silence=t.by_silence,
    )


def _event_row(t: Transition, e: ZoneTransition, now: datetime) -> dict[str, Any]:
    return {
        "id": e.id, "at": e.at, "kind": t.kind, "device_id": e.device_id, "zone_id": e.zone_id,
        "zone_version": e.zone_version, "visit_id": e.visit_id, "dwell_s": e.dwell_s, "confidence": e.confidence,
        "evidence": e.evidence, "reason": e.reason, "by_silence": e.by_silence, "late": e.late, "recorded_at": now,
        "details": {},
    }  # fmt: skip
