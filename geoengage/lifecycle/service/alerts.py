"""What operators do with alerts."""

from datetime import datetime, timedelta
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle.models import Alert
from geoengage.lifecycle.rules.alerts import AlertStatus
from geoengage.lifecycle.store import alerts as store
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.rules import Principal, actor_name


class AlertOver(errors.Conflict):
    """There is nothing to decide any more."""

    code = "alert-over"
    title = "The alert is over"


async def get(session: Session, me: Principal, alert_id: UUID, *, lock: bool = False) -> Alert:
    """An alert that the caller may see: they are of the whole tenant."""
    if me.store_ids is not None:
        raise store.AlertNotFound(f"alert {alert_id} does not exist")
    return await store.get_alert(session, TenantId(me.tenant_id), alert_id, lock=lock)


async def decide(session: Session, me: Principal, alert_id: UUID, now: datetime, off: timedelta | None) -> Alert:
    """Dismiss an alert (`off` None), or put it off for a while."""
    row = await get(session, me, alert_id, lock=True)
    if row.status == AlertStatus.OVER:
        raise AlertOver("the metric is back, or the alert is eight weeks old")
    tenant_id = TenantId(me.tenant_id)
    operator = await tenancy.find_operator(session, tenant_id, me.id)
    await store.set_alert(
        session,
        tenant_id,
        row,
        status=(AlertStatus.DISMISSED if off is None else AlertStatus.SNOOZED).value,
        snoozed_until=None if off is None else now + off,
        decided_at=now,
        decided_by=actor_name(me) if operator is None else operator.name,
    )
    return row


def status_at(row: Alert, now: datetime) -> AlertStatus:
    """One that was put off is open again when its time has come, before the night's round says so."""
    if row.snoozed_until is not None and row.snoozed_until <= now:
        return AlertStatus.OPEN
    return AlertStatus(row.status)
