"""SQL of offers and of what may be spent on them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, text

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.offers.models import OfferBudgetRow, OfferRow
from geoengage.offers.rules import Offer, OfferStatus, OfferTerms

MOST_OFFERS = 200  # that one cart is priced with


@dataclass(frozen=True, slots=True)
class OfferFilter:
    """Which offers are listed. `store_ids`: of a caller who is restricted to these stores."""

    status: OfferStatus | None = None
    store_id: UUID | None = None
    store_ids: frozenset[UUID] | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that may be spent: minor units, uses; None: no limit of that kind."""

    minor: int | None
    uses: int | None


@dataclass(frozen=True, slots=True)
class Spending:
    """What moves in a budget."""

    held_minor: int = 0
    held_uses: int = 0
    spent_minor: int = 0
    spent_uses: int = 0

    def undone(self) -> "Spending":
        """The same backwards."""
        return Spending(-self.held_minor, -self.held_uses, -self.spent_minor, -self.spent_uses)


async def get_offer(
    session: Session, tenant_id: TenantId, offer_id: UUID, *, lock: bool = False, hold: bool = False
) -> OfferRow:
    """One offer; NotFound. `lock`: to change it. `hold`: nobody may change it until the commit."""
    query = select(OfferRow).where(OfferRow.tenant_id == tenant_id, OfferRow.id == offer_id)
    if lock:
        query = query.with_for_update(key_share=True)
    elif hold:
        query = query.with_for_update(read=True)
    row = (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise errors.NotFound(f"offer {offer_id} does not exist")
    return row


async def list_offers(
    session: Session, tenant_id: TenantId, wanted: OfferFilter, after: UUID | None, limit: int
) -> Sequence[OfferRow]:
    """Offers, oldest first; archived ones only when they are asked for."""
    query = select(OfferRow).where(OfferRow.tenant_id == tenant_id).order_by(OfferRow.id).limit(limit)
    if wanted.status is None:
        query = query.where(OfferRow.status != OfferStatus.ARCHIVED)
    else:
        query = query.where(OfferRow.status == wanted.status)
    if wanted.store_id is not None:
        query = query.where(OfferRow.store_id == wanted.store_id)
    if wanted.store_ids is not None:
        query = query.where(OfferRow.store_id.in_(wanted.store_ids))
    if after is not None:
        query = query.where(OfferRow.id > after)
    return (await session.execute(query)).scalars().all()


async def insert_offer(session: Session, tenant_id: TenantId, row: OfferRow) -> None:
    """Add an offer of the tenant."""
    row.tenant_id = tenant_id
    session.add(row)
    await session.flush()


async def update_offer(
    session: Session, tenant_id: TenantId, row: OfferRow, changes: Mapping[str, Any], now: datetime
) -> None:
    """Change a locked offer of the tenant."""
    if row.tenant_id != tenant_id:
        raise errors.NotFound(f"offer {row.id} does not exist")
    for name, value in changes.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = now
    await session.flush()


async def list_for_cart(
    session: Session,
    tenant_id: TenantId,
    store_id: UUID | None,
    currency: str,
    offer_ids: Collection[UUID],
    now: datetime,
) -> list[Offer]:
    """The offers that a cart at a store is priced with: active ones that have not ended, and those in `offer_ids`.

    With what is left of their budgets there; the newest 200.
    """
    rows = await session.execute(
        select(OfferRow)
        .where(
            OfferRow.tenant_id == tenant_id,
            or_(OfferRow.store_id.is_(None), OfferRow.store_id == store_id),
            or_(
                OfferRow.id.in_(offer_ids),
                (OfferRow.status == OfferStatus.ACTIVE)
                & (OfferRow.currency == currency)
                & or_(OfferRow.valid_to.is_(None), OfferRow.valid_to > now),
            ),
        )
        .order_by(OfferRow.id.desc())
        .limit(MOST_OFFERS)
    )
    found = rows.scalars().all()
    budgets = await list_budgets(session, tenant_id, [row.id for row in found])
    return [_offer_of(row, budgets.get(row.id, ()), store_id) for row in found]


def _offer_of(row: OfferRow, budgets: Sequence[OfferBudgetRow], store_id: UUID | None) -> Offer:
    """An offer as pricing takes it, at a store."""
    here = [budget for budget in budgets if budget.place_id in (row.id, store_id)]
    minor = [b.limit_minor - b.held_minor - b.spent_minor for b in here if b.limit_minor is not None]
    uses = [b.limit_uses - b.held_uses - b.spent_uses for b in here if b.limit_uses is not None]
    return Offer(
        id=row.id,
        name=row.name,
        currency=row.currency,
        terms=OfferTerms.model_validate(row.terms),
        status=OfferStatus(row.status),
        store_id=row.store_id,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        left_minor=min(minor, default=None),
        left_uses=min(uses, default=None),
    )


# --- budgets ------------------------------------------------------------------------------------------------------


async def list_budgets(
    session: Session, tenant_id: TenantId, offer_ids: Collection[UUID]
) -> dict[UUID, list[OfferBudgetRow]]:
    """The budgets of offers, each offer's own first, then its stores'."""
    rows = await session.execute(
        select(OfferBudgetRow)
        .where(OfferBudgetRow.tenant_id == tenant_id, OfferBudgetRow.offer_id.in_(offer_ids))
        .order_by(OfferBudgetRow.offer_id, OfferBudgetRow.place_id != OfferBudgetRow.offer_id, OfferBudgetRow.place_id)
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, list[OfferBudgetRow]] = {}
    for row in rows.scalars():
        found.setdefault(row.offer_id, []).append(row)
    return found


_MOVE = text("""
WITH there AS (
  SELECT FROM offer_budget WHERE tenant_id = :tenant_id AND offer_id = :offer_id AND place_id = :place_id),
moved AS (
  UPDATE offer_budget SET held_minor = held_minor + :held_minor, held_uses = held_uses + :held_uses,
    spent_minor = spent_minor + :spent_minor, spent_uses = spent_uses + :spent_uses
  WHERE tenant_id = :tenant_id AND offer_id = :offer_id AND place_id = :place_id
    AND (limit_minor IS NULL OR held_minor + spent_minor + :held_minor + :spent_minor <= limit_minor
      OR :held_minor + :spent_minor <= 0)
    AND (limit_uses IS NULL OR held_uses + spent_uses + :held_uses + :spent_uses <= limit_uses
      OR :held_uses + :spent_uses <= 0)
  RETURNING place_id)
SELECT (SELECT count(*) FROM there) > (SELECT count(*) FROM moved)
""")


async def move_budget(
    session: Session, tenant_id: TenantId, offer_id: UUID, place_id: UUID, spending: Spending
) -> bool:
    """Hold or spend in one budget, if it reaches; False when it does not. Where there is no limit it always does.

    Locks the budget's row until the commit; two that come at once wait for each other, and the second sees the first.
    """
    parameters = {
        "tenant_id": tenant_id,
        "offer_id": offer_id,
        "place_id": place_id,
        "held_minor": spending.held_minor,
        "held_uses": spending.held_uses,
        "spent_minor": spending.spent_minor,
        "spent_uses": spending.spent_uses,
    }
    return not (await session.execute(_MOVE, parameters)).scalar_one()


_SET_LIMIT = text("""
INSERT INTO offer_budget AS b (tenant_id, offer_id, place_id, limit_minor, limit_uses, held_minor, held_uses,
  spent_minor, spent_uses)
SELECT :tenant_id, :offer_id, :place_id, :minor, :uses, c.minor, c.uses, r.minor, r.uses
FROM (SELECT coalesce(sum(held_minor), 0) AS minor, count(*) AS uses FROM coupon
  WHERE tenant_id = :tenant_id AND offer_id = :offer_id AND status IN ('reserved', 'committed')
  AND (:offer_id = :place_id OR store_id = :place_id)) AS c,
(SELECT coalesce(sum(discount_minor - returned_minor), 0) AS minor, count(*) FILTER (WHERE reversed_at IS NULL) AS uses
  FROM redemption WHERE tenant_id = :tenant_id AND offer_id = :offer_id
  AND (:offer_id = :place_id OR store_id = :place_id)) AS r
WHERE (CAST(:minor AS bigint) IS NULL OR c.minor + r.minor <= CAST(:minor AS bigint))
  AND (CAST(:uses AS int) IS NULL OR c.uses + r.uses <= CAST(:uses AS int))
ON CONFLICT (tenant_id, offer_id, place_id) DO UPDATE SET limit_minor = :minor, limit_uses = :uses
RETURNING place_id
""")


async def set_limits(session: Session, tenant_id: TenantId, offer_id: UUID, limits: Mapping[UUID, Limit]) -> bool:
    """Put the limits of an offer whose row the caller has locked, by place; others of it go.

    A budget counts what was promised and spent before it. False: a limit is below that, and the caller must give up.
    """
    parameters = {"tenant_id": tenant_id, "offer_id": offer_id}
    await session.execute(
        text(
            "DELETE FROM offer_budget WHERE tenant_id = :tenant_id AND offer_id = :offer_id"
            " AND place_id <> ALL(CAST(:places AS uuid[]))"
        ),
        parameters | {"places": list(limits)},
    )
    for place_id, limit in sorted(limits.items(), key=lambda each: (each[0] != offer_id, each[0])):
        put = {"place_id": place_id, "minor": limit.minor, "uses": limit.uses}
        if (await session.execute(_SET_LIMIT, parameters | put)).scalar_one_or_none() is None:
            return False
    return True
