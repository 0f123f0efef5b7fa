"""Conditions on what was worked out about a customer: lifecycle stage, figures, value, own habits, decline. Pure."""

from typing import Literal

from pydantic import Field, model_validator

from geoengage.metrics.rules import Stage as Stage  # the words of conditions take it from here
from geoengage.segments.rules.ops import NumberOp, is_number, one_flaw, raise_flaw, value_flaw
from geoengage.segments.rules.pieces import Condition, Number


class MetricCondition(Condition):
    """A metric of the customer. Who never bought has a stage and 0 orders, and passes nothing else."""

    kind: Literal["metric"] = Field(description="A figure that is worked out for each customer.")
    name: Literal[
        "stage",
        "orders",
        "purchase_days",
        "spend",
        "average_order",
        "days_since_order",
        "p_alive",
        "orders_90d",
        "orders_365d",
        "value_365",
    ] = Field(
        description="`stage` of the lifecycle; `orders`, `purchase_days`, `spend`, `average_order` of all time;"
        " `days_since_order`; and predicted: `p_alive` (0 to 1), `orders_90d`, `orders_365d`, `value_365`. Money is in"
        " minor units of the tenant's main currency."
    )
    op: NumberOp | Literal["in", "not_in"] = Field(
        description="A comparison of numbers; for `stage`: `eq`, `ne`, or `in`, `not_in` a list."
    )
    value: Number | Stage | list[Stage] | list[Number] = Field(description="A number; for `stage` one, or a list.")

    @model_validator(mode="after")
    def _fits(self) -> "MetricCondition":
        if self.name == "stage":
            raise_flaw(_stage_flaw(self.op, self.value))
        elif self.op in ("in", "not_in"):
            raise ValueError(f"{self.op} is for stage only")
        else:
            raise_flaw(value_flaw(self.op, self.value) if self.op == "between" else one_flaw(self.op, self.value))
        return self


def _stage_flaw(op: str, value: object) -> str | None:
    if op in ("in", "not_in"):
        fine = isinstance(value, list) and value and all(isinstance(v, Stage) for v in value)
    else:
        fine = op in ("eq", "ne") and isinstance(value, Stage)
    return None if fine else "stage takes eq or ne with one stage, in or not_in with a list of stages"


class HabitCondition(Condition):
    """What somebody does now against what they themselves did before, shrunk towards all customers where it is short.

    Without enough own purchases nothing is said: then this is not fulfilled.
    """

    kind: Literal["habit"] = Field(description="Against the person's own past.")
    of: Literal["frequency", "spend", "visits", "gap"] = Field(
        description="How often they buy, what they spend, how often they visit; or the gap since their last purchase."
    )
    down_percent: float | None = Field(
        default=None, ge=1, le=100, description="For all but `gap`: down by at least so many percent."
    )
    beyond_percentile: Literal[50, 60, 70, 80, 90, 95] | None = Field(
        default=None, description="For `gap`: longer than this percentile of their own gaps."
    )

    @model_validator(mode="after")
    def _fits(self) -> "HabitCondition":
        if (self.of == "gap") is not is_number(self.beyond_percentile):
            raise ValueError("beyond_percentile belongs to gap, which needs it")
        if (self.of == "gap") is not (self.down_percent is None):
            raise ValueError("down_percent belongs to frequency, spend and visits, which need it")
        return self


class DeclineCondition(Condition):
    """The degree by which a customer's buying has declined against their own habit."""

    kind: Literal["decline"] = Field(description="The degree of decline.")
    degrees: list[Literal["none", "slight", "marked", "severe", "gone", "unknown"]] = Field(
        min_length=1, max_length=6, description="One of these; `unknown`: fewer than 4 own purchases."
    )
