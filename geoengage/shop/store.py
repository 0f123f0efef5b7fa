"""SQL of the owner's page. It only reads, and other domains' tables at that: orders, visits, messages, codes, goods."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session, row_dict
from geoengage.kit.ids import TenantId, lowest_id
from geoengage.offers.models import CouponRow

BEST_OF = timedelta(days=90)
MOST_CODES = 5  # with one ending; of more the whole code has to be typed


async def list_stores(session: Session, tenant_id: TenantId, only: Collection[UUID] | None) -> list[tuple[UUID, str]]:
    """Stores by name, at most 1,000; with `only` no others."""
    rows = await session.execute(
        text(
            "SELECT id, name FROM store WHERE tenant_id = :tenant_id"
            " AND (CAST(:only AS uuid[]) IS NULL OR id = ANY(CAST(:only AS uuid[]))) ORDER BY name, id LIMIT 1000"
        ),
        {"tenant_id": tenant_id, "only": None if only is None else list(only)},
    )
    return [(id_, name) for id_, name in rows]


@dataclass(frozen=True, slots=True)
class Sold:
    """What was sold in a span: returns lower the money and are no orders. Minor units."""

    orders: int
    minor: int


async def find_currency(session: Session, tenant_id: TenantId, store_id: UUID, now: datetime) -> str | None:
    """The currency of most of the store's orders lately; None without any."""
    row = await session.execute(
        text(
            "SELECT currency FROM shop_order WHERE tenant_id = :tenant_id AND store_id = :store_id"
            " AND ordered_at >= :since GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
        ),
        {"tenant_id": tenant_id, "store_id": store_id, "since": now - BEST_OF},
    )
    return row.scalar_one_or_none()


async def find_first_order(session: Session, tenant_id: TenantId, store_id: UUID) -> datetime | None:
    """When the store's first order was placed."""
    row = await session.execute(
        text("SELECT min(ordered_at) FROM shop_order WHERE tenant_id = :tenant_id AND store_id = :store_id"),
        {"tenant_id": tenant_id, "store_id": store_id},
    )
    found: datetime | None = row.scalar_one()
    return found


_SOLD = """
SELECT count(o.id) FILTER (WHERE o.total_minor >= 0 AND o.return_of IS NULL) AS orders,
  CAST(coalesce(sum(o.total_minor - o.refunded_minor), 0) AS bigint) AS minor
FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[])) WITH ORDINALITY AS w (since, until, n)
LEFT JOIN shop_order o ON o.tenant_id = :tenant_id AND o.store_id = :store_id AND o.ordered_at >= w.since
  AND o.ordered_at < w.until AND o.status <> 'cancelled' AND o.currency = :currency
GROUP BY w.n ORDER BY w.n
"""


async def list_sold(
    session: Session, tenant_id: TenantId, store_id: UUID, currency: str, spans: Sequence[tuple[datetime, datetime]]
) -> list[Sold]:
    """What a store sold in each span, in one currency."""
    starts, ends = [since for since, _ in spans], [until for _, until in spans]
    rows = await session.execute(
        text(_SOLD),
        {"tenant_id": tenant_id, "store_id": store_id, "currency": currency, "starts": starts, "ends": ends},
    )
    return [Sold(**row_dict(row)) for row in rows]


_CAME = """
SELECT count(DISTINCT coalesce(d.profile_id, d.id)) FROM visit v
JOIN device d ON d.tenant_id = v.tenant_id AND d.id = v.device_id AND NOT d.is_test
JOIN zone z ON z.tenant_id = v.tenant_id AND z.id = v.zone_id AND z.deleted_at IS NULL
JOIN zone_version n ON n.tenant_id = z.tenant_id AND n.zone_id = z.id AND n.version = z.published_version
  AND n.kind = 'store' AND n.store_id = :store_id
WHERE v.tenant_id = :tenant_id AND v.id >= :lowest AND v.entered_at >= :since
"""


async def count_who_came(session: Session, tenant_id: TenantId, store_id: UUID, since: datetime) -> int:
    """People who have come into the store's zones since then, as far as phones told. Test phones are nobody."""
    row = await session.execute(
        text(_CAME),
        {"tenant_id": tenant_id, "store_id": store_id, "since": since, "lowest": lowest_id(since)},
    )
    return int(row.scalar_one())


_NEW = """
SELECT count(DISTINCT i.profile_id) FROM shop_order o
JOIN identifier i ON i.tenant_id = o.tenant_id AND i.id = o.identifier_id
WHERE o.tenant_id = :tenant_id AND o.store_id = :store_id AND o.ordered_at >= :since AND o.ordered_at < :until
  AND o.status <> 'cancelled' AND o.total_minor >= 0 AND NOT EXISTS (
    SELECT FROM identifier j JOIN shop_order e ON e.tenant_id = j.tenant_id AND e.identifier_id = j.id
    WHERE j.tenant_id = o.tenant_id AND j.profile_id = i.profile_id AND e.store_id = :store_id
      AND e.ordered_at < :since)
"""


async def count_new_customers(
    session: Session, tenant_id: TenantId, store_id: UUID, since: datetime, until: datetime
) -> int:
    """Known people whose first order at the store was placed in that span."""
    row = await session.execute(
        text(_NEW), {"tenant_id": tenant_id, "store_id": store_id, "since": since, "until": until}
    )
    return int(row.scalar_one())


@dataclass(frozen=True, slots=True)
class Sent:
    """What a store's campaigns sent: how many messages, to how many people."""

    messages: int
    people: int


async def count_sent(session: Session, tenant_id: TenantId, store_id: UUID, since: datetime) -> Sent:
    """Messages of the store's campaigns that went out since then, of those made in the week before it or later."""
    row = await session.execute(
        text(
            "SELECT count(*) AS messages, count(DISTINCT m.person_id) AS people FROM campaign c"
            " JOIN message m ON m.tenant_id = c.tenant_id AND m.campaign_id = c.id"
            " WHERE c.tenant_id = :tenant_id AND c.store_id = :store_id AND m.id >= :lowest AND m.sent_at >= :since"
        ),
        {
            "tenant_id": tenant_id,
            "store_id": store_id,
            "since": since,
            "lowest": lowest_id(since - timedelta(days=7)),
        },
    )
    return Sent(**row_dict(row.one()))


@dataclass(frozen=True, slots=True)
class Brought:
    """Codes that were used at a store: how many, what they took off, what the sales that named them came to."""

    codes: int
    off_minor: int
    sales_minor: int


_BROUGHT = """
SELECT count(*) AS codes, CAST(coalesce(sum(r.discount_minor), 0) AS bigint) AS off_minor,
  CAST(coalesce(sum(o.total_minor - o.refunded_minor), 0) AS bigint) AS sales_minor
FROM coupon k JOIN redemption r ON r.tenant_id = k.tenant_id AND r.coupon_id = k.id
LEFT JOIN shop_order o ON o.tenant_id = r.tenant_id AND o.source = r.source AND o.external_id = r.order_ref
  AND o.currency = r.currency
WHERE k.tenant_id = :tenant_id AND k.redeemed_at >= :since AND k.status = 'redeemed' AND r.store_id = :store_id
  AND r.redeemed_at >= :since AND r.reversed_at IS NULL AND r.currency = :currency
"""


async def read_brought(
    session: Session, tenant_id: TenantId, store_id: UUID, currency: str, since: datetime
) -> Brought:
    """What codes brought at the store since then."""
    row = await session.execute(
        text(_BROUGHT), {"tenant_id": tenant_id, "store_id": store_id, "currency": currency, "since": since}
    )
    return Brought(**row_dict(row.one()))


async def count_unread(session: Session, tenant_id: TenantId, store_id: UUID) -> int:
    """Texts to the store that nobody has read."""
    row = await session.execute(
        text(
            "SELECT CAST(coalesce(sum(unread), 0) AS bigint) FROM conversation WHERE tenant_id = :tenant_id"
            " AND store_id = :store_id"
        ),
        {"tenant_id": tenant_id, "store_id": store_id},
    )
    return int(row.scalar_one())


# --- goods -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Good:
    """A product that the store can offer, with its variants on sale in one currency: price and cost of each."""

    id: UUID
    name: str
    image_url: str | None
    currency: str
    prices: list[int]
    costs: list[int | None]


_GOODS = """
WITH sold AS (
  SELECT l.product_id AS id, count(*) AS orders FROM shop_order o
  JOIN order_line l ON l.tenant_id = o.tenant_id AND l.order_id = o.id AND l.product_id IS NOT NULL
    AND l.quantity_milli > 0
  WHERE o.tenant_id = :tenant_id AND o.store_id = :store_id AND o.ordered_at >= :since AND o.status <> 'cancelled'
  GROUP BY 1)
SELECT p.id, p.name, p.image_urls[1] AS image_url, v.currency, array_agg(v.price_minor ORDER BY v.position) AS prices,
  array_agg(v.cost_minor ORDER BY v.position) AS costs
FROM product p
JOIN product_variant v ON v.tenant_id = p.tenant_id AND v.product_id = p.id AND v.is_active AND v.price_minor > 0
  AND (CAST(:currency AS text) IS NULL OR v.currency = :currency)
LEFT JOIN sold s ON s.id = p.id
WHERE p.tenant_id = :tenant_id AND p.status = 'active' AND (p.store_id IS NULL OR p.store_id = :store_id)
  AND (CAST(:id AS uuid) IS NULL OR p.id = CAST(:id AS uuid))
  AND (CAST(:words AS text) IS NULL OR p.name ILIKE :words)
GROUP BY p.id, p.name, p.image_urls, p.store_id, s.orders, v.currency
ORDER BY s.orders DESC NULLS LAST, p.store_id IS NULL, p.name, p.id LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which goods. `words`: a part of the name; `id`: that one. `currency` None: of any."""

    store_id: UUID
    currency: str | None
    words: str | None = None
    id: UUID | None = None


async def list_goods(session: Session, tenant_id: TenantId, wanted: Wanted, now: datetime, limit: int) -> list[Good]:
    """What a store can offer: what it sold most often in 90 days first, then its own, then the tenant's by name."""
    words = wanted.words
    if words is not None:
        for sign in ("\\", "%", "_"):
            words = words.replace(sign, f"\\{sign}")
    rows = await session.execute(
        text(_GOODS),
        {
            "tenant_id": tenant_id, "store_id": wanted.store_id, "since": now - BEST_OF, "currency": wanted.currency,
            "id": wanted.id, "words": None if words is None else f"%{words}%", "limit": limit,
        },
    )  # fmt: skip
    return [Good(**row_dict(row)) for row in rows]


# --- codes -----------------------------------------------------------------------------------------------------------


async def list_ending(
    session: Session, tenant_id: TenantId, store_id: UUID, ending: str, now: datetime
) -> list[CouponRow]:
    """Open coupons that are good at the store, or wherever their offer is, by the last signs of their code."""
    rows = await session.execute(
        text(
            "SELECT k.id FROM coupon k JOIN offer f ON f.tenant_id = k.tenant_id AND f.id = k.offer_id"
            " WHERE k.tenant_id = :tenant_id AND k.status IN ('reserved', 'committed') AND k.expires_at > :now"
            " AND right(k.code, 4) = :ending AND coalesce(k.store_id, f.store_id, :store_id) = :store_id"
            " ORDER BY k.id DESC LIMIT :limit"
        ),
        {"tenant_id": tenant_id, "store_id": store_id, "ending": ending, "now": now, "limit": MOST_CODES},
    )
    return await _coupons(session, tenant_id, rows.scalars().all())


async def _coupons(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> list[CouponRow]:
    found = [await session.get_one(CouponRow, (tenant_id, id_)) for id_ in ids]
    return list(found)
