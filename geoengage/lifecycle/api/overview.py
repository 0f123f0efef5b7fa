"""HTTP of the first screen: one sentence a metric, and one button."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.lifecycle.rules.catalogue import METRICS, Unit
from geoengage.lifecycle.rules.playbooks import PLAYBOOKS
from geoengage.lifecycle.rules.sentences import Tone
from geoengage.lifecycle.service import Scope
from geoengage.lifecycle.service.overview import DAYS, Line, read_overview
from geoengage.tenancy.auth import Reader

router = APIRouter(tags=["metrics"], responses=PROBLEMS)


class OverviewGroup(StrEnum):
    """Where on the first screen a metric stands."""

    WORTH = "worth"
    LIFE = "life"
    BUYING = "buying"
    REACH = "reach"


_GROUPS = (
    (OverviewGroup.WORTH, ("ltv", "ltv_predicted")),
    (OverviewGroup.LIFE, ("active", "at_risk", "churned", "churn_rate", "reactivated")),
    (OverviewGroup.REACH, ("subscribers", "reachable", "conversion", "direct_share")),
)
_GROUP_OF = {name: group for group, names in _GROUPS for name in names}


class OverviewOf(BaseModel):
    """Of which part of the tenant."""

    model_config = ConfigDict(extra="forbid")

    store_id: UUID | None = Field(default=None, description="Only this store.")
    mall_id: UUID | None = Field(default=None, description="Only the stores of this mall.")

    @model_validator(mode="after")
    def _one(self) -> "OverviewOf":
        if self.store_id is not None and self.mall_id is not None:
            raise ValueError("name store_id or mall_id, or none for the whole")
        return self


class OverviewButton(BaseModel):
    """What can be done at once: `POST /v1/playbooks/{playbook}` makes a segment and a draft campaign."""

    playbook: str = Field(description="Name of the playbook.")
    label: str = Field(description="What the button says.")


class OverviewLine(BaseModel):
    """A metric in one sentence."""

    metric: str = Field(description="Its name; `/v1/metrics/{name}` has its history and its formula.")
    label: str = Field(description="Its name for people.")
    group: OverviewGroup = Field(description="Where it stands on the first screen.")
    text: str = Field(description="The sentence, e.g. `412 regulars slowed down (was 300).`")
    money_text: str | None = Field(description="What the change is worth, e.g. `Expected loss CHF 31,000 in 90 days.`")
    tone: Tone = Field(description="Whether the change is one that a shop wants.")
    unit: Unit = Field(description="Of `value` and `before`; money is in minor units of the overview's currency.")
    value: float | None = Field(description="Now; null: hidden, or nothing to tell of.")
    before: float | None = Field(description="In as many days before.")
    change: float | None = Field(description="Relative: 0.1 is 10 % more than before.")
    people: int | None = Field(description="How many people the value is about.")
    money_minor: int | None = Field(
        description="Gained, or lost (below zero), in 90 days if the change stays; two figures, minor units."
    )
    since: date = Field(serialization_alias="from", description="First local day of the value.")
    until: date = Field(serialization_alias="to", description="Last local day of the value.")
    hidden: str | None = Field(description="Why it is not told.")
    alert_id: UUID | None = Field(description="The open alert on it.")
    button: OverviewButton | None = Field(description="Null while it does well.")


class OverviewOut(BaseModel):
    """How the business fares with its customers."""

    timezone: str = Field(description="IANA zone of the local days.")
    through: date = Field(description="The last local day that is counted: yesterday.")
    days: int = Field(description="Over so many days figures are taken and compared with as many before.")
    currency: str | None = Field(description="The one of most orders; null: nothing was ordered yet.")
    has_orders: bool = Field(description="Whether there is anything to tell of buying.")
    has_people: bool = Field(description="Whether anybody has agreed to be written to.")
    items: list[OverviewLine] = Field(description="What customers are worth and whether they stay comes first.")


@router.get("/v1/overview")
async def get_first_screen(me: Reader, tx: Tx, now: Now, asked: Annotated[OverviewOf, Query()]) -> OverviewOut:
    """The first screen: one sentence for each metric with its change, what that is worth, and one button.

    A credential that is restricted to stores gets those stores. Numbers about fewer than ten people are not told.
    """
    scope = Scope(store_id=asked.store_id, mall_id=asked.mall_id, only=me.store_ids)
    found = await read_overview(tx, TenantId(me.tenant_id), scope, now, exact=me.is_demo)
    return OverviewOut(
        timezone=found.timezone,
        through=found.through,
        days=DAYS,
        currency=found.currency,
        has_orders=found.currency is not None,
        has_people=found.has_people,
        items=[_line(line) for line in found.lines],
    )


def _line(line: Line) -> OverviewLine:
    book = line.playbook
    return OverviewLine(
        metric=line.name,
        label=METRICS[line.name].label,
        group=_GROUP_OF.get(line.name, OverviewGroup.BUYING),
        text=line.text,
        money_text=line.money_text,
        tone=line.tone,
        unit=METRICS[line.name].unit,
        value=line.now.value,
        before=line.before.value,
        change=line.change,
        people=None if line.hidden else line.now.people,
        money_minor=line.money_minor,
        since=line.period.first,
        until=line.period.last,
        hidden=line.hidden,
        alert_id=line.alert and line.alert.id,
        button=None if book is None else OverviewButton(playbook=book, label=PLAYBOOKS[book].button),
    )
