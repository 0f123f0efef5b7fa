"""Writes of ingest that have a decision, one file a subject. Everything is imported from here."""

from geoengage.ingest.service.phones import (
    POINTS,
    Pusher,
    Speakers,
    Stored,
    on_consent_changed,
    pusher_of,
    record,
    resolve_crossings,
    tell_regions,
)

__all__ = [
    "POINTS",
    "Pusher",
    "Speakers",
    "Stored",
    "on_consent_changed",
    "pusher_of",
    "record",
    "resolve_crossings",
    "tell_regions",
]
