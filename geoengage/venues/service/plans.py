"""Pictures of floor plans: what is taken, and where they lie. Matching reads nothing of them."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.geo import Frame
from geoengage.kit.ids import TenantId
from geoengage.venues.models import Level, LevelPlan, Mall
from geoengage.venues.rules import KnownPoint, Picture, Placement, place, placement_flaws, read_picture
from geoengage.venues.service.checks import item, raise_if_any
from geoengage.venues.store import plans as store

_decoding = threading.Lock()  # a picture of 8,192 × 8,192 takes 270 MB while it is looked at: one at a time


async def check_picture(data: bytes) -> Picture:
    """The picture in those bytes, decoded beside the other requests; raises BadPicture, or TooLarge."""

    def read() -> Picture:
        with _decoding:
            return read_picture(data)

    return await asyncio.to_thread(read)


async def put_picture(
    session: Session, tenant_id: TenantId, level: Level, picture: Picture, now: datetime
) -> LevelPlan:
    """Give a locked level its picture. One of the same size as before keeps the place of that."""
    plan = await store.find_plan(session, tenant_id, level.id, lock=True)
    if plan is None:
        plan = LevelPlan(level_id=level.id, version=1, points=None, opacity=0.5)
    else:
        plan.version += 1
        if (plan.width_px, plan.height_px) != (picture.width_px, picture.height_px):
            plan.points = None
    plan.media_type, plan.image, plan.updated_at = picture.media_type, picture.data, now
    plan.width_px, plan.height_px = picture.width_px, picture.height_px
    await store.save_plan(session, tenant_id, plan)
    return plan


async def edit_plan(
    session: Session, tenant_id: TenantId, mall: Mall, level: Level, plan: LevelPlan, changes: dict[str, Any]
) -> None:
    """Place a locked plan by two known points (None: nowhere), set its opacity; `changes` also holds `updated_at`."""
    if points := changes.get("points"):
        known = known_points(points)
        flaws = placement_flaws(frame_of(mall), known, (plan.width_px, plan.height_px), level.geom)
        raise_if_any([item(("points", *flaw.path), flaw.detail) for flaw in flaws])
    for name, value in changes.items():
        setattr(plan, name, value)
    plan.version += 1
    await store.save_plan(session, tenant_id, plan)


async def points_like(session: Session, tenant_id: TenantId, plan: LevelPlan, other: Level) -> list[Any]:
    """The known points of another level's plan of the same size; ItemErrors when it has none."""
    example = await store.find_plan(session, tenant_id, other.id)
    if example is None or example.points is None:
        raise _unlike("that level has no plan that is placed")
    if (example.width_px, example.height_px) != (plan.width_px, plan.height_px):
        size = f"{example.width_px} × {example.height_px}"
        raise _unlike(f"that level's picture has {size} pixels, this one {plan.width_px} × {plan.height_px}")
    return example.points


def _unlike(detail: str) -> errors.ItemErrors:
    return errors.ItemErrors([{"pointer": "like", "in": "query", "detail": detail}])


def placement_of(mall: Mall, plan: LevelPlan) -> Placement | None:
    """Where a plan lies; None until somebody has said so."""
    return None if plan.points is None else place(frame_of(mall), known_points(plan.points))


def known_points(points: Sequence[dict[str, Any]]) -> list[KnownPoint]:
    """Known points as they are stored and sent."""
    return [KnownPoint(tuple(point["pixel"]), tuple(point["at"])) for point in points]


def frame_of(mall: Mall) -> Frame:
    """The plane in which a mall is measured."""
    return Frame(mall.origin_lon, mall.origin_lat, mall.bearing_deg)
