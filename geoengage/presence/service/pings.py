"""A group of pings, from several requests of one tenant, in one transaction: check, match, decide, write."""

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple
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
    Rejected,
    accuracy,
    clock_skew,
    refuse,
)
from geoengage.presence.rules.heard import PhoneTransition
from geoengage.presence.rules.relocation import moved
from geoengage.presence.rules.state import DeviceState, Fix, Said, by_time
from geoengage.presence.service.indexes import IndexCache
from geoengage.presence.service.matching import DeviceWork, advance
from geoengage.presence.service.outcome import Outcome, write
from geoengage.presence.service.rewind import index_of_then, put_right, rewind

GROUP_LOCK_WAIT_MS = 250  # a group that waits longer is halved: one busy device must not hold up strangers
SINGLE_LOCK_WAIT_MS = 500


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


class _Note(NamedTuple):
    """What is to be said of one ping: whose batch (by number) and index it is; `refuses`: it was not taken."""

    batch: int
    position: int
    device_id: UUID | None
    at: datetime
    reason: Rejected
    refuses: bool = True


@dataclass(slots=True)
class _Group:
    """What is known while the pings of a group are sorted in. `known`: (device, time as sent) of stored pings; `taken`:
    (batch number, position, device, fix) of those that will be stored."""

    index: ZoneIndex
    locked: Mapping[UUID, store.LockedDevice]
    states: Mapping[UUID, DeviceState]
    policy: Policy
    known: set[tuple[UUID, datetime]]
    devices: dict[UUID, DeviceWork] = field(default_factory=dict)
    notes: list[_Note] = field(default_factory=list)
    taken: list[tuple[int, int, DeviceWork, Fix]] = field(default_factory=list)


async def record_group(
    session: Session, tenant_id: TenantId, batches: Sequence[Batch], indexes: IndexCache, now: datetime
) -> bool:
    """Take in the pings of several requests of one tenant, in one transaction; the answers are put into the batches.

    Returns whether anything was published. Idempotent by (device, time as sent).
    """
    group = await _read(session, tenant_id, batches, indexes)
    for number, batch in enumerate(batches):
        _sort_in(group, number, batch)
    work = [d for d in group.devices.values() if d.new]
    outcome = await _decide(session, tenant_id, group.index, work, indexes, now)
    _answer(group, batches, outcome)
    pings = [
        (d.device_id, replace(f, verdict=d.verdicts.get(f)), f in late)
        for d in work
        for late in [set(d.late)]
        for f in d.new
    ]
    if pings:
        await store.insert_pings(session, tenant_id, pings, now)
    return await write(session, tenant_id, outcome, now)


async def _read(session: Session, tenant_id: TenantId, batches: Sequence[Batch], indexes: IndexCache) -> _Group:
    """Lock the devices of a group, and read all that is needed to decide."""
    wanted = {_device_of(b, p) for b in batches for _, p in b.pings} | {b.device_id for b in batches}
    ids = [d for d in wanted if d is not None]
    wait_ms = GROUP_LOCK_WAIT_MS if len(batches) > 1 else SINGLE_LOCK_WAIT_MS
    locked = await store.lock_devices(session, tenant_id, ids, wait_ms=wait_ms)
    states = await store.list_states(session, tenant_id, ids)
    tenant = await store.get_ping_policy(session, tenant_id)
    index = await indexes.get(session, tenant_id, tenant.epoch)
    known = await _known_times(session, tenant_id, batches, states)
    policy = Policy(tenant.default_accuracy_m, tenant.reject_mocked, timedelta(days=tenant.ping_retention_days))
    return _Group(index, locked, states, policy, known)


async def _decide(
    session: Session,
    tenant_id: TenantId,
    index: ZoneIndex,
    work: Sequence[DeviceWork],
    indexes: IndexCache,
    now: datetime,
) -> Outcome:
    """Decide about the devices of a group: those in order at once, those with late fixes from a state of before."""
    outcome = Outcome()
    late = [d for d in work if d.late]
    past = [d for d in work if not d.late and _is_of_the_past(d, tenant_id, indexes)]
    apart = {d.device_id for d in (*late, *past)}
    advance(index, [d for d in work if d.device_id not in apart], outcome, now)
    if past:
        advance(await index_of_then(session, tenant_id, past, indexes, index), past, outcome, now)
    if late:
        await rewind(session, tenant_id, late)
        replayed = Outcome()
        advance(await index_of_then(session, tenant_id, late, indexes, index), late, replayed, now)
        await put_right(session, tenant_id, late, replayed, outcome)
    return outcome


def _is_of_the_past(device: DeviceWork, tenant_id: TenantId, indexes: IndexCache) -> bool:
    """Whether a device tells of a time, or was last inside at one, that the index at hand does not reach back to."""
    since = device.fixes[0].at
    if device.start is not None and device.start.zones:
        since = min(since, device.start.venue_at)
    return not indexes.reaches(tenant_id, since)


def _answer(group: _Group, batches: Sequence[Batch], outcome: Outcome) -> None:
    """Fill in what becomes of each ping, in the order of the requests. A retried group comes again."""
    for number, position, device, fix in group.taken:
        if (verdict := device.verdicts.get(fix)) is not None:
            group.notes.append(_Note(number, position, device.device_id, fix.sent_at, verdict))
        else:
            batches[number].accepted += 1
    for note in sorted(group.notes, key=lambda n: (n.batch, n.position)):
        if note.refuses:
            batches[note.batch].refused.append((note.position, note.reason))
        if note.device_id is not None:
            outcome.rejections.append((note.device_id, note.at, note.reason))


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


def _sort_in(group: _Group, number: int, batch: Batch) -> None:
    """Check the pings of one request and hand the usable ones to their devices."""
    batch.accepted = batch.duplicates = 0
    batch.refused, batch.error = list(batch.undecodable), None
    if batch.device_id is not None:
        owner = group.locked.get(batch.device_id)
        if owner is None or owner.token_version != batch.token_version:
            batch.error = errors.Unauthenticated("this device token was revoked; register the device again")
            return
    for position, ping in batch.pings:
        device_id = _device_of(batch, ping)
        if device_id is None or device_id not in group.locked:
            group.notes.append(_Note(number, position, None, ping.at, Rejected.UNKNOWN_DEVICE))
            continue
        reason = _take(group, number, position, batch, ping)
        if reason is not None:
            group.notes.append(_Note(number, position, device_id, ping.at, reason))


def _take(group: _Group, number: int, position: int, batch: Batch, ping: PingIn) -> Rejected | None:
    """One ping of a known device: handed to it, counted as duplicate, or refused with a reason."""
    owner = group.locked[_device_of(batch, ping)]  # type: ignore[index]
    if not owner.may_locate:
        return Rejected.NO_LOCATION_CONSENT
    ping = moved(ping, owner.relocation)
    old = group.states.get(owner.device_id)
    device = group.devices.setdefault(owner.device_id, DeviceWork(owner.device_id, old, _skew(batch, old), old))
    sent_at, said, heard_trust = ping.at, None, 1.0
    if ping.beacons or ping.access_points or ping.check_in is not None or ping.source in OURS:
        disc = strongest(group.index.points, ping.beacons, ping.access_points, ping.check_in)
        ping, heard_trust = put_together(ping, disc, group.policy.default_accuracy_m)
    if ping.transition is not None:
        at = sent_at + timedelta(seconds=device.skew_s)
        ping, said = _hear_phone(group.index, ping, ping.transition, at)
        if said is None:
            group.notes.append(_Note(number, position, owner.device_id, ping.at, Rejected.UNKNOWN_ZONE, refuses=False))
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
    group.known.add((owner.device_id, sent_at))
    metres, trust = accuracy(ping.accuracy_m, group.policy.default_accuracy_m)
    trust *= heard_trust
    fix = Fix(event_at, sent_at, ping.lon, ping.lat, metres, ping.level, trust, ping.source, ping.speed_mps, said)
    device.new.append(fix)
    insort(device.fixes, fix, key=by_time)
    if old is not None and old.is_late(event_at):
        device.late.append(fix)
    group.taken.append((number, position, device, fix))
    return None


def _hear_phone(
    index: ZoneIndex, ping: PingIn, transition: PhoneTransition, at: datetime
) -> tuple[PingIn, Said | None]:
    """What the phone's own monitoring says, and the ping, which is in the circle if it names no place itself.

    Nothing is said by a circle that is no published zone at that time; the position that came with it is taken all the
    same.
    """
    try:
        number = index.versions.number_at(UUID(transition.zone_id), at)
    except ValueError:
        number = None
    if number is None:
        return ping, None
    said = Said(index.zones[number].zone_id, left=transition.kind == "exit")
    if ping.lon is None and not said.left:
        circle = index.circle(number)
        place = {"lon": circle.lon, "lat": circle.lat, "accuracy_m": circle.radius_m}
        ping = msgspec.structs.replace(ping, **place, source=Source.REGION.value)
    return ping, said
