"""What is worked out about people, one file a subject. Everything is imported from here."""

from geoengage.metrics.service.habits import BOUGHT, fit, on_bought, refresh
from geoengage.metrics.service.traits import WANTED, compute, on_people_changed
from geoengage.metrics.service.values import keep, read_source, value_all, work_out

__all__ = [
    "BOUGHT", "WANTED", "compute", "fit", "keep", "on_bought", "on_people_changed", "read_source",
    "refresh", "value_all", "work_out",
]  # fmt: skip
