"""What is worked out about people, one file a subject. Everything is imported from here."""

from geoengage.metrics.service.traits import WANTED, compute, on_people_changed
from geoengage.metrics.service.values import keep, read_source, value_all, work_out

__all__ = ["WANTED", "compute", "keep", "on_people_changed", "read_source", "value_all", "work_out"]
