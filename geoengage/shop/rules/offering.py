"""An offer in three taps: which discounts a product allows, whom it is for, and what is made of it. Pure.

What is made is the JSON of the APIs of segments, offers and campaigns, as recipes do it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from geoengage.kit.anonymity import K
from geoengage.offers.rules import Item, Margins, floor_minor
from geoengage.recipes.rules import OFFER, SEGMENT, Json, Plan, Size
from geoengage.shop.rules.texts import said

PERCENTS = (5, 10, 15, 20)
COUPON_DAYS = 14
CAMPAIGN_DAYS = 7  # so long messages may wait for a good hour, or for somebody's approval
_STEP = "offer"


class Audience(StrEnum):
    """Whom an offer is for; of all only customers of the store."""

    REGULARS = "regulars"
    NOT_SEEN = "not_seen"
    NEARBY = "nearby"


def _orders(measure: str, op: str, value: int, window: Json) -> Json:
    return {"kind": "order", "measure": measure, "op": op, "value": value, "window": window}


def _who(audience: Audience, store_id: UUID) -> Json:
    ever, visited = {"ever": True}, {"kind": "visit", "measure": "last", "store_id": str(store_id)}
    match audience:
        case Audience.REGULARS:
            return _orders("count", "gte", 3, {"days": 180})
        case Audience.NOT_SEEN:
            parts = [_orders("last", "not_within_days", 60, ever)]
            return {"kind": "all", "of": [*parts, {"kind": "not", "of": visited | {"op": "within_days", "value": 60}}]}
        case Audience.NEARBY:
            near = {"kind": "place", "of": "last_known", "within_km": 1, "store_id": str(store_id)}
            return {"kind": "any", "of": [visited | {"op": "within_days", "value": 7}, near]}


AUDIENCES = tuple(Audience)


class WhyNoDiscount(StrEnum):
    """Why a discount is not offered. `floor`: below the margin that is to be kept. `below_cost`: no margin is set, and
    the shop would pay. `no_margin`: a margin is to be kept, and nobody knows the product's."""

    FLOOR = "floor"
    BELOW_COST = "below_cost"
    NO_MARGIN = "no_margin"


@dataclass(frozen=True, slots=True)
class Priced:
    """A variant on sale. Minor units; `cost_minor` None: nobody has said."""

    price_minor: int
    cost_minor: int | None


@dataclass(frozen=True, slots=True)
class Discount:
    """A percentage on a product. `off_minor`: what a piece costs the shop at most; `price_minor`: the least it is sold
    for then. `why` None: it may be offered. `floor_percent`: the margin that is kept."""

    percent: int
    off_minor: int
    price_minor: int
    floor_percent: int | None
    why: WhyNoDiscount | None


def discount_of(percent: int, variants: Sequence[Priced], margins: Margins) -> Discount:
    """Whether all variants (one or more) may be sold for that much less, by the floor that pricing keeps.

    Without a floor nothing is sold below its cost, where that is known.
    """
    known = margins.margin_percent is not None or all(each.cost_minor is not None for each in variants)
    floor = margins.floor_percent if margins.floor_percent is not None else (0 if known else None)
    why = None
    offs = []
    for each in variants:
        off = (each.price_minor * percent + 50) // 100
        offs.append(off)
        item = Item(key="", quantity_milli=1000, unit_price_minor=each.price_minor, cost_minor=each.cost_minor)
        least = floor_minor(item, floor, margins)
        if least is None:
            why = WhyNoDiscount.NO_MARGIN
        elif each.price_minor - off < least:
            why = why or (WhyNoDiscount.FLOOR if margins.floor_percent is not None else WhyNoDiscount.BELOW_COST)
    least_price = min(each.price_minor - off for each, off in zip(variants, offs, strict=True))
    return Discount(percent, max(offs), least_price, floor, why)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was tapped, and for which shop. `language`: that of its customers."""

    store_id: UUID
    shop: str
    language: str
    product_id: UUID
    product: str
    currency: str
    discount: Discount
    audience: Audience


def offered(chosen: Chosen, people: int, now: datetime) -> Plan:
    """What to make. `people`: whom it reaches now; no more than these, or ten, will ever get it: so many uses its offer
    has, and one use costs no more than one piece's discount."""
    discount, store_id = chosen.discount, str(chosen.store_id)
    title, body = said(chosen.language, percent=discount.percent, product=chosen.product, shop=chosen.shop)
    name = f"{discount.percent} % off {chosen.product} ({chosen.audience.value.replace('_', ' ')})"[:200]
    who = _who(chosen.audience, chosen.store_id)
    message: dict[str, Any] = {"kind": "message", "id": _STEP, "title": title, "body": body, "offer_id": OFFER}
    campaign = {
        "name": name,
        "store_id": store_id,
        "trigger": {"kind": "segment", "segment_id": SEGMENT, "on": "entered", "present": True},
        "steps": [message],
        "channels": ["push", "email"],
        "cap": {"count": 1, "per_days": 30},
        "reentry": {"kind": "never"},
        "offer_days": COUPON_DAYS,
        "valid_to": (now + timedelta(days=CAMPAIGN_DAYS)).isoformat(),
    }
    offer = {
        "name": name,
        "store_id": store_id,
        "funded_by": "store",
        "currency": chosen.currency,
        "status": "active",
        "benefit": {"kind": "percent", "percent": discount.percent},
        "targets": {"product_ids": [str(chosen.product_id)]},
        "conditions": {"with_code": True, "once_per_person": True},
        "margin_floor_percent": discount.floor_percent,
        "max_discount_minor": max(discount.off_minor, 1),
        "valid_to": (now + timedelta(days=CAMPAIGN_DAYS + COUPON_DAYS)).isoformat(),
        "budget": {"uses": max(people, K)},  # of fewer than ten nobody is told how many
    }
    segment = {"name": name, "definition": who, "store_id": store_id}
    return Plan(campaign=campaign, segment=segment, offer=offer, sizes=(Size(None, discount.percent),))
