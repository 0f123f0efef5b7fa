"""A made-up visitor on a drawn path: where it stands with each zone, what would have happened. Stores nothing."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import numpy as np

from geoengage.kit.ids import TenantId
from geoengage.presence.index import ZoneIndex
from geoengage.presence.rules.decide import Transition
from geoengage.presence.rules.fixes import PingIn, Policy, Position, Rejected, accuracy, refuse, speed_trust
from geoengage.presence.rules.records import stored
from geoengage.presence.rules.state import Fix
from geoengage.profiles.rules import Consent, Recipient
from geoengage.reports.explain import MARGIN_M, approach, believed_levels
from geoengage.reports.replay import replay, with_draft
from geoengage.reports.rules import Standing, Start
from geoengage.reports.trial import place_of, starts
from geoengage.venues.rules import PublishedZone

GHOST = UUID(int=1)  # no device has it
FAR_M = 100_000.0  # a zone of the walk is told of however far its end is


def usable(path: Sequence[PingIn], policy: Policy) -> tuple[list[Fix], list[tuple[datetime, Rejected]]]:
    """The positions as the ping path would take them, each arriving at its own time; those it refuses apart."""
    fixes: list[Fix] = []
    refused: list[tuple[datetime, Rejected]] = []
    before: Position | None = None
    for ping in sorted(path, key=lambda p: p.at):
        if ping.lon is None or ping.lat is None:
            refused.append((ping.at, Rejected.NO_POSITION))
            continue
        metres, trust = accuracy(ping.accuracy_m, policy.default_accuracy_m)
        here = Position(ping.at, ping.lon, ping.lat, metres)
        reason = refuse(ping, ping.at, ping.at, policy)
        trust *= speed_trust(before, here)
        if reason is None and trust == 0.0:
            reason = Rejected.IMPOSSIBLE_SPEED
        if reason is not None:
            refused.append((ping.at, reason))
        elif before is None or ping.at > before.at:
            fixes.append(stored(Fix(ping.at, ping.at, ping.lon, ping.lat, metres, ping.level, trust, "ghost")))
            before = here
    return fixes, refused


def nearby(index: ZoneIndex, fixes: Sequence[Fix]) -> list[PublishedZone]:
    """The published zones that a walk could touch: a few of what may be many thousands."""
    lon, lat = np.array([f.lon for f in fixes]), np.array([f.lat for f in fixes])
    reach = np.array([f.accuracy_m for f in fixes]) + max(MARGIN_M, index.largest_tolerance_m)
    numbers = {int(n) for n in index.near(lon, lat, reach).zone}
    if index.counts_crossings:
        numbers |= {n for a, b in pairwise(fixes) for n in index.crossing_zones((a.lon, a.lat), (b.lon, b.lat))}
    return [index.zones[n] for n in sorted(numbers)]


def walk(
    index: ZoneIndex, zones: Iterable[PublishedZone], draft: PublishedZone | None, fixes: Sequence[Fix], until: datetime
) -> tuple[list[Standing], list[Transition]]:
    """Where a walk ends with each of these zones and the draft, and what happens on it. `index`: the published one."""
    own = ZoneIndex(index.epoch, with_draft(zones, draft), list(index.buildings.values()))
    done = replay(own, {GHOST: fixes}, until)[GHOST]
    last_by_zone = {t.zone_id: t for t in done.transitions}
    rows = [_row(f) for f in fixes]
    believed = believed_levels(own, rows, None)[-1]
    end = fixes[-1]
    pairs = own.near(np.array([end.lon]), np.array([end.lat]), np.array([FAR_M]))
    standings = []
    for number, s_m in zip(pairs.zone, pairs.s, strict=True):
        if not own.versions.in_force(int(number), until):
            continue
        zone = own.zones[int(number)]
        z, facts = done.state.zones.get(zone.zone_id), own.versions.facts(int(number))
        a = approach(own, int(number), rows[-1], believed, float(s_m))
        standings.append(Standing(a, z, facts, done.state.interval_s, last_by_zone.get(zone.zone_id)))
    standings.sort(key=lambda s: (s.z is None, s.approach.s_m))
    return standings, done.transitions


def _row(fix: Fix) -> dict[str, Any]:
    """A fix as explain reads one."""
    return {name: getattr(fix, name) for name in ("at", "lon", "lat", "accuracy_m", "level", "trust")}


def ghost_starts(tenant_id: TenantId, transitions: Iterable[Transition], zones: Iterable[PublishedZone]) -> list[Start]:
    """What the walk sets off for somebody who agreed to everything and of whom nothing else is known."""
    nobody = Recipient(
        device_id=GHOST, app_id=GHOST, person_id=GHOST, profile_id=None, first_name=None, language=None, attributes={},
        location=Consent.GRANTED, marketing_push=Consent.GRANTED, personalisation=Consent.GRANTED, suppressed=False,
        is_test=True, timezone=None, push_provider=None, push_address=None, push_kind=None, push_retired=False,
        platform="web",
    )  # fmt: skip
    return list(starts(tenant_id, GHOST, nobody, transitions, {z.zone_id: place_of(z) for z in zones}))
