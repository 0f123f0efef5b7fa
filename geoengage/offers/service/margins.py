"""Margins: what part of a price is left to the shop, where no product's cost says so."""

from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.offers import store
from geoengage.offers.rules import Margins


async def margins_at(session: Session, tenant_id: TenantId, store_id: UUID | None) -> Margins:
    """The tenant's floor, and the margin of the store, else of the tenant; each None where nobody has said."""
    found = await store.list_margins(session, tenant_id)
    tenant, at_store = found.get(tenant_id), None if store_id is None else found.get(store_id)
    margin = None if at_store is None else at_store.margin_percent
    if margin is None and tenant is not None:
        margin = tenant.margin_percent
    return Margins(floor_percent=None if tenant is None else tenant.floor_percent, margin_percent=margin)


async def margin_of(session: Session, tenant_id: TenantId, store_id: UUID | None) -> int | None:
    """Margin percent of goods without a known cost, of the store, else of the tenant; None: nobody has said.

    A product's own cost goes before it: (price − cost) ÷ price.
    """
    return (await margins_at(session, tenant_id, store_id)).margin_percent
