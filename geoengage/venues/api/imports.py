"""HTTP of whole malls: import with a preview, export, and the features of an archive that are nothing else here."""

import asyncio
import json
import re
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, JsonValue

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import CONFLICT, Now, Paging, Problem, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Name, TimeZone
from geoengage.tenancy.auth import Reader, VenueEditor
from geoengage.venues import formats, service, store
from geoengage.venues.api.common import Versioned, author, unrestricted
from geoengage.venues.models import Mall, VenueFeature
from geoengage.venues.report import ImportFormat, ImportMode, ImportReport
from geoengage.venues.rules import to_geojson
from geoengage.venues.service import ExportFormat, ImportOptions
from geoengage.venues.store import whole

router = APIRouter(tags=["venues"])
GEOJSON, ZIP = "application/geo+json", "application/zip"
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_DOCUMENT = {"schema": {"description": "GeoJSON, IMDF in one document, or our own export."}}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "One JSON document, or a ZIP: an IMDF archive, our own folder, or FLOOR/geojson_map.json.",
        "content": {GEOJSON: _DOCUMENT, "application/json": _DOCUMENT, ZIP: _BINARY},
    }
}
_TOO_LARGE: dict[int | str, dict[str, Any]] = {413: {"model": Problem, "description": "More than 50 MB."}}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {GEOJSON: {"schema": {"type": "object"}}, ZIP: _BINARY},
    }
}


class VenueFeatureOutProperties(Versioned):
    """Properties of a feature."""

    mall_id: UUID = Field(description="The mall.")
    feature_type: str = Field(description="What IMDF calls it: opening, amenity, fixture, …")
    external_id: str = Field(description="Its id in the archive.")
    level: int | None = Field(description="Ordinal of its level; null where it has none.")
    name: str | None = Field(description="Name, where it has one.")
    properties: dict[str, JsonValue] = Field(description="Its properties as the archive has them.")


class VenueFeatureOut(BaseModel):
    """A door, an amenity, an address: something of an IMDF archive that is no level, unit, store or zone."""

    type: Literal["Feature"] = Field(default="Feature", description="Always `Feature`.")
    id: UUID = Field(description="Id of it.")
    geometry: dict[str, Any] | None = Field(description="GeoJSON geometry; null where it has none.")
    properties: VenueFeatureOutProperties = Field(description="What is known of it.")


class VenueFeaturePage(BaseModel):
    """A page of features."""

    items: list[VenueFeatureOut] = Field(description="Features, oldest first.")
    next: str | None = Field(description="Cursor of the next page, null at the end.")


class ImportQuery(BaseModel):
    """How to import."""

    mode: ImportMode = Field(default=ImportMode.PREVIEW, description="`preview` does everything and stores nothing.")
    skip_invalid: bool = Field(default=False, description="Leave out what cannot be taken, instead of all.")
    publish: bool = Field(default=False, description="Put zones in force that the files do not call drafts.")
    mall_id: UUID | None = Field(default=None, description="The mall to import into, whatever the files call it.")
    name: Name | None = Field(default=None, description="Name of the mall; needed for floors without `mall_id`.")
    timezone: TimeZone | None = Field(default=None, description="IANA time zone of the mall; else the tenant's.")
    lenient: bool = Field(default=False, description="Bad style of GeoJSON (winding, say) becomes a warning.")
    categories: str | None = Field(
        default=None,
        max_length=4_000,
        description="For floors, a JSON object: source category to `store` or a unit's category. A longer one goes into"
        " the archive as categories.json.",
    )


@router.post("/v1/imports/venue", responses={**CONFLICT, **_TOO_LARGE}, openapi_extra=_BODY)
async def import_venue(
    request: Request, me: VenueEditor, tx: Tx, now: Now, how: Annotated[ImportQuery, Query()]
) -> ImportReport:
    """Import a mall or zones: our own export, GeoJSON of anybody, IMDF (archive or one document), floor plans.

    Things are added or updated by external id; what the files do not have stays. With something refused nothing is
    stored (422 `import-refused` with the whole `report`), unless `skip_invalid` leaves it out. docs/venues.md has more.
    """
    unrestricted(me)
    words = await _reader_options(tx, me.tenant_id, how)
    body = await request.body()
    reading = await asyncio.to_thread(lambda: formats.read(formats.files_of(body, ""), words))
    if reading.format is ImportFormat.FLOORS and how.mall_id is None and how.name is None:
        raise _in_query(
            "name", "floor plans do not say what mall they are of: name it, or choose the mall they belong to (mall_id)"
        )
    options = ImportOptions(
        mode=how.mode,
        skip_invalid=how.skip_invalid,
        publish=how.publish,
        mall_id=how.mall_id,
        name=how.name,
        timezone=how.timezone,
        by=author(me),
    )
    return await service.import_venue(tx, me.tenant_id, reading, options, now)


async def _reader_options(tx: Session, tenant_id: TenantId, how: ImportQuery) -> formats.Options:
    level_names: dict[str, int] = {}
    if how.mall_id is not None:
        await store.get_row(tx, tenant_id, Mall, how.mall_id)
        for level in await store.list_levels(tx, tenant_id, how.mall_id):
            level_names |= {level.name: level.ordinal, level.short_name: level.ordinal}
    return formats.Options(
        name=how.name,
        into_mall=how.mall_id is not None,
        level_names=level_names,
        categories=_categories(how.categories),
        lenient=how.lenient,
    )


def _categories(text: str | None) -> dict[str, str]:
    try:
        table = json.loads(text or "{}")
    except (ValueError, RecursionError):
        table = None
    if not isinstance(table, dict) or not all(isinstance(ours, str) for ours in table.values()):
        raise _in_query("categories", "a JSON object is expected: source category to `store` or a unit's category")
    return table


def _in_query(name: str, detail: str) -> errors.ItemErrors:
    return errors.ItemErrors([{"pointer": name, "in": "query", "detail": detail}])


@router.get("/v1/malls/{mall_id}/export", response_class=Response, responses=_FILES)
async def export_venue(
    mall_id: UUID,
    me: Reader,
    tx: Tx,
    format_: Annotated[
        ExportFormat,
        Query(alias="format", description="`geojson`: one document with everything; `imdf`: an archive (OGC 20-094)."),
    ] = ExportFormat.GEOJSON,
) -> Response:
    """A mall with all that belongs to it. Importing it elsewhere and exporting it again gives the same bytes."""
    unrestricted(me)
    mall = await store.get_row(tx, me.tenant_id, Mall, mall_id)
    content = await service.export_venue(tx, me.tenant_id, mall, format_)
    stem = re.sub(r"[^a-z0-9]+", "-", mall.name.lower()).strip("-") or "mall"
    name, media_type = (f"{stem}.geojson", GEOJSON) if format_ is ExportFormat.GEOJSON else (f"{stem}.imdf.zip", ZIP)
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.get("/v1/malls/{mall_id}/features")
async def list_features(
    mall_id: UUID,
    me: Reader,
    tx: Tx,
    page: Paging,
    level: Annotated[int | None, Query(ge=-20, le=200, description="Only this level (ordinal).")] = None,
) -> VenueFeaturePage:
    """Doors, amenities and whatever else an IMDF archive brought that is no level, unit, store or zone."""
    await store.get_row(tx, me.tenant_id, Mall, mall_id)
    rows, following = page.cut(await whole.list_features(tx, me.tenant_id, mall_id, level, page), lambda row: row.id)
    return VenueFeaturePage(items=[_feature_out(row) for row in rows], next=following)


def _feature_out(row: VenueFeature) -> VenueFeatureOut:
    columns = {name: getattr(row, name) for name in VenueFeatureOutProperties.model_fields}
    geometry = None if row.geom is None else to_geojson(row.geom)
    return VenueFeatureOut(id=row.id, geometry=geometry, properties=VenueFeatureOutProperties(**columns))
