"""Evidence points: placing them, and which zones they reach. Every change is one of what matching reads."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.geo import Frame
from geoengage.kit.ids import TenantId
from geoengage.venues import store
from geoengage.venues.evidence_shapes import EvidencePointIn
from geoengage.venues.models import EvidencePoint, Store
from geoengage.venues.rules import (
    DEFAULT_RADIUS_M,
    DEFAULT_RSSI_AT_1M,
    EvidenceKind,
    can_enter,
    code_of,
    level_fits,
    normal_bssid,
    normal_uuid,
    reach_share,
)
from geoengage.venues.service.checks import (
    Items,
    announce,
    check_in_mall,
    check_outdoor,
    item,
    mall_changed,
    raise_if_any,
)
from geoengage.venues.store import evidence as points


class Reached(NamedTuple):
    """A published zone that hearing a point can enter. `store_id`: whose zone it is."""

    zone_id: UUID
    name: str
    store_id: UUID | None


def _columns(given: EvidencePointIn) -> dict[str, Any]:
    p, kind = given.properties, given.properties.kind
    return {
        "kind": kind.value,
        "name": p.name,
        "mall_id": p.mall_id,
        "level": p.level,
        "store_id": p.store_id,
        "point": given.geometry,
        "radius_m": DEFAULT_RADIUS_M.get(kind) if p.radius_m is None else p.radius_m,
        "rssi_at_1m": DEFAULT_RSSI_AT_1M.get(kind) if p.rssi_at_1m is None else p.rssi_at_1m,
        "uuid": p.uuid and normal_uuid(p.uuid),
        "major": p.major,
        "minor": p.minor,
        "bssid": p.bssid and normal_bssid(p.bssid),
    }


async def _check(session: Session, tenant_id: TenantId, given: EvidencePointIn) -> None:
    """Raise ItemErrors unless mall, level, store and place fit."""
    p = given.properties
    items: Items = []
    if p.store_id is not None:
        try:
            await store.get_row(session, tenant_id, Store, p.store_id)
        except errors.NotFound:
            items.append(item(("properties", "store_id"), "there is no such store"))
    if p.mall_id is None or p.level is None:
        items += await check_outdoor(session, tenant_id, given.geometry)
    else:
        items += await check_in_mall(session, tenant_id, p.mall_id, [given.geometry], {"level": p.level})
    raise_if_any(items)


async def create_point(
    session: Session, tenant_id: TenantId, id_: UUID, given: EvidencePointIn, *, chance: bytes, now: datetime
) -> EvidencePoint:
    """A new point. `chance`: random bytes, from which a check-in's code is made."""
    await _check(session, tenant_id, given)
    code = code_of(chance) if given.properties.kind is EvidenceKind.CHECK_IN else None
    row = EvidencePoint(id=id_, version=1, created_at=now, updated_at=now, code=code, **_columns(given))
    await points.save_point(session, tenant_id, row)
    await announce(session, tenant_id, [mall_changed(row.mall_id)], now)
    return row


async def edit_point(
    session: Session, tenant_id: TenantId, row: EvidencePoint, given: EvidencePointIn, now: datetime
) -> None:
    """Change a locked point; its kind and its code stay."""
    if given.properties.kind != row.kind:
        raise errors.field("properties/kind", "it stays what it is: delete this point and place another")
    await _check(session, tenant_id, given)
    await points.change_point(session, tenant_id, row, _columns(given), now)
    await announce(session, tenant_id, [mall_changed(row.mall_id)], now)


async def delete_point(session: Session, tenant_id: TenantId, row: EvidencePoint, now: datetime) -> None:
    """Take a locked point off the map."""
    mall_id = row.mall_id
    await store.delete_row(session, tenant_id, row, "something still refers to this point")
    await announce(session, tenant_id, [mall_changed(mall_id)], now)


async def list_reached(
    session: Session, tenant_id: TenantId, rows: Sequence[EvidencePoint]
) -> dict[UUID, list[Reached]]:
    """By point: the published zones that hearing it can enter."""
    found: dict[UUID, list[Reached]] = defaultdict(list)
    by_id = {row.id: row for row in rows}
    for near in await points.list_reachable(session, tenant_id, list(by_id)) if rows else ():
        row = by_id[near.point_id]
        frame = Frame(row.point.x, row.point.y)
        share = reach_share(frame.geometry_to_metres(near.geometry), 0.0, 0.0, row.radius_m)
        if can_enter(share, row.radius_m, near.min_confidence) and level_fits(near.levels, row.level):
            found[row.id].append(Reached(near.zone_id, near.name, near.store_id))
    return found
