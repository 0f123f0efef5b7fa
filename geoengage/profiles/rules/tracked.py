"""What the ledger says of integrators' events and of people whom another system wants erased. Pure."""

from datetime import datetime
from uuid import UUID

from geoengage.kit.event_base import Event


class EventsRecorded(Event, frozen=True, kw_only=True, tag="events.recorded"):
    """Events of people were stored, one fact for all that came in a request. What they say is in the table `event`."""

    event_ids: list[UUID]
    is_claim: bool
    at: datetime


class ErasureRequested(Event, frozen=True, kw_only=True, tag="erasure.requested"):
    """Another system (`source`) says that a person is to be erased; whoever erases people does it."""

    profile_id: UUID
    source: str
    at: datetime
