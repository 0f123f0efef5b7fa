"""HTTP of check-in: what the QR code on a door or counter holds, and what the phone sends when it was scanned."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import AwareDatetime, BaseModel, Field, model_validator

from geoengage.kit import errors
from geoengage.kit.db import transaction
from geoengage.kit.http import PROBLEMS, Now
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Shape
from geoengage.presence import store
from geoengage.presence.rules.fixes import PingIn
from geoengage.presence.service import Batch
from geoengage.presence.writer import PingWriter
from geoengage.tenancy.auth import DeviceCaller
from geoengage.venues import store as venues
from geoengage.venues.models import Store
from geoengage.venues.rules import normal_code
from geoengage.venues.store import evidence

router = APIRouter(tags=["evidence"])
SHOPPER_PAGE = "/shopper/"
Code = Annotated[
    str, Path(max_length=64, description="The code on the poster; case, spaces and hyphens do not matter.")
]
_NO_SUCH_CODE = "there is no such code; it may have been taken down"
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>No such code</title>
<h1>This code leads nowhere</h1>
<p>It was taken down, or part of it is missing. Scan the poster again, or ask in the shop.</p>
</html>
"""


class CheckInIn(Shape):
    """What a phone may add to the code; all of it may be left out."""

    at: AwareDatetime | None = Field(default=None, description="When it was scanned, RFC 3339; left out: now.")
    lon: float | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False, description="Degrees east, if known.")
    lat: float | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False, description="Degrees north, if known.")
    accuracy_m: float | None = Field(default=None, allow_inf_nan=False, description="68 % radius of lon, lat, metres.")

    @model_validator(mode="after")
    def _whole(self) -> "CheckInIn":
        if (self.lon is None) != (self.lat is None):
            raise ValueError("`lon` and `lat` belong together")
        return self


class CheckInOut(BaseModel):
    """What became of a check-in."""

    accepted: bool = Field(description="The device is at the point now, and in the zones around it.")
    reason: str | None = Field(
        description="Why not: no_location_consent, in_future, too_old …, as for pings; null when accepted."
    )
    point: str = Field(description="Name of the check-in point.")
    store: str | None = Field(description="Name of its store, when it belongs to one.")


@router.post("/v1/check-in/{code}", responses=PROBLEMS)
async def check_in(
    request: Request, code: Code, me: DeviceCaller, now: Now, body: CheckInIn | None = None
) -> CheckInOut:
    """Say that this device's person scanned the code on a door or counter: it is there, without doubt.

    The zones that hold the point (or lie within a metre) are entered at once. Without location consent nothing is kept:
    `accepted` is false, `reason` no_location_consent. Safe to repeat with the same `at`.
    """
    tenant_id, given = TenantId(me.tenant_id), body or CheckInIn()
    async with transaction(request.app.state.sessions, tenant_id) as session:
        point = await evidence.find_by_code(session, tenant_id, normal_code(code))
        if point is None:
            raise errors.NotFound(_NO_SUCH_CODE)
        shop = None if point.store_id is None else await venues.get_row(session, tenant_id, Store, point.store_id)
    try:
        ping = PingIn(
            at=given.at or now, lon=given.lon, lat=given.lat, accuracy_m=given.accuracy_m, check_in=point.code
        )
    except ValueError as error:  # a year that cannot be reckoned with
        raise errors.field("at", str(error)) from error
    batch = Batch(device_id=me.id, token_version=me.token_version, sent_at=None, received_at=now, pings=[(0, ping)])
    writer: PingWriter = request.app.state.ping_writer
    await writer.submit(tenant_id, batch)
    if batch.error is not None:
        raise batch.error
    reason = batch.refused[0][1] if batch.refused else None
    return CheckInOut(
        accepted=reason is None, reason=reason, point=point.name, store=None if shop is None else shop.name
    )


@router.get("/v1/check-in/{code}", status_code=303, responses={404: PROBLEMS[404]}, response_class=Response)
async def open_check_in(request: Request, code: Code) -> Response:
    """What a poster's QR code holds: opens the shopper page of the shop's app, which asks and then checks in.

    Needs no credential, since a camera app has none. An unknown code is 404, in a browser a plain page.
    """
    async with transaction(request.app.state.sessions, None) as session:  # whose code it is, is the question
        point = await evidence.find_owner_of_code(session, normal_code(code))
        app_id: UUID | None = None
        if point is not None:
            app_id = await store.find_shopper_app(session, TenantId(point.tenant_id), point.store_id)
    if point is None:
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(_PAGE, 404)
        raise errors.NotFound(_NO_SUCH_CODE)
    query = {"check_in": point.code} | ({} if app_id is None else {"app": str(app_id)})
    return RedirectResponse(f"{SHOPPER_PAGE}?{urlencode(query)}", 303, {"Cache-Control": "no-store"})
