"""HTTP of evidence points: beacons, Wi-Fi access points and check-in codes on the map."""

import secrets
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import CONFLICT, EDIT, IfMatch, NewId, Now, Page, Paging, Tx, check_version, etag
from geoengage.tenancy.auth import Reader, VenueEditor
from geoengage.tenancy.rules import Principal
from geoengage.venues import store
from geoengage.venues.api.common import FeatureOut, Versioned, patched, unrestricted
from geoengage.venues.evidence_shapes import EvidencePointIn, EvidenceProperties
from geoengage.venues.models import EvidencePoint
from geoengage.venues.rules import CODE_LENGTH, EvidenceKind, to_geojson
from geoengage.venues.service import evidence as service
from geoengage.venues.shapes import FeaturePatch
from geoengage.venues.store import evidence as points

router = APIRouter(tags=["evidence"])


class ReachedOut(BaseModel):
    """A zone that a point reaches."""

    zone_id: UUID = Field(description="The zone.")
    name: str = Field(description="Its name.")


class EvidenceOutProperties(Versioned):
    """Properties of an evidence point."""

    kind: EvidenceKind = Field(description="beacon, access_point (Wi-Fi), or check_in (a code that people scan).")
    name: str = Field(description="What people call it.")
    mall_id: UUID | None = Field(description="The mall it is in; null outdoors.")
    level: int | None = Field(description="Ordinal of its level; null outdoors.")
    store_id: UUID | None = Field(description="The store it belongs to.")
    uuid: str | None = Field(description="Of a beacon: its proximity UUID, 32 lower case digits.")
    major: int | None = Field(description="Of a beacon: its major number.")
    minor: int | None = Field(description="Of a beacon: its minor number.")
    rssi_at_1m: int | None = Field(description="dBm received 1 m away; null for a check-in.")
    bssid: str | None = Field(description="Of an access point: its MAC address, `aa:bb:cc:dd:ee:ff`.")
    radius_m: float | None = Field(description="Radius of the widest disc that hearing it gives; null for a check-in.")
    code: str | None = Field(description=f"Of a check-in: its code, {CODE_LENGTH} letters and digits; made here.")
    reaches: list[ReachedOut] = Field(
        description="Published zones that hearing it can enter, by itself; sensitive ones never are."
    )


class EvidencePointOut(FeatureOut):
    """An evidence point."""

    properties: EvidenceOutProperties = Field(description="What is known of it.")


class EvidencePage(BaseModel):
    """A page of evidence points."""

    items: list[EvidencePointOut] = Field(description="Evidence points, oldest first.")
    next: str | None = Field(description="Cursor of the next page, null at the end.")


async def _out(tx: Session, me: Principal, rows: list[EvidencePoint]) -> list[EvidencePointOut]:
    """Answers; whoever is restricted to stores hears of their own zones only."""
    reached = await service.list_reached(tx, me.tenant_id, rows)
    own = [name for name in EvidenceOutProperties.model_fields if name != "reaches"]
    return [
        EvidencePointOut(
            id=row.id,
            geometry=to_geojson(row.point),
            properties=EvidenceOutProperties(
                **{name: getattr(row, name) for name in own},
                reaches=[
                    ReachedOut(zone_id=z.zone_id, name=z.name)
                    for z in reached.get(row.id, ())
                    if me.sees_store(z.store_id)
                ],
            ),
        )
        for row in rows
    ]


async def _answer(tx: Session, me: Principal, row: EvidencePoint, response: Response) -> EvidencePointOut:
    response.headers["ETag"] = etag(row.version)
    return (await _out(tx, me, [row]))[0]


async def _get(tx: Session, me: Principal, point_id: UUID, *, lock: bool = False) -> EvidencePoint:
    row = await store.get_row(tx, me.tenant_id, EvidencePoint, point_id, lock=lock)
    if not me.sees_store(row.store_id):
        raise errors.NotFound(f"there is no evidence point {point_id}")
    return row


def _as_input(row: EvidencePoint) -> dict[str, Any]:
    """The point as somebody would send it."""
    properties = {name: getattr(row, name) for name in EvidenceProperties.model_fields}
    return {"geometry": to_geojson(row.point), "properties": properties}


@router.get("/v1/evidence-points")
async def list_evidence_points(
    me: Reader,
    tx: Tx,
    page: Paging,
    mall_id: Annotated[UUID | None, Query(description="Only points in this mall.")] = None,
    level: Annotated[int | None, Query(ge=-20, le=200, description="Only points on this level (ordinal).")] = None,
    kind: Annotated[EvidenceKind | None, Query(description="Only points of this kind.")] = None,
    zone_id: Annotated[UUID | None, Query(description="Only points that reach this published zone.")] = None,
) -> EvidencePage:
    """Beacons, access points and check-in codes; a credential restricted to stores sees those of its stores."""
    wanted = points.PointFilter(mall_id=mall_id, level=level, kind=kind, store_ids=me.store_ids)
    if zone_id is None:
        found = list(await points.list_points(tx, me.tenant_id, wanted, page))
    else:
        found = await _reaching(tx, me, wanted, zone_id, page)
    rows, following = page.cut(found, lambda row: row.id)
    return EvidencePage(items=await _out(tx, me, rows), next=following)


async def _reaching(
    tx: Session, me: Principal, wanted: points.PointFilter, zone_id: UUID, page: Page
) -> list[EvidencePoint]:
    """The points behind the page's cursor that reach a zone; they are few. Of somebody else's zone: none."""
    try:
        head = (await store.get_zone(tx, me.tenant_id, zone_id)).head
    except errors.NotFound:
        return []
    if head.published_version is None or not me.sees_store(head.store_id):
        return []
    published = await store.get_version(tx, me.tenant_id, zone_id, head.published_version)
    near = await points.list_points(tx, me.tenant_id, replace(wanted, near=published.geom))
    reached = await service.list_reached(tx, me.tenant_id, near)
    found = [row for row in near if any(z.zone_id == zone_id for z in reached.get(row.id, ()))]
    return [row for row in found if page.after is None or row.id > page.after][: page.limit + 1]


@router.post("/v1/evidence-points", status_code=201, responses=CONFLICT)
async def create_evidence_point(
    body: EvidencePointIn, me: VenueEditor, tx: Tx, now: Now, new: NewId, response: Response
) -> EvidencePointOut:
    """Put a beacon, an access point or a check-in code on the map; phones that hear or scan it are there at once.

    In a mall name its level: hearing the point tells a phone's floor. The code of a check-in is made here.
    409 when another point has the same identity.
    """
    unrestricted(me)
    if new.replayed:
        row = await _get(tx, me, new.id)
    else:
        chance = secrets.token_bytes(CODE_LENGTH)
        row = await service.create_point(tx, me.tenant_id, new.id, body, chance=chance, now=now)
    return await _answer(tx, me, row, response)


@router.get("/v1/evidence-points/{point_id}")
async def get_evidence_point(point_id: UUID, me: Reader, tx: Tx, response: Response) -> EvidencePointOut:
    """One evidence point."""
    return await _answer(tx, me, await _get(tx, me, point_id), response)


@router.patch("/v1/evidence-points/{point_id}", responses={**EDIT, **CONFLICT})
async def edit_evidence_point(
    point_id: UUID, body: FeaturePatch, me: VenueEditor, tx: Tx, now: Now, seen: IfMatch, response: Response
) -> EvidencePointOut:
    """Move or change a point. Its kind stays, and so does its code: posters hang on walls."""
    unrestricted(me)
    row = await _get(tx, me, point_id, lock=True)
    check_version(row.version, seen)
    given = patched(EvidencePointIn, _as_input(row), body.model_dump(exclude_unset=True))
    await service.edit_point(tx, me.tenant_id, row, given, now)
    return await _answer(tx, me, row, response)


@router.delete("/v1/evidence-points/{point_id}", status_code=204)
async def delete_evidence_point(point_id: UUID, me: VenueEditor, tx: Tx, now: Now) -> None:
    """Take a point off the map. Hearing it says nothing any more; its code leads nowhere."""
    unrestricted(me)
    await service.delete_point(tx, me.tenant_id, await _get(tx, me, point_id, lock=True), now)
