"""What is worked out by and by, one file a subject. Everything is imported from here."""

from geoengage.metrics.jobs.habits import check_habits_once, mind_habits, repair_once
from geoengage.metrics.jobs.traits import birthdays, compute_traits_once
from geoengage.metrics.jobs.values import PAUSE_S, value_customers_once

__all__ = [
    "PAUSE_S", "birthdays", "check_habits_once", "compute_traits_once", "mind_habits", "repair_once",
    "value_customers_once",
]  # fmt: skip
