"""What is worked out about people, one file a subject. Everything is imported from here."""

from geoengage.metrics.service.habits import BOUGHT, fit, on_bought, refresh
from geoengage.metrics.service.traits import WANTED, compute, on_people_changed

__all__ = ["BOUGHT", "WANTED", "compute", "fit", "on_bought", "on_people_changed", "refresh"]
