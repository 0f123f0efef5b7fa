"""SQL of endpoints and of the list of their deliveries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.webhooks.models import Webhook, WebhookDelivery


async def get_webhook(session: Session, tenant_id: TenantId, webhook_id: UUID, *, lock: bool = False) -> Webhook:
    """An endpoint, read afresh; NotFound also when it is another tenant's. `lock`: FOR NO KEY UPDATE."""
    found = await lock_webhook(session, tenant_id, webhook_id) if lock else await _find(session, tenant_id, webhook_id)
    if found is None:
        raise errors.NotFound(f"webhook {webhook_id} does not exist")
    return found


async def lock_webhook(session: Session, tenant_id: TenantId, webhook_id: UUID) -> Webhook | None:
    """An endpoint, locked FOR NO KEY UPDATE; None when it is gone."""
    query = select(Webhook).where(Webhook.tenant_id == tenant_id, Webhook.id == webhook_id)
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.execute(locked)).scalar_one_or_none()


async def _find(session: Session, tenant_id: TenantId, webhook_id: UUID) -> Webhook | None:
    query = select(Webhook).where(Webhook.tenant_id == tenant_id, Webhook.id == webhook_id)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def list_webhooks(session: Session, tenant_id: TenantId, after: UUID | None, limit: int) -> Sequence[Webhook]:
    """Endpoints in id order, above `after`."""
    query = select(Webhook).where(Webhook.tenant_id == tenant_id)
    if after is not None:
        query = query.where(Webhook.id > after)
    return (await session.execute(query.order_by(Webhook.id).limit(limit))).scalars().all()


async def count_webhooks(session: Session, tenant_id: TenantId) -> int:
    """How many endpoints a tenant has."""
    query = select(func.count()).select_from(Webhook).where(Webhook.tenant_id == tenant_id)
    return int((await session.execute(query)).scalar_one())


async def insert_webhook(session: Session, tenant_id: TenantId, webhook: Webhook) -> None:
    """Store a new endpoint."""
    webhook.tenant_id = tenant_id
    session.add(webhook)
    await session.flush()


async def delete_webhook(session: Session, tenant_id: TenantId, webhook_id: UUID) -> None:
    """Remove an endpoint with its deliveries."""
    await session.execute(
        text("DELETE FROM webhook WHERE tenant_id = :tenant_id AND id = :webhook_id"),
        {"tenant_id": tenant_id, "webhook_id": webhook_id},
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """What an endpoint has not had yet: `pending` deliveries, and ledger events above its position (`behind`)."""

    pending: int
    behind: int


async def count_waiting(session: Session, tenant_id: TenantId, webhook_ids: Collection[UUID]) -> dict[UUID, Waiting]:
    """What these endpoints have not had yet."""
    rows = await session.execute(
        text("""
SELECT w.id, (SELECT count(*) FROM webhook_delivery d
  WHERE d.tenant_id = w.tenant_id AND d.webhook_id = w.id AND d.status = 'pending'),
  coalesce((SELECT h.n FROM ledger_head h WHERE h.tenant_id = w.tenant_id), 0) - w.position
FROM webhook w WHERE w.tenant_id = :tenant_id AND w.id = ANY(:ids)
"""),
        {"tenant_id": tenant_id, "ids": list(webhook_ids)},
    )
    return {row[0]: Waiting(row[1], max(0, row[2])) for row in rows}


async def list_deliveries(
    session: Session, tenant_id: TenantId, webhook_id: UUID, status: str | None, before: int | None, limit: int
) -> Sequence[WebhookDelivery]:
    """Deliveries of an endpoint, newest event first, below a ledger position (None: from the newest)."""
    of = WebhookDelivery
    query = select(of).where(of.tenant_id == tenant_id, of.webhook_id == webhook_id)
    if status is not None:
        query = query.where(of.status == status)
    if before is not None:
        query = query.where(of.position < before)
    return (await session.execute(query.order_by(of.position.desc()).limit(limit))).scalars().all()
