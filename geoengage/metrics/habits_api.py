"""HTTP of what a tenant's people are measured with: its thresholds, and what was learned of how they buy."""

from datetime import date, timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter
from pydantic import AwareDatetime, Field, model_validator

from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Shape
from geoengage.metrics import store
from geoengage.metrics.rules import Thresholds
from geoengage.tenancy.auth import Admin, SegmentEditor

router = APIRouter(tags=["habits"], responses=PROBLEMS)
USUAL = Thresholds()
Share = Annotated[float, Field(gt=0, lt=1)]


class HabitThresholds(Shape):
    """When somebody counts as having fallen behind their own habit. What is left out is as usual."""

    slight: Share = Field(USUAL.slight, description="Least share by which the own rate has fallen: slight.")
    marked: Share = Field(USUAL.marked, description="The same for marked.")
    severe: Share = Field(USUAL.severe, description="The same for severe.")
    least_purchases: int = Field(
        USUAL.least_purchases, ge=4, le=50, description="Purchase days below which the decline is unknown."
    )
    least_days: int = Field(USUAL.least_days, ge=30, le=730, description="Days since the first one, likewise.")
    gone_years: float = Field(
        USUAL.gone_years,
        ge=1,
        le=1000,
        description="Once in how many years a gap as long as the present one comes to this person, to call them gone.",
    )
    slow_odds: float = Field(
        USUAL.slow_odds, ge=1, le=1000, description="Odds of a lower rate, per gap of a year, to speak of a decline."
    )
    at_risk: Share = Field(
        USUAL.at_risk,
        description="How unlikely it must be that a gap of this person lasts longer than the present one.",
    )
    lost: Share = Field(
        USUAL.lost, description="The same for customers with too short a history to be gone: then they are churned."
    )
    lost_days: tuple[int, int] = Field(
        USUAL.lost_days, description="Days of silence: nobody is churned before the first, everybody after the second."
    )
    new_days: int = Field(USUAL.new_days, ge=1, le=365, description="For how many days a customer is new.")
    returned_days: int = Field(USUAL.returned_days, ge=1, le=365, description="For how many days one is reactivated.")

    @model_validator(mode="after")
    def _rising(self) -> "HabitThresholds":
        if not self.slight < self.marked < self.severe:
            raise ValueError("slight, marked and severe must rise")
        if not 1 <= self.lost_days[0] < self.lost_days[1] <= 3650:
            raise ValueError("lost_days must rise, from 1 to 3650 at most")
        return self


class SeasonWeek(Shape):
    """A week of the shop."""

    starts_on: date = Field(description="Its first day.")
    index: float = Field(description="How much people buy in it, 1 = as usual.")


class HabitPolicyOut(Shape):
    """What people are measured with."""

    thresholds: HabitThresholds = Field(description="The tenant's own.")
    fitted_at: AwareDatetime | None = Field(description="When the rest was learned; null: not yet, it is done daily.")
    mean_gap_days: float | None = Field(description="Mean days between purchases, over people.")
    season: list[SeasonWeek] = Field(description="The last two years by weeks; empty with too few purchases.")


@router.get("/v1/habit-policy")
async def get_habit_policy(me: SegmentEditor, tx: Tx) -> HabitPolicyOut:
    """What people's habits are measured with. Needs the scope `segments`."""
    return await _policy(tx, TenantId(me.tenant_id))


@router.put("/v1/habit-policy")
async def set_habit_policy(body: HabitThresholds, me: Admin, tx: Tx, now: Now) -> HabitPolicyOut:
    """Set the thresholds as a whole. Everybody is looked at again within minutes; a person still moves one degree of
    decline a week. Needs the scope `admin`."""
    tenant_id = TenantId(me.tenant_id)
    usual = HabitThresholds().model_dump()
    own = {name: value for name, value in body.model_dump().items() if value != usual[name]}
    await store.set_thresholds(tx, tenant_id, own)
    await store.check_all(tx, tenant_id, now)
    return await _policy(tx, tenant_id)


async def _policy(tx: Tx, tenant_id: TenantId) -> HabitPolicyOut:
    row = await store.find_rhythm(tx, tenant_id)
    shop = await store.get_shop(tx, tenant_id)
    thresholds: dict[str, Any] = msgspec.to_builtins(shop.thresholds)
    season = shop.season
    weeks = [
        SeasonWeek(starts_on=date.fromordinal(season.first) + timedelta(weeks=n), index=index)
        for n, index in enumerate(season.index)
    ]
    fitted_at = None if row is None else row.fitted_at
    return HabitPolicyOut(
        thresholds=HabitThresholds(**thresholds),
        fitted_at=fitted_at,
        mean_gap_days=round(shop.population.days / shop.population.shape, 1) if fitted_at else None,
        season=weeks[-105:],
    )
