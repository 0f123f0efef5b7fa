"""The check just before the socket: what may have changed since a campaign decided. Pure.

Audience, campaign hours, cooldown, cap and holdout were decided once, under the person's budget, and are not asked
again.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.kit.clock import is_within_hours
from geoengage.messaging.rules.drafts import Blocker, Purpose, Status, Wording, gate_blocker, in_order
from geoengage.messaging.rules.options import PushOptions
from geoengage.messaging.rules.ways import Answering, EmailContent, MessageChannel
from geoengage.profiles.rules import (
    Channel,
    Hindrance,
    Reach,
    Recipient,
    agrees_to_push,
    find_email,
    find_phone,
    in_app_hindrance,
)
from geoengage.profiles.rules import Purpose as ConsentPurpose

# Providers count in whole seconds: with less than one left the time to live would be zero.
_LEAST_LEFT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A claimed message with what the claiming transaction read about it.

    `status` is as it was before the claim; `unknown` means that an earlier try may have reached the phone. `attempts`
    counts the tries before this one. `closed_gates` are those of its gates that are closed; `visit_ended`: the visit it
    speaks of is over. `channels`: those still to try, the first one first; `channel`: the adapter that had it last.
    `never_repeat`: a try that may have arrived was the last. `wording`: how to write it again.
    `answering`: whom it answers, and so the only address and account that it may go by.
    """

    id: UUID
    device_id: UUID | None
    person_id: UUID
    campaign_id: UUID | None
    store_id: UUID | None
    zone_id: UUID | None
    purpose: str
    title: str
    body: str
    data: dict[str, str]
    push: PushOptions
    collapse_key: str
    timezone: str | None
    status: str
    attempts: int
    expires_at: datetime
    closed_gates: tuple[str, ...]
    visit_ended: bool
    channels: tuple[str, ...] = (MessageChannel.PUSH,)
    channel: str | None = None
    email: EmailContent | None = None
    never_repeat: bool = False
    wording: Wording | None = None
    answering: Answering | None = None

    @property
    def is_given_up(self) -> bool:
        """Whether it may have arrived and must not arrive twice."""
        return self.never_repeat and self.status == Status.UNKNOWN

    @property
    def is_plain(self) -> bool:
        """A push to the device that it was decided for, and nothing else: most are."""
        return self.device_id is not None and self.channels == (MessageChannel.PUSH,)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a tenant says about sending: its time zone, and marketing's quiet hours on its wall clock."""

    timezone: str
    quiet_start: time
    quiet_end: time
    stopped: bool
    is_demo: bool = False


@dataclass(frozen=True, slots=True)
class Going:
    """A message of a store that goes out now, for who counts what it costs. `country` (ISO 3166-1): of a phone number,
    '' where nobody knows. `is_first`: it has not been tried by this channel before. `may_wait`: nobody waits for it.
    `has_other`: without money for this way it takes another.
    """

    message_id: UUID
    store_id: UUID
    channel: str
    country: str
    is_first: bool
    may_wait: bool
    has_other: bool = False


# For these another channel may do; all else holds a message back wherever it would go.
OF_ONE_CHANNEL = frozenset(
    {Blocker.NO_CONSENT, Blocker.NO_ADDRESS, Blocker.NO_SENDER, Blocker.NO_TEMPLATE, Blocker.SESSION_LIMIT}
)


def blockers_now(
    waiting: Waiting, recipient: Recipient | None, policy: Policy, *, needs_address: bool, now: datetime
) -> tuple[Blocker, ...]:
    """All that keeps this message from being pushed at this moment, in the order of checks; empty: send it.

    `recipient` None: the device is gone, and its consent with it. `needs_address`: the channel delivers to an address.
    """
    found = _about_message(waiting, policy, now)
    if recipient is None:
        found.append(Blocker.NO_CONSENT)
    else:
        found += _about_recipient(waiting, recipient, needs_address=needs_address, now=now)
    return in_order(found + _about_hours(waiting, policy, now))


def email_blockers(
    waiting: Waiting, reach: Reach | None, device: Recipient | None, policy: Policy, *, has_sender: bool, now: datetime
) -> tuple[Blocker, ...]:
    """The same for an e-mail. `device`: the one that it was decided for, whose consent to location it needs when it is
    about a place. `reach` None: nobody is known by that name (any more)."""
    found = _about_message(waiting, policy, now) + _about_place(waiting, device)
    if reach is None:
        found.append(Blocker.NO_ADDRESS)
    else:
        _, hindrance = find_email(reach, ConsentPurpose(waiting.purpose), waiting.store_id, now)
        if hindrance is not None:
            found.append(Blocker.NO_ADDRESS if hindrance is Hindrance.UNREACHABLE else Blocker.NO_CONSENT)
        if reach.suppressed:
            found.append(Blocker.SUPPRESSED)
    if not has_sender:
        found.append(Blocker.NO_SENDER)
    return in_order(found + _about_hours(waiting, policy, now))


def phone_blockers(
    waiting: Waiting,
    reach: Reach | None,
    device: Recipient | None,
    policy: Policy,
    *,
    channel: MessageChannel,
    has_sender: bool,
    account: str | None,
    now: datetime,
) -> tuple[Blocker, ...]:
    """The same for WhatsApp, SMS and Viber. `account`: the WhatsApp business account, whose ids of people count too."""
    found = _about_message(waiting, policy, now) + _about_place(waiting, device)
    if reach is None:
        found.append(Blocker.NO_ADDRESS)
    else:
        purpose = ConsentPurpose(waiting.purpose)
        _, hindrance = find_phone(reach, Channel(channel.value), purpose, waiting.store_id, now, account=account)
        if hindrance is not None:
            found.append(Blocker.NO_ADDRESS if hindrance is Hindrance.UNREACHABLE else Blocker.NO_CONSENT)
        if reach.suppressed:
            found.append(Blocker.SUPPRESSED)
    if not has_sender:
        found.append(Blocker.NO_SENDER)
    return in_order(found + _about_hours(waiting, policy, now))


def in_app_blockers(
    waiting: Waiting, reach: Reach | None, device: Recipient | None, policy: Policy, *, is_shown: bool, now: datetime
) -> tuple[Blocker, ...]:
    """The same for what waits inside an app or a page until it is opened. `device`: one that it would be shown on;
    `is_shown`: there is such a one."""
    found = _about_message(waiting, policy, now) + _about_place(waiting, device)
    if is_shown and waiting.purpose == Purpose.MARKETING:
        standing = None if reach is None else reach.standing
        if in_app_hindrance(standing, device, waiting.store_id, now) is not None:
            found.append(Blocker.NO_CONSENT)
    if (device is not None and device.suppressed) or (reach is not None and reach.suppressed):
        found.append(Blocker.SUPPRESSED)
    if not is_shown:
        found.append(Blocker.NO_ADDRESS)
    return in_order(found)


def test_push_blockers(
    recipient: Recipient, *, is_demo: bool, stopped: bool, needs_address: bool
) -> tuple[Blocker, ...]:
    """All that keeps a test push from a device. Somebody typed its id; so consent counts, but for made-up people.

    A test device is its developer's own, and in a demo tenant the phones are those of whoever tries it.
    """
    found = []
    if recipient.marketing_push != "granted" and not (recipient.is_test or is_demo):
        found.append(Blocker.NO_CONSENT)
    if recipient.suppressed:
        found.append(Blocker.SUPPRESSED)
    if stopped:
        found.append(Blocker.SENDING_STOPPED)
    if needs_address and (recipient.push_address is None or recipient.push_retired):
        found.append(Blocker.NO_ADDRESS)
    return in_order(found)


def _about_message(waiting: Waiting, policy: Policy, now: datetime) -> list[Blocker]:
    found = [gate_blocker(key) for key in waiting.closed_gates]
    if waiting.visit_ended:
        found.append(Blocker.VISIT_ENDED)
    if waiting.expires_at - now < _LEAST_LEFT:
        found.append(Blocker.EXPIRED)
    if policy.stopped:
        found.append(Blocker.SENDING_STOPPED)
    return found


def _about_hours(waiting: Waiting, policy: Policy, now: datetime) -> list[Blocker]:
    zone = ZoneInfo(waiting.timezone or policy.timezone)
    is_quiet = is_within_hours(now, zone, policy.quiet_start, policy.quiet_end)
    return [Blocker.QUIET_HOURS] if waiting.purpose == Purpose.MARKETING and is_quiet else []


def _about_place(waiting: Waiting, device: Recipient | None) -> list[Blocker]:
    agrees = waiting.zone_id is None or (device is not None and device.location == "granted")
    return [] if agrees else [Blocker.NO_CONSENT]


def _about_recipient(waiting: Waiting, recipient: Recipient, *, needs_address: bool, now: datetime) -> list[Blocker]:
    found = []
    about_place = waiting.zone_id is not None
    marketing = waiting.purpose == Purpose.MARKETING
    agrees = not marketing or agrees_to_push(recipient, waiting.store_id, now)
    if (about_place and recipient.location != "granted") or not agrees:
        found.append(Blocker.NO_CONSENT)
    if recipient.suppressed:
        found.append(Blocker.SUPPRESSED)
    if needs_address and (recipient.push_address is None or recipient.push_retired):
        found.append(Blocker.NO_ADDRESS)
    return found
