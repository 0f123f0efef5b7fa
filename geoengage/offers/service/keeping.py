"""What happens to coupons by itself: their messages arrive or fail, time runs out, orders come back."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.event_base import Recorded, payload_uuid
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules import Status
from geoengage.offers import store
from geoengage.offers.models import RedemptionRow
from geoengage.offers.rules import ReleaseReason, reversed_minor
from geoengage.offers.service.coupons import commit_locked, give_back, release_locked, reopen

MESSAGES = frozenset({"message.changed"})
ORDERS = frozenset({"order.placed", "order.updated", "order.refunded", "order.cancelled"})
_AT_ONCE = 500
# Nobody knows whether an unknown one arrived: who has the code must be able to use it.
_ARRIVED = (Status.SENT, Status.UNKNOWN)
_FAILED = (Status.SKIPPED, Status.FAILED, Status.MISCONFIGURED)


async def on_messages(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime) -> None:
    """message.changed: what was sent commits its coupons, what will never be sent releases them."""
    last = {
        id_: r.payload.get("status") for r in recorded if (id_ := payload_uuid(r.payload, "message_id")) is not None
    }
    settled = [id_ for id_, status in last.items() if status in _ARRIVED + _FAILED]
    coupons = await store.lock_of_messages(session, tenant_id, settled)
    if not coupons:
        return
    waiting = await store.list_waiting(session, tenant_id, settled)
    for row in coupons:
        if row.message_id is None:
            continue
        if last[row.message_id] in _ARRIVED:
            await commit_locked(session, tenant_id, row, now)
        elif row.message_id not in waiting:  # a misconfigured one may be tried again
            await release_locked(session, tenant_id, row, ReleaseReason.FAILED, now)


async def on_orders(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime) -> None:
    """order.*: what came back of orders that used offers is taken back from their uses."""
    ids = [
        id_
        for r in recorded
        if (r.type != "order.placed" or r.payload.get("total_minor", 0) <= 0)
        and (id_ := payload_uuid(r.payload, "order_id")) is not None
    ]
    await take_back(session, tenant_id, ids, now)


async def take_back(session: Session, tenant_id: TenantId, order_ids: Collection[UUID], now: datetime) -> None:
    """Let uses of offers follow what came back of these orders, and of those that they bring goods back from.

    The share of the discount that came back is the share of the order's total that did, rounded down; with the whole
    order the whole use is undone: the budget is free, the person may use the offer again, the coupon is good again
    while its time lasts. Idempotent, and never backwards.
    """
    for returned in await store.list_returned(session, tenant_id, order_ids):
        for row in await store.lock_redemptions(session, tenant_id, returned.source, returned.order_ref):
            if row.reversed_at is None:
                await _take_back(session, tenant_id, row, returned, now)


async def _take_back(
    session: Session, tenant_id: TenantId, row: RedemptionRow, returned: store.Returned, now: datetime
) -> None:
    target = reversed_minor(row.discount_minor, returned.total_minor, returned.returned_minor)
    if returned.is_whole:
        target = row.discount_minor
    more = target - row.returned_minor
    if more <= 0 and not returned.is_whole:
        return
    coupon = None if row.coupon_id is None else await store.lock_coupon(session, tenant_id, row.coupon_id)
    offer = await store.get_offer(session, tenant_id, row.offer_id, hold=True)
    await give_back(
        session, tenant_id, row.offer_id,
        spent_at=row.store_id, spent_minor=more, spent_uses=1 if returned.is_whole else 0,
    )  # fmt: skip
    await store.set_returned(session, tenant_id, row.id, target, now if returned.is_whole else None)
    if coupon is not None and returned.is_whole:
        await reopen(session, tenant_id, coupon, offer, now)


async def release_expired(session: Session, tenant_id: TenantId, now: datetime) -> int:
    """Release coupons whose time is over; returns how many, at most 500 at once."""
    rows = await store.lock_expired(session, tenant_id, now, _AT_ONCE)
    for row in rows:
        await release_locked(session, tenant_id, row, ReleaseReason.EXPIRED, now)
    return len(rows)
