"""Checks of places against what the tenant has: the mall and its levels, nearness, owners and stores.

Each collects item errors (`pointer`, `in`, `detail`) instead of raising, so that a caller hears of all at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.events import publish
from geoengage.kit.ids import TenantId
from geoengage.venues import store
from geoengage.venues.models import Mall
from geoengage.venues.rules import Flaw, VenueChange, VenueChanged, far_from, swapped_axes

OUTLINE_REACH_M = 500.0  # how far beyond a mall's outline its zones and shops may lie: car parks, bus stops
ORIGIN_REACH_M = 2_000.0  # the same around the origin of a mall whose outline is not known yet
KNOWN_PLACE_M = 50_000.0  # an outdoor zone this near to a mall or shop has its axes right

Items = list[dict[str, Any]]


def item(path: Iterable[str | int], detail: str) -> dict[str, Any]:
    """One entry of a problem's `errors`."""
    return {"pointer": "#/" + "/".join(map(str, path)), "in": "body", "detail": detail}


def geometry_item(flaw: Flaw) -> dict[str, Any]:
    """The entry for a flaw of the Feature's geometry."""
    return item(("geometry", *flaw.path), flaw.detail)


def raise_if_any(items: Items) -> None:
    """Raise ItemErrors unless there are none."""
    if items:
        raise errors.ItemErrors(items)


@dataclass(frozen=True, slots=True)
class MallPlace:
    """Where things of a mall may be: on its levels, within so many metres of its outline or origin."""

    levels: Sequence[int]
    around: BaseGeometry
    reach_m: float


async def find_mall_place(session: Session, tenant_id: TenantId, mall_id: UUID) -> MallPlace | None:
    """Where things of this mall may be; None when there is no such mall."""
    try:
        mall = await store.get_row(session, tenant_id, Mall, mall_id)
    except errors.NotFound:
        return None
    levels = (await store.level_ordinals(session, tenant_id)).get(mall_id, [])
    outline = (await store.mall_outlines(session, tenant_id, mall_id)).get(mall_id)
    if outline is None:
        return MallPlace(levels, _origin(mall), ORIGIN_REACH_M)
    return MallPlace(levels, outline, OUTLINE_REACH_M)


def check_in_place(place: MallPlace | None, shapes: Sequence[BaseGeometry], levels: Mapping[str, int]) -> Items:
    """Whether the mall exists, has those levels (keys: where each is named), and the shapes are in or near it."""
    if place is None:
        return [item(("properties", "mall_id"), "there is no such mall")]
    known = ", ".join(map(str, place.levels))
    items = [
        item(("properties", where), f"the mall has no level {level}; it has {known}")
        for where, level in levels.items()
        if place.levels and level not in place.levels
    ]
    flaws = [flaw for shape in shapes if (flaw := far_from(shape, place.around, place.reach_m))]
    return items + [geometry_item(flaw) for flaw in flaws]


async def check_in_mall(
    session: Session,
    tenant_id: TenantId,
    mall_id: UUID,
    shapes: Sequence[BaseGeometry],
    levels: Mapping[str, int],
) -> Items:
    """`check_in_place` for one mall, looked up."""
    return check_in_place(await find_mall_place(session, tenant_id, mall_id), shapes, levels)


def check_near_origin(mall: Mall, shape: BaseGeometry) -> Items:
    """A level's outline lies around the mall's origin."""
    flaw = far_from(shape, _origin(mall), ORIGIN_REACH_M)
    return [geometry_item(flaw)] if flaw else []


def _origin(mall: Mall) -> BaseGeometry:
    return Point(mall.origin_lon, mall.origin_lat)


async def check_outdoor(session: Session, tenant_id: TenantId, shape: BaseGeometry) -> Items:
    """Outdoors anything goes, but for a shape that is near our places only with its axes exchanged."""
    center = shape.centroid
    if abs(center.x) > 90 or await store.is_near_known_place(
        session, tenant_id, center.x, center.y, within_m=KNOWN_PLACE_M
    ):
        return []
    if await store.is_near_known_place(session, tenant_id, center.y, center.x, within_m=KNOWN_PLACE_M):
        return [geometry_item(swapped_axes(shape))]
    return []


async def announce(session: Session, tenant_id: TenantId, changes: Sequence[VenueChanged], now: datetime) -> None:
    """Raise the epoch and publish what changed, if anything did. Call it last: it locks epoch and ledger."""
    if changes:
        await store.raise_epoch(session, tenant_id)
        await publish(session, tenant_id, changes, now)


def mall_changed(mall_id: UUID | None) -> VenueChanged:
    """Something of a mall, or of a street store (None), that matching reads."""
    return VenueChanged(zone_id=None, mall_id=mall_id, what=VenueChange.MALL_CHANGED)
