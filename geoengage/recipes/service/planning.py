"""From a recipe and what somebody set to what it would make here: for which shop, about which item, in which money."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.content import service as content
from geoengage.content import store as items
from geoengage.content.models import ContentItem
from geoengage.content.rules import ContentKind, ContentStatus, is_over
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle.rules.spans import DAY
from geoengage.lifecycle.service.scopes import Scope, get_place, today_in
from geoengage.lifecycle.service.trading import read_trade
from geoengage.metrics import store as metrics
from geoengage.recipes import store
from geoengage.recipes.rules import (
    RECIPES,
    Block,
    Obstacle,
    Plan,
    RecipeKey,
    RecipeSettings,
    Shop,
    block,
    plan_of,
)
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.rules import Principal
from geoengage.timing.service import calendars_of
from geoengage.venues import store as venues
from geoengage.venues.models import Store

MOST_ITEMS = 500


class RecipeNotFound(errors.NotFound):
    """There is no recipe of this name."""

    code = "recipe-not-found"
    title = "No such recipe"


@dataclass(frozen=True, slots=True)
class Planned:
    """A recipe for a shop. `plan` None: it cannot be made, `blocks` says why. `settings`: with the defaults.

    `given`: what somebody set; `store_id`, `content_id`: for which store and about which item it is.
    """

    key: RecipeKey
    given: dict[str, Any]
    settings: dict[str, Any]
    shop: Shop | None
    plan: Plan | None
    store_id: UUID | None = None
    content_id: UUID | None = None
    blocks: list[Block] = field(default_factory=list)


def key_of(name: str) -> RecipeKey:
    """The recipe of that name; RecipeNotFound."""
    try:
        return RecipeKey(name)
    except ValueError:
        raise RecipeNotFound(f"there is no recipe {name}; there are {', '.join(RecipeKey)}") from None


async def plan(session: Session, me: Principal, key: RecipeKey, given: RecipeSettings, now: datetime) -> Planned:
    """What the recipe would make. ItemErrors for settings that it does not take, or that name what is not there."""
    check_settings(key, given)
    if key is RecipeKey.MALL_ZONES:
        return await _plan_of_item(session, me, given, now)
    store_id = await _store_of(session, me, given.store_id)
    return plan_for(key, given, store_id, await _shop(session, me, store_id, now))


def check_settings(key: RecipeKey, given: RecipeSettings) -> None:
    """Raise ItemErrors for settings that the recipe does not take."""
    wrong = [name for name in given.given() if name not in RECIPES[key].takes]
    if wrong:
        raise errors.ItemErrors(
            [{"pointer": f"#/{name}", "in": "body", "detail": "this recipe does not take it"} for name in wrong]
        )


def plan_for(key: RecipeKey, given: RecipeSettings, store_id: UUID | None, shop: Shop | None) -> Planned:
    """What a recipe would make for a shop that is known; None: nobody knows in which currency it sells."""
    said = given.given() | ({} if store_id is None else {"store_id": str(store_id)})
    settings = RECIPES[key].defaults | said
    if shop is None:
        return Planned(key, said, settings, None, None, store_id, blocks=[block(Obstacle.NO_CURRENCY)])
    if any(not settings.get(name) for name in RECIPES[key].needs):
        return Planned(key, said, settings, shop, None, store_id, blocks=[block(Obstacle.NO_CATEGORIES)])
    return Planned(key, said, settings, shop, plan_of(key, settings, shop), store_id)


async def _store_of(session: Session, me: Principal, store_id: UUID | None) -> UUID | None:
    """For which store it is. Who is restricted to stores names one of them, or has only one."""
    if store_id is None and me.store_ids is not None:
        if len(me.store_ids) != 1:
            raise errors.field("store_id", "name one of your stores")
        return next(iter(me.store_ids))
    if store_id is not None:
        missing = await tenancy.list_missing_stores(session, TenantId(me.tenant_id), [store_id])
        if missing or not me.sees_store(store_id):
            raise errors.field("store_id", "there is no such store")
    return store_id


async def usual_currency(session: Session, tenant_id: TenantId) -> str | None:
    """That of most orders, else of most prices; None: nobody knows."""
    main, _ = await metrics.main_currency(session, tenant_id)
    return main or await store.find_price_currency(session, tenant_id)


async def _shop(session: Session, me: Principal, store_id: UUID | None, now: datetime) -> Shop | None:
    """None: nobody knows in which currency it sells."""
    tenant_id = TenantId(me.tenant_id)
    tenant = await tenancy.get_tenant(session, tenant_id)
    scope = Scope(store_id=store_id, only=me.store_ids)
    trade = await read_trade(
        session, tenant_id, scope, today_in(await get_place(session, tenant_id, scope), now) - DAY, now
    )
    currency = trade.currency or await usual_currency(session, tenant_id)
    if currency is None:
        return None
    brand = tenant.name
    if store_id is not None:
        brand = (await venues.get_row(session, tenant_id, Store, store_id)).name
    country = (await calendars_of(session, tenant_id, store_id)).territory or ""
    return Shop(brand, tenant.default_language, currency, round(trade.order_minor) or None, country)


# --- what is on in a mall --------------------------------------------------------------------------------------------


async def _plan_of_item(session: Session, me: Principal, given: RecipeSettings, now: datetime) -> Planned:
    key, said = RecipeKey.MALL_ZONES, given.given()
    settings = RECIPES[key].defaults | said
    content_id = given.content_id or await _next_item(session, me, now)
    if content_id is None:
        return Planned(key, said, settings, None, None, blocks=[block(Obstacle.NO_CONTENT)])
    try:
        row = await content.get(session, me, content_id)
    except errors.NotFound:
        raise errors.field("content_id", "there is no such item") from None
    said = said | {"content_id": str(content_id)}
    if row.status != ContentStatus.PUBLISHED or is_over(row.ends_at, now):
        lacks = ["it is not published" if row.status != ContentStatus.PUBLISHED else "it is over"]
        return _blocked(key, said, row.store_id, content_id, lacks)
    found = await content.recipe_for(session, me, row, now)
    if found.campaign is None:
        return _blocked(key, said, row.store_id, content_id, found.lacks)
    trigger = found.campaign["trigger"]
    at_place = trigger["kind"] == "entered"
    made = Plan(campaign=found.campaign, segment=found.segment, ways=("push",), at_place=at_place)
    blocks = []
    if at_place and not trigger["zone_ids"]:
        stores = [UUID(id_) for id_ in trigger["store_ids"]]
        if not await store.has_zone(session, TenantId(me.tenant_id), stores):
            blocks = [block(Obstacle.NO_ZONE)]
    return Planned(key, said, settings | said, None, made, row.store_id, content_id, blocks)


def _blocked(
    key: RecipeKey, said: dict[str, Any], store_id: UUID | None, content_id: UUID, lacks: list[str] | tuple[str, ...]
) -> Planned:
    blocks = [block(Obstacle.CONTENT_LACKS, words="; ".join(lacks))]
    return Planned(key, said, RECIPES[key].defaults | said, None, None, store_id, content_id, blocks)


async def _next_item(session: Session, me: Principal, now: datetime) -> UUID | None:
    """The published item that begins next, else one that is on; notices are no advertising."""
    wanted = items.Filter(statuses=(ContentStatus.PUBLISHED,), store_ids=me.store_ids, over_after=now)
    found = await items.list_items(session, TenantId(me.tenant_id), wanted, None, MOST_ITEMS)
    rows = [each.row for each in found if each.row.kind != ContentKind.NOTICE]

    def when(row: ContentItem) -> tuple[bool, datetime]:
        return row.starts_at is None or row.starts_at <= now, row.starts_at or now

    return min(rows, key=when).id if rows else None
