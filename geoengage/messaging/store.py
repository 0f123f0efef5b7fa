"""SQL of the outbox: writing drafts, budgets, gates, claiming and settling, and the lists that readers see.

Lock order here: message_due → device → person_budget → message → ledger_head.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import and_, column, insert, select, table, text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, lowest_id
from geoengage.messaging.models import Message, MessageDue
from geoengage.messaging.rules import BUDGET_DAYS, Budget, Send, Settled, Status, Waiting
from geoengage.venues.models import Store, ZoneVersion


async def insert_send_keys(
    session: Session, tenant_id: TenantId, keys: Sequence[tuple[UUID, UUID, str, UUID, UUID]], now: datetime
) -> set[UUID]:
    """Claim (campaign, person, step, occurrence, message id) once each; returns the message ids that were first."""
    columns = [list(column) for column in zip(*keys, strict=True)] or [[], [], [], [], []]
    rows = await session.execute(
        text(
            "INSERT INTO send_key (tenant_id, campaign_id, person_id, step, occurrence, message_id, created_at)"
            " SELECT :tenant_id, k.*, :now FROM unnest(CAST(:campaigns AS uuid[]), CAST(:people AS uuid[]),"
            "  CAST(:steps AS text[]), CAST(:occurrences AS uuid[]), CAST(:messages AS uuid[])) AS k"
            " ON CONFLICT DO NOTHING RETURNING message_id"
        ),
        {"tenant_id": tenant_id, "now": now}
        | dict(zip(("campaigns", "people", "steps", "occurrences", "messages"), columns, strict=True)),
    )
    return set(rows.scalars())


async def insert_messages(session: Session, tenant_id: TenantId, rows: Sequence[dict[str, Any]]) -> None:
    """Insert messages given as columns (without tenant_id); the queued ones become due at once."""
    if not rows:
        return
    # render_nulls: else rows with and without a store or a reason would become statements of their own
    statement = insert(Message).execution_options(render_nulls=True)
    await session.execute(statement, [{"tenant_id": tenant_id} | row for row in rows])
    due = [
        {"tenant_id": tenant_id, "message_id": row["id"], "due_at": row["created_at"]}
        for row in rows
        if row["status"] == "queued"
    ]
    if due:
        await session.execute(insert(MessageDue), due)


# --- budgets -----------------------------------------------------------------------------------------------------


async def lock_budgets(
    session: Session, tenant_id: TenantId, person_ids: Sequence[UUID], now: datetime
) -> dict[UUID, Budget]:
    """Lock the budgets of these people in id order until the commit; missing ones are made."""
    parameters = {"tenant_id": tenant_id, "people": sorted(set(person_ids)), "today": now.date()}
    await session.execute(
        text(
            "INSERT INTO person_budget (tenant_id, person_id, updated_on)"
            " SELECT :tenant_id, p, :today FROM unnest(CAST(:people AS uuid[])) AS p ON CONFLICT DO NOTHING"
        ),
        parameters,
    )
    rows = await session.execute(
        text(
            "SELECT person_id, sends FROM person_budget WHERE tenant_id = :tenant_id AND person_id = ANY(:people)"
            " ORDER BY person_id FOR NO KEY UPDATE"
        ),
        parameters,
    )
    return {
        person_id: Budget(person_id, msgspec.convert(sends, tuple[Send, ...], strict=False)).recent(now)
        for person_id, sends in rows
    }


async def spend_budgets(
    session: Session, tenant_id: TenantId, spent: Sequence[tuple[UUID, UUID, UUID]], now: datetime
) -> None:
    """Count (person, campaign, message) against their people, and forget what is older than `BUDGET_DAYS`."""
    if not spent:
        return
    people, campaigns, messages = (list(column) for column in zip(*spent, strict=True))
    await session.execute(
        text("""
INSERT INTO person_budget AS b (tenant_id, person_id, sends, updated_on)
SELECT :tenant_id, s.person_id, jsonb_agg(jsonb_build_object(
  'campaign_id', s.campaign_id, 'message_id', s.message_id, 'at', CAST(:now AS timestamptz))), :today
FROM unnest(CAST(:people AS uuid[]), CAST(:campaigns AS uuid[]), CAST(:messages AS uuid[]))
  AS s (person_id, campaign_id, message_id)
GROUP BY s.person_id ORDER BY s.person_id
ON CONFLICT (tenant_id, person_id) DO UPDATE SET updated_on = excluded.updated_on, sends = (
  SELECT jsonb_agg(e) FROM jsonb_array_elements(b.sends || excluded.sends) AS e
  WHERE CAST(e ->> 'at' AS timestamptz) > :oldest)
"""),
        {
            "tenant_id": tenant_id,
            "now": now,
            "today": now.date(),
            "oldest": now - timedelta(days=BUDGET_DAYS),
            "people": people,
            "campaigns": campaigns,
            "messages": messages,
        },
    )


async def refund_budgets(
    session: Session, tenant_id: TenantId, person_ids: Sequence[UUID], message_ids: Sequence[UUID]
) -> None:
    """Take messages that will not be sent out of their people's budgets; people are locked in id order."""
    await session.execute(
        text("""
WITH locked AS (
  SELECT person_id FROM person_budget WHERE tenant_id = :tenant_id AND person_id = ANY(:people)
  ORDER BY person_id FOR NO KEY UPDATE)
UPDATE person_budget b SET sends = (
  SELECT coalesce(jsonb_agg(e), '[]') FROM jsonb_array_elements(b.sends) AS e
  WHERE CAST(e ->> 'message_id' AS uuid) <> ALL(CAST(:messages AS uuid[])))
FROM locked WHERE b.tenant_id = :tenant_id AND b.person_id = locked.person_id
"""),
        {"tenant_id": tenant_id, "people": sorted(set(person_ids)), "messages": list(message_ids)},
    )


# --- gates -------------------------------------------------------------------------------------------------------


async def insert_gate(session: Session, tenant_id: TenantId, key: str, reason: str, now: datetime) -> None:
    """Close a gate. Idempotent: the first reason stays."""
    await session.execute(
        text(
            "INSERT INTO gate (tenant_id, key, reason, closed_at) VALUES (:tenant_id, :key, :reason, :now)"
            " ON CONFLICT DO NOTHING"
        ),
        {"tenant_id": tenant_id, "key": key, "reason": reason, "now": now},
    )


async def delete_gate(session: Session, tenant_id: TenantId, key: str) -> None:
    """Open a gate. Idempotent."""
    await session.execute(
        text("DELETE FROM gate WHERE tenant_id = :tenant_id AND key = :key"), {"tenant_id": tenant_id, "key": key}
    )


async def hurry_messages(
    session: Session,
    tenant_id: TenantId,
    now: datetime,
    *,
    gates: Sequence[str] = (),
    visit_ids: Sequence[UUID] = (),
    device_ids: Sequence[UUID] = (),
) -> None:
    """Make waiting messages with one of these gates, visits or devices due now, so that a worker checks them again."""
    await session.execute(
        text("""
WITH waiting AS (
  SELECT d.message_id FROM message_due d JOIN message m ON m.tenant_id = d.tenant_id AND m.id = d.message_id
  WHERE d.tenant_id = :tenant_id AND d.lease IS NULL AND d.due_at > :now
    AND (m.gates && CAST(:gates AS text[]) OR m.visit_id = ANY(CAST(:visits AS uuid[]))
      OR m.device_id = ANY(CAST(:devices AS uuid[])))
  FOR UPDATE OF d SKIP LOCKED)  -- a locked one is being claimed, and so checked, right now
UPDATE message_due d SET due_at = :now FROM waiting
WHERE d.tenant_id = :tenant_id AND d.message_id = waiting.message_id
"""),
        {
            "tenant_id": tenant_id,
            "now": now,
            "gates": list(gates),
            "visits": list(visit_ids),
            "devices": list(device_ids),
        },
    )


# --- delivery ----------------------------------------------------------------------------------------------------


async def list_due_tenants(session: Session, now: datetime) -> list[TenantId]:
    """Tenants of the 2,000 longest due messages (cross-tenant: the worker serves all). A cheap look, not a claim."""
    rows = await session.execute(
        text(
            "SELECT DISTINCT tenant_id FROM"
            " (SELECT tenant_id FROM message_due WHERE due_at <= :now ORDER BY due_at LIMIT 2000) AS oldest"
        ),
        {"now": now},
    )
    return [TenantId(id_) for id_ in rows.scalars()]


@dataclass(frozen=True, slots=True)
class Claim:
    """Messages that belong to a worker until its lease runs out. `lost` ones were being sent by a worker that died."""

    messages: list[Waiting]
    lost: frozenset[UUID]


async def claim_due_messages(
    session: Session, tenant_id: TenantId, lease: UUID, now: datetime, *, until: datetime, limit: int
) -> Claim:
    """Take up to `limit` due messages, longest due first (SKIP LOCKED), with what the last check needs to know."""
    claimed = await session.execute(
        text("""
WITH due AS (
  SELECT message_id, lease FROM message_due WHERE tenant_id = :tenant_id AND due_at <= :now
  ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED)
UPDATE message_due d SET lease = :lease, due_at = :until FROM due
WHERE d.tenant_id = :tenant_id AND d.message_id = due.message_id
RETURNING d.message_id, due.lease IS NOT NULL AS was_leased
"""),
        {"tenant_id": tenant_id, "now": now, "lease": lease, "until": until, "limit": limit},
    )
    taken = {row.message_id: row.was_leased for row in claimed}
    if not taken:
        return Claim([], frozenset())
    rows = await session.execute(
        text("""
SELECT m.id, m.device_id, m.person_id, m.campaign_id, m.store_id, m.zone_id, m.purpose, m.title, m.body, m.data,
  m.collapse_key, m.timezone, m.attempts, m.expires_at,
  CASE m.status WHEN 'sending' THEN 'unknown' ELSE m.status END AS status,
  ARRAY(SELECT g.key FROM gate g WHERE g.tenant_id = m.tenant_id AND g.key = ANY(m.gates)) AS closed_gates,
  EXISTS (SELECT FROM visit v WHERE v.tenant_id = m.tenant_id AND v.id = m.visit_id AND v.exited_at IS NOT NULL)
    AS visit_ended
FROM message m WHERE m.tenant_id = :tenant_id AND m.id = ANY(:ids) ORDER BY m.id
"""),
        {"tenant_id": tenant_id, "ids": list(taken)},
    )
    messages = [Waiting(**row._mapping) for row in rows]
    return Claim(messages, frozenset(id_ for id_, was_leased in taken.items() if was_leased))


async def set_sending(session: Session, tenant_id: TenantId, by_channel: Mapping[str, Sequence[UUID]]) -> None:
    """Note that these messages go to their channel's socket now."""
    for channel, ids in by_channel.items():
        await session.execute(
            text(
                "UPDATE message SET status = 'sending', channel = :channel, attempts = attempts + 1"
                " WHERE tenant_id = :tenant_id AND id = ANY(:ids)"
            ),
            {"tenant_id": tenant_id, "channel": channel, "ids": list(ids)},
        )


async def lock_leased(session: Session, tenant_id: TenantId, lease: UUID, message_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these messages that this lease still holds, locked. The others were taken over by another worker."""
    rows = await session.execute(
        text(
            "SELECT message_id FROM message_due WHERE tenant_id = :tenant_id AND lease = :lease"
            " AND message_id = ANY(:ids) ORDER BY message_id FOR UPDATE"
        ),
        {"tenant_id": tenant_id, "lease": lease, "ids": list(message_ids)},
    )
    return set(rows.scalars())


async def settle_messages(
    session: Session, tenant_id: TenantId, settled: Mapping[UUID, Settled], now: datetime
) -> None:
    """Write outcomes: the messages' rows, and their due rows deleted or put off."""
    rows = [
        {
            "id": id_,
            "status": s.status,
            "reason": s.reason if s.status is not Status.QUEUED else None,
            "blockers": s.blockers,
            "answer": s.answer,
            "sent_at": now if s.status is Status.SENT else None,
            "due_at": s.due_at,
        }
        for id_, s in settled.items()
    ]
    parameters = {"tenant_id": tenant_id, "rows": msgspec.json.encode(rows).decode()}
    await session.execute(
        text("""
UPDATE message m SET status = r.status, reason = r.reason, blockers = r.blockers, sent_at = r.sent_at,
  provider_answer = coalesce(r.answer, m.provider_answer)
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS r (id uuid, status text, reason text, blockers text[], answer text, sent_at timestamptz)
WHERE m.tenant_id = :tenant_id AND m.id = r.id
"""),
        parameters,
    )
    await session.execute(
        text("""
WITH r AS (SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id uuid, due_at timestamptz)),
put_off AS (
  UPDATE message_due d SET lease = NULL, due_at = r.due_at FROM r
  WHERE d.tenant_id = :tenant_id AND d.message_id = r.id AND r.due_at IS NOT NULL)
DELETE FROM message_due d USING r WHERE d.tenant_id = :tenant_id AND d.message_id = r.id AND r.due_at IS NULL
"""),
        parameters,
    )


# --- receipts ----------------------------------------------------------------------------------------------------


async def lock_message(session: Session, tenant_id: TenantId, message_id: UUID) -> Message | None:
    """A message, locked FOR NO KEY UPDATE; None when the tenant has no such message."""
    query = select(Message).where(Message.tenant_id == tenant_id, Message.id == message_id)
    return (await session.execute(query.with_for_update(key_share=True))).scalar_one_or_none()


async def insert_receipt(
    session: Session, tenant_id: TenantId, receipt_id: UUID, message: Message, kind: str, at: datetime
) -> bool:
    """Store a receipt and what it says of a locked message; False when that receipt id is there already.

    What was opened or dismissed was received, so that is noted too unless it was before.
    """
    inserted = await session.execute(
        text(
            "INSERT INTO receipt (tenant_id, id, message_id, device_id, kind, at)"
            " VALUES (:tenant_id, :id, :message_id, :device_id, :kind, :at) ON CONFLICT DO NOTHING RETURNING id"
        ),
        {
            "tenant_id": tenant_id,
            "id": receipt_id,
            "message_id": message.id,
            "device_id": message.device_id,
            "kind": kind,
            "at": at,
        },
    )
    if inserted.scalar() is None:
        return False
    message.received_at = message.received_at or at
    if kind == "opened":
        message.opened_at = at
    await session.flush()
    return True


# --- lists -------------------------------------------------------------------------------------------------------

# Campaigns lie above messaging, so their model cannot be imported; a name is all that is read of them.
_campaign = table("campaign", column("tenant_id"), column("id"), column("name"))


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message with the names a reader wants beside it."""

    message: Message
    campaign_name: str | None
    store_name: str | None
    brand_color: str | None
    zone_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages; None does not restrict. `after`: made later than this moment."""

    campaign_id: UUID | None = None
    device_id: UUID | None = None
    person_ids: frozenset[UUID] | None = None
    store_ids: frozenset[UUID] | None = None
    statuses: tuple[str, ...] | None = None
    after: datetime | None = None


async def list_messages(
    session: Session, tenant_id: TenantId, wanted: MessageFilter, before: UUID | None, limit: int
) -> list[MessageView]:
    """Messages newest first, with ids below `before`."""
    query = (
        select(Message, _campaign.c.name, Store.name, Store.brand_color, ZoneVersion.name)
        .outerjoin(_campaign, and_(_campaign.c.tenant_id == tenant_id, _campaign.c.id == Message.campaign_id))
        .outerjoin(Store, and_(Store.tenant_id == tenant_id, Store.id == Message.store_id))
        .outerjoin(
            ZoneVersion,
            and_(
                ZoneVersion.tenant_id == tenant_id,
                ZoneVersion.zone_id == Message.zone_id,
                ZoneVersion.version == Message.zone_version,
            ),
        )
        .where(Message.tenant_id == tenant_id)
    )
    if wanted.campaign_id is not None:
        query = query.where(Message.campaign_id == wanted.campaign_id)
    if wanted.device_id is not None:
        query = query.where(Message.device_id == wanted.device_id)
    if wanted.person_ids is not None:
        query = query.where(Message.person_id.in_(wanted.person_ids))
    if wanted.store_ids is not None:
        query = query.where(Message.store_id.in_(wanted.store_ids))
    if wanted.statuses is not None:
        query = query.where(Message.status.in_(wanted.statuses))
    if wanted.after is not None:
        query = query.where(Message.created_at > wanted.after, Message.id >= lowest_id(wanted.after))
    if before is not None:
        query = query.where(Message.id < before)
    rows = await session.execute(query.order_by(Message.id.desc()).limit(limit))
    return [MessageView(*row) for row in rows]
