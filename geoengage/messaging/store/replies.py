"""SQL of what people write back: conversations, what was written in them, texts to answer with."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, text
from sqlalchemy.exc import IntegrityError

from geoengage.kit import errors, pgarrays
from geoengage.kit.db import Session, row_dict, send
from geoengage.kit.ids import TenantId
from geoengage.messaging.reply_models import CannedAnswer, Conversation, ConversationMessage
from geoengage.messaging.rules.replies import Place

Stores = Collection[UUID] | None  # None: all of the tenant


@dataclass(frozen=True, slots=True)
class ConversationView:
    """A conversation as lists show it. `kind`, `value`: the address; `profile_id`: whose it is now, `known`: whether
    the asking stores know them; `wrote_at`: when they last wrote to the account, as far as WhatsApp agrees;
    `has_sender`: the account is still there. `last_text` is None where nothing of it is kept any more."""

    id: UUID
    store_id: UUID | None
    channel: str
    sender_id: UUID
    identifier_id: UUID
    kind: str
    value: str
    profile_id: UUID
    known: bool
    first_name: str | None
    last_at: datetime
    last_text: str | None
    unread: int
    assigned_to: UUID | None
    stopped_at: datetime | None
    done_at: datetime | None
    subject: str | None
    wrote_at: datetime | None
    has_sender: bool


_VIEW = """
SELECT c.id, c.store_id, c.channel, c.sender_id, c.identifier_id, i.kind, i.value, i.profile_id, p.first_name,
  CAST(:stores AS uuid[]) IS NULL OR EXISTS (SELECT FROM store_profile s JOIN identifier o ON o.tenant_id = s.tenant_id
    AND o.id = s.identifier_id WHERE s.tenant_id = c.tenant_id AND o.profile_id = i.profile_id
    AND s.store_id = ANY(CAST(:stores AS uuid[]))) AS known,
  c.last_at, m.text AS last_text, c.unread, c.assigned_to, c.stopped_at, c.done_at, c.subject,
  w.last_at AS wrote_at,
  EXISTS (SELECT FROM phone_sender s WHERE s.tenant_id = c.tenant_id AND s.id = c.sender_id)
    OR EXISTS (SELECT FROM email_sender s WHERE s.tenant_id = c.tenant_id AND s.app_id = c.sender_id) AS has_sender
FROM conversation c
JOIN identifier i ON i.tenant_id = c.tenant_id AND i.id = c.identifier_id
JOIN profile p ON p.tenant_id = c.tenant_id AND p.id = i.profile_id
LEFT JOIN phone_inbound w ON w.tenant_id = c.tenant_id AND w.sender_id = c.sender_id
  AND w.identifier_id = c.identifier_id
LEFT JOIN LATERAL (SELECT text FROM conversation_message t WHERE t.tenant_id = c.tenant_id AND t.conversation_id = c.id
  ORDER BY t.at DESC, t.id DESC LIMIT 1) m ON true
WHERE c.tenant_id = :tenant_id AND (CAST(:stores AS uuid[]) IS NULL OR c.store_id = ANY(CAST(:stores AS uuid[])))
"""
_ONLY = {"unread": " AND c.unread > 0", "open": " AND c.done_at IS NULL", "all": ""}
_LIST = {
    status: text(
        f"{_VIEW}{only} AND (CAST(:store_id AS uuid) IS NULL OR c.store_id = :store_id)"
        " AND (c.last_at, c.id) < (:at, :id) ORDER BY c.last_at DESC, c.id DESC LIMIT :limit"
    )
    for status, only in _ONLY.items()
}


async def list_conversations(
    session: Session,
    tenant_id: TenantId,
    stores: Stores,
    *,
    store_id: UUID | None,
    status: str,
    below: Place,
    limit: int,
) -> list[ConversationView]:
    """Conversations of these stores, the newest first, below a place. `status`: unread, open or all."""
    rows = await session.execute(
        _LIST[status],
        {
            "tenant_id": tenant_id, "stores": None if stores is None else list(stores), "store_id": store_id,
            "at": below.at, "id": below.id, "limit": limit,
        },
    )  # fmt: skip
    return [ConversationView(**row_dict(row)) for row in rows]


async def get_conversation(
    session: Session, tenant_id: TenantId, conversation_id: UUID, stores: Stores
) -> ConversationView:
    """One of them; NotFound for one of other stores."""
    rows = await session.execute(
        text(f"{_VIEW} AND c.id = :id"),
        {"tenant_id": tenant_id, "stores": None if stores is None else list(stores), "id": conversation_id},
    )
    row = rows.one_or_none()
    if row is None:
        raise errors.NotFound(f"conversation {conversation_id} does not exist")
    return ConversationView(**row_dict(row))


async def count_unread(session: Session, tenant_id: TenantId, stores: Stores, store_id: UUID | None) -> int:
    """Conversations of these stores, or of one of them, that nobody has read."""
    rows = await session.execute(
        text(
            "SELECT count(*) FROM conversation c WHERE c.tenant_id = :tenant_id AND c.unread > 0"
            " AND (CAST(:stores AS uuid[]) IS NULL OR c.store_id = ANY(CAST(:stores AS uuid[])))"
            " AND (CAST(:store_id AS uuid) IS NULL OR c.store_id = :store_id)"
        ),
        {"tenant_id": tenant_id, "stores": None if stores is None else list(stores), "store_id": store_id},
    )
    return int(rows.scalar_one())


async def lock_conversation(
    session: Session, tenant_id: TenantId, conversation_id: UUID, stores: Stores
) -> Conversation:
    """Its row, locked until the commit; NotFound for one of other stores."""
    query = select(Conversation).where(Conversation.tenant_id == tenant_id, Conversation.id == conversation_id)
    if stores is not None:
        query = query.where(Conversation.store_id.in_(stores))
    query = query.with_for_update().execution_options(populate_existing=True)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise errors.NotFound(f"conversation {conversation_id} does not exist")
    return found


# --- what came in ------------------------------------------------------------------------------------------------


async def is_known_inbound(session: Session, tenant_id: TenantId, sender_id: UUID, provider_id: str) -> bool:
    """Whether the provider has told of this text before."""
    rows = await session.execute(
        text(
            "SELECT EXISTS (SELECT FROM conversation_message WHERE tenant_id = :tenant_id AND sender_id = :sender_id"
            " AND provider_id = :provider_id)"
        ),
        {"tenant_id": tenant_id, "sender_id": sender_id, "provider_id": provider_id},
    )
    return bool(rows.scalar_one())


async def find_last_store(
    session: Session, tenant_id: TenantId, identifier_id: UUID, channel: str, since: datetime
) -> UUID | None:
    """For which store without an account of its own the last message went to this address by a channel; None: for the
    tenant, or none did."""
    rows = await session.execute(
        text(
            "SELECT m.store_id FROM identifier i JOIN message m ON m.tenant_id = i.tenant_id"
            " AND m.person_id = i.profile_id AND m.address_id = i.id AND m.channel = :channel"
            " AND m.sent_at IS NOT NULL AND m.created_at > :since"
            " WHERE i.tenant_id = :tenant_id AND i.id = :id AND NOT EXISTS (SELECT FROM phone_sender s"
            " WHERE s.tenant_id = m.tenant_id AND s.channel = m.channel AND s.store_id = m.store_id)"
            " ORDER BY m.sent_at DESC LIMIT 1"
        ),
        {"tenant_id": tenant_id, "id": identifier_id, "channel": channel, "since": since},
    )
    return rows.scalar_one_or_none()


async def upsert_conversation(
    session: Session,
    tenant_id: TenantId,
    new: dict[str, Any],
) -> UUID:
    """The conversation of an account, an address and a store, made if it is new, and locked; its id. `new`: its `id`
    if it is, `store_id`, `channel`, `sender_id`, `identifier_id`, `last_at`."""
    rows = await session.execute(
        text(
            "INSERT INTO conversation AS c (tenant_id, id, store_id, channel, sender_id, identifier_id, last_at)"
            " VALUES (:tenant_id, :id, :store_id, :channel, :sender_id, :identifier_id, :last_at)"
            " ON CONFLICT ON CONSTRAINT uq_conversation_whose DO UPDATE SET unread = c.unread RETURNING c.id"
        ),
        new | {"tenant_id": tenant_id},
    )
    found: UUID = rows.scalar_one()
    return found


async def insert_inbound(session: Session, tenant_id: TenantId, new: dict[str, Any]) -> bool:
    """Keep what somebody wrote; False when the provider has told of it before. `new`: `id`, `conversation_id`,
    `sender_id`, `at`, `text`, `provider_id`."""
    rows = await session.execute(
        text(
            "INSERT INTO conversation_message (tenant_id, id, conversation_id, sender_id, at, text, provider_id)"
            " VALUES (:tenant_id, :id, :conversation_id, :sender_id, :at, :text, :provider_id)"
            " ON CONFLICT (tenant_id, sender_id, provider_id) DO NOTHING RETURNING id"
        ),
        new | {"tenant_id": tenant_id},
    )
    return rows.scalar() is not None


async def note_reply(
    session: Session, tenant_id: TenantId, conversation_id: UUID, at: datetime, subject: str | None
) -> None:
    """One more to be read: it is open again, and whoever said STOP before has something to say."""
    await session.execute(
        text(
            "UPDATE conversation SET unread = unread + 1, done_at = NULL, last_at = greatest(last_at, :at),"
            " stopped_at = CASE WHEN stopped_at > :at THEN stopped_at END, subject = coalesce(:subject, subject)"
            " WHERE tenant_id = :tenant_id AND id = :id"
        ),
        {"tenant_id": tenant_id, "id": conversation_id, "at": at, "subject": subject},
    )


async def stop_conversations(
    session: Session, tenant_id: TenantId, sender_id: UUID, identifier_id: UUID, at: datetime | None
) -> list[UUID]:
    """They said STOP to an account at that moment (None: START); the conversations that this ends or opens."""
    rows = await session.execute(
        text(
            "UPDATE conversation SET stopped_at = :at WHERE tenant_id = :tenant_id AND sender_id = :sender_id"
            " AND identifier_id = :identifier_id RETURNING id"
        ),
        {"tenant_id": tenant_id, "sender_id": sender_id, "identifier_id": identifier_id, "at": at},
    )
    return sorted(rows.scalars())


async def list_stopped(session: Session, tenant_id: TenantId, conversation_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of these conversations whose person has said STOP, and those that are gone with them."""
    found = await send(
        session,
        "SELECT id FROM conversation WHERE tenant_id = :tenant_id AND stopped_at IS NULL"
        " AND id = ANY(CAST(:ids AS uuid[]))",
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(conversation_ids)},
    )
    return frozenset(conversation_ids) - {id_ for (id_,) in found.rows}


# --- what is read and answered -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Written:
    """One text of a conversation, and what became of an answer."""

    id: UUID
    at: datetime
    text: str
    is_inbound: bool
    author: str | None
    status: str | None
    received_at: datetime | None
    opened_at: datetime | None


_WRITTEN = """
SELECT t.id, t.at, t.text, t.provider_id IS NOT NULL AS is_inbound, t.author, m.status, m.received_at, m.opened_at
FROM conversation_message t LEFT JOIN message m ON m.tenant_id = t.tenant_id AND m.id = t.outbox_id
WHERE t.tenant_id = :tenant_id
"""


async def list_written(session: Session, tenant_id: TenantId, conversation_id: UUID, limit: int) -> Sequence[Written]:
    """The last texts of a conversation, the oldest of them first."""
    rows = await session.execute(
        text(f"{_WRITTEN} AND t.conversation_id = :id ORDER BY t.at DESC, t.id DESC LIMIT :limit"),
        {"tenant_id": tenant_id, "id": conversation_id, "limit": limit},
    )
    return [Written(**row_dict(row)) for row in rows][::-1]


async def get_written(session: Session, tenant_id: TenantId, id_: UUID) -> Written:
    """One text; NotFound where it is not kept any more."""
    rows = await session.execute(text(f"{_WRITTEN} AND t.id = :id"), {"tenant_id": tenant_id, "id": id_})
    row = rows.one_or_none()
    if row is None:
        raise errors.NotFound("this answer is not kept any more")
    return Written(**row_dict(row))


async def find_last_inbound(session: Session, tenant_id: TenantId, conversation_id: UUID) -> str | None:
    """How the provider calls the last text that came in."""
    rows = await session.execute(
        text(
            "SELECT provider_id FROM conversation_message WHERE tenant_id = :tenant_id AND conversation_id = :id"
            " AND provider_id IS NOT NULL ORDER BY at DESC, id DESC LIMIT 1"
        ),
        {"tenant_id": tenant_id, "id": conversation_id},
    )
    return rows.scalar_one_or_none()


async def insert_answer(session: Session, tenant_id: TenantId, answer: ConversationMessage) -> None:
    """Keep an answer."""
    answer.tenant_id = tenant_id
    session.add(answer)
    await session.flush()


# --- texts to answer with ----------------------------------------------------------------------------------------


async def list_canned(
    session: Session, tenant_id: TenantId, stores: Stores, after: UUID | None, limit: int
) -> Sequence[CannedAnswer]:
    """The tenant's and those of these stores, by id, above `after`."""
    query = select(CannedAnswer).where(CannedAnswer.tenant_id == tenant_id)
    if stores is not None:
        query = query.where(or_(CannedAnswer.store_id.is_(None), CannedAnswer.store_id.in_(stores)))
    if after is not None:
        query = query.where(CannedAnswer.id > after)
    return (await session.execute(query.order_by(CannedAnswer.id).limit(limit))).scalars().all()


async def get_canned(session: Session, tenant_id: TenantId, id_: UUID, stores: Stores) -> CannedAnswer:
    """One that one may change: of one of these stores; NotFound else."""
    query = select(CannedAnswer).where(CannedAnswer.tenant_id == tenant_id, CannedAnswer.id == id_)
    if stores is not None:
        query = query.where(CannedAnswer.store_id.in_(stores))
    found = (await session.execute(query.with_for_update())).scalar_one_or_none()
    if found is None:
        raise errors.NotFound(f"canned answer {id_} does not exist")
    return found


async def put_canned(session: Session, tenant_id: TenantId, canned: CannedAnswer) -> None:
    """Keep a new one, or one that was changed; NotFound when its store is not there."""
    canned.tenant_id = tenant_id
    session.add(canned)
    try:
        await session.flush()
    except IntegrityError as error:
        raise errors.NotFound(f"store {canned.store_id} does not exist") from error


async def delete_canned(session: Session, tenant_id: TenantId, canned: CannedAnswer) -> None:
    """Forget one."""
    del tenant_id
    await session.delete(canned)
    await session.flush()
