"""Which account a message goes by to a phone, and as what: a text, a text with a button, a template."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging import store
from geoengage.messaging.phone_senders import PhoneSenders, Speaker
from geoengage.messaging.recording import Flight
from geoengage.messaging.rules import (
    Blocker,
    MessageChannel,
    Misconfigured,
    Policy,
    Purpose,
    SenderStatus,
    Waiting,
    locale_chain,
    open_word,
    phone_blockers,
    sms,
    viber,
    whatsapp,
)
from geoengage.messaging.rules.phone import (
    Note,
    SmsAccount,
    Template,
    ViberAccount,
    WhatsappAccount,
    hook_token,
    stop_word,
    whole_text,
)
from geoengage.messaging.sender import PREVIEW
from geoengage.messaging.store import Way
from geoengage.profiles.rules import Address, Channel, Reach, Recipient, find_phone
from geoengage.profiles.rules import Purpose as ConsentPurpose

HOOKS = "/v1/hooks"
NO_PUBLIC_URL = "set GEOENGAGE_PUBLIC_URL: what cannot be answered carries a link to unsubscribe at"


@dataclass(frozen=True, slots=True)
class Phones:
    """All that was read about accounts for one claim. `inbound`: who wrote when, by (account, id); `full`: to whom an
    account of Viber may send no more until they write; `key`: signs the addresses that providers call."""

    tenant_id: TenantId
    policy: Policy
    now: datetime
    public_url: str | None = None
    key: str = ""
    speakers: Sequence[Speaker] = ()
    inbound: Mapping[tuple[UUID, UUID], datetime] | None = None
    full: frozenset[tuple[UUID, UUID]] = frozenset()

    def speaker_of(self, channel: MessageChannel, store_id: UUID | None) -> Speaker | None:
        """The store's own account, else the tenant's."""
        allowed = [s for s in self.speakers if s.channel is channel and s.store_id in (None, store_id)]
        return min(allowed, key=lambda s: (s.store_id is None, s.sender_id), default=None)

    def _speaker_for(self, channel: MessageChannel, waiting: Waiting) -> Speaker | None:
        """An answer goes by the account that was written to; else as `speaker_of` says."""
        if waiting.answering is None:
            return self.speaker_of(channel, waiting.store_id)
        return next((s for s in self.speakers if s.sender_id == waiting.answering.sender_id), None)

    def choose(
        self,
        channel: MessageChannel,
        waiting: Waiting,
        reach: Reach | None,
        device: Recipient | None,
        unsubscribe_url: str | None,
    ) -> Flight | tuple[Blocker, ...] | Misconfigured:
        """How a message goes by that channel, or what keeps it from it. `unsubscribe_url`: of what is marketing."""
        speaker = self._speaker_for(channel, waiting)
        account = speaker.account if speaker is not None else None
        business = account.business_account_id if isinstance(account, WhatsappAccount) else None
        # A demo's accounts are made up, until a check has found that one works.
        own = speaker.sender.own if speaker is not None else None
        works = own is not None and own.status == SenderStatus.WORKS
        shown_only = (device is not None and device.is_test) or (self.policy.is_demo and not works)
        has_sender = speaker is not None or shown_only
        blockers = phone_blockers(
            waiting, reach, device, self.policy, channel=channel, has_sender=has_sender, account=business, now=self.now
        )
        if blockers or reach is None:
            return blockers
        to, _ = find_phone(
            reach, Channel(channel.value), ConsentPurpose(waiting.purpose), waiting.store_id, self.now, account=business
        )
        way = Way(waiting.id, waiting.channels, waiting.device_id, None if to is None else to.identifier_id)
        if shown_only or speaker is None or to is None:
            return Flight(self.tenant_id, waiting, device, PREVIEW, way)
        if (speaker.sender_id, to.identifier_id) in self.full:
            return (Blocker.SESSION_LIMIT,)
        stop = _stop(speaker, waiting, reach.language, to, unsubscribe_url)
        if stop is None and waiting.purpose == Purpose.MARKETING:
            return Misconfigured("public_url", NO_PUBLIC_URL)
        note = self._note(speaker, waiting, reach, to, stop)
        if note is None:
            return (Blocker.NO_TEMPLATE,)
        return Flight(self.tenant_id, waiting, device, speaker.sender, way, to, note=note)

    def _note(self, speaker: Speaker, waiting: Waiting, reach: Reach, to: Address, stop: str | None) -> Note | None:
        """None: WhatsApp would take only a template, and there is none for it."""
        link = waiting.push.link
        link = link if link is not None and link.startswith("https://") else None  # another scheme is an app's own
        template = None
        if isinstance(speaker.account, WhatsappAccount):
            last_at = (self.inbound or {}).get((speaker.sender_id, to.identifier_id))
            if not whatsapp.in_window(last_at, self.now):
                if waiting.answering is not None:
                    return None  # a template would say something else
                template = _template(speaker.account, speaker.templates, waiting, reach.language, link)
                if template is None:
                    return None
        return Note(
            to=to.value,
            is_handle=to.is_handle,
            text=whole_text(waiting.title, waiting.body),
            purpose=waiting.purpose,
            link=link,
            button=open_word(reach.language or "en"),
            image_url=waiting.push.image_url,
            stop=stop,
            template=template,
            callback_url=self._callback_url(speaker),
        )

    def _callback_url(self, speaker: Speaker) -> str | None:
        """Where Twilio and Infobip tell what became of a message; Meta knows from its console."""
        if self.public_url is None or speaker.channel is MessageChannel.WHATSAPP:
            return None
        url = f"{self.public_url.rstrip('/')}{HOOKS}/{speaker.channel}/{speaker.sender_id}"
        return f"{url}/{hook_token(self.key, speaker.sender_id)}" if speaker.channel is MessageChannel.VIBER else url


def _stop(
    speaker: Speaker, waiting: Waiting, language: str | None, to: Address, unsubscribe_url: str | None
) -> str | None:
    """How the reader gets no more of it: a word to answer with, else an address; None for what is no marketing, and
    where neither is possible."""
    if waiting.purpose != Purpose.MARKETING:
        return None
    word = stop_word(language)
    match speaker.account:
        case SmsAccount():
            return (
                sms.how_to_stop(word, language) if sms.can_be_answered(speaker.account, to.value) else unsubscribe_url
            )
        case ViberAccount():
            return unsubscribe_url  # many senders take no answers
        case _:
            return word


async def load_phones(
    session: Session,
    tenant_id: TenantId,
    senders: PhoneSenders,
    store_ids: Collection[UUID],
    policy: Policy,
    reaches: Iterable[Reach],
    now: datetime,
) -> Phones:
    """Read the accounts of the tenant and of these stores, and when these people last wrote to them."""
    speakers = await senders.load(session, tenant_id, store_ids)
    whatsapps = [s.sender_id for s in speakers if s.channel is MessageChannel.WHATSAPP]
    vibers = [s.sender_id for s in speakers if s.channel is MessageChannel.VIBER]
    ids = {phone.identifier_id for reach in reaches for phone in reach.phones}
    inbound = await store.list_inbound(session, tenant_id, whatsapps, ids) if whatsapps and ids else {}
    since = now - viber.SESSION
    full = await store.list_full(session, tenant_id, vibers, ids, since) if vibers and ids else frozenset()
    return Phones(tenant_id, policy, now, senders.public_url, senders.key, speakers, inbound, full)


def _template(
    account: WhatsappAccount,
    templates: Sequence[Template],
    waiting: Waiting,
    language: str | None,
    link: str | None,
) -> Mapping[str, object] | None:
    chosen = whatsapp.choose_template(account, templates, waiting.purpose, locale_chain(language))
    if chosen is None:
        return None
    image_url = waiting.push.image_url
    return whatsapp.fill_template(chosen, title=waiting.title, body=waiting.body, link=link, image_url=image_url)
