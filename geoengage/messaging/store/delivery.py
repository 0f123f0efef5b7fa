"""SQL of delivery: finding who has work, claiming it, writing down what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from geoengage.kit import pgarrays
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules import (
    NO_OPTIONS,
    Answering,
    EmailContent,
    Policy,
    PushOptions,
    Rewritten,
    Settled,
    Status,
    Waiting,
    Wording,
)


class Queue(StrEnum):
    """Which messages a worker's loop takes. `urgent`: transactional and service, which somebody waits for."""

    URGENT = "urgent"
    PATIENT = "patient"


# Each queue has an index of its own (models.MessageDue), so neither is looked through for the other.
_OF_QUEUE = {Queue.URGENT: "is_urgent", Queue.PATIENT: "NOT is_urgent"}


async def list_due_tenants(session: Session, now: datetime, queue: Queue) -> list[TenantId]:
    """Tenants of a queue's 2,000 longest due messages (cross-tenant: the worker serves all). A look, not a claim."""
    found = await send(
        session,
        "SELECT DISTINCT tenant_id FROM (SELECT tenant_id FROM message_due"  # noqa: S608 - one of two
        f" WHERE due_at <= :now AND {_OF_QUEUE[queue]} ORDER BY due_at LIMIT 2000) AS oldest",
        {"now": now},
    )
    return [TenantId(id_) for (id_,) in found.rows]


@dataclass(frozen=True, slots=True)
class Claim:
    """Messages that belong to a worker until its lease runs out, and their tenant's policy (None when there are none).

    `lost` ones were being sent by a worker that died.
    """

    messages: list[Waiting]
    lost: frozenset[UUID]
    policy: Policy | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """How a message goes now. `device_id` None: not to a device; `address_id` None: not to an address. `passed_over`:
    channels that it would have taken first, and why it does not."""

    message_id: UUID
    channels: tuple[str, ...]
    device_id: UUID | None
    address_id: UUID | None
    passed_over: tuple[str, ...] = ()


_WAITING = tuple(field.name for field in fields(Waiting))
# One statement, since somebody waits for it. LATERAL with OFFSET: whatever the statistics of a fresh partition say, a
# message is found by its key.
_CLAIM = """
WITH due AS (
  SELECT message_id, lease FROM message_due WHERE tenant_id = :tenant_id AND due_at <= :now AND {queue}
  ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED),
taken AS (
  UPDATE message_due d SET lease = :lease, due_at = :until FROM due
  WHERE d.tenant_id = :tenant_id AND d.message_id = due.message_id
  RETURNING d.message_id, due.lease IS NOT NULL AS was_leased)
SELECT m.*, taken.was_leased, t.timezone AS tenant_timezone, t.quiet_start, t.quiet_end,
  t.sending_stopped_at IS NOT NULL AS stopped, t.is_demo
FROM taken CROSS JOIN LATERAL (
  SELECT m.id, m.device_id, m.person_id, m.campaign_id, m.store_id, m.zone_id, m.purpose, m.title, m.body, m.data,
    m.push, m.channels, m.channel, m.email, m.collapse_key, m.timezone, m.attempts, m.expires_at, m.never_repeat,
    m.wording, m.answering,
    CASE m.status WHEN 'sending' THEN 'unknown' ELSE m.status END AS status,
    ARRAY(SELECT g.key FROM gate g WHERE g.tenant_id = m.tenant_id AND g.key = ANY(m.gates)) AS closed_gates,
    NOT m.outlives_visit AND EXISTS (SELECT FROM visit v
        WHERE v.tenant_id = m.tenant_id AND v.id = m.visit_id AND v.exited_at IS NOT NULL)
      OR EXISTS (SELECT FROM zone_event e WHERE e.tenant_id = m.tenant_id AND e.device_id = m.device_id
        AND e.at > m.created_at - interval '2 days' AND e.visit_id = m.visit_id AND e.kind = 'retracted'
        AND e.dwell_s IS NULL)  -- late positions have shown that it never was
      AS visit_ended
  FROM message m WHERE m.tenant_id = :tenant_id AND m.id = taken.message_id OFFSET 0) AS m
JOIN tenant t ON t.id = :tenant_id ORDER BY m.id
"""
_CLAIMS = {queue: _CLAIM.replace("{queue}", only) for queue, only in _OF_QUEUE.items()}


async def claim_due_messages(
    session: Session,
    tenant_id: TenantId,
    lease: UUID,
    now: datetime,
    *,
    until: datetime,
    limit: int,
    queue: Queue = Queue.PATIENT,
) -> Claim:
    """Take up to `limit` due messages, longest due first (SKIP LOCKED), with what the last check needs to know."""
    found = await send(
        session, _CLAIMS[queue], {"tenant_id": tenant_id, "now": now, "lease": lease, "until": until, "limit": limit}
    )
    rows = found.named()
    if not rows:
        return Claim([], frozenset())
    policy = Policy(rows[0].tenant_timezone, rows[0].quiet_start, rows[0].quiet_end, rows[0].stopped, rows[0].is_demo)
    messages = [
        Waiting(
            **{name: getattr(row, name) for name in _WAITING}
            | {"push": _options(row.push), "channels": tuple(row.channels), "email": _email(row.email)}
            | {"wording": _wording(row.wording), "answering": _answering(row.answering)}
        )
        for row in rows
    ]
    return Claim(messages, frozenset(row.id for row in rows if row.was_leased), policy)


def _options(stored: dict[str, Any] | None) -> PushOptions:
    return NO_OPTIONS if stored is None else msgspec.convert(stored, PushOptions)


def _email(stored: dict[str, Any] | None) -> EmailContent | None:
    return None if stored is None else msgspec.convert(stored, EmailContent)


def _wording(stored: dict[str, Any] | None) -> Wording | None:
    return None if stored is None else msgspec.convert(stored, Wording)


def _answering(stored: dict[str, Any] | None) -> Answering | None:
    return None if stored is None else msgspec.convert(stored, Answering)


async def set_words(session: Session, tenant_id: TenantId, words: Mapping[UUID, Rewritten]) -> None:
    """Keep the words with which these messages go out."""
    if not words:
        return
    await send(
        session,
        """
UPDATE message m SET title = w.title, body = w.body, expires_at = w.expires_at, push = nullif(w.push, '{}')
FROM unnest(CAST(:ids AS uuid[]), CAST(:titles AS text[]), CAST(:bodies AS text[]), CAST(:ends AS timestamptz[]),
  CAST(:pushes AS jsonb[])) AS w (id, title, body, expires_at, push)
WHERE m.tenant_id = :tenant_id AND m.id = w.id
""",
        {
            "tenant_id": tenant_id,
            "ids": pgarrays.uuids(words),
            "titles": pgarrays.texts(w.title for w in words.values()),
            "bodies": pgarrays.texts(w.body for w in words.values()),
            "ends": pgarrays.times(w.expires_at for w in words.values()),
            "pushes": pgarrays.jsons(msgspec.json.encode(w.push) for w in words.values()),
        },
    )


async def put_off(session: Session, tenant_id: TenantId, lease: UUID, until: Mapping[UUID, datetime]) -> None:
    """Let go of claimed messages that could not be tried, until then. Nothing else about them changes."""
    if not until:
        return
    await send(
        session,
        """
UPDATE message_due d SET lease = NULL, due_at = w.due_at
FROM unnest(CAST(:ids AS uuid[]), CAST(:dues AS timestamptz[])) AS w (id, due_at)
WHERE d.tenant_id = :tenant_id AND d.message_id = w.id AND d.lease = :lease
""",
        {
            "tenant_id": tenant_id,
            "lease": lease,
            "ids": pgarrays.uuids(until),
            "dues": pgarrays.times(until.values()),
        },
    )


async def set_sending(session: Session, tenant_id: TenantId, by_channel: Mapping[str, Sequence[UUID]]) -> None:
    """Note that these messages go to their channel's socket now."""
    for channel, ids in by_channel.items():
        await send(
            session,
            "UPDATE message SET status = 'sending', channel = :channel, attempts = attempts + 1"
            " WHERE tenant_id = :tenant_id AND id = ANY(:ids)",
            {"tenant_id": tenant_id, "channel": channel, "ids": pgarrays.uuids(ids)},
        )


async def set_ways(session: Session, tenant_id: TenantId, ways: Sequence[Way]) -> None:
    """Note which channel these messages take, which are left after it, and which device or address they go to."""
    if not ways:
        return
    rows = [
        {"id": w.message_id, "channels": w.channels, "device_id": w.device_id, "address_id": w.address_id}
        | {"passed_over": w.passed_over}
        for w in ways
    ]
    await send(
        session,
        """
UPDATE message m SET channels = r.channels, device_id = coalesce(r.device_id, m.device_id), address_id = r.address_id,
  passed_over = m.passed_over || r.passed_over
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id uuid, channels text[], device_id uuid, address_id uuid,
  passed_over text[])
WHERE m.tenant_id = :tenant_id AND m.id = r.id
""",
        {"tenant_id": tenant_id, "rows": msgspec.json.encode(rows).decode()},
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
            "channels": s.channels,
            "passed_over": s.passed_over,
        }
        for id_, s in settled.items()
    ]
    await session.execute(
        text("""
WITH r AS (
  SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id uuid, status text, reason text, blockers text[],
    answer text, sent_at timestamptz, due_at timestamptz, channels text[], passed_over text[])),
settled AS (
  UPDATE message m SET status = r.status, reason = r.reason, blockers = r.blockers, sent_at = r.sent_at,
    channels = coalesce(r.channels, m.channels), passed_over = m.passed_over || r.passed_over,
    provider_answer = coalesce(r.answer, m.provider_answer)
  FROM r WHERE m.tenant_id = :tenant_id AND m.id = r.id),
put_off AS (
  UPDATE message_due d SET lease = NULL, due_at = r.due_at FROM r
  WHERE d.tenant_id = :tenant_id AND d.message_id = r.id AND r.due_at IS NOT NULL)
DELETE FROM message_due d USING r WHERE d.tenant_id = :tenant_id AND d.message_id = r.id AND r.due_at IS NULL
"""),
        {"tenant_id": tenant_id, "rows": msgspec.json.encode(rows).decode()},
    )
