"""What is done to an order here, instead of in the system that it comes from: refunds, cancelling."""

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.commerce import store
from geoengage.commerce.models import ShopOrder
from geoengage.commerce.rules import (
    CASH_ROUNDING,
    Known,
    OrderCancelled,
    OrderEvent,
    OrderRefunded,
    Refund,
    Status,
)
from geoengage.kit import errors, events
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId


class RefundRefused(errors.Conflict):
    """More than was paid, or another refund has the id."""

    code = "refund-refused"
    title = "This cannot be refunded"


async def refund_order(session: Session, tenant_id: TenantId, order_id: UUID, refund: Refund, now: datetime) -> None:
    """Record that money was given back for an order. The same refund again changes nothing.

    Conflict when it would be more than was paid, or when another refund of the order has its id.
    """
    row, known = await _lock(session, tenant_id, order_id)
    if (before := known.refunds.get(refund.external_id)) is not None:
        if before[1] != refund.amount_minor:
            raise RefundRefused(f"refund {refund.external_id!r} of this order is known with another amount")
        return
    left = row.total_minor - row.refunded_minor
    if refund.amount_minor > max(left, 0) + CASH_ROUNDING:
        raise RefundRefused(f"{left} of the {row.total_minor} that were paid are left", left_minor=left)
    after = replace(known, refunds={**known.refunds, refund.external_id: (now, refund.amount_minor)})
    await store.upsert_refunds(session, tenant_id, {order_id: [(now, refund)]}, now)
    await store.touch_orders(session, tenant_id, [after], now)
    amounts = {"refund_minor": refund.amount_minor, "refunded_minor": after.refunded_minor}
    await _tell(session, tenant_id, OrderRefunded(**_said(row, after) | amounts, at=refund.at), now)


async def cancel_order(session: Session, tenant_id: TenantId, order_id: UUID, now: datetime) -> None:
    """Cancel an order, until its source sends a newer version of it. Repeating it changes nothing."""
    row, known = await _lock(session, tenant_id, order_id)
    if known.status is Status.CANCELLED:
        return
    digest = hashlib.blake2b(known.digest + b"cancelled", digest_size=16).digest()  # no version that a source sent
    after = replace(known, stated=Status.CANCELLED, version_at=max(now, known.version_at), digest=digest)
    await store.touch_orders(session, tenant_id, [after], now)
    await _tell(session, tenant_id, OrderCancelled(**_said(row, after), at=now), now)


async def _lock(session: Session, tenant_id: TenantId, order_id: UUID) -> tuple[ShopOrder, Known]:
    row = await store.get_order(session, tenant_id, order_id, lock=True)
    known = await store.lock_orders(session, tenant_id, [(row.source, row.external_id)])
    return row, known[row.source, row.external_id]


def _said(row: ShopOrder, known: Known) -> dict[str, Any]:
    return {
        "order_id": known.id,
        "source": row.source,
        "external_id": row.external_id,
        "store_id": row.store_id,
        "channel": row.channel,
        "status": known.status.value,
        "currency": row.currency,
        "total_minor": known.total_minor,
        "identifier_id": known.identifier_id,
    }


async def _tell(session: Session, tenant_id: TenantId, event: OrderEvent, now: datetime) -> None:
    await events.publish(session, tenant_id, [event], now)
