"""The outbox as other domains use it: enqueue drafts, budgets, gates, stop and resume, reactions to the ledger.

Reactions and gates never change a message: they make waiting ones due now, and the worker, which checks every message
just before it is sent, is the only one that skips a queued message.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.kit import events
from geoengage.kit.db import Session
from geoengage.kit.events import Recorded, payload_uuid
from geoengage.kit.ids import TenantId, new_id
from geoengage.messaging import store
from geoengage.messaging.rules import (
    TENANT_GATE,
    Budget,
    Draft,
    MessageChanged,
    Status,
    in_order,
    zone_gate,
)


async def lock_budgets(
    session: Session, tenant_id: TenantId, person_ids: Sequence[UUID], now: datetime
) -> Mapping[UUID, Budget]:
    """The budgets of these people, locked in id order until the commit. Decide caps and cooldowns under this lock."""
    return await store.lock_budgets(session, tenant_id, person_ids, now)


async def enqueue(session: Session, tenant_id: TenantId, drafts: Sequence[Draft], now: datetime) -> list[UUID]:
    """Write drafts as messages, queued or (with blockers) skipped; returns the ids of those that are new.

    A draft whose (campaign, person, step, occurrence) was decided before is dropped. Queued ones are spent from their
    people's budgets, which the caller holds (`lock_budgets`). Ends with the ledger: call it last.
    """
    named = {new_id(now): draft for draft in drafts}
    keys = [(d.campaign_id, d.person_id, d.step, d.occurrence, id_) for id_, d in named.items()]
    fresh = await store.insert_send_keys(session, tenant_id, keys, now)
    rows = [_row(id_, draft, now) for id_, draft in named.items() if id_ in fresh]
    queued = [row for row in rows if row["status"] == Status.QUEUED]
    await store.spend_budgets(
        session, tenant_id, [(row["person_id"], row["campaign_id"], row["id"]) for row in queued], now
    )
    await store.insert_messages(session, tenant_id, rows)
    await events.publish(session, tenant_id, [_changed(row, now) for row in rows], now)
    return [row["id"] for row in rows]


def _row(id_: UUID, draft: Draft, now: datetime) -> dict[str, Any]:
    blockers = in_order(draft.blockers)
    return {
        "id": id_,
        "device_id": draft.device_id,
        "person_id": draft.person_id,
        "campaign_id": draft.campaign_id,
        "store_id": draft.store_id,
        "zone_id": draft.zone_id,
        "zone_version": draft.zone_version,
        "visit_id": draft.visit_id,
        "event_id": draft.event_id,
        "purpose": str(draft.purpose),
        "channel": None,
        "status": str(Status.SKIPPED if blockers else Status.QUEUED),
        "reason": str(blockers[0]) if blockers else None,
        "blockers": [str(b) for b in blockers],
        "gates": sorted({*draft.gates, TENANT_GATE}),
        "title": draft.title,
        "body": draft.body,
        "data": dict(draft.data),
        "collapse_key": draft.collapse_key,
        "timezone": draft.timezone,
        "attempts": 0,
        "created_at": now,
        "expires_at": draft.expires_at,
    }


def _changed(row: Mapping[str, Any], now: datetime) -> MessageChanged:
    names = ("device_id", "campaign_id", "store_id", "zone_id", "status", "reason", "title", "body")
    return MessageChanged(message_id=row["id"], at=now, **{name: row[name] for name in names})


async def close_gate(session: Session, tenant_id: TenantId, key: str, reason: str, now: datetime) -> None:
    """Hold back every message that names this gate: waiting ones are skipped as soon as a worker sees them.

    `reason` is for people. Idempotent.
    """
    await store.insert_gate(session, tenant_id, key, reason, now)
    await store.hurry_messages(session, tenant_id, now, gates=[key])


async def open_gate(session: Session, tenant_id: TenantId, key: str) -> None:
    """Let messages of this gate pass again. Idempotent. What was skipped meanwhile stays skipped."""
    await store.delete_gate(session, tenant_id, key)
