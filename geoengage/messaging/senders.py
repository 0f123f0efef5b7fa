"""Which way a message goes: the app's own Firebase project, the installation's, web push, the app's mail server, or the
preview inbox.

Each worker keeps the channels it has opened. An app's is opened again when its credentials have another revision, so a
change counts from the next claim on, in every process.
"""

import contextlib
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

import aiohttp

from geoengage.kit import log, sealed
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.kit.settings import Settings
from geoengage.messaging import store
from geoengage.messaging.channels import Channel
from geoengage.messaging.channels.email import EmailChannel
from geoengage.messaging.channels.fcm import FcmChannel, open_fcm
from geoengage.messaging.channels.unreadable import WORDS as UNREADABLE
from geoengage.messaging.channels.unreadable import UnreadableChannel
from geoengage.messaging.channels.webpush import open_web_push
from geoengage.messaging.models import EmailSender, FirebaseSender
from geoengage.messaging.phone_senders import PhoneSenders
from geoengage.messaging.rules import BrandKit, Check, CheckResult, Limit, Route, SmtpAccount, TlsMode
from geoengage.messaging.sender import KEPT, PREVIEW, OwnAccount, Sender
from geoengage.profiles.push_addresses import read_subscription
from geoengage.profiles.rules import Recipient

# The tenant of routes that belong to the installation: no tenant can pause or slow them for the others.
INSTALLATION = TenantId(UUID(int=0))
logger = log.get("senders")


def account_about(tenant_id: UUID, app_id: UUID) -> str:
    """What a stored service account belongs to."""
    return f"firebase:{tenant_id}:{app_id}"


def mail_about(tenant_id: UUID, app_id: UUID) -> str:
    """What a stored mail password belongs to."""
    return f"smtp:{tenant_id}:{app_id}"


@dataclass(frozen=True, slots=True)
class Mailer:
    """How an app writes e-mails: through whom, in whose name, and what they look like. `store_id`: whose app it is;
    `takes_answers`: what is answered to its e-mails is handed in here."""

    app_id: UUID
    store_id: UUID | None
    sender: Sender
    account: SmtpAccount
    brand: BrandKit
    language: str
    takes_answers: bool = False


class Senders:
    """The open channels of this process. Use `open_senders`."""

    def __init__(self, http: aiohttp.ClientSession, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._http = http
        self._settings = settings
        self._clock = clock
        self.key = settings.signing_key()
        self.sealing_keys = settings.sealing_keys()
        self.public_url = settings.public_url
        self._kept: OrderedDict[tuple[UUID, UUID], tuple[UUID, Channel, str]] = OrderedDict()
        self._mail: OrderedDict[tuple[UUID, UUID], tuple[UUID, Channel, SmtpAccount]] = OrderedDict()
        self.limit = Limit(settings.fcm.per_minute, settings.fcm.ramp_up_s)
        self._installation = self._open_installation()
        self.phones = PhoneSenders(http, settings, clock)
        self._webpush = open_web_push(http, settings, clock)

    def _open_installation(self) -> Sender | None:
        path = self._settings.fcm.credentials_file
        if path is None:
            return None
        try:
            account = json.loads(path.read_text())
            channel = open_fcm(self._http, self._settings.fcm, account, self._clock)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"GEOENGAGE_FCM__CREDENTIALS_FILE is no service account: {error}") from error
        project = Route(INSTALLATION, f"project:{account['project_id']}")
        return Sender(channel, account=Route(INSTALLATION, "account:installation"), project=project, limit=self.limit)

    async def load(self, session: Session, tenant_id: TenantId, app_ids: Collection[UUID]) -> Mapping[UUID, Sender]:
        """The senders of those of these apps that have their own. One query; a second when one is new or changed."""
        return await self.open(session, tenant_id, await store.list_firebase_senders(session, tenant_id, app_ids))

    async def open(
        self, session: Session, tenant_id: TenantId, rows: Collection[store.FirebaseAccount]
    ) -> Mapping[UUID, Sender]:
        """The senders of apps whose accounts were read."""
        return {row.app_id: await self._of_app(session, tenant_id, row) for row in rows}

    async def _of_app(self, session: Session, tenant_id: TenantId, row: store.FirebaseAccount) -> Sender:
        kept = self._kept.get((tenant_id, row.app_id))
        if kept is None or kept[0] != row.revision:
            channel = await self._open(session, tenant_id, row.app_id)
            kept = self._kept[tenant_id, row.app_id] = (row.revision, channel, row.project_id)
        self._kept.move_to_end((tenant_id, row.app_id))
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return Sender(
            kept[1],
            OwnAccount(row.app_id, row.revision, row.status),
            Route(tenant_id, f"account:{row.app_id}"),
            Route(tenant_id, f"project:{kept[2]}"),
            self.limit,
        )

    async def load_mail(self, session: Session, tenant_id: TenantId, store_ids: Collection[UUID]) -> list[Mailer]:
        """The apps that send e-mails: the tenant's own and those of these stores, in the order of their ids."""
        rows = await store.list_email_senders(session, tenant_id, store_ids)
        return [await self._mailer(session, tenant_id, row) for row in rows]

    async def _mailer(self, session: Session, tenant_id: TenantId, row: store.EmailAccount) -> Mailer:
        key = (tenant_id, row.app_id)
        kept = self._mail.get(key)
        if kept is None or kept[0] != row.revision:
            if kept is not None:
                await _close(kept[1])
            stored = await store.get_email_sender(session, tenant_id, row.app_id)
            account, is_readable = read_account(self.sealing_keys, stored)
            if not is_readable:
                logger.error("a mail password cannot be read", tenant=str(tenant_id), app=str(row.app_id))
            channel = (
                EmailChannel(account, self._settings.email, self._clock) if is_readable else UnreadableChannel("email")
            )
            kept = self._mail[key] = (row.revision, channel, account)
        self._mail.move_to_end(key)
        if len(self._mail) > KEPT:
            _, (_, unused, _) = self._mail.popitem(last=False)
            await _close(unused)
        account = kept[2]
        sender = Sender(
            kept[1],
            OwnAccount(row.app_id, row.revision, row.status, kind="email"),
            Route(tenant_id, f"mail:{row.app_id}"),
            Route(tenant_id, f"smtp:{account.host.lower()}"),
            Limit(account.per_minute, 0.0),
        )
        return Mailer(row.app_id, row.store_id, sender, account, row.brand, row.language, row.takes_answers)

    async def check_mail(self, stored: EmailSender) -> Check:
        """Whether an app's mail server takes its account. Asks the server; no transaction may be open."""
        account, is_readable = read_account(self.sealing_keys, stored)
        if not is_readable:
            return Check(CheckResult.WRONG_KEY, UNREADABLE, UNREADABLE)
        channel = EmailChannel(account, self._settings.email, self._clock)
        try:
            return await channel.check()
        finally:
            await channel.close()

    async def close(self) -> None:
        """Let go of the connections to mail servers."""
        for _, channel, _ in self._mail.values():
            await _close(channel)

    async def _open(self, session: Session, tenant_id: TenantId, app_id: UUID) -> FcmChannel | UnreadableChannel:
        stored = await store.get_sealed_account(session, tenant_id, app_id)
        opened = sealed.unseal(self.sealing_keys, account_about(tenant_id, app_id), stored)
        if opened is None:
            logger.error("a service account cannot be read", tenant=str(tenant_id), app=str(app_id))
            return UnreadableChannel()
        return open_fcm(self._http, self._settings.fcm, json.loads(opened), self._clock)

    async def check(self, tenant_id: UUID, stored: FirebaseSender) -> Check:
        """Whether an app's stored credentials work. Asks Google; no transaction may be open."""
        opened = sealed.unseal(self.sealing_keys, account_about(tenant_id, stored.app_id), stored.sealed)
        if opened is None:
            return Check(CheckResult.WRONG_KEY, UNREADABLE, UNREADABLE)
        return await open_fcm(self._http, self._settings.fcm, json.loads(opened), self._clock).check()

    def pick(self, recipient: Recipient | None, own: Mapping[UUID, Sender], *, is_test_push: bool = False) -> Sender:
        """The way to this recipient. Campaigns never reach a test device's provider; a test push may."""
        if recipient is None or (recipient.is_test and not is_test_push):
            return PREVIEW
        if recipient.push_provider == "webpush":
            return self._to_browser(recipient)
        return own.get(recipient.app_id) or self._installation or PREVIEW

    def _to_browser(self, recipient: Recipient) -> Sender:
        try:
            host = urlsplit(read_subscription(recipient.push_address or "").endpoint).netloc
        except ValueError:
            return Sender(self._webpush)  # which says what is wrong with the address
        return Sender(self._webpush, project=Route(INSTALLATION, f"webpush:{host}"))


def read_account(keys: sealed.Keys, stored: EmailSender) -> tuple[SmtpAccount, bool]:
    """A stored account, and whether its password could be read with the installation's key."""
    password = None
    if stored.sealed is not None:
        password = sealed.unseal(keys, mail_about(stored.tenant_id, stored.app_id), stored.sealed)
    account = SmtpAccount(
        host=stored.host,
        port=stored.port,
        tls=TlsMode(stored.tls),
        username=stored.username,
        password=None if password is None else password.decode(),
        from_address=stored.from_address,
        from_name=stored.from_name,
        reply_to=stored.reply_to,
        per_minute=stored.per_minute,
        takes_answers=stored.takes_answers,
    )
    return account, stored.sealed is None or password is not None


async def _close(channel: Channel) -> None:
    if isinstance(channel, EmailChannel):
        await channel.close()


@contextlib.asynccontextmanager
async def open_senders(settings: Settings, clock: Callable[[], datetime]) -> AsyncIterator[Senders]:
    """Open what the settings have credentials for. ValueError when those are unreadable."""
    timeout = aiohttp.ClientTimeout(total=settings.fcm.timeout_s, sock_connect=settings.fcm.timeout_s / 2)
    # The worker bounds what is in flight; a second limit here would let messages wait after their last check.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http:
        senders = Senders(http, settings, clock)
        try:
            yield senders
        finally:
            await senders.close()
