"""Late fixes: the device goes back to its state of before, all since is decided anew, and what differs is told."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.presence import store
from geoengage.presence.index import ZoneIndex
from geoengage.presence.rules.revise import compare, concerns
from geoengage.presence.rules.run import Transition
from geoengage.presence.rules.state import DeviceState, by_time
from geoengage.presence.service.indexes import Area, IndexCache
from geoengage.presence.service.matching import DeviceWork
from geoengage.presence.service.outcome import Outcome


async def rewind(session: Session, tenant_id: TenantId, devices: Sequence[DeviceWork]) -> None:
    """Let locked devices with late fixes begin at their newest checkpoint before the oldest of them, or at nothing.

    All fixes since are theirs to decide on again.
    """
    to = {d.device_id: min(f.at for f in d.late) for d in devices}
    checkpoints = await store.rewind_checkpoints(session, tenant_id, to)
    for device in devices:
        device.start = checkpoints.get(device.device_id)
        after = None if device.start is None else device.start.last_at
        device.stored = await store.list_fixes(session, tenant_id, device.device_id, after)
        device.fixes = sorted([*device.stored, *device.new], key=by_time)
        device.settled_at = None if device.old is None else device.old.settled_at


async def index_of_then(
    session: Session, tenant_id: TenantId, devices: Sequence[DeviceWork], indexes: IndexCache, index: ZoneIndex
) -> ZoneIndex:
    """The zones of the time that rewound devices go back to: the index at hand, or one that reaches further back."""
    since = min(_begin(d) for d in devices)
    area = Area.of([d.fixes for d in devices], {z for d in devices if d.start for z in d.start.zones})
    return await indexes.reaching(session, tenant_id, index, since, area)


def _begin(device: DeviceWork) -> datetime:
    return device.fixes[0].at if device.start is None else min(device.start.venue_at, device.start.last_at)


async def put_right(
    session: Session, tenant_id: TenantId, devices: Sequence[DeviceWork], replayed: Outcome, outcome: Outcome
) -> None:
    """Compare what was told of rewound devices with what the replay tells, and take what is left into `outcome`."""
    ids = [d.device_id for d in devices]
    spans = await store.list_spans(session, tenant_id, ids, min(_reach(d) for d in devices))
    told: dict[UUID, list[Transition]] = defaultdict(list)
    for device_id, transition in replayed.transitions:
        told[device_id].append(transition)
    states = {state.device_id: state for state in replayed.states}
    for device in devices:
        first_at = device.stored[0].at if device.stored else device.fixes[0].at
        before = [s for s in spans.get(device.device_id, ()) if concerns(s, device.start, first_at)]
        salt = 1 if device.old is None else device.old.version + 1
        revised = compare(device.device_id, device.start, before, told[device.device_id], salt)
        state = _settled(revised.named(states[device.device_id]), device)
        outcome.states.append(state)
        outcome.replaced.append(state)
        outcome.transitions += [(device.device_id, t) for t in revised.transitions]
        outcome.checkpoints += [revised.named(c) for c in replayed.checkpoints if c.device_id == device.device_id]
        _set_timers(outcome, device, state)
    await _judge_again(session, tenant_id, devices)


def _reach(device: DeviceWork) -> datetime:
    """How far back visits can have ended that are told again: one that was open at the start may end in the past."""
    if device.start is None:
        return device.fixes[0].at
    return min([device.start.decided_at, *(z.since for z in device.start.zones.values())])


def _settled(state: DeviceState, device: DeviceWork) -> DeviceState:
    """The state, which knows how far things had been told: what comes for that time is late, whatever it finds now."""
    told_until = state.settled_at if device.old is None else device.old.decided_at
    return replace(state, settled_at=max(state.settled_at, told_until))


def _set_timers(outcome: Outcome, device: DeviceWork, state: DeviceState) -> None:
    if device.old is not None:
        outcome.timers.update({(device.device_id, zone_id): None for zone_id in device.old.zones})
    outcome.timers.update({(device.device_id, zone_id): z.timer_at for zone_id, z in state.zones.items()})


async def _judge_again(session: Session, tenant_id: TenantId, devices: Sequence[DeviceWork]) -> None:
    """Keep the verdicts of stored fixes that are another one beside the new ones."""
    changed = [
        (d.device_id, replace(fix, verdict=d.verdicts.get(fix)))
        for d in devices
        for fix in d.stored
        if fix.verdict != d.verdicts.get(fix)
    ]
    if changed:
        await store.set_verdicts(session, tenant_id, changed)
