"""Tables of lifecycle metrics, one file a subject. Everything is imported from here."""

from geoengage.lifecycle.models.alerts import Alert, MetricWatch
from geoengage.lifecycle.models.days import MetricDay

__all__ = ["Alert", "MetricDay", "MetricWatch"]
