"""Zone events and visits, to be read."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from geoengage.kit import errors
from geoengage.kit.http import PROBLEMS, Paging, Tx
from geoengage.kit.ids import TenantId
from geoengage.presence import store
from geoengage.tenancy.auth import Reader
from geoengage.tenancy.rules import Principal, Scope

router = APIRouter(tags=["presence"])


class ZoneEventOut(BaseModel):
    """Something that happened between a device and a zone."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="Hashed from device, zone, visit, kind and mark: the same event never has two ids.")
    at: datetime = Field(description="Event time.")
    recorded_at: datetime = Field(description="When it was found out.")
    kind: str = Field(description="entered, dwelled, exited, retracted or revised.")
    device_id: UUID | None = Field(description="Only for those who may see people.")
    zone_id: UUID = Field(description="The zone.")
    zone_version: int = Field(description="The version of the zone that matched.")
    visit_id: UUID = Field(description="The visit that it belongs to.")
    dwell_s: int | None = Field(description="The mark, for dwelled.")
    confidence: float = Field(description="0–1.")
    evidence: str = Field(description="What the deciding fix rests on: gnss, wifi, crossing …")
    reason: str = Field(description="The rule that decided.")
    by_silence: bool = Field(description="The dwell mark passed while the phone said nothing.")
    late: bool = Field(description="Too old to push when it was recorded, or over already.")
    details: dict[str, Any] = Field(
        description="For revised: `revision`, the `visit` as it is now and as it was told `before`, each with"
        " entered_at, exited_at, exit_reason and last_dwell_s. Else empty."
    )


class VisitOut(BaseModel):
    """One entered … exited span."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="The visit.")
    device_id: UUID | None = Field(description="Only for those who may see people.")
    zone_id: UUID = Field(description="The zone.")
    zone_version: int = Field(description="The version of the zone at the entry.")
    entered_at: datetime = Field(description="First fix inside.")
    exited_at: datetime | None = Field(description="Last moment inside; null while open.")
    exit_reason: str | None = Field(description="left, silence, zone_deleted, consent_withdrawn …")
    last_dwell_s: int | None = Field(description="The highest dwell mark reached.")
    revision: int = Field(description="How often late positions have put the visit right.")


class ZoneEventList(BaseModel):
    """A page of zone events."""

    items: list[ZoneEventOut] = Field(description="Newest first.")
    next: str | None = Field(description="Cursor of the next page, null at the end.")


class VisitList(BaseModel):
    """A page of visits."""

    items: list[VisitOut] = Field(description="Newest first.")
    next: str | None = Field(description="Cursor of the next page, null at the end.")


ZoneFilter = Annotated[UUID | None, Query(description="Only this zone.")]
DeviceFilter = Annotated[UUID | None, Query(description="Only this device; needs the right to see people.")]


def _person_filter(me: Principal, device_id: UUID | None) -> bool:
    """Whether ids of devices may be shown; Forbidden when somebody asks for one without the right."""
    may = me.may(Scope.PEOPLE) or (me.is_demo and me.store_ids is None)
    if device_id is not None and not may:
        raise errors.Forbidden("filtering by device needs the scope 'people' or the role support or owner")
    return may


@router.get("/v1/zone-events", responses=PROBLEMS)
async def list_zone_events(
    me: Reader,
    tx: Tx,
    page: Paging,
    zone_id: ZoneFilter = None,
    device_id: DeviceFilter = None,
    kind: Annotated[
        str | None, Query(pattern="^(entered|dwelled|exited|retracted|revised)$", description="Only these.")
    ] = None,
    after: Annotated[datetime | None, Query(description="Recorded after this time.")] = None,
) -> ZoneEventList:
    """Zone events, newest first. A store-restricted key sees those of its stores' zones."""
    shows_people = _person_filter(me, device_id)
    rows = await store.list_zone_events(
        tx,
        TenantId(me.tenant_id),
        store.EventFilter(zone_id, device_id, kind, after, me.store_ids),
        offset_id=page.after,
        limit=page.limit + 1,
    )
    items, following = page.cut([ZoneEventOut.model_validate(r) for r in rows], lambda e: e.id)
    if not shows_people:
        items = [i.model_copy(update={"device_id": None}) for i in items]
    return ZoneEventList(items=items, next=following)


@router.get("/v1/visits", responses=PROBLEMS)
async def list_visits(
    me: Reader,
    tx: Tx,
    page: Paging,
    zone_id: ZoneFilter = None,
    device_id: DeviceFilter = None,
    is_open: Annotated[
        bool | None, Query(alias="open", description="Only open (true) or closed (false) visits.")
    ] = None,
) -> VisitList:
    """Visits, newest first. A store-restricted key sees those of its stores' zones."""
    shows_people = _person_filter(me, device_id)
    rows = await store.list_visits(
        tx,
        TenantId(me.tenant_id),
        store.VisitFilter(zone_id, device_id, is_open, me.store_ids),
        before=page.after,
        limit=page.limit + 1,
    )
    items, following = page.cut([VisitOut.model_validate(r) for r in rows], lambda v: v.id)
    if not shows_people:
        items = [i.model_copy(update={"device_id": None}) for i in items]
    return VisitList(items=items, next=following)
