"""HTTP of malls, their levels and their units. Everybody of the tenant reads them; shops' credentials change none."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, JsonValue

from geoengage.kit.db import Session
from geoengage.kit.http import CONFLICT, EDIT, IfMatch, NewId, Now, Paging, Tx, check_version, etag
from geoengage.tenancy.auth import Reader, VenueEditor
from geoengage.tenancy.rules import Principal
from geoengage.venues import service, store
from geoengage.venues.api.common import FeatureOut, LonLatOut, Versioned, patched, unrestricted
from geoengage.venues.models import Level, Mall, Unit
from geoengage.venues.rules import UnitCategory, to_geojson
from geoengage.venues.shapes import FeaturePatch, LevelIn, LevelProperties, MallIn, MallPatch, UnitIn
from geoengage.venues.store import plans

router = APIRouter(tags=["venues"])


class MallOut(Versioned):
    """A mall."""

    id: UUID = Field(description="Id of the mall.")
    name: str = Field(description="Name of the mall.")
    external_id: str | None = Field(description="Your own id of it.")
    address: str | None = Field(description="Postal address.")
    timezone: str = Field(description="IANA time zone.")
    territory: str | None = Field(description="Country or subdivision, ISO 3166.")
    origin: LonLatOut = Field(description="[lon, lat] of the frame's origin.")
    bearing_deg: float = Field(description="Clockwise angle from north to the frame's +y axis, 0-360.")
    metadata: dict[str, JsonValue] = Field(description="Anything of yours.")


class LevelOutProperties(Versioned):
    """Properties of a level."""

    mall_id: UUID = Field(description="The mall.")
    ordinal: int = Field(description="0 is the ground floor.")
    name: str = Field(description="Name of the level.")
    short_name: str = Field(description="What a level switcher shows.")
    plan_version: int | None = Field(description="Version of the picture of its floor plan; null: it has none.")
    metadata: dict[str, JsonValue] = Field(description="Anything of yours.")


class LevelOut(FeatureOut):
    """A level with its outline."""

    properties: LevelOutProperties = Field(description="What is known of the level.")


class UnitOutProperties(Versioned):
    """Properties of a unit."""

    mall_id: UUID = Field(description="The mall.")
    level: int = Field(description="Ordinal of the level.")
    category: UnitCategory = Field(description="What it is.")
    name: str | None = Field(description="Name, where it has one.")
    external_id: str | None = Field(description="Your own id of it.")
    metadata: dict[str, JsonValue] = Field(description="Anything of yours.")


class UnitOut(FeatureOut):
    """A part of a level that is no store."""

    properties: UnitOutProperties = Field(description="What is known of the unit.")


class MallPage(BaseModel):
    """A page of malls."""

    items: list[MallOut] = Field(description="Malls, oldest first.")
    next: str | None = Field(description="Cursor of the next page, null at the end.")


class LevelPage(BaseModel):
    """A page of levels."""

    items: list[LevelOut] = Field(description="Levels, oldest first.")
    next: str | None = Field(description="Cursor of the next page, null at the end.")


class UnitPage(BaseModel):
    """A page of units."""

    items: list[UnitOut] = Field(description="Units, oldest first.")
    next: str | None = Field(description="Cursor of the next page, null at the end.")


def _columns(row: Any, shape: type[BaseModel], *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The members of a shape that are columns; `metadata` is the attribute `extra` of a row."""
    names = [name for name in shape.model_fields if name not in without]
    return {name: row.extra if name == "metadata" else getattr(row, name) for name in names}


def mall_out(row: Mall) -> MallOut:
    """A mall as answer."""
    columns = _columns(row, MallOut, without=frozenset({"origin"}))
    return MallOut(**columns, origin=(row.origin_lon, row.origin_lat))


def level_out(row: Level, plan_version: int | None) -> LevelOut:
    """A level as answer."""
    columns = _columns(row, LevelOutProperties, without=frozenset({"plan_version"}))
    properties = LevelOutProperties(**columns, plan_version=plan_version)
    return LevelOut(id=row.id, geometry=to_geojson(row.geom), properties=properties)


async def _level_answer(tx: Session, me: Principal, row: Level) -> LevelOut:
    plan = await plans.find_plan(tx, me.tenant_id, row.id)
    return level_out(row, None if plan is None else plan.version)


def unit_out(row: Unit) -> UnitOut:
    """A unit as answer."""
    properties = UnitOutProperties(**_columns(row, UnitOutProperties))
    return UnitOut(id=row.id, geometry=to_geojson(row.geom), properties=properties)


# --- malls ----------------------------------------------------------------------------------------------------------


@router.get("/v1/malls")
async def list_malls(me: Reader, tx: Tx, page: Paging) -> MallPage:
    """All malls of the tenant."""
    rows, following = page.cut(await store.list_malls(tx, me.tenant_id, page), lambda row: row.id)
    return MallPage(items=[mall_out(row) for row in rows], next=following)


@router.post("/v1/malls", status_code=201, responses=CONFLICT)
async def create_mall(body: MallIn, me: VenueEditor, tx: Tx, new: NewId, response: Response) -> MallOut:
    """Add a mall: its place, the frame in which it is measured, its time zone. Levels and zones come next."""
    unrestricted(me)
    if new.replayed:
        row = await store.get_row(tx, me.tenant_id, Mall, new.id)
    else:
        row = await service.create_mall(tx, me.tenant_id, new.id, body)
    response.headers["ETag"] = etag(row.version)
    return mall_out(row)


@router.get("/v1/malls/{mall_id}")
async def get_mall(mall_id: UUID, me: Reader, tx: Tx, response: Response) -> MallOut:
    """One mall."""
    row = await store.get_row(tx, me.tenant_id, Mall, mall_id)
    response.headers["ETag"] = etag(row.version)
    return mall_out(row)


@router.patch("/v1/malls/{mall_id}", responses={**EDIT, **CONFLICT})
async def edit_mall(
    mall_id: UUID, body: MallPatch, me: VenueEditor, tx: Tx, now: Now, seen: IfMatch, response: Response
) -> MallOut:
    """Change a mall. Another time zone moves the schedules of its zones, another frame its distances, at once."""
    unrestricted(me)
    row = await store.get_row(tx, me.tenant_id, Mall, mall_id, lock=True)
    check_version(row.version, seen)
    current = _columns(row, MallIn, without=frozenset({"origin"})) | {"origin": (row.origin_lon, row.origin_lat)}
    await service.edit_mall(tx, me.tenant_id, row, patched(MallIn, current, body.changes()), now)
    response.headers["ETag"] = etag(row.version)
    return mall_out(row)


@router.delete("/v1/malls/{mall_id}", status_code=204, responses=CONFLICT)
async def delete_mall(mall_id: UUID, me: VenueEditor, tx: Tx, now: Now) -> None:
    """Delete a mall with its levels and units. 409 while it has zones or stores."""
    unrestricted(me)
    await service.delete_mall(tx, me.tenant_id, await store.get_row(tx, me.tenant_id, Mall, mall_id, lock=True), now)


# --- levels ---------------------------------------------------------------------------------------------------------


@router.get("/v1/malls/{mall_id}/levels")
async def list_levels(mall_id: UUID, me: Reader, tx: Tx, page: Paging) -> LevelPage:
    """The levels of a mall with their outlines."""
    await store.get_row(tx, me.tenant_id, Mall, mall_id)
    rows, following = page.cut(await store.list_levels(tx, me.tenant_id, mall_id, page), lambda row: row.id)
    versions = await plans.plan_versions(tx, me.tenant_id, mall_id)
    return LevelPage(items=[level_out(row, versions.get(row.id)) for row in rows], next=following)


@router.post("/v1/malls/{mall_id}/levels", status_code=201, responses=CONFLICT)
async def create_level(
    mall_id: UUID, body: LevelIn, me: VenueEditor, tx: Tx, now: Now, new: NewId, response: Response
) -> LevelOut:
    """Add a level. Its outline must lie within 2 km of the mall's origin; 409 when the ordinal is taken."""
    unrestricted(me)
    mall = await store.get_row(tx, me.tenant_id, Mall, mall_id)
    if new.replayed:
        row = await store.get_row(tx, me.tenant_id, Level, new.id)
    else:
        row = await service.create_level(tx, me.tenant_id, mall, new.id, body, now)
    response.headers["ETag"] = etag(row.version)
    return await _level_answer(tx, me, row)


@router.get("/v1/malls/{mall_id}/levels/{level_id}")
async def get_level(mall_id: UUID, level_id: UUID, me: Reader, tx: Tx, response: Response) -> LevelOut:
    """One level."""
    row = await store.get_part(tx, me.tenant_id, Level, mall_id, level_id)
    response.headers["ETag"] = etag(row.version)
    return await _level_answer(tx, me, row)


@router.patch("/v1/malls/{mall_id}/levels/{level_id}", responses={**EDIT, **CONFLICT})
async def edit_level(
    mall_id: UUID,
    level_id: UUID,
    body: FeaturePatch,
    me: VenueEditor,
    tx: Tx,
    now: Now,
    seen: IfMatch,
    response: Response,
) -> LevelOut:
    """Change a level. Its ordinal only while nothing stands on it (409)."""
    unrestricted(me)
    row = await store.get_part(tx, me.tenant_id, Level, mall_id, level_id, lock=True)
    check_version(row.version, seen)
    given = _columns(row, LevelProperties)
    level = patched(
        LevelIn, {"geometry": to_geojson(row.geom), "properties": given}, body.model_dump(exclude_unset=True)
    )
    mall = await store.get_row(tx, me.tenant_id, Mall, mall_id)
    await service.edit_level(tx, me.tenant_id, mall, row, level, now)
    response.headers["ETag"] = etag(row.version)
    return await _level_answer(tx, me, row)


@router.delete("/v1/malls/{mall_id}/levels/{level_id}", status_code=204, responses=CONFLICT)
async def delete_level(mall_id: UUID, level_id: UUID, me: VenueEditor, tx: Tx, now: Now) -> None:
    """Delete a level. 409 while units, stores or zones stand on it."""
    unrestricted(me)
    row = await store.get_part(tx, me.tenant_id, Level, mall_id, level_id, lock=True)
    await service.delete_level(tx, me.tenant_id, row, now)


# --- units ----------------------------------------------------------------------------------------------------------


@router.get("/v1/malls/{mall_id}/units")
async def list_units(
    mall_id: UUID,
    me: Reader,
    tx: Tx,
    page: Paging,
    level: Annotated[int | None, Query(ge=-20, le=200, description="Only this level (ordinal).")] = None,
) -> UnitPage:
    """Corridors, lifts, entrances and so on of a mall."""
    await store.get_row(tx, me.tenant_id, Mall, mall_id)
    rows, following = page.cut(await store.list_units(tx, me.tenant_id, mall_id, level, page), lambda row: row.id)
    return UnitPage(items=[unit_out(row) for row in rows], next=following)


@router.post("/v1/malls/{mall_id}/units", status_code=201, responses=CONFLICT)
async def create_unit(
    mall_id: UUID, body: UnitIn, me: VenueEditor, tx: Tx, now: Now, new: NewId, response: Response
) -> UnitOut:
    """Add a unit. Lifts, escalators and stairs tell presence where people change floors: one unit per level."""
    unrestricted(me)
    mall = await store.get_row(tx, me.tenant_id, Mall, mall_id)
    if new.replayed:
        row = await store.get_row(tx, me.tenant_id, Unit, new.id)
    else:
        row = await service.create_unit(tx, me.tenant_id, mall, new.id, body, now)
    response.headers["ETag"] = etag(row.version)
    return unit_out(row)


@router.get("/v1/malls/{mall_id}/units/{unit_id}")
async def get_unit(mall_id: UUID, unit_id: UUID, me: Reader, tx: Tx, response: Response) -> UnitOut:
    """One unit."""
    row = await store.get_part(tx, me.tenant_id, Unit, mall_id, unit_id)
    response.headers["ETag"] = etag(row.version)
    return unit_out(row)


@router.patch("/v1/malls/{mall_id}/units/{unit_id}", responses={**EDIT, **CONFLICT})
async def edit_unit(
    mall_id: UUID,
    unit_id: UUID,
    body: FeaturePatch,
    me: VenueEditor,
    tx: Tx,
    now: Now,
    seen: IfMatch,
    response: Response,
) -> UnitOut:
    """Change a unit."""
    unrestricted(me)
    row = await store.get_part(tx, me.tenant_id, Unit, mall_id, unit_id, lock=True)
    check_version(row.version, seen)
    given = _columns(row, UnitOutProperties, without=frozenset(Versioned.model_fields))
    unit = patched(UnitIn, {"geometry": to_geojson(row.geom), "properties": given}, body.model_dump(exclude_unset=True))
    mall = await store.get_row(tx, me.tenant_id, Mall, mall_id)
    await service.edit_unit(tx, me.tenant_id, mall, row, unit, now)
    response.headers["ETag"] = etag(row.version)
    return unit_out(row)


@router.delete("/v1/malls/{mall_id}/units/{unit_id}", status_code=204)
async def delete_unit(mall_id: UUID, unit_id: UUID, me: VenueEditor, tx: Tx, now: Now) -> None:
    """Delete a unit."""
    unrestricted(me)
    row = await store.get_part(tx, me.tenant_id, Unit, mall_id, unit_id, lock=True)
    await service.delete_unit(tx, me.tenant_id, row, now)
