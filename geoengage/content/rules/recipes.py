"""A campaign for an item of each kind, as data: what to send to POST /v1/segments and /v1/campaigns. Pure.

- event: who is in the mall half an hour before it starts and likes the category (bought or looked at something of it)
- new arrival: who walks into the wing and has bought or looked at the brand
- promotion: who walks in where it is; notice: the same, as a message of service that carries no offer

Campaigns are above this domain, so a recipe is their JSON; a test posts each one to their API.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.content.rules.items import ContentKind, Item, moment

BEFORE = timedelta(minutes=30)
LIKES_DAYS = 365
SEGMENT = "$segment"  # stands in the campaign for the id of the segment that is made first
_TEXT = {"title": "{{ content.title }}", "body": "{{ content.text }}"}
_BEFORE_TEXT = {"title": "{{ content.title }}", "body": "Starts at {{ content.starts }}: {{ content.place }}"}
_ONCE = {"count": 1, "per_days": 30}


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where an item is, for a recipe. `wing`: zones that people walk through to it. `timezone`: of the campaign's own
    clock, which is its store's or the tenant's, and need not be the item's. `is_shops`: who asks is restricted to
    stores, and sees neither who is elsewhere in the mall nor what people looked at."""

    title: str
    mall_id: UUID | None
    wing: tuple[UUID, ...]
    timezone: str
    is_shops: bool


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to make. `segment` None: no segment is needed. `lacks`: why it cannot be made as it is, in words; then
    `campaign` is None."""

    says: str
    segment: dict[str, Any] | None
    campaign: dict[str, Any] | None
    lacks: tuple[str, ...] = ()


def recipe(item_id: UUID, item: Item, where: Where, now: datetime) -> Recipe:
    """The campaign that suits an item of its kind."""
    common: dict[str, Any] = {
        "name": where.title,
        "store_id": None if item.store_id is None else str(item.store_id),
        "content_id": str(item_id),
        "cap": _ONCE,
    }
    match item.kind:
        case ContentKind.EVENT:
            return _event(common, item, where, now)
        case ContentKind.NEW_ARRIVAL:
            return _new_arrival(common, item, where)
        case ContentKind.PROMOTION:
            says = "Whoever walks in where it is hears of it, once in 30 days."
            return _at_place(common | _TEXT, says, item, where)
        case ContentKind.NOTICE:
            says = "Whoever walks in where it is hears of it, as a message of service; somebody has to approve it."
            return _at_place(common | _TEXT | {"purpose": "service"}, says, item, where)


def _event(common: dict[str, Any], item: Item, where: Where, now: datetime) -> Recipe:
    there: dict[str, Any] = {"kind": "visit", "measure": "now", "mall_id": str(where.mall_id)}
    says = "Who is in the mall half an hour before it starts and likes the category hears of it."
    if where.is_shops:
        there = {"kind": "visit", "measure": "now", "store_id": str(item.store_id)}
        says = "Who is in the shop half an hour before it starts and has bought of the category hears of it."
    starts = moment(item.starts, item.timezone)
    lacks = []
    if where.mall_id is None and not where.is_shops:
        lacks.append("it is in no mall: name one, or a zone or store of one")
    if starts is not None and starts - BEFORE <= now:
        lacks.append("it starts in less than half an hour")
    if lacks or starts is None:
        return Recipe(says, None, None, tuple(lacks))
    definition = _all([there, *_likes("category", item.categories, where)])
    run = (starts - BEFORE).astimezone(ZoneInfo(where.timezone))
    trigger = {"kind": "schedule", "schedule": {"on": run.date().isoformat(), "at": f"{run:%H:%M}", "clock": "store"}}
    segment = _segment(f"There: {where.title}", definition, item, where)
    audience = {"kind": "segment", "segment_id": SEGMENT}
    return Recipe(says, segment, common | _BEFORE_TEXT | {"trigger": trigger, "audience": audience})


def _new_arrival(common: dict[str, Any], item: Item, where: Where) -> Recipe:
    says = "Who walks into the wing and has bought or looked at the brand hears of it, once in 30 days."
    made = _at_place(common | _TEXT, says, item, where)
    likes = _likes("brand", item.brands, where) or _likes("category", item.categories, where)
    if not likes:
        return Recipe(says, None, None, (*made.lacks, "say which brand or category is new"))
    if made.campaign is None:
        return made
    segment = _segment(f"Likes {where.title}", likes[0], item, where)
    return Recipe(says, segment, made.campaign | {"audience": {"kind": "segment", "segment_id": SEGMENT}})


def _at_place(campaign: dict[str, Any], says: str, item: Item, where: Where) -> Recipe:
    zones = where.wing if item.kind is ContentKind.NEW_ARRIVAL or item.zone_id is not None else ()
    if item.zone_id is not None:
        zones = (item.zone_id,)
    if not zones and item.store_id is None:
        return Recipe(says, None, None, ("it is at no zone and in no store: name one",))
    stores = [] if zones else [str(item.store_id)]
    trigger = {"kind": "entered", "zone_ids": [str(id_) for id_ in zones], "store_ids": stores}
    return Recipe(says, None, campaign | {"trigger": trigger} | _validity(item))


def _validity(item: Item) -> dict[str, Any]:
    starts, ends = moment(item.starts, item.timezone), moment(item.ends, item.timezone)
    return {
        "valid_from": None if starts is None else starts.isoformat(),
        "valid_to": None if ends is None else ends.isoformat(),
    }


def _segment(name: str, definition: dict[str, Any], item: Item, where: Where) -> dict[str, Any]:
    store_id = str(item.store_id) if where.is_shops else None
    return {"name": name[:200], "definition": definition, "store_id": store_id}


def _likes(what: str, names: Sequence[str], where: Where) -> list[dict[str, Any]]:
    """Bought or looked at something of one of these categories or brands in the last year; nothing without names."""
    if not names:
        return []
    window = {"days": LIKES_DAYS}
    bought = [
        {"kind": "order", "measure": "count", "op": "gte", "value": 1, "window": window, what: name} for name in names
    ]
    looked: dict[str, Any] = {
        "kind": "event",
        "name": "Product Viewed",
        "measure": "count",
        "op": "gte",
        "value": 1,
        "window": window,
        "where": [{"property": what, "op": "in", "value": list(names)}],
    }
    return [{"kind": "any", "of": bought if where.is_shops else [*bought, looked]}]


def _all(conditions: list[dict[str, Any]]) -> dict[str, Any]:
    return conditions[0] if len(conditions) == 1 else {"kind": "all", "of": conditions}
