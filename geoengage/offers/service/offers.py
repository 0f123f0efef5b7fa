"""Writing offers: who may, and what an offer must say."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.offers import store
from geoengage.offers.models import OfferRow
from geoengage.offers.rules import Bundle, CrossSell, Gift, OfferStatus, OfferTerms
from geoengage.offers.store import Limit
from geoengage.tenancy import store as tenancy_store
from geoengage.tenancy.rules import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Everything that somebody writes into an offer. `limits`: by store; None: the whole offer's."""

    name: str
    label: str | None
    store_id: UUID | None
    currency: str
    status: OfferStatus
    funded_by: str
    valid_from: datetime | None
    valid_to: datetime | None
    terms: OfferTerms
    limits: Mapping[UUID | None, Limit]


class BudgetBelowPromised(errors.Conflict):
    """A budget would be smaller than what coupons and sales have taken of it already."""

    code = "budget-below-promised"
    title = "More than that is promised or spent already"


async def get(session: Session, me: Principal, offer_id: UUID, *, lock: bool = False) -> OfferRow:
    """An offer that a caller sees; NotFound."""
    row = await store.get_offer(session, TenantId(me.tenant_id), offer_id, lock=lock)
    if not me.sees_store(row.store_id):
        raise errors.NotFound(f"offer {offer_id} does not exist")
    return row


def check_in_use(row: OfferRow) -> None:
    """Conflict for an offer that was put away: it is not changed any more."""
    if row.status == OfferStatus.ARCHIVED:
        raise errors.Conflict("the offer is archived; make a new one")


async def create(session: Session, me: Principal, offer_id: UUID, written: Written, now: datetime) -> OfferRow:
    """Add an offer. A caller restricted to stores writes for one of them, and at its cost."""
    tenant_id = TenantId(me.tenant_id)
    await _check(session, me, written)
    row = OfferRow(id=offer_id, created_at=now, updated_at=now, **_columns(written))
    await store.insert_offer(session, tenant_id, row)
    await _put_limits(session, tenant_id, row.id, written.limits)
    return row


async def change(session: Session, me: Principal, row: OfferRow, written: Written, now: datetime) -> None:
    """Change a locked offer. What coupons have promised stays."""
    if row.currency != written.currency:
        raise errors.field("currency", "an offer keeps its currency; make a new one")
    await _check(session, me, written)
    tenant_id = TenantId(me.tenant_id)
    await store.update_offer(session, tenant_id, row, _columns(written), now)
    await _put_limits(session, tenant_id, row.id, written.limits)


async def archive(session: Session, me: Principal, row: OfferRow, now: datetime) -> None:
    """Put a locked offer away: it gives nothing new; codes that people have stay good until their time is over."""
    if row.status != OfferStatus.ARCHIVED:
        await store.update_offer(session, TenantId(me.tenant_id), row, {"status": OfferStatus.ARCHIVED}, now)


def _columns(written: Written) -> dict[str, Any]:
    return {
        "name": written.name, "label": written.label, "store_id": written.store_id, "currency": written.currency,
        "status": written.status, "funded_by": written.funded_by, "valid_from": written.valid_from,
        "valid_to": written.valid_to, "terms": written.terms.model_dump(mode="json"),
    }  # fmt: skip


async def _put_limits(
    session: Session, tenant_id: TenantId, offer_id: UUID, limits: Mapping[UUID | None, Limit]
) -> None:
    by_place = {place or offer_id: limit for place, limit in limits.items()}
    if not await store.set_limits(session, tenant_id, offer_id, by_place):
        raise BudgetBelowPromised("coupons that people have and sales that used the offer have taken more than that")


async def _check(session: Session, me: Principal, written: Written) -> None:
    if not me.sees_store(written.store_id):
        raise errors.field("store_id", "name one of your stores")
    if me.store_ids is not None and written.funded_by != "store":
        raise errors.field("funded_by", "a shop's offer is at the shop's cost: store")
    if written.valid_from is not None and written.valid_to is not None and written.valid_from >= written.valid_to:
        raise errors.field("valid_to", "it ends before it begins")
    if written.terms.most_minor is None and any(limit.minor is not None for limit in written.limits.values()):
        raise errors.field("max_discount_minor", "a budget in money needs the most that one use may cost")
    await _check_stores(session, me, written)
    await _check_products(session, TenantId(me.tenant_id), written.terms)


async def _check_stores(session: Session, me: Principal, written: Written) -> None:
    named: dict[str, Collection[UUID]] = {
        "store_id": [] if written.store_id is None else [written.store_id],
        "conditions/store_ids": written.terms.conditions.store_ids,
        "store_budgets": [place for place in written.limits if place is not None],
    }
    for member, ids in named.items():
        missing = await tenancy_store.list_missing_stores(session, TenantId(me.tenant_id), ids)
        if missing or not all(me.sees_store(id_) for id_ in ids):
            raise errors.field(member, "there is no such store")


async def _check_products(session: Session, tenant_id: TenantId, terms: OfferTerms) -> None:
    named: dict[str, Collection[UUID]] = {"targets/product_ids": terms.targets.product_ids}
    match terms.benefit:
        case Gift() | CrossSell():
            named["benefit/product_id"] = [terms.benefit.product_id]
        case Bundle():
            named["benefit/product_ids"] = terms.benefit.product_ids
        case _:
            pass
    for member, ids in named.items():
        if set(ids) - (await store.list_product_names(session, tenant_id, ids)).keys():
            raise errors.field(member, "there is no such product in the catalogue; name it by our id")


def products_of(terms: OfferTerms) -> set[UUID]:
    """All products that an offer names."""
    ids = set(terms.targets.product_ids)
    match terms.benefit:
        case Gift() | CrossSell():
            ids.add(terms.benefit.product_id)
        case Bundle():
            ids.update(terms.benefit.product_ids)
        case _:
            pass
    return ids
