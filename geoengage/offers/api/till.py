"""HTTP of the till's sales: recorded with who bought and the codes that they used, in one transaction."""

from fastapi import APIRouter, Response

from geoengage.commerce.api.rows import whole_body
from geoengage.commerce.api.till import shown_member, store_of_till
from geoengage.commerce.rules import check_order
from geoengage.commerce.rules.people import till_source
from geoengage.commerce.shapes.till import SaleIn
from geoengage.kit.http import CONFLICT, PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.offers.service import sales
from geoengage.offers.shapes.coupons import SaleWithCodesOut
from geoengage.tenancy.auth import CommerceCaller

router = APIRouter(tags=["till"], responses=PROBLEMS)


@router.post("/v1/till/sales", status_code=201, responses={200: {"description": "It was sent before."}, **CONFLICT})
async def record_sale(body: SaleIn, response: Response, me: CommerceCaller, tx: Tx, now: Now) -> SaleWithCodesOut:
    """Record a sale or a return with who bought it, in one call. 201 when it is new, 200 when it was sent before.

    A till that was offline sends what it has with the time of the sale. Whose code is not known is a guest, and the
    sale becomes theirs when they are known. Codes in `coupons` are used with it, each for what its offer takes off
    these lines; the answer says of each whether it was. 409 when another sale was sent under this number.
    """
    store_id = await store_of_till(tx, me, body.store_id)
    sale = body.order(store_id, till_source(store_id))
    whole_body(check_order(sale, now))
    given = {} if body.member is None else body.member.ids()
    done = await sales.record_sale(tx, TenantId(me.tenant_id), sale, given, now)
    response.status_code = 201 if done.recorded.outcome == "created" else 200
    return SaleWithCodesOut.model_validate(
        {
            "order_id": done.recorded.id,
            "outcome": done.recorded.outcome,
            "member": await shown_member(tx, me, done.member, store_id),
            "coupons": [
                {
                    "code": code,
                    "is_used": use.refusal is None,
                    "discount_minor": use.discount_minor,
                    "reason": use.refusal,
                    "words": use.words,
                }
                for code, use in done.codes.items()
            ],
        }
    )
