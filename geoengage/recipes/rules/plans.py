"""What a recipe makes of its settings: a segment, an offer, a campaign, as the JSON of their APIs. Pure.

A shop's own recipe (`store_id`) goes by that store's orders alone: habits look at what people buy in all stores.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from geoengage.metrics.rules import BIRTHDAYS
from geoengage.recipes.rules.catalogue import RECIPES, RecipeKey
from geoengage.recipes.rules.settings import ADULT
from geoengage.recipes.rules.texts import TEXTS, text_of

Json = dict[str, Any]
SEGMENT, OFFER = "$segment", "$offer"  # stand for the ids of what is made first
WAYS = ("push", "email")
OFFER_DAYS = 14
DAY_S = 86_400
DECLINED = ("marked", "severe", "gone")
HALF_A_YEAR = 183  # one win-back ladder in it (`campaigns.rules.ladder`)
BIRTH_TRAITS = (*BIRTHDAYS, "birth_year")
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
    ways: tuple[str, ...] = WAYS  # in the order in which one of them reaches somebody
    at_place: bool = False

    @property
    def who(self) -> Json | None:
        """The condition of its segment."""
        return None if self.segment is None else self.segment["definition"]


@dataclass(frozen=True, slots=True)
class Shop:
    """For whom it is made. `brand`: the store's or the programme's name; `order_minor`: its average order, None where
    none are known. `country`: in which it is (ISO 3166), empty where that is not known."""

    brand: str
    language: str
    currency: str
    order_minor: int | None
    country: str = ""


def plan_of(key: RecipeKey, settings: Mapping[str, Any], shop: Shop) -> Plan:
    """What the recipe makes. `settings`: defaults and what was set. Not for `mall-zones`, whose item says it."""
    if key is RecipeKey.MALL_ZONES:
        raise ValueError("what a mall's recipe makes follows from its content item")
    return _PLANS[key](settings, shop)


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


def _parents(settings: Mapping[str, Any], shop: Shop) -> Plan:
    """An idea first, without a price: what somebody is reminded of in their free time is not to be an advertisement."""
    days, percent = settings["days_away"], settings["discount_percent"]
    unseen: Json = {"kind": "visit", "measure": "count", "op": "eq", "value": 0, "window": {"days": days}}
    unseen |= {"zone_kind": "store"}
    viber = {"kind": "consent", "channel": "viber", "purpose": "marketing", "state": "subscribed"}
    who = {"kind": "all", "of": [_bought_of(settings["categories"], 730), _orders("eq", 0, days), unseen, viber]}
    steps = [
        _free_hour("idea"), _say(shop, "parents-viber.idea", settings=settings),
        _wait("pause", settings["days_between"]),
        _free_hour("offer"), _say(shop, "parents-viber.offer", settings=settings, offer=True),
    ]  # fmt: skip
    offer = {"benefit": {"kind": "percent", "percent": percent}, "targets": {"categories": settings["categories"]}}
    made = _plan(
        RecipeKey.PARENTS_VIBER, settings, shop, who=who, steps=steps, again_days=90, offer=offer,
        sizes=(Size(None, percent),), ways=("viber", "sms"),
    )  # fmt: skip
    made.campaign["exits"] |= {"segment_id": SEGMENT}  # who comes has got what the idea was for
    return made


def _fresh_weekend(settings: Mapping[str, Any], shop: Shop) -> Plan:
    percent, categories = settings["discount_percent"], settings["categories"]
    day = "weekend_eve" if settings["days_before"] else "weekend_start"
    trigger = _on_clock(settings, at=settings["hours_start"], days=[day])
    offer = {"benefit": {"kind": "percent", "percent": percent}, "targets": {"categories": categories}}
    return _plan(
        RecipeKey.FRESH_WEEKEND, settings, shop, who=_bought_of(categories, 365), again_days=6, trigger=trigger,
        steps=[_say(shop, "fresh-weekend.offer", settings=settings, offer=True)], offer=offer, offer_days=3,
        sizes=(Size(None, percent),), ways=("push", "whatsapp"), cap_days=6,
    )  # fmt: skip


def _essentials(settings: Mapping[str, Any], shop: Shop) -> Plan:
    """Nobody is there for whom nothing is due; a message every three days is enough of it."""
    trigger = _on_clock(settings, day_part=settings["day_part"], before_minutes=settings["before_minutes"])
    say = _say(shop, "essentials.reminder", settings=settings)
    steps = [{"kind": "branch", "id": "due", "when": {"kind": "due"}, "then": [say], "otherwise": []}]
    return _plan(
        RecipeKey.ESSENTIALS, settings, shop, who=_orders("gte", 3, 365), steps=steps, again_days=0, trigger=trigger,
        ways=("push", "whatsapp"), cap_days=3,
    )  # fmt: skip


# Who orders so often in half a year is silent after so many times the days that are set: a store knows its own orders,
# and not the rhythm of a person in all stores.
_RHYTHMS = ((12, 1), (6, 2), (3, 4))


def _inactivity(settings: Mapping[str, Any], shop: Shop) -> Plan:
    days, percent = settings["days_away"], settings["discount_percent"]
    silent: Json = {
        "kind": "all",
        "of": [{"kind": "habit", "of": "gap", "beyond_percentile": 80}, _last("not_within_days", days)],
    }
    if settings.get("store_id"):
        tiers = [
            {"kind": "all", "of": [_orders("gte", often, days=182), _last("not_within_days", min(days * times, 365))]}
            for often, times in _RHYTHMS
        ]
        silent = {"kind": "any", "of": tiers}
    who = {"kind": "all", "of": [silent, _last("within_days", 365)]}
    return _plan(
        RecipeKey.INACTIVITY, settings, shop, who=who, again_days=90,
        steps=[_best_hour("offer"), _say(shop, "inactivity.offer", settings=settings, offer=True)],
        offer={"benefit": {"kind": "percent", "percent": percent}}, sizes=(Size(None, percent),),
        ways=("push", "whatsapp", "email"),
    )  # fmt: skip


def _late_night(settings: Mapping[str, Any], shop: Shop) -> Plan:
    """Adults only: who says two days of birth is as young as the younger one."""
    percent = settings["discount_percent"]
    who = {"kind": "all", "of": [
        {"kind": "any", "of": [_aged(name, settings["age_from"], settings["age_to"]) for name in BIRTH_TRAITS]},
        *({"kind": "not", "of": _aged(name, 0, ADULT - 1)} for name in BIRTH_TRAITS),
        _last("within_days", 182),
    ]}  # fmt: skip
    trigger = _on_clock(settings, at=settings["hours_start"], days=["weekend_eve", "weekend_start"])
    return _plan(
        RecipeKey.LATE_NIGHT, settings, shop, who=who, again_days=6, trigger=trigger,
        steps=[_say(shop, "late-night.offer", settings=settings, offer=True)], offer_days=1,
        offer={"benefit": {"kind": "percent", "percent": percent}}, sizes=(Size(None, percent),), ways=("push",),
        cap_days=6,
    )  # fmt: skip


_PLANS: Mapping[RecipeKey, Callable[[Mapping[str, Any], Shop], Plan]] = {
    RecipeKey.WIN_BACK: _win_back,
    RecipeKey.FIRST_PURCHASE: _first_purchase,
    RecipeKey.SECOND_ITEM: _second_item,
    RecipeKey.ABANDONED_CART: _abandoned_cart,
    RecipeKey.PARENTS_VIBER: _parents,
    RecipeKey.FRESH_WEEKEND: _fresh_weekend,
    RecipeKey.ESSENTIALS: _essentials,
    RecipeKey.INACTIVITY: _inactivity,
    RecipeKey.LATE_NIGHT: _late_night,
}


def _plan(  # noqa: PLR0913 - what differs from recipe to recipe
    key: RecipeKey,
    settings: Mapping[str, Any],
    shop: Shop,
    *,
    who: Json | None,
    steps: list[Json],
    again_days: int | None,
    offer: Json | None = None,
    sizes: tuple[Size, ...] = (),
    trigger: Json | None = None,
    ways: tuple[str, ...] = WAYS,
    offer_days: int = OFFER_DAYS,
    cap_days: int = 30,
) -> Plan:
    """`again_days`: nobody comes in again within so many, None never, 0 whenever it starts. `trigger` None: who comes
    into the segment; of the calendar it is for the segment's people."""
    name = f"{RECIPES[key].name} ({shop.brand})"[:200]
    messages = sum(1 for _ in messages_in(steps))
    store_id = settings.get("store_id")
    of_calendar = trigger is not None and trigger["kind"] == "schedule"
    campaign = {
        "name": name,
        "store_id": store_id,
        "trigger": trigger or {"kind": "segment", "segment_id": SEGMENT, "on": "entered", "present": True},
        "steps": steps,
        "hours": {"start": settings["hours_start"], "end": settings["hours_end"]}
        if "hours_start" in settings
        else None,
        "channels": list(ways),
        "cap": {"count": messages, "per_days": cap_days},
        "exits": {"purchase": True},
        "reentry": _again(again_days),
        "offer_days": offer_days,
        "win_back": key is RecipeKey.WIN_BACK,
    }
    if of_calendar:
        campaign["audience"] = {"kind": "segment", "segment_id": SEGMENT}
    return Plan(
        campaign=campaign,
        segment=None if who is None else {"name": name, "definition": who, "store_id": store_id},
        offer=None if offer is None else _offer(name, settings, shop, offer),
        sizes=sizes,
        messages=messages,
        ways=ways,
    )


def _again(days: int | None) -> Json:
    if days is None:
        return {"kind": "never"}
    return {"kind": "after", "days": days} if days else {"kind": "always"}


def messages_in(steps: Sequence[Json]) -> Iterator[Json]:
    """The messages of a campaign's steps, in their order."""
    for step in steps:
        if step["kind"] == "message":
            yield step
        yield from messages_in([*step.get("then", ()), *step.get("otherwise", ())])


def worded(steps: Sequence[Json], said: Mapping[str, Json]) -> list[Json]:
    """The steps, with these members in the messages that have these ids."""
    found = []
    for step in steps:
        within = {name: worded(step[name], said) for name in ("then", "otherwise") if name in step}
        found.append(step | within | (said.get(step["id"], {}) if step["kind"] == "message" else {}))
    return found


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


def _on_clock(settings: Mapping[str, Any], **when: Any) -> Json:
    """A store's by the store's clock, everybody's by their own."""
    clock = "store" if settings.get("store_id") else "person"
    return {"kind": "schedule", "schedule": when | {"clock": clock}}


def _bought_of(categories: Sequence[str], days: int) -> Json:
    """Who has bought something of one of these categories."""
    return {"kind": "any", "of": [_orders("gte", 1, days) | {"category": category} for category in categories]}


def _aged(trait: str, youngest: int, oldest: int) -> Json:
    return {"kind": "trait", "name": trait, "op": "age_between", "value": [youngest, oldest]}


def _say(shop: Shop, name: str, *, offer: bool = False, settings: Mapping[str, Any] | None = None) -> Json:
    categories = (settings or {}).get("categories") or ()
    title, body = text_of(name, shop.language, shop.brand, categories)
    others = {tag: text_of(name, tag, shop.brand, categories) for tag, texts in TEXTS.items() if name in texts}
    texts = {tag: {"title": said[0], "body": said[1]} for tag, said in others.items()}
    said = {"kind": "message", "id": name.partition(".")[2], "title": title, "body": body, "texts": texts}
    return said | ({"offer_id": OFFER} if offer else {})


def _best_hour(before: str) -> Json:
    return {"kind": "wait_until", "id": f"before-{before}", "best_hour": True}


def _free_hour(before: str) -> Json:
    return _best_hour(before) | {"free_time": True}


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
