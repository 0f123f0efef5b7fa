"""SQL of what waits to be sent: writing drafts, budgets, gates."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import insert, text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging.models import Message, MessageDue
from geoengage.messaging.rules import BUDGET_DAYS, Budget, Send


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
