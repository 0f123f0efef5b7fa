"""A recipe before it is switched on: the people, the cost, what it says, and what stands in its way."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.campaigns import store as campaigns
from geoengage.campaigns.rules import Standing, needs_review, says, visible
from geoengage.campaigns.shapes.campaigns import CampaignIn
from geoengage.campaigns.views import is_exact
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.offers.service.margins import margins_at
from geoengage.proof import store as proof
from geoengage.proof.rules.inputs import Price
from geoengage.recipes import store
from geoengage.recipes.rules import (
    OFFER,
    RECIPES,
    SEGMENT,
    Block,
    Obstacle,
    Offered,
    Plan,
    RecipeKey,
    after_holdout,
    block,
    expected_minor,
    filled,
    incentives_minor,
    messages_minor,
)
from geoengage.recipes.service.planning import Planned
from geoengage.recipes.service.reaching import Reach, reach_of
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.models import Tenant
from geoengage.tenancy.rules import Principal, Review

_TO_BE_MADE = UUID(int=0)  # of the segment and the offer, while nobody has made them


@dataclass(frozen=True, slots=True)
class Money:
    """What it costs, in minor units of `currency`; None: not computable, `blocks` says why, or too few people to tell.

    `most`: of the offers, if everybody uses theirs; `expected`: as many as of the coupons so far, None while too few.
    """

    currency: str | None
    messages: int | None
    most: int | None
    expected: int | None


@dataclass(frozen=True, slots=True)
class Preview:
    """`people`: whom it would reach now, those held back among them; None: one to nine, or it cannot be made."""

    whom: str
    people: int | None
    pushed: int | None
    mailed: int | None
    held_back: int | None
    money: Money
    says: list[str]
    blocks: list[Block]


async def preview_of(session: Session, me: Principal, planned: Planned, now: datetime, *, preview: bool) -> Preview:
    """What switching it on would do. `preview`: no push provider is set up."""
    recipe, plan = RECIPES[planned.key], planned.plan
    tenant = await tenancy.get_tenant(session, TenantId(me.tenant_id))
    if plan is None:
        return Preview(recipe.whom, None, None, None, None, Money(None, None, None, None), [], planned.blocks)
    ready = await store.read_prepared(session, TenantId(me.tenant_id), planned.store_id)
    by_mail = ready.has_mail or me.is_demo
    reach = await reach_of(session, me, plan, planned.store_id, now, preview=preview, by_mail=by_mail)
    exact, reached = is_exact(me), len(reach.reached)
    people = visible(reached, len(reach.meant), exact=exact)
    ways = [visible(len(part), reached, exact=exact) for part in (reach.pushed, reach.mailed)]
    shares = (planned.settings.get("holdout_percent") or 0, tenant.holdout_percent)
    money = await _money(session, me, planned, reach, shares)
    blocks = [*planned.blocks, *await _obstacles(session, me, planned, reach, tenant, ready, preview=preview)]
    if money.messages is None:
        blocks.append(block(Obstacle.NO_MESSAGE_COST))
    if people is None:
        money = Money(money.currency, None, None, None)
    return Preview(
        whom=recipe.whom,
        people=people,
        pushed=ways[0],
        mailed=ways[1],
        held_back=None if people is None else people - after_holdout(people, *shares),
        money=money,
        says=_says(plan),
        blocks=sorted(blocks, key=lambda each: not each.stops),
    )


def _says(plan: Plan) -> list[str]:
    """What the campaign would do, in sentences."""
    made = filled(plan.campaign, {SEGMENT: str(_TO_BE_MADE), OFFER: str(_TO_BE_MADE)})
    name = "" if plan.segment is None else plan.segment["name"]
    return says(CampaignIn.model_validate(made).content(), {_TO_BE_MADE: name})


async def _money(session: Session, me: Principal, planned: Planned, reach: Reach, shares: tuple[int, int]) -> Money:
    plan, shop, tenant_id = planned.plan, planned.shop, TenantId(me.tenant_id)
    assert plan is not None  # noqa: S101 - asked by the caller
    rows = await proof.list_costs(session, tenant_id)
    prices = [Price(row.channel, row.country, row.thousand_minor, row.currency) for row in rows]
    currency = shop.currency if shop is not None else next((price.currency for price in prices), None)
    pushed, mailed = (after_holdout(len(part), *shares) for part in (reach.pushed, reach.mailed))
    messages = messages_minor(pushed, mailed, plan.messages, prices, currency)
    if shop is None or not plan.sizes:
        return Money(currency, messages, 0, 0)
    offered = [
        Offered(after_holdout(len(people), *shares), size.percent, size.share)
        for size, people in zip(plan.sizes, reach.sized, strict=True)
    ]
    settings = planned.settings
    most = incentives_minor(offered, shop.order_minor, settings.get("max_discount_minor"), settings.get("budget_minor"))
    used, decided = await store.count_coupons(session, tenant_id)
    return Money(currency, messages, most, expected_minor(most, used, decided))


async def _obstacles(
    session: Session,
    me: Principal,
    planned: Planned,
    reach: Reach,
    tenant: Tenant,
    ready: store.Prepared,
    *,
    preview: bool,
) -> list[Block]:
    tenant_id, settings = TenantId(me.tenant_id), planned.settings
    plan, exact = planned.plan, is_exact(me)
    assert plan is not None  # noqa: S101 - asked by the caller
    lost, unreached = len(reach.meant) - len(reach.agreeing), len(reach.agreeing) - len(reach.reached)
    held_back = settings.get("holdout_percent") or tenant.holdout_percent
    there: list[tuple[bool, Block]] = [
        (tenant.sending_stopped_at is not None, block(Obstacle.SENDING_STOPPED)),
        (preview and not ready.has_push and not me.is_demo, block(Obstacle.NO_PUSH_SENDER)),
        ("email" in plan.ways and not ready.has_mail and not me.is_demo, block(Obstacle.NO_EMAIL_SENDER)),
        (lost > 0, block(Obstacle.NO_PERSONALISATION, visible(lost, exact=exact))),
        (unreached > 0, block(Obstacle.NO_WAY, visible(unreached, exact=exact))),
        (not held_back, block(Obstacle.NO_HOLDOUT)),
        (await is_reviewed(session, me, planned.store_id, tenant), block(Obstacle.REVIEW)),
    ]
    found = [each for holds, each in there if holds]
    if not reach.meant:
        found.append(block(await _why_nobody(session, tenant_id, planned.key)))
    return [*found, *await _margin(session, tenant_id, planned, ready.has_costs)]


async def _why_nobody(session: Session, tenant_id: TenantId, key: RecipeKey) -> Obstacle:
    if key is RecipeKey.WIN_BACK and not await store.has_habits(session, tenant_id):
        return Obstacle.TOO_FEW_ORDERS
    if key is RecipeKey.FIRST_PURCHASE and not await store.has_subscribers(session, tenant_id):
        return Obstacle.NOBODY_SUBSCRIBED
    return Obstacle.NO_CARTS if key is RecipeKey.ABANDONED_CART else Obstacle.NOBODY_NOW


async def _margin(session: Session, tenant_id: TenantId, planned: Planned, has_costs: bool) -> list[Block]:
    """Of recipes with an offer: whether anybody knows what a sale leaves."""
    margins = await margins_at(session, tenant_id, planned.store_id)
    if planned.shop is None or margins.margin_percent is not None or has_costs:
        return []
    floor = planned.settings.get("margin_floor_percent")
    has_floor = (margins.floor_percent if floor is None else floor) is not None
    return [block(Obstacle.MARGIN_FOR_FLOOR if has_floor else Obstacle.NO_MARGIN)]


async def is_reviewed(session: Session, me: Principal, store_id: UUID | None, tenant: Tenant) -> bool:
    """Whether what this caller makes for the store waits for approval: marketing of a shop, by the tenant's policy."""
    if me.store_ids is None:
        return False
    approved = await campaigns.has_approved(session, TenantId(me.tenant_id), store_id)
    standing = Standing(restricted=True, is_marketing=True, approved=False, store_approved=approved)
    return needs_review(Review(tenant.review), standing)
