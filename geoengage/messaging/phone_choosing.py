"""Which account a message goes by to a phone, and as what: a text, a text with a button, a template."""

from collections.abc import Collection, Mapping, Sequence
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
    Policy,
    Purpose,
    Waiting,
    locale_chain,
    open_word,
    phone_blockers,
    whatsapp,
)
from geoengage.messaging.rules.phone import Note, Template, WhatsappAccount, stop_word, whole_text
from geoengage.messaging.sender import PREVIEW
from geoengage.messaging.store import Way
from geoengage.profiles.rules import Address, Channel, Reach, Recipient, find_phone
from geoengage.profiles.rules import Purpose as ConsentPurpose

HOOKS = "/v1/hooks"


@dataclass(frozen=True, slots=True)
class Phones:
    """All that was read about accounts for one claim. `inbound`: who wrote when, by (account, id)."""

    tenant_id: TenantId
    policy: Policy
    now: datetime
    public_url: str | None = None
    speakers: Sequence[Speaker] = ()
    inbound: Mapping[tuple[UUID, UUID], datetime] | None = None

    def speaker_of(self, channel: MessageChannel, store_id: UUID | None) -> Speaker | None:
        """The store's own account, else the tenant's."""
        allowed = [s for s in self.speakers if s.channel is channel and s.store_id in (None, store_id)]
        return min(allowed, key=lambda s: (s.store_id is None, s.sender_id), default=None)

    def choose(
        self, channel: MessageChannel, waiting: Waiting, reach: Reach | None, device: Recipient | None
    ) -> Flight | tuple[Blocker, ...]:
        """How a message goes by that channel, or what keeps it from it."""
        speaker = self.speaker_of(channel, waiting.store_id)
        account = speaker.account if speaker is not None else None
        business = account.business_account_id if isinstance(account, WhatsappAccount) else None
        shown_only = (device is not None and device.is_test) or (speaker is None and self.policy.is_demo)
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
        note = self._note(speaker, waiting, reach, to)
        if note is None:
            return (Blocker.NO_TEMPLATE,)
        return Flight(self.tenant_id, waiting, device, speaker.sender, way, to, note=note)

    def _note(self, speaker: Speaker, waiting: Waiting, reach: Reach, to: Address) -> Note | None:
        """None: WhatsApp would take only a template, and there is none for it."""
        link = waiting.push.link
        link = link if link is not None and link.startswith("https://") else None  # another scheme is an app's own
        template = None
        if isinstance(speaker.account, WhatsappAccount):
            last_at = (self.inbound or {}).get((speaker.sender_id, to.identifier_id))
            if not whatsapp.in_window(last_at, self.now):
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
            stop=stop_word(reach.language) if waiting.purpose == Purpose.MARKETING else None,
            template=template,
        )


async def load_phones(
    session: Session,
    tenant_id: TenantId,
    senders: PhoneSenders,
    store_ids: Collection[UUID],
    policy: Policy,
    reaches: Collection[Reach],
    now: datetime,
) -> Phones:
    """Read the accounts of the tenant and of these stores, and when these people last wrote to them."""
    speakers = await senders.load(session, tenant_id, store_ids)
    whatsapps = [s.sender_id for s in speakers if s.channel is MessageChannel.WHATSAPP]
    ids = {phone.identifier_id for reach in reaches for phone in reach.phones}
    inbound = await store.list_inbound(session, tenant_id, whatsapps, ids) if whatsapps and ids else {}
    return Phones(tenant_id, policy, now, senders.public_url, speakers, inbound)


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
