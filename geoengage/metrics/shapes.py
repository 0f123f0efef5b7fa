"""Answers about value models, with units and meanings."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field

from geoengage.metrics.models import ValueModelRow
from geoengage.metrics.rules import Group, Quality, Trial


class BuyingOut(BaseModel):
    """MBG/NBD; times in weeks. Rates of purchase days differ between customers as a gamma distribution (shape `r`, rate
    `alpha`), the probability to stop after one as a beta distribution (`a`, `b`).
    """

    r: float = Field(description="Shape of the rates' distribution.")
    alpha: float = Field(description="Its rate parameter, weeks; `r / alpha` is the mean of purchase days a week.")
    a: float = Field(description="Of the probability to stop.")
    b: float = Field(description="Of the same; `a / (a + b)` is its mean.")
    log_likelihood: float = Field(description="Of all customers, times in weeks.")
    customers: int = Field(description="Whom it was fitted on.")


class SpendingOut(BaseModel):
    """Gamma-Gamma, of customers with repeat purchases; `gamma` is in minor units."""

    p: float = Field(description="How alike the purchases of one customer are.")
    q: float = Field(description="How alike customers are.")
    gamma: float = Field(description="Scale, minor units; the mean of a purchase is `p gamma / (q - 1)`.")
    log_likelihood: float = Field(description="Of these customers, amounts in minor units.")
    customers: int = Field(description="Whom it was fitted on: with repeat purchases that were paid.")
    correlation: float = Field(
        description="Pearson correlation of how often and how much, which the model takes to be 0. −1 to 1."
    )


class ParametersOut(BaseModel):
    """What was fitted."""

    buying: BuyingOut = Field(description="Of purchases.")
    spending: SpendingOut | None = Field(description="null: no model of amounts, so orders are foreseen, no values.")
    spending_refusal: str | None = Field(description="Why there is no model of amounts.")


class ValueModelOut(BaseModel):
    """A fit, or the reason why there is none."""

    id: UUID = Field(description="Its id.")
    version: int = Field(description="Counts the fits of the tenant.")
    is_current: bool = Field(description="Whether customers are valued with it.")
    kind: str = Field(description="`mbg_nbd`: probability alive and expected purchases come from MBG/NBD.")
    fitted_at: datetime = Field(description="When it was fitted.")
    through: date = Field(description="The last day whose purchases it knows, tenant time.")
    valued_on: date = Field(description="The day for which all customers were last valued with it, tenant time.")
    currency: str | None = Field(description="That of most orders; values are in it.")
    customers: int = Field(description="Who has bought.")
    orders_left_out: int = Field(description="Orders in other currencies, whose amounts are in no figure.")
    refusal: str | None = Field(description="Why there is no model; null: there is one.")
    parameters: ParametersOut | None = Field(description="What was fitted; null for a refusal.")
    warnings: list[str] = Field(description="What to keep in mind about its figures.")

    @classmethod
    def of(cls, row: ValueModelRow) -> "ValueModelOut":
        """From its row."""
        return cls(**_plain(row))


def _plain(row: ValueModelRow) -> Mapping[str, Any]:
    quality = row.quality or {}
    return {
        "id": row.id, "version": row.version, "is_current": row.is_current, "kind": row.kind,
        "fitted_at": row.fitted_at, "through": row.through, "valued_on": row.valued_on, "currency": row.currency,
        "customers": row.customers, "orders_left_out": row.left_out, "refusal": row.refusal,
        "parameters": row.params, "warnings": quality.get("warnings", []),
    }  # fmt: skip


class ValueModelsOut(BaseModel):
    """All versions that are kept."""

    items: list[ValueModelOut] = Field(description="The newest first.")


class RepeatersOut(BaseModel):
    """Customers who bought again on `least` to `most` (null: or more) days."""

    least: int = Field(description="Fewest repeat purchase days.")
    most: int | None = Field(description="Most of them; null: or more.")
    customers: int = Field(description="How many there are.")
    model: float = Field(description="How many the model says.")


class PurchaseWeekOut(BaseModel):
    """Repeat purchase days up to a day, since the first one. Weeks with fewer than ten buyers go with the next ones."""

    until: date = Field(description="The last day of the week.")
    counted: int = Field(description="Repeat purchase days that came.")
    model: float = Field(description="How many the model says.")
    is_holdout: bool = Field(description="Whether it was kept back from the fit.")


class BuyersOut(BaseModel):
    """Customers with `least` to less than `below` (null: or more), and means of them."""

    least: float = Field(description="Least value of the group, included.")
    below: float | None = Field(description="Upper end, excluded; null: or more.")
    customers: int = Field(description="How many they are.")
    counted: float = Field(description="Mean of what came.")
    model: float = Field(description="Mean of what was foreseen.")

    @classmethod
    def of(cls, group: Group) -> "BuyersOut":
        """From the rules' figures."""
        return cls(
            least=group.least, below=group.below, customers=group.customers, counted=group.actual, model=group.expected
        )


class VerdictOut(BaseModel):
    """How a kind of model did on the same hold-out."""

    kind: str = Field(description="`mbg_nbd` or `bg_nbd`.")
    purchase_days: float = Field(description="Repeat purchase days that it foresaw.")
    mean_error: float = Field(description="Mean absolute error per customer, purchase days.")
    auc_alive: float = Field(
        description="How often who bought again had the higher probability alive than who did not; 0.5: by chance."
    )
    auc_expected: float = Field(description="The same of expected purchases.")


class HoldoutOut(BaseModel):
    """Fitted on purchases up to `cut`, compared with what the same customers bought until `through`."""

    cut: date = Field(description="The last day that the fit knew.")
    through: date = Field(description="The last day of the hold-out.")
    customers: int = Field(description="Customers that were known at the cut, or the sample of them.")
    purchase_days: int = Field(description="Repeat purchase days that came.")
    revenue_minor: int | None = Field(description="What they brought; null: no model of amounts.")
    revenue_model_minor: int | None = Field(description="What the models foresaw, not discounted.")
    verdicts: list[VerdictOut] = Field(description="The kind in use first, plain BG/NBD beside it.")
    weeks: list[PurchaseWeekOut] = Field(description="Repeat purchase days added up, before and after the cut.")
    by_times: list[BuyersOut] = Field(
        description="By repeat purchase days before the cut: mean purchase days after it."
    )
    by_alive: list[BuyersOut] = Field(
        description="By probability alive: share who bought again, and mean probability alive (not the same thing)."
    )

    @classmethod
    def of(cls, trial: Trial) -> "HoldoutOut":
        """From the rules' figures."""
        came, foreseen = trial.revenue or (None, None)
        return cls(
            cut=date.fromordinal(trial.cut), through=date.fromordinal(trial.through), customers=trial.customers,
            purchase_days=trial.actual, revenue_minor=None if came is None else round(came),
            revenue_model_minor=None if foreseen is None else round(foreseen),
            verdicts=[
                VerdictOut(
                    kind=v.model, purchase_days=v.expected, mean_error=v.mean_error, auc_alive=v.auc_alive,
                    auc_expected=v.auc_expected,
                )
                for v in trial.verdicts
            ],
            weeks=[
                PurchaseWeekOut(
                    until=date.fromordinal(w.day), counted=w.actual, model=w.expected, is_holdout=w.is_ahead
                )
                for w in trial.weeks
            ],
            by_times=[BuyersOut.of(group) for group in trial.by_times],
            by_alive=[BuyersOut.of(group) for group in trial.by_alive],
        )  # fmt: skip


class ValueModelDetailOut(ValueModelOut):
    """With its checks; empty for a refusal."""

    calibration: list[RepeatersOut] = Field(
        description="Customers by how often they bought again, counted and by the model."
    )
    holdout: HoldoutOut | None = Field(description="The hold-out; null: none was possible.")
    no_holdout: str | None = Field(description="Why no purchases could be kept back.")

    @classmethod
    def of(cls, row: ValueModelRow) -> "ValueModelDetailOut":
        """From its row."""
        quality = quality_of(row)
        trial = None if quality is None else quality.trial
        return cls(
            **_plain(row),
            calibration=[
                RepeatersOut(least=t.least, most=t.most, customers=t.actual, model=t.expected)
                for t in (quality.calibration if quality else ())
            ],
            holdout=None if trial is None else HoldoutOut.of(trial),
            no_holdout=None if quality is None else quality.untried,
        )


def quality_of(row: ValueModelRow) -> Quality | None:
    """How good a model is, from its row; None for a refusal."""
    return None if row.quality is None else msgspec.convert(row.quality, Quality)
