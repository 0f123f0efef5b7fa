"""E-mail as others use it: the mail servers of apps, how their e-mails look, and what becomes known of sent ones.

No server is called here: what a check found is handed in and written down.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.kit import errors, events, sealed
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.messaging import store
from geoengage.messaging.models import EmailSender, Message
from geoengage.messaging.rules import (
    BrandKit,
    Check,
    MailReport,
    MessageChanged,
    MessageChannel,
    Purpose,
    Report,
    SenderStatus,
    SmtpAccount,
    Status,
    account_flaws,
)
from geoengage.messaging.senders import mail_about
from geoengage.messaging.service.changes import changed
from geoengage.messaging.service.senders import NoSender
from geoengage.profiles import service as profiles
from geoengage.profiles.rules import Channel, PointState
from geoengage.tenancy import store as tenancy_store
from geoengage.tenancy.models import App
from geoengage.tenancy.rules import Principal
from geoengage.tenancy.service import audit
from geoengage.venues import store as venues_store
from geoengage.venues.models import Store

ONE_CLICK = "unsubscribed from a message"
_LINKED = frozenset({Channel.EMAIL, Channel.SMS, Channel.VIBER, Channel.WHATSAPP})


async def put_mail_server(
    session: Session,
    me: Principal,
    app_id: UUID,
    account: SmtpAccount,
    *,
    sealing_keys: sealed.Keys,
    is_local: bool,
    now: datetime,
) -> EmailSender:
    """Store an app's mail server in the place of the one it had. ItemErrors names each wrong member.

    A password that is left out stays, as long as the server and its user are the same: it is sent nowhere else.
    """
    tenant_id = TenantId(me.tenant_id)
    await tenancy_store.get_row(session, tenant_id, App, app_id)
    kept = await store.find_email_sender(session, tenant_id, app_id)
    secret = None
    if account.password is not None:
        secret = sealed.seal(sealing_keys, mail_about(tenant_id, app_id), account.password.encode())
    elif kept is not None and (kept.host, kept.port, kept.username) == (account.host, account.port, account.username):
        secret = kept.sealed
    flaws = account_flaws(account, has_password=secret is not None, is_local=is_local)
    if flaws:
        raise errors.ItemErrors(
            [{"pointer": f"#/{name}", "in": "body", "detail": flaw} for name, flaw in flaws.items()]
        )
    sender = EmailSender(
        tenant_id=tenant_id,
        app_id=app_id,
        revision=new_id(now),
        host=account.host,
        port=account.port,
        tls=account.tls.value,
        username=account.username,
        sealed=secret,
        from_address=account.from_address,
        from_name=account.from_name,
        reply_to=account.reply_to,
        takes_answers=account.takes_answers,
        per_minute=account.per_minute,
        status=SenderStatus.UNCHECKED,
        since=now,
    )
    await store.upsert_email_sender(session, tenant_id, sender)
    await store.lift_pauses(session, tenant_id, app_id, account="mail")
    await audit(session, me, "email.put", app_id, now)
    return sender


async def get_mail_server(session: Session, tenant_id: TenantId, app_id: UUID) -> EmailSender:
    """An app's mail server; NotFound when there is no such app, NoSender when it has none."""
    await tenancy_store.get_row(session, tenant_id, App, app_id)
    sender = await store.find_email_sender(session, tenant_id, app_id)
    if sender is None:
        raise NoSender("put a mail server first; until then this app sends no e-mails")
    return sender


async def remove_mail_server(session: Session, me: Principal, app_id: UUID, now: datetime) -> None:
    """Forget an app's mail server. Idempotent."""
    tenant_id = TenantId(me.tenant_id)
    await tenancy_store.get_row(session, tenant_id, App, app_id)
    if await store.delete_email_sender(session, tenant_id, app_id):
        await store.lift_pauses(session, tenant_id, app_id, account="mail")
        await audit(session, me, "email.delete", app_id, now)


async def note_mail_check(
    session: Session, tenant_id: TenantId, app_id: UUID, revision: UUID, found: Check, now: datetime
) -> None:
    """Write down what a check found. One that works lets what waits go at once."""
    works = found.status is SenderStatus.WORKS
    detail = None if works else found.words
    await store.set_sender_status(session, tenant_id, app_id, revision, found.status, detail, now, kind="email")
    if works:
        await store.lift_pauses(session, tenant_id, app_id, account="mail")


async def put_brand(session: Session, me: Principal, app_id: UUID, kit: BrandKit, now: datetime) -> None:
    """Store how an app's e-mails look."""
    tenant_id = TenantId(me.tenant_id)
    await tenancy_store.get_row(session, tenant_id, App, app_id)
    await store.upsert_brand(session, tenant_id, app_id, kit)
    await audit(session, me, "brand.put", app_id, now)


async def get_brand(session: Session, tenant_id: TenantId, app_id: UUID) -> BrandKit:
    """How an app's e-mails look; one that was given no kit has its colour only."""
    app = await tenancy_store.get_row(session, tenant_id, App, app_id)
    kit = await store.find_brand(session, tenant_id, app_id)
    return kit or (BrandKit() if app.brand_color is None else BrandKit(color=app.brand_color))


# --- unsubscribing -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a message's link unsubscribes from: marketing by its channel of a store (`sender` names it) or of the
    tenant."""

    message: Message
    profile_id: UUID
    address_id: UUID
    sender: str

    @property
    def channel(self) -> Channel:
        """How the message went."""
        return Channel(self.message.channel) if self.message.channel in _LINKED else Channel.EMAIL


async def find_subscription(session: Session, tenant_id: TenantId, message_id: UUID) -> Subscription | None:
    """What the link of a sent marketing message is about; None when it, or its reader, is not known any more."""
    message = await store.find_message(session, tenant_id, message_id)
    if message is None or message.address_id is None or message.purpose != Purpose.MARKETING:
        return None
    profile_id = await store.find_reader(session, tenant_id, message.address_id)
    if profile_id is None:
        return None
    if message.store_id is not None:
        sender = (await venues_store.get_row(session, tenant_id, Store, message.store_id)).name
    else:
        sender = (await tenancy_store.get_tenant(session, tenant_id)).name
    return Subscription(message, profile_id, message.address_id, sender)


async def unsubscribe(session: Session, tenant_id: TenantId, what: Subscription, now: datetime) -> None:
    """Withdraw what it was sent by: the person's consent to marketing by that channel of that store, or of the tenant.

    Safe to repeat. Other stores, channels and purposes stay as they were.
    """
    ids = await profiles.identifiers_of(session, tenant_id, what.profile_id)
    await profiles.stop_sender(
        session,
        tenant_id,
        ids,
        channel=what.channel,
        store_id=what.message.store_id,
        source=ONE_CLICK,
        at=now,
        now=now,
    )
    await tenancy_store.insert_audit_entry(
        session, tenant_id, actor="the person", action="consents.stop", subject=str(what.profile_id), now=now
    )


# --- reports -----------------------------------------------------------------------------------------------------

_STATES = {MailReport.BOUNCE: PointState.BOUNCED, MailReport.COMPLAINT: PointState.COMPLAINED}


async def note_report(session: Session, tenant_id: TenantId, report: Report, source: str, now: datetime) -> bool:
    """Write down what is reported of an e-mail; False when it is none of ours, or went by another channel.

    A bounce retires the address, a complaint ends marketing and service to it. What did not arrive has failed, and
    readers hear of it. The same again changes nothing. Ends with the ledger: call it last, or in a batch.
    """
    message = await store.find_message(session, tenant_id, report.message_id)
    if message is None or message.channel != MessageChannel.EMAIL or message.address_id is None:
        return False
    state = _STATES.get(report.kind)
    if state is not None and await store.find_reader(session, tenant_id, message.address_id) is not None:
        await profiles.tell_state(
            session,
            tenant_id,
            message.address_id,
            Channel.EMAIL,
            state,
            reason=report.kind.value,
            source=source,
            now=now,
        )
    locked = await store.lock_message(session, tenant_id, message.id)  # after the person's rows: the order of locks
    told = None if locked is None else _apply(locked, report, now)
    if told is not None:
        await events.publish(session, tenant_id, [told], now)
    return True


def _apply(message: Message, report: Report, now: datetime) -> MessageChanged | None:
    """Change the locked message; what readers should hear, None when it is as it was."""
    match report.kind:
        case MailReport.DELIVERED if message.received_at is None:
            message.received_at = now
            return changed(message, "received", now)
        case MailReport.BOUNCE | MailReport.REFUSED if message.status in (Status.SENT, Status.UNKNOWN):
            message.status, message.reason = Status.FAILED, report.kind.value
            message.provider_answer = report.words
            return changed(message, report.kind.value, now)
        case _:
            return None
