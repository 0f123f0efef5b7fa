"""HTTP of one person at a glance: what they bought, where and when they usually do, what lies in their carts."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, Field

from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Shape
from geoengage.metrics import store as metrics
from geoengage.profiles import service as profiles
from geoengage.reports import store
from geoengage.reports.api.timeline import Reason
from geoengage.segments.service import reading as segments
from geoengage.tenancy.auth import ProfileReader

router = APIRouter(tags=["people"], responses=PROBLEMS)
HABIT = timedelta(days=730)
FEWEST = 3  # orders; fewer are no habit


class FiguresOut(Shape):
    """What was bought in one currency: orders that are paid, without those cancelled, less what went back."""

    currency: str = Field(description="ISO 4217.")
    orders: int = Field(description="How many.")
    revenue_minor: int = Field(description="What was paid less what went back, in minor units.")
    average_minor: int = Field(description="Of one order.")
    refunded_minor: int = Field(description="What went back.")
    first_at: AwareDatetime = Field(description="The first order.")
    last_at: AwareDatetime = Field(description="The last one.")


class UsualOut(Shape):
    """Where and when most orders of the last two years were made."""

    store_id: UUID | None = Field(description="The store; null while less than three orders name one.")
    store_name: str | None = Field(description="Its name.")
    store_orders: int = Field(description="How many of the orders that name a store.")
    store_of: int = Field(description="Orders that name a store.")
    hour: int | None = Field(description="The hour, 0–23, in the store's time zone; null with less than three orders.")
    hour_orders: int = Field(description="How many orders in that hour.")
    hour_of: int = Field(description="How many orders in all.")


class CartLineOut(Shape):
    """Something in a cart, as it was when it was put in."""

    name: str = Field(description="Its name.")
    sku: str | None = Field(description="Article number.")
    image_url: str | None = Field(description="A picture of it.")
    quantity_milli: int = Field(description="Thousandths.")
    unit_price_minor: int | None = Field(description="Price of one, minor units.")
    currency: str | None = Field(description="ISO 4217.")


class OpenCartOut(Shape):
    """A cart that waits."""

    id: UUID = Field(description="Its id.")
    store_id: UUID | None = Field(description="Its store; null: the tenant's.")
    store_name: str | None = Field(description="Its name.")
    changed_at: AwareDatetime = Field(description="Touched last.")
    abandoned_at: AwareDatetime | None = Field(description="Since when it counts as abandoned.")
    lines: list[CartLineOut] = Field(description="What lies in it.")


class OverviewSegment(Shape):
    """A segment that somebody is in."""

    id: UUID = Field(description="The segment.")
    name: str = Field(description="Its name.")
    sentence: str = Field(description="Its condition in plain English.")
    since: AwareDatetime = Field(description="Since when they are in it.")


class PersonHabitOut(Shape):
    """How a person buys now, against their own habit. What is not known yet is null."""

    stage: str = Field(
        description="`subscriber` (bought nothing), `new`, `active`, `slowing`, `at_risk`, `churned`, `reactivated`."
    )
    stage_since: date | None = Field(description="Since when; null for a subscriber.")
    decline: str = Field(
        description="`unknown`, `none`, `slight`, `marked`, `severe` or `gone`; a step a week at most."
    )
    decline_since: date | None = Field(description="Since when.")
    purchases: int = Field(description="Days on which they bought something.")
    typical_gap_days: float | None = Field(description="Half of their gaps are shorter.")
    long_gap_at: AwareDatetime | None = Field(description="When the present gap exceeds four of five of their gaps.")
    per_week_before: float | None = Field(description="Purchases a week in the six months before.")
    per_week_now: float | None = Field(description="And now, in the last `now_days`.")
    now_days: int | None = Field(description="How many days are now: the time of six of their gaps.")
    frequency_change: float | None = Field(description="−0.4: 40 % less often, the shop's season taken out.")
    spend_change: float | None = Field(description="The same for what they spend.")
    visits_change: float | None = Field(description="The same for days on which they came to a store.")


class OverviewOut(Shape):
    """One person at a glance. A credential that is restricted to stores sees what belongs to these."""

    profile_id: UUID = Field(description="The person; another id than asked for when the two were joined.")
    figures: list[FiguresOut] = Field(description="By currency, the one with most orders first.")
    usual: UsualOut = Field(description="Where and when they usually buy.")
    carts: list[OpenCartOut] = Field(description="Carts that are neither ordered nor empty.")
    segments: list[OverviewSegment] = Field(
        description="Segments that they are in, by name; `GET /v1/segments/{id}/why/{profile_id}` says why."
    )
    habit: PersonHabitOut | None = Field(
        description="Stage of life and decline; null for credentials that are restricted to stores, who know a part."
    )


@router.get("/v1/profiles/{profile_id}/overview")
async def get_overview(profile_id: UUID, me: ProfileReader, tx: Tx, now: Now, reason: Reason = None) -> OverviewOut:
    """Key figures, habits and open carts of a person. A real person's needs a reason, which is audited."""
    tenant_id = TenantId(me.tenant_id)
    subject = await profiles.get_open(tx, me, profile_id, now, reason)
    of = await store.find_ids(tx, tenant_id, subject.profile_id, me.store_ids)
    habits = await store.find_habits(tx, tenant_id, of, now - HABIT)
    return OverviewOut(
        profile_id=subject.profile_id,
        figures=[_figures(row) for row in await store.list_figures(tx, tenant_id, of)],
        usual=_usual(*habits),
        habit=None if me.store_ids is not None else await _habit(tx, tenant_id, subject.profile_id),
        carts=[OpenCartOut.model_validate(row) for row in await store.list_open_carts(tx, tenant_id, of)],
        segments=[
            OverviewSegment.model_validate(each)
            for each in await segments.list_of_person(tx, tenant_id, subject.profile_id, me.store_ids)
        ],
    )


async def _habit(tx: Tx, tenant_id: TenantId, profile_id: UUID) -> PersonHabitOut:
    row = (await metrics.read_habits(tx, tenant_id, [profile_id])).get(profile_id)
    nothing = dict.fromkeys(PersonHabitOut.model_fields)
    if row is None:
        return PersonHabitOut(**nothing | {"stage": "subscriber", "decline": "unknown", "purchases": 0})
    known = {name: getattr(row, name) for name in PersonHabitOut.model_fields if hasattr(row, name)}
    return PersonHabitOut(**known, purchases=row.own_purchases, long_gap_at=row.gap_p80_passed_at)


def _figures(row: Mapping[str, Any]) -> FiguresOut:
    return FiguresOut(**row, average_minor=round(row["revenue_minor"] / row["orders"]))


def _usual(place: store.Habit | None, time: store.Habit | None) -> UsualOut:
    named = place if place is not None and place.of >= FEWEST else None
    timed = time if time is not None and time.of >= FEWEST else None
    return UsualOut(
        store_id=named.store_id if named else None,
        store_name=named.store_name if named else None,
        store_orders=named.n if named else 0,
        store_of=place.of if place else 0,
        hour=timed.hour if timed else None,
        hour_orders=timed.n if timed else 0,
        hour_of=time.of if time else 0,
    )
