"""HTTP of the till. What a till should have is a key of its store with the scope `commerce` and nothing else."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from geoengage.commerce.api.rows import own_store, whole_body, wrong_stores
from geoengage.commerce.rules import check_order
from geoengage.commerce.rules.people import till_source
from geoengage.commerce.service import till as service
from geoengage.commerce.shapes.till import LookupIn, LookupOut, SaleIn, SaleOut, member_json
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import CONFLICT, PROBLEMS, Now, Problem, Tx
from geoengage.kit.ids import TenantId
from geoengage.tenancy.auth import CommerceCaller
from geoengage.tenancy.rules import Principal

router = APIRouter(tags=["till"], responses=PROBLEMS)


@router.post(
    "/v1/till/lookup",
    responses={429: {"model": Problem, "description": "Too many look-ups, or too many in vain; wait."}},
)
async def look_up(body: LookupIn, request: Request, me: CommerceCaller, tx: Tx, now: Now) -> LookupOut:
    """Who stands at the till: a name to greet them by, and what they have not been asked yet. Nothing else is told.

    120 look-ups a minute and 30 in vain in ten minutes for each key or operator: nobody tries out numbers.
    """
    store_id = await _store_of(tx, me, body.store_id)
    limits, caller = request.app.state, str(me.id)
    limits.till_misses.check(caller, now)
    limits.till_limit.spend(caller, now)
    found = await service.find_member(tx, TenantId(me.tenant_id), body.member.ids(), store_id)
    if found is None:
        limits.till_misses.spend(caller, now)
    return LookupOut.model_validate({"member": await _shown(tx, me, found, store_id)})


@router.post("/v1/till/sales", status_code=201, responses={200: {"description": "It was sent before."}, **CONFLICT})
async def record_sale(body: SaleIn, response: Response, me: CommerceCaller, tx: Tx, now: Now) -> SaleOut:
    """Record a sale or a return with who bought it, in one call. 201 when it is new, 200 when it was sent before.

    A till that was offline sends what it has with the time of the sale. Whose code is not known is a guest, and the
    sale becomes theirs when they are known. 409 when another sale was sent under this number.
    """
    store_id = await _store_of(tx, me, body.store_id)
    sale = body.order(store_id, till_source(store_id))
    whole_body(check_order(sale, now))
    given = {} if body.member is None else body.member.ids()
    recorded, member = await service.record_sale(tx, TenantId(me.tenant_id), sale, given, now)
    response.status_code = 201 if recorded.outcome == "created" else 200
    shown = await _shown(tx, me, member, store_id)
    return SaleOut.model_validate({"order_id": recorded.id, "outcome": recorded.outcome, "member": shown})


async def _store_of(tx: Session, me: Principal, store_id: UUID | None) -> UUID:
    at = own_store(me, store_id)
    if at is None:
        raise errors.field("store_id", "say at which store")
    if found := await wrong_stores(tx, me, [at]):
        raise errors.field("store_id", found[at])
    return at


async def _shown(tx: Session, me: Principal, found: service.Member | None, store_id: UUID) -> dict[str, object] | None:
    if found is None:
        return None
    asked = await service.consents_to_ask(tx, TenantId(me.tenant_id), found, store_id)
    return member_json(found.identifier_id, found.name, asked)
