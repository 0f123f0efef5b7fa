"""All the ways to one person, wherever they are reached. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.profiles.rules.consents import Channel, Hindrance, Purpose, Standing, deciding, hold_of, may_contact
from geoengage.profiles.rules.devices import Consent, Recipient


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An id of a person that is an e-mail address."""

    identifier_id: UUID
    value: str


@dataclass(frozen=True, slots=True)
class Reach:
    """A person with their addresses and devices, the newest device first, and all that they decided.

    `profile_id`: who they are now, also when another of their profiles was asked for. `app_stores`: whose app each of
    the devices' apps is, None for the tenant's.
    """

    profile_id: UUID
    first_name: str | None
    language: str | None
    attributes: dict[str, Any]
    suppressed: bool
    standing: Standing
    emails: tuple[EmailAddress, ...] = ()
    devices: tuple[Recipient, ...] = ()
    app_stores: Mapping[UUID, UUID | None] = field(default_factory=dict)


def find_email(
    reach: Reach, purpose: Purpose, store_id: UUID | None, now: datetime
) -> tuple[EmailAddress | None, Hindrance | None]:
    """The address an e-mail may go to now, the oldest that works; or why there is none (UNREACHABLE: no address).

    `store_id`: whose e-mail it is; None: the tenant's.
    """
    found = Hindrance.UNREACHABLE
    for email in reach.emails:
        hindrance = may_contact(
            reach.standing, Channel.EMAIL, purpose, store_id, now=now, address_id=email.identifier_id
        )
        if hindrance is None:
            return email, None
        if hindrance is not Hindrance.UNREACHABLE:
            found = hindrance
    return None, found


def in_app_hindrance(
    standing: Standing | None, device: Recipient | None, store_id: UUID | None, now: datetime
) -> Hindrance | None:
    """Why marketing may not be shown inside an app or a page; None: it may.

    A yes is one to `in_app`, or the device's own to marketing; a no to `in_app`, a pause and "everything" take it away.
    """
    standing = standing or Standing()
    if deciding(standing.decisions, Channel.IN_APP, Purpose.MARKETING, store_id) is not None:
        return may_contact(standing, Channel.IN_APP, Purpose.MARKETING, store_id, now=now)
    if device is None or device.marketing_push != Consent.GRANTED:
        return Hindrance.NO_CONSENT
    paused_until = hold_of(standing.holds).paused_until
    return Hindrance.PAUSED if paused_until is not None and now < paused_until else None


def may_name(reach: Reach) -> bool:
    """Whether what is known of a person may be used in a message to them: no device of theirs refuses it or was not
    asked. Who has no device was asked where they gave their address."""
    return all(device.personalisation == Consent.GRANTED for device in reach.devices)
