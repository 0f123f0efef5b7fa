"""The check just before the socket, and with it the choice of a way: which channel, which device, which address.

A message's channels are tried in their order. One that has no address, no consent or no sender gives way to the next;
anything else holds the message back on all of them. What may have arrived on one is never tried on another.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from geoengage.kit.ids import TenantId
from geoengage.messaging.letters import Letter
from geoengage.messaging.phone_choosing import Phones
from geoengage.messaging.recording import Flight
from geoengage.messaging.rules import (
    NEVER_REPEAT,
    OF_ONE_CHANNEL,
    Blocker,
    MessageChannel,
    Misconfigured,
    Outcome,
    Policy,
    Purpose,
    Skipped,
    Status,
    Unknown,
    Waiting,
    blockers_now,
    email_blockers,
    in_app_blockers,
    in_order,
    open_word,
    passed_over,
)
from geoengage.messaging.rules.inbound_mail import answer_address
from geoengage.messaging.rules.phone import PHONE_CHANNELS
from geoengage.messaging.sender import INBOX, PREVIEW, WEB_CARD, Sender
from geoengage.messaging.senders import Mailer, Senders
from geoengage.messaging.store import Way
from geoengage.profiles.rules import LinkKind, Reach, Recipient, find_email, sign_link
from geoengage.profiles.rules import Purpose as ConsentPurpose

NO_PUBLIC_URL = "set GEOENGAGE_PUBLIC_URL: marketing e-mails carry a link to unsubscribe at"
Chosen = Flight | tuple[Blocker, ...] | Misconfigured


@dataclass(frozen=True, slots=True)
class Round:
    """All that was read about the messages of one claim. `own`: senders of apps; `mailers`: apps that send e-mails;
    `phones`: accounts of WhatsApp, SMS and Viber, where one is asked for; `stopped`: conversations whose person has
    said STOP after what they had asked."""

    tenant_id: TenantId
    policy: Policy
    now: datetime
    senders: Senders
    recipients: Mapping[UUID, Recipient]
    reaches: Mapping[UUID, Reach]
    own: Mapping[UUID, Sender]
    mailers: Sequence[Mailer]
    phones: Phones | None = None
    stopped: frozenset[UUID] = frozenset()

    def decide(self, waiting: Waiting) -> Flight | Outcome:
        """How it goes now, or why it does not."""
        if waiting.answering is not None and waiting.answering.conversation_id in self.stopped:
            return Skipped((Blocker.NO_CONSENT,))
        if waiting.is_given_up:
            return Unknown("never_repeat", "a try may have arrived, and it is never repeated")
        if waiting.is_plain:
            pushed = self._by_push(waiting, self._device(waiting))
            return Skipped(pushed) if isinstance(pushed, tuple) else pushed
        if waiting.status == Status.UNKNOWN and waiting.channel in NEVER_REPEAT:
            return Unknown("worker_lost", "the worker that was sending it died")
        # What may have arrived by one channel goes by no other.
        left = waiting.channels[:1] if waiting.status == Status.UNKNOWN else waiting.channels
        blockers: list[Blocker] = []
        for n, channel in enumerate(left):
            chosen = self.try_channel(MessageChannel(channel), replace(waiting, channels=waiting.channels[n:]))
            if not isinstance(chosen, tuple):
                return chosen
            blockers += chosen
            if not OF_ONE_CHANNEL.issuperset(chosen):
                break
        return Skipped(in_order(blockers))

    def instead_of(self, flight: Flight) -> Flight | None:
        """The way to take where there is no money for that one: the next of the message's channels for which no
        provider of phone messages is paid. Asked as the first one was; None: there is none."""
        waiting, way = flight.waiting, flight.way
        if way is None or flight.contact is None or waiting.purpose != Purpose.MARKETING:
            return None  # it costs nothing, or goes whatever it costs
        if waiting.status == Status.UNKNOWN:
            return None
        for n, name in enumerate(way.channels[1:], 1):
            if name in PHONE_CHANNELS:
                continue
            chosen = self.try_channel(MessageChannel(name), replace(waiting, channels=way.channels[n:]))
            if isinstance(chosen, Flight) and chosen.way is not None:
                passed = (*way.passed_over, passed_over(way.channels[0], Blocker.SPEND_LIMIT))
                return replace(chosen, way=replace(chosen.way, passed_over=passed))
            if isinstance(chosen, tuple) and not OF_ONE_CHANNEL.issuperset(chosen):
                return None
        return None

    def try_channel(self, channel: MessageChannel, waiting: Waiting) -> Chosen:
        """How it goes by that channel, or what keeps it from it."""
        devices = self._devices(waiting)
        match channel:
            case MessageChannel.PUSH:
                return _first(devices or [None], lambda device: self._by_push(waiting, device))
            case MessageChannel.EMAIL:
                return self._by_email(waiting)
            case MessageChannel.INBOX:
                return self._in_app(waiting, devices, INBOX)
            case MessageChannel.WEB_CARD:
                return self._in_app(waiting, [d for d in devices if d.platform == "web"], WEB_CARD)
            case MessageChannel.WHATSAPP | MessageChannel.VIBER | MessageChannel.SMS:
                phones = self.phones or Phones(self.tenant_id, self.policy, self.now)
                reach, device = self._reach(waiting), self._device(waiting)
                return phones.choose(channel, waiting, reach, device, self.unsubscribe_url(waiting))

    def _reach(self, waiting: Waiting) -> Reach | None:
        """The ways to the person; of one who is answered the address alone that they wrote from."""
        reach = self.reaches.get(waiting.person_id)
        if reach is None or waiting.answering is None:
            return reach
        only = waiting.answering.identifier_id
        return replace(
            reach,
            emails=tuple(a for a in reach.emails if a.identifier_id == only),
            phones=tuple(a for a in reach.phones if a.identifier_id == only),
        )

    def _device(self, waiting: Waiting) -> Recipient | None:
        return None if waiting.device_id is None else self.recipients.get(waiting.device_id)

    def _devices(self, waiting: Waiting) -> list[Recipient]:
        """The message's device, or those of its person with an app that may speak for the store, the newest first."""
        if waiting.device_id is not None:
            device = self._device(waiting)
            return [] if device is None else [device]
        reach = self.reaches.get(waiting.person_id)
        if reach is None:
            return []
        return [d for d in reach.devices if reach.app_stores[d.app_id] in (None, waiting.store_id)]

    def _by_push(self, waiting: Waiting, device: Recipient | None) -> Flight | tuple[Blocker, ...]:
        if device is None and waiting.device_id is None:
            return (Blocker.NO_ADDRESS,)
        sender = self.senders.pick(device, self.own)
        needs = sender.channel.needs_address
        blockers = blockers_now(waiting, device, self.policy, needs_address=needs, now=self.now)
        if blockers or device is None:
            return blockers
        if waiting.is_plain:
            return Flight(self.tenant_id, waiting, device, sender)
        going = replace(waiting, device_id=device.device_id)
        return Flight(self.tenant_id, going, device, sender, _way(going))

    def _in_app(self, waiting: Waiting, devices: Sequence[Recipient], sender: Sender) -> Chosen:
        reach = self.reaches.get(waiting.person_id)

        def judge(device: Recipient | None) -> Flight | tuple[Blocker, ...]:
            blockers = in_app_blockers(waiting, reach, device, self.policy, is_shown=device is not None, now=self.now)
            return blockers or Flight(self.tenant_id, waiting, device, sender, _way(waiting))

        return _first(devices or [None], judge)

    def _by_email(self, waiting: Waiting) -> Chosen:
        reach, device = self._reach(waiting), self._device(waiting)
        mailer = self.mailer_of(waiting)
        shown_only = (device is not None and device.is_test) or (mailer is None and self.policy.is_demo)
        has_sender = mailer is not None or shown_only
        blockers = email_blockers(waiting, reach, device, self.policy, has_sender=has_sender, now=self.now)
        if blockers or reach is None:
            return blockers
        email, _ = find_email(reach, ConsentPurpose(waiting.purpose), waiting.store_id, self.now)
        if shown_only or mailer is None or email is None:
            return Flight(self.tenant_id, waiting, device, PREVIEW, _way(waiting))
        unsubscribe_url = self.unsubscribe_url(waiting)
        if unsubscribe_url is None and waiting.purpose == Purpose.MARKETING:
            return Misconfigured("public_url", NO_PUBLIC_URL)
        letter = write_letter(waiting, mailer, email.value, reach.language, unsubscribe_url, self.senders.key)
        way = _way(waiting, email.identifier_id)
        return Flight(self.tenant_id, waiting, device, mailer.sender, way, email, letter)

    def mailer_of(self, waiting: Waiting) -> Mailer | None:
        """The device's own app, else one of the store, else one of the tenant."""
        allowed = [m for m in self.mailers if m.store_id in (None, waiting.store_id)]
        if waiting.answering is not None:
            allowed = [m for m in allowed if m.app_id == waiting.answering.sender_id]
        device = self._device(waiting)
        app_id = None if device is None else device.app_id

        def rank(mailer: Mailer) -> tuple[bool, bool, UUID]:
            return mailer.app_id != app_id, mailer.store_id is None, mailer.app_id

        return min(allowed, key=rank, default=None)

    def unsubscribe_url(self, waiting: Waiting) -> str | None:
        """The address under a marketing e-mail; None for others, and while nobody has said where this server is."""
        if waiting.purpose != Purpose.MARKETING or self.senders.public_url is None:
            return None
        token = sign_link(self.senders.key, LinkKind.UNSUBSCRIBE, self.tenant_id, waiting.id)
        return f"{self.senders.public_url.rstrip('/')}/u/{token}"


def _first(
    devices: Iterable[Recipient | None], judge: Callable[[Recipient | None], Flight | tuple[Blocker, ...]]
) -> Flight | tuple[Blocker, ...]:
    """The first device that the message may go to, else what keeps it from the first one."""
    judged = [judge(device) for device in devices]
    return next((found for found in judged if isinstance(found, Flight)), judged[0])


def _way(waiting: Waiting, address_id: UUID | None = None) -> Way:
    return Way(waiting.id, waiting.channels, waiting.device_id, address_id)


def write_letter(
    waiting: Waiting, mailer: Mailer, to: str, language: str | None, unsubscribe_url: str | None, key: str
) -> Letter:
    """A message as an e-mail of that app. What the e-mail itself does not say is the message's. `key` signs the address
    that answers go to."""
    reply_to = mailer.account.reply_to
    if reply_to is not None and mailer.takes_answers:
        reply_to = answer_address(key, mailer.app_id, waiting.id, reply_to)
    own, link = waiting.email, waiting.push.link
    language = language or mailer.language
    return Letter(
        message_id=waiting.id,
        to=to,
        from_address=mailer.account.from_address,
        from_name=mailer.account.from_name,
        reply_to=reply_to,
        in_reply_to=None if waiting.answering is None else waiting.answering.in_reply_to,
        sender=mailer.account.from_name,
        subject=(own and own.subject) or waiting.title,
        text=(own and own.text) or waiting.body,
        preheader=(own and own.preheader) or "",
        image_url=waiting.push.image_url,
        # an e-mail is read anywhere; another scheme is for the app on the phone
        link=link if link is not None and link.startswith("https://") else None,
        button=(own and own.button) or open_word(language),
        rows=own.rows if own else (),
        brand=mailer.brand,
        language=language,
        purpose=waiting.purpose,
        unsubscribe_url=unsubscribe_url,
    )
