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
    """Something about people is not as it was; what it is now stands in its own table.

    `what`: `traits`, `consents` (addresses too), `devices` (who is logged in, push addresses), `person` (new by an
    import, or another store knows them), `orders` (an import, or another customer's now). At most `MOST_TOLD` ids.
    """

    identifier_ids: list[UUID] = []  # noqa: RUF012 - msgspec copies it
    device_ids: list[UUID] = []  # noqa: RUF012
    profile_ids: list[UUID] = []  # noqa: RUF012
    what: str
    at: datetime


MOST_TOLD = 500


def people_changed(
    what: str,
    now: datetime,
    *,
    identifiers: Collection[UUID] = (),
    devices: Collection[UUID] = (),
    profiles: Collection[UUID] = (),
) -> list[PeopleChanged]:
    """The events that tell of these, each of one kind of id."""
    named = {"identifier_ids": identifiers, "device_ids": devices, "profile_ids": profiles}
    return [
        PeopleChanged(what=what, at=now, **{name: ordered[start : start + MOST_TOLD]})
        for name, ordered in ((name, sorted(ids)) for name, ids in named.items())
        for start in range(0, len(ordered), MOST_TOLD)
    ]
