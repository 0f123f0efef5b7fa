"""Accounts of WhatsApp, SMS and Viber as a worker has them open: a store's own of each channel, else the tenant's."""

import json
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import aiohttp
import msgspec

from geoengage.kit import log, sealed
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.kit.settings import Settings
from geoengage.messaging import store
from geoengage.messaging.channels.phone import PhoneChannel, open_line
from geoengage.messaging.channels.unreadable import WORDS as UNREADABLE
from geoengage.messaging.channels.unreadable import UnreadableChannel
from geoengage.messaging.phone_models import PhoneSender
from geoengage.messaging.rules import Check, CheckResult, Limit, MessageChannel, Route
from geoengage.messaging.rules.phone import ACCOUNTS, Account, Template
from geoengage.messaging.sender import KEPT, OwnAccount, Sender

RAMP_UP_S = 30.0  # after a rest or a pause, so that nothing that waited an hour comes all at once
logger = log.get("senders")


def phone_about(tenant_id: UUID, sender_id: UUID) -> str:
    """What the stored secrets of an account belong to."""
    return f"phone:{tenant_id}:{sender_id}"


def account_of(stored: PhoneSender) -> Account:
    """The part of an account that may be shown."""
    return msgspec.convert(stored.account, ACCOUNTS[MessageChannel(stored.channel)])


def secrets_of(keys: sealed.Keys, stored: PhoneSender) -> Mapping[str, Any] | None:
    """The secrets of an account; None when the installation's keys do not open them."""
    opened = sealed.unseal(keys, phone_about(stored.tenant_id, stored.id), stored.sealed)
    return None if opened is None else dict(json.loads(opened))


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks for a store (None: for the tenant) by a channel. `templates`: of WhatsApp."""

    sender_id: UUID
    channel: MessageChannel
    store_id: UUID | None
    account: Any
    sender: Sender
    templates: Sequence[Template] = ()


class PhoneSenders:
    """The open accounts of this process; one that has changed is opened again."""

    def __init__(self, http: aiohttp.ClientSession, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._http = http
        self._settings = settings
        self._keys = settings.sealing_keys()
        self.public_url, self.key = settings.public_url, settings.signing_key()
        self._clock = clock
        self._kept: OrderedDict[UUID, tuple[UUID, PhoneChannel | UnreadableChannel]] = OrderedDict()

    async def load(self, session: Session, tenant_id: TenantId, store_ids: Collection[UUID]) -> list[Speaker]:
        """Who may speak for the tenant and for these stores."""
        rows = await store.list_phone_senders(session, tenant_id, store_ids)
        whatsapp = [row.id for row in rows if row.channel == MessageChannel.WHATSAPP]
        templates = await store.list_templates(session, tenant_id, whatsapp) if whatsapp else []
        found: dict[UUID, list[Template]] = {}
        for t in templates:
            found.setdefault(t.sender_id, []).append(
                Template(
                    name=t.name, language=t.language, category=t.category, status=t.status, components=t.components
                )
            )
        return [self._speaker(row, found.get(row.id, ())) for row in rows]

    def _speaker(self, row: PhoneSender, templates: Sequence[Template]) -> Speaker:
        sender = Sender(
            self._channel(row),
            OwnAccount(row.id, row.revision, row.status, kind="phone"),
            Route(row.tenant_id, f"phone:{row.id}"),
            Route(row.tenant_id, f"{row.channel}:{row.id}"),
            Limit(row.per_minute, RAMP_UP_S),
        )
        return Speaker(row.id, MessageChannel(row.channel), row.store_id, account_of(row), sender, templates)

    def _channel(self, row: PhoneSender) -> PhoneChannel | UnreadableChannel:
        kept = self._kept.get(row.id)
        if kept is None or kept[0] != row.revision:
            kept = self._kept[row.id] = (row.revision, self.open(row))
        self._kept.move_to_end(row.id)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return kept[1]

    def open(self, row: PhoneSender) -> PhoneChannel | UnreadableChannel:
        """The way through an account, whose secrets may turn out to be closed for us."""
        secrets = secrets_of(self._keys, row)
        if secrets is None:
            logger.error("the secrets of an account cannot be read", tenant=str(row.tenant_id), channel=row.channel)
            return UnreadableChannel(row.channel)
        settings = self._settings.phone_channels
        line = open_line(settings, MessageChannel(row.channel), account_of(row), secrets)
        return PhoneChannel(self._http, line, settings, self._clock)

    async def check(self, row: PhoneSender) -> Check:
        """Whether an account works. Asks its provider; no transaction may be open."""
        channel = self.open(row)
        if isinstance(channel, UnreadableChannel):
            return Check(CheckResult.WRONG_KEY, UNREADABLE, UNREADABLE)
        return await channel.check()
