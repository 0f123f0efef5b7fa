"""HTTP of offers: write, list, archive; coupons to print."""

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from geoengage.commerce.api.rows import revalidated
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import CONFLICT, EDIT, PROBLEMS, IfMatch, NewId, Now, Paging, Tx, check_version, etag
from geoengage.kit.ids import TenantId
from geoengage.offers import store
from geoengage.offers.models import CouponRow, OfferRow
from geoengage.offers.rules import REFUSAL_WORDS, CouponStatus, OfferStatus, OfferTerms, Refusal
from geoengage.offers.service import offers as service
from geoengage.offers.service.coupons import print_coupons
from geoengage.offers.shapes.coupons import CouponOut, CouponPage, PrintIn
from geoengage.offers.shapes.offers import OfferIn, OfferOut, OfferPage, OfferPatch, as_input, budget_json, offer_json
from geoengage.tenancy import store as tenancy_store
from geoengage.tenancy.auth import CampaignEditor, Reader
from geoengage.tenancy.rules import Principal

router = APIRouter(tags=["offers"], responses=PROBLEMS)
ONE = "/v1/offers/{offer_id}"
_CSV: dict[int | str, dict[str, Any]] = {
    201: {"description": "The codes, one a line.", "content": {"text/csv": {"schema": {"type": "string"}}}}
}


class NoCoupons(errors.Conflict):
    """No coupons can be made of this offer now."""

    code = "no-coupons"
    title = "No coupons can be made of this offer now"


@router.get("/v1/offers")
async def list_offers(
    me: Reader,
    tx: Tx,
    page: Paging,
    status: Annotated[OfferStatus | None, Query(description="Only in this status; else all but archived.")] = None,
    store_id: Annotated[UUID | None, Query(description="Only of this store.")] = None,
) -> OfferPage:
    """Offers, oldest first. A credential restricted to stores gets those of its stores."""
    wanted = store.OfferFilter(status, store_id, me.store_ids)
    rows = await store.list_offers(tx, TenantId(me.tenant_id), wanted, page.after, page.limit + 1)
    kept, next_ = page.cut(rows, lambda row: row.id)
    return OfferPage(items=await _out(tx, me, kept), next=next_)


@router.post("/v1/offers", status_code=201)
async def create_offer(body: OfferIn, response: Response, me: CampaignEditor, tx: Tx, now: Now, new: NewId) -> OfferOut:
    """Write an offer. It gives nothing before its status is `active`; try it with POST /v1/offers/price."""
    if new.replayed:
        row = await service.get(tx, me, new.id)
    else:
        row = await service.create(tx, me, new.id, body.written(), now)
    return await _answer(response, tx, me, row)


@router.get(ONE)
async def get_offer(offer_id: UUID, response: Response, me: Reader, tx: Tx) -> OfferOut:
    """One offer."""
    return await _answer(response, tx, me, await service.get(tx, me, offer_id))


@router.patch(ONE, responses=EDIT | CONFLICT)
async def change_offer(
    offer_id: UUID, body: OfferPatch, response: Response, me: CampaignEditor, tx: Tx, now: Now, version: IfMatch
) -> OfferOut:
    """Change an offer. What coupons have promised stays; conditions and dates hold for all from now on.

    409 when a budget would be smaller than what is promised and spent of it, or the offer is archived.
    """
    row = await service.get(tx, me, offer_id, lock=True)
    check_version(row.version, version)
    service.check_in_use(row)
    budgets = (await store.list_budgets(tx, TenantId(me.tenant_id), [row.id])).get(row.id, [])
    changes = body.model_dump(include=body.model_fields_set)
    written = revalidated(lambda: OfferIn.model_validate(as_input(row, budgets) | changes))
    await service.change(tx, me, row, written.written(), now)
    return await _answer(response, tx, me, row)


@router.delete(ONE, status_code=204)
async def archive_offer(offer_id: UUID, me: CampaignEditor, tx: Tx, now: Now) -> None:
    """Put an offer away. It gives nothing new; coupons that people have stay good until their time is over."""
    await service.archive(tx, me, await service.get(tx, me, offer_id, lock=True), now)


async def _answer(response: Response, tx: Session, me: Principal, row: OfferRow) -> OfferOut:
    response.headers["ETag"] = etag(row.version)
    return (await _out(tx, me, [row]))[0]


async def _out(tx: Session, me: Principal, rows: Sequence[OfferRow]) -> list[OfferOut]:
    tenant_id, ids = TenantId(me.tenant_id), [row.id for row in rows]
    budgets = await store.list_budgets(tx, tenant_id, ids)
    coupons = await store.count_coupons(tx, tenant_id, ids)
    uses = await store.sum_uses(tx, tenant_id, ids)
    named = {row.id: service.products_of(OfferTerms.model_validate(row.terms)) for row in rows}
    names = await store.list_product_names(tx, tenant_id, set().union(*named.values()))
    nothing = store.OfferUses(0, 0)
    return [
        OfferOut.model_validate(
            offer_json(row)
            | {
                "budgets": [budget_json(budget) for budget in budgets.get(row.id, ())],
                "coupons": coupons.get(row.id, {}),
                "uses": uses.get(row.id, nothing).uses,
                "discount_minor": uses.get(row.id, nothing).discount_minor,
                "products": [{"id": id_, "name": names[id_]} for id_ in sorted(named[row.id]) if id_ in names],
            }
        )
        for row in rows
    ]


# --- coupons of an offer ----------------------------------------------------------------------------------------------


@router.get(f"{ONE}/coupons")
async def list_coupons(
    offer_id: UUID,
    me: Reader,
    tx: Tx,
    page: Paging,
    status: Annotated[CouponStatus | None, Query(description="Only those that stand here.")] = None,
) -> CouponPage:
    """An offer's coupons, newest first, without their whole codes."""
    await service.get(tx, me, offer_id)
    rows = await store.list_coupons(tx, TenantId(me.tenant_id), offer_id, status, page.after, page.limit + 1)
    kept, next_ = page.cut(rows, lambda row: row.id)
    return CouponPage(items=[_coupon(row) for row in kept], next=next_)


def _coupon(row: CouponRow) -> CouponOut:
    plain = {name: getattr(row, name) for name in CouponOut.model_fields if name not in ("code_end", "is_personal")}
    return CouponOut.model_validate(plain | {"code_end": row.code[-5:], "is_personal": row.profile_id is not None})


@router.post(f"{ONE}/coupons", status_code=201, response_class=Response, responses=_CSV | CONFLICT)
async def print_offer_coupons(
    offer_id: UUID, body: PrintIn, me: CampaignEditor, tx: Tx, now: Now, new: NewId
) -> Response:
    """Make codes to print, for whoever has them: CSV with `code,label,expires_at`, all or none.

    What they may cost is set aside at once. The same Idempotency-Key gives the same codes again; there is no other way
    to read them later. 409 when the budget does not reach.
    """
    tenant_id = TenantId(me.tenant_id)
    row = await service.get(tx, me, offer_id)
    if not new.replayed:
        await _print(tx, me, await store.get_offer(tx, tenant_id, row.id, hold=True), body, now, new.id)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["code", "label", "expires_at"])
    for each in await store.list_batch(tx, tenant_id, new.id):
        writer.writerow([each.code, _plain_cell(each.label), each.expires_at.isoformat()])
    headers = {"Content-Disposition": 'attachment; filename="coupons.csv"', "Cache-Control": "no-store"}
    return Response(out.getvalue(), 201, headers, media_type="text/csv; charset=utf-8")


def _plain_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


async def _print(tx: Session, me: Principal, row: OfferRow, body: PrintIn, now: Now, batch_id: UUID) -> None:
    if body.expires_at <= now:
        raise errors.field("expires_at", "that is over already")
    if body.store_id is not None and not me.sees_store(body.store_id):
        raise errors.field("store_id", "there is no such store")
    wanted = [] if body.store_id is None else [body.store_id]
    missing = await tenancy_store.list_missing_stores(tx, TenantId(me.tenant_id), wanted)
    if missing:
        raise errors.field("store_id", "there is no such store")
    made = await print_coupons(
        tx, TenantId(me.tenant_id), row, body.count, body.expires_at, now, batch_id=batch_id, store_id=body.store_id
    )
    if isinstance(made, Refusal):
        tiers = "it has no size of its own for everybody: its tiers go by the person"
        raise NoCoupons(tiers if made is Refusal.NO_TIER else REFUSAL_WORDS[made])
