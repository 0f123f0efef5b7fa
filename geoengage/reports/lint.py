"""Gathers what a drawn zone is judged by and lets the rules speak: neighbours, floors, accuracy really seen there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from geoengage.kit.anonymity import K
from geoengage.kit.db import Session
from geoengage.kit.geo import Frame
from geoengage.kit.ids import TenantId
from geoengage.presence import store as presence
from geoengage.reports import store
from geoengage.reports.evidence import points_around
from geoengage.reports.rules import Neighbour, Overlap, Subject, Words, overlaps
from geoengage.reports.rules.evidence import Target, best_reach, point_words
from geoengage.tenancy.rules import Principal
from geoengage.venues import store as venues
from geoengage.venues.rules import PublishedZone, ZoneRules
from geoengage.venues.shapes import ZoneProperties

NEAR_M = 20.0  # accuracy is looked up in the zone and so far around it
LOOK_BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A draft with what the rules need of its place. `accuracy_from`: stored pings, or the tenant's default."""

    subject: Subject
    accuracy_from: Literal["pings", "default"]


def words_of(properties: ZoneProperties, category: str | None) -> Words:
    """What a draft says, without its shape. `category`: of its store."""
    rules = properties.rules.model_dump(mode="json", exclude_none=True)
    return Words(
        name=properties.name,
        kind=properties.kind,
        tags=properties.tags,
        category=category,
        sensitivity=properties.sensitivity,
        rules=ZoneRules.of(rules, outdoor=properties.mall_id is None),
        valid_to=properties.schedule.valid_to if properties.schedule else None,
    )


async def look_around(session: Session, me: Principal, draft: PublishedZone, now: datetime) -> Surroundings:
    """The surroundings of a draft whose shape is valid."""
    tenant_id = TenantId(me.tenant_id)
    west, south, east, north = draft.geometry.bounds
    frame = Frame((west + east) / 2, (south + north) / 2)
    seen = await _accuracy(session, me, draft, now)
    policy = await presence.get_ping_policy(session, tenant_id)
    floors = await venues.level_ordinals(session, tenant_id)
    outlines = await store.list_outlines(session, tenant_id, draft.mall_id, sorted(draft.levels))
    neighbours = await store.list_neighbours(session, tenant_id, draft)
    target = Target(draft.geometry, draft.levels, draft.rules.min_confidence)
    best = best_reach(target, await points_around(session, tenant_id, target))
    subject = Subject(
        frame=frame,
        area=frame.geometry_to_metres(draft.geometry),
        radius_m=draft.radius_m,
        levels=draft.levels,
        accuracy_m=policy.default_accuracy_m if seen is None else seen,
        building=floors.get(draft.mall_id, []) if draft.mall_id else [],
        outlines={level: frame.geometry_to_metres(outline) for level, outline in outlines.items()},
        neighbours=[_neighbour(me, frame, row) for row in neighbours],
        reached_by=None if best is None else point_words(best.point, named=me.sees_store(best.point.store_id)),
    )
    return Surroundings(subject, "default" if seen is None else "pings")


async def _accuracy(session: Session, me: Principal, draft: PublishedZone, now: datetime) -> float | None:
    near = store.Near(draft.geometry.bounds, NEAR_M, now - LOOK_BACK, now, tests=me.is_demo)
    return await store.find_median_accuracy(session, TenantId(me.tenant_id), near, sorted(draft.levels), K)


def _neighbour(me: Principal, frame: Frame, row: Any) -> Neighbour:
    """A neighbour; whoever is restricted to stores hears the names of their own zones only."""
    name = row.name if me.sees_store(row.store_id) else None
    return Neighbour(row.zone_id, name, frame.geometry_to_metres(row.geom))


async def find_overlaps(session: Session, me: Principal, draft: PublishedZone) -> list[Overlap]:
    """The overlaps of a draft alone, as lint reports them."""
    west, south, east, north = draft.geometry.bounds
    frame = Frame((west + east) / 2, (south + north) / 2)
    rows = await store.list_neighbours(session, TenantId(me.tenant_id), draft)
    return overlaps(frame.geometry_to_metres(draft.geometry), [_neighbour(me, frame, row) for row in rows])
