"""What is done by and by, one file a subject. Everything is imported from here."""

from geoengage.lifecycle.jobs.alerts import PAUSE_S, warn_once

__all__ = ["PAUSE_S", "warn_once"]
