"""The fate of a device when zones around it are published, changed or taken down (DESIGN rule 7). Pure."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from geoengage.presence.rules.clock import decided, timeout_s
from geoengage.presence.rules.run import Decision, NearZone, Run, ZoneFacts, confidence_of, is_outside, last_fix
from geoengage.presence.rules.state import DeviceState, Fix, Phase, ZoneState


def change_zones(
    state: DeviceState,
    at: datetime,
    changed: Collection[UUID],
    near: Mapping[UUID, NearZone],
    live: Mapping[UUID, ZoneFacts],
) -> Decision:
    """What becomes of a device at the moment `at` at which zones change, judged by its last fix.

    The clock has been advanced to `at` with the zones of before. `near` holds the changed zones that the last fix could
    touch, as they are now; `live` the facts from now on of every zone in the state or in `near`, a zone that is gone
    being missing.
    """
    run, fix = Run.of(state), last_fix(state)
    inside = [zone_id for zone_id in run.in_order() if zone_id in changed or zone_id not in live]
    for zone_id in inside:
        _keep_or_end(run, zone_id, live.get(zone_id), near.get(zone_id), fix, at)
    for zone_id, n in near.items():
        if zone_id not in inside and zone_id in changed:
            _come_in(run, n, fix, at)
    if run.zones != state.zones:
        run.settle(at)
    return decided(run, state.zones, live)


def _keep_or_end(run: Run, zone_id: UUID, facts: ZoneFacts | None, n: NearZone | None, fix: Fix, at: datetime) -> None:
    """A zone in whose state the device is, which has changed or gone."""
    z = run.zones[zone_id]
    if facts is None:
        run.end(zone_id, at, "zone_deleted")
        return
    fresh = (at - fix.at).total_seconds() < timeout_s(facts.rules, z, run.interval_s)
    outside = fresh and is_outside(facts.rules, n, fix)
    run.zones[zone_id] = z = msgspec.structs.replace(z, version=facts.version)
    if z.visit_id is None:
        doubted = fresh and (n is None or confidence_of(n, fix) < facts.rules.min_confidence)
        if outside or (z.phase is Phase.PENDING and doubted):
            del run.zones[zone_id]
        else:
            _open_or_wait(run, zone_id, z, facts, at)
    elif not facts.is_open(at):
        run.end(zone_id, at, "schedule_closed")
        if z.phase is Phase.INSIDE and not outside:
            run.wait(zone_id, z, at)
    elif outside and z.phase is Phase.INSIDE:
        run.end(zone_id, at, "zone_changed")
    elif z.phase is Phase.LEAVING and n is not None and n.s <= facts.rules.exit_tolerance_m and n.level_p > 0:
        run.zones[zone_id] = msgspec.structs.replace(z, phase=Phase.INSIDE, out_since=None)


def _open_or_wait(run: Run, zone_id: UUID, z: ZoneState, facts: ZoneFacts, at: datetime) -> None:
    """A device that waits for an opening or to be believed, in a zone with new hours."""
    if not facts.is_open(at):
        run.wait(zone_id, z, at)
    elif z.phase is Phase.DORMANT:
        run.enter(zone_id, msgspec.structs.replace(z, since=at), at, "schedule_opened")


def _come_in(run: Run, n: NearZone, fix: Fix, at: datetime) -> None:
    """A new or grown zone: who was seen where it lies now is inside from this moment on."""
    facts, confidence = n.zone, confidence_of(n, fix)
    if confidence < facts.rules.min_confidence:
        return
    z = ZoneState(
        phase=Phase.PENDING,
        version=facts.version,
        since=at,
        seen_at=fix.at,
        confidence=confidence,
        evidence=fix.source,
    )
    if (at - fix.at).total_seconds() >= timeout_s(facts.rules, z, run.interval_s):
        return
    if facts.is_open(at):
        run.enter(facts.zone_id, z, at, "zone_published")
    else:
        run.wait(facts.zone_id, z, at)
