"""A conversation as rows, for tests that need one to be there."""

from uuid import UUID

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.messaging.reply_models import CannedAnswer, Conversation, ConversationMessage


async def make_conversation(
    session: Session, tenant_id: TenantId, store_id: UUID, sender_id: UUID, identifier_id: UUID, text: str
) -> UUID:
    """Somebody wrote to a store by WhatsApp."""
    now, id_ = utc_now(), new_id()
    session.add(
        Conversation(
            tenant_id=tenant_id, id=id_, store_id=store_id, channel="whatsapp", sender_id=sender_id,
            identifier_id=identifier_id, last_at=now, unread=1,
        )
    )  # fmt: skip
    await session.flush()
    session.add(
        ConversationMessage(
            tenant_id=tenant_id, id=new_id(), conversation_id=id_, sender_id=sender_id, at=now, text=text,
            provider_id=f"wamid.{id_}",
        )
    )  # fmt: skip
    await session.flush()
    return id_


async def make_canned(session: Session, tenant_id: TenantId, store_id: UUID | None, title: str) -> UUID:
    """A text to answer with."""
    id_ = new_id()
    session.add(CannedAnswer(tenant_id=tenant_id, id=id_, store_id=store_id, title=title, text="Until six."))
    await session.flush()
    return id_
