"""SQL of a campaign's proof: who was decided, what they bought, what was sent to them and what became of it.

Reads the tables of lower domains and writes none but `message_cost`. People are told apart by the profile that they are
today: an order, a message or a decision of somebody who was merged since is that of the profile that stayed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from geoengage.kit import bulk
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, lowest_id
from geoengage.lifecycle.rules.catalogue import DIRECT_DAYS
from geoengage.proof.models import MessageCost
from geoengage.proof.rules.inputs import Sending

SIDES = ("sent", "tenant_holdout", "campaign_holdout")
_GONE = """gone (id, into_id) AS (
  SELECT id, merged_into FROM profile WHERE tenant_id = :tenant_id AND merged_into IS NOT NULL
  UNION SELECT gone.id, p.merged_into FROM gone JOIN profile p ON p.tenant_id = :tenant_id AND p.id = gone.into_id
  WHERE p.merged_into IS NOT NULL),
ends AS (
  SELECT gone.id, gone.into_id FROM gone JOIN profile p ON p.tenant_id = :tenant_id AND p.id = gone.into_id
    AND p.merged_into IS NULL)"""
_DAY = "(({0} AT TIME ZONE :timezone)::date - DATE '0001-01-01' + 1)::int8"

# The arm of the older profile wins a merge; `crossed`: another of the person's profiles was on the other side.
_PEOPLE = f"""
WITH RECURSIVE {_GONE},
mine AS (
  SELECT live.id AS profile_id, e.person_id, e.side, e.decided_at, e.store_id, e.campaign_id, p.created_at, p.id
  FROM experiment_person e JOIN profile p ON p.tenant_id = e.tenant_id AND p.id = e.person_id
  LEFT JOIN ends ON ends.id = p.id
  JOIN profile live ON live.tenant_id = e.tenant_id AND live.id = coalesce(ends.into_id, p.id)
    AND live.merged_into IS NULL
  WHERE e.tenant_id = :tenant_id AND e.campaign_id = ANY(CAST(:campaigns AS uuid[])) AND e.decided_at >= :since
    AND e.decided_at < :until AND e.side = ANY(CAST(:sides AS text[]))),
chosen AS (
  SELECT DISTINCT ON (profile_id) profile_id, campaign_id, person_id, side, decided_at, store_id,
    count(*) FILTER (WHERE side = 'sent') OVER (PARTITION BY profile_id) AS sent_rows,
    count(*) FILTER (WHERE side <> 'sent') OVER (PARTITION BY profile_id) AS held_rows
  FROM mine ORDER BY profile_id, created_at, id, decided_at, campaign_id)
SELECT profile_id, campaign_id, person_id, array_position(CAST(:all_sides AS text[]), side)::int8 - 1 AS side,
  floor(extract(epoch FROM decided_at))::int8 AS at, {_DAY.format("decided_at")} AS day,
  coalesce(store_id, '00000000-0000-0000-0000-000000000000') AS store_id,
  (sent_rows > 0 AND held_rows > 0)::int::int8 AS crossed
FROM chosen ORDER BY decided_at, profile_id
"""  # noqa: S608 - names of ours
_PEOPLE_COLUMNS = {
    "profile_id": "uuid", "campaign_id": "uuid", "person_id": "uuid", "side": "int8", "at": "int8", "day": "int8",
    "store_id": "uuid", "crossed": "int8",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose experiment: the campaigns together, decisions in [`since`, `until`), by which sides; `stores`: only what
    was bought there counts; `timezone`: whose days."""

    campaigns: Sequence[UUID]
    since: datetime
    until: datetime
    sides: Sequence[str]
    stores: list[UUID] | None
    timezone: str

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statements here bind."""
        return {
            "campaigns": list(self.campaigns),
            "since": self.since,
            "until": self.until,
            "sides": list(self.sides),
            "all_sides": list(SIDES),
            "timezone": self.timezone,
        }


async def read_people(session: Session, tenant_id: TenantId, asked: Asked) -> bulk.Rows:
    """People of profiles, by the time of their decision: `profile_id`, `person_id` as it was decided, `side` (place in
    SIDES), `at` (Unix seconds), `day` (ordinal), `store_id` of the campaign, `crossed`."""
    return await bulk.read(session, _PEOPLE, {"tenant_id": tenant_id, **asked.parameters}, _PEOPLE_COLUMNS)


async def list_campaigns(session: Session, tenant_id: TenantId, stores: Collection[UUID] | None) -> list[UUID]:
    """All campaigns that decided about somebody, deleted ones too; `stores`: only of these."""
    rows = await session.execute(
        text(
            "SELECT c.id FROM campaign c WHERE c.tenant_id = :tenant_id AND EXISTS (SELECT FROM experiment_person e"
            " WHERE e.tenant_id = c.tenant_id AND e.campaign_id = c.id)"
            " AND (CAST(:stores AS uuid[]) IS NULL OR c.store_id = ANY(CAST(:stores AS uuid[]))) ORDER BY c.id"
        ),
        {"tenant_id": tenant_id, "stores": None if stores is None else list(stores)},
    )
    return list(rows.scalars())


async def find_first(
    session: Session, tenant_id: TenantId, campaigns: Sequence[UUID], since: datetime
) -> datetime | None:
    """When these campaigns decided about somebody for the first time since then."""
    found = await session.execute(
        text(
            "SELECT min(decided_at) FROM experiment_person WHERE tenant_id = :tenant_id"
            " AND campaign_id = ANY(CAST(:campaigns AS uuid[])) AND decided_at >= :since"
        ),
        {"tenant_id": tenant_id, "campaigns": list(campaigns), "since": since},
    )
    return found.scalar_one()  # type: ignore[no-any-return]


async def count_anonymous(session: Session, tenant_id: TenantId, asked: Asked) -> int:
    """Who was decided without a profile: nobody knows what they buy."""
    found = await session.execute(
        text(
            "SELECT count(DISTINCT e.person_id) FROM experiment_person e WHERE e.tenant_id = :tenant_id"
            " AND e.campaign_id = ANY(CAST(:campaigns AS uuid[])) AND e.decided_at >= :since AND e.decided_at < :until"
            " AND NOT EXISTS (SELECT FROM profile p WHERE p.tenant_id = e.tenant_id AND p.id = e.person_id)"
        ),
        {"tenant_id": tenant_id, **asked.parameters},
    )
    return int(found.scalar_one())


# --- what they bought ----------------------------------------------------------------------------------------------

_STORE = " AND (CAST(:stores AS uuid[]) IS NULL OR o.store_id = ANY(CAST(:stores AS uuid[])))"
_CURRENCIES = f"""
SELECT o.currency, count(*) AS orders
FROM unnest(CAST(:profiles AS uuid[])) AS s (profile_id)
JOIN identifier i ON i.tenant_id = :tenant_id AND i.profile_id = s.profile_id
JOIN shop_order o ON o.tenant_id = :tenant_id AND o.identifier_id = i.id AND o.status <> 'cancelled'
  AND o.return_of IS NULL{_STORE}
GROUP BY 1 ORDER BY 2 DESC, 1
"""  # noqa: S608 - names of ours
# What is left of an order after its goods: what was paid less what they cost. The cost is the variant's, else what the
# margin of the store, else of the tenant, leaves of the price before discounts. A discount on the whole order is spread
# over its lines; of what was refunded nothing is left. NaN: something has neither cost nor margin. Incentives are what
# offers took off; of an order that names coupons which are none of ours, its discount.
_ORDERS = f"""
SELECT s.n - 1 AS person, floor(extract(epoch FROM at.at))::int8 AS at, {_DAY.format("at.at")} AS day,
  (o.return_of IS NULL)::int::int8 AS counted, (o.currency = :currency)::int::int8 AS mine,
  (o.total_minor - o.refunded_minor)::float8 AS money,
  CASE WHEN m.percent IS NULL AND lines.unknown <> 0 THEN CAST('NaN' AS float8)
    ELSE kept.share * (paid.part * lines.paid - lines.cost - lines.unknown * (100 - coalesce(m.percent, 0)) / 100)
    END AS margin,
  CASE WHEN r.orders > 0 THEN r.tenant_paid WHEN o.coupons = '{{}}' THEN 0 ELSE kept.share * o.discount_minor
    END::float8 AS tenant_paid,
  r.store_paid::float8 AS store_paid
FROM unnest(CAST(:profiles AS uuid[])) WITH ORDINALITY AS s (profile_id, n)
JOIN identifier i ON i.tenant_id = :tenant_id AND i.profile_id = s.profile_id
JOIN shop_order o ON o.tenant_id = :tenant_id AND o.identifier_id = i.id AND o.status <> 'cancelled'{_STORE}
LEFT JOIN LATERAL (SELECT sold.ordered_at FROM shop_order sold WHERE o.return_of IS NOT NULL
  AND sold.tenant_id = o.tenant_id AND sold.source = coalesce(o.return_of_source, o.source)
  AND sold.external_id = o.return_of LIMIT 1) AS sale ON true
CROSS JOIN LATERAL (SELECT coalesce(sale.ordered_at, o.ordered_at) AS at) AS at
CROSS JOIN LATERAL (
  SELECT CASE WHEN count(*) = 0 THEN o.subtotal_minor ELSE sum(l.total_minor) END::float8 AS paid,
    coalesce(sum(v.cost_minor * l.quantity_milli / 1000.0), 0)::float8 AS cost,
    CASE WHEN count(*) = 0 THEN o.subtotal_minor ELSE coalesce(sum(CASE WHEN l.quantity_milli < 0 THEN l.total_minor
      ELSE greatest(l.total_minor, coalesce(l.unit_price_minor * l.quantity_milli / 1000.0, 0)) END)
      FILTER (WHERE v.cost_minor IS NULL), 0) END::float8 AS unknown
  FROM order_line l LEFT JOIN product_variant v ON v.tenant_id = l.tenant_id AND v.id = l.variant_id
    AND v.currency = o.currency
  WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id) AS lines
CROSS JOIN LATERAL (SELECT CASE WHEN o.total_minor = 0 THEN 0
  ELSE (o.total_minor - o.refunded_minor)::float8 / o.total_minor END AS share) AS kept
CROSS JOIN LATERAL (SELECT CASE WHEN o.subtotal_minor = 0 THEN 1
  ELSE (o.subtotal_minor - o.discount_minor)::float8 / o.subtotal_minor END AS part) AS paid
CROSS JOIN LATERAL (
  SELECT count(*) AS orders,
    coalesce(sum(d.discount_minor - d.returned_minor) FILTER (WHERE d.funded_by = 'tenant'), 0) AS tenant_paid,
    coalesce(sum(d.discount_minor - d.returned_minor) FILTER (WHERE d.funded_by = 'store'), 0) AS store_paid
  FROM redemption d WHERE d.tenant_id = o.tenant_id AND d.source = o.source AND d.order_ref = o.external_id
    AND d.currency = o.currency) AS r
LEFT JOIN LATERAL (
  SELECT g.margin_percent AS percent FROM margin g WHERE g.tenant_id = o.tenant_id AND g.margin_percent IS NOT NULL
    AND g.place_id IN (o.store_id, o.tenant_id)
  ORDER BY g.place_id = o.tenant_id LIMIT 1) AS m ON true
ORDER BY 1, 2
"""  # noqa: S608 - names of ours
_ORDER_COLUMNS = {
    "person": "int8", "at": "int8", "day": "int8", "counted": "int8", "mine": "int8", "money": "float8",
    "margin": "float8", "tenant_paid": "float8", "store_paid": "float8",
}  # fmt: skip


async def read_currencies(
    session: Session, tenant_id: TenantId, profile_ids: Sequence[UUID], stores: list[UUID] | None
) -> dict[str, int]:
    """Orders of these people by currency, most first."""
    rows = await session.execute(
        text(_CURRENCIES), {"tenant_id": tenant_id, "profiles": list(profile_ids), "stores": stores}
    )
    return {row.currency: row.orders for row in rows}


async def read_orders(
    session: Session,
    tenant_id: TenantId,
    profile_ids: Sequence[UUID],
    *,
    stores: list[UUID] | None,
    currency: str | None,
    timezone: str,
) -> bulk.Rows:
    """All their orders and returns: `person` (place in `profile_ids`), `at`, `day` (of a return: those of its sale),
    `counted` (no return), `mine` (of the currency), `money`, `margin` (NaN: not known), what tenant and store paid of
    the price."""
    parameters = {
        "tenant_id": tenant_id,
        "profiles": list(profile_ids),
        "stores": stores,
        "currency": currency or "",
        "timezone": timezone,
    }
    return await bulk.read(session, _ORDERS, parameters, _ORDER_COLUMNS)


# --- what was sent to them -----------------------------------------------------------------------------------------

# A message names the profile or device that its person was then; both lead to the profile of today.
_MESSAGES = """
messages AS (
  SELECT m.*, coalesce(live.id, d.profile_id) AS profile_id, coalesce(d.locale, '') AS locale
  FROM message m LEFT JOIN device d ON d.tenant_id = m.tenant_id AND d.id = m.device_id
  LEFT JOIN ends ON ends.id = m.person_id
  LEFT JOIN profile live ON live.tenant_id = m.tenant_id AND live.id = coalesce(ends.into_id, m.person_id)
    AND live.merged_into IS NULL
  WHERE m.tenant_id = :tenant_id AND m.campaign_id = ANY(CAST(:campaigns AS uuid[])) AND m.id >= :oldest
    AND NOT coalesce(d.is_test, false))"""
_SENT = text(f"""
WITH RECURSIVE {_GONE}, {_MESSAGES}
SELECT s.n - 1 AS person, m.channel,
  CASE WHEN m.locale ~ '^[A-Za-z]+[-_].*[A-Z][A-Z]$' THEN right(m.locale, 2) ELSE '' END AS country,
  count(*) AS messages
FROM unnest(CAST(:profiles AS uuid[]), CAST(:times AS int8[])) WITH ORDINALITY AS s (profile_id, at, n) -- :tenant_id's
JOIN messages m ON m.profile_id = s.profile_id AND m.status IN ('sent', 'unknown') AND m.channel IS NOT NULL
  AND m.created_at >= to_timestamp(s.at)
  AND m.created_at < to_timestamp(s.at) + make_interval(days => :window)
GROUP BY 1, 2, 3
""")  # noqa: S608 - names of ours


async def list_sent(
    session: Session,
    tenant_id: TenantId,
    asked: Asked,
    profile_ids: Sequence[UUID],
    times: Sequence[int],
    window_days: int,
) -> list[Sending]:
    """What was sent to these people in their windows, which begin at `times` (Unix seconds)."""
    rows = await session.execute(
        _SENT,
        {
            "tenant_id": tenant_id, "campaigns": list(asked.campaigns), "oldest": lowest_id(asked.since),
            "profiles": list(profile_ids), "times": list(times), "window": window_days,
        },
    )  # fmt: skip
    return [Sending(*row) for row in rows]


# Each step is counted of people, by the time of what happened; visits of a store's campaign are those of its zones.
_FUNNEL = text(f"""
WITH RECURSIVE {_GONE}, {_MESSAGES},
sent AS (
  SELECT person_id, device_id, profile_id, sent_at, received_at, opened_at, id FROM messages
  WHERE status IN ('sent', 'unknown') AND sent_at IS NOT NULL AND created_at >= :since),
steps AS (
  SELECT s.person_id, s.profile_id, s.received_at IS NOT NULL OR s.opened_at IS NOT NULL AS delivered,
    s.opened_at IS NOT NULL AS opened,
    EXISTS (SELECT FROM receipt r WHERE r.tenant_id = :tenant_id AND r.message_id = s.id AND r.kind = 'clicked'
      AND r.id >= :oldest) AS clicked,
    EXISTS (SELECT FROM visit v JOIN zone z ON z.tenant_id = v.tenant_id AND z.id = v.zone_id
      WHERE v.tenant_id = :tenant_id AND v.device_id = s.device_id AND v.entered_at >= s.sent_at
        AND v.entered_at < s.sent_at + make_interval(days => :window)
        AND (CAST(:stores AS uuid[]) IS NULL AND z.store_id IS NOT NULL OR z.store_id = ANY(CAST(:stores AS uuid[])))
    ) AS visited,
    EXISTS (SELECT FROM identifier i JOIN shop_order o ON o.tenant_id = i.tenant_id AND o.identifier_id = i.id
      WHERE i.tenant_id = :tenant_id AND i.profile_id = s.profile_id AND o.status <> 'cancelled'
        AND o.return_of IS NULL AND o.total_minor > o.refunded_minor AND o.ordered_at >= s.sent_at
        AND o.ordered_at < s.sent_at + make_interval(days => :window){_STORE}) AS bought
  FROM sent s)
SELECT count(DISTINCT p), count(DISTINCT p) FILTER (WHERE delivered), count(DISTINCT p) FILTER (WHERE opened),
  count(DISTINCT p) FILTER (WHERE clicked), count(DISTINCT p) FILTER (WHERE visited),
  count(DISTINCT p) FILTER (WHERE bought), count(*)
FROM (SELECT coalesce(profile_id, person_id) AS p, steps.* FROM steps) AS by_person
""")  # noqa: S608 - names of ours
STEPS = ("sent", "delivered", "opened", "clicked", "visited", "bought")


async def count_steps(
    session: Session, tenant_id: TenantId, asked: Asked, window_days: int
) -> tuple[dict[str, int], int]:
    """How many people reached each of STEPS, and how many messages were sent."""
    found = (
        await session.execute(
            _FUNNEL,
            {
                "tenant_id": tenant_id,
                "campaigns": list(asked.campaigns),
                "oldest": lowest_id(asked.since),
                "since": asked.since,
                "window": window_days,
                "stores": asked.stores,
            },
        )
    ).one()
    return dict(zip(STEPS, found[:6], strict=True)), int(found[6])


# Of all opened messages of all campaigns in the days before an order the last one gets all of it.
_TOUCHED = text(f"""
WITH RECURSIVE {_GONE},
touches AS (
  SELECT coalesce(live.id, d.profile_id) AS profile_id, m.campaign_id, m.opened_at
  FROM message m LEFT JOIN device d ON d.tenant_id = m.tenant_id AND d.id = m.device_id
  LEFT JOIN ends ON ends.id = m.person_id
  LEFT JOIN profile live ON live.tenant_id = m.tenant_id AND live.id = coalesce(ends.into_id, m.person_id)
    AND live.merged_into IS NULL
  WHERE m.tenant_id = :tenant_id AND m.id >= :oldest AND m.opened_at >= :since AND m.campaign_id IS NOT NULL
    AND NOT coalesce(d.is_test, false)),
credited AS (
  SELECT DISTINCT ON (o.id) o.id, o.currency, o.total_minor - o.refunded_minor AS money, t.profile_id, t.campaign_id,
    CASE WHEN o.coupons = '{{}}' OR o.total_minor = 0 THEN 0
      ELSE o.discount_minor * (o.total_minor - o.refunded_minor) / o.total_minor END AS incentive
  FROM touches t JOIN identifier i ON i.tenant_id = :tenant_id AND i.profile_id = t.profile_id
  JOIN shop_order o ON o.tenant_id = :tenant_id AND o.identifier_id = i.id AND o.status <> 'cancelled'
    AND o.return_of IS NULL AND o.ordered_at >= t.opened_at
    AND o.ordered_at < t.opened_at + interval '{DIRECT_DAYS} days'{_STORE}
  ORDER BY o.id, t.opened_at DESC, t.campaign_id)
SELECT count(*) FILTER (WHERE money > 0), count(DISTINCT profile_id),
  coalesce(sum(money) FILTER (WHERE currency = :currency), 0)::bigint,
  coalesce(sum(incentive) FILTER (WHERE currency = :currency), 0)::bigint,
  count(*) FILTER (WHERE currency <> :currency)
FROM credited WHERE campaign_id = ANY(CAST(:campaigns AS uuid[]))
""")  # noqa: S608 - names of ours


@dataclass(frozen=True, slots=True)
class Attributed:
    """What followed the last opened message within the window. `others`: orders in other currencies."""

    orders: int
    people: int
    money_minor: int
    incentive_minor: int
    others: int


async def read_attributed(session: Session, tenant_id: TenantId, asked: Asked, currency: str | None) -> Attributed:
    """Last touch, of orders since the experiment began."""
    rows = await session.execute(
        _TOUCHED,
        {
            "tenant_id": tenant_id, "campaigns": list(asked.campaigns), "oldest": lowest_id(asked.since),
            "since": asked.since, "stores": asked.stores, "currency": currency or "",
        },
    )  # fmt: skip
    return Attributed(*rows.one())


# --- what a message costs ------------------------------------------------------------------------------------------


async def list_costs(session: Session, tenant_id: TenantId) -> Sequence[MessageCost]:
    """By channel and country."""
    query = select(MessageCost).where(MessageCost.tenant_id == tenant_id)
    return (await session.execute(query.order_by(MessageCost.channel, MessageCost.country))).scalars().all()


async def put_costs(session: Session, tenant_id: TenantId, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """These and no others."""
    await session.execute(delete(MessageCost).where(MessageCost.tenant_id == tenant_id))
    if rows:
        await session.execute(insert(MessageCost), [{"tenant_id": tenant_id, "updated_at": now, **row} for row in rows])
