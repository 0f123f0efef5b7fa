"""SQL of what waits to be sent: writing drafts, budgets, gates."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from geoengage.kit import pgarrays
from geoengage.kit.db import Later, Session, send
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules import BUDGET_DAYS, Budget, Send

_INSERT = """
WITH r AS (
  SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id uuid, device_id uuid, person_id uuid,
    campaign_id uuid, store_id uuid, zone_id uuid, zone_version int, visit_id uuid, outlives_visit bool,
    event_id uuid, purpose text, status text, reason text, blockers text[], gates text[], title text, body text,
    data jsonb, push jsonb, channels text[], email jsonb, card jsonb, collapse_key text, timezone text,
    expires_at timestamptz, step text, occurrence uuid, never_repeat bool, wording jsonb,
    answering jsonb)),
fresh AS (
  INSERT INTO send_key (tenant_id, campaign_id, person_id, step, occurrence, message_id, created_at)
  SELECT :tenant_id, coalesce(campaign_id, occurrence), person_id, step, occurrence, id, :now FROM r
  ON CONFLICT DO NOTHING RETURNING message_id),
new AS (
  INSERT INTO message (tenant_id, id, device_id, person_id, campaign_id, store_id, zone_id, zone_version, visit_id,
    outlives_visit, event_id, purpose, status, reason, blockers, gates, title, body, data, push, channels,
    email, card, collapse_key, timezone, expires_at, never_repeat, wording, answering, attempts, created_at)
  SELECT :tenant_id, r.id, device_id, person_id, campaign_id, store_id, zone_id, zone_version, visit_id,
    outlives_visit, event_id, purpose, status, reason, blockers, gates, title, body, data, push, channels,
    email, card, collapse_key, timezone, expires_at, never_repeat, wording, answering, 0, :now
  FROM r JOIN fresh ON fresh.message_id = r.id),
due AS (
  INSERT INTO message_due (tenant_id, message_id, due_at, is_urgent)
  SELECT :tenant_id, r.id, :now, r.purpose <> 'marketing'
  FROM r JOIN fresh ON fresh.message_id = r.id WHERE r.status = 'queued')
SELECT message_id FROM fresh
"""


async def insert_messages(
    session: Session, tenant_id: TenantId, rows: Sequence[Mapping[str, Any]], now: datetime
) -> set[UUID]:
    """Insert messages; the queued ones become due at once. Returns the ids of those that are new.

    `rows`: JSON-ready mappings with the columns' names, and `step` and `occurrence`. A (campaign, person, step,
    occurrence) that has had its message before is left out. One statement, since somebody waits for it.
    """
    if not rows:
        return set()
    found = await send(
        session, _INSERT, {"tenant_id": tenant_id, "rows": msgspec.json.encode(rows).decode(), "now": now}
    )
    return {id_ for (id_,) in found.rows}


async def list_preferences(
    session: Session, tenant_id: TenantId, person_ids: Sequence[UUID]
) -> tuple[tuple[str, ...], dict[UUID, dict[str, Any]]]:
    """The tenant's order of channels (empty: none) and what is known of these people, by id."""
    usual = await send(
        session, "SELECT channels FROM channel_policy WHERE tenant_id = :tenant_id", {"tenant_id": tenant_id}
    )
    found = await send(
        session,
        "SELECT id, attributes FROM profile WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))",
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(person_ids)},
    )
    order = next((tuple(channels) for (channels,) in usual.rows), ())
    return order, {id_: attributes or {} for id_, attributes in found.rows}


# --- budgets -----------------------------------------------------------------------------------------------------


async def lock_budgets(
    session: Session, tenant_id: TenantId, person_ids: Sequence[UUID], now: datetime
) -> Later[dict[UUID, Budget]]:
    """Lock the budgets of these people in id order until the commit; missing ones are made."""
    found = await send(
        session,
        "INSERT INTO person_budget AS b (tenant_id, person_id, updated_on)"
        " SELECT :tenant_id, p, :today FROM unnest(CAST(:people AS uuid[])) AS p"
        " ON CONFLICT (tenant_id, person_id) DO UPDATE SET updated_on = b.updated_on RETURNING person_id, sends",
        {"tenant_id": tenant_id, "people": pgarrays.uuids(sorted(set(person_ids))), "today": now.date()},
    )
    return Later(found, lambda answer: {id_: _budget(id_, sends, now) for id_, sends in answer.rows})


def _budget(person_id: UUID, sends: object, now: datetime) -> Budget:
    return Budget(person_id, msgspec.convert(sends, tuple[Send, ...], strict=False)).recent(now)


async def spend_budgets(
    session: Session, tenant_id: TenantId, spent: Sequence[tuple[UUID, Send]], now: datetime
) -> None:
    """Count these against their people (`person_id`, send), and forget what is older than `BUDGET_DAYS`."""
    if not spent:
        return
    await send(
        session,
        """
INSERT INTO person_budget AS b (tenant_id, person_id, sends, updated_on)
SELECT :tenant_id, s.person_id, jsonb_agg(jsonb_build_object(
  'campaign_id', s.campaign_id, 'message_id', s.message_id, 'at', CAST(:now AS timestamptz),
  'store_id', s.store_id, 'marketing', s.marketing)), :today
FROM unnest(CAST(:people AS uuid[]), CAST(:campaigns AS uuid[]), CAST(:messages AS uuid[]), CAST(:stores AS uuid[]),
  CAST(:marketing AS bool[])) AS s (person_id, campaign_id, message_id, store_id, marketing)
GROUP BY s.person_id ORDER BY s.person_id
ON CONFLICT (tenant_id, person_id) DO UPDATE SET updated_on = excluded.updated_on, sends = (
  SELECT jsonb_agg(e) FROM jsonb_array_elements(b.sends || excluded.sends) AS e
  WHERE CAST(e ->> 'at' AS timestamptz) > :oldest)
""",
        {
            "tenant_id": tenant_id,
            "now": now,
            "today": now.date(),
            "oldest": now - timedelta(days=BUDGET_DAYS),
            "people": pgarrays.uuids(person_id for person_id, _ in spent),
            "campaigns": pgarrays.uuids(s.campaign_id for _, s in spent),
            "messages": pgarrays.uuids(s.message_id for _, s in spent),
            "stores": pgarrays.uuids_or_null(s.store_id for _, s in spent),
            "marketing": pgarrays.bools_or_null(s.marketing for _, s in spent),
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


async def join_people(session: Session, tenant_id: TenantId, person_id: UUID, into_id: UUID, now: datetime) -> None:
    """Let what was decided about a person and sent to them count for another, too.

    Nothing happens when the other is erased meanwhile. What counted for the first stays theirs, should they part again.
    """
    parameters = {"tenant_id": tenant_id, "person_id": person_id, "into_id": into_id, "today": now.date()}
    held = await session.execute(
        text("SELECT id FROM profile WHERE tenant_id = :tenant_id AND id = :into_id FOR KEY SHARE"), parameters
    )
    if held.scalar_one_or_none() is None:
        return
    await session.execute(
        text(
            "SELECT person_id FROM person_budget WHERE tenant_id = :tenant_id AND person_id IN (:person_id, :into_id)"
            " ORDER BY person_id FOR NO KEY UPDATE"
        ),
        parameters,
    )
    await session.execute(_JOIN_BUDGETS, parameters | {"oldest": now - timedelta(days=BUDGET_DAYS)})
    await session.execute(_JOIN_KEYS, parameters)


_JOIN_BUDGETS = text("""
INSERT INTO person_budget AS b (tenant_id, person_id, sends, updated_on)
SELECT tenant_id, :into_id, sends, :today FROM person_budget
WHERE tenant_id = :tenant_id AND person_id = :person_id
ON CONFLICT (tenant_id, person_id) DO UPDATE SET updated_on = excluded.updated_on, sends = (
  SELECT coalesce(jsonb_agg(e ORDER BY CAST(e ->> 'at' AS timestamptz)), '[]') FROM (
    SELECT DISTINCT e FROM jsonb_array_elements(b.sends || excluded.sends) AS e) AS u
  WHERE CAST(e ->> 'at' AS timestamptz) > :oldest)
""")
_JOIN_KEYS = text("""
INSERT INTO send_key (tenant_id, campaign_id, person_id, step, occurrence, message_id, created_at)
SELECT tenant_id, campaign_id, :into_id, step, occurrence, message_id, created_at FROM send_key
WHERE tenant_id = :tenant_id AND person_id = :person_id ON CONFLICT DO NOTHING
""")


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


async def delete_gates_before(session: Session, kind: str, before: datetime) -> None:
    """Forget gates of a kind that were closed so long ago that no message waits before them (cross-tenant)."""
    await session.execute(
        text("DELETE FROM gate WHERE starts_with(key, :kind || ':') AND closed_at < :before"),
        {"kind": kind, "before": before},
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
