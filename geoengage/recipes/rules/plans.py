"""What a recipe makes of its settings: a segment, an offer, a campaign, as the JSON of their APIs. Pure.

A shop's own recipe (`store_id`) goes by that store's orders alone: habits look at what people buy in all stores.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from geoengage.recipes.rules.catalogue import RECIPES, RecipeKey
from geoengage.recipes.rules.texts import TEXTS, text_of

Json = dict[str, Any]
SEGMENT, OFFER = "$segment", "$offer"  # stand for the ids of what is made first
WAYS = ("push", "email")
OFFER_DAYS = 14
DAY_S = 86_400
DECLINED = ("marked", "severe", "gone")
HALF_A_YEAR = 183  # one win-back ladder in it (`campaigns.rules.ladder`)
_EVER: Json = {"ever": True}


@dataclass(frozen=True, slots=True)
class Size:
    """How much somebody's offer takes off. `who` None: everybody whom the recipe means. `share`: of an order, so much
    is what the percentage is of, at most."""

    who: Json | None
    percent: int
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to make. `segment` None: none is needed; `who` is then whom a preview counts (None: not by a condition).

    `messages`: what one person gets at most. `at_place`: it waits at zones, where location must be agreed to.
    """

    campaign: Json
    segment: Json | None = None
    offer: Json | None = None
    sizes: tuple[Size, ...] = ()
    messages: int = 1
    ways: tuple[str, ...] = WAYS
    at_place: bool = False

    @property
    def who(self) -> Json | None:
        """The condition of its segment."""
        return None if self.segment is None else self.segment["definition"]


@dataclass(frozen=True, slots=True)
class Shop:
    """For whom it is made. `brand`: the store's or the programme's name; `order_minor`: its average order, None where
    none are known."""

    brand: str
    language: str
    currency: str
    order_minor: int | None


def plan_of(key: RecipeKey, settings: Mapping[str, Any], shop: Shop) -> Plan:
    """What the recipe makes. `settings`: defaults and what was set. Not for `mall-zones`, whose item says it."""
    match key:
        case RecipeKey.WIN_BACK:
            return _win_back(settings, shop)
        case RecipeKey.FIRST_PURCHASE:
            return _first_purchase(settings, shop)
        case RecipeKey.SECOND_ITEM:
            return _second_item(settings, shop)
        case RecipeKey.ABANDONED_CART:
            return _abandoned_cart(settings, shop)
        case RecipeKey.MALL_ZONES:
            raise ValueError("what a mall's recipe makes follows from its content item")
        case _:
            assert_never(key)


def _win_back(settings: Mapping[str, Any], shop: Shop) -> Plan:
    """A reminder without an offer first: most who come back do so without one, and who gets one each time learns to
    stay away (`campaigns.rules.ladder`)."""
    percents = [settings[f"discount{part}_percent"] for part in ("", "_severe", "_gone")]
    who: Json = {"kind": "decline", "degrees": list(DECLINED)}
    sizes = [
        Size({"kind": "decline", "degrees": [degree]}, percent)
        for degree, percent in zip(DECLINED, percents, strict=True)
    ]
    tiers = dict(zip(DECLINED, percents, strict=True))
    if settings.get("store_id"):  # by that shop's own orders: often in a year, and not for two months
        who = {"kind": "all", "of": [_orders("gte", 4, days=365), _last("not_within_days", 60)]}
        sizes, tiers = [Size(None, percents[0])], {}
    steps = [
        _best_hour("reminder"), _say(shop, "win-back.reminder"), _wait("pause", settings["days_between"]),
        _best_hour("offer"), _say(shop, "win-back.offer", offer=True),
    ]  # fmt: skip
    benefit = {"kind": "percent", "percent": percents[0]}
    return _plan(
        RecipeKey.WIN_BACK, settings, shop, who=who, steps=steps, again_days=HALF_A_YEAR, sizes=tuple(sizes),
        offer={"benefit": benefit, "tiers": tiers},
    )  # fmt: skip


def _first_purchase(settings: Mapping[str, Any], shop: Shop) -> Plan:
    subscribed = [
        {"kind": "consent", "channel": channel, "purpose": "marketing", "state": "subscribed"}
        for channel in ("push", "web_push", "email")
    ]
    pushed = [{"kind": "reachable", "channel": channel} for channel in ("push", "web_push")]
    who = {"kind": "all", "of": [{"kind": "any", "of": [*subscribed, *pushed]}, _orders("eq", 0)]}
    percent = settings["discount_percent"]
    offer = {"benefit": {"kind": "percent", "percent": percent}, "conditions": {"first_order": True}}
    steps = [_best_hour("welcome"), _say(shop, "first-purchase.welcome", offer=True)]
    return _plan(
        RecipeKey.FIRST_PURCHASE, settings, shop, who=who, steps=steps, again_days=None, offer=offer,
        sizes=(Size(None, percent),),
    )  # fmt: skip


def _second_item(settings: Mapping[str, Any], shop: Shop) -> Plan:
    percent, below = settings["discount_percent"], settings.get("below_minor") or shop.order_minor or 1
    average: Json = {
        "kind": "order", "measure": "average", "currency": shop.currency, "op": "lt", "value": below,
        "window": {"days": 365},
    }  # fmt: skip
    who = {"kind": "all", "of": [average, _last("within_days", 90)]}
    benefit = {"kind": "second_item", "percent": percent}
    offer = {"benefit": benefit, "targets": {"categories": settings.get("categories") or []}}
    steps = [_best_hour("offer"), _say(shop, "second-item.offer", offer=True)]
    return _plan(
        RecipeKey.SECOND_ITEM, settings, shop, who=who, steps=steps, again_days=60, offer=offer,
        sizes=(Size(None, percent, share=0.5),),  # the second of two is at most half of what they cost
    )  # fmt: skip


def _abandoned_cart(settings: Mapping[str, Any], shop: Shop) -> Plan:
    percent = settings["discount_percent"]
    steps = [
        _say(shop, "abandoned-cart.reminder"), _wait("pause", settings["days_between"]),
        _best_hour("offer"), _say(shop, "abandoned-cart.offer", offer=True),
    ]  # fmt: skip
    trigger = {"kind": "cart", "cart": {"after_minutes": settings["after_minutes"]}}
    return _plan(
        RecipeKey.ABANDONED_CART, settings, shop, who=None, steps=steps, again_days=30, trigger=trigger,
        offer={"benefit": {"kind": "percent", "percent": percent}}, sizes=(Size(None, percent),),
    )  # fmt: skip


def _plan(  # noqa: PLR0913 - what differs from recipe to recipe
    key: RecipeKey,
    settings: Mapping[str, Any],
    shop: Shop,
    *,
    who: Json | None,
    steps: list[Json],
    again_days: int | None,
    offer: Json,
    sizes: tuple[Size, ...],
    trigger: Json | None = None,
) -> Plan:
    name = f"{RECIPES[key].name} ({shop.brand})"[:200]
    messages = sum(step["kind"] == "message" for step in steps)
    store_id = settings.get("store_id")
    campaign = {
        "name": name,
        "store_id": store_id,
        "trigger": trigger or {"kind": "segment", "segment_id": SEGMENT, "on": "entered", "present": True},
        "steps": steps,
        "hours": {"start": settings["hours_start"], "end": settings["hours_end"]},
        "channels": list(WAYS),
        "cap": {"count": messages, "per_days": 30},
        "exits": {"purchase": True},
        "reentry": {"kind": "never"} if again_days is None else {"kind": "after", "days": again_days},
        "offer_days": OFFER_DAYS,
        "win_back": key is RecipeKey.WIN_BACK,
    }
    return Plan(
        campaign=campaign,
        segment=None if who is None else {"name": name, "definition": who, "store_id": store_id},
        offer=_offer(name, settings, shop, offer),
        sizes=sizes,
        messages=messages,
    )


def _offer(name: str, settings: Mapping[str, Any], shop: Shop, own: Json) -> Json:
    budget, store_id = settings.get("budget_minor"), settings.get("store_id")
    return own | {
        "name": name,
        "store_id": store_id,
        "funded_by": "tenant" if store_id is None else "store",
        "currency": shop.currency,
        "status": "active",
        "conditions": {"with_code": True} | own.get("conditions", {}),
        "margin_floor_percent": settings.get("margin_floor_percent"),
        "max_discount_minor": settings.get("max_discount_minor"),
        "budget": None if budget is None else {"amount_minor": budget},
    }


def _say(shop: Shop, name: str, *, offer: bool = False) -> Json:
    title, body = text_of(name, shop.language, shop.brand)
    others = {tag: text_of(name, tag, shop.brand) for tag in TEXTS}
    texts = {tag: {"title": said[0], "body": said[1]} for tag, said in others.items()}
    said = {"kind": "message", "id": name.partition(".")[2], "title": title, "body": body, "texts": texts}
    return said | ({"offer_id": OFFER} if offer else {})


def _best_hour(before: str) -> Json:
    return {"kind": "wait_until", "id": f"before-{before}", "best_hour": True}


def _wait(id_: str, days: int) -> Json:
    return {"kind": "wait", "id": id_, "seconds": days * DAY_S}


def _orders(op: str, value: int, days: int | None = None) -> Json:
    window = _EVER if days is None else {"days": days}
    return {"kind": "order", "measure": "count", "op": op, "value": value, "window": window}


def _last(op: str, days: int) -> Json:
    return {"kind": "order", "measure": "last", "op": op, "value": days, "window": _EVER}


def filled(source: Any, ids: Mapping[str, str]) -> Any:
    """The same JSON with the places of ids filled."""
    if isinstance(source, dict):
        return {name: filled(value, ids) for name, value in source.items()}
    if isinstance(source, list):
        return [filled(value, ids) for value in source]
    return ids.get(source, source) if isinstance(source, str) else source
