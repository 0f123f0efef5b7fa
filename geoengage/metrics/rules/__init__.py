"""What is worked out about people: usual things, value models. Pure. Everything is imported from here, except by tests
and benches of one model.
"""

from geoengage.metrics.rules.buying import FEWEST_CUSTOMERS, FEWEST_REPEATERS, Histories, TooLittle
from geoengage.metrics.rules.buying import group as group_histories
from geoengage.metrics.rules.decline import DEGREES, Decline, Degree, History, Shop, Thresholds, decline
from geoengage.metrics.rules.events import HabitsChanged, ValuesFitted
from geoengage.metrics.rules.fitting import fit_shop
from geoengage.metrics.rules.gaps import Population
from geoengage.metrics.rules.habits import PERCENTILES, CustomerHabit, Kept, Told, changed, checks, habits
from geoengage.metrics.rules.plots import by_times as draw_by_times
from geoengage.metrics.rules.plots import calibration as draw_calibration
from geoengage.metrics.rules.plots import holdout as draw_holdout
from geoengage.metrics.rules.season import Purchases, Season, purchases
from geoengage.metrics.rules.stages import STAGES, Stage, stage, stages_over
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
from geoengage.metrics.rules.trials import DAYS_A_WEEK, Group, PurchaseDays, Trial
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
    "DEGREES",
    "FEWEST_CUSTOMERS",
    "FEWEST_REPEATERS",
    "KIND",
    "LEAST_TIMES",
    "NAMES",
    "PERCENTILES",
    "STAGES",
    "CustomerHabit",
    "Decline",
    "Degree",
    "Group",
    "Habit",
    "HabitsChanged",
    "Histories",
    "History",
    "Kept",
    "Known",
    "Population",
    "PurchaseDays",
    "Purchases",
    "Quality",
    "Season",
    "Shop",
    "Stage",
    "Thresholds",
    "Told",
    "TooLittle",
    "Trial",
    "ValueModel",
    "Values",
    "ValuesFitted",
    "age_band",
    "cell_name",
    "cell_of",
    "changed",
    "checks",
    "compute",
    "decline",
    "draw_by_times",
    "draw_calibration",
    "draw_holdout",
    "fit_shop",
    "fit_values",
    "from_params",
    "group_histories",
    "habits",
    "is_fit_due",
    "judge",
    "purchases",
    "stage",
    "stages_over",
    "to_params",
    "usual",
    "value_customers",
]  # fmt: skip
