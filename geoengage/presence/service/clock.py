"""What happens to devices without a ping: timers that are due, a zone that changed, a consent withdrawn."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.events import Recorded, payload_uuid
from geoengage.kit.ids import TenantId
from geoengage.presence import store
from geoengage.presence.rules import decide as engine
from geoengage.presence.rules.state import DeviceState
from geoengage.presence.service.indexes import IndexCache
from geoengage.presence.service.matching import live_facts
from geoengage.presence.service.outcome import Outcome, write
from geoengage.profiles.rules import withdrew_location

_ALL = 10_000  # more devices than one transaction should ever advance


async def fire_timers(
    session: Session, tenant_id: TenantId, indexes: IndexCache, now: datetime, *, limit: int = 200
) -> int:
    """Let due timers act, `limit` at most; returns how many devices were advanced. Safe beside pings and workers.

    Devices whose row is taken are left to whoever has it.
    """
    due = await store.list_due_timers(session, tenant_id, now, limit=limit)
    device_ids = {device_id for device_id, _ in due}
    locked = await store.lock_devices(session, tenant_id, list(device_ids), skip_locked=True)
    await _tick(session, tenant_id, locked, indexes, now)
    return len(locked)


async def on_venue_changed(
    session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime, indexes: IndexCache
) -> None:
    """A zone was published, changed or taken down: those inside one that is gone leave it now.

    Those inside a changed one learn their fate with their next ping, or by its silence.
    """
    zone_ids = {zone_id for r in recorded if (zone_id := payload_uuid(r.payload, "zone_id"))}
    occupants = await store.list_occupants(session, tenant_id, list(zone_ids), limit=_ALL)
    # Waits for whoever has a row: a ping being decided on may still be matched with the zones of before.
    locked = await store.lock_devices(session, tenant_id, occupants)
    await _tick(session, tenant_id, locked, indexes, now)


async def on_consent_changed(
    session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime
) -> None:
    """Location consent was withdrawn: open visits end, and every coordinate of the device goes."""
    locked = await store.lock_devices(session, tenant_id, list(withdrew_location(recorded)))
    states = await store.list_states(session, tenant_id, list(locked))
    outcome = Outcome()
    # Who has granted it again meanwhile keeps everything.
    await _forget(session, tenant_id, [d.device_id for d in locked.values() if not d.may_locate], states, outcome, now)
    await write(session, tenant_id, outcome, now)


async def _tick(
    session: Session,
    tenant_id: TenantId,
    locked: Mapping[UUID, store.LockedDevice],
    indexes: IndexCache,
    now: datetime,
) -> None:
    """Advance locked devices by the clock alone."""
    if not locked:
        return
    states = await store.list_states(session, tenant_id, list(locked))
    tenant = await store.get_ping_policy(session, tenant_id)
    index = await indexes.get(session, tenant_id, tenant.epoch)
    due = await store.list_due_timers(session, tenant_id, now, limit=_ALL, device_ids=list(locked))
    # A timer of a device whose state is gone has nothing to say.
    outcome = Outcome(timers={key: None for key in due if key[0] not in states})
    withdrawn = [d.device_id for d in locked.values() if not d.may_locate]  # a timer may come before the event
    await _forget(session, tenant_id, withdrawn, states, outcome, now)
    for device_id, state in states.items():
        if device_id not in withdrawn:
            at = max(now, state.last_at)
            live = live_facts(index, state, at)
            decision = engine.decide(state, None, (), live, at)
            fired = [zone_id for d, zone_id in due if d == device_id]
            decision = engine.after_timer(decision, fired, live, state.interval_s)
            outcome.states.append(outcome.apply(state, decision))
    await write(session, tenant_id, outcome, now)


async def _forget(
    session: Session,
    tenant_id: TenantId,
    device_ids: Collection[UUID],
    states: Mapping[UUID, DeviceState],
    outcome: Outcome,
    now: datetime,
) -> None:
    """End the visits of locked devices without consent and delete where they were."""
    for device_id in device_ids:
        if device_id in states:
            transitions = engine.end_all(states[device_id], now, "consent_withdrawn")
            outcome.transitions.extend((device_id, t) for t in transitions)
    if device_ids:
        await store.forget_positions(session, tenant_id, list(device_ids))
