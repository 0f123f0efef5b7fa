"""What the ledger says about people: only ids of ours, never an address. Pure."""

from collections.abc import Collection
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


class PeopleChanged(Event, frozen=True, kw_only=True, tag="people.changed"):
    """Something about somebody is not as it was; what it is now stands in its own table.

    One of the ids says who. `what`: `traits`, `consents` (addresses too), `devices` (who is logged in, push addresses),
    `person` (new by an import, or another store knows them), `orders` (an import).
    """

    profile_id: UUID | None = None
    identifier_id: UUID | None = None
    device_id: UUID | None = None
    what: str
    at: datetime


def people_changed(
    what: str,
    now: datetime,
    *,
    identifiers: Collection[UUID] = (),
    devices: Collection[UUID] = (),
    profiles: Collection[UUID] = (),
) -> list[PeopleChanged]:
    """One event for each: an event of many could not be taken out of the ledger when one of them is erased."""
    return [
        *(PeopleChanged(what=what, at=now, identifier_id=id_) for id_ in sorted(identifiers)),
        *(PeopleChanged(what=what, at=now, device_id=id_) for id_ in sorted(devices)),
        *(PeopleChanged(what=what, at=now, profile_id=id_) for id_ in sorted(profiles)),
    ]
