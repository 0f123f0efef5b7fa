"""Answers about customers side by side: cohorts, recency-frequency-money, worth."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from geoengage.lifecycle.api.shapes import HIDDEN, MetricScope, OtherCurrency
from geoengage.lifecycle.rules.spans import Step

K_SAID = "The fewest people that a number may stand for; 1 in a demo, whose people are made up."
UNTOLD = "null: not told, because it would stand for fewer than k people, alone or beside other numbers"


class CohortLater(BaseModel):
    """How many of a cohort bought again in one later step."""

    n: int = Field(description="How many steps later; the step of the first purchase is 0.")
    complete: bool = Field(description="Whether all days of that step are over.")
    share: float | None = Field(
        description=f"Customers of the cohort with a purchase day in it ÷ the cohort. {UNTOLD}."
    )
    people: int | None = Field(description=f"How many that are. {UNTOLD}.")
    hidden: str | None = Field(description=HIDDEN)


class CohortRow(BaseModel):
    """Customers who bought for the first time in one step."""

    since: date = Field(serialization_alias="from", description="First local day of the step.")
    until: date = Field(serialization_alias="to", description="Last local day of the step that is over.")
    people: int | None = Field(description=f"How many they are. {UNTOLD}.")
    hidden: str | None = Field(description=HIDDEN)
    later: list[CohortLater] = Field(description="The steps after, in order.")


class CohortsOut(BaseModel):
    """Retention of cohorts."""

    scope: MetricScope = Field(description="Of what it tells.")
    k: int = Field(description=K_SAID)
    step: Step = Field(description="How long a step is.")
    formula: str = Field(description="How it is worked out.")
    source: str = Field(description="From which records.")
    items: list[CohortRow] = Field(description="The oldest cohort first.")


class RfmCell(BaseModel):
    """Customers with the same two scores."""

    recency: int = Field(description="1 (longest ago) to 5 (most recent).")
    frequency: int = Field(description="1 (fewest purchase days) to 5 (most).")
    group: str = Field(description="The group that the cell belongs to.")
    people: int | None = Field(description=f"How many. {UNTOLD}.")


class RfmGroup(BaseModel):
    """Customers of several neighbouring cells."""

    name: str = Field(description="Its name.")
    words: str = Field(description="What it means.")
    people: int | None = Field(description=f"How many. {UNTOLD}.")
    spent_minor: int | None = Field(
        description="What they have spent so far, minor units of `currency`. " + UNTOLD + "."
    )


class RfmMovement(BaseModel):
    """Customers who were in one group on the earlier day and are in another, or the same, on the later one."""

    before: str = Field(description="The group on the earlier day; `not_yet`: they had bought nothing.")
    after: str = Field(description="The group on the later day.")
    people: int | None = Field(description=f"How many. {UNTOLD}.")


class RfmOut(BaseModel):
    """Recency, frequency, money."""

    scope: MetricScope = Field(description="Of what it tells.")
    k: int = Field(description=K_SAID)
    on: date = Field(description="The later day; scores are as of its end.")
    before: date = Field(description="The earlier day, from which movements are told.")
    currency: str | None = Field(description="Of money; null: there are no orders.")
    other_currencies: list[OtherCurrency] = Field(description="What is left out of money.")
    formula: str = Field(description="How scores are worked out, and what becomes of customers with equal values.")
    source: str = Field(description="From which records.")
    customers: int | None = Field(description=f"All customers on the later day. {UNTOLD}.")
    cells: list[RfmCell] = Field(description="All 25, the most recent and most frequent first.")
    groups: list[RfmGroup] = Field(description="All groups, the best first.")
    movements: list[RfmMovement] = Field(description="Those that there are, by the groups' order.")


class WorthBin(BaseModel):
    """Customers whose value lies between two bounds."""

    low_minor: int | None = Field(description="From this on; null: no lower bound.")
    high_minor: int | None = Field(description="Below this; null: no upper bound.")
    people: int = Field(description="How many; bins of fewer than k people are joined to the next.")


class WorthTenth(BaseModel):
    """A tenth of the customers."""

    n: int = Field(description="1: those who are worth most.")
    people: int = Field(description="How many; at least k.")
    value_minor: int = Field(description="What they are worth together.")
    share: float | None = Field(description="Of what all are worth; null: all are worth nothing.")


class WorthQuantile(BaseModel):
    """A value below which a share of the customers lies."""

    share: float = Field(description="0–1.")
    value_minor: int = Field(description="To two digits where real people are counted.")


class WorthSpread(BaseModel):
    """A distribution over customers."""

    people: int | None = Field(description=f"How many customers it is over. {UNTOLD}.")
    mean_minor: float | None = Field(description="Their mean; null: there are none, or it is hidden.")
    quantiles: list[WorthQuantile] = Field(description="Empty with fewer than 10 k customers.")
    bins: list[WorthBin] = Field(description="From the least on.")
    tenths: list[WorthTenth] = Field(description="Who brings how much; empty with fewer than 10 k customers.")


class WorthOut(BaseModel):
    """What customers are worth, and how unevenly."""

    scope: MetricScope = Field(description="Of what it tells.")
    k: int = Field(description=K_SAID)
    on: date = Field(description="The day up to whose end orders count.")
    currency: str | None = Field(description="Of money; null: there are no orders.")
    other_currencies: list[OtherCurrency] = Field(description="What is left out.")
    formula: str = Field(description="How it is worked out.")
    source: str = Field(description="From which records.")
    hidden: str | None = Field(description=HIDDEN)
    so_far: WorthSpread = Field(description="What customers have spent, less refunds and returns.")
    expected: WorthSpread = Field(description="What the value model expects of the next 365 days, as of now.")


ReachName = Literal["push", "web_push", "email", "sms", "whatsapp", "viber", "in_app"]


class HoursOut(BaseModel):
    """One kind of thing by hour of the week."""

    kind: Literal["visits", "opens", "orders"] = Field(
        description="Visits that began in a zone; campaigns' and other messages that were opened; counted orders."
    )
    hours: list[int | None] = Field(
        description="168 numbers, Monday 0:00 first, local time: how often. An hour is told if in each month it is of"
        f" nobody or of k people at least. {UNTOLD}."
    )


class PeopleCount(BaseModel):
    """People who have something in common."""

    name: str = Field(description="The platform, or the language (ISO 639); empty: unknown.")
    people: int | None = Field(description=f"How many. {UNTOLD}.")


class WhenOut(BaseModel):
    """When and where people are."""

    scope: MetricScope = Field(description="Of what it tells.")
    k: int = Field(description=K_SAID)
    since: date | None = Field(serialization_alias="from", description="First day that counts; null: no month is over.")
    until: date | None = Field(serialization_alias="to", description="Last day that counts.")
    formula: str = Field(description="What is counted.")
    items: list[HoursOut] = Field(description="Visits, opens, orders.")
    devices: list[PeopleCount] = Field(description="People by the platform of a device, now; some have several.")
    languages: list[PeopleCount] = Field(description="People by language, now.")


class FunnelRow(BaseModel):
    """One channel: how many people get how far."""

    channel: ReachName = Field(description="The channel.")
    known: int | None = Field(description=f"People who are known and whom one may contact at all. {UNTOLD}.")
    consent: int | None = Field(description=f"Of these: who agree to marketing by the channel. {UNTOLD}.")
    address: int | None = Field(description=f"Of these: who have an address of it. {UNTOLD}.")
    alive: int | None = Field(description=f"Of these: whom it reaches, and who have not paused. {UNTOLD}.")


class FunnelOut(BaseModel):
    """Known people, consent, address, alive, by channel, as of now."""

    scope: MetricScope = Field(description="Of what it tells.")
    k: int = Field(description=K_SAID)
    formula: str = Field(description="How it is worked out.")
    items: list[FunnelRow] = Field(description="All channels.")
