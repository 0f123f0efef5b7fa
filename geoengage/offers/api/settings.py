"""HTTP of what offers are reckoned with: margins."""

from uuid import UUID

from fastapi import APIRouter

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.offers import store
from geoengage.offers.shapes.coupons import MarginsIn, MarginsOut, StoreMargin, StoreMarginIn
from geoengage.tenancy import store as tenancy_store
from geoengage.tenancy.auth import CampaignEditor, Reader
from geoengage.tenancy.rules import Principal

router = APIRouter(tags=["offers"], responses=PROBLEMS)


@router.get("/v1/margins")
async def get_margins(me: Reader, tx: Tx) -> MarginsOut:
    """What part of a price is left, where no product's cost says so. Offers keep to the floor; reports reckon profit.

    A product's own cost goes before the store's margin, and that before the tenant's.
    """
    return await _margins(tx, me)


@router.put("/v1/margins")
async def put_margins(body: MarginsIn, me: CampaignEditor, tx: Tx, now: Now) -> MarginsOut:
    """Say the tenant's margin, and the floor that every offer without one of its own keeps."""
    _whole_tenant(me)
    tenant_id = TenantId(me.tenant_id)
    await store.set_margin(tx, tenant_id, tenant_id, body.model_dump(), now)
    return await _margins(tx, me)


@router.put("/v1/margins/{store_id}")
async def put_store_margin(store_id: UUID, body: StoreMarginIn, me: CampaignEditor, tx: Tx, now: Now) -> MarginsOut:
    """Say a store's margin."""
    tenant_id = TenantId(me.tenant_id)
    if not me.sees_store(store_id) or await tenancy_store.list_missing_stores(tx, tenant_id, [store_id]):
        raise errors.NotFound(f"store {store_id} does not exist")
    await store.set_margin(tx, tenant_id, store_id, body.model_dump(), now)
    return await _margins(tx, me)


async def _margins(tx: Session, me: Principal) -> MarginsOut:
    tenant_id = TenantId(me.tenant_id)
    found = await store.list_margins(tx, tenant_id)
    own = found.pop(tenant_id, None)
    return MarginsOut(
        margin_percent=None if own is None else own.margin_percent,
        floor_percent=None if own is None else own.floor_percent,
        stores=[
            StoreMargin(store_id=row.place_id, margin_percent=row.margin_percent)
            for row in found.values()
            if me.sees_store(row.place_id)
        ],
    )


def _whole_tenant(me: Principal) -> None:
    if me.store_ids is not None:
        raise errors.NotFound("there is no such thing for a credential that is restricted to stores")
