"""HTTP of the till. What a till should have is a key of its store with the scope `commerce` and nothing else.

Its sales are in `offers.api.till`, for they use offers.
"""

from uuid import UUID

from fastapi import APIRouter, Request

from geoengage.commerce.api.rows import own_store, wrong_stores
from geoengage.commerce.service import till as service
from geoengage.commerce.shapes.till import LookupIn, LookupOut, member_json
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import PROBLEMS, Now, Problem, Tx
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
    store_id = await store_of_till(tx, me, body.store_id)
    limits, caller = request.app.state, str(me.id)
    limits.till_misses.check(caller, now)
    limits.till_limit.spend(caller, now)
    found = await service.find_member(tx, TenantId(me.tenant_id), body.member.ids(), store_id)
    if found is None:
        limits.till_misses.spend(caller, now)
    return LookupOut.model_validate({"member": await shown_member(tx, me, found, store_id)})


async def store_of_till(tx: Session, me: Principal, store_id: UUID | None) -> UUID:
    """The store at which a till stands."""
    at = own_store(me, store_id)
    if at is None:
        raise errors.field("store_id", "say at which store")
    if found := await wrong_stores(tx, me, [at]):
        raise errors.field("store_id", found[at])
    return at


async def shown_member(
    tx: Session, me: Principal, found: service.Member | None, store_id: UUID
) -> dict[str, object] | None:
    """A customer as a cashier sees them."""
    if found is None:
        return None
    asked = await service.consents_to_ask(tx, TenantId(me.tenant_id), found, store_id)
    return member_json(found.identifier_id, found.name, asked)
