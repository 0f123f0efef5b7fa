"""HTTP of scanners, and of the Wi-Fi address by which scanning access points recognise a device.

Nothing that identifies a phone is kept in clear: of an address only a keyed hash, of a scanner's secret too.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, BaseModel, Field, SecretStr, StringConstraints

from geoengage.ingest import store
from geoengage.ingest.api.meraki import ADDRESS_KEY, PATH, SECRET_KEY
from geoengage.ingest.models import Scanner
from geoengage.ingest.rules import meraki
from geoengage.ingest.rules.vocabulary import plain_address
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import CONFLICT, EDIT, PROBLEMS, IfMatch, NewId, Now, Paging, Tx, check_version, etag
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Name, Patch, Shape
from geoengage.profiles.store import lock_device, set_wifi_hash
from geoengage.tenancy.auth import Admin, PeopleReader
from geoengage.venues.store import level_ordinals

router = APIRouter(responses=PROBLEMS)
MOST_PLANS = 500
Validator = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]+$", min_length=8, max_length=200)]
Secret = Annotated[SecretStr, Field(min_length=12, max_length=200)]


class FloorPlan(Shape):
    """A floor plan of the Meraki dashboard and the level that it shows."""

    floor_plan_id: Annotated[str, StringConstraints(min_length=1, max_length=100)] = Field(
        description="Its id at Cisco, `floorPlanId` of a location."
    )
    mall_id: UUID = Field(description="The mall.")
    level: int = Field(ge=-100, le=200, description="Ordinal of the level, 0 = ground.")


Plans = Annotated[list[FloorPlan], Field(max_length=MOST_PLANS)]


class ScannerIn(Shape):
    """A network of access points to listen to."""

    name: Name = Field(description="What you call it.")
    validator: Validator = Field(description="As the Meraki dashboard shows it; we answer Cisco with it.")
    secret: Secret = Field(description="The shared secret that you enter there. Never shown again.")
    floor_plans: Plans = Field(default=[], description="Which level each of its floor plans shows.")


class ScannerPatch(Patch):
    """Changes of a scanner."""

    name: Name | None = Field(default=None, description="What you call it.")
    validator: Validator | None = Field(default=None, description="As the Meraki dashboard shows it.")
    secret: Secret | None = Field(default=None, description="The shared secret. Never shown again.")
    floor_plans: Plans | None = Field(default=None, description="All of them, in place of those before.")


class ScannerOut(Shape):
    """A network of access points. Its secret is never shown."""

    id: UUID = Field(description="Id of the scanner.")
    version: int = Field(description="Rises with every edit; the ETag is `v` and this number.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it was last changed.")
    name: str = Field(description="What you call it.")
    validator: str = Field(description="What we answer Cisco.")
    floor_plans: list[FloorPlan] = Field(description="Which level each of its floor plans shows.")
    url: str = Field(description="The post URL to enter in the Meraki dashboard.")


class ScannerPage(BaseModel):
    """A page of scanners."""

    items: list[ScannerOut] = Field(description="Scanners, oldest first.")
    next: str | None = Field(description="Cursor of the next page, null at the end.")


def _address(value: str) -> str:
    address = plain_address(value)
    if address is None:
        raise ValueError("a Wi-Fi address is twelve hex digits, aa:bb:cc:dd:ee:ff")
    return address


class WifiAddressIn(Shape):
    """The address by which access points hear a device."""

    address: Annotated[str, StringConstraints(max_length=40), AfterValidator(_address)] = Field(
        description="Its Wi-Fi address in your network, `aa:bb:cc:dd:ee:ff`. Only a keyed hash of it is kept."
    )


def _out(request: Request, row: Scanner) -> ScannerOut:
    base = request.app.state.settings.public_url or str(request.base_url)
    about = {name: getattr(row, name) for name in ScannerOut.model_fields if name != "url"}
    return ScannerOut(**about, url=base.rstrip("/") + PATH.format(scanner_id=row.id))


def _secret_hash(request: Request, scanner_id: UUID, secret: SecretStr) -> str:
    key = meraki.derive_key(request.app.state.signing_key, SECRET_KEY)
    return meraki.secret_hash(key, scanner_id, secret.get_secret_value())


async def _stored_plans(tx: Session, tenant_id: TenantId, plans: list[FloorPlan]) -> list[dict[str, object]]:
    """Floor plans as the row holds them; ItemErrors names a level that no mall has, or a plan that comes twice."""
    levels = await level_ordinals(tx, tenant_id)
    seen: set[str] = set()
    wrong = []
    for number, plan in enumerate(plans):
        if plan.level not in levels.get(plan.mall_id, ()):
            wrong.append((number, "level", "there is no such level in this mall"))
        if plan.floor_plan_id in seen:
            wrong.append((number, "floor_plan_id", "this floor plan comes twice"))
        seen.add(plan.floor_plan_id)
    if wrong:
        raise errors.ItemErrors(
            [{"pointer": f"#/floor_plans/{n}/{name}", "in": "body", "detail": detail} for n, name, detail in wrong]
        )
    return [plan.model_dump(mode="json") for plan in plans]


@router.get("/v1/scanners", tags=["scanners"])
async def list_scanners(request: Request, me: Admin, tx: Tx, page: Paging) -> ScannerPage:
    """Networks of scanning access points."""
    rows = await store.list_scanners(tx, me.tenant_id, page.after, page.limit + 1)
    items, after = page.cut(rows, lambda row: row.id)
    return ScannerPage(items=[_out(request, row) for row in items], next=after)


@router.post("/v1/scanners", status_code=201, tags=["scanners"])
async def create_scanner(
    body: ScannerIn, request: Request, response: Response, me: Admin, tx: Tx, new: NewId
) -> ScannerOut:
    """Listen to a network of Cisco Meraki access points by its Scanning API, version 3.

    Enter the answer's `url` as post URL in the dashboard, with the secret that you give here. Only devices whose
    address was set by `PUT /v1/devices/{device_id}/wifi-address` and that consented to location are ever read.
    """
    if not new.replayed:
        plans = await _stored_plans(tx, me.tenant_id, body.floor_plans)
        row = Scanner(
            id=new.id,
            name=body.name,
            validator=body.validator,
            secret_hash=_secret_hash(request, new.id, body.secret),
            floor_plans=plans,
        )
        await store.insert_scanner(tx, me.tenant_id, row)
    row = await store.get_scanner(tx, me.tenant_id, new.id)
    response.headers["ETag"] = etag(row.version)
    return _out(request, row)


@router.get("/v1/scanners/{scanner_id}", tags=["scanners"])
async def get_scanner(scanner_id: UUID, request: Request, response: Response, me: Admin, tx: Tx) -> ScannerOut:
    """A network of scanning access points."""
    row = await store.get_scanner(tx, me.tenant_id, scanner_id)
    response.headers["ETag"] = etag(row.version)
    return _out(request, row)


@router.patch("/v1/scanners/{scanner_id}", responses=EDIT, tags=["scanners"])
async def change_scanner(
    scanner_id: UUID,
    body: ScannerPatch,
    request: Request,
    response: Response,
    me: Admin,
    tx: Tx,
    now: Now,
    seen: IfMatch,
) -> ScannerOut:
    """Change a scanner; a new secret counts from now on."""
    row = await store.get_scanner(tx, me.tenant_id, scanner_id, lock=True)
    check_version(row.version, seen)
    changes = {name: value for name, value in body.changes().items() if name in ("name", "validator")}
    if body.secret is not None:
        changes["secret_hash"] = _secret_hash(request, scanner_id, body.secret)
    if body.floor_plans is not None:
        changes["floor_plans"] = await _stored_plans(tx, me.tenant_id, body.floor_plans)
    await store.update_scanner(tx, me.tenant_id, row, changes, now)
    response.headers["ETag"] = etag(row.version)
    return _out(request, row)


@router.delete("/v1/scanners/{scanner_id}", status_code=204, tags=["scanners"])
async def delete_scanner(scanner_id: UUID, me: Admin, tx: Tx) -> None:
    """Stop listening to a network."""
    await store.delete_scanner(tx, me.tenant_id, await store.get_scanner(tx, me.tenant_id, scanner_id, lock=True))


@router.put("/v1/devices/{device_id}/wifi-address", status_code=204, responses=CONFLICT, tags=["devices and people"])
async def set_wifi_address(device_id: UUID, body: WifiAddressIn, request: Request, me: PeopleReader, tx: Tx) -> None:
    """Say by which Wi-Fi address your access points hear a device, as your network's login knows it.

    From then on scanners locate it, as long as it consents to location. Needs the scope `people`.
    """
    key = meraki.derive_key(request.app.state.signing_key, ADDRESS_KEY)
    device = await lock_device(tx, me.tenant_id, device_id)
    if me.is_test and not device.is_test:
        raise errors.NotFound(f"test device {device_id} does not exist")
    await set_wifi_hash(tx, me.tenant_id, device, meraki.address_hash(key, me.tenant_id, body.address))


@router.delete("/v1/devices/{device_id}/wifi-address", status_code=204, tags=["devices and people"])
async def delete_wifi_address(device_id: UUID, me: PeopleReader, tx: Tx) -> None:
    """Forget by which address access points hear a device. Needs the scope `people`."""
    device = await lock_device(tx, me.tenant_id, device_id)
    if me.is_test and not device.is_test:
        raise errors.NotFound(f"test device {device_id} does not exist")
    await set_wifi_hash(tx, me.tenant_id, device, None)
