"""An offer in three taps: goods, discounts, people and price before, and what is made after.

What is made is made by the services of segments, offers and campaigns in one transaction, as recipes are: consent,
caps, quiet hours, holdout and review are asked as of every campaign.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from geoengage.campaigns import service as campaigns
from geoengage.campaigns.models import Campaign
from geoengage.campaigns.rules import messages_of, visible
from geoengage.campaigns.shapes.campaigns import CampaignIn
from geoengage.campaigns.store import content_of
from geoengage.campaigns.views import is_exact
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.offers.rules import Margins
from geoengage.offers.service import offers
from geoengage.offers.service.margins import margins_at
from geoengage.offers.shapes.offers import OfferIn
from geoengage.proof import store as proof
from geoengage.proof.rules.inputs import Price
from geoengage.recipes.rules import OFFER, SEGMENT, Offered, Plan, after_holdout, filled, incentives_minor
from geoengage.recipes.rules import messages_minor as price_messages
from geoengage.recipes.rules.plans import WAYS
from geoengage.recipes.service.hindering import is_reviewed
from geoengage.recipes.service.reaching import Reach, reach_of
from geoengage.recipes.store import read_prepared
from geoengage.segments import service as segments
from geoengage.segments.rules import read_definition
from geoengage.shop import store
from geoengage.shop.rules import (
    AUDIENCES,
    PERCENTS,
    Audience,
    Chosen,
    Discount,
    Priced,
    WhyNoDiscount,
    discount_of,
    offered,
)
from geoengage.shop.service.today import currency_at
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.models import Tenant
from geoengage.tenancy.rules import Principal, actor_name
from geoengage.timing.service import calendars_of
from geoengage.venues import store as venues
from geoengage.venues.models import Store

SHOWN = 24


class OfferStopped(errors.Conflict):
    """The offer cannot go out; `reason` says why."""

    code = "shop-offer-stopped"
    title = "This offer cannot go out"


class Stop(StrEnum):
    """What keeps an offer from going out at all. Discounts that are not allowed have `WhyNoDiscount`."""

    SENDING_STOPPED = "sending_stopped"
    NO_SENDER = "no_sender"
    NOBODY = "nobody"


_WORDS = {
    Stop.SENDING_STOPPED: "Sending is stopped for the whole tenant.",
    Stop.NO_SENDER: "No app can send pushes yet.",
    Stop.NOBODY: "It would reach nobody now.",
    WhyNoDiscount.FLOOR: "That is below the margin that is to be kept.",
    WhyNoDiscount.BELOW_COST: "That is less than it costs.",
    WhyNoDiscount.NO_MARGIN: "A margin is to be kept, and the margin of this product is not known.",
}


@dataclass(frozen=True, slots=True)
class Good:
    """A product with what may be taken off."""

    row: store.Good
    discounts: list[Discount]


@dataclass(frozen=True, slots=True)
class Whom:
    """An audience before anything is sent. `people` None: one to nine, whose price is not told either.

    `messages_minor` None also where nobody said what a message costs. `discounts_minor`: if everybody uses theirs.
    """

    audience: Audience
    people: int | None
    messages_minor: int | None
    discounts_minor: int | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What an offer would do. `stop`: why it cannot go out at all."""

    good: Good
    discount: Discount
    is_reviewed: bool
    stop: Stop | None
    audiences: list[Whom]


@dataclass(frozen=True, slots=True)
class _Desk:
    """Who offers what: asked once, for all audiences."""

    tenant: Tenant
    shop: Store
    good: Good
    discount: Discount
    stop: Stop | None
    ways: list[str]
    country: str
    preview: bool

    def plan(self, audience: Audience, people: int, now: datetime) -> Plan:
        row = self.good.row
        return offered(
            Chosen(
                store_id=self.shop.id, shop=self.shop.name, language=self.tenant.default_language, product_id=row.id,
                product=row.name, currency=row.currency, discount=self.discount, audience=audience,
            ),
            people, now,
        )  # fmt: skip


async def list_goods(
    session: Session, tenant_id: TenantId, store_id: UUID, words: str | None, now: datetime
) -> list[Good]:
    """What can be offered, what sells best first."""
    currency = await currency_at(session, tenant_id, store_id, now)
    margins = await margins_at(session, tenant_id, store_id)
    found = await store.list_goods(session, tenant_id, store.Wanted(store_id, currency, words), now, SHOWN)
    return [_good(row, margins) for row in found]


def _good(row: store.Good, margins: Margins) -> Good:
    variants = [Priced(price, cost) for price, cost in zip(row.prices, row.costs, strict=True)]
    return Good(row, [discount_of(percent, variants, margins) for percent in PERCENTS])


@dataclass(frozen=True, slots=True)
class Tapped:
    """The first two taps: which product of which store, and how much off."""

    store_id: UUID
    product_id: UUID
    percent: int


async def preview_of(session: Session, me: Principal, tapped: Tapped, now: datetime, *, preview: bool) -> Preview:
    """People and price of each audience. `preview`: no push provider is set up. It looks all customers up."""
    desk = await _desk(session, me, tapped, now, preview=preview)
    prices = await _prices(session, TenantId(me.tenant_id))
    told = []
    for audience in AUDIENCES:
        reach = await _reach(session, me, desk, audience, now)
        told.append(_whom(desk, audience, reach, prices, exact=is_exact(me)))
    reviewed = await is_reviewed(session, me, tapped.store_id, desk.tenant)
    return Preview(desk.good, desk.discount, reviewed, desk.stop, told)


async def send(
    session: Session, me: Principal, id_: UUID, tapped: Tapped, audience: Audience, now: datetime, *, preview: bool
) -> Campaign:
    """Make segment, offer and the campaign `id_`, and let it run or hand it in for review.

    OfferStopped while something is in its way, or it would reach nobody.
    """
    desk = await _desk(session, me, tapped, now, preview=preview)
    reach = await _reach(session, me, desk, audience, now)
    stop = desk.discount.why or desk.stop or (None if reach.reached else Stop.NOBODY)
    if stop is not None:
        raise OfferStopped(_WORDS[stop], reason=stop)
    return await _make(session, me, id_, desk.plan(audience, len(reach.reached), now), now)


async def _make(session: Session, me: Principal, id_: UUID, plan: Plan, now: datetime) -> Campaign:
    made: dict[str, Any] = plan.segment or {}
    tenant_id, store_id = TenantId(me.tenant_id), UUID(made["store_id"])
    segment = await segments.create(
        session, tenant_id, id_=new_id(now), name=made["name"], definition=read_definition(made["definition"]), now=now,
        description="Made by the owner's page.", store_id=store_id, by=actor_name(me),
    )  # fmt: skip
    offer = await offers.create(session, me, new_id(now), OfferIn.model_validate(plan.offer).written(), now)
    body = filled(plan.campaign, {SEGMENT: str(segment.id), OFFER: str(offer.id)})
    campaign = await campaigns.create(session, me, id_, CampaignIn.model_validate(body).content(), now)
    await campaigns.activate(session, me, campaign, now)
    await session.flush()
    return campaign


def offer_of(campaign: Campaign) -> UUID | None:
    """The offer that a campaign of this page gives."""
    return next((step.offer_id for step in messages_of(content_of(campaign).definition.steps)), None)


async def _desk(session: Session, me: Principal, tapped: Tapped, now: datetime, *, preview: bool) -> _Desk:
    tenant_id, store_id = TenantId(me.tenant_id), tapped.store_id
    wanted = store.Wanted(store_id, await currency_at(session, tenant_id, store_id, now), id=tapped.product_id)
    rows = await store.list_goods(session, tenant_id, wanted, now, 1)
    if not rows:
        raise errors.field("product_id", "there is no such product with a price at this store")
    good = _good(rows[0], await margins_at(session, tenant_id, store_id))
    tenant = await tenancy.get_tenant(session, tenant_id)
    ready = await read_prepared(session, tenant_id, store_id)
    can_push = not preview or ready.has_push or me.is_demo
    stop = None
    if tenant.sending_stopped_at is not None:
        stop = Stop.SENDING_STOPPED
    elif not can_push:
        stop = Stop.NO_SENDER
    return _Desk(
        tenant=tenant,
        shop=await venues.get_row(session, tenant_id, Store, store_id),
        good=good,
        discount=next(each for each in good.discounts if each.percent == tapped.percent),
        stop=stop,
        ways=[way for way in WAYS if me.is_demo or ready.can_send(way)],
        country=(await calendars_of(session, tenant_id, store_id)).territory or "",
        preview=preview,
    )


async def _reach(session: Session, me: Principal, desk: _Desk, audience: Audience, now: datetime) -> Reach:
    plan = desk.plan(audience, 0, now)
    return await reach_of(session, me, plan, desk.shop.id, now, preview=desk.preview, ways=desk.ways)


async def _prices(session: Session, tenant_id: TenantId) -> list[Price]:
    rows = await proof.list_costs(session, tenant_id)
    return [Price(row.channel, row.country, row.thousand_minor, row.currency) for row in rows]


def _whom(desk: _Desk, audience: Audience, reach: Reach, prices: Sequence[Price], *, exact: bool) -> Whom:
    people = visible(len(reach.reached), len(reach.meant), exact=exact)
    if people is None:
        return Whom(audience, None, None, None)
    holdout, currency = desk.tenant.holdout_percent, desk.good.row.currency
    ways = {way: after_holdout(len(part), holdout) for way, part in reach.ways.items()}
    reached = after_holdout(len(reach.reached), holdout)
    most = incentives_minor([Offered(reached, desk.discount.percent, 1.0)], None, desk.discount.off_minor, None)
    return Whom(audience, people, price_messages(ways, 1, prices, currency, desk.country), most)
