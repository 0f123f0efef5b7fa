"""The ping path and its siblings: a group of pings, timers that are due, a zone that changed, a consent withdrawn.

All four do the same: lock device rows in id order, read their states, let the pure rules decide, write everything, and
publish to the ledger last. They run in the API, in the worker, or in both, and meet only at the row locks.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.events import Recorded, publish
from geoengage.kit.geo import Frame
from geoengage.kit.ids import TenantId
from geoengage.presence import store
from geoengage.presence.index import Building, ZoneIndex
from geoengage.presence.rules import decide as engine
from geoengage.presence.rules.events import EVENT_CLASSES, ZoneTransition
from geoengage.presence.rules.fixes import (
    GOOD_ACCURACY_M,
    PingIn,
    Policy,
    Position,
    Rejected,
    accuracy,
    clock_skew,
    refuse,
    speed_trust,
)
from geoengage.presence.rules.levels import belief_weight, level_probability
from geoengage.presence.rules.state import DeviceState, Fix, Phase
from geoengage.venues import store as venues
from geoengage.venues.rules import PublishedZone, is_open

PUSH_MAX_AGE_S = 120.0  # an event older than this when recorded is `late` and pushes nothing
PUBLISH_GRACE_S = 60.0  # a fix may be this much older than the publication of the zone it is matched with
INTERVAL_WEIGHT = 0.2  # of the newest gap in the running mean of a device's interval
LONGEST_INTERVAL_S = 600.0
LONGEST_CROSSING_S = 60.0  # between two fixes further apart nobody knows the way


@dataclass(slots=True)
class Batch:
    """The pings of one request. `device_id` None: a server's request, in which each ping names its device.

    `pings` are (index in the request, ping), `undecodable` what decoding refused already. The other fields are the answer,
    filled in by `record_group`.
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


class IndexCache:
    """The newest index of each tenant in this process. `get` is given the epoch that the transaction saw."""

    def __init__(self) -> None:
        self._indexes: dict[TenantId, ZoneIndex] = {}

    async def get(self, session: Session, tenant_id: TenantId, epoch: int) -> ZoneIndex:
        """The index of that epoch, built when it is not at hand (in another thread: it may take a while)."""
        known = self._indexes.get(tenant_id)
        if known is not None and known.epoch == epoch:
            return known
        zones = await venues.list_published_zones(session, tenant_id)
        buildings = await _buildings(session, tenant_id)
        index = await asyncio.to_thread(ZoneIndex, epoch, zones, buildings)
        self._indexes[tenant_id] = index
        return index


async def _buildings(session: Session, tenant_id: TenantId) -> list[Building]:
    levels = await venues.level_ordinals(session, tenant_id)
    outlines = await store.list_outlines(session, tenant_id)
    connectors = await venues.list_connectors(session, tenant_id)
    return [
        Building(
            mall_id=mall.id,
            frame=Frame(mall.origin_lon, mall.origin_lat, mall.bearing_deg),
            levels=tuple(levels.get(mall.id, ())),
            outline=outlines.get(mall.id),
            connectors=[c.geometry for c in connectors if c.mall_id == mall.id],
        )
        for mall in await venues.list_malls(session, tenant_id)
    ]


@dataclass(slots=True)
class _Device:
    """A device while its group is worked on."""

    device_id: UUID
    old: DeviceState | None
    skew_s: float
    fixes: list[Fix] = field(default_factory=list)
    late: list[Fix] = field(default_factory=list)


@dataclass(slots=True)
class _Output:
    """What a group will write."""

    states: list[DeviceState] = field(default_factory=list)
    transitions: list[tuple[UUID, engine.Transition]] = field(default_factory=list)
    timers: dict[tuple[UUID, UUID], datetime | None] = field(default_factory=dict)
    rejections: list[tuple[UUID, datetime | None, Rejected]] = field(default_factory=list)


# --- pings ----------------------------------------------------------------------------------------------------------


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
    locked = await store.lock_devices(session, tenant_id, ids)
    states = await store.list_states(session, tenant_id, ids)
    tenant = await store.get_ping_policy(session, tenant_id)
    index = await indexes.get(session, tenant_id, tenant.epoch)
    policy = Policy(tenant.default_accuracy_m, tenant.reject_mocked, timedelta(days=tenant.ping_retention_days))

    output = _Output()
    devices: dict[UUID, _Device] = {}
    known = await _known_times(session, tenant_id, batches, states)
    for batch in batches:
        _sort_in(batch, locked, states, devices, known, policy, output)
    work = [d for d in devices.values() if d.fixes or d.late]
    _advance(index, [d for d in work if d.fixes], output)
    pings = [(d.device_id, f, late) for d in work for late, fixes in ((False, d.fixes), (True, d.late)) for f in fixes]
    if pings:
        await store.insert_pings(session, tenant_id, pings, now)
    return await _write(session, tenant_id, output, now)


def _device_of(batch: Batch, ping: PingIn) -> UUID | None:
    if batch.device_id is not None:
        return batch.device_id
    try:
        return UUID(ping.device_id or "")
    except ValueError:
        return None


async def _known_times(
    session: Session, tenant_id: TenantId, batches: Sequence[Batch], states: Mapping[UUID, DeviceState]
) -> set[tuple[UUID, datetime]]:
    """Stored times of devices that sent something not newer than their newest: only those can be duplicates."""
    suspects = {
        (device_id, p.at)
        for b in batches
        for _, p in b.pings
        if (device_id := _device_of(b, p)) in states and device_id and p.at <= states[device_id].last_sent_at
    }
    if not suspects:
        return set()
    # A stored event time differs from the time as sent by the skew of then, which is bounded by a day in practice.
    slack = timedelta(days=1)
    times = [at for _, at in suspects]
    ids = list({device_id for device_id, _ in suspects})
    return await store.list_known_times(session, tenant_id, ids, min(times) - slack, max(times) + slack)


def _sort_in(
    batch: Batch,
    locked: Mapping[UUID, store.LockedDevice],
    states: Mapping[UUID, DeviceState],
    devices: dict[UUID, _Device],
    known: set[tuple[UUID, datetime]],
    policy: Policy,
    output: _Output,
) -> None:
    """Check the pings of one request and hand the usable ones to their devices."""
    if batch.device_id is not None:
        owner = locked.get(batch.device_id)
        if owner is None or owner.token_version != batch.token_version:
            batch.error = errors.Unauthenticated("this device token was revoked; register the device again")
            return
    for position, ping in batch.pings:
        device_id = _device_of(batch, ping)
        if device_id is None or device_id not in locked:
            batch.refused.append((position, Rejected.UNKNOWN_DEVICE))
            continue
        reason = _take(batch, ping, locked[device_id], states.get(device_id), devices, known, policy)
        if reason is not None:
            batch.refused.append((position, reason))
            output.rejections.append((device_id, ping.at, reason))


def _take(
    batch: Batch,
    ping: PingIn,
    owner: store.LockedDevice,
    old: DeviceState | None,
    devices: dict[UUID, _Device],
    known: set[tuple[UUID, datetime]],
    policy: Policy,
) -> Rejected | None:
    """One ping of a known device: counted as accepted or duplicate, or refused with a reason."""
    if not owner.may_locate:
        return Rejected.NO_LOCATION_CONSENT
    if owner.device_id not in devices:
        skew = clock_skew(batch.sent_at, batch.received_at, old.skew_s if old else 0.0)
        devices[owner.device_id] = _Device(owner.device_id, old, skew)
    device = devices[owner.device_id]
    event_at = ping.at + timedelta(seconds=device.skew_s)
    reason = refuse(ping, event_at, batch.received_at, policy)
    if reason is not None:
        return reason
    if (owner.device_id, ping.at) in known:
        batch.duplicates += 1
        return None
    metres, trust = accuracy(ping.accuracy_m, policy.default_accuracy_m)
    is_late = device.old is not None and event_at <= device.old.last_at
    if not is_late:
        trust *= speed_trust(_last_position(device, event_at), Position(event_at, ping.lon, ping.lat, metres))
        if trust == 0.0:
            return Rejected.IMPOSSIBLE_SPEED
    known.add((owner.device_id, ping.at))
    fix = Fix(event_at, ping.at, ping.lon, ping.lat, metres, ping.level, trust, ping.source)
    (device.late if is_late else device.fixes).append(fix)
    batch.accepted += 1
    return None


def _last_position(device: _Device, before: datetime) -> Position | None:
    """The newest position of a device before a moment: in this group, else in its state."""
    earlier = [f for f in device.fixes if f.at < before]
    if earlier:
        f = max(earlier, key=lambda f: f.at)
        return Position(f.at, f.lon, f.lat, f.accuracy_m)
    old = device.old
    return None if old is None else Position(old.last_at, old.lon, old.lat, old.accuracy_m)


# --- deciding -------------------------------------------------------------------------------------------------------


def _facts(zone: PublishedZone, at: datetime) -> engine.ZoneFacts:
    always = zone.schedule is None
    return engine.ZoneFacts(
        zone.zone_id, zone.version, zone.rules, always or is_open(zone.schedule, ZoneInfo(zone.timezone), at)
    )


def _live(index: ZoneIndex, zone_ids: Iterable[UUID], at: datetime) -> dict[UUID, engine.ZoneFacts]:
    return {z: _facts(index.by_id[z], at) for z in zone_ids if z in index.by_id}


def _advance(index: ZoneIndex, devices: Sequence[_Device], output: _Output) -> None:
    """Match the fixes of all devices at once, then decide device by device in event-time order."""
    for device in devices:
        device.fixes.sort(key=lambda f: f.at)
    fixes = [f for d in devices for f in d.fixes]
    lon = np.array([f.lon for f in fixes])
    lat = np.array([f.lat for f in fixes])
    reach = np.array([f.accuracy_m for f in fixes]) + index.largest_tolerance_m
    pairs = index.near(lon, lat, reach)
    ways = index.ways(lon, lat)
    first = np.searchsorted(pairs.point, np.arange(len(fixes) + 1))
    number = 0
    for device in devices:
        state = device.old
        for fix in device.fixes:
            span = slice(first[number], first[number + 1])
            state = _prepare(
                device, state, fix, outdoors=bool(ways.outdoors[number]), lift=bool(ways.at_connector[number])
            )
            near = _near(index, state, fix, pairs.zone[span], pairs.s[span])
            if near or state.zones:
                live = _live(index, {*state.zones, *(n.zone.zone_id for n in near)}, fix.at)
                state = _apply(state, engine.decide(state, fix, near, live, fix.at), output)
            state = replace(state, last_at=fix.at, lon=fix.lon, lat=fix.lat, accuracy_m=fix.accuracy_m)
            number += 1
        if state is not None:
            output.states.append(state)


def _prepare(device: _Device, old: DeviceState | None, fix: Fix, *, outdoors: bool, lift: bool) -> DeviceState:
    """The state as it stands when the fix comes: rhythm, skew and floor brought up to date, position still the old."""
    if old is None:
        old = DeviceState(device.device_id, fix.at, fix.sent_at, fix.lon, fix.lat, fix.accuracy_m)
    gap = min((fix.at - old.last_at).total_seconds(), LONGEST_INTERVAL_S)
    interval = gap if old.interval_s == 0 else (1 - INTERVAL_WEIGHT) * old.interval_s + INTERVAL_WEIGHT * gap
    level, level_at = old.level, old.level_at
    if fix.level is not None:
        level, level_at = fix.level, fix.at
    elif outdoors:
        level, level_at = 0, fix.at  # who is outside the building comes in on the ground floor
    return replace(
        old,
        interval_s=interval,
        skew_s=device.skew_s,
        last_sent_at=max(old.last_sent_at, fix.sent_at),
        level=level,
        level_at=level_at,
        connector_at=fix.at if lift else old.connector_at,
    )


def _near(index: ZoneIndex, state: DeviceState, fix: Fix, zones: Any, distances: Any) -> list[engine.NearZone]:
    """The zones near one fix, with share and level probability."""
    believed = None
    if fix.level is None and state.level is not None and state.level_at is not None:
        believed = (state.level, belief_weight(state.level_at, state.connector_at, fix.at))
    result = []
    for zone_number, s in zip(zones, distances, strict=True):
        zone = index.zones[zone_number]
        if zone.effective_from - fix.at > timedelta(seconds=PUBLISH_GRACE_S):
            continue
        level_p = level_probability(zone.levels, index.floors(zone), fix.level, believed)
        entered = zone.zone_id in state.zones and state.zones[zone.zone_id].phase is not Phase.PENDING
        if entered or level_p == 0.0:  # the exact share decides about coming in only
            share = float(np.clip(0.5 - s / (2 * fix.accuracy_m), 0.0, 1.0))
        else:
            share = index.share(zone_number, fix.lon, fix.lat, fix.accuracy_m, s)
        result.append(engine.NearZone(_facts(zone, fix.at), float(s), share, level_p))
    if index.counts_crossings:
        result = _with_crossings(index, state, fix, result)
    return result


def _with_crossings(
    index: ZoneIndex, state: DeviceState, fix: Fix, near: list[engine.NearZone]
) -> list[engine.NearZone]:
    """Mark zones that the straight line from the fix before cuts while neither of its ends is inside."""
    seconds = (fix.at - state.last_at).total_seconds()
    if not 0 < seconds <= LONGEST_CROSSING_S or max(state.accuracy_m, fix.accuracy_m) > GOOD_ACCURACY_M:
        return near
    by_id = {n.zone.zone_id: n for n in near}
    for number in index.crossing_zones((state.lon, state.lat), (fix.lon, fix.lat)):
        zone = index.zones[number]
        cut = index.crossing(number, (state.lon, state.lat), (fix.lon, fix.lat))
        if cut is None or cut[0] <= 0.0 or cut[1] >= 1.0:  # an end inside is the business of the other rules
            continue
        times = (
            state.last_at + timedelta(seconds=seconds * cut[0]),
            state.last_at + timedelta(seconds=seconds * cut[1]),
        )
        known = by_id.get(zone.zone_id)
        level_p = known.level_p if known else level_probability(zone.levels, index.floors(zone), fix.level, None)
        s, share = (known.s, known.share) if known else (float("inf"), 0.0)
        by_id[zone.zone_id] = engine.NearZone(_facts(zone, fix.at), s, share, level_p, times)
    return list(by_id.values())


def _apply(state: DeviceState, decision: engine.Decision, output: _Output) -> DeviceState:
    output.transitions.extend((state.device_id, t) for t in decision.transitions)
    output.timers.update({(state.device_id, zone_id): due for zone_id, due in decision.timers.items()})
    return replace(state, zones=decision.zones)


# --- writing --------------------------------------------------------------------------------------------------------


async def _write(session: Session, tenant_id: TenantId, output: _Output, now: datetime) -> bool:
    """Write what was decided; the ledger comes last, since it locks the tenant's head."""
    if output.rejections:
        await store.insert_rejections(session, tenant_id, output.rejections, now)
    if output.states:
        await store.upsert_states(session, tenant_id, output.states)
    if output.timers:
        await store.write_timers(session, tenant_id, output.timers)
    if not output.transitions:
        return False
    await store.write_visits(session, tenant_id, _visit_changes(output.transitions))
    events = [_event(tenant_id, device_id, t, now) for device_id, t in output.transitions]
    rows = [_event_row(t, e, now) for (_, t), e in zip(output.transitions, events, strict=True)]
    await store.insert_zone_events(session, tenant_id, rows)
    await publish(session, tenant_id, events, now)
    return True


def _visit_changes(transitions: Sequence[tuple[UUID, engine.Transition]]) -> list[store.VisitChange]:
    changes: dict[UUID, store.VisitChange] = {}
    for device_id, t in transitions:
        change = changes.setdefault(
            t.visit_id, store.VisitChange(t.visit_id, device_id, t.zone_id, t.zone_version, t.since)
        )
        if t.kind == "entered":
            change.is_new = True
        elif t.kind == "dwelled":
            change.last_dwell_s = t.dwell_s
        elif t.kind == "exited":
            change.exited_at, change.exit_reason = t.at, t.reason
    return list(changes.values())


def _event(tenant_id: TenantId, device_id: UUID, t: engine.Transition, now: datetime) -> ZoneTransition:
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


def _event_row(t: engine.Transition, e: ZoneTransition, now: datetime) -> dict[str, Any]:
    return {
        "id": e.id, "at": e.at, "kind": t.kind, "device_id": e.device_id, "zone_id": e.zone_id,
        "zone_version": e.zone_version, "visit_id": e.visit_id, "dwell_s": e.dwell_s, "confidence": e.confidence,
        "evidence": e.evidence, "reason": e.reason, "by_silence": e.by_silence, "late": e.late, "recorded_at": now,
        "details": {},
    }  # fmt: skip


# --- the clock, zone changes, consent -------------------------------------------------------------------------------


async def fire_timers(
    session: Session, tenant_id: TenantId, indexes: IndexCache, now: datetime, *, limit: int = 200
) -> int:
    """Let due timers act, `limit` at most; returns how many were due. Safe beside pings and other workers."""
    due = await store.list_due_timers(session, tenant_id, now, limit=limit)
    await _tick_devices(session, tenant_id, {device_id for device_id, _ in due}, indexes, now)
    return len(due)


async def _tick_devices(
    session: Session, tenant_id: TenantId, device_ids: Iterable[UUID], indexes: IndexCache, now: datetime
) -> None:
    """Advance devices by the clock alone. Devices whose row is taken are left to whoever has it."""
    locked = await store.lock_devices(session, tenant_id, list(device_ids), skip_locked=True)
    if not locked:
        return
    ids = list(locked)
    states = await store.list_states(session, tenant_id, ids)
    tenant = await store.get_ping_policy(session, tenant_id)
    index = await indexes.get(session, tenant_id, tenant.epoch)
    due = await store.list_due_timers(session, tenant_id, now, limit=10_000, device_ids=ids)
    output = _Output()
    for device_id, state in states.items():
        at = max(now, state.last_at)
        live = _live(index, state.zones, at)
        decision = engine.decide(state, None, (), live, at)
        fired = [zone_id for d, zone_id in due if d == device_id]
        decision = engine.after_timer(decision, fired, live, state.interval_s)
        output.states.append(_apply(state, decision, output))
    for key in due:
        if key[0] not in states:  # left over from a device whose state is gone
            output.timers[key] = None
    await _write(session, tenant_id, output, now)


async def on_venue_changed(
    session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime, indexes: IndexCache
) -> None:
    """A zone was published, changed or taken down: those inside learn of it now, not with their next ping."""
    zone_ids = {UUID(r.payload["zone_id"]) for r in recorded if r.payload.get("zone_id")}
    for zone_id in sorted(zone_ids):
        occupants = await store.list_occupants(session, tenant_id, zone_id, limit=10_000)
        if occupants:
            await _tick_devices(session, tenant_id, occupants, indexes, now)


async def on_consent_changed(
    session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime
) -> None:
    """Location consent was withdrawn: open visits end, and every coordinate of the device goes."""
    withdrawn = {
        UUID(r.payload["device_id"])
        for r in recorded
        if r.payload["kind"] == "location" and r.payload["status"] != "granted"
    }
    locked = await store.lock_devices(session, tenant_id, list(withdrawn))
    gone = [d.device_id for d in locked.values() if not d.may_locate]  # granted again meanwhile: nothing to do
    states = await store.list_states(session, tenant_id, gone)
    output = _Output()
    for device_id in gone:
        if device_id in states:
            transitions = engine.end_all(states[device_id], now, "consent_withdrawn")
            output.transitions.extend((device_id, t) for t in transitions)
        await store.forget_positions(session, tenant_id, device_id)
    await _write(session, tenant_id, output, now)
