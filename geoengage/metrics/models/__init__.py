"""Tables of what is worked out about people. Everything is imported from here."""

from geoengage.metrics.models.habits import CustomerHabitRow, CustomerSummary, ShopRhythm
from geoengage.metrics.models.traits import ComputedMark
from geoengage.metrics.models.values import CustomerValue, ValueModelRow

__all__ = ["ComputedMark", "CustomerHabitRow", "CustomerSummary", "CustomerValue", "ShopRhythm", "ValueModelRow"]
