"""Writes of ingest that have a decision, one file a subject. Everything is imported from here."""

from geoengage.ingest.service.connections import put_secret, put_token, secrets_of, token_of
from geoengage.ingest.service.events import record_events
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
from geoengage.ingest.service.purchases import on_events_recorded
from geoengage.ingest.service.shops import FIRST_READING, apply, keep_delivery, on_delivered, source_of

__all__ = [
    "FIRST_READING", "POINTS", "Pusher", "Speakers", "Stored", "apply", "keep_delivery", "on_consent_changed",
    "on_delivered", "on_events_recorded", "pusher_of", "put_secret", "put_token", "record", "record_events",
    "resolve_crossings", "secrets_of", "source_of", "tell_regions", "token_of",
]  # fmt: skip
