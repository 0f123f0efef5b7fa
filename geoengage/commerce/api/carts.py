"""HTTP of carts: a device's own, the person's once somebody has logged in; anybody's, for servers and kiosks."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from geoengage.commerce import service, store
from geoengage.commerce.api.orders import given_ids
from geoengage.commerce.api.rows import own_store, wrong_stores
from geoengage.commerce.rules import CartChange, How
from geoengage.commerce.rules.people import ids_of
from geoengage.commerce.service.things import Named, find_things
from geoengage.commerce.shapes.carts import (
    CartBody,
    CartChangeBody,
    CartOut,
    CartPage,
    CartRowOut,
    ThingShape,
    WhoseCartBody,
    WhoseCartChangeBody,
    WhoseShape,
    cart_out,
    lines_json,
    totals_json,
)
from geoengage.commerce.shapes.pieces import milli
from geoengage.commerce.store import Owner
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import EDIT, PROBLEMS, Now, OptionalIfMatch, Paging, Tx, check_version
from geoengage.kit.ids import TenantId
from geoengage.profiles import service as profiles
from geoengage.profiles import store as profiles_store
from geoengage.profiles.rules import Proof
from geoengage.tenancy.auth import CommerceCaller, DeviceCaller
from geoengage.tenancy.rules import Principal

router = APIRouter(tags=["carts"], responses=PROBLEMS)
AtStore = Annotated[
    UUID | None, Query(description="The cart at this store; left out: the app's own store, else the tenant's.")
]


# --- one's own ----------------------------------------------------------------------------------------------------


@router.get("/v1/carts/me")
async def get_my_cart(me: DeviceCaller, tx: Tx, store_id: AtStore = None) -> CartOut:
    """The device's cart; where somebody has logged in, theirs, as on all their devices.

    What was put in before logging in comes along.
    """
    owner, at = await device_cart(tx, me, store_id)
    return cart_out(await service.read_cart(tx, TenantId(me.tenant_id), owner, at))


@router.put("/v1/carts/me", responses={412: EDIT[412]})
async def put_my_cart(
    body: CartBody, me: DeviceCaller, tx: Tx, now: Now, version: OptionalIfMatch, store_id: AtStore = None
) -> CartOut:
    """Put exactly this into the cart. With If-Match (`"v…"`, the `version` that you saw) only if nobody changed it."""
    owner, at = await device_cart(tx, me, store_id)
    return await _change(tx, me, owner, at, body.lines, now, how=How.SET, only_these=True, version=version)


@router.post("/v1/carts/me/lines")
async def change_my_cart(body: CartChangeBody, me: DeviceCaller, tx: Tx, now: Now, store_id: AtStore = None) -> CartOut:
    """Add things to the cart, take some out, or set how many there are; the rest stays."""
    owner, at = await device_cart(tx, me, store_id)
    return await _change(tx, me, owner, at, body.lines, now, how=How(body.how))


async def device_cart(tx: Session, me: Principal, store_id: UUID | None) -> tuple[Owner, UUID | None]:
    """Whose cart a device holds, and at which store; what it had before somebody logged in comes along."""
    tenant_id = TenantId(me.tenant_id)
    device = await profiles_store.get_device(tx, tenant_id, me.id)
    if device.token_version != me.token_version:
        raise errors.Unauthenticated("this device token was revoked; register the device again")
    at = store_id if store_id is not None else await store.find_app_store(tx, tenant_id, device.app_id)
    if at is not None and not await store.known_stores(tx, tenant_id, {at}):
        raise errors.NotFound(f"store {at} does not exist")
    if device.identifier_id is None:
        return Owner(device_id=me.id), at
    await service.take_along(tx, tenant_id, me.id, device.identifier_id, at)
    return Owner(identifier_id=device.identifier_id), at


async def _change(  # noqa: PLR0913 - whose, where, what, how
    tx: Session,
    me: Principal,
    owner: Owner,
    at: UUID | None,
    lines: Sequence[ThingShape],
    now: Now,
    *,
    how: How,
    only_these: bool = False,
    version: int | None = None,
) -> CartOut:
    tenant_id = TenantId(me.tenant_id)
    if version is not None:
        check_version((await service.read_cart(tx, tenant_id, owner, at, lock=True)).version, version)
    named = [Named(**line.model_dump(exclude={"quantity"}), quantity_milli=milli(line.quantity)) for line in lines]
    things = await find_things(tx, tenant_id, named, at, now)
    changes = [CartChange(thing, how) for thing in things]
    return cart_out(await service.change_cart(tx, tenant_id, owner, changes, now, store_id=at, only_these=only_these))


# --- anybody's ----------------------------------------------------------------------------------------------------


@router.get("/v1/carts")
async def list_carts(
    me: CommerceCaller,
    tx: Tx,
    page: Paging,
    status: Annotated[Literal["open", "abandoned", "ordered"] | None, Query(description="Only in this status.")] = None,
    store_id: Annotated[UUID | None, Query(description="Only at this store.")] = None,
) -> CartPage:
    """Carts, newest first: one for each id or device, so a person may have several. Whose they are is an opaque id."""
    wanted = store.CartFilter(status, store_id, me.store_ids)
    found = await store.list_carts(tx, TenantId(me.tenant_id), wanted, page.after, page.limit + 1)
    kept, next_ = page.cut(found, lambda each: each[0].id)
    items = [
        CartRowOut.model_validate(
            {name: getattr(row, name) for name in ("id", "store_id", "changed_at", "abandoned_at", "recovered_at")}
            | {"status": "abandoned" if row.status == "open" and row.abandoned_at else row.status}
            | {"customer_id": row.identifier_id, "order_id": row.order_id}
            | {"lines": lines_json(things), "totals": totals_json(things)}
        )
        for row, things in kept
    ]
    return CartPage(items=items, next=next_)


@router.post("/v1/carts/lookup")
async def find_cart(body: WhoseShape, me: CommerceCaller, tx: Tx) -> CartOut:
    """Somebody's cart; an empty one where nobody is known by these ids (which do not belong into an address)."""
    at = await _store_of(tx, me, body)
    owner = await owner_of(tx, me, body, at)
    return cart_out(await service.read_cart(tx, TenantId(me.tenant_id), owner, at))


@router.put("/v1/carts", responses={412: EDIT[412]})
async def put_cart(body: WhoseCartBody, me: CommerceCaller, tx: Tx, now: Now, version: OptionalIfMatch) -> CartOut:
    """Put exactly this into somebody's cart. The person is made where nobody is known by the ids yet."""
    at = await _store_of(tx, me, body)
    owner = await owner_of(tx, me, body, at) or await _made(tx, me, body, at, now)
    return await _change(tx, me, owner, at, body.lines, now, how=How.SET, only_these=True, version=version)


@router.post("/v1/carts/lines")
async def change_cart(body: WhoseCartChangeBody, me: CommerceCaller, tx: Tx, now: Now) -> CartOut:
    """Add things to somebody's cart, take some out, or set how many there are; the rest stays."""
    at = await _store_of(tx, me, body)
    owner = await owner_of(tx, me, body, at) or await _made(tx, me, body, at, now)
    return await _change(tx, me, owner, at, body.lines, now, how=How(body.how))


async def _store_of(tx: Session, me: Principal, body: WhoseShape) -> UUID | None:
    at = own_store(me, body.store_id)
    if found := await wrong_stores(tx, me, [at]):
        raise errors.field("store_id", found[at])
    return at


async def owner_of(tx: Session, me: Principal, body: WhoseShape, at: UUID | None) -> Owner | None:
    """Who is known by the ids. A store names people by what they told it; another store's customers are nobody."""
    tenant_id = TenantId(me.tenant_id)
    if body.customer_id is not None:
        if not await store.is_customer(tx, tenant_id, body.customer_id, me.store_ids):
            raise errors.NotFound(f"customer {body.customer_id} does not exist")
        return Owner(identifier_id=body.customer_id)
    policy = await profiles_store.get_policy(tx, tenant_id)
    only = at if me.store_ids is not None else None
    ids = ids_of(given_ids(body.customer), only, region=policy.region, blocked=policy.blocked)
    (found,) = await service.find_people(tx, tenant_id, [ids])
    return None if found is None else Owner(identifier_id=found)


async def _made(tx: Session, me: Principal, body: WhoseShape, at: UUID | None, now: Now) -> Owner:
    tenant_id = TenantId(me.tenant_id)
    policy = await profiles_store.get_policy(tx, tenant_id)
    only = at if me.store_ids is not None else None
    ids = ids_of(given_ids(body.customer), only, region=policy.region, blocked=policy.blocked)
    if not ids:
        raise errors.field("customer", "none of these is an id of a person; send an e-mail, a phone number, a card")
    made = await profiles.resolve(tx, tenant_id, ids, proof=Proof.LINK, source="api", at=now, now=now)
    return Owner(identifier_id=made.identifier_id)
