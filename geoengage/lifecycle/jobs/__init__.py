"""What lifecycle metrics do by themselves, one file a subject. Everything is imported from here."""

from geoengage.lifecycle.jobs.alerts import PAUSE_S, warn_once
from geoengage.lifecycle.jobs.days import keep_days_once

__all__ = ["PAUSE_S", "keep_days_once", "warn_once"]
