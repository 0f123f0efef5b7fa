"""What is worked out about people: usual things, value models. Pure. Everything is imported from here, except by tests
and benches of one model.
"""

from geoengage.metrics.rules.buying import FEWEST_CUSTOMERS, FEWEST_REPEATERS, History, TooLittle, group
from geoengage.metrics.rules.events import ValuesFitted
from geoengage.metrics.rules.plots import by_times as draw_by_times
from geoengage.metrics.rules.plots import calibration as draw_calibration
from geoengage.metrics.rules.plots import holdout as draw_holdout
from geoengage.metrics.rules.traits import (
    BIRTHDAYS,
    CELL_LAT_DEG,
    CELL_LON_DEG,
    LEAST_TIMES,
    NAMES,
    Habit,
    Known,
    age_band,
    cell_name,
    cell_of,
    compute,
    usual,
)
from geoengage.metrics.rules.trials import DAYS_A_WEEK, Group, Purchases, Trial
from geoengage.metrics.rules.values import (
    KIND,
    Quality,
    ValueModel,
    Values,
    from_params,
    is_fit_due,
    judge,
    to_params,
)
from geoengage.metrics.rules.values import fit as fit_values
from geoengage.metrics.rules.values import value as value_customers

__all__ = [
    "BIRTHDAYS",
    "CELL_LAT_DEG",
    "CELL_LON_DEG",
    "DAYS_A_WEEK",
    "FEWEST_CUSTOMERS",
    "FEWEST_REPEATERS",
    "KIND",
    "LEAST_TIMES",
    "NAMES",
    "Group",
    "Habit",
    "History",
    "Known",
    "Purchases",
    "Quality",
    "TooLittle",
    "Trial",
    "ValueModel",
    "Values",
    "ValuesFitted",
    "age_band",
    "cell_name",
    "cell_of",
    "compute",
    "draw_by_times",
    "draw_calibration",
    "draw_holdout",
    "fit_values",
    "from_params",
    "group",
    "is_fit_due",
    "judge",
    "to_params",
    "usual",
    "value_customers",
]  # fmt: skip
