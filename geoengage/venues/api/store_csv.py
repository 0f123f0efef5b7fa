"""HTTP of a chain's stores as a CSV file."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from geoengage.kit.http import CONFLICT, Now, Tx
from geoengage.tenancy.auth import VenueEditor
from geoengage.venues import service
from geoengage.venues.api.common import author, unrestricted
from geoengage.venues.report import ImportMode, ImportReport

router = APIRouter(tags=["venues"])
_FILE = {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}


@router.post("/v1/imports/stores", openapi_extra={"requestBody": _FILE}, responses=CONFLICT)
async def import_stores(
    request: Request,
    me: VenueEditor,
    tx: Tx,
    now: Now,
    mode: Annotated[ImportMode, Query(description="`preview` says what would happen and stores nothing.")],
    skip_invalid: Annotated[bool, Query(description="Store what is right although something is wrong.")] = False,
) -> ImportReport:
    """Add or update stores from a CSV file (UTF-8; `,` `;` or tab), matched by external id. Up to 20,000 lines.

    Columns by the first line, in any order: external_id, name, lon, lat, address, category, brand_color, timezone,
    catchment_m, delivery_m. The last two make draft zones: circles around the store. An empty cell leaves what is
    there. A commit in which something is wrong stores nothing and answers 422 `/problems/import-refused` with the
    `report`, unless `skip_invalid`.
    """
    unrestricted(me)
    return await service.import_stores(
        tx, me.tenant_id, await request.body(), now, by=author(me), mode=mode, skip_invalid=skip_invalid
    )
