"""SQL of the ledger of messages: what became of them in numbers, whose pseudonym it is, dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text

from geoengage.kit.db import Session, row_dict
from geoengage.kit.ids import TenantId
from geoengage.messaging.models import Message
from geoengage.messaging.rules import DeadLetter
from geoengage.messaging.store.lists import ADDRESSEE, IS_DEAD, MessageFilter, conditions


@dataclass(frozen=True, slots=True)
class Count:
    """How many messages have this status and reason, and how many of them failed for good."""

    status: str
    reason: str | None
    messages: int
    dead: int


async def count_messages(session: Session, tenant_id: TenantId, wanted: MessageFilter) -> list[Count]:
    """Messages by status and reason, most first."""
    n = func.count()
    query = (
        select(Message.status, Message.reason, n, n.filter(IS_DEAD))
        .where(*conditions(tenant_id, wanted))
        .group_by(Message.status, Message.reason)
        .order_by(n.desc(), Message.status, Message.reason)
    )
    return [Count(*row) for row in await session.execute(query)]


async def list_addressees(session: Session, tenant_id: TenantId, wanted: MessageFilter) -> Sequence[UUID]:
    """The devices, or people where it is to no device, to whom these messages are."""
    return (await session.execute(select(ADDRESSEE).where(*conditions(tenant_id, wanted)).distinct())).scalars().all()


async def list_dead(
    session: Session, tenant_id: TenantId, wanted: MessageFilter, before: UUID | None, limit: int
) -> Sequence[tuple[UUID, UUID]]:
    """Messages of a filter that failed for good, newest first, with ids below `before`; and their people."""
    query = select(Message.id, Message.person_id).where(*conditions(tenant_id, wanted), IS_DEAD)
    if before is not None:
        query = query.where(Message.id < before)
    rows = await session.execute(query.order_by(Message.id.desc()).limit(limit))
    return [(id_, person_id) for id_, person_id in rows]


# Coupons lie above messaging, so their model cannot be imported: that there is one is all that is read of them.
_LETTERS = text("""
SELECT m.id, m.person_id, m.campaign_id, m.device_id, m.store_id, m.zone_id, m.title, m.body, m.status, m.purpose,
  m.channel, m.reason, m.never_repeat, m.sent_at IS NOT NULL AS was_sent, m.created_at AS made_at, m.expires_at,
  EXISTS (SELECT FROM coupon c WHERE c.tenant_id = m.tenant_id AND c.message_id = m.id) AS has_coupon
FROM message m
WHERE m.tenant_id = :tenant_id AND m.id = ANY(:ids) AND m.status IN ('failed', 'misconfigured', 'unknown')
  AND NOT EXISTS (SELECT FROM message_due d WHERE d.tenant_id = m.tenant_id AND d.message_id = m.id)
ORDER BY m.id
""")


@dataclass(frozen=True, slots=True)
class Dead:
    """A dead letter: what decides about it, and what is told when it waits again."""

    id: UUID
    person_id: UUID
    campaign_id: UUID | None
    device_id: UUID | None
    store_id: UUID | None
    zone_id: UUID | None
    title: str
    body: str
    letter: DeadLetter


_ABOUT = ("id", "person_id", "campaign_id", "device_id", "store_id", "zone_id", "title", "body")


async def read_dead(
    session: Session, tenant_id: TenantId, message_ids: Sequence[UUID], *, lock: bool = False
) -> list[Dead]:
    """Those of these messages that failed for good, by id. `lock`: FOR NO KEY UPDATE, after their people's budgets."""
    if not message_ids:
        return []
    query = text(f"{_LETTERS.text} FOR NO KEY UPDATE OF m") if lock else _LETTERS
    rows = await session.execute(query, {"tenant_id": tenant_id, "ids": list(message_ids)})
    found = [row_dict(row) for row in rows]
    return [
        Dead(
            **{name: row[name] for name in _ABOUT},
            letter=DeadLetter(**{name: value for name, value in row.items() if name not in _ABOUT}),
        )
        for row in found
    ]


async def requeue(session: Session, tenant_id: TenantId, message_ids: Sequence[UUID], now: datetime) -> None:
    """Let locked dead letters wait to be sent, due now. The worker checks them as it does every message."""
    await session.execute(
        text("""
WITH again AS (
  UPDATE message SET status = 'queued', reason = NULL, blockers = '{}', sent_at = NULL
  WHERE tenant_id = :tenant_id AND id = ANY(:ids) RETURNING id, purpose)
INSERT INTO message_due (tenant_id, message_id, due_at, is_urgent)
SELECT :tenant_id, id, :now, purpose <> 'marketing' FROM again
"""),
        {"tenant_id": tenant_id, "ids": list(message_ids), "now": now},
    )
