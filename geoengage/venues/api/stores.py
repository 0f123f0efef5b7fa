"""HTTP of stores. A credential that is restricted to stores sees and edits these only."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, JsonValue

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import CONFLICT, EDIT, IfMatch, NewId, Now, Paging, Tx, check_version, etag
from geoengage.tenancy.auth import Reader, VenueEditor
from geoengage.tenancy.rules import Principal
from geoengage.venues import service, store
from geoengage.venues.api.common import Boxes, FeatureOut, LonLatOut, Versioned, patched, unrestricted
from geoengage.venues.models import Store
from geoengage.venues.rules import to_geojson
from geoengage.venues.shapes import FeaturePatch, HoursIn, StoreIn, StoreProperties

router = APIRouter(tags=["venues"])


class StoreOutProperties(Versioned):
    """Properties of a store."""

    name: str = Field(description="Name of the store.")
    owner_id: UUID | None = Field(description="Who owns it.")
    mall_id: UUID | None = Field(description="The mall it is in; null on a street.")
    level: int | None = Field(description="Ordinal of its level in the mall.")
    point: LonLatOut = Field(description="[lon, lat] of its door or label.")
    address: str | None = Field(description="Postal address.")
    category: str | None = Field(description="What it sells.")
    brand_color: str = Field(description="Colour of the brand, #rrggbb.")
    timezone: str | None = Field(description="IANA time zone, where it differs from the mall's.")
    opening_hours: list[HoursIn] = Field(description="When it is open.")
    external_id: str | None = Field(description="Your own id of it.")
    metadata: dict[str, JsonValue] = Field(description="Anything of yours.")


class StoreOut(FeatureOut):
    """A store: its footprint, or a Point where none is known."""

    properties: StoreOutProperties = Field(description="What is known of the store.")


class StorePage(BaseModel):
    """A page of stores."""

    items: list[StoreOut] = Field(description="Stores, oldest first.")
    next: str | None = Field(description="Cursor of the next page, null at the end.")


def store_out(row: Store) -> StoreOut:
    """A store as answer."""
    columns = {
        name: getattr(row, name) for name in StoreOutProperties.model_fields if name not in ("point", "metadata")
    }
    properties = StoreOutProperties(**columns, point=(row.point.x, row.point.y), metadata=row.extra)
    return StoreOut(id=row.id, geometry=to_geojson(row.footprint or row.point), properties=properties)


def _as_input(row: Store) -> dict[str, Any]:
    """The store as somebody would send it. A point that follows from the geometry stays out, to follow again."""
    given = {name: getattr(row, name) for name in StoreProperties.model_fields if name not in ("point", "metadata")}
    given["metadata"] = row.extra
    if row.footprint is not None and row.point != row.footprint.representative_point():
        given["point"] = [row.point.x, row.point.y]
    return {"geometry": to_geojson(row.footprint or row.point), "properties": given}


async def _get(tx: Session, me: Principal, store_id: UUID, *, lock: bool = False) -> Store:
    if not me.sees_store(store_id):
        raise errors.NotFound(f"there is no store {store_id}")
    return await store.get_row(tx, me.tenant_id, Store, store_id, lock=lock)


@router.get("/v1/stores")
async def list_stores(
    me: Reader,
    tx: Tx,
    page: Paging,
    boxes: Boxes,
    mall_id: Annotated[UUID | None, Query(description="Only stores of this mall.")] = None,
    level: Annotated[int | None, Query(ge=-20, le=200, description="Only stores of this level (ordinal).")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Part of the name, external id or address.")] = None,
    outdoor: Annotated[bool | None, Query(description="true: only stores on a street; false: only in malls.")] = None,
) -> StorePage:
    """Stores, by mall, level, place and words."""
    wanted = store.Filter(
        mall_id=mall_id, level=level, boxes=boxes, store_ids=me.store_ids, words=q or None, outdoor=outdoor
    )
    rows, following = page.cut(await store.list_stores(tx, me.tenant_id, wanted, page), lambda row: row.id)
    return StorePage(items=[store_out(row) for row in rows], next=following)


@router.post("/v1/stores", status_code=201, responses=CONFLICT)
async def create_store(body: StoreIn, me: VenueEditor, tx: Tx, new: NewId, response: Response) -> StoreOut:
    """Add a store, in a mall or on a street. In a mall it lies on or within 500 m of its outline."""
    unrestricted(me)
    if new.replayed:
        row = await store.get_row(tx, me.tenant_id, Store, new.id)
    else:
        row = await service.create_store(tx, me.tenant_id, new.id, body)
    response.headers["ETag"] = etag(row.version)
    return store_out(row)


@router.get("/v1/stores/{store_id}")
async def get_store(store_id: UUID, me: Reader, tx: Tx, response: Response) -> StoreOut:
    """One store."""
    row = await _get(tx, me, store_id)
    response.headers["ETag"] = etag(row.version)
    return store_out(row)


@router.patch("/v1/stores/{store_id}", responses={**EDIT, **CONFLICT})
async def edit_store(
    store_id: UUID, body: FeaturePatch, me: VenueEditor, tx: Tx, now: Now, seen: IfMatch, response: Response
) -> StoreOut:
    """Change a store. Its owner can only be changed by the tenant."""
    row = await _get(tx, me, store_id, lock=True)
    check_version(row.version, seen)
    given = patched(StoreIn, _as_input(row), body.model_dump(exclude_unset=True))
    if me.store_ids is not None and given.properties.owner_id != row.owner_id:
        raise errors.Forbidden("a credential that is restricted to stores cannot change their owner")
    await service.edit_store(tx, me.tenant_id, row, given, now)
    response.headers["ETag"] = etag(row.version)
    return store_out(row)


@router.delete("/v1/stores/{store_id}", status_code=204, responses=CONFLICT)
async def delete_store(store_id: UUID, me: VenueEditor, tx: Tx) -> None:
    """Delete a store. 409 while it has zones, campaigns or evidence points."""
    unrestricted(me)
    await service.delete_store(tx, me.tenant_id, await _get(tx, me, store_id, lock=True))
