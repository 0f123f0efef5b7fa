"""A group of pings, from several requests of one tenant, in one transaction: check, match, decide, write."""

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from uuid import UUID

import msgspec

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.presence import store
from geoengage.presence.index import ZoneIndex
from geoengage.presence.rules.evidence import OURS, Source, beside, decided_at, put_together, strongest
from geoengage.presence.rules.fixes import (
    PingIn,
    Policy,
    Position,
    Rejected,
    accuracy,
    clock_skew,
    refuse,
    speed_trust,
)
from geoengage.presence.rules.heard import PhoneTransition
from geoengage.presence.rules.state import DeviceState, Fix, Said
from geoengage.presence.service.indexes import IndexCache
from geoengage.presence.service.matching import DeviceWork, advance
from geoengage.presence.service.outcome import Outcome, write

GROUP_LOCK_WAIT_MS = 250  # a group that waits longer is halved: one busy device must not hold up strangers
SINGLE_LOCK_WAIT_MS = 500
_by_time = attrgetter("at")


@dataclass(slots=True)
class Batch:
    """The pings of one request. `device_id` None: a server's request, in which each ping names its device.

    `pings` are (index in the request, ping), `undecodable` what decoding refused already. The other fields are the
    answer, filled in by `record_group`.
    """

    device_id: UUID | None
    token_version: int | None
    sent_at: datetime | None
    received_at: datetime
    pings: list[tuple[int, PingIn]]
    undecodable: list[tuple[int, str]] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    accepted: int = 0
    duplicates: int = 0
    error: errors.AppError | None = None


@dataclass(slots=True)
class _Group:
    """What is known while the pings of a group are sorted in. `known`: (device, time as sent) of stored pings."""

    index: ZoneIndex
    locked: Mapping[UUID, store.LockedDevice]
    states: Mapping[UUID, DeviceState]
    policy: Policy
    known: set[tuple[UUID, datetime]]
    devices: dict[UUID, DeviceWork] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)


async def record_group(
    session: Session, tenant_id: TenantId, batches: Sequence[Batch], indexes: IndexCache, now: datetime
) -> bool:
    """Take in the pings of several requests of one tenant, in one transaction; the answers are put into the batches.

    Returns whether anything was published. Idempotent by (device, time as sent).
    """
    for batch in batches:  # a halved or retried group comes again
        batch.accepted = batch.duplicates = 0
        batch.refused = list(batch.undecodable)
        batch.error = None
    wanted = {_device_of(b, p) for b in batches for _, p in b.pings} | {b.device_id for b in batches}
    ids = [d for d in wanted if d is not None]
    wait_ms = GROUP_LOCK_WAIT_MS if len(batches) > 1 else SINGLE_LOCK_WAIT_MS
    locked = await store.lock_devices(session, tenant_id, ids, wait_ms=wait_ms)
    states = await store.list_states(session, tenant_id, ids)
    tenant = await store.get_ping_policy(session, tenant_id)
    index = await indexes.get(session, tenant_id, tenant.epoch)
    known = await _known_times(session, tenant_id, batches, states)
    policy = Policy(tenant.default_accuracy_m, tenant.reject_mocked, timedelta(days=tenant.ping_retention_days))
    group = _Group(index, locked, states, policy, known)
    for batch in batches:
        _sort_in(group, batch)
    work = [d for d in group.devices.values() if d.fixes or d.late]
    advance(index, work, group.outcome)
    pings = [(d.device_id, f, late) for d in work for late, fixes in ((False, d.fixes), (True, d.late)) for f in fixes]
    if pings:
        await store.insert_pings(session, tenant_id, pings, now)
    return await write(session, tenant_id, group.outcome, now)


def _device_of(batch: Batch, ping: PingIn) -> UUID | None:
    if batch.device_id is not None:
        return batch.device_id
    try:
        return UUID(ping.device_id or "")
    except ValueError:
        return None


def _skew(batch: Batch, state: DeviceState | None) -> float:
    return clock_skew(batch.sent_at, batch.received_at, state.skew_s if state else 0.0)


async def _known_times(
    session: Session, tenant_id: TenantId, batches: Sequence[Batch], states: Mapping[UUID, DeviceState]
) -> set[tuple[UUID, datetime]]:
    """Stored times of devices that sent something not newer than their newest: only those can be duplicates."""
    suspects = {
        (device_id, ping.at + timedelta(seconds=_skew(batch, states[device_id])))
        for batch in batches
        for _, ping in batch.pings
        if (device_id := _device_of(batch, ping)) in states and device_id and ping.at <= states[device_id].last_sent_at
    }
    if not suspects:
        return set()
    # The skew of when it was stored may have been another one; phones are not put right by more than a day in practice.
    slack = timedelta(days=1)
    times = [at for _, at in suspects]
    ids = list({device_id for device_id, _ in suspects})
    return await store.list_known_times(session, tenant_id, ids, min(times) - slack, max(times) + slack)


def _sort_in(group: _Group, batch: Batch) -> None:
    """Check the pings of one request and hand the usable ones to their devices."""
    if batch.device_id is not None:
        owner = group.locked.get(batch.device_id)
        if owner is None or owner.token_version != batch.token_version:
            batch.error = errors.Unauthenticated("this device token was revoked; register the device again")
            return
    for position, ping in batch.pings:
        device_id = _device_of(batch, ping)
        if device_id is None or device_id not in group.locked:
            batch.refused.append((position, Rejected.UNKNOWN_DEVICE))
            continue
        reason = _take(group, batch, ping, group.locked[device_id])
        if reason is not None:
            batch.refused.append((position, reason))
            group.outcome.rejections.append((device_id, ping.at, reason))


def _take(group: _Group, batch: Batch, ping: PingIn, owner: store.LockedDevice) -> Rejected | None:
    """One ping of a known device: counted as accepted or duplicate, or refused with a reason."""
    if not owner.may_locate:
        return Rejected.NO_LOCATION_CONSENT
    old = group.states.get(owner.device_id)
    device = group.devices.setdefault(owner.device_id, DeviceWork(owner.device_id, old, _skew(batch, old)))
    sent_at, said, heard_trust = ping.at, None, 1.0
    if ping.beacons or ping.access_points or ping.check_in is not None or ping.source in OURS:
        disc = strongest(group.index.points, ping.beacons, ping.access_points, ping.check_in)
        ping, heard_trust = put_together(ping, disc, group.policy.default_accuracy_m)
    if ping.transition is not None:
        ping, said = _hear_phone(group, ping, ping.transition, owner.device_id)
        sent_at += beside(said)
    event_at = sent_at + timedelta(seconds=device.skew_s)
    if said is not None:
        event_at = decided_at(event_at, old.last_at if old else None)
    reason = refuse(ping, event_at, batch.received_at, group.policy)
    if reason is not None or ping.lon is None or ping.lat is None:
        return reason
    if (owner.device_id, sent_at) in group.known:
        batch.duplicates += 1
        return None
    metres, trust = accuracy(ping.accuracy_m, group.policy.default_accuracy_m)
    trust *= heard_trust
    is_late = old is not None and event_at <= old.last_at
    if not is_late and ping.source != Source.CHECK_IN:
        trust *= speed_trust(_last_position(device, event_at), Position(event_at, ping.lon, ping.lat, metres))
        if trust == 0.0:
            return Rejected.IMPOSSIBLE_SPEED
    group.known.add((owner.device_id, sent_at))
    fix = Fix(event_at, sent_at, ping.lon, ping.lat, metres, ping.level, trust, ping.source, ping.speed_mps, said)
    if is_late:
        device.late.append(fix)
    else:
        insort(device.fixes, fix, key=_by_time)
    batch.accepted += 1
    return None


def _hear_phone(
    group: _Group, ping: PingIn, transition: PhoneTransition, device_id: UUID
) -> tuple[PingIn, Said | None]:
    """What the phone's own monitoring says, and the ping, which is in the circle if it names no place itself.

    A circle that is no published zone (any more) is noted; the position that came with it is taken all the same.
    """
    try:
        number = group.index.number.get(UUID(transition.zone_id))
    except ValueError:
        number = None
    if number is None:
        group.outcome.rejections.append((device_id, ping.at, Rejected.UNKNOWN_ZONE))
        return ping, None
    said = Said(group.index.zones[number].zone_id, left=transition.kind == "exit")
    if ping.lon is None and not said.left:
        circle = group.index.circle(number)
        place = {"lon": circle.lon, "lat": circle.lat, "accuracy_m": circle.radius_m}
        ping = msgspec.structs.replace(ping, **place, source=Source.REGION.value)
    return ping, said


def _last_position(device: DeviceWork, before: datetime) -> Position | None:
    """The newest position of a device before a moment: in this group, else in its state."""
    number = bisect_left(device.fixes, before, key=_by_time)
    if number:
        fix = device.fixes[number - 1]
        return Position(fix.at, fix.lon, fix.lat, fix.accuracy_m)
    old = device.old
    return None if old is None else Position(old.last_at, old.lon, old.lat, old.accuracy_m)
