"""A recipe before it is switched on: the people, the cost, what it says, and what stands in its way."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.campaigns.rules import says, visible
from geoengage.campaigns.shapes.campaigns import CampaignIn
from geoengage.campaigns.views import is_exact
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
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
    after_holdout,
    block,
    expected_minor,
    filled,
    incentives_minor,
    messages_minor,
)
from geoengage.recipes.service.hindering import Facts, obstacles_of
from geoengage.recipes.service.planning import Planned
from geoengage.recipes.service.reaching import Reach, reach_of
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.rules import Principal

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
    """`people`: whom it would reach now, those held back among them; None: one to nine, or it cannot be made.
    `ways`: of those, by which way first."""

    whom: str
    people: int | None
    ways: Mapping[str, int | None]
    held_back: int | None
    money: Money
    says: list[str]
    blocks: list[Block]


async def preview_of(session: Session, me: Principal, planned: Planned, now: datetime, *, preview: bool) -> Preview:
    """What switching it on would do. `preview`: no push provider is set up."""
    recipe, plan = RECIPES[planned.key], planned.plan
    tenant = await tenancy.get_tenant(session, TenantId(me.tenant_id))
    if plan is None:
        return Preview(recipe.whom, None, {}, None, Money(None, None, None, None), [], planned.blocks)
    ready = await store.read_prepared(session, TenantId(me.tenant_id), planned.store_id)
    sending = [way for way in plan.ways if me.is_demo or ready.can_send(way)]
    reach = await reach_of(session, me, plan, planned.store_id, now, preview=preview, ways=sending)
    exact, reached = is_exact(me), len(reach.reached)
    people = visible(reached, len(reach.meant), exact=exact)
    ways = {way: visible(len(part), reached, exact=exact) for way, part in reach.ways.items()}
    shares = (planned.settings.get("holdout_percent") or 0, tenant.holdout_percent)
    money = await _money(session, me, planned, reach, shares)
    found = await obstacles_of(session, me, planned, Facts(reach, tenant, ready, preview=preview))
    blocks = [*planned.blocks, *found]
    if money.messages is None:
        blocks.append(block(Obstacle.NO_MESSAGE_COST))
    if people is None:
        money = Money(money.currency, None, None, None)
    return Preview(
        whom=recipe.whom,
        people=people,
        ways=ways,
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
    ways = {way: after_holdout(len(part), *shares) for way, part in reach.ways.items()}
    messages = messages_minor(ways, plan.messages, prices, currency, "" if shop is None else shop.country)
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
