"""SQL of connections to shop systems and of what they deliver."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from geoengage.commerce.models import ShopOrder
from geoengage.commerce.rules import Channel, OrderIn, Status
from geoengage.ingest.models import Connection, ConnectionDelivery
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId


async def find_connection(session: Session, connection_id: UUID) -> Connection | None:
    """A connection by what the shop system knows of us, its URL (cross-tenant: the URL names no tenant)."""
    return (await session.execute(select(Connection).where(Connection.id == connection_id))).scalar_one_or_none()


async def get_connection(
    session: Session, tenant_id: TenantId, connection_id: UUID, *, lock: bool = False
) -> Connection:
    """A connection of the tenant; NotFound also when it is another's. `lock` takes FOR NO KEY UPDATE."""
    query = select(Connection).where(Connection.tenant_id == tenant_id, Connection.id == connection_id)
    query = query.with_for_update(key_share=True) if lock else query
    row = (await session.execute(query.execution_options(populate_existing=lock))).scalar_one_or_none()
    if row is None:
        raise errors.NotFound(f"there is no connection {connection_id}")
    return row


async def list_connections(
    session: Session, tenant_id: TenantId, after: UUID | None, limit: int
) -> Sequence[Connection]:
    """Connections in id order, above `after`."""
    query = select(Connection).where(Connection.tenant_id == tenant_id)
    if after is not None:
        query = query.where(Connection.id > after)
    return (await session.execute(query.order_by(Connection.id).limit(limit))).scalars().all()


async def insert_connection(session: Session, tenant_id: TenantId, row: Connection) -> None:
    """Store a new connection; Conflict when the tenant has one to that shop."""
    row.tenant_id = tenant_id
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:
        raise errors.Conflict(f"there is a connection to {row.shop} already") from error
    await session.refresh(row)


async def update_connection(
    session: Session, tenant_id: TenantId, row: Connection, changes: Mapping[str, Any], now: datetime
) -> None:
    """Set columns of a locked connection of the tenant, as an operator's edit: its version rises."""
    for name, value in changes.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = now
    await session.flush()


async def delete_connection(session: Session, tenant_id: TenantId, row: Connection) -> None:
    """Remove a connection of the tenant, and the list of its deliveries."""
    await session.execute(delete(Connection).where(Connection.tenant_id == tenant_id, Connection.id == row.id))


# --- deliveries ---------------------------------------------------------------------------------------------------


async def insert_delivery(session: Session, tenant_id: TenantId, values: Mapping[str, Any]) -> bool:
    """Keep a delivery; False when that delivery, or another one of the same event and topic, was there before."""
    inserted = await session.execute(
        insert(ConnectionDelivery)
        .values(tenant_id=tenant_id, **values)
        .on_conflict_do_nothing()
        .returning(ConnectionDelivery.id)
    )
    return inserted.scalar() is not None


async def note_delivery(session: Session, tenant_id: TenantId, connection_id: UUID, now: datetime) -> None:
    """When a shop was last heard of, to the minute: not every delivery writes it."""
    await session.execute(
        text(
            "UPDATE connection SET last_delivery_at = :now WHERE tenant_id = :tenant_id AND id = :id"
            " AND coalesce(last_delivery_at < CAST(:now AS timestamptz) - interval '1 minute', true)"
        ),
        {"tenant_id": tenant_id, "id": connection_id, "now": now},
    )


async def list_waiting(
    session: Session, tenant_id: TenantId, ids: Collection[UUID]
) -> Sequence[tuple[ConnectionDelivery, Connection]]:
    """These deliveries with their connections, in the order in which they came, as far as they wait for the worker."""
    query = (
        select(ConnectionDelivery, Connection)
        .join(
            Connection,
            (Connection.tenant_id == ConnectionDelivery.tenant_id)
            & (Connection.id == ConnectionDelivery.connection_id),
        )
        .where(
            ConnectionDelivery.tenant_id == tenant_id,
            ConnectionDelivery.id.in_(ids),
            ConnectionDelivery.status == "waiting",
        )
    )
    rows = await session.execute(query.order_by(ConnectionDelivery.id))
    return [(delivery, connection) for delivery, connection in rows]


async def list_deliveries(
    session: Session, tenant_id: TenantId, connection_id: UUID, before: UUID | None, limit: int
) -> Sequence[ConnectionDelivery]:
    """What a connection delivered, the latest first, below the id `before`."""
    query = select(ConnectionDelivery).where(
        ConnectionDelivery.tenant_id == tenant_id, ConnectionDelivery.connection_id == connection_id
    )
    if before is not None:
        query = query.where(ConnectionDelivery.id < before)
    return (await session.execute(query.order_by(ConnectionDelivery.id.desc()).limit(limit))).scalars().all()


async def get_delivery(
    session: Session, tenant_id: TenantId, connection_id: UUID, delivery_id: UUID
) -> ConnectionDelivery:
    """A delivery of a connection, locked FOR NO KEY UPDATE; NotFound also when it is another's."""
    query = select(ConnectionDelivery).where(
        ConnectionDelivery.tenant_id == tenant_id,
        ConnectionDelivery.connection_id == connection_id,
        ConnectionDelivery.id == delivery_id,
    )
    row = (await session.execute(query.with_for_update(key_share=True))).scalar_one_or_none()
    if row is None:
        raise errors.NotFound(f"there is no delivery {delivery_id}")
    return row


async def sweep_deliveries(session: Session, *, stuck: datetime, old: datetime) -> None:
    """Forget what came before `old`; of what still waits since `stuck`, the body (cross-tenant: upkeep).

    Such a delivery could not be worked on (`reaction_failure` says why); its order comes again with the next reading.
    """
    await session.execute(text("DELETE FROM connection_delivery WHERE received_at < :old"), {"old": old})
    await session.execute(
        text(
            "UPDATE connection_delivery SET status = 'failed', body = NULL, note = 'it could not be worked on'"
            " WHERE status = 'waiting' AND received_at < :stuck"
        ),
        {"stuck": stuck},
    )


# --- what is there ------------------------------------------------------------------------------------------------


async def find_order(session: Session, tenant_id: TenantId, source: str, external_id: str) -> OrderIn | None:
    """An order as a version just older than the one that is stored, without customer, lines and refunds; None: unknown.

    What such a version brings along is added, and nothing else changes.
    """
    query = select(ShopOrder).where(
        ShopOrder.tenant_id == tenant_id, ShopOrder.source == source, ShopOrder.external_id == external_id
    )
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        return None
    return OrderIn(
        source=source,
        external_id=external_id,
        ordered_at=row.ordered_at,
        updated_at=row.source_updated_at - timedelta(microseconds=1),
        currency=row.currency,
        total_minor=row.total_minor,
        subtotal_minor=row.subtotal_minor,
        status=Status(row.stated_status),
        store_id=row.store_id,
        channel=Channel(row.channel),
    )


async def list_known_only_by(session: Session, tenant_id: TenantId, source: str) -> Sequence[UUID]:
    """Profiles all of whose ids came from that source."""
    rows = await session.execute(
        text(
            "SELECT profile_id FROM identifier WHERE tenant_id = :tenant_id GROUP BY profile_id"
            " HAVING bool_and(source = :source) ORDER BY 1"
        ),
        {"tenant_id": tenant_id, "source": source},
    )
    return rows.scalars().all()


# --- reading again ------------------------------------------------------------------------------------------------


async def claim_due(session: Session, now: datetime, until: datetime) -> tuple[TenantId, UUID] | None:
    """A connection whose orders are due to be read, now claimed until then (cross-tenant: to find work)."""
    rows = await session.execute(
        text("""
UPDATE connection c SET reconcile_at = :until FROM (
  SELECT tenant_id, id FROM connection WHERE reconcile_at <= :now AND closed_at IS NULL AND sealed_token IS NOT NULL
  ORDER BY reconcile_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) due
WHERE c.tenant_id = due.tenant_id AND c.id = due.id RETURNING c.tenant_id, c.id
"""),
        {"now": now, "until": until},
    )
    found = rows.one_or_none()
    return None if found is None else (TenantId(found[0]), found[1])
