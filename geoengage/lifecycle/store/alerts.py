"""SQL of alerts, and of the day until which a tenant's metrics were looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select, text

from geoengage.kit import errors
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.lifecycle.models.alerts import Alert
from geoengage.lifecycle.rules.alerts import AlertStatus


class AlertNotFound(errors.NotFound):
    """There is no such alert in this tenant."""

    code = "alert-not-found"
    title = "No such alert"


async def get_alert(session: Session, tenant_id: TenantId, alert_id: UUID, *, lock: bool = False) -> Alert:
    """An alert, read afresh. `lock`: FOR NO KEY UPDATE."""
    query = select(Alert).where(Alert.tenant_id == tenant_id, Alert.id == alert_id)
    if lock:
        query = query.with_for_update(key_share=True)
    found = (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if found is None:
        raise AlertNotFound(f"alert {alert_id} does not exist")
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts are asked for; `before`: only those that are older than this one."""

    status: AlertStatus | None = None
    metric: str | None = None
    before: UUID | None = None
    limit: int = 100


async def list_alerts(session: Session, tenant_id: TenantId, wanted: Wanted, now: datetime) -> Sequence[Alert]:
    """Alerts, the newest first. One that was put off is open again when its time has come."""
    query = select(Alert).where(Alert.tenant_id == tenant_id)
    woken = and_(Alert.status == AlertStatus.SNOOZED, Alert.snoozed_until <= now)
    if wanted.status is AlertStatus.OPEN:
        query = query.where(or_(Alert.status == wanted.status, woken))
    elif wanted.status is AlertStatus.SNOOZED:
        query = query.where(Alert.status == wanted.status, Alert.snoozed_until > now)
    elif wanted.status is not None:
        query = query.where(Alert.status == wanted.status)
    if wanted.metric is not None:
        query = query.where(Alert.metric == wanted.metric)
    if wanted.before is not None:
        query = query.where(Alert.id < wanted.before)
    return (await session.execute(query.order_by(Alert.id.desc()).limit(wanted.limit))).scalars().all()


async def list_recent(session: Session, tenant_id: TenantId, since: date) -> Sequence[Alert]:
    """Alerts of the last weeks and whatever is not over, locked FOR NO KEY UPDATE, in id order."""
    query = select(Alert).where(
        Alert.tenant_id == tenant_id, or_(Alert.status != AlertStatus.OVER, Alert.through >= since)
    )
    locked = query.order_by(Alert.id).with_for_update(key_share=True)
    return (await session.execute(locked.execution_options(populate_existing=True))).scalars().all()


async def insert_alert(session: Session, tenant_id: TenantId, row: Alert) -> None:
    """Store a new alert."""
    row.tenant_id = tenant_id
    session.add(row)
    await session.flush()


async def set_alert(session: Session, tenant_id: TenantId, row: Alert, **columns: Any) -> None:
    """Change columns of an alert."""
    assert row.tenant_id == tenant_id  # noqa: S101 - the row was read for this tenant
    for name, value in columns.items():
        setattr(row, name, value)
    await session.flush()


async def claim_day(session: Session, tenant_id: TenantId, through: date) -> bool:
    """Whether a tenant's metrics are still to be looked at for a day; whoever asks does it in this transaction."""
    row = await session.execute(
        text(
            "INSERT INTO metric_watch AS w (tenant_id, through) VALUES (:tenant_id, :through)"
            " ON CONFLICT (tenant_id) DO UPDATE SET through = excluded.through WHERE w.through < excluded.through"
            " RETURNING 1"
        ),
        {"tenant_id": tenant_id, "through": through},
    )
    return row.scalar() is not None


async def list_watched(session: Session) -> list[tuple[TenantId, str, date | None]]:
    """Tenants with time zone and last watched day (cross-tenant: the worker serves all)."""
    found = await send(
        session,
        "SELECT t.id, t.timezone, w.through FROM tenant t LEFT JOIN metric_watch w ON w.tenant_id = t.id ORDER BY 1",
        {},
    )
    return [(TenantId(row[0]), row[1], row[2]) for row in found.rows]


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A store (`definition` None) or a segment whose people may have moved a metric."""

    id: UUID
    name: str
    definition: dict[str, Any] | None


async def list_groups(session: Session, tenant_id: TenantId, most: int) -> list[GroupRow]:
    """Stores, the ones that sold most lately first, and built segments of the whole tenant, the largest first."""
    rows = await session.execute(
        text("""
(SELECT s.id, s.name, CAST(NULL AS jsonb) AS definition FROM store s
 WHERE s.tenant_id = :tenant_id ORDER BY (SELECT count(*) FROM shop_order o WHERE o.tenant_id = s.tenant_id
   AND o.store_id = s.id AND o.ordered_at > now() - interval '90 days') DESC, s.id LIMIT :most)
UNION ALL
(SELECT g.id, g.name, g.live_definition FROM segment g
 WHERE g.tenant_id = :tenant_id AND g.store_id IS NULL AND g.live_definition IS NOT NULL
 ORDER BY g.size DESC, g.id LIMIT :most)
"""),
        {"tenant_id": tenant_id, "most": most},
    )
    return [GroupRow(row.id, row.name, row.definition) for row in rows]


async def count_customers(session: Session, tenant_id: TenantId) -> int:
    """How many people have bought something."""
    row = await session.execute(
        text("SELECT count(*) FROM customer_summary WHERE tenant_id = :tenant_id"), {"tenant_id": tenant_id}
    )
    return int(row.scalar_one())
