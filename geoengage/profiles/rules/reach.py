"""All the ways to one person, wherever they are reached. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.profiles.rules.consents import Channel, Hindrance, Purpose, Standing, deciding, hold_of, may_contact
from geoengage.profiles.rules.devices import Consent, Recipient


@dataclass(frozen=True, slots=True)
class Address:
    """An id of a person to which a message can go by a channel: an e-mail address, a phone number, or what WhatsApp
    calls somebody who hides theirs (a business-scoped user id, `value` without the account that it belongs to)."""

    identifier_id: UUID
    value: str
    channel: Channel = Channel.EMAIL
    account: str | None = None

    @property
    def is_handle(self) -> bool:
        """Whether it is no number."""
        return self.account is not None


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
    emails: tuple[Address, ...] = ()
    phones: tuple[Address, ...] = ()
    devices: tuple[Recipient, ...] = ()
    app_stores: Mapping[UUID, UUID | None] = field(default_factory=dict)


def find_email(
    reach: Reach, purpose: Purpose, store_id: UUID | None, now: datetime
) -> tuple[Address | None, Hindrance | None]:
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


def find_phone(
    reach: Reach, channel: Channel, purpose: Purpose, store_id: UUID | None, now: datetime, *, account: str | None
) -> tuple[Address | None, Hindrance | None]:
    """The same of a phone number for SMS, WhatsApp or Viber; for WhatsApp also an id of the business `account`."""
    found = Hindrance.UNREACHABLE
    for phone in reach.phones:
        if phone.is_handle and (channel is not Channel.WHATSAPP or phone.account != account):
            continue
        hindrance = may_contact(reach.standing, channel, purpose, store_id, now=now, address_id=phone.identifier_id)
        if hindrance is None:
            return replace(phone, channel=channel), None
        if hindrance is not Hindrance.UNREACHABLE:
            found = hindrance
    return None, found


def whatsapp_source_id(account: str, user_id: str) -> str:
    """How a business-scoped user id is kept among a person's ids (`source_id`): Meta gives each business its own."""
    return f"whatsapp:{account}:{user_id}"


def read_phone(identifier_id: UUID, kind: str, value: str) -> Address:
    """An id of kind `phone`, or one made by `whatsapp_source_id`."""
    if kind == "phone":
        return Address(identifier_id, value, Channel.SMS)
    _, account, user_id = value.split(":", 2)
    return Address(identifier_id, user_id, Channel.WHATSAPP, account)


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
