"""SQL of coupons and redemptions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.offers.models import CouponRow, RedemptionRow
from geoengage.offers.rules import OPEN, CouponStatus


async def insert_coupons(session: Session, tenant_id: TenantId, rows: Sequence[Mapping[str, Any]]) -> list[UUID]:
    """Add coupons; returns the ids of those that were. Missing: the person has had an offer that is for each once."""
    made = await session.execute(
        insert(CouponRow)
        .values([{"tenant_id": tenant_id, **row} for row in rows])
        .on_conflict_do_nothing()
        .returning(CouponRow.id)
    )
    return list(made.scalars())


async def lock_by_code(session: Session, tenant_id: TenantId, code: str) -> CouponRow | None:
    """The coupon with a code, locked; None when nobody was given it."""
    return await _one(session, tenant_id, CouponRow.code == code, lock=True)


async def find_by_code(session: Session, tenant_id: TenantId, code: str) -> CouponRow | None:
    """The coupon with a code; None when nobody was given it."""
    return await _one(session, tenant_id, CouponRow.code == code, lock=False)


async def lock_coupon(session: Session, tenant_id: TenantId, coupon_id: UUID) -> CouponRow:
    """One coupon, locked; NotFound."""
    row = await _one(session, tenant_id, CouponRow.id == coupon_id, lock=True)
    if row is None:
        raise errors.NotFound(f"coupon {coupon_id} does not exist")
    return row


async def _one(session: Session, tenant_id: TenantId, condition: Any, *, lock: bool) -> CouponRow | None:
    query = select(CouponRow).where(CouponRow.tenant_id == tenant_id, condition)
    if lock:
        query = query.with_for_update(key_share=True)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def list_by_code(session: Session, tenant_id: TenantId, codes: Collection[str]) -> dict[str, CouponRow]:
    """The coupons with these codes."""
    rows = await session.execute(select(CouponRow).where(CouponRow.tenant_id == tenant_id, CouponRow.code.in_(codes)))
    return {row.code: row for row in rows.scalars()}


async def lock_of_messages(session: Session, tenant_id: TenantId, message_ids: Collection[UUID]) -> Sequence[CouponRow]:
    """The open coupons of these messages, locked in id order."""
    rows = await session.execute(
        select(CouponRow)
        .where(CouponRow.tenant_id == tenant_id, CouponRow.message_id.in_(message_ids), CouponRow.status.in_(OPEN))
        .order_by(CouponRow.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return rows.scalars().all()


async def lock_expired(session: Session, tenant_id: TenantId, now: datetime, limit: int) -> Sequence[CouponRow]:
    """Some open coupons whose time is over, locked; those that somebody holds are left for the next round."""
    rows = await session.execute(
        select(CouponRow)
        .where(CouponRow.tenant_id == tenant_id, CouponRow.status.in_(OPEN), CouponRow.expires_at <= now)
        .order_by(CouponRow.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return rows.scalars().all()


async def list_tenants_with_expired(session: Session, now: datetime) -> list[TenantId]:
    """Whose coupons are over (cross-tenant: the worker serves all)."""
    rows = await session.execute(
        text("SELECT DISTINCT tenant_id FROM coupon WHERE status IN ('reserved', 'committed') AND expires_at <= :now"),
        {"now": now},
    )
    return [TenantId(row[0]) for row in rows]


async def set_coupon(session: Session, tenant_id: TenantId, coupon_id: UUID, **changes: Any) -> None:
    """Change a coupon that the caller has locked."""
    await session.execute(
        update(CouponRow)
        .where(CouponRow.tenant_id == tenant_id, CouponRow.id == coupon_id)
        .values(**changes)
        .execution_options(synchronize_session=False)
    )


async def list_coupons(
    session: Session,
    tenant_id: TenantId,
    offer_id: UUID,
    status: CouponStatus | None,
    before: UUID | None,
    limit: int,
) -> Sequence[CouponRow]:
    """An offer's coupons, newest first."""
    query = select(CouponRow).where(CouponRow.tenant_id == tenant_id, CouponRow.offer_id == offer_id)
    if status is not None:
        query = query.where(CouponRow.status == status)
    if before is not None:
        query = query.where(CouponRow.id < before)
    return (await session.execute(query.order_by(CouponRow.id.desc()).limit(limit))).scalars().all()


async def list_batch(session: Session, tenant_id: TenantId, batch_id: UUID) -> Sequence[CouponRow]:
    """Coupons that were printed together."""
    rows = await session.execute(
        select(CouponRow).where(CouponRow.tenant_id == tenant_id, CouponRow.batch_id == batch_id).order_by(CouponRow.id)
    )
    return rows.scalars().all()


async def count_coupons(
    session: Session, tenant_id: TenantId, offer_ids: Collection[UUID]
) -> dict[UUID, dict[CouponStatus, int]]:
    """How many coupons of offers stand where."""
    rows = await session.execute(
        select(CouponRow.offer_id, CouponRow.status, func.count())
        .where(CouponRow.tenant_id == tenant_id, CouponRow.offer_id.in_(offer_ids))
        .group_by(CouponRow.offer_id, CouponRow.status)
    )
    counts: dict[UUID, dict[CouponStatus, int]] = {}
    for offer_id, status, count in rows:
        counts.setdefault(offer_id, {})[CouponStatus(status)] = count
    return counts


async def has_had(session: Session, tenant_id: TenantId, offer_id: UUID, people: Collection[UUID]) -> bool:
    """Whether somebody has a coupon of the offer that is open or used, or has used the offer without one."""
    found = await session.execute(
        text("""
SELECT EXISTS (SELECT FROM coupon WHERE tenant_id = :tenant_id AND offer_id = :offer_id
  AND profile_id = ANY(CAST(:people AS uuid[])) AND status <> 'released')
OR EXISTS (SELECT FROM redemption WHERE tenant_id = :tenant_id AND offer_id = :offer_id
  AND profile_id = ANY(CAST(:people AS uuid[])) AND reversed_at IS NULL)
"""),
        {"tenant_id": tenant_id, "offer_id": offer_id, "people": list(people)},
    )
    return bool(found.scalar_one())


# --- redemptions --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OfferUses:
    """What an offer was used for: how often, and for how much, net of what came back."""

    uses: int
    discount_minor: int


async def insert_redemption(session: Session, tenant_id: TenantId, row: Mapping[str, Any]) -> UUID | None:
    """Note a use; None when it is noted already, or the person has had an offer that is for each once."""
    made = await session.execute(
        insert(RedemptionRow).values(tenant_id=tenant_id, **row).on_conflict_do_nothing().returning(RedemptionRow.id)
    )
    return made.scalar_one_or_none()


async def find_redemption(
    session: Session, tenant_id: TenantId, coupon_id: UUID, source: str, order_ref: str
) -> RedemptionRow | None:
    """The use of a coupon by an order."""
    rows = await session.execute(
        select(RedemptionRow).where(
            RedemptionRow.tenant_id == tenant_id,
            RedemptionRow.coupon_id == coupon_id,
            RedemptionRow.source == source,
            RedemptionRow.order_ref == order_ref,
        )
    )
    return rows.scalar_one_or_none()


async def lock_redemptions(
    session: Session, tenant_id: TenantId, source: str, order_ref: str
) -> Sequence[RedemptionRow]:
    """All uses by an order, locked in id order."""
    rows = await session.execute(
        select(RedemptionRow)
        .where(
            RedemptionRow.tenant_id == tenant_id,
            RedemptionRow.source == source,
            RedemptionRow.order_ref == order_ref,
        )
        .order_by(RedemptionRow.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return rows.scalars().all()


async def set_returned(
    session: Session, tenant_id: TenantId, redemption_id: UUID, returned_minor: int, reversed_at: datetime | None
) -> None:
    """Note how much of a locked use's discount has come back."""
    await session.execute(
        update(RedemptionRow)
        .where(RedemptionRow.tenant_id == tenant_id, RedemptionRow.id == redemption_id)
        .values(returned_minor=returned_minor, reversed_at=reversed_at)
        .execution_options(synchronize_session=False)
    )


async def sum_uses(session: Session, tenant_id: TenantId, offer_ids: Collection[UUID]) -> dict[UUID, OfferUses]:
    """What offers were used for."""
    rows = await session.execute(
        select(
            RedemptionRow.offer_id,
            func.count().filter(RedemptionRow.reversed_at.is_(None)),
            func.sum(RedemptionRow.discount_minor - RedemptionRow.returned_minor),
        )
        .where(RedemptionRow.tenant_id == tenant_id, RedemptionRow.offer_id.in_(offer_ids))
        .group_by(RedemptionRow.offer_id)
    )
    return {offer_id: OfferUses(uses, int(minor)) for offer_id, uses, minor in rows}


@dataclass(frozen=True, slots=True)
class Returned:
    """How much of an order's total has come back, by refunds and by sales that bring goods back."""

    source: str
    order_ref: str
    total_minor: int
    returned_minor: int
    is_cancelled: bool

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the order is left."""
        return self.is_cancelled or 0 < self.total_minor <= self.returned_minor


_RETURNED = text("""
WITH named AS (
  SELECT coalesce(o.return_of_source, o.source) AS source, o.return_of AS external_id FROM shop_order o
  WHERE o.tenant_id = :tenant_id AND o.id = ANY(CAST(:ids AS uuid[])) AND o.return_of IS NOT NULL
  UNION SELECT o.source, o.external_id FROM shop_order o
  WHERE o.tenant_id = :tenant_id AND o.id = ANY(CAST(:ids AS uuid[])))
SELECT o.source, o.external_id, o.total_minor, o.refunded_minor + coalesce((
    SELECT sum(-b.total_minor) FROM shop_order b WHERE b.tenant_id = o.tenant_id AND b.return_of = o.external_id
    AND coalesce(b.return_of_source, b.source) = o.source AND b.total_minor < 0 AND b.status <> 'cancelled'), 0),
  o.status = 'cancelled'
FROM named JOIN shop_order o ON o.tenant_id = :tenant_id AND o.source = named.source
  AND o.external_id = named.external_id
WHERE EXISTS (SELECT FROM redemption r WHERE r.tenant_id = o.tenant_id AND r.source = o.source
  AND r.order_ref = o.external_id)
ORDER BY 1, 2
""")


async def list_returned(session: Session, tenant_id: TenantId, order_ids: Collection[UUID]) -> list[Returned]:
    """Of these orders, and of those that they bring goods back from: what came back. Only those that used an offer."""
    rows = await session.execute(_RETURNED, {"tenant_id": tenant_id, "ids": list(order_ids)})
    return [Returned(row[0], row[1], row[2], int(row[3]), row[4]) for row in rows]


async def list_waiting(session: Session, tenant_id: TenantId, message_ids: Collection[UUID]) -> frozenset[UUID]:
    """Of these messages, those that wait to be sent, or to be tried again."""
    rows = await session.execute(
        text(
            "SELECT message_id FROM message_due WHERE tenant_id = :tenant_id AND message_id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"tenant_id": tenant_id, "ids": list(message_ids)},
    )
    return frozenset(rows.scalars())
