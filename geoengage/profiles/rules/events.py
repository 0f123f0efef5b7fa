"""What the ledger says about people: only ids of ours, never an address. Pure."""

from datetime import datetime
from uuid import UUID

from geoengage.kit.event_base import Event


class ProfileCreated(Event, frozen=True, kw_only=True, tag="profile.created"):
    """Somebody new. `source`: who spoke of them first."""

    profile_id: UUID
    source: str
    at: datetime


class ProfileMerged(Event, frozen=True, kw_only=True, tag="profile.merged"):
    """Two people turned out to be one: all ids of `profile_id` belong to `into_id` now. `source`: who said so."""

    profile_id: UUID
    into_id: UUID
    source: str
    at: datetime


class ProfileUnmerged(Event, frozen=True, kw_only=True, tag="profile.unmerged"):
    """Ids of `from_id` turned out to be somebody else's: they belong to `profile_id` now."""

    profile_id: UUID
    from_id: UUID
    source: str
    at: datetime
