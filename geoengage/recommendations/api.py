"""HTTP of recommendations: for a person, a cart, products or anybody, asked by servers; for oneself, by apps."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from geoengage.commerce import service as commerce
from geoengage.commerce import store as commerce_store
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.profiles import service as profiles
from geoengage.profiles import store as profiles_store
from geoengage.profiles.models import Device
from geoengage.recommendations import service, store
from geoengage.recommendations.rules import RecommendationKind
from geoengage.recommendations.service import Ask, Hindrance
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.auth import CommerceCaller, DeviceCaller
from geoengage.tenancy.rules import Principal, Scope, actor_name

router = APIRouter(tags=["recommendations"], responses=PROBLEMS)
MOST, MOST_AT_HAND = 50, 100
GRANTED = "granted"
OF_PERSON = (RecommendationKind.USUAL, RecommendationKind.TOGETHER, RecommendationKind.POPULAR)
OF_THINGS = (RecommendationKind.TOGETHER, RecommendationKind.POPULAR)
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most.")]
OnlyKind = Annotated[
    RecommendationKind | None,
    Query(
        description="Only of this kind: `due` and `usual` of what the person buys, `together` with it or with what is"
        " at hand, `popular`. Left out: the kinds that fit, the most personal first, `popular` as the fall-back."
    ),
]
AtHand = Annotated[
    list[UUID] | None, Query(max_length=MOST_AT_HAND, description="Our ids of the products at hand; repeat it.")
]


class BecauseOut(BaseModel):
    """The facts behind the reason, to say it in words of your own; null what the kind does not have."""

    gap_days: int | None = Field(description="Usual days between two purchases of it by this person.")
    since_days: int | None = Field(description="Days since the last one.")
    times: int | None = Field(description="On how many days they bought it …")
    of: int | None = Field(
        description="… of so many days on which they bought anything (two years, the newest 120 orders)."
    )
    with_name: str | None = Field(description="`together`: with which product above all.")


class RecommendationOut(BaseModel):
    """A product that can be had now, and why it is recommended."""

    product_id: UUID = Field(description="Our id of the product.")
    external_id: str = Field(description="Yours.")
    name: str = Field(description="What it is called.")
    brand: str | None = Field(description="Its brand.")
    url: str | None = Field(description="Its page.")
    image_url: str | None = Field(description="Its picture.")
    price_minor: int | None = Field(description="Minor units, of the first variant that is there.")
    currency: str | None = Field(description="Of the price.")
    kind: RecommendationKind = Field(description="`due` and `usual` follow from the person's own purchases.")
    score: float = Field(description="Sorts within a kind; of `due` and `usual` about the chance for the next basket.")
    reason: str = Field(description="Why, in a sentence that one can say to the person.")
    because: BecauseOut = Field(description="The facts behind it.")


class RecommendationsOut(BaseModel):
    """Recommendations, the best first; none where nothing fits."""

    items: list[RecommendationOut] = Field(description="Each product once.")
    hindrance: Hindrance | None = Field(
        description="Why nothing of it is by what the person bought: `nobody` (not known whose device it is),"
        " `no_consent` (to personalisation), `under_16`; null: it may be, or no person was asked about."
    )
    fitted_at: datetime | None = Field(
        description="When what is bought together and popular was learnt last, once a day; null: too few orders yet."
    )


@router.get("/v1/recommendations")
async def get_recommendations(  # noqa: PLR0913 - one argument a parameter
    me: CommerceCaller,
    tx: Tx,
    now: Now,
    profile_id: Annotated[
        UUID | None, Query(description="For this person: also needs `people` or `customers`.")
    ] = None,
    cart: Annotated[UUID | None, Query(description="To go with this cart.")] = None,
    product: AtHand = None,
    kind: OnlyKind = None,
    store_id: Annotated[UUID | None, Query(description="What can be had there; left out: anywhere.")] = None,
    limit: Limit = 10,
    reason: Annotated[
        str | None, Query(min_length=3, max_length=500, description="Why you look at a real person; it is audited.")
    ] = None,
) -> RecommendationsOut:
    """What to recommend to a person, with a cart, with products, or (with none of these) to anybody.

    What somebody bought chooses for them only with their consent to personalisation; else `hindrance` says why not, and
    what is popular is the answer. A credential restricted to stores gets what can be had there, by what was bought
    there.
    """
    if sum(given is not None for given in (profile_id, cart, product)) > 1:
        raise errors.field("profile_id", "send one of profile_id, cart and product")
    tenant_id = TenantId(me.tenant_id)
    at_hand: Sequence[UUID] = product or ()
    if cart is not None:
        cart_store, at_hand = await _in_cart(tx, me, cart)
        store_id = store_id or cart_store
    place, name = await _place(tx, me, store_id)
    hindrance = None
    if profile_id is not None:
        profile_id = await _person(tx, me, profile_id, reason, now)
        hindrance = await service.hindrance_of(tx, tenant_id, profile_id, now)
    ask = Ask(
        kinds=(kind,) if kind is not None else OF_PERSON if profile_id is not None else OF_THINGS,
        limit=limit,
        profile_id=profile_id if hindrance is None else None,
        at_hand=at_hand,
        at=me.store_ids if place is None else (place,),
        orders_of=me.store_ids,
        place=place,
        store_name=name,
    )
    return _out(await service.recommend(tx, tenant_id, ask, now), hindrance)


async def _in_cart(tx: Session, me: Principal, cart_id: UUID) -> tuple[UUID | None, list[UUID]]:
    found = await store.list_cart_products(tx, TenantId(me.tenant_id), cart_id, me.store_ids)
    if found is None:
        raise errors.NotFound(f"cart {cart_id} does not exist")
    return found


async def _place(tx: Session, me: Principal, store_id: UUID | None) -> tuple[UUID | None, str | None]:
    """The store that is asked about, and its name; a caller with one store need not name it."""
    if store_id is None and me.store_ids is not None and len(me.store_ids) == 1:
        store_id = next(iter(me.store_ids))
    if store_id is None:
        return None, None
    name = await store.find_store_name(tx, TenantId(me.tenant_id), store_id) if me.sees_store(store_id) else None
    if name is None:
        raise errors.NotFound(f"store {store_id} does not exist")
    return store_id, name


async def _person(tx: Session, me: Principal, profile_id: UUID, reason: str | None, now: datetime) -> UUID:
    """Who the person is now, if the caller may look at them; the look is noted in the audit log."""
    if not (me.may(Scope.PEOPLE) or me.may(Scope.CUSTOMERS)):
        raise errors.Forbidden(
            "this needs the scope or role right 'people' or 'customers'", needs=Scope.CUSTOMERS.value
        )
    subject = await profiles.get_open(tx, me, profile_id, now, reason)
    await tenancy.insert_audit_entry(
        tx,
        TenantId(me.tenant_id),
        actor=actor_name(me),
        action="person.read",
        subject=str(subject.profile_id),
        reason="recommendations",
        now=now,
    )
    return subject.profile_id


@router.get("/v1/recommendations/me")
async def get_my_recommendations(
    me: DeviceCaller,
    tx: Tx,
    now: Now,
    product: AtHand = None,
    kind: OnlyKind = None,
    store_id: Annotated[
        UUID | None, Query(description="What can be had there; left out: at the app's own store, else anywhere.")
    ] = None,
    limit: Limit = 10,
) -> RecommendationsOut:
    """What to show to whoever holds the device: what goes with `product`, else what they buy and what is in their cart.

    Only what goes with things at hand, and what is popular, until somebody has logged in and this device's user has
    agreed to personalisation. An app of a store shows what was bought there only.
    """
    tenant_id = TenantId(me.tenant_id)
    device = await profiles_store.get_device(tx, tenant_id, me.id, me.token_version)
    own = await commerce_store.find_app_store(tx, tenant_id, device.app_id)
    at = own if store_id is None else store_id
    name = None if at is None else await store.find_store_name(tx, tenant_id, at)
    if at is not None and name is None:
        raise errors.NotFound(f"store {at} does not exist")
    hindrance = await _own_hindrance(tx, tenant_id, device, now)
    in_cart = [] if product else await _own_cart(tx, tenant_id, device, at)
    ask = Ask(
        kinds=(kind,) if kind is not None else OF_THINGS if product else OF_PERSON,
        limit=limit,
        profile_id=device.profile_id if hindrance is None else None,
        at_hand=product or in_cart,
        at=None if at is None else (at,),
        orders_of=None if own is None else (own,),
        place=at,
        store_name=name,
    )
    return _out(await service.recommend(tx, tenant_id, ask, now), hindrance)


async def _own_hindrance(tx: Session, tenant_id: TenantId, device: Device, now: datetime) -> Hindrance | None:
    """This device's own consent counts, and no other device of theirs may have refused."""
    if device.profile_id is None:
        return Hindrance.NOBODY
    if device.personalisation != GRANTED:
        return Hindrance.NO_CONSENT
    found = await service.hindrance_of(tx, tenant_id, device.profile_id, now)
    return None if device.is_test and found is Hindrance.NO_CONSENT else found


async def _own_cart(tx: Session, tenant_id: TenantId, device: Device, at: UUID | None) -> list[UUID]:
    id_ = device.identifier_id
    owner = commerce_store.Owner(device_id=device.id) if id_ is None else commerce_store.Owner(identifier_id=id_)
    cart = await commerce.read_cart(tx, tenant_id, owner, at)
    return [thing.product_id for thing in cart.things if thing.product_id is not None]


def _out(answer: service.Answer, hindrance: Hindrance | None) -> RecommendationsOut:
    items = [
        RecommendationOut.model_validate(
            asdict(each.offer)
            | {"kind": each.kind, "score": round(each.score, 4), "reason": each.reason, "because": asdict(each.because)}
        )
        for each in answer.items
    ]
    return RecommendationsOut(items=items, hindrance=hindrance, fitted_at=answer.fitted_at)
