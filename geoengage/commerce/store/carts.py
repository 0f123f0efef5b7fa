"""SQL of carts: those of a person together, changes, what was left alone, what was ordered."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from geoengage.commerce.models import Cart, CartLine
from geoengage.commerce.rules import CartItem
from geoengage.kit.db import Session, row_dict, send
from geoengage.kit.ids import TenantId
from geoengage.profiles.models import Identifier, StoreProfile
from geoengage.tenancy.models import App


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose cart: an id of a person, or a device that nobody has logged in on."""

    identifier_id: UUID | None = None
    device_id: UUID | None = None


@dataclass(slots=True)
class StoredCart:
    """One cart's row with what lies in it."""

    id: UUID
    owner: Owner
    store_id: UUID | None
    changed_at: datetime
    abandoned_at: datetime | None
    version: int
    things: list[CartItem] = field(default_factory=list)


_OPEN = """
WITH me AS (
  SELECT profile_id FROM identifier WHERE tenant_id = :tenant_id AND id = CAST(:identifier_id AS uuid)
  UNION ALL SELECT profile_id FROM device WHERE tenant_id = :tenant_id AND id = CAST(:device_id AS uuid)
    AND profile_id IS NOT NULL),
ids AS (SELECT i.id FROM identifier i JOIN me USING (profile_id) WHERE i.tenant_id = :tenant_id),
devices AS (SELECT d.id FROM device d JOIN me USING (profile_id) WHERE d.tenant_id = :tenant_id)
SELECT c.id, c.identifier_id, c.device_id, c.store_id, c.changed_at, c.abandoned_at, c.version FROM cart c
WHERE c.tenant_id = :tenant_id AND c.status = 'open'
  AND c.store_id IS NOT DISTINCT FROM CAST(:store_id AS uuid)
  AND (c.identifier_id = CAST(:identifier_id AS uuid) OR c.device_id = CAST(:device_id AS uuid)
    OR c.identifier_id IN (SELECT id FROM ids) OR c.device_id IN (SELECT id FROM devices))
ORDER BY c.id
"""


async def list_open(
    session: Session, tenant_id: TenantId, owner: Owner, store_id: UUID | None, *, lock: bool = False
) -> list[StoredCart]:
    """All open carts of the owner's person for a store, by id; `lock`: their rows, in that order."""
    rows = await session.execute(
        text(_OPEN + (" FOR NO KEY UPDATE OF c" if lock else "")),
        {
            "tenant_id": tenant_id,
            "identifier_id": owner.identifier_id,
            "device_id": owner.device_id,
            "store_id": store_id,
        },
    )
    carts = [_stored(row) for row in rows]
    await _add_things(session, tenant_id, carts)
    return carts


def _stored(row: Any) -> StoredCart:
    owner = Owner(row.identifier_id, row.device_id)
    return StoredCart(row.id, owner, row.store_id, row.changed_at, row.abandoned_at, row.version)


async def _add_things(session: Session, tenant_id: TenantId, carts: Sequence[StoredCart]) -> None:
    if not carts:
        return
    by_id = {cart.id: cart for cart in carts}
    query = select(CartLine).where(CartLine.tenant_id == tenant_id, CartLine.cart_id.in_(by_id))
    fresh = query.order_by(CartLine.added_at, CartLine.item).execution_options(populate_existing=True)
    for line in (await session.execute(fresh)).scalars():
        by_id[line.cart_id].things.append(
            CartItem(**{name: getattr(line, name) for name in CartItem.__dataclass_fields__})
        )


async def open_cart(
    session: Session, tenant_id: TenantId, owner: Owner, store_id: UUID | None, id_: UUID, now: datetime
) -> None:
    """Make sure that the owner has an open cart for a store; another call may have made it at the same moment."""
    await session.execute(
        text(
            "INSERT INTO cart (tenant_id, id, identifier_id, device_id, store_id, changed_at, created_at)"
            " VALUES (:tenant_id, :id, CAST(:identifier_id AS uuid), CAST(:device_id AS uuid),"
            " CAST(:store_id AS uuid), :now, :now) ON CONFLICT DO NOTHING"
        ),
        {
            "tenant_id": tenant_id,
            "id": id_,
            "identifier_id": owner.identifier_id,
            "device_id": owner.device_id,
            "store_id": store_id,
            "now": now,
        },
    )


_LINE = tuple(CartItem.__dataclass_fields__)


async def put_things(session: Session, tenant_id: TenantId, cart_id: UUID, things: Sequence[CartItem]) -> None:
    """Lines of a locked cart, new or instead of those of the same item."""
    if not things:
        return
    columns = ", ".join(_LINE)
    updates = ", ".join(f"{name} = excluded.{name}" for name in _LINE if name != "item")
    await session.execute(
        text(
            f"INSERT INTO cart_line (tenant_id, cart_id, {columns})"  # noqa: S608 - names of columns
            f" VALUES (:tenant_id, :cart_id, {', '.join(f':{name}' for name in _LINE)})"
            f" ON CONFLICT (tenant_id, cart_id, item) DO UPDATE SET {updates}"
        ),
        [
            {"tenant_id": tenant_id, "cart_id": cart_id} | {name: getattr(thing, name) for name in _LINE}
            for thing in things
        ],
    )


async def take_out(session: Session, tenant_id: TenantId, cart_ids: Collection[UUID], items: Collection[str]) -> None:
    """These things out of locked carts."""
    if cart_ids and items:
        await session.execute(
            text(
                "DELETE FROM cart_line WHERE tenant_id = :tenant_id AND cart_id = ANY(:cart_ids) AND item = ANY(:items)"
            ),
            {"tenant_id": tenant_id, "cart_ids": list(cart_ids), "items": list(items)},
        )


async def touch(session: Session, tenant_id: TenantId, cart_ids: Collection[UUID], at: datetime) -> None:
    """Locked carts have changed: their version rises, and nobody has abandoned them."""
    await session.execute(
        text(
            "UPDATE cart SET version = version + 1, changed_at = greatest(changed_at, :at), abandoned_at = NULL"
            " WHERE tenant_id = :tenant_id AND id = ANY(:ids)"
        ),
        {"tenant_id": tenant_id, "ids": list(cart_ids), "at": at},
    )


async def give_to(session: Session, tenant_id: TenantId, cart_id: UUID, identifier_id: UUID) -> None:
    """A locked cart of a device becomes that of who has logged in there; that id must have no open one."""
    await session.execute(
        text(
            "UPDATE cart SET identifier_id = :identifier_id, device_id = NULL, version = version + 1"
            " WHERE tenant_id = :tenant_id AND id = :id"
        ),
        {"tenant_id": tenant_id, "id": cart_id, "identifier_id": identifier_id},
    )


async def delete_cart(session: Session, tenant_id: TenantId, cart_id: UUID) -> None:
    """A locked cart whose things lie in another now."""
    await session.execute(
        text("DELETE FROM cart WHERE tenant_id = :tenant_id AND id = :id"), {"tenant_id": tenant_id, "id": cart_id}
    )


# --- reading ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CartFilter:
    """Which carts to list. `status`: open, abandoned (open, left alone), ordered. `store_ids`: what the caller sees."""

    status: str | None = None
    store_id: UUID | None = None
    store_ids: frozenset[UUID] | None = None


async def list_carts(
    session: Session, tenant_id: TenantId, wanted: CartFilter, before: UUID | None, limit: int
) -> list[tuple[Cart, list[CartItem]]]:
    """Carts by id, the newest first, with what lies in each."""
    query = select(Cart).where(Cart.tenant_id == tenant_id)
    if wanted.status == "abandoned":
        query = query.where(Cart.status == "open", Cart.abandoned_at.is_not(None))
    elif wanted.status is not None:
        query = query.where(Cart.status == wanted.status)
    if wanted.store_id is not None:
        query = query.where(Cart.store_id == wanted.store_id)
    if wanted.store_ids is not None:
        query = query.where(Cart.store_id.in_(wanted.store_ids))
    if before is not None:
        query = query.where(Cart.id < before)
    rows = (await session.execute(query.order_by(Cart.id.desc()).limit(limit))).scalars().all()
    carts = [_stored(row) for row in rows]
    await _add_things(session, tenant_id, carts)
    return [(row, cart.things) for row, cart in zip(rows, carts, strict=True)]


@dataclass(frozen=True, slots=True)
class Offered:
    """A variant as a cart shows it."""

    variant_id: UUID
    product_id: UUID
    product_external_id: str
    variant_external_id: str
    sku: str | None
    name: str
    image_url: str | None
    price_minor: int | None
    currency: str | None


async def list_offered(
    session: Session, tenant_id: TenantId, variant_ids: Collection[UUID], store_id: UUID | None
) -> dict[UUID, Offered]:
    """What a store offers of these variants, by id: the tenant's catalogue, and its own products."""
    rows = await session.execute(
        text("""
SELECT v.id AS variant_id, v.product_id, p.external_id AS product_external_id, v.external_id AS variant_external_id,
  v.sku, concat_ws(' ', p.name, v.name) AS name, coalesce(v.image_url, p.image_urls[1]) AS image_url, v.price_minor,
  v.currency
FROM product_variant v JOIN product p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
WHERE v.tenant_id = :tenant_id AND v.id = ANY(:ids) AND (p.store_id IS NULL OR p.store_id = CAST(:store_id AS uuid))
"""),
        {"tenant_id": tenant_id, "ids": list(variant_ids), "store_id": store_id},
    )
    return {row.variant_id: Offered(**row_dict(row)) for row in rows}


async def find_app_store(session: Session, tenant_id: TenantId, app_id: UUID) -> UUID | None:
    """The store whose app it is; None: the tenant's."""
    return (
        await session.execute(select(App.store_id).where(App.tenant_id == tenant_id, App.id == app_id))
    ).scalar_one_or_none()


async def is_customer(
    session: Session, tenant_id: TenantId, identifier_id: UUID, store_ids: frozenset[UUID] | None
) -> bool:
    """Whether the tenant knows the id and, for a caller restricted to stores, one of these does."""
    if store_ids is None:
        query = select(Identifier.id).where(Identifier.tenant_id == tenant_id, Identifier.id == identifier_id)
    else:
        query = select(StoreProfile.identifier_id).where(
            StoreProfile.tenant_id == tenant_id,
            StoreProfile.identifier_id == identifier_id,
            StoreProfile.store_id.in_(store_ids),
        )
    return (await session.execute(query.limit(1))).first() is not None


# --- abandoned ----------------------------------------------------------------------------------------------------


async def tenants_with_waiting_carts(session: Session, now: datetime) -> list[tuple[TenantId, int]]:
    """Tenants with carts that were left alone for as long as each says, and that many seconds (cross-tenant: a job)."""
    found = await send(
        session,
        """
SELECT t.id, t.cart_abandoned_after_s FROM tenant t WHERE EXISTS (
  SELECT 1 FROM cart c WHERE c.tenant_id = t.id AND c.status = 'open' AND c.abandoned_at IS NULL
    AND c.changed_at < CAST(:now AS timestamptz) - make_interval(secs => t.cart_abandoned_after_s))
""",
        {"now": now},
    )
    return [(TenantId(row[0]), row[1]) for row in found.rows]


# A person may have several open carts: they are abandoned together, when the last one that was touched is old enough.
_ABANDON = text("""
WITH due AS (
  SELECT c.id, c.store_id, c.changed_at, c.identifier_id, c.device_id,
    coalesce(i.profile_id, d.profile_id, c.identifier_id, c.device_id) AS who
  FROM cart c
  LEFT JOIN identifier i ON i.tenant_id = c.tenant_id AND i.id = c.identifier_id
  LEFT JOIN device d ON d.tenant_id = c.tenant_id AND d.id = c.device_id
  WHERE c.tenant_id = :tenant_id AND c.status = 'open' AND c.abandoned_at IS NULL AND c.changed_at < :before
  ORDER BY c.id LIMIT :limit FOR NO KEY UPDATE OF c SKIP LOCKED),
fresh AS (
  SELECT due.id FROM due WHERE EXISTS (
    SELECT 1 FROM cart c
    LEFT JOIN identifier i ON i.tenant_id = c.tenant_id AND i.id = c.identifier_id
    LEFT JOIN device d ON d.tenant_id = c.tenant_id AND d.id = c.device_id
    WHERE c.tenant_id = :tenant_id AND c.status = 'open' AND c.changed_at >= :before
      AND c.store_id IS NOT DISTINCT FROM due.store_id
      AND coalesce(i.profile_id, d.profile_id, c.identifier_id, c.device_id) = due.who))
UPDATE cart c SET abandoned_at = due.changed_at + make_interval(secs => :after_s)
FROM due WHERE c.tenant_id = :tenant_id AND c.id = due.id AND due.id NOT IN (SELECT id FROM fresh)
RETURNING c.id, c.identifier_id, c.device_id, c.store_id, c.changed_at, c.abandoned_at, c.version, due.who
""")


async def abandon(
    session: Session, tenant_id: TenantId, after_s: int, before: datetime, limit: int
) -> dict[tuple[UUID, UUID | None], list[StoredCart]]:
    """Mark carts not changed since `before`; those that were, by (person, store). Somebody else's locks are left."""
    rows = await session.execute(
        _ABANDON, {"tenant_id": tenant_id, "before": before, "after_s": after_s, "limit": limit}
    )
    found: dict[tuple[UUID, UUID | None], list[StoredCart]] = defaultdict(list)
    for row in rows:
        found[row.who, row.store_id].append(_stored(row))
    await _add_things(session, tenant_id, [cart for carts in found.values() for cart in carts])
    return found


# --- ordered ------------------------------------------------------------------------------------------------------

_OF_ORDERS = text("""
WITH k AS (
  SELECT * FROM unnest(CAST(:orders AS uuid[]), CAST(:identifiers AS uuid[]), CAST(:carts AS uuid[]))
    AS k (order_id, identifier_id, cart_id)),
people AS (
  SELECT k.order_id, i.profile_id FROM k JOIN identifier i ON i.tenant_id = :tenant_id AND i.id = k.identifier_id),
owned AS (
  SELECT p.order_id, c.id FROM people p
  JOIN identifier i ON i.tenant_id = :tenant_id AND i.profile_id = p.profile_id
  JOIN cart c ON c.tenant_id = :tenant_id AND c.identifier_id = i.id AND c.status = 'open'
  UNION SELECT p.order_id, c.id FROM people p
  JOIN device d ON d.tenant_id = :tenant_id AND d.profile_id = p.profile_id
  JOIN cart c ON c.tenant_id = :tenant_id AND c.device_id = d.id AND c.status = 'open'
  UNION SELECT k.order_id, c.id FROM k
  JOIN cart c ON c.tenant_id = :tenant_id AND c.id = k.cart_id AND c.status = 'open')
SELECT owned.order_id, c.id, c.identifier_id, c.device_id, c.store_id, c.changed_at, c.abandoned_at, c.version
FROM owned JOIN cart c ON c.tenant_id = :tenant_id AND c.id = owned.id
ORDER BY c.id, owned.order_id FOR NO KEY UPDATE OF c
""")


async def lock_carts_of_orders(
    session: Session, tenant_id: TenantId, orders: Sequence[tuple[UUID, UUID | None, UUID | None]]
) -> dict[UUID, list[StoredCart]]:
    """Open carts of those who ordered, by order id; `orders`: (order id, identifier id, the cart that it names)."""
    rows = await session.execute(
        _OF_ORDERS,
        {
            "tenant_id": tenant_id,
            "orders": [each[0] for each in orders],
            "identifiers": [each[1] for each in orders],
            "carts": [each[2] for each in orders],
        },
    )
    carts: dict[UUID, StoredCart] = {}
    found: dict[UUID, list[StoredCart]] = defaultdict(list)
    for row in rows:
        cart = carts.setdefault(row.id, _stored(row))
        found[row.order_id].append(cart)
    await _add_things(session, tenant_id, list(carts.values()))
    return found


async def note_ordered(
    session: Session, tenant_id: TenantId, found: Mapping[UUID, tuple[UUID, bool]], now: datetime
) -> None:
    """Something of these locked carts was ordered: cart id → (order id, whether nothing is left in it)."""
    await session.execute(
        text("""
UPDATE cart c SET version = c.version + 1,
  recovered_at = CASE WHEN c.abandoned_at IS NULL THEN c.recovered_at ELSE :now END,
  status = CASE WHEN k.is_empty THEN 'ordered' ELSE c.status END,
  order_id = CASE WHEN k.is_empty THEN k.order_id END
FROM unnest(CAST(:ids AS uuid[]), CAST(:orders AS uuid[]), CAST(:empty AS boolean[])) AS k (id, order_id, is_empty)
WHERE c.tenant_id = :tenant_id AND c.id = k.id
"""),
        {
            "tenant_id": tenant_id,
            "now": now,
            "ids": list(found),
            "orders": [order_id for order_id, _ in found.values()],
            "empty": [is_empty for _, is_empty in found.values()],
        },
    )
