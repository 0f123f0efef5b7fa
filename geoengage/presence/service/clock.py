"""What happens to devices without a ping: timers that are due, zones that change, a consent withdrawn."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.events import Recorded, payload_uuid
from geoengage.kit.ids import TenantId
from geoengage.presence import store
from geoengage.presence.index import ZoneIndex
from geoengage.presence.rules import decide as engine
from geoengage.presence.rules.state import DeviceState
from geoengage.presence.service.indexes import Area, IndexCache
from geoengage.presence.service.matching import catch_up, run_clock
from geoengage.presence.service.outcome import Outcome, write
from geoengage.profiles.rules import withdrew_location
from geoengage.venues.store import versions

CHUNK = 200  # devices that one transaction gives their fate
_ALL = 10_000  # more devices than one transaction should ever advance


async def fire_timers(
    session: Session, tenant_id: TenantId, indexes: IndexCache, now: datetime, *, limit: int = CHUNK
) -> int:
    """Let due timers and changes of zones act, `limit` devices at most each; returns how many were looked at.

    Safe beside pings and workers. Devices with a due timer whose row is taken are left to whoever has it. The zones
    come first, as with pings: nobody waits for a new index with devices locked.
    """
    await learn_zones(session, tenant_id, indexes)
    moved = await _change_zones(session, tenant_id, indexes, now, limit)
    due = await store.list_due_timers(session, tenant_id, now, limit=limit)
    device_ids = {device_id for device_id, _ in due}
    locked = await store.lock_devices(session, tenant_id, list(device_ids), skip_locked=True)
    await _tick(session, tenant_id, locked, indexes, now)
    return moved + len(locked)


async def learn_zones(session: Session, tenant_id: TenantId, indexes: IndexCache) -> None:
    """Have the tenant's zones at hand as they are now."""
    await indexes.get(session, tenant_id, (await store.get_ping_policy(session, tenant_id)).epoch)


async def on_venue_changed(
    session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime, indexes: IndexCache
) -> None:
    """Zones will change in a moment: note it for the job that gives those inside their fate then (`fire_timers`).

    This process learns the new zones at once, so that nobody waits for them at that moment.
    """
    await learn_zones(session, tenant_id, indexes)
    zone_ids = {zone_id for r in recorded if (zone_id := payload_uuid(r.payload, "zone_id"))}
    due_at = await versions.last_change(session, tenant_id, zone_ids)
    if due_at is not None:
        await store.insert_zone_change(session, tenant_id, sorted(zone_ids), due_at)


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


async def _change_zones(session: Session, tenant_id: TenantId, indexes: IndexCache, now: datetime, limit: int) -> int:
    """The next devices that zones which have changed may concern: those inside, and those last seen where they lie."""
    change = await store.claim_zone_change(session, tenant_id, now)
    if change is None:
        return 0
    box = await versions.box_of(session, tenant_id, change.zone_ids)
    device_ids = await store.list_concerned(session, tenant_id, change, box, limit=limit)
    await store.move_zone_change(session, tenant_id, change.id, device_ids[-1] if len(device_ids) == limit else None)
    # Waits for whoever has a row: a ping being decided on may still be matched with the zones of before.
    locked = await store.lock_devices(session, tenant_id, device_ids)
    states = await store.list_states(session, tenant_id, list(locked))
    index = await _index(session, tenant_id, states, indexes)
    outcome = Outcome()
    for device_id, state in states.items():
        if locked[device_id].may_locate:
            after = catch_up(index, state, now, outcome)
            if after is not state:
                outcome.states.append(after)
    await write(session, tenant_id, outcome, now)
    return max(1, len(locked))


async def _index(
    session: Session, tenant_id: TenantId, states: Mapping[UUID, DeviceState], indexes: IndexCache
) -> ZoneIndex:
    """The zones to advance states by; of a longer past when a device with visits has long been left alone."""
    policy = await store.get_ping_policy(session, tenant_id)
    index = await indexes.get(session, tenant_id, policy.epoch)
    inside = [s for s in states.values() if s.zones]
    if not inside:
        return index
    area = Area.of([[s] for s in inside], {z for s in inside for z in s.zones})
    return await indexes.reaching(session, tenant_id, index, min(s.venue_at for s in inside), area)


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
    index = await _index(session, tenant_id, states, indexes)
    due = await store.list_due_timers(session, tenant_id, now, limit=_ALL, device_ids=list(locked))
    # A timer of a device whose state is gone has nothing to say.
    outcome = Outcome(timers={key: None for key in due if key[0] not in states})
    withdrawn = [d.device_id for d in locked.values() if not d.may_locate]  # a timer may come before the event
    await _forget(session, tenant_id, withdrawn, states, outcome, now)
    for device_id, state in states.items():
        if device_id not in withdrawn:
            fired = [zone_id for d, zone_id in due if d == device_id]
            outcome.states.append(run_clock(index, state, max(now, state.last_at), outcome, fired))
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
