"""Answers of lifecycle metrics over time. Every number's formula, source and window is in the answer itself."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from geoengage.lifecycle.rules.catalogue import Unit
from geoengage.lifecycle.rules.spans import Step

HIDDEN = "Why a number is not told; null: it is, or there is none."


class MetricDefinition(BaseModel):
    """What a metric means."""

    name: str = Field(description="Its name in the API.")
    label: str = Field(description="Its name for people.")
    unit: Unit = Field(
        description="`people`; `share` (0–1); `orders_per_customer`; `days`; `money`: minor units of `currency`."
    )
    better: Literal["up", "down"] = Field(description="In which direction a shop wants it to go.")
    formula: str = Field(description="How it is worked out.")
    source: str = Field(description="From which records.")
    window: str = Field(description="Which days count for a point from `from` to `to`.")
    by_channel: bool = Field(description="Whether `channel` may be asked for.")


class MetricsOut(BaseModel):
    """All metrics."""

    items: list[MetricDefinition] = Field(description="In the order in which they are shown.")


class MetricFigure(BaseModel):
    """A metric in some days."""

    since: date = Field(serialization_alias="from", description="First local day.")
    until: date = Field(serialization_alias="to", description="Last local day.")
    complete: bool = Field(description="Whether all these days are over; else only those that are count.")
    value: float | None = Field(description="The number; null: hidden, or there is nothing to tell of (yet).")
    low: float | None = Field(description="Lower end of its 95 % interval, where there is one.")
    high: float | None = Field(description="Upper end of its 95 % interval, where there is one.")
    people: int | None = Field(description="How many people it is about; null: hidden.")
    hidden: str | None = Field(description=HIDDEN)


class MetricBefore(MetricFigure):
    """The same metric in an earlier period."""

    change: float | None = Field(
        description="How the asked period's value differs from this one, as a share of this one: 0.1 is 10 % more."
    )
    points: list[MetricFigure] = Field(description="The earlier period by the same steps.")


class OtherCurrency(BaseModel):
    """Orders that are left out of money, because currencies are never added."""

    currency: str = Field(description="ISO 4217.")
    orders: int = Field(description="Counted orders in it, over all time.")


class MetricScope(BaseModel):
    """Of what a metric tells."""

    kind: Literal["tenant", "stores", "store", "mall", "segment"] = Field(
        description="`stores`: those to which the caller is restricted, together."
    )
    id: UUID | None = Field(description="Of the store, mall or segment.")
    timezone: str = Field(description="IANA zone of its local days.")


class MetricOut(MetricDefinition, MetricFigure):
    """A metric in a period as a whole, by steps, and beside earlier periods."""

    scope: MetricScope = Field(description="Of what it tells.")
    k: int = Field(description="The fewest people that a number may stand for; 1 in a demo, whose people are made up.")
    channel: str | None = Field(description="The channel that was asked for.")
    currency: str | None = Field(description="Of money; null: it is not about money, or there are no orders.")
    other_currencies: list[OtherCurrency] = Field(description="What is left out of money.")
    step: Step = Field(description="How the period is cut.")
    points: list[MetricFigure] = Field(description="The period by steps, without those that have not begun.")
    previous: MetricBefore = Field(
        description="The period just before: as many months, if it is whole months, else as many days."
    )
    year_ago: MetricBefore = Field(
        description="A year earlier: the same months, if it is whole months, else 52 weeks earlier, weekday by weekday."
    )
