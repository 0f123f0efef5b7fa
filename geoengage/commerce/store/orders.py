"""SQL of orders as they are written: many in a few statements, each order's row locked first.

Lines go in by COPY (a statement through the driver costs more than the rows it carries).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from geoengage.commerce.rules import Claim, Known, Line, OrderIn, Refund, Status
from geoengage.commerce.store.catalogue import Items
from geoengage.kit import pgarrays as pg
from geoengage.kit.db import Session, driver, send
from geoengage.kit.ids import TenantId

Key = tuple[str, str]

_LOCK = """
SELECT o.source, o.external_id, o.id, o.source_updated_at, o.content_hash, o.stated_status, o.total_minor,
  o.identifier_id, o.customer_at, o.customer_erased
FROM shop_order o
JOIN unnest(CAST(:sources AS text[]), CAST(:ids AS text[])) AS k (source, external_id)
  ON o.source = k.source AND o.external_id = k.external_id
WHERE o.tenant_id = :tenant_id
ORDER BY o.source, o.external_id FOR NO KEY UPDATE OF o
"""


async def lock_orders(session: Session, tenant_id: TenantId, keys: Sequence[Key]) -> dict[Key, Known]:
    """What is known of these orders, by (source, external id), locked in that order; those not known are left out."""
    sorted_ = sorted(keys)
    found = await send(
        session,
        _LOCK,
        {
            "tenant_id": tenant_id,
            "sources": pg.texts([source for source, _ in sorted_]),
            "ids": pg.texts([id_ for _, id_ in sorted_]),
        },
    )
    rows = await found.fetchall()
    refunds = await _list_refund_versions(session, tenant_id, [row[2] for row in rows]) if rows else {}
    return {
        (row[0], row[1]): Known(
            id=row[2],
            version_at=row[3],
            digest=row[4],
            stated=Status(row[5]),
            total_minor=row[6],
            identifier_id=row[7],
            customer_at=row[8],
            erased=row[9],
            refunds=refunds.get(row[2], {}),
        )
        for row in rows
    }


async def _list_refund_versions(
    session: Session, tenant_id: TenantId, order_ids: Sequence[UUID]
) -> dict[UUID, dict[str, tuple[datetime, int]]]:
    found = await send(
        session,
        "SELECT order_id, external_id, source_updated_at, amount_minor FROM refund"
        " WHERE tenant_id = :tenant_id AND order_id = ANY(:order_ids)",
        {"tenant_id": tenant_id, "order_ids": pg.uuids(order_ids)},
    )
    refunds: dict[UUID, dict[str, tuple[datetime, int]]] = defaultdict(dict)
    for order_id, external_id, version_at, amount in await found.fetchall():
        refunds[order_id][external_id] = (version_at, amount)
    return refunds


_COLUMNS = (
    "ordered_at", "source_updated_at", "status", "stated_status", "currency", "store_id", "channel", "identifier_id",
    "customer_at", "subtotal_minor", "discount_minor", "shipping_minor", "tax_minor", "total_minor", "refunded_minor",
    "return_of", "return_of_source", "content_hash",
)  # fmt: skip
_TYPES = (
    "timestamptz", "timestamptz", "text", "text", "text", "uuid", "text", "uuid", "timestamptz", "bigint", "bigint",
    "bigint", "bigint", "bigint", "bigint", "text", "text", "bytea",
)  # fmt: skip
# unnest would flatten lists of lists: coupons travel as one JSON document, for the few orders that have any.
_UNNEST = ", ".join(f"CAST(:{name} AS {type_}[])" for name, type_ in zip(_COLUMNS, _TYPES, strict=True))
_COUPONS = (
    "coalesce((SELECT array_agg(c) FROM jsonb_array_elements_text(CAST(:coupons AS jsonb) -> k.id::text) c), '{}')"
)
_INSERT = f"""
INSERT INTO shop_order (tenant_id, id, source, external_id, {", ".join(_COLUMNS)}, coupons, created_at, updated_at)
SELECT :tenant_id, k.*, {_COUPONS}, :now, :now
FROM unnest(CAST(:order_ids AS uuid[]), CAST(:sources AS text[]), CAST(:ids AS text[]), {_UNNEST})
  AS k (id, source, external_id, {", ".join(_COLUMNS)})
ON CONFLICT DO NOTHING RETURNING id
"""  # noqa: S608 - names of columns
_UPDATE = f"""
UPDATE shop_order o SET {", ".join(f"{name} = k.{name}" for name in _COLUMNS)}, coupons = {_COUPONS},
  version = o.version + 1, updated_at = :now
FROM unnest(CAST(:order_ids AS uuid[]), {_UNNEST}) AS k (id, {", ".join(_COLUMNS)})
WHERE o.tenant_id = :tenant_id AND o.id = k.id
"""  # noqa: S608 - names of columns


def _columns(found: Sequence[tuple[Known, OrderIn]]) -> dict[str, Any]:
    """Both statements' parameters, in the order of the orders."""
    orders = [order for _, order in found]
    return {
        "order_ids": pg.uuids([known.id for known, _ in found]),
        "ordered_at": pg.times([o.ordered_at for o in orders]),
        "source_updated_at": pg.times([known.version_at for known, _ in found]),
        "status": pg.texts([known.status.value for known, _ in found]),
        "stated_status": pg.texts([known.stated.value for known, _ in found]),
        "currency": pg.texts([o.currency for o in orders]),
        "store_id": pg.uuids_or_null([o.store_id for o in orders]),
        "channel": pg.texts([o.channel.value for o in orders]),
        "identifier_id": pg.uuids_or_null([known.identifier_id for known, _ in found]),
        "customer_at": pg.times_or_null([known.customer_at for known, _ in found]),
        "subtotal_minor": pg.bigints([o.subtotal_minor for o in orders]),
        "discount_minor": pg.bigints([o.discount_minor for o in orders]),
        "shipping_minor": pg.bigints([o.shipping_minor for o in orders]),
        "tax_minor": pg.bigints([o.tax_minor for o in orders]),
        "total_minor": pg.bigints([o.total_minor for o in orders]),
        "refunded_minor": pg.bigints([known.refunded_minor for known, _ in found]),
        "return_of": pg.texts_or_null([o.return_of for o in orders]),
        "return_of_source": pg.texts_or_null([o.return_of_source for o in orders]),
        "content_hash": pg.blobs([known.digest for known, _ in found]),
        "coupons": _coupons(found),
    }


def _coupons(found: Sequence[tuple[Known, OrderIn]]) -> str:
    with_coupons = {str(known.id): list(order.coupons) for known, order in found if order.coupons}
    return msgspec.json.encode(with_coupons).decode()


async def insert_orders(
    session: Session, tenant_id: TenantId, found: Sequence[tuple[Known, OrderIn]], now: datetime
) -> set[UUID]:
    """Rows of new orders; returns the ids of those that nobody else inserted meanwhile."""
    parameters = _columns(found) | {
        "tenant_id": tenant_id,
        "now": now,
        "sources": pg.texts([order.source for _, order in found]),
        "ids": pg.texts([order.external_id for _, order in found]),
    }
    inserted = await send(session, _INSERT, parameters)
    return {id_ for (id_,) in await inserted.fetchall()}


async def update_orders(
    session: Session, tenant_id: TenantId, found: Sequence[tuple[Known, OrderIn]], now: datetime
) -> None:
    """New content of locked orders. Their lines are not touched."""
    await send(session, _UPDATE, _columns(found) | {"tenant_id": tenant_id, "now": now})


async def touch_orders(session: Session, tenant_id: TenantId, found: Sequence[Known], now: datetime) -> None:
    """What changes of locked orders whose content stays: version, customer, what the refunds make of the status."""
    await send(
        session,
        """
UPDATE shop_order o SET source_updated_at = k.version_at, identifier_id = k.identifier_id,
  customer_at = k.customer_at, status = k.status, stated_status = k.stated, refunded_minor = k.refunded_minor,
  content_hash = k.hash,
  version = o.version + CASE WHEN (o.identifier_id, o.status, o.refunded_minor)
    IS DISTINCT FROM (k.identifier_id, k.status, k.refunded_minor) THEN 1 ELSE 0 END,
  updated_at = :now
FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS timestamptz[]), CAST(:identifiers AS uuid[]),
  CAST(:customers_at AS timestamptz[]), CAST(:statuses AS text[]), CAST(:stated AS text[]),
  CAST(:refunded AS bigint[]), CAST(:hashes AS bytea[]))
  AS k (id, version_at, identifier_id, customer_at, status, stated, refunded_minor, hash)
WHERE o.tenant_id = :tenant_id AND o.id = k.id
""",
        {
            "tenant_id": tenant_id,
            "now": now,
            "ids": pg.uuids([k.id for k in found]),
            "versions": pg.times([k.version_at for k in found]),
            "identifiers": pg.uuids_or_null([k.identifier_id for k in found]),
            "customers_at": pg.times_or_null([k.customer_at for k in found]),
            "statuses": pg.texts([k.status.value for k in found]),
            "stated": pg.texts([k.stated.value for k in found]),
            "hashes": pg.blobs([k.digest for k in found]),
            "refunded": pg.bigints([k.refunded_minor for k in found]),
        },
    )


# --- lines, refunds, claims ---------------------------------------------------------------------------------------

_COPY_LINES = """
COPY order_line (tenant_id, order_id, n, external_id, product_id, variant_id, product_external_id, variant_external_id,
  sku, name, category, quantity_milli, unit_price_minor, total_minor, replaces) FROM STDIN
"""
_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NULL = "\\N"


def _field(value: str | None) -> str:
    """A text as COPY reads it."""
    if value is None:
        return _NULL
    return value.translate(_ESCAPES) if _SPECIAL.search(value) else value


async def insert_lines(
    session: Session,
    tenant_id: TenantId,
    found: Sequence[tuple[UUID, UUID | None, Sequence[Line]]],
    items: Items,
) -> None:
    """Lines of orders that have none: (order id, store id, lines)."""
    rows = [
        row for order_id, store_id, lines in found for row in _line_rows(tenant_id, order_id, store_id, lines, items)
    ]
    async with driver(session) as connection, connection.cursor() as cursor, cursor.copy(_COPY_LINES) as copy:
        await copy.write("".join(rows))


def _line_rows(
    tenant_id: TenantId, order_id: UUID, store_id: UUID | None, lines: Sequence[Line], items: Items
) -> Iterable[str]:
    head = f"{tenant_id.hex}\t{order_id.hex}\t"
    for n, line in enumerate(lines):
        product_id, variant_id = items.find_hex(store_id, line.product_id, line.variant_id, line.sku)
        unit = line.unit_price_minor
        yield (
            f"{head}{n}\t{_field(line.external_id)}\t{product_id or _NULL}\t{variant_id or _NULL}\t"
            f"{_field(line.product_id)}\t{_field(line.variant_id)}\t{_field(line.sku)}\t{_field(line.name)}\t"
            f"{_field(line.category)}\t{line.quantity_milli}\t{_NULL if unit is None else unit}\t{line.total_minor}\t"
            f"{_field(line.replaces)}\n"
        )


async def delete_lines(session: Session, tenant_id: TenantId, order_ids: Sequence[UUID]) -> None:
    """Take the lines of locked orders away, for those that come instead."""
    await send(
        session,
        "DELETE FROM order_line WHERE tenant_id = :tenant_id AND order_id = ANY(:order_ids)",
        {"tenant_id": tenant_id, "order_ids": pg.uuids(order_ids)},
    )


async def upsert_refunds(
    session: Session, tenant_id: TenantId, found: Mapping[UUID, Sequence[tuple[datetime, Refund]]], now: datetime
) -> None:
    """Refunds of locked orders with the version that has them so; their lines are replaced."""
    flat = [(order_id, version_at, refund) for order_id, some in found.items() for version_at, refund in some]
    await send(
        session,
        """
WITH k AS (
  SELECT * FROM unnest(CAST(:orders AS uuid[]), CAST(:ids AS text[]), CAST(:ats AS timestamptz[]),
    CAST(:amounts AS bigint[]), CAST(:reasons AS text[]), CAST(:versions AS timestamptz[]))
    AS k (order_id, external_id, at, amount_minor, reason, source_updated_at)),
gone AS (
  DELETE FROM refund_line l USING k WHERE l.tenant_id = :tenant_id AND l.order_id = k.order_id
    AND l.refund_external_id = k.external_id)
INSERT INTO refund AS r (tenant_id, order_id, external_id, at, amount_minor, reason, source_updated_at, created_at)
SELECT :tenant_id, k.*, :now FROM k
ON CONFLICT (tenant_id, order_id, external_id) DO UPDATE SET at = excluded.at, amount_minor = excluded.amount_minor,
  reason = excluded.reason, source_updated_at = excluded.source_updated_at
""",
        {
            "tenant_id": tenant_id,
            "now": now,
            "orders": pg.uuids([order_id for order_id, _, _ in flat]),
            "ids": pg.texts([refund.external_id for _, _, refund in flat]),
            "ats": pg.times([refund.at for _, _, refund in flat]),
            "amounts": pg.bigints([refund.amount_minor for _, _, refund in flat]),
            "reasons": pg.texts_or_null([refund.reason for _, _, refund in flat]),
            "versions": pg.times([version_at for _, version_at, _ in flat]),
        },
    )
    await _insert_refund_lines(session, tenant_id, flat)


async def _insert_refund_lines(
    session: Session, tenant_id: TenantId, flat: Sequence[tuple[UUID, datetime, Refund]]
) -> None:
    lines = [
        (order_id, refund.external_id, n, line) for order_id, _, refund in flat for n, line in enumerate(refund.lines)
    ]
    if not lines:
        return
    await send(
        session,
        """
INSERT INTO refund_line (tenant_id, order_id, refund_external_id, n, line, product_external_id, sku, quantity_milli,
  amount_minor)
SELECT :tenant_id, k.* FROM unnest(CAST(:orders AS uuid[]), CAST(:ids AS text[]), CAST(:ns AS int[]),
  CAST(:lines AS text[]), CAST(:products AS text[]), CAST(:skus AS text[]), CAST(:quantities AS bigint[]),
  CAST(:amounts AS bigint[])) AS k
""",
        {
            "tenant_id": tenant_id,
            "orders": pg.uuids([each[0] for each in lines]),
            "ids": pg.texts([each[1] for each in lines]),
            "ns": pg.ints([each[2] for each in lines]),
            "lines": pg.texts_or_null([each[3].line for each in lines]),
            "products": pg.texts_or_null([each[3].product_id for each in lines]),
            "skus": pg.texts_or_null([each[3].sku for each in lines]),
            "quantities": pg.bigints([each[3].quantity_milli for each in lines]),
            "amounts": pg.bigints([each[3].amount_minor for each in lines]),
        },
    )


async def insert_claims(session: Session, tenant_id: TenantId, found: Mapping[UUID, Sequence[Claim]]) -> None:
    """Ids that guests left with locked orders; one of each kind, the newest holds."""
    flat = [(order_id, claim) for order_id, claims in found.items() for claim in claims]
    await send(
        session,
        """
INSERT INTO order_claim (tenant_id, order_id, claim_kind, claim_value)
SELECT DISTINCT ON (k.order_id, k.kind) :tenant_id, k.order_id, k.kind, k.value
FROM unnest(CAST(:orders AS uuid[]), CAST(:kinds AS text[]), CAST(:values AS text[])) WITH ORDINALITY
  AS k (order_id, kind, value, i)
ORDER BY k.order_id, k.kind, k.i DESC
ON CONFLICT (tenant_id, order_id, claim_kind) DO UPDATE SET claim_value = excluded.claim_value
""",
        {
            "tenant_id": tenant_id,
            "orders": pg.uuids([order_id for order_id, _ in flat]),
            "kinds": pg.texts([claim.kind for _, claim in flat]),
            "values": pg.texts([claim.value for _, claim in flat]),
        },
    )


async def delete_claims(session: Session, tenant_id: TenantId, order_ids: Sequence[UUID]) -> None:
    """Forget what guests left: it is known whose orders these are."""
    await send(
        session,
        "DELETE FROM order_claim WHERE tenant_id = :tenant_id AND order_id = ANY(:order_ids)",
        {"tenant_id": tenant_id, "order_ids": pg.uuids(order_ids)},
    )


@dataclass(frozen=True, slots=True)
class Attached:
    """A guest's order that belongs to somebody now."""

    order_id: UUID
    source: str
    external_id: str
    store_id: UUID | None
    channel: str
    status: str
    currency: str
    total_minor: int
    identifier_id: UUID


# By the strongest id where a guest left several; RANK's order is that of the kinds' names here.
_ATTACH = """
WITH found AS (
  SELECT DISTINCT ON (c.order_id) c.order_id, i.id AS identifier_id
  FROM identifier i
  JOIN order_claim c ON c.tenant_id = i.tenant_id AND c.claim_kind = i.kind AND c.claim_value = i.value
  WHERE i.tenant_id = :tenant_id AND i.is_verified AND NOT i.is_shared
    AND (CAST(:since AS uuid) IS NULL OR i.id >= CAST(:since AS uuid))
  ORDER BY c.order_id, array_position(ARRAY['external_id', 'loyalty_card', 'source_id', 'email', 'phone'], i.kind)),
locked AS (
  SELECT o.id, found.identifier_id FROM shop_order o JOIN found ON found.order_id = o.id
  WHERE o.tenant_id = :tenant_id AND o.identifier_id IS NULL AND NOT o.customer_erased
  ORDER BY o.source, o.external_id FOR NO KEY UPDATE OF o),
gone AS (DELETE FROM order_claim c USING locked WHERE c.tenant_id = :tenant_id AND c.order_id = locked.id)
UPDATE shop_order o SET identifier_id = locked.identifier_id, customer_at = o.source_updated_at,
  version = o.version + 1, updated_at = :now
FROM locked WHERE o.tenant_id = :tenant_id AND o.id = locked.id
RETURNING o.id, o.source, o.external_id, o.store_id, o.channel, o.status, o.currency, o.total_minor, o.identifier_id
"""


async def attach_claims(session: Session, tenant_id: TenantId, since: UUID | None, now: datetime) -> list[Attached]:
    """Give guests' orders to the verified ids that they left, of those made from `since` on; their claims go away."""
    found = await send(session, _ATTACH, {"tenant_id": tenant_id, "since": since, "now": now})
    return [Attached(*row) for row in await found.fetchall()]


async def tenants_with_claims(session: Session) -> list[TenantId]:
    """Tenants with orders of guests who left something (cross-tenant: a job looks whether they are known by now)."""
    found = await send(
        session,
        "SELECT t.id FROM tenant t WHERE EXISTS (SELECT 1 FROM order_claim c WHERE c.tenant_id = t.id)",
        {},
    )
    return [TenantId(id_) for (id_,) in await found.fetchall()]
