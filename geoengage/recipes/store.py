"""SQL of recipes: what was switched on, and what a preview asks of other domains' tables, which it only reads."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text

from geoengage.kit import pgarrays
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.recipes.models import RecipeLaunch

# --- what was switched on --------------------------------------------------------------------------------------------


async def claim_launch(session: Session, tenant_id: TenantId, wanted: RecipeLaunch) -> RecipeLaunch:
    """The row of that recipe, store and item, made if there is none, and locked: two who launch at once meet here."""
    names = {
        "tenant_id": tenant_id, "id": wanted.id, "recipe": wanted.recipe, "store_id": wanted.store_id,
        "content_id": wanted.content_id, "now": wanted.launched_at,
    }  # fmt: skip
    await session.execute(
        text(
            "INSERT INTO recipe_launch (tenant_id, id, recipe, store_id, content_id, launched_at)"
            " VALUES (:tenant_id, :id, :recipe, :store_id, :content_id, :now) ON CONFLICT DO NOTHING"
        ),
        names,
    )
    query = select(RecipeLaunch).where(
        RecipeLaunch.tenant_id == tenant_id,
        RecipeLaunch.recipe == wanted.recipe,
        RecipeLaunch.store_id.is_not_distinct_from(wanted.store_id),
        RecipeLaunch.content_id.is_not_distinct_from(wanted.content_id),
    )
    return (await session.execute(query.with_for_update())).scalar_one()


async def list_launches(
    session: Session,
    tenant_id: TenantId,
    stores: Collection[UUID] | None,
    recipe: str | None = None,
    *,
    lock: bool = False,
) -> Sequence[RecipeLaunch]:
    """What was switched on, oldest first; with `stores` only for these, with `recipe` only of that one."""
    query = select(RecipeLaunch).where(RecipeLaunch.tenant_id == tenant_id, RecipeLaunch.campaign_id.is_not(None))
    if stores is not None:
        query = query.where(RecipeLaunch.store_id.in_(stores))
    if recipe is not None:
        query = query.where(RecipeLaunch.recipe == recipe)
    query = query.order_by(RecipeLaunch.id)
    return (await session.execute(query.with_for_update() if lock else query)).scalars().all()


async def find_launch(session: Session, tenant_id: TenantId, launch_id: UUID) -> RecipeLaunch | None:
    """What was switched on by that id."""
    query = select(RecipeLaunch).where(RecipeLaunch.tenant_id == tenant_id, RecipeLaunch.id == launch_id)
    return (await session.execute(query)).scalar_one_or_none()


# --- what a preview asks ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose phones count. `ids`: only of these people; None: of everybody. `tests` None: all phones, else test phones
    only or never. `preview`: no push provider is set up, so none needs an address. `at_place`: location must be agreed
    to."""

    ids: Collection[UUID] | None
    tests: bool | None
    preview: bool
    at_place: bool


_PUSHED = """
SELECT DISTINCT d.profile_id FROM device d
JOIN profile p ON p.tenant_id = d.tenant_id AND p.id = d.profile_id AND p.suppressed_at IS NULL
WHERE d.tenant_id = :tenant_id AND (CAST(:ids AS uuid[]) IS NULL OR d.profile_id = ANY(CAST(:ids AS uuid[])))
  AND (CAST(:tests AS boolean) IS NULL OR d.is_test = CAST(:tests AS boolean))
  AND d.marketing_push = 'granted' AND (NOT :at_place OR d.location = 'granted')
  AND (d.is_test OR (d.push_address IS NOT NULL AND d.push_retired_at IS NULL) OR (:preview AND NOT EXISTS (
    SELECT FROM firebase_sender f WHERE f.tenant_id = d.tenant_id AND f.app_id = d.app_id)))
"""


async def list_pushed(session: Session, tenant_id: TenantId, asked: Asked) -> set[UUID]:
    """People with a phone that advertising can be pushed to, as campaigns estimate it."""
    ids = None if asked.ids is None else pgarrays.uuids(asked.ids)
    parameters = {"ids": ids, "tests": asked.tests, "preview": asked.preview, "at_place": asked.at_place}
    found = await send(session, _PUSHED, parameters | {"tenant_id": tenant_id})
    return {id_ for (id_,) in found.rows}


async def list_agreeing(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> set[UUID]:
    """Those of these people who agreed to personalisation on one of their phones."""
    found = await send(
        session,
        "SELECT DISTINCT profile_id FROM device WHERE tenant_id = :tenant_id AND personalisation = 'granted'"
        " AND profile_id = ANY(CAST(:ids AS uuid[]))",
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(ids)},
    )
    return {id_ for (id_,) in found.rows}


async def list_who_left_carts(
    session: Session, tenant_id: TenantId, store_id: UUID | None, now: datetime, within: timedelta
) -> set[UUID]:
    """People of whom a cart was called abandoned lately."""
    rows = await session.execute(
        text(
            "SELECT DISTINCT coalesce(i.profile_id, d.profile_id) FROM cart c"
            " LEFT JOIN identifier i ON i.tenant_id = c.tenant_id AND i.id = c.identifier_id"
            " LEFT JOIN device d ON d.tenant_id = c.tenant_id AND d.id = c.device_id"
            " WHERE c.tenant_id = :tenant_id AND c.abandoned_at >= :since"
            " AND (CAST(:store_id AS uuid) IS NULL OR c.store_id = CAST(:store_id AS uuid))"
        ),
        {"tenant_id": tenant_id, "store_id": store_id, "since": now - within},
    )
    return {id_ for id_ in rows.scalars() if id_ is not None}


async def count_coupons(session: Session, tenant_id: TenantId) -> tuple[int, int]:
    """Of the coupons that were given to people and are decided: how many were used, and how many there are."""
    row = await session.execute(
        text(
            "SELECT count(*) FILTER (WHERE status = 'redeemed'), count(*) FROM coupon WHERE tenant_id = :tenant_id"
            " AND message_id IS NOT NULL"
            " AND (status = 'redeemed' OR (status = 'released' AND release_reason = 'expired'))"
        ),
        {"tenant_id": tenant_id},
    )
    used, decided = row.one()
    return used, decided


@dataclass(frozen=True, slots=True)
class Prepared:
    """What of the shop's ground work is done. `has_costs`: some product's cost is known; `has_push`, `has_mail`: an app
    that may speak for the store can send. `phones`: of WhatsApp, Viber and SMS those for which there is an account of
    the store's or the tenant's; `has_template`: WhatsApp's has an approved one for marketing."""

    has_costs: bool
    has_push: bool
    has_mail: bool
    phones: frozenset[str]
    has_template: bool

    def can_send(self, way: str) -> bool:
        """Whether something can send that way; pushes go to the preview inbox where nothing else does."""
        return way == "push" or (self.has_mail if way == "email" else way in self.phones)


_PREPARED = """
SELECT EXISTS (SELECT FROM product_variant WHERE tenant_id = :tenant_id AND cost_minor IS NOT NULL),
  EXISTS (SELECT FROM firebase_sender f JOIN app a ON a.tenant_id = f.tenant_id AND a.id = f.app_id
    WHERE f.tenant_id = :tenant_id AND coalesce(a.store_id = CAST(:store_id AS uuid), true)),
  EXISTS (SELECT FROM email_sender e JOIN app a ON a.tenant_id = e.tenant_id AND a.id = e.app_id
    WHERE e.tenant_id = :tenant_id AND coalesce(a.store_id = CAST(:store_id AS uuid), true)),
  ARRAY(SELECT DISTINCT p.channel FROM phone_sender p
    WHERE p.tenant_id = :tenant_id AND coalesce(p.store_id = CAST(:store_id AS uuid), p.store_id IS NULL)),
  EXISTS (SELECT FROM (SELECT p.id, p.account -> 'templates' ->> 'marketing' AS name FROM phone_sender p
      WHERE p.tenant_id = :tenant_id AND p.channel = 'whatsapp'
        AND (p.store_id IS NULL OR p.store_id = CAST(:store_id AS uuid))
      ORDER BY p.store_id NULLS LAST LIMIT 1) s
    JOIN whatsapp_template w ON w.tenant_id = :tenant_id AND w.sender_id = s.id AND w.name = s.name
    WHERE w.status = 'approved')
"""


async def read_prepared(session: Session, tenant_id: TenantId, store_id: UUID | None) -> Prepared:
    """What there is. One query."""
    row = await session.execute(text(_PREPARED), {"tenant_id": tenant_id, "store_id": store_id})
    has_costs, has_push, has_mail, phones, has_template = row.one()
    return Prepared(has_costs, has_push, has_mail, frozenset(phones), has_template)


async def has_birth_dates(session: Session, tenant_id: TenantId, traits: Sequence[str]) -> bool:
    """Whether of anybody one of these traits is known."""
    row = await session.execute(
        text(
            "SELECT EXISTS (SELECT FROM profile WHERE tenant_id = :tenant_id AND merged_into IS NULL"
            " AND attributes ?| CAST(:traits AS text[]))"
        ),
        {"tenant_id": tenant_id, "traits": list(traits)},
    )
    return bool(row.scalar_one())


async def has_products_of(session: Session, tenant_id: TenantId, categories: Sequence[str]) -> bool:
    """Whether a product, or what was sold, belongs to one of these categories or to one below it."""
    row = await session.execute(
        text(
            "SELECT EXISTS (SELECT FROM (SELECT category FROM product WHERE tenant_id = :tenant_id"
            " UNION ALL SELECT category FROM order_line WHERE tenant_id = :tenant_id) c"
            " CROSS JOIN unnest(CAST(:categories AS text[])) AS wanted"
            " WHERE lower(c.category) = lower(wanted) OR starts_with(lower(c.category), lower(wanted) || ' > '))"
        ),
        {"tenant_id": tenant_id, "categories": list(categories)},
    )
    return bool(row.scalar_one())


async def has_habits(session: Session, tenant_id: TenantId) -> bool:
    """Whether anybody has bought often enough to have a habit."""
    row = await session.execute(
        text("SELECT EXISTS (SELECT FROM customer_habit WHERE tenant_id = :tenant_id AND decline <> 'unknown')"),
        {"tenant_id": tenant_id},
    )
    return bool(row.scalar_one())


async def has_subscribers(session: Session, tenant_id: TenantId) -> bool:
    """Whether any known person has agreed to advertising, on a phone or by a decision of theirs."""
    row = await session.execute(
        text(
            "SELECT EXISTS (SELECT FROM device WHERE tenant_id = :tenant_id AND profile_id IS NOT NULL"
            " AND marketing_push = 'granted') OR EXISTS (SELECT FROM consent WHERE tenant_id = :tenant_id"
            " AND purpose = 'marketing' AND state = 'subscribed')"
        ),
        {"tenant_id": tenant_id},
    )
    return bool(row.scalar_one())


async def has_zone(session: Session, tenant_id: TenantId, store_ids: Collection[UUID]) -> bool:
    """Whether one of these stores has a published zone of kind store, at which somebody can be seen to come in."""
    row = await session.execute(
        text(
            "SELECT EXISTS (SELECT FROM zone z JOIN zone_version v ON v.tenant_id = z.tenant_id AND v.zone_id = z.id"
            " AND v.version = z.published_version WHERE z.tenant_id = :tenant_id AND z.deleted_at IS NULL"
            " AND v.kind = 'store' AND v.store_id = ANY(CAST(:stores AS uuid[])))"
        ),
        {"tenant_id": tenant_id, "stores": list(store_ids)},
    )
    return bool(row.scalar_one())


async def find_price_currency(session: Session, tenant_id: TenantId) -> str | None:
    """The currency of most prices of the catalogue; None without prices."""
    row = await session.execute(
        text(
            "SELECT currency FROM product_variant WHERE tenant_id = :tenant_id AND price_minor IS NOT NULL"
            " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
        ),
        {"tenant_id": tenant_id},
    )
    return row.scalar_one_or_none()
