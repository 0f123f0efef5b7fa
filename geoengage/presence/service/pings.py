"""A group of pings, from several requests of one tenant, in one transaction: check, match, decide, write."""

from bisect import bisect_right, insort
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

import msgspec
import numpy as np
from msgspec.structs import replace

from geoengage.kit import errors
from geoengage.kit.db import Session, pipelined, start_over
from geoengage.kit.ids import TenantId
from geoengage.presence import store
from geoengage.presence.index import ZoneIndex
from geoengage.presence.rules.evidence import OURS, Source, beside, decided_at, put_together, strongest
from geoengage.presence.rules.fixes import (
    Policy,
    Rejected,
    UncheckedPing,
    accuracy,
    clock_skew,
    refuse,
)
from geoengage.presence.rules.heard import PhoneTransition
from geoengage.presence.rules.records import runs_of, stored
from geoengage.presence.rules.relocation import moved
from geoengage.presence.rules.state import DeviceState, Fix, Said, by_time
from geoengage.presence.service.columns import Columns, Sent, advance_columns, device_ids, runs_of_columns, sort_out
from geoengage.presence.service.indexes import IndexCache
from geoengage.presence.service.matching import DeviceWork, advance
from geoengage.presence.service.outcome import Outcome, write
from geoengage.presence.service.rewind import index_of_then, put_right, rewind

GROUP_LOCK_WAIT_MS = 250  # a group that waits longer is halved: one busy device must not hold up strangers
SINGLE_LOCK_WAIT_MS = 500


@dataclass(slots=True)
class Batch:
    """The pings of one request. `device_id` None: a server's request, in which each ping names its device.

    `key_id`: the secret key that it came with, if it is yet to be checked that the key is not revoked.
    `pings` are (index in the request, ping), `undecodable` what decoding refused already. The other fields are the
    answer, filled in by `record_group`.
    """

    device_id: UUID | None
    token_version: int | None
    sent_at: datetime | None
    received_at: datetime
    pings: Sequence[tuple[int, UncheckedPing]]
    undecodable: list[tuple[int, str]] = field(default_factory=list)
    key_id: UUID | None = None
    refused: list[tuple[int, str]] = field(default_factory=list)
    accepted: int = 0
    duplicates: int = 0
    error: errors.AppError | None = None

    def devices(self) -> set[UUID]:
        """Whose pings they are."""
        if self.device_id is not None:
            return {self.device_id}
        return {device_id for _, ping in self.pings if (device_id := _device_of(self, ping)) is not None}


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
    revoked_keys: Collection[UUID]
    known: set[tuple[UUID, datetime]] = field(default_factory=set)
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
    columns = _sort_out(group, batches, indexes.since(tenant_id))
    in_columns = np.bincount(columns.batch, minlength=len(batches)).tolist()
    rest = [(n, b) for n, b in enumerate(batches) if in_columns[n] < len(b.pings) or not b.pings]
    ordinary = device_ids(columns) if rest else set()
    group.known = await _known_times(session, tenant_id, [b for _, b in rest], group.states, ordinary)
    for batch in batches:  # a halved or retried group comes again
        batch.accepted = batch.duplicates = 0
        batch.refused, batch.error = list(batch.undecodable), None
    for number, batch in rest:
        _sort_in(group, number, batch, ordinary)
    work = [d for d in group.devices.values() if d.new]
    outcome = await _decide(session, tenant_id, group.index, work, indexes, now)
    advance_columns(group.index, columns, outcome, now)
    _answer(group, columns, batches, outcome)
    runs = [
        run
        for d in work
        for run in runs_of(d.device_id, [replace(f, verdict=d.verdicts.get(f)) for f in d.new], d.late)
    ]
    plain = runs_of_columns(columns)
    async with pipelined(session, last=True):
        if runs:
            await store.insert_runs(session, tenant_id, runs, now)
        if plain is not None:
            await store.insert_plain_runs(session, tenant_id, plain, now)
        return await write(session, tenant_id, outcome, now)


async def _read(session: Session, tenant_id: TenantId, batches: Sequence[Batch], indexes: IndexCache) -> _Group:
    """Lock the devices of a group, and read all that is needed to decide.

    Nobody waits for a new index with devices locked: where it takes one, they are let go of meanwhile. A change that is
    committed after the policy was read takes effect later than `now`.
    """
    wait_ms = GROUP_LOCK_WAIT_MS if len(batches) > 1 else SINGLE_LOCK_WAIT_MS
    keys = {b.key_id for b in batches if b.key_id is not None}
    ids = list(set[UUID]().union(*(batch.devices() for batch in batches)))
    while True:
        index = indexes.at_hand(tenant_id)
        got = await store.admit(session, tenant_id, list(keys), [] if index is None else ids, wait_ms)
        tenant = got.policy
        if index is not None and index.epoch == tenant.epoch:
            break
        await start_over(session)
        await indexes.get(session, tenant_id, tenant.epoch)
    policy = Policy(tenant.default_accuracy_m, tenant.reject_mocked, timedelta(days=tenant.ping_retention_days))
    return _Group(index, got.locked, got.states, policy, keys - got.live_keys)


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


def _sort_out(group: _Group, batches: Sequence[Batch], since: datetime) -> Columns:
    """What of the group are ordinary pings; `since`: from when on the index knows the zones."""
    works: dict[UUID, DeviceWork | None] = {}

    def work_of(batch: Batch, device_id: UUID | None) -> DeviceWork | None:
        if device_id is None or device_id in works:
            return None if device_id is None else works[device_id]
        owner, old = group.locked.get(device_id), group.states.get(device_id)
        work = None
        if owner is not None and owner.may_locate and owner.relocation is None:
            work = DeviceWork(device_id, old, _skew(batch, old), old)
        works[device_id] = work
        return work

    sent = []
    for batch in batches:
        devices: list[DeviceWork | None]
        if batch.key_id in group.revoked_keys:
            devices = [None] * len(batch.pings)
        elif batch.device_id is None:
            devices = [work_of(batch, _device_of(batch, ping)) for _, ping in batch.pings]
        else:
            mine = work_of(batch, batch.device_id) if _is_owner(group, batch) else None
            devices = [mine] * len(batch.pings)
        sent.append(Sent(batch.pings, devices, batch.received_at))
    return sort_out(sent, group.policy, since)


def _answer(group: _Group, columns: Columns, batches: Sequence[Batch], outcome: Outcome) -> None:
    """Fill in what becomes of each ping, in the order of the requests. A retried group comes again."""
    for number, count in enumerate(np.bincount(columns.batch, minlength=len(batches)).tolist()):
        batches[number].accepted += count
    for n, bad in columns.bad.items():
        number, position = int(columns.batch[n]), int(columns.position[n])
        batches[number].accepted -= 1
        device = columns.devices[bisect_right(columns.begins, n) - 1]
        group.notes.append(_Note(number, position, device.device_id, columns.sent_at[n], bad))
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


def _device_of(batch: Batch, ping: UncheckedPing) -> UUID | None:
    if batch.device_id is not None:
        return batch.device_id
    return None if ping.device_id is None else _parsed(ping.device_id)


@lru_cache(maxsize=65_536)
def _parsed(device_id: str) -> UUID | None:
    try:
        return UUID(device_id)
    except ValueError:
        return None


def _skew(batch: Batch, state: DeviceState | None) -> float:
    return clock_skew(batch.sent_at, batch.received_at, state.skew_s if state else 0.0)


async def _known_times(
    session: Session,
    tenant_id: TenantId,
    batches: Iterable[Batch],
    states: Mapping[UUID, DeviceState],
    ordinary: Collection[UUID],
) -> set[tuple[UUID, datetime]]:
    """Stored times of devices that sent something not newer than their newest: only those can be duplicates."""
    suspects = {
        (device_id, ping.at + timedelta(seconds=_skew(batch, states[device_id])))
        for batch in batches
        for _, ping in batch.pings
        if (device_id := _device_of(batch, ping)) in states
        and device_id
        and device_id not in ordinary
        and ping.at <= states[device_id].last_sent_at
    }
    if not suspects:
        return set()
    # The skew of when it was stored may have been another one; phones are not put right by more than a day in practice.
    slack = timedelta(days=1)
    times = [at for _, at in suspects]
    ids = list({device_id for device_id, _ in suspects})
    return await store.list_known_times(session, tenant_id, ids, min(times) - slack, max(times) + slack)


def _is_owner(group: _Group, batch: Batch) -> bool:
    """Whether the token of a device's request is the device's newest."""
    owner = group.locked.get(batch.device_id)  # type: ignore[arg-type]
    return owner is not None and owner.token_version == batch.token_version


def _sort_in(group: _Group, number: int, batch: Batch, ordinary: Collection[UUID]) -> None:
    """Check the pings of one request, those of ordinary devices left out, and hand the usable ones to their devices."""
    if batch.key_id in group.revoked_keys:
        batch.error = errors.Unauthenticated("this key does not exist or was revoked")
        return
    if batch.device_id is not None:
        if not _is_owner(group, batch):
            batch.error = errors.Unauthenticated("this device token was revoked; register the device again")
            return
        if batch.device_id in ordinary:
            return
    for position, ping in batch.pings:
        device_id = _device_of(batch, ping)
        if device_id in ordinary:
            continue
        if device_id is None or device_id not in group.locked:
            group.notes.append(_Note(number, position, None, ping.at, Rejected.UNKNOWN_DEVICE))
            continue
        reason = _take(group, number, position, batch, ping)
        if reason is not None:
            group.notes.append(_Note(number, position, device_id, ping.at, reason))


def _take(group: _Group, number: int, position: int, batch: Batch, ping: UncheckedPing) -> Rejected | None:
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
    fix = stored(
        Fix(event_at, sent_at, ping.lon, ping.lat, metres, ping.level, trust, ping.source, ping.speed_mps, said)
    )
    device.new.append(fix)
    insort(device.fixes, fix, key=by_time)
    if old is not None and old.is_late(event_at):
        device.late.append(fix)
    group.taken.append((number, position, device, fix))
    return None


def _hear_phone(
    index: ZoneIndex, ping: UncheckedPing, transition: PhoneTransition, at: datetime
) -> tuple[UncheckedPing, Said | None]:
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
