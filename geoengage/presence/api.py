"""HTTP of presence: pings in (a bare route, msgspec, grouped), nearby geofences, zone events and visits out.

`POST /v1/pings` is no FastAPI route: models and dependencies cost more than the work. It reads the body with msgspec,
checks the device token by its signature without SQL, and waits for its group's commit. Its entry in the OpenAPI is made
from the same structs.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from geoengage.kit import errors
from geoengage.kit.clock import utc_now
from geoengage.kit.http import PROBLEMS, Paging, Tx
from geoengage.kit.ids import TenantId
from geoengage.presence import store
from geoengage.presence.rules.fixes import PingIn, check_year
from geoengage.presence.service import Batch
from geoengage.presence.writer import PingWriter
from geoengage.tenancy.auth import DeviceCaller, Reader, authenticate
from geoengage.tenancy.rules import Principal, PrincipalKind, Scope

router = APIRouter(tags=["presence"])
MAX_PINGS = 1_000
MAX_BODY_BYTES = 2_000_000
SMALLEST_REFRESH_M, FAR_M = 200.0, 20_000.0  # of the circle on whose exit a phone asks again


SentAt = Annotated[datetime, msgspec.Meta(tz=True, description="The phone's clock when it sent this.")] | None


class PingsIn(msgspec.Struct, frozen=True, kw_only=True):
    """The body of POST /v1/pings."""

    pings: Annotated[
        list[PingIn], msgspec.Meta(min_length=1, max_length=MAX_PINGS, description="Positions, in any order.")
    ]
    sent_at: SentAt = None

    def __post_init__(self) -> None:
        """Refuse a clock that cannot be reckoned with."""
        if self.sent_at is not None:
            check_year("sent_at", self.sent_at)


class _LoosePings(PingsIn, frozen=True, kw_only=True):
    pings: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1, max_length=MAX_PINGS)]  # type: ignore[assignment]


class RejectedPing(msgspec.Struct, frozen=True):
    """A ping that was not taken, by its index in the request."""

    index: Annotated[int, msgspec.Meta(description="Which ping of the request, from 0.")]
    reason: Annotated[str, msgspec.Meta(description="From a closed list; `invalid: …` names the field.")]


class PingsOut(msgspec.Struct, frozen=True):
    """What became of the pings of one request."""

    accepted: Annotated[int, msgspec.Meta(description="Stored.")]
    duplicates: Annotated[int, msgspec.Meta(description="Already known by (device, at).")]
    rejected: Annotated[list[RejectedPing], msgspec.Meta(description="The others, each with its reason.")]


_strict = msgspec.json.Decoder(PingsIn)
_loose = msgspec.json.Decoder(_LoosePings)
_one = msgspec.json.Decoder(PingIn)
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # the last one: nested too deeply
_encoder = msgspec.json.Encoder()


async def post_pings(request: Request) -> Response:
    """Take in positions; see `PINGS_OPENAPI`."""
    principal = await _ping_sender(request)
    batch = _decode(await _body(request), principal, utc_now())
    writer: PingWriter = request.app.state.ping_writer
    await writer.submit(TenantId(principal.tenant_id), batch)
    if batch.error is not None:
        raise batch.error
    rejected = [RejectedPing(index, reason) for index, reason in sorted(batch.refused)]
    return Response(
        _encoder.encode(PingsOut(batch.accepted, batch.duplicates, rejected)), media_type="application/json"
    )


async def _ping_sender(request: Request) -> Principal:
    principal = await authenticate(request)
    if principal.kind is PrincipalKind.DEVICE:
        return principal
    if principal.kind is PrincipalKind.SECRET_KEY and principal.may(Scope.PINGS) and principal.store_ids is None:
        return principal
    raise errors.Forbidden("pings need a device token, or a secret key with the scope 'pings' for the whole tenant")


async def _body(request: Request) -> bytes:
    size = request.headers.get("content-length", "")
    if size.isdecimal() and int(size) > MAX_BODY_BYTES:
        raise errors.TooLarge(f"send at most {MAX_BODY_BYTES} bytes at a time", limit=MAX_BODY_BYTES)
    try:
        body = await request.body()
    except ClientDisconnect as error:
        raise errors.Invalid("the connection ended before the body did; send the pings again") from error
    if len(body) > MAX_BODY_BYTES:
        raise errors.TooLarge(f"send at most {MAX_BODY_BYTES} bytes at a time", limit=MAX_BODY_BYTES)
    return body


def _decode(body: bytes, principal: Principal, received_at: datetime) -> Batch:
    """The batch of a body. One bad ping is refused by itself; only a body that is no list of pings is refused whole."""
    device = principal.kind is PrincipalKind.DEVICE
    undecodable: list[tuple[int, str]] = []
    try:
        whole = _strict.decode(body)
        sent_at, pings = whole.sent_at, list(enumerate(whole.pings))
    except _UNDECODABLE:
        sent_at, pings = _decode_one_by_one(body, undecodable)
    return Batch(
        device_id=principal.id if device else None,
        token_version=principal.token_version if device else None,
        sent_at=sent_at,
        received_at=received_at,
        pings=pings,
        undecodable=undecodable,
    )


def _decode_one_by_one(
    body: bytes, undecodable: list[tuple[int, str]]
) -> tuple[datetime | None, list[tuple[int, PingIn]]]:
    try:
        loose = _loose.decode(body)
    except msgspec.ValidationError as error:
        raise errors.ItemErrors([{"pointer": "#", "in": "body", "detail": str(error)}]) from error
    except _UNDECODABLE as error:
        detail = f"not JSON (NaN and Infinity are not either): {error}"
        raise errors.ItemErrors([{"pointer": "#", "in": "body", "detail": detail}]) from error
    pings = []
    for index, raw in enumerate(loose.pings):
        try:
            pings.append((index, _one.decode(raw)))
        except _UNDECODABLE as error:
            undecodable.append((index, f"invalid: {error}"))
    return loose.sent_at, pings


pings_route = Route("/v1/pings", post_pings, methods=["POST"])


def pings_openapi() -> tuple[dict[str, Any], dict[str, Any]]:
    """The OpenAPI path item of POST /v1/pings and the component schemas it needs, from the structs that decode it."""
    (body, answer), components = msgspec.json.schema_components(
        [PingsIn, PingsOut], ref_template="#/components/schemas/{name}"
    )
    problem = {
        "description": "Problem",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    operation = {
        "tags": ["presence"],
        "summary": "Post Pings",
        "operationId": "post_pings",
        "description": (
            "Positions of one device (device token), or of many (secret key, `device_id` in each ping); live or in"
            " batches after being offline, in any order. Answered 200 once everything accepted is durable. One bad ping"
            " never loses the others: `rejected` names each by its index. Without location consent all are rejected"
            " `no_location_consent` and no coordinate is kept. Safe to repeat: known (device, at) are counted as"
            " `duplicates`."
        ),
        "security": [{"HTTPBearer": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {"description": "Durable.", "content": {"application/json": {"schema": answer}}},
            **dict.fromkeys(("401", "403", "413", "422", "503"), problem),
        },
    }
    return {"post": operation}, components


# --- reading ------------------------------------------------------------------------------------------------------


class CircleOut(BaseModel):
    """A zone as a circle that a phone can monitor."""

    zone_id: UUID = Field(description="The zone.")
    name: str = Field(description="Its name.")
    lon: float = Field(description="Centre, degrees.")
    lat: float = Field(description="Centre, degrees.")
    radius_m: float = Field(description="Holds the whole zone; at least 100 m, since phones cannot do less.")


class RefreshOut(BaseModel):
    """Leave this circle: ask again."""

    lon: float = Field(description="Centre, degrees.")
    lat: float = Field(description="Centre, degrees.")
    radius_m: float = Field(description="Radius, metres.")


class GeofencesOut(BaseModel):
    """What to monitor from here."""

    circles: list[CircleOut] = Field(description="Nearest first.")
    refresh: RefreshOut = Field(description="Monitor this one's exit beside the others and ask again when it fires.")


@router.get("/v1/geofences/nearby", responses=PROBLEMS)
async def list_nearby_geofences(
    request: Request,
    me: DeviceCaller,
    tx: Tx,
    lon: Annotated[float, Query(ge=-180, le=180, description="Where the phone is, degrees.", allow_inf_nan=False)],
    lat: Annotated[float, Query(ge=-90, le=90, description="Where the phone is, degrees.", allow_inf_nan=False)],
    limit: Annotated[int, Query(ge=2, le=100, description="How many regions the phone can monitor (iOS 20).")] = 20,
) -> GeofencesOut:
    """The nearest published zones as circles for on-device monitoring, and one circle to refresh them by.

    Without location consent there is nothing to monitor: no circles.
    """
    tenant_id = TenantId(me.tenant_id)
    device = await store.find_device(tx, tenant_id, me.id, me.token_version)
    writer: PingWriter = request.app.state.ping_writer
    tenant = await store.get_ping_policy(tx, tenant_id)
    index = await writer.indexes.get(tx, tenant_id, tenant.epoch)
    found = index.nearest_circles(lon, lat, limit - 1) if device.may_locate else []
    # Zones beyond the last one are at least as far away as its box.
    reach = found[-1][1] if len(found) == limit - 1 else FAR_M
    circles = [
        CircleOut(zone_id=c.zone_id, name=c.name, lon=c.lon, lat=c.lat, radius_m=round(c.radius_m, 1)) for c, _ in found
    ]
    refresh = RefreshOut(lon=lon, lat=lat, radius_m=round(min(FAR_M, max(SMALLEST_REFRESH_M, reach * 0.8)), 1))
    return GeofencesOut(circles=circles, refresh=refresh)


class ZoneEventOut(BaseModel):
    """Something that happened between a device and a zone."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="Hashed from device, zone, visit, kind and mark: the same event never has two ids.")
    at: datetime = Field(description="Event time.")
    recorded_at: datetime = Field(description="When it was found out.")
    kind: str = Field(description="entered, dwelled, exited or retracted.")
    device_id: UUID | None = Field(description="Only for those who may see people.")
    zone_id: UUID = Field(description="The zone.")
    zone_version: int = Field(description="The version of the zone that matched.")
    visit_id: UUID = Field(description="The visit that it belongs to.")
    dwell_s: int | None = Field(description="The mark, for dwelled.")
    confidence: float = Field(description="0–1.")
    evidence: str = Field(description="What the deciding fix rests on: gnss, wifi, crossing …")
    reason: str = Field(description="The rule that decided.")
    by_silence: bool = Field(description="The dwell mark passed while the phone said nothing.")
    late: bool = Field(description="Too old to push when it was recorded.")


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
        str | None, Query(pattern="^(entered|dwelled|exited|retracted)$", description="Only these.")
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
