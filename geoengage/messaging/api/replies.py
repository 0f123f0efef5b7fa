"""HTTP of what people write back: conversations, answers, texts to answer with."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field, StringConstraints

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import CONFLICT, PROBLEMS, NewId, Now, Paging, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Shape
from geoengage.messaging import service, store
from geoengage.messaging.reply_models import CannedAnswer
from geoengage.messaging.rules.replies import TEXT_MOST, Place, answer_status, read_place, write_place
from geoengage.messaging.store import ConversationView, Written
from geoengage.profiles import store as profiles_store
from geoengage.profiles.rules import Reach, masked_value
from geoengage.tenancy import store as tenancy_store
from geoengage.tenancy.auth import ProfileReader, Reader
from geoengage.tenancy.rules import Principal, actor_name, reads_replies

router = APIRouter(tags=["replies"], responses=PROBLEMS)
ONE = "/v1/conversations/{conversation_id}"
CANNED = "/v1/canned-answers/{canned_id}"
MOST_SHOWN = 200  # texts of a conversation, the last ones
Written_ = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_MOST)]
ReplyChannel = Literal["whatsapp", "sms", "viber", "email"]


class ConversationOut(Shape):
    """What an address and a store write to each other by one account."""

    id: UUID = Field(description="Of the conversation.")
    store_id: UUID | None = Field(description="Whose it is; null: the tenant's.")
    channel: ReplyChannel = Field(description="By which they write.")
    name: str = Field(description="The person's first name, else their address, shortened.")
    profile_id: UUID | None = Field(description="The person; null where your stores do not know them as a customer.")
    last_text: str = Field(description="What was written last; empty when it is not kept any more.")
    last_at: AwareDatetime = Field(description="When.")
    unread: int = Field(description="How many texts nobody has read.")
    assigned_to: UUID | None = Field(description="The operator whose it is; null: nobody's.")
    window_ends_at: AwareDatetime | None = Field(
        description="Until when WhatsApp takes a free text, 24 hours after they wrote; null: no such limit."
    )
    can_answer: bool = Field(description="An answer can be sent now.")
    why_not: Literal["window-closed", "stopped", "refused", "no-address", "no-sender"] | None = Field(
        description="What keeps it from that: `window-closed`; they said STOP (`stopped`), refuse this channel"
        " (`refused`), have no address that works (`no-address`); the account is gone (`no-sender`)."
    )


class ConversationText(Shape):
    """One text of a conversation."""

    id: UUID = Field(description="Of the text.")
    at: AwareDatetime = Field(description="When it was written.")
    direction: Literal["in", "out"] = Field(description="`in`: they wrote it; `out`: an answer.")
    text: str = Field(description="The words; of a picture and the like what it is.")
    status: str = Field(
        description="`received`; of an answer `queued`, `sending`, `sent`, `delivered`, `read`, `skipped`, `failed`,"
        " `misconfigured` or `unknown`."
    )
    by: str | None = Field(description="Who answered, as they were called then.")


class ConversationThread(ConversationOut):
    """A conversation with its texts."""

    messages: list[ConversationText] = Field(description=f"The last {MOST_SHOWN}, the oldest of them first.")


class ConversationPage(Shape):
    """Conversations."""

    items: list[ConversationOut] = Field(description="The newest first.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


class UnreadConversations(Shape):
    """How many wait to be read."""

    conversations: int | None = Field(description="That nobody has read; null: your role may not read replies.")


class Asked(Shape):
    """Which conversations."""

    store_id: UUID | None = Field(default=None, description="Only those of this store.")
    status: Literal["unread", "open", "all"] = Field(default="open", description="`open`: all but those that are done.")
    limit: int = Field(default=50, ge=1, le=200, description="Most items in the answer.")
    cursor: str | None = Field(default=None, max_length=64, description="`next` of the page before.")


class AnswerIn(Shape):
    """An answer."""

    text: Written_ = Field(description="Goes as it is.")


class ConversationPatch(Shape):
    """What is done with a conversation."""

    read: Literal[True] | None = Field(default=None, description="Nothing of it is unread any more.")
    assigned_to: UUID | None = Field(default=None, description="An operator; null: nobody.")
    done: bool | None = Field(default=None, description="It is put away, until they write again.")


class CannedAnswerIn(Shape):
    """A text to answer with."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)] = Field(
        description="What it is found by."
    )
    text: Written_ = Field(description="The answer.")
    store_id: UUID | None = Field(default=None, description="The store whose people use it; null: everybody's.")


class CannedAnswerPatch(Shape):
    """Other words; what is left out stays."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)] | None = Field(
        default=None, description="What it is found by."
    )
    text: Written_ | None = Field(default=None, description="The answer.")
    store_id: UUID | None = Field(default=None, description="The store whose people use it; null: everybody's.")


class CannedAnswerOut(CannedAnswerIn):
    """A text to answer with."""

    id: UUID = Field(description="Its id.")


class CannedAnswerPage(Shape):
    """Texts to answer with."""

    items: list[CannedAnswerOut] = Field(description="By when they were made.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


# --- conversations -----------------------------------------------------------------------------------------------


@router.get("/v1/conversations")
async def list_conversations(me: ProfileReader, tx: Tx, now: Now, asked: Annotated[Asked, Query()]) -> ConversationPage:
    """What people wrote by WhatsApp, Viber, SMS and e-mail; a credential that is restricted to stores sees theirs."""
    if asked.store_id is not None and not me.sees_store(asked.store_id):
        raise errors.NotFound(f"store {asked.store_id} does not exist")
    tenant_id = TenantId(me.tenant_id)
    found = await store.list_conversations(
        tx,
        tenant_id,
        me.store_ids,
        store_id=asked.store_id,
        status=asked.status,
        below=read_place(asked.cursor),
        limit=asked.limit + 1,
    )
    page = found[: asked.limit]
    reaches = await profiles_store.list_reaches(tx, tenant_id, {view.profile_id for view in page})
    after = write_place(Place(page[-1].last_at, page[-1].id)) if len(found) > asked.limit else None
    return ConversationPage(items=[_out(view, reaches.get(view.profile_id), now) for view in page], next=after)


@router.get("/v1/conversations/unread")
async def count_unread_conversations(
    me: Reader, tx: Tx, store_id: Annotated[UUID | None, Query(description="Only those of this store.")] = None
) -> UnreadConversations:
    """How many conversations nobody has read, for a sign beside the way to them."""
    if store_id is not None and not me.sees_store(store_id):
        raise errors.NotFound(f"store {store_id} does not exist")
    if not reads_replies(me):
        return UnreadConversations(conversations=None)
    found = await store.count_unread(tx, TenantId(me.tenant_id), me.store_ids, store_id)
    return UnreadConversations(conversations=found)


@router.get(ONE)
async def get_conversation(conversation_id: UUID, me: ProfileReader, tx: Tx, now: Now) -> ConversationThread:
    """A conversation with what was written in it. The look is noted in the audit log."""
    tenant_id = TenantId(me.tenant_id)
    view, reach = await _look(tx, me, conversation_id)
    written = await store.list_written(tx, tenant_id, conversation_id, MOST_SHOWN)
    await tenancy_store.insert_audit_entry(
        tx, tenant_id, actor=actor_name(me), action="person.read", subject=str(view.profile_id),
        reason="conversation", now=now,
    )  # fmt: skip
    return ConversationThread(**_out(view, reach, now).model_dump(), messages=[_text(one) for one in written])


@router.post(f"{ONE}/answers", status_code=201, responses=CONFLICT)
async def answer_conversation(
    conversation_id: UUID, body: AnswerIn, me: ProfileReader, tx: Tx, now: Now, new: NewId
) -> ConversationText:
    """Answer by the same account, to the same address. Neither caps nor quiet hours hold it back.

    409 `window-closed`: WhatsApp takes free texts for 24 hours after they wrote; use a template. 409 `stopped`: they
    said STOP, and have not written since. 409 `cannot-answer` for the rest of `why_not`.
    """
    if not new.replayed:
        await service.answer(tx, me, conversation_id, body.text, new.id, now)
    return _text(await store.get_written(tx, TenantId(me.tenant_id), new.id))


@router.patch(ONE)
async def change_conversation(
    conversation_id: UUID, body: ConversationPatch, me: ProfileReader, tx: Tx, now: Now
) -> ConversationOut:
    """Note that it was read, whose it is, or that it is done."""
    wish = service.Change(
        read=bool(body.read),
        assigns="assigned_to" in body.model_fields_set,
        assigned_to=body.assigned_to,
        done=body.done,
    )
    await service.change_conversation(tx, me, conversation_id, wish, now)
    view, reach = await _look(tx, me, conversation_id)
    return _out(view, reach, now)


async def _look(session: Session, me: Principal, conversation_id: UUID) -> tuple[ConversationView, Reach | None]:
    tenant_id = TenantId(me.tenant_id)
    view = await store.get_conversation(session, tenant_id, conversation_id, me.store_ids)
    reaches = await profiles_store.list_reaches(session, tenant_id, [view.profile_id])
    return view, reaches.get(view.profile_id)


def _out(view: ConversationView, reach: Reach | None, now: datetime) -> ConversationOut:
    found = service.judge(view, reach, now)
    return ConversationOut(
        id=view.id,
        store_id=view.store_id,
        channel=view.channel,
        name=view.first_name or masked_value(view.kind, view.value),
        profile_id=view.profile_id if view.known else None,
        last_text=view.last_text or "",
        last_at=view.last_at,
        unread=view.unread,
        assigned_to=view.assigned_to,
        window_ends_at=found.window_ends_at,
        can_answer=found.why_not is None,
        why_not=None if found.why_not is None else found.why_not.value,
    )


def _text(one: Written) -> ConversationText:
    received, read = one.received_at is not None, one.opened_at is not None
    return ConversationText(
        id=one.id,
        at=one.at,
        direction="in" if one.is_inbound else "out",
        text=one.text,
        status="received" if one.is_inbound else answer_status(one.status, received=received, read=read),
        by=one.author,
    )


# --- texts to answer with ----------------------------------------------------------------------------------------


@router.get("/v1/canned-answers")
async def list_canned_answers(me: ProfileReader, tx: Tx, page: Paging) -> CannedAnswerPage:
    """Texts to answer with: everybody's, and those of your stores."""
    rows = await store.list_canned(tx, TenantId(me.tenant_id), me.store_ids, page.after, page.limit + 1)
    items, after = page.cut(rows, lambda row: row.id)
    return CannedAnswerPage(items=[CannedAnswerOut.model_validate(row) for row in items], next=after)


@router.post("/v1/canned-answers", status_code=201)
async def create_canned_answer(body: CannedAnswerIn, me: ProfileReader, tx: Tx, new: NewId) -> CannedAnswerOut:
    """Keep a text to answer with. A credential that is restricted to stores names one of them."""
    _check_store(me, body.store_id)
    if new.replayed:
        return CannedAnswerOut.model_validate(await store.get_canned(tx, me.tenant_id, new.id, me.store_ids))
    canned = CannedAnswer(id=new.id, title=body.title, text=body.text, store_id=body.store_id)
    await store.put_canned(tx, me.tenant_id, canned)
    return CannedAnswerOut.model_validate(canned)


@router.patch(CANNED)
async def change_canned_answer(canned_id: UUID, body: CannedAnswerPatch, me: ProfileReader, tx: Tx) -> CannedAnswerOut:
    """Change a text to answer with, one of your stores; everybody's only without a restriction to stores."""
    canned = await store.get_canned(tx, me.tenant_id, canned_id, me.store_ids)
    if "store_id" in body.model_fields_set:
        _check_store(me, body.store_id)
        canned.store_id = body.store_id
    canned.title, canned.text = body.title or canned.title, body.text or canned.text
    await store.put_canned(tx, me.tenant_id, canned)
    return CannedAnswerOut.model_validate(canned)


@router.delete(CANNED, status_code=204)
async def delete_canned_answer(canned_id: UUID, me: ProfileReader, tx: Tx) -> None:
    """Forget a text to answer with."""
    await store.delete_canned(tx, me.tenant_id, await store.get_canned(tx, me.tenant_id, canned_id, me.store_ids))


def _check_store(me: Principal, store_id: UUID | None) -> None:
    if not me.sees_store(store_id):
        raise errors.field("store_id", "name one of your stores: it is for them")
