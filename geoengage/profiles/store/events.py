"""SQL of people's events: stored once, listed, swept."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, select, text
from sqlalchemy.orm import aliased

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.profiles.models import Identifier, TrackedEvent

_CLAIM = text("""
INSERT INTO event_seen (tenant_id, sent_id, is_claim, seen_at)
SELECT :tenant_id, m, :is_claim, :now FROM unnest(CAST(:message_ids AS text[])) AS m ORDER BY m
ON CONFLICT DO NOTHING RETURNING sent_id
""")


async def claim_message_ids(
    session: Session, tenant_id: TenantId, message_ids: Collection[str], *, is_claim: bool, now: datetime
) -> set[str]:
    """Those that have not come before, and from now on have. Waits for a transaction that is claiming the same."""
    rows = await session.execute(
        _CLAIM, {"tenant_id": tenant_id, "message_ids": list(message_ids), "is_claim": is_claim, "now": now}
    )
    return set(rows.scalars())


_INSERT = text("""
INSERT INTO event (tenant_id, id, identifier_id, at, received_at, type, name, message_id, key_id, is_claim, properties,
  context, product_ids, order_id)
SELECT :tenant_id, e.id, e.identifier_id, e.at, :received_at, e.type, e.name, e.message_id, :key_id, :is_claim,
  e.properties, e.context, ARRAY(SELECT jsonb_array_elements_text(e.product_ids)), e.order_id
FROM jsonb_to_recordset(CAST(:events AS jsonb)) AS e (id uuid, identifier_id uuid, at timestamptz, type text, name text,
  message_id text, properties jsonb, context jsonb, product_ids jsonb, order_id text)
""")


async def insert_events(
    session: Session,
    tenant_id: TenantId,
    events: Sequence[Mapping[str, Any]],
    *,
    key_id: UUID,
    is_claim: bool,
    received_at: datetime,
) -> None:
    """Store events, given by the columns that differ between them. Their ids' time is `received_at`."""
    await session.execute(
        _INSERT,
        {
            "tenant_id": tenant_id,
            "events": msgspec.json.encode(events).decode(),
            "key_id": key_id,
            "is_claim": is_claim,
            "received_at": received_at,
        },
    )


async def list_events_by_id(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> Sequence[TrackedEvent]:
    """These events, in the order in which they happened; those that are gone are left out."""
    query = select(TrackedEvent).where(TrackedEvent.tenant_id == tenant_id, TrackedEvent.id.in_(ids))
    return (await session.execute(query.order_by(TrackedEvent.at, TrackedEvent.id))).scalars().all()


async def list_order_events(
    session: Session, tenant_id: TenantId, order_ids: Collection[str]
) -> Sequence[TrackedEvent]:
    """What servers said about these orders, in the order in which it happened. What browsers claim is left out."""
    query = select(TrackedEvent).where(
        TrackedEvent.tenant_id == tenant_id, TrackedEvent.order_id.in_(order_ids), TrackedEvent.is_claim.is_(False)
    )
    return (await session.execute(query.order_by(TrackedEvent.at, TrackedEvent.id))).scalars().all()


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events a list shows. `since` ≤ when they happened < `until`."""

    profile_id: UUID | None = None
    name: str | None = None
    type: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def list_events(
    session: Session, tenant_id: TenantId, wanted: EventFilter, before: UUID | None, limit: int
) -> Sequence[tuple[TrackedEvent, UUID]]:
    """Events with the profile that each belongs to now, the last to arrive first, below the id `before`."""
    query = _with_profile(tenant_id, wanted)
    if before is not None:
        query = query.where(TrackedEvent.id < before)
    rows = await session.execute(query.order_by(TrackedEvent.id.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows]


async def list_person_events(
    session: Session, tenant_id: TenantId, profile_id: UUID, before: datetime | None, limit: int
) -> Sequence[TrackedEvent]:
    """What a person did, the latest first, before that moment (None: up to now)."""
    query = _with_profile(tenant_id, EventFilter(profile_id=profile_id, until=before))
    rows = await session.execute(query.order_by(TrackedEvent.at.desc(), TrackedEvent.id.desc()).limit(limit))
    return [row[0] for row in rows]


def _with_profile(tenant_id: TenantId, wanted: EventFilter) -> Select[TrackedEvent, UUID]:
    owner = aliased(Identifier)
    joined = (owner.tenant_id == TrackedEvent.tenant_id) & (owner.id == TrackedEvent.identifier_id)
    query = select(TrackedEvent, owner.profile_id).join(owner, joined).where(TrackedEvent.tenant_id == tenant_id)
    if wanted.profile_id is not None:
        query = query.where(owner.tenant_id == tenant_id, owner.profile_id == wanted.profile_id)
    if wanted.name is not None:
        query = query.where(TrackedEvent.name == wanted.name)
    if wanted.type is not None:
        query = query.where(TrackedEvent.type == wanted.type)
    if wanted.since is not None:
        query = query.where(TrackedEvent.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(TrackedEvent.at < wanted.until)
    return query


# --- retention ----------------------------------------------------------------------------------------------------


async def forget_message_ids(session: Session, before: datetime) -> None:
    """Message ids that came before that moment may come again (cross-tenant: upkeep)."""
    await session.execute(text("DELETE FROM event_seen WHERE seen_at < :before"), {"before": before})
