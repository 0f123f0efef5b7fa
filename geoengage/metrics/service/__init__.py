"""What is worked out about people, one file a subject. Everything is imported from here."""

from geoengage.metrics.service.traits import WANTED, compute, on_people_changed

__all__ = ["WANTED", "compute", "on_people_changed"]
