"""HTTP of zones. Every edit makes a version; publishing decides which one matches pings."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field, JsonValue

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import CONFLICT, EDIT, IfMatch, NewId, Now, Paging, Tx, check_version, etag
from geoengage.tenancy.auth import Reader, VenueEditor
from geoengage.tenancy.rules import Principal
from geoengage.venues import service, store
from geoengage.venues.api.common import Boxes, FeatureOut, Versioned, author, patched
from geoengage.venues.models import ZoneVersion
from geoengage.venues.rules import Sensitivity, ZoneKind, ZoneStatus, area_m2, to_geojson, zone_status
from geoengage.venues.shapes import FeaturePatch, In, ScheduleIn, Utc, ZoneIn
from geoengage.venues.store import ZoneAt

router = APIRouter(tags=["venues"])


class EditProperties(BaseModel):
    """What an edit says of a zone."""

    name: str = Field(description="Name of the zone.")
    kind: ZoneKind = Field(description="What it is for.")
    mall_id: UUID | None = Field(description="The mall it is in; null outdoors.")
    levels: list[int] = Field(description="Ordinals of its levels; empty outdoors.")
    store_id: UUID | None = Field(description="The store it belongs to.")
    radius_m: float | None = Field(description="Radius in metres, when it is a circle.")
    tags: list[str] = Field(description="Words of yours.")
    sensitivity: Sensitivity = Field(description="Anything but `none`: anonymous totals only.")
    color: str | None = Field(description="Colour on the map, #rrggbb.")
    schedule: ScheduleIn | None = Field(description="When it is in force; null: always.")
    rules: dict[str, JsonValue] = Field(description="The rules that were given (`RulesIn`); others are at defaults.")
    metadata: dict[str, JsonValue] = Field(description="Anything of yours.")


class ZoneOutProperties(EditProperties, Versioned):
    """Properties of a zone, from its newest edit."""

    external_id: str | None = Field(description="Your own id of it.")
    status: ZoneStatus = Field(description="draft, published, or changed: published with newer edits.")
    published_version: int | None = Field(description="The version that matches pings; null for a draft.")
    area_m2: float = Field(description="Area in square metres.")


class ZoneOut(FeatureOut):
    """A zone; the geometry of a circle is the Point of its centre."""

    properties: ZoneOutProperties = Field(description="What is known of the zone.")


class PublishIn(In):
    """How a zone is published; all of it may be left out."""

    effective_from: Utc | None = Field(
        default=None, description="Since when it counts, at most 8 days ago; first version only. Left out: now."
    )


class ZonePage(BaseModel):
    """A page of zones."""

    items: list[ZoneOut] = Field(description="Zones, oldest first.")
    next: str | None = Field(description="Cursor of the next page, null at the end.")


class VersionOutProperties(EditProperties):
    """Properties of one edit."""

    version: int = Field(description="Number of the edit, from 1.")
    created_at: Utc = Field(description="When it was made.")
    created_by: str | None = Field(description="By which key or operator.")
    effective_from: Utc | None = Field(description="Since when it matches pings; null: it never did.")
    effective_to: Utc | None = Field(description="Until when it matched pings; null: it still does, or never did.")


class VersionOut(FeatureOut):
    """One edit of a zone; `id` is the zone's."""

    properties: VersionOutProperties = Field(description="What the edit says.")


class VersionPage(BaseModel):
    """A page of edits."""

    items: list[VersionOut] = Field(description="Edits, newest first.")
    next: str | None = Field(description="Cursor of the next page, null at the end.")


def _edit_columns(edit: ZoneVersion) -> dict[str, Any]:
    columns = {name: getattr(edit, name) for name in EditProperties.model_fields if name != "metadata"}
    return columns | {"metadata": edit.extra}


def _geometry(edit: ZoneVersion) -> dict[str, Any]:
    return to_geojson(edit.geom if edit.center is None else edit.center)


def zone_out(zone: ZoneAt) -> ZoneOut:
    """A zone as answer."""
    head, edit = zone
    properties = ZoneOutProperties(
        **_edit_columns(edit),
        external_id=head.external_id,
        version=head.version,
        published_version=head.published_version,
        status=zone_status(head.version, head.published_version),
        area_m2=round(area_m2(edit.geom), 2),
        created_at=head.created_at,
        updated_at=head.updated_at,
    )
    return ZoneOut(id=head.id, geometry=_geometry(edit), properties=properties)


def _version_out(edit: ZoneVersion) -> VersionOut:
    own = {
        name: getattr(edit, name)
        for name in VersionOutProperties.model_fields
        if name not in EditProperties.model_fields
    }
    properties = VersionOutProperties(**_edit_columns(edit), **own)
    return VersionOut(id=edit.zone_id, geometry=_geometry(edit), properties=properties)


async def _get(tx: Session, me: Principal, zone_id: UUID, *, lock: bool = False) -> ZoneAt:
    zone = await store.get_zone(tx, me.tenant_id, zone_id, lock=lock)
    if not me.sees_store(zone.head.store_id):
        raise errors.NotFound(f"there is no zone {zone_id}")
    return zone


def _as_input(zone: ZoneAt) -> dict[str, Any]:
    """An edit of the zone as somebody would send it."""
    properties = _edit_columns(zone.edit) | {"external_id": zone.head.external_id}
    return {"geometry": _geometry(zone.edit), "properties": properties}


def _answer(response: Response, zone: ZoneAt) -> ZoneOut:
    response.headers["ETag"] = etag(zone.head.version)
    return zone_out(zone)


@router.get("/v1/zones")
async def list_zones(
    me: Reader,
    tx: Tx,
    page: Paging,
    boxes: Boxes,
    mall_id: Annotated[UUID | None, Query(description="Only zones of this mall.")] = None,
    level: Annotated[int | None, Query(ge=-20, le=200, description="Only zones on this level (ordinal).")] = None,
    status: Annotated[ZoneStatus | None, Query(description="Only zones that stand so.")] = None,
) -> ZonePage:
    """Zones with their newest edit, by mall, level, place and status."""
    wanted = store.Filter(mall_id=mall_id, level=level, boxes=boxes, status=status, store_ids=me.store_ids)
    rows, following = page.cut(await store.list_zones(tx, me.tenant_id, wanted, page), lambda row: row.head.id)
    return ZonePage(items=[zone_out(row) for row in rows], next=following)


@router.post("/v1/zones", status_code=201, responses=CONFLICT)
async def create_zone(body: ZoneIn, me: VenueEditor, tx: Tx, now: Now, new: NewId, response: Response) -> ZoneOut:
    """Draw a zone: Polygon, MultiPolygon, or a circle (Point with `radius_m`). It is a draft until it is published.

    Flaws of the geometry come all at once, each with a JSON pointer to its place. In a mall, name its levels.
    """
    if new.replayed:
        return _answer(response, await _get(tx, me, new.id))
    await service.check_zone(tx, me.tenant_id, body, me.store_ids)
    zone = await service.create_zone(tx, me.tenant_id, new.id, body, by=author(me), now=now)
    return _answer(response, zone)


@router.get("/v1/zones/{zone_id}")
async def get_zone(zone_id: UUID, me: Reader, tx: Tx, response: Response) -> ZoneOut:
    """A zone with its newest edit."""
    return _answer(response, await _get(tx, me, zone_id))


@router.patch("/v1/zones/{zone_id}", responses={**EDIT, **CONFLICT})
async def edit_zone(
    zone_id: UUID, body: FeaturePatch, me: VenueEditor, tx: Tx, now: Now, seen: IfMatch, response: Response
) -> ZoneOut:
    """Make a further version of a zone. What is published stays in force until the new version is published."""
    zone = await _get(tx, me, zone_id, lock=True)
    check_version(zone.head.version, seen)
    wanted = patched(ZoneIn, _as_input(zone), body.model_dump(exclude_unset=True))
    await service.check_zone(tx, me.tenant_id, wanted, me.store_ids)
    return _answer(response, await service.edit_zone(tx, me.tenant_id, zone.head, wanted, by=author(me), now=now))


@router.delete("/v1/zones/{zone_id}", status_code=204)
async def delete_zone(zone_id: UUID, me: VenueEditor, tx: Tx, now: Now) -> None:
    """Delete a zone. Those inside leave it with the reason `zone_deleted`; its versions stay for past events."""
    zone = await _get(tx, me, zone_id, lock=True)
    await service.delete_zone(tx, me.tenant_id, zone.head, now)


@router.post("/v1/zones/{zone_id}/publish")
async def publish_zone(
    zone_id: UUID, me: VenueEditor, tx: Tx, now: Now, response: Response, body: PublishIn | None = None
) -> ZoneOut:
    """Let the newest edit match pings, from two seconds later on. Repeating it changes nothing.

    Those who stand where the zone lies come in at that moment (`zone_published`), those who are no longer inside leave
    it (`zone_changed`). An edit that was taken down comes back as a further version.

    A zone that was never edited may also count pings of the last days, with `effective_from`: for a mall whose phones
    have been reporting for longer than it is drawn here. Visits of the past push nothing.
    """
    zone = await _get(tx, me, zone_id, lock=True)
    since = body.effective_from if body else None
    return _answer(response, await service.publish_zone(tx, me.tenant_id, zone, now, since))


@router.post("/v1/zones/{zone_id}/unpublish")
async def unpublish_zone(zone_id: UUID, me: VenueEditor, tx: Tx, now: Now, response: Response) -> ZoneOut:
    """Let the zone match no more, from two seconds later on; it becomes a draft. Repeating it changes nothing.

    Those inside leave it at that moment with the reason `zone_deleted`.
    """
    zone = await _get(tx, me, zone_id, lock=True)
    await service.unpublish_zone(tx, me.tenant_id, zone.head, now)
    return _answer(response, zone)


@router.get("/v1/zones/{zone_id}/versions")
async def list_versions(zone_id: UUID, me: Reader, tx: Tx, page: Paging) -> VersionPage:
    """All edits of a zone, newest first, with the time each was in force."""
    await _get(tx, me, zone_id)
    before = None if page.after is None else page.after.int
    rows = await store.list_versions(tx, me.tenant_id, zone_id, before, page.limit + 1)
    edits, following = page.cut(rows, lambda row: UUID(int=row.version))
    return VersionPage(items=[_version_out(edit) for edit in edits], next=following)


@router.post("/v1/zones/{zone_id}/versions/{version}/restore", responses=EDIT)
async def restore_version(
    zone_id: UUID,
    version: Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of the edit to go back to.")],
    me: VenueEditor,
    tx: Tx,
    now: Now,
    seen: IfMatch,
    response: Response,
) -> ZoneOut:
    """Make a further version that says what an earlier one said; publish it to put it in force.

    422 when it no longer fits: its mall, one of its levels or its store is gone. Restoring the newest changes nothing.
    """
    zone = await _get(tx, me, zone_id, lock=True)
    check_version(zone.head.version, seen)
    old = await store.get_version(tx, me.tenant_id, zone_id, version)
    if not me.sees_store(old.store_id):
        raise errors.NotFound(f"the zone has no version {version} of your stores")
    if version != zone.head.version:
        wanted = patched(ZoneIn, _as_input(ZoneAt(zone.head, old)), {})
        try:
            await service.check_zone(tx, me.tenant_id, wanted, me.store_ids)
        except errors.ItemErrors as error:
            raise errors.Invalid(f"version {version} no longer fits: {error.detail}", **error.extra) from error
        zone = await service.edit_zone(tx, me.tenant_id, zone.head, wanted, by=author(me), now=now)
    return _answer(response, zone)
