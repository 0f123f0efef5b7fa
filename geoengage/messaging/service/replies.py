"""What people write back: kept for the store that it is for, told to readers, and answered through the outbox.

Who writes from an address that nobody knows becomes a person who is known by that address alone: so they can be
answered, joined with whom they turn out to be, and erased.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.events import publish
from geoengage.kit.ids import TenantId, new_id
from geoengage.messaging import store
from geoengage.messaging.reply_models import Conversation, ConversationMessage
from geoengage.messaging.rules import Answering, Draft, EmailContent, MessageChannel, Purpose, whatsapp
from geoengage.messaging.rules.replies import (
    ANSWER_LIVES,
    SAME_TALK,
    WORDS,
    ConversationChanged,
    ReplyReceived,
    WhyNot,
    kept_text,
    subject_of,
    why_not,
)
from geoengage.messaging.service.outbox import enqueue
from geoengage.messaging.store import ConversationView
from geoengage.profiles import store as profiles_store
from geoengage.profiles.rules import Channel, Hindrance, Reach, may_contact
from geoengage.profiles.rules import Purpose as ConsentPurpose
from geoengage.tenancy import store as tenancy_store
from geoengage.tenancy.rules import Principal, reads_replies


class WindowClosed(errors.Conflict):
    """WhatsApp takes a free text for 24 hours after somebody wrote."""

    code = "window-closed"
    title = "The time to answer freely is over"


class Stopped(errors.Conflict):
    """The person said STOP after what they asked."""

    code = "stopped"
    title = "They said STOP"


class CannotAnswer(errors.Conflict):
    """They cannot be reached by this channel now."""

    code = "cannot-answer"
    title = "This cannot be answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrote:
    """What somebody wrote. `sender_id`: the account, or the app; `identifier_id`: their address, `profile_id`: who
    that is; `provider_id`: how the provider calls it."""

    sender_id: UUID
    channel: str
    store_id: UUID | None
    identifier_id: UUID
    profile_id: UUID
    provider_id: str
    text: str
    at: datetime
    subject: str | None = None


async def keep(session: Session, tenant_id: TenantId, wrote: Wrote, now: datetime) -> list[ReplyReceived]:
    """Keep what somebody wrote, once; what readers should hear of it. The caller publishes it."""
    conversation_id = await store.upsert_conversation(
        session,
        tenant_id,
        {
            "id": new_id(now), "store_id": wrote.store_id, "channel": wrote.channel, "sender_id": wrote.sender_id,
            "identifier_id": wrote.identifier_id, "last_at": wrote.at,
        },
    )  # fmt: skip
    reply_id = new_id(now)
    if not await _insert(session, tenant_id, wrote, conversation_id, reply_id):
        return []
    await store.note_reply(session, tenant_id, conversation_id, wrote.at, wrote.subject)
    return [
        ReplyReceived(
            conversation_id=conversation_id,
            reply_id=reply_id,
            store_id=wrote.store_id,
            channel=wrote.channel,
            profile_id=wrote.profile_id,
            at=wrote.at,
        )
    ]


async def keep_command(session: Session, tenant_id: TenantId, wrote: Wrote, *, stops: bool, now: datetime) -> None:
    """They said STOP (or START): what they had asked may not be answered any more (or may again).

    It stands in the conversations that there are; it opens none and nobody has to read it.
    """
    at = wrote.at if stops else None
    for id_ in await store.stop_conversations(session, tenant_id, wrote.sender_id, wrote.identifier_id, at):
        if not await _insert(session, tenant_id, wrote, id_, new_id(now)):
            return  # in one of them it is told


async def _insert(session: Session, tenant_id: TenantId, wrote: Wrote, conversation_id: UUID, id_: UUID) -> bool:
    return await store.insert_inbound(
        session,
        tenant_id,
        {
            "id": id_, "conversation_id": conversation_id, "sender_id": wrote.sender_id, "at": wrote.at,
            "text": kept_text(wrote.text), "provider_id": wrote.provider_id,
        },
    )  # fmt: skip


async def store_of_talk(
    session: Session, tenant_id: TenantId, identifier_id: UUID, channel: str, now: datetime
) -> UUID | None:
    """Which store is meant by who writes to the tenant's account: the one whose message they got last by it."""
    return await store.find_last_store(session, tenant_id, identifier_id, channel, now - SAME_TALK)


# --- answering ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answerable:
    """Whether a conversation can be answered now. `window_ends_at`: until when WhatsApp takes a text."""

    why_not: WhyNot | None
    window_ends_at: datetime | None


def judge(view: ConversationView, reach: Reach | None, now: datetime) -> Answerable:
    """Whether it can be answered now; the worker asks the same once more just before it sends."""
    is_whatsapp = view.channel == MessageChannel.WHATSAPP
    ends_at = view.wrote_at + whatsapp.WINDOW if is_whatsapp and view.wrote_at is not None else None
    hindrance = Hindrance.UNREACHABLE if reach is None else _hindrance(view, reach, now)
    found = why_not(
        has_sender=view.has_sender,
        is_stopped=view.stopped_at is not None,
        is_refused=hindrance not in (None, Hindrance.UNREACHABLE) or (reach is not None and reach.suppressed),
        is_reachable=hindrance is not Hindrance.UNREACHABLE,
        has_window=is_whatsapp,
        is_open=whatsapp.in_window(view.wrote_at, now),
    )
    return Answerable(found, ends_at)


def _hindrance(view: ConversationView, reach: Reach, now: datetime) -> Hindrance | None:
    addresses = reach.emails if view.channel == MessageChannel.EMAIL else reach.phones
    if view.identifier_id not in {a.identifier_id for a in addresses}:
        return Hindrance.UNREACHABLE  # shared by too many
    return may_contact(
        reach.standing, Channel(view.channel), ConsentPurpose.SERVICE, view.store_id, now=now,
        address_id=view.identifier_id,
    )  # fmt: skip


async def answer(
    session: Session, me: Principal, conversation_id: UUID, text: str, answer_id: UUID, now: datetime
) -> None:
    """Queue an answer; it is `answer_id` in the conversation. WindowClosed, Stopped or CannotAnswer say why not.

    Its purpose is service: no cap and no quiet hours, for they have just written. Ends with the ledger: call it last.
    """
    tenant_id = TenantId(me.tenant_id)
    row = await store.lock_conversation(session, tenant_id, conversation_id, me.store_ids)
    view = await store.get_conversation(session, tenant_id, conversation_id, me.store_ids)
    await profiles_store.hold_profile(session, tenant_id, view.profile_id)
    reach = (await profiles_store.list_reaches(session, tenant_id, [view.profile_id])).get(view.profile_id)
    found = judge(view, reach, now)
    if found.why_not is not None:
        kinds = {WhyNot.WINDOW_CLOSED: WindowClosed, WhyNot.STOPPED: Stopped}
        raise kinds.get(found.why_not, CannotAnswer)(WORDS[found.why_not], why_not=found.why_not.value)
    by_email = view.channel == MessageChannel.EMAIL
    last = await store.find_last_inbound(session, tenant_id, conversation_id) if by_email else None
    message_id = new_id(now)
    row.last_at, row.unread, row.done_at = max(row.last_at, now), 0, None
    author = await tenancy_store.find_actor_name(session, tenant_id, me.id)
    said = ConversationMessage(
        id=answer_id, conversation_id=conversation_id, sender_id=view.sender_id, at=now, text=text,
        outbox_id=message_id, author_id=me.id, author=author,
    )  # fmt: skip
    await store.insert_answer(session, tenant_id, said)
    draft = Draft(
        id=message_id,
        device_id=None,
        person_id=view.profile_id,
        campaign_id=None,
        store_id=view.store_id,
        purpose=Purpose.SERVICE,
        channels=(MessageChannel(view.channel),),
        title="",
        body=text,
        email=EmailContent(subject=subject_of(view.subject), text=text) if by_email else None,
        collapse_key=f"answer-{conversation_id.hex}",
        expires_at=min(now + ANSWER_LIVES, found.window_ends_at or now + ANSWER_LIVES),
        step=f"answer:{conversation_id}",
        occurrence=answer_id,
        answering=Answering(
            conversation_id=conversation_id,
            identifier_id=view.identifier_id,
            sender_id=view.sender_id,
            in_reply_to=last if last is not None and last.startswith("<") else None,
        ),
    )
    await enqueue(session, tenant_id, [draft], now)
    await publish(session, tenant_id, [_changed(row, me, now)], now)


# --- keeping the list in order ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What somebody does to a conversation; None: nothing. `assigns`: `assigned_to` was named (None: to nobody)."""

    read: bool = False
    assigns: bool = False
    assigned_to: UUID | None = None
    done: bool | None = None


async def change_conversation(
    session: Session, me: Principal, conversation_id: UUID, wish: Change, now: datetime
) -> None:
    """Note that a conversation was read, is somebody's, or is done, and tell whoever looks at it.

    ItemErrors for an operator who may not read it. Ends with the ledger: call it last.
    """
    tenant_id = TenantId(me.tenant_id)
    row = await store.lock_conversation(session, tenant_id, conversation_id, me.store_ids)
    before = _state(row)
    if wish.assigns:
        if wish.assigned_to is not None and not await _may_read(session, tenant_id, wish.assigned_to, row.store_id):
            raise errors.field("assigned_to", "there is no such operator, or they may not read this store's replies")
        row.assigned_to = wish.assigned_to
    if wish.read:
        row.unread = 0
    if wish.done is not None:
        row.done_at = now if wish.done else None
        row.unread = 0 if wish.done else row.unread
    await session.flush()
    if _state(row) != before:
        await publish(session, tenant_id, [_changed(row, me, now)], now)


def _state(row: Conversation) -> tuple[int, UUID | None, bool]:
    """What others see change."""
    return row.unread, row.assigned_to, row.done_at is None


def _changed(row: Conversation, me: Principal, now: datetime) -> ConversationChanged:
    return ConversationChanged(conversation_id=row.id, store_id=row.store_id, by=me.id, at=now)


async def _may_read(session: Session, tenant_id: TenantId, operator_id: UUID, store_id: UUID | None) -> bool:
    """Whether an operator reads the replies of a store (None: the tenant's)."""
    who = await tenancy_store.find_operator_principal(session, tenant_id, operator_id)
    return who is not None and reads_replies(who) and who.sees_store(store_id)
