"""Questions about lifecycle metrics: of whom, which days, which form of answer."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from geoengage.lifecycle.rules.catalogue import METRICS
from geoengage.lifecycle.rules.spans import DAY, Span, Step, cut
from geoengage.lifecycle.service import Scope
from geoengage.profiles.rules import Channel
from geoengage.tenancy.rules import Principal

MOST_POINTS = 400
MOST_COHORTS = 60
On = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2099, 12, 31))]
Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
MetricName = Annotated[str, Path(description="One of `GET /v1/metrics`.", json_schema_extra={"enum": list(METRICS)})]
YEAR_DAYS = 365


class Whose(BaseModel):
    """Of which part of the tenant."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    store_id: UUID | None = Field(default=None, description="Only this store: its orders, the people known to it.")
    mall_id: UUID | None = Field(default=None, description="Only the stores of this mall.")
    segment_id: UUID | None = Field(default=None, description="Only people who are in this segment now.")
    format: Literal["json", "csv"] = Field(default="json", description="`csv`: the same as a file, one line a number.")

    @model_validator(mode="after")
    def _one_scope(self) -> "Whose":
        if sum(value is not None for value in (self.store_id, self.mall_id, self.segment_id)) > 1:
            raise ValueError("name one of store_id, mall_id, segment_id, or none for the whole")
        return self

    def scope(self, me: Principal) -> Scope:
        """As the caller may ask it."""
        return Scope(self.store_id, self.mall_id, self.segment_id, me.store_ids)


class Period(Whose):
    """And which days."""

    since: On | None = Field(default=None, alias="from", description="First local day; else a year before `to`.")
    until: On | None = Field(default=None, alias="to", description="Last local day; else yesterday.")

    @model_validator(mode="after")
    def _in_order(self) -> "Period":
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ValueError("from must not be after to")
        return self

    def span(self, today: date) -> Span:
        """The days asked for."""
        until = self.until or max(today - DAY, self.since or today - DAY)
        return Span(self.since or until - (YEAR_DAYS - 1) * DAY, until)


class Steps(Period):
    """And how they are cut."""

    step: Step = Field(default=Step.MONTH, description="How the period is cut; weeks begin on Monday.")

    @model_validator(mode="after")
    def _not_too_many(self) -> "Steps":
        if self.since is not None and len(cut(self.span(self.since), self.step)) > MOST_POINTS:
            raise ValueError(f"at most {MOST_POINTS} steps; ask for a shorter period or a longer step")
        return self


class History(Steps):
    """And in which channel or currency."""

    channel: Channel | None = Field(default=None, description="For `subscribers` and `reachable`: only by this one.")
    currency: Currency | None = Field(
        default=None, description="Of money; else the one of most orders. Others are left out and named."
    )


class InMoney(Period):
    """And in which currency."""

    currency: Currency | None = Field(default=None, description="Of money; else the one of most orders.")
