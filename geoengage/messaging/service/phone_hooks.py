"""What providers of WhatsApp, SMS and Viber tell by webhook: what became of messages, what people wrote.

Only what was signed comes here. It may come twice, late and in any order: a message goes forward and never back.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from geoengage.kit import events, log
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging import store
from geoengage.messaging.models import Message
from geoengage.messaging.phone_models import PhoneSender
from geoengage.messaging.phone_recording import withdraw
from geoengage.messaging.phone_senders import account_of
from geoengage.messaging.rules import (
    Attempt,
    Failed,
    MessageChanged,
    Misconfigured,
    Outcome,
    Paused,
    Purpose,
    SenderStatus,
    Status,
    Then,
    passed_over,
    settle,
)
from geoengage.messaging.rules.phone import Heard, Inbound, PhoneReport, ReportKind, WhatsappAccount
from geoengage.messaging.rules.replies import ReplyReceived
from geoengage.messaging.service.changes import changed
from geoengage.messaging.service.replies import Wrote, keep, keep_command, store_of_talk
from geoengage.messaging.store import Writer
from geoengage.profiles import service as profiles
from geoengage.profiles import store as profiles_store
from geoengage.profiles.rules import Channel, ConsentState, Id, Kind, PointState, Proof, normalise, whatsapp_source_id
from geoengage.profiles.rules import Purpose as ConsentPurpose

_RETRY_BASE_S = 30.0
After = Callable[[PhoneReport, Attempt], Failed | Misconfigured]
logger = log.get("messaging")


class StillSending(Exception):
    """A provider was quicker than our own note that the message went out: take its word in a moment."""


async def take(
    session: Session, tenant_id: TenantId, sender: PhoneSender, heard: Heard, after: After, now: datetime
) -> None:
    """Write down all that one call told; safe to repeat. Ends with the ledger. `after`: what a failure asks of us."""
    told: list[MessageChanged | ReplyReceived] = []
    for inbound in heard.inbound:
        told += await _take_inbound(session, tenant_id, sender, inbound, now)
    for name, language, status, reason in heard.templates:
        known = await store.set_template_status(
            session, tenant_id, sender.id, name, language, status=status, reason=reason, now=now
        )
        if known and status in ("paused", "disabled", "rejected"):
            logger.error("a WhatsApp template may not be used", tenant=str(tenant_id), template=name, status=status)
    for report in sorted(heard.reports, key=lambda r: (r.message_id, r.at, list(ReportKind).index(r.kind))):
        told += await _take_report(session, tenant_id, sender, report, after, now)
    if told:
        await events.publish(session, tenant_id, told, now)


# --- what people write -------------------------------------------------------------------------------------------


async def _take_inbound(
    session: Session, tenant_id: TenantId, sender: PhoneSender, inbound: Inbound, now: datetime
) -> list[ReplyReceived]:
    """Somebody wrote: it comes into a store's list, WhatsApp's window opens, their address is proven; STOP and START
    count. Of strangers who say those nothing is kept. A call that comes again changes nothing."""
    if await store.is_known_inbound(session, tenant_id, sender.id, inbound.provider_id):
        return []
    at = min(inbound.at, now)
    channel = Channel(sender.channel)
    is_command = inbound.stops or inbound.starts
    found = await _writer(session, tenant_id, sender, inbound, at, now, makes=not is_command)
    if found is None:
        return []
    writer = found.identifier_id
    await store.note_inbound(session, tenant_id, sender.id, writer, at)
    await profiles.tell_state(
        session, tenant_id, writer, channel, PointState.REACHABLE, reason="wrote to us", source="provider", now=now
    )
    if inbound.stops:
        stores = await _stores_of(session, tenant_id, sender, writer)
        await withdraw(session, tenant_id, writer, channel, stores, source="STOP", at=at, now=now)
    elif inbound.starts:
        await profiles.state_consent(
            session, tenant_id, writer, channel=channel, purpose=ConsentPurpose.MARKETING, store_id=sender.store_id,
            state=ConsentState.SUBSCRIBED, text_version=None, source="START", at=at, now=now,
        )  # fmt: skip
    store_id = sender.store_id
    if store_id is None and not is_command:
        store_id = await store_of_talk(session, tenant_id, writer, sender.channel, now)
    wrote = Wrote(
        sender_id=sender.id,
        channel=sender.channel,
        store_id=store_id,
        identifier_id=writer,
        profile_id=found.profile_id,
        provider_id=inbound.provider_id,
        text=inbound.text,
        at=at,
    )
    if is_command:
        await keep_command(session, tenant_id, wrote, stops=inbound.stops, now=now)
        return []
    return await keep(session, tenant_id, wrote, now)


async def _writer(
    session: Session,
    tenant_id: TenantId,
    sender: PhoneSender,
    inbound: Inbound,
    at: datetime,
    now: datetime,
    *,
    makes: bool,
) -> Writer | None:
    """The id that they wrote from. A number and an id that come together are one person's. `makes`: who is not known
    becomes a person who is known by it; a number that is nobody's (a service's, a test's) never does."""
    account = account_of(sender)
    names = [] if inbound.number is None else [(Kind.PHONE, inbound.number)]
    if inbound.user_id is not None and isinstance(account, WhatsappAccount):
        value = whatsapp_source_id(account.business_account_id, inbound.user_id)
        names.append((Kind.SOURCE_ID, value))
    known = await store.find_writers(session, tenant_id, [(kind.value, value) for kind, value in names])
    if not known and makes:
        blocked = (await profiles_store.get_policy(session, tenant_id)).blocked
        names = [(kind, value) for kind, value in names if normalise(kind, value, blocked=blocked) == value]
    if not names or not (known or makes):
        return None
    if len(known) < len(names):
        ids = [Id(kind, value) for kind, value in names]
        await profiles.resolve(session, tenant_id, ids, proof=Proof.LINK, source=sender.channel, at=at, now=now)
        known = await store.find_writers(session, tenant_id, [(kind.value, value) for kind, value in names])
    return next(known[kind.value, value] for kind, value in names if (kind.value, value) in known)


async def _stores_of(
    session: Session, tenant_id: TenantId, sender: PhoneSender, identifier_id: UUID
) -> set[UUID | None]:
    """Whom a STOP to this account is about: its store; to the tenant's, the tenant and each store that wrote by it."""
    if sender.store_id is not None:
        return {sender.store_id}
    wrote = await store.list_stores_written_for(session, tenant_id, identifier_id, sender.channel)
    others = await store.list_phone_senders(session, tenant_id)
    return {None} | (wrote - {o.store_id for o in others if o.channel == sender.channel})


# --- what became of messages -------------------------------------------------------------------------------------


async def _take_report(
    session: Session, tenant_id: TenantId, sender: PhoneSender, report: PhoneReport, after: After, now: datetime
) -> list[MessageChanged]:
    """Apply one report; what readers should hear. The person's rows are locked before the message: first a look."""
    seen = await store.find_message(session, tenant_id, report.message_id)
    if seen is None or not _is_about(seen, sender, report):
        return []
    if report.kind is not ReportKind.FAILED:
        locked = await store.lock_message(session, tenant_id, report.message_id)
        return [] if locked is None or not _is_about(locked, sender, report) else _go_on(locked, report, now)
    if not _may_fail(seen):
        return []
    attempt = Attempt(max(1, seen.attempts), now, seen.expires_at, base_s=_RETRY_BASE_S, jitter=0.5)
    outcome = after(report, attempt)
    await _follow(session, tenant_id, sender, seen, outcome, now)
    locked = await store.lock_message(session, tenant_id, report.message_id)
    if locked is None or not _is_about(locked, sender, report) or not _may_fail(locked):
        return []
    return await _fail(session, tenant_id, locked, outcome, now)


def _is_about(message: Message, sender: PhoneSender, report: PhoneReport) -> bool:
    """Whether a report is about the try that the message stands on: not an earlier one, or one by another channel.

    Raises StillSending while the worker has yet to say how the provider calls that try.
    """
    if message.channel != sender.channel:
        return False
    if message.status == Status.SENDING:
        raise StillSending
    known = message.provider_answer if message.status == Status.SENT else None
    return known in (None, report.provider_id)


def _may_fail(message: Message) -> bool:
    return message.status in (Status.SENT, Status.UNKNOWN) and message.received_at is None


def _go_on(message: Message, report: PhoneReport, now: datetime) -> list[MessageChanged]:
    """It was sent, arrived or was read. What was `unknown` is known now; each step is told once."""
    told = []
    at = min(max(report.at, message.created_at), now)
    if message.status == Status.UNKNOWN:
        message.status, message.reason, message.sent_at = Status.SENT, None, at
        message.provider_answer = report.provider_id
        told.append(changed(message, None, now))
    if message.status != Status.SENT or report.kind is ReportKind.SENT:
        return told
    if message.received_at is None:
        message.received_at = at
        told.append(changed(message, "received", now))
    if report.kind is ReportKind.READ and message.opened_at is None:
        message.opened_at = at
        told.append(changed(message, "opened", now))
    return told


async def _follow(
    session: Session, tenant_id: TenantId, sender: PhoneSender, message: Message, outcome: Outcome, now: datetime
) -> None:
    """What a failure says of the address, of consent, of the window and of the account."""
    if isinstance(outcome, Misconfigured):
        await _alert(session, tenant_id, sender, message, outcome, now)
    if not isinstance(outcome, Failed) or message.address_id is None:
        return
    channel = Channel(sender.channel)
    is_there = await store.find_reader(session, tenant_id, message.address_id) is not None
    if outcome.retire_address and is_there:
        await profiles.tell_state(
            session, tenant_id, message.address_id, channel, PointState.BOUNCED,
            reason=outcome.reason, source="provider", now=now,
        )  # fmt: skip
    if outcome.then is Then.WITHDRAW:
        stores = {message.store_id}
        await withdraw(session, tenant_id, message.address_id, channel, stores, source="provider", at=now, now=now)
    if outcome.then is Then.CLOSE_WINDOW:
        await store.forget_inbound(session, tenant_id, sender.id, message.address_id)
    if outcome.then is Then.END_SESSION:
        await store.note_full(session, tenant_id, sender.id, message.address_id, message.sent_at or now)


async def _alert(
    session: Session, tenant_id: TenantId, sender: PhoneSender, message: Message, trouble: Misconfigured, now: datetime
) -> None:
    """The account itself is refused: it fails since now, and what would go by it waits."""
    logger.error("misconfigured", tenant=str(tenant_id), what=trouble.what, answer=trouble.answer)
    if trouble.pause is None:
        return
    await store.set_sender_status(
        session, tenant_id, sender.id, sender.revision, SenderStatus.FAILS, trouble.answer, now, kind="phone"
    )
    name = f"phone:{sender.id}" + (f"/{message.purpose}" if trouble.pause.scope == "platform" else "")
    await store.pause_route(session, tenant_id, name, Paused(trouble.pause.until, trouble.what, trouble.answer))


async def _fail(
    session: Session, tenant_id: TenantId, message: Message, outcome: Outcome, now: datetime
) -> list[MessageChanged]:
    """It did not arrive: tried again, or by its next channel, or over."""
    settled = settle(Status.SENT, outcome)
    due_at, channels = settled.due_at, list(message.channels)
    if settled.status is Status.FAILED and len(channels) > 1 and now < message.expires_at:
        message.passed_over = [*message.passed_over, passed_over(channels[0], settled.reason or settled.status)]
        due_at, channels = now, channels[1:]
    message.provider_answer = settled.answer
    message.reason, message.channels = settled.reason, channels
    if due_at is None:
        message.status = settled.status
        return [changed(message, settled.reason, now)]
    message.status = Status.MISCONFIGURED if settled.status is Status.MISCONFIGURED else Status.QUEUED
    message.sent_at = None
    await session.flush()
    is_urgent = message.purpose != Purpose.MARKETING
    await store.requeue_message(session, tenant_id, message.id, due_at, is_urgent=is_urgent)
    return [changed(message, settled.reason, now)]
