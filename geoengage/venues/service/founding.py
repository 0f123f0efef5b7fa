"""What a mall is when its files do not say everything: frame from its outline, time zone from the caller or tenant."""

from typing import Any
from uuid import UUID

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.geo import Frame
from geoengage.kit.ids import TenantId
from geoengage.tenancy.store import get_tenant
from geoengage.venues import store
from geoengage.venues.formats import Item, Reading
from geoengage.venues.models import Mall
from geoengage.venues.report import ItemKind
from geoengage.venues.rules import check_area

Words = dict[str, Any]


async def find_mall(session: Session, tenant_id: TenantId, name: str) -> Mall | None:
    """The mall of that external id, locked; or the one without an external id whose own id this is."""
    row = await store.find_row(session, tenant_id, Mall, external_id=name)
    if row is not None:
        return row
    try:
        id_ = UUID(name)
    except ValueError:
        return None
    return await store.find_row(session, tenant_id, Mall, id=id_, external_id=None)


async def mall_words(session: Session, tenant_id: TenantId, reading: Reading, row: Mall | None, options: Any) -> Words:
    """All words of the mall: of the files, what is known of it already, what follows, and what the caller wants."""
    item = reading.mall or Item(ItemKind.MALL, "", "#", {})
    words = dict(item.properties)
    if not reading.whole:
        said = {name: value for name, value in words.items() if value is not None}
        known = await _new(session, tenant_id, reading) if row is None else _known(row)
        words = {**known, **said, "metadata": merged(known.get("metadata", {}), said.get("metadata"))}
    elif row is not None:
        words.setdefault("metadata", row.extra)
    for name in ("name", "timezone"):
        if (wanted := getattr(options, name)) is not None:
            words[name] = wanted
    if words.get("external_id") is None and not item.is_refused:
        item.refuse(("external_id",), "give it an external id, by which the next import finds it again")
    return words


def merged(known: Words, said: Any) -> Any:
    """Metadata that somebody's file says over what is there; what is none of the kind is left to be refused."""
    return {**known, **said} if isinstance(said, dict) else known if said is None else said


def _known(row: Mall) -> Words:
    names = ("name", "external_id", "address", "timezone", "territory", "bearing_deg")
    return {name: getattr(row, name) for name in names} | {
        "origin": [row.origin_lon, row.origin_lat],
        "metadata": row.extra,
    }


async def _new(session: Session, tenant_id: TenantId, reading: Reading) -> Words:
    outline = outline_of(reading)
    if outline is None:
        detail = "no level has a valid outline, from which to know where the mall is"
        raise errors.ItemErrors([{"pointer": "#/origin", "in": "body", "detail": detail}])
    return {"timezone": (await get_tenant(session, tenant_id)).timezone, **frame_of(outline)}


def outline_of(reading: Reading) -> BaseGeometry | None:
    """The union of the valid levels; None without any. Car parks underground count only where nothing is above."""
    valid: dict[bool, list[BaseGeometry]] = {True: [], False: []}
    for item in reading.items:
        shape = check_area(item.geometry)[0] if item.kind is ItemKind.LEVEL else None
        ordinal = item.properties.get("ordinal")
        if shape is not None:
            valid[isinstance(ordinal, int) and ordinal >= 0].append(shape)
    shapes = valid[True] or valid[False]
    return shapely.union_all(shapes) if shapes else None


def frame_of(outline: BaseGeometry) -> Words:
    """`origin` at the centroid; `bearing_deg` such that the building's long side lies along x: its plan is straight.

    The long side is that of the smallest rectangle around the outline, at whatever angle.
    """
    lon, lat = round(outline.centroid.x, 7), round(outline.centroid.y, 7)
    around = shapely.oriented_envelope(Frame(lon, lat).geometry_to_metres(outline))
    corners = shapely.get_coordinates(around)
    sides = np.diff(corners[:3], axis=0)
    if len(sides) < 2:
        return {"origin": [lon, lat], "bearing_deg": 0.0}
    east, north = sides[int(np.argmax(np.hypot(sides[:, 0], sides[:, 1])))]
    angle = np.degrees(np.arctan2(north, east))  # of the long side, counter-clockwise from east
    straight = (-angle + 90) % 180 - 90
    return {"origin": [lon, lat], "bearing_deg": round(float(straight % 360), 2) % 360}
