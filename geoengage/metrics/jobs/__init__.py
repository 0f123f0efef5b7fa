"""What the worker does about what is worked out about people. Everything is imported from here."""

from geoengage.metrics.jobs.traits import birthdays, compute_traits_once
from geoengage.metrics.jobs.values import PAUSE_S, value_customers_once

__all__ = ["PAUSE_S", "birthdays", "compute_traits_once", "value_customers_once"]
