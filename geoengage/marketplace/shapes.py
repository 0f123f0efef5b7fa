"""Answers of the marketplace."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, field_validator

from geoengage.commerce.rules import MAX_MINOR
from geoengage.commerce.rules.money import CURRENCIES
from geoengage.kit.shapes import Shape
from geoengage.marketplace.rules import MOST_ROWS, StoreRow
from geoengage.marketplace.rules.league import Total
from geoengage.marketplace.rules.spend import Cap
from geoengage.marketplace.service.league import Seen
from geoengage.marketplace.service.results import RowOutcome
from geoengage.marketplace.service.spending import Month, Spending
from geoengage.proof.rules.inputs import price_of


class StoreBatchIn(Shape):
    """A list of stores. It documents the body; each row is checked by itself, so that a bad one loses nothing else."""

    stores: list[StoreRow] = Field(min_length=1, max_length=MOST_ROWS, description="One row a store.")


class RowProblem(BaseModel):
    """Why a row failed."""

    pointer: str = Field(description="Where: a JSON pointer, or `line 17` of a file.")
    detail: str = Field(description="What is wrong; of a file with the name of the column.")


class StoreRowResult(BaseModel):
    """What came of a row."""

    row: int = Field(description="Which one, from 1; of a file its line, where the header is line 1.")
    external_id: str | None = Field(description="Your id of the store.")
    outcome: RowOutcome = Field(description="`created`, `updated`, `unchanged`, or `failed`: then nothing was done.")
    changes: list[str] = Field(description="The parts that are new or other than before.")
    problems: list[RowProblem] = Field(description="Why it failed.")
    store_id: UUID | None = Field(description="The store.")
    owner_id: UUID | None = Field(description="Its owner, where the row names one.")
    app_id: UUID | None = Field(description="Its app.")
    campaign_id: UUID | None = Field(description="The campaign of its recipe, where the row names one.")
    publishable_key: str | None = Field(description="A new key of the app, shown now and never again.")
    secret_key: str | None = Field(description="A new key that sees this store only, shown now and never again.")
    login_link: str | None = Field(
        description="Path by which a new operator comes in, good for 24 hours; put the server's address before it."
    )


class StoreBatchOut(BaseModel):
    """What came of a list."""

    created: int = Field(description="Rows whose store is new.")
    updated: int = Field(description="Rows that changed something.")
    unchanged: int = Field(description="Rows that changed nothing.")
    failed: int = Field(description="Rows of which nothing was done.")
    unknown_columns: list[str] = Field(description="Columns of the file that were not read.")
    items: list[StoreRowResult] = Field(description="One a row, in their order.")


# --- what stores spend -----------------------------------------------------------------------------------------------


class StoreLimitBody(Shape):
    """What a store may spend on messages in a calendar month of the tenant's time zone."""

    limit_minor: int = Field(ge=0, le=MAX_MINOR, description="Minor units.")
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] = Field(
        description="ISO 4217: that of the prices at /v1/message-costs. What has its price in another is not counted."
    )

    @field_validator("currency")
    @classmethod
    def _exists(cls, value: str) -> str:
        if value not in CURRENCIES:
            raise ValueError(f"{value} is no currency")
        return value

    def cap(self) -> Cap:
        """As the rules have it."""
        return Cap(self.limit_minor, self.currency)


class StoreCost(BaseModel):
    """What something cost. Amounts of several currencies are never added."""

    currency: str = Field(description="ISO 4217.")
    minor: int = Field(description="Minor units, rounded up.")


class StoreChannelSpend(BaseModel):
    """The messages of a channel to one country."""

    channel: str = Field(description="As messages have it.")
    country: str | None = Field(description="Of the phone numbers, ISO 3166; null: not known.")
    messages: int = Field(description="How many were handed to the provider, whatever became of them.")
    held_back: int = Field(description="How many the limit held back.")
    cost: StoreCost | None = Field(description="At the price that holds now; null: nobody said what it costs.")


class StoreMonth(BaseModel):
    """What a store spent in a month."""

    month: str = Field(description="Of the tenant's time zone, `2026-11`.")
    costs: list[StoreCost] = Field(description="By currency.")
    held_back: int = Field(description="Messages that the limit held back.")
    unpriced: list[str] = Field(description="Channels of which nobody said what they cost: see /v1/message-costs.")
    channels: list[StoreChannelSpend] = Field(description="By channel and country.")


class StoreSpendOut(BaseModel):
    """What a store spends on messages."""

    store_id: UUID = Field(description="The store.")
    name: str = Field(description="Its name.")
    limit: StoreLimitBody | None = Field(description="What it may spend in a month; null: no limit.")
    left_minor: int | None = Field(description="What is left of this month's limit; null: no limit.")
    months: list[StoreMonth] = Field(description="The latest first, at most twelve; this month is always there.")


def spend_out(found: Spending) -> StoreSpendOut:
    """As the API shows it."""
    cap = found.cap
    left = None if cap is None else max(0, cap.limit_minor - found.months[0].spent.minor(cap.currency))
    return StoreSpendOut(
        store_id=found.store.id,
        name=found.store.name,
        limit=None if cap is None else StoreLimitBody(limit_minor=cap.limit_minor, currency=cap.currency),
        left_minor=left,
        months=[_month(each, found) for each in found.months],
    )


def _month(month: Month, found: Spending) -> StoreMonth:
    channels = []
    for each in month.counts:
        price = price_of(each.channel, each.country, found.prices)
        cost = None
        if price is not None:
            cost = StoreCost(currency=price.currency, minor=-(-each.messages * price.thousand_minor // 1000))
        channels.append(
            StoreChannelSpend(
                channel=each.channel, country=each.country or None, messages=each.messages, held_back=each.held_back,
                cost=cost,
            )
        )  # fmt: skip
    return StoreMonth(
        month=f"{month.month:%Y-%m}",
        costs=[StoreCost(currency=name, minor=month.spent.minor(name)) for name in sorted(month.spent.thousandths)],
        held_back=month.spent.held_back,
        unpriced=sorted(month.spent.unpriced),
        channels=channels,
    )


# --- how stores compare ----------------------------------------------------------------------------------------------


class LeagueRow(BaseModel):
    """A store in a month. Null: of fewer than ten people, or nothing to compare with."""

    store_id: UUID = Field(description="The store.")
    name: str = Field(description="Its name.")
    cohort: str | None = Field(description="The month of its first order, `2026-05`; null: it has sold nothing.")
    same_store: bool = Field(description="It traded all through the month before: only such stores can grow.")
    too_few: bool = Field(description="So few people bought that nothing is told.")
    currency: str | None = Field(description="Of most of its orders; all amounts of the row are in it.")
    customers: int | None = Field(description="People who bought there.")
    orders: int | None = Field(description="Orders, those of guests among them.")
    orders_in_other_currencies: int | None = Field(description="Of those, orders that are in no amount here.")
    revenue_minor: int | None = Field(description="What orders came to, net of refunds; minor units.")
    before_minor: int | None = Field(description="The same of the month before.")
    retention: float | None = Field(description="Share of the customers of the month before who came back, 0-1.")
    growth: float | None = Field(description="Revenue against the month before, 0.1: a tenth more. Same stores only.")
    trend: list[int | None] = Field(description="Revenue of each of `months`, oldest first.")


class LeagueTotal(BaseModel):
    """Stores together, in one currency. Stores of which too little may be told in either month are not in it."""

    currency: str = Field(description="ISO 4217; amounts of several are never added.")
    stores: int = Field(description="How many stores.")
    revenue_minor: int = Field(description="Of this month.")
    before_minor: int = Field(description="Of the month before.")
    growth: float | None = Field(description="Of all together, in which new stores look like growth.")
    same_stores: int = Field(description="How many traded all through both months.")
    same_revenue_minor: int = Field(description="What these took this month.")
    same_before_minor: int = Field(description="What these took the month before.")
    same_growth: float | None = Field(description="Their growth: the one that counts.")
    new_revenue_minor: int = Field(description="What the others took this month.")


class LeagueCohort(LeagueTotal):
    """The stores whose first order was in the same month."""

    cohort: str = Field(description="That month.")


class LeagueQuartiles(BaseModel):
    """Where a store stands among all; to two digits, and only where ten stores or more are known."""

    measure: str = Field(description="`revenue_minor`, `customers`, `orders`, `retention` or `growth`.")
    currency: str | None = Field(description="Of an amount.")
    low: float = Field(description="A quarter of the stores lies below.")
    middle: float = Field(description="Half of them lies below.")
    high: float = Field(description="Three quarters lie below.")


class LeagueOut(BaseModel):
    """How stores compare in a month."""

    month: str = Field(description="Of the tenant's time zone.")
    months: list[str] = Field(description="The twelve months of each trend.")
    rows: list[LeagueRow] = Field(description="Stores, most revenue first within a currency.")
    totals: list[LeagueTotal] = Field(description="By currency; empty for who is restricted to stores.")
    cohorts: list[LeagueCohort] = Field(description="By month of the first order; empty for who is restricted.")
    quartiles: list[LeagueQuartiles] = Field(description="Of all stores, without names.")


def league_out(seen: Seen) -> LeagueOut:
    """As the API shows it."""
    league = seen.league
    return LeagueOut(
        month=f"{league.month:%Y-%m}",
        months=[f"{month:%Y-%m}" for month in league.months],
        rows=[
            LeagueRow(
                store_id=row.store_id, name=row.name, cohort=None if row.cohort is None else f"{row.cohort:%Y-%m}",
                same_store=row.is_same, too_few=row.is_few, currency=row.currency, customers=row.customers,
                orders=row.orders, orders_in_other_currencies=row.others, revenue_minor=row.revenue_minor,
                before_minor=row.before_minor, retention=row.retention, growth=row.growth, trend=row.trend,
            )
            for row in league.rows
        ],
        totals=[LeagueTotal(**_total(total)) for total in seen.totals],
        cohorts=[LeagueCohort(cohort=f"{each.month:%Y-%m}", **_total(each.total)) for each in seen.cohorts],
        quartiles=[
            LeagueQuartiles(measure=q.measure, currency=q.currency, low=q.low, middle=q.middle, high=q.high)
            for q in seen.quartiles
        ],
    )  # fmt: skip


def _total(total: Total) -> dict[str, Any]:
    return {
        "currency": total.currency, "stores": total.stores, "revenue_minor": total.this_minor,
        "before_minor": total.before_minor, "growth": total.growth, "same_stores": total.same_stores,
        "same_revenue_minor": total.same_this_minor, "same_before_minor": total.same_before_minor,
        "same_growth": total.same_growth, "new_revenue_minor": total.this_minor - total.same_this_minor,
    }  # fmt: skip
