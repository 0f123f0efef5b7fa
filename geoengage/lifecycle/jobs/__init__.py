"""What lifecycle metrics do by themselves, one file a subject. Everything is imported from here."""

from geoengage.lifecycle.jobs.days import keep_days_once

__all__ = ["keep_days_once"]
