"""Winning people back: a person climbs one ladder in six months, whichever campaign of the tenant's asks. Pure.

A ladder is a journey with `win_back`: a reminder without an offer first, offers later. Why only one: who is given a
discount each time they stay away learns to stay away (anchors/engagement.md section 7).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

ONE_LADDER_PER = timedelta(days=183)


@dataclass(frozen=True, slots=True)
class LadderPlace:
    """Which journey entry began last to win somebody back, and when: its first message was queued."""

    entry_id: UUID
    started_at: datetime


def is_on_another(place: LadderPlace | None, entry: LadderPlace) -> bool:
    """Whether another entry's ladder keeps this one, with the moment at which it came in, from writing.

    It counts when it came in: one that was held back is so to its end, since it would begin with an offer.
    """
    if place is None or place.entry_id == entry.entry_id:
        return False
    return entry.started_at < place.started_at + ONE_LADDER_PER


def place_after(place: LadderPlace | None, entry_id: UUID, now: datetime) -> LadderPlace:
    """Where somebody stands once this entry has written to them."""
    return place if place is not None and place.entry_id == entry_id else LadderPlace(entry_id, now)
