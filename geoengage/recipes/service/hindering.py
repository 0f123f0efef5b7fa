"""What stands in a recipe's way here and now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.campaigns import store as campaigns
from geoengage.campaigns.rules import Standing, needs_review, visible
from geoengage.campaigns.views import is_exact
from geoengage.kit.clock import is_within_hours
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.offers.service.margins import margins_at
from geoengage.recipes import store
from geoengage.recipes.rules import BIRTH_TRAITS, Block, Obstacle, Plan, RecipeKey, block
from geoengage.recipes.service.planning import Planned
from geoengage.recipes.service.reaching import Reach
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.models import Tenant
from geoengage.tenancy.rules import Principal, Review
from geoengage.timing.rules import starts_of
from geoengage.timing.service import calendars_of

_SENDERS = {
    "email": Obstacle.NO_EMAIL_SENDER,
    "whatsapp": Obstacle.NO_WHATSAPP_SENDER,
    "viber": Obstacle.NO_VIBER_SENDER,
    "sms": Obstacle.NO_SMS_SENDER,
}
ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Facts:
    """What was looked up before. `preview`: no push provider is set up."""

    reach: Reach
    tenant: Tenant
    ready: store.Prepared
    preview: bool


async def obstacles_of(session: Session, me: Principal, planned: Planned, facts: Facts) -> list[Block]:
    """All of them; what is wrong with what was set comes from `planning`."""
    tenant_id, settings = TenantId(me.tenant_id), planned.settings
    plan, exact, reach, tenant = planned.plan, is_exact(me), facts.reach, facts.tenant
    assert plan is not None  # noqa: S101 - asked by the caller
    lost, unreached = len(reach.meant) - len(reach.agreeing), len(reach.agreeing) - len(reach.reached)
    held_back = settings.get("holdout_percent") or tenant.holdout_percent
    there: list[tuple[bool, Block]] = [
        (tenant.sending_stopped_at is not None, block(Obstacle.SENDING_STOPPED)),
        (lost > 0, block(Obstacle.NO_PERSONALISATION, visible(lost, exact=exact))),
        (unreached > 0, block(Obstacle.NO_WAY, visible(unreached, exact=exact))),
        (not held_back, block(Obstacle.NO_HOLDOUT)),
        (await is_reviewed(session, me, planned.store_id, tenant), block(Obstacle.REVIEW)),
    ]
    found = [each for holds, each in there if holds]
    if not me.is_demo:
        found += [block(each) for each in _senders(plan, facts)]
    if not reach.meant:
        found.append(block(await _why_nobody(session, tenant_id, planned.key)))
    categories = settings.get("categories")
    if categories and not await store.has_products_of(session, tenant_id, categories):
        found.append(block(Obstacle.UNKNOWN_CATEGORY, words=" or ".join(f"“{name}”" for name in categories)))
    return [*found, *await _of_settings(session, tenant_id, planned, tenant, facts.ready)]


async def stopping_blocks(session: Session, tenant_id: TenantId, planned: Planned) -> list[Block]:
    """What keeps it from being switched on; nobody is looked up for that."""
    found = list(planned.blocks)
    if planned.plan is not None:
        tenant = await tenancy.get_tenant(session, tenant_id)
        ready = await store.read_prepared(session, tenant_id, planned.store_id)
        found += await _of_settings(session, tenant_id, planned, tenant, ready)
    return [each for each in found if each.stops]


async def _of_settings(
    session: Session, tenant_id: TenantId, planned: Planned, tenant: Tenant, ready: store.Prepared
) -> list[Block]:
    plan, found = planned.plan, []
    if plan is not None and planned.key is not RecipeKey.MALL_ZONES:  # its item says when
        found += await _times(session, tenant_id, plan, planned.store_id, tenant)
    if plan is not None and plan.offer is not None:
        found += await _margin(session, tenant_id, planned, ready.has_costs)
    return found


def _senders(plan: Plan, facts: Facts) -> Iterator[Obstacle]:
    """What cannot send, of the ways that it takes. A demo shows everything in its preview."""
    if "push" in plan.ways and facts.preview and not facts.ready.has_push:
        yield Obstacle.NO_PUSH_SENDER
    yield from (each for way, each in _SENDERS.items() if way in plan.ways and not facts.ready.can_send(way))
    if "whatsapp" in plan.ways and facts.ready.can_send("whatsapp") and not facts.ready.has_template:
        yield Obstacle.NO_WHATSAPP_TEMPLATE


async def _times(
    session: Session, tenant_id: TenantId, plan: Plan, store_id: UUID | None, tenant: Tenant
) -> list[Block]:
    """Of recipes that speak at a time of the day: whether there is one, outside quiet hours. Those are never passed
    over, so what falls into them would be said in the morning, when it is too late."""
    if plan.campaign["trigger"]["kind"] != "schedule":
        return []
    when = plan.campaign["trigger"]["schedule"]
    moments = [time.fromisoformat(when["at"])] if when.get("at") else []
    if not moments:
        calendars = await calendars_of(session, tenant_id, store_id)
        begins = starts_of(calendars.parts, when["day_part"])
        if not begins:
            return [block(Obstacle.NO_DAY_PART, words=f"“{when['day_part']}”")]
        before = when["before_minutes"]
        moments = [(ANY_DAY + timedelta(minutes=minute - before)).time() for minute in begins]
    start, end = tenant.quiet_start, tenant.quiet_end
    if any(is_within_hours(datetime.combine(ANY_DAY, at, tzinfo=UTC), ZoneInfo("UTC"), start, end) for at in moments):
        return [block(Obstacle.QUIET_HOURS, words=f"{start:%H:%M} to {end:%H:%M}")]
    return []


async def _why_nobody(session: Session, tenant_id: TenantId, key: RecipeKey) -> Obstacle:
    if key is RecipeKey.WIN_BACK and not await store.has_habits(session, tenant_id):
        return Obstacle.TOO_FEW_ORDERS
    if key is RecipeKey.FIRST_PURCHASE and not await store.has_subscribers(session, tenant_id):
        return Obstacle.NOBODY_SUBSCRIBED
    if key is RecipeKey.INACTIVITY and not await store.has_habits(session, tenant_id):
        return Obstacle.TOO_FEW_ORDERS
    if key is RecipeKey.LATE_NIGHT and not await store.has_birth_dates(session, tenant_id, BIRTH_TRAITS):
        return Obstacle.NO_BIRTH_DATES
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
