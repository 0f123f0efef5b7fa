"""SQL of what pricing asks other domains: goods with their costs, who buys, a store's time, margins."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.metrics.rules import Degree
from geoengage.offers.models import MarginRow


@dataclass(frozen=True, slots=True)
class Good:
    """What the catalogue knows of a thing. `cost_minor` in `currency`."""

    product_id: UUID
    category: str | None
    brand: str | None
    cost_minor: int | None
    currency: str | None


async def list_goods(
    session: Session, tenant_id: TenantId, product_ids: Collection[UUID], variant_ids: Collection[UUID]
) -> dict[UUID, Good]:
    """What the catalogue knows of variants, by their ids, and of products, by theirs (a product has no cost)."""
    rows = await session.execute(
        text("""
SELECT v.id, p.id, p.category, p.brand, v.cost_minor, v.currency FROM product_variant v
JOIN product p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
WHERE v.tenant_id = :tenant_id AND v.id = ANY(CAST(:variants AS uuid[]))
UNION ALL SELECT p.id, p.id, p.category, p.brand, NULL, NULL FROM product p
WHERE p.tenant_id = :tenant_id AND p.id = ANY(CAST(:products AS uuid[]))
"""),
        {"tenant_id": tenant_id, "variants": list(variant_ids), "products": list(product_ids)},
    )
    return {row[0]: Good(*row[1:]) for row in rows}


async def list_product_names(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> dict[UUID, str]:
    """What products are called, by id; those that there are not are missing."""
    rows = await session.execute(
        text("SELECT id, name FROM product WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"),
        {"tenant_id": tenant_id, "ids": list(ids)},
    )
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys: all profiles that are this person; whether they have bought before; how far they have fallen behind.

    `decline` is unknown for who has not agreed to personalisation: no history may choose what they get (DESIGN 4.0).
    """

    people: frozenset[UUID]
    has_bought: bool
    decline: Degree


_BUYER = text("""
WITH who AS (
  SELECT coalesce(p.merged_into, p.id) AS id FROM profile p WHERE p.tenant_id = :tenant_id AND p.id = :profile_id),
people AS (
  SELECT p.id FROM profile p, who WHERE p.tenant_id = :tenant_id AND (p.id = who.id OR p.merged_into = who.id))
SELECT (SELECT array_agg(id) FROM people),
EXISTS (SELECT FROM identifier i JOIN shop_order o ON o.tenant_id = i.tenant_id AND o.identifier_id = i.id
  WHERE i.tenant_id = :tenant_id AND i.profile_id IN (SELECT id FROM people) AND o.status <> 'cancelled'
  AND o.return_of IS NULL),
(SELECT h.decline FROM customer_habit h, who WHERE h.tenant_id = :tenant_id AND h.profile_id = who.id
  AND (SELECT bool_or(d.personalisation = 'granted') AND NOT bool_or(d.personalisation = 'denied')
    FROM device d, tenant t WHERE d.tenant_id = :tenant_id AND t.id = :tenant_id AND d.profile_id = who.id
    AND (NOT d.is_test OR t.is_demo)))
FROM who
""")


async def find_buyer(session: Session, tenant_id: TenantId, profile_id: UUID) -> Buyer | None:
    """A person as pricing sees them; None when there is no such profile."""
    found = await session.execute(_BUYER, {"tenant_id": tenant_id, "profile_id": profile_id})
    row = found.one_or_none()
    if row is None:
        return None
    return Buyer(frozenset(row[0]), row[1], Degree(row[2]) if row[2] is not None else Degree.UNKNOWN)


async def list_used(session: Session, tenant_id: TenantId, people: Collection[UUID]) -> frozenset[UUID]:
    """Offers that a person has used."""
    rows = await session.execute(
        text(
            "SELECT DISTINCT offer_id FROM redemption WHERE tenant_id = :tenant_id AND reversed_at IS NULL"
            " AND profile_id = ANY(CAST(:people AS uuid[]))"
        ),
        {"tenant_id": tenant_id, "people": list(people)},
    )
    return frozenset(rows.scalars())


async def find_profile(session: Session, tenant_id: TenantId, identifier_id: UUID) -> UUID | None:
    """Whose an id of a person is."""
    rows = await session.execute(
        text("SELECT profile_id FROM identifier WHERE tenant_id = :tenant_id AND id = :id"),
        {"tenant_id": tenant_id, "id": identifier_id},
    )
    return rows.scalar_one_or_none()


async def find_timezone(session: Session, tenant_id: TenantId, store_id: UUID | None) -> str:
    """The time zone of a store, else of its mall, else of the tenant."""
    row = await session.execute(
        text(
            "SELECT coalesce(s.timezone, m.timezone, t.timezone) FROM tenant t"
            " LEFT JOIN store s ON s.tenant_id = t.id AND s.id = CAST(:store_id AS uuid)"
            " LEFT JOIN mall m ON m.tenant_id = s.tenant_id AND m.id = s.mall_id WHERE t.id = :tenant_id"
        ),
        {"tenant_id": tenant_id, "store_id": store_id},
    )
    return str(row.scalar_one())


@dataclass(frozen=True, slots=True)
class CartAt:
    """Whose a cart is, and at which store."""

    identifier_id: UUID | None
    device_id: UUID | None
    store_id: UUID | None


async def find_cart(session: Session, tenant_id: TenantId, cart_id: UUID) -> CartAt | None:
    """Whose cart this is; None when there is no open one."""
    row = (
        await session.execute(
            text(
                "SELECT identifier_id, device_id, store_id FROM cart"
                " WHERE tenant_id = :tenant_id AND id = :id AND status = 'open'"
            ),
            {"tenant_id": tenant_id, "id": cart_id},
        )
    ).one_or_none()
    return None if row is None else CartAt(*row)


# --- margins --------------------------------------------------------------------------------------------------------


async def list_margins(session: Session, tenant_id: TenantId) -> dict[UUID, MarginRow]:
    """What was said of margins, by place: the tenant's under its own id, stores' under theirs."""
    rows = await session.execute(
        select(MarginRow).where(MarginRow.tenant_id == tenant_id).execution_options(populate_existing=True)
    )
    return {row.place_id: row for row in rows.scalars()}


async def set_margin(
    session: Session, tenant_id: TenantId, place_id: UUID, values: Mapping[str, int | None], now: datetime
) -> None:
    """Say the margin of a place."""
    new = {"tenant_id": tenant_id, "place_id": place_id, "updated_at": now, **values}
    statement = insert(MarginRow).values(**new)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "place_id"],
            set_={**values, "version": MarginRow.version + 1, "updated_at": now},
        )
    )
