"""SQL of what conditions can speak of in a tenant: names of traits, events, goods, places, campaigns. Reads only.

`stores`: what a caller who is restricted to these may know; None: everything.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.anonymity import K
from geoengage.kit.db import Session, row_dict
from geoengage.kit.ids import TenantId

Stores = Collection[UUID] | None
MOST_PEOPLE = 10_000  # so many, those that changed last, are looked at for traits: others seldom have any more
MOST_VALUES = 20
MOST_EVENTS = 300
MOST_GOODS = 2_000
_LATEST = 20  # events of a name that are looked at for their properties


async def _list(
    session: Session, tenant_id: TenantId, query: str, stores: Stores = None, **more: Any
) -> list[dict[str, Any]]:
    parameters = more | {"tenant_id": tenant_id} | ({} if stores is None else {"stores": list(stores)})
    return [row_dict(row) for row in await session.execute(text(query), parameters)]


def _of(stores: Stores, column: str) -> str:
    return "" if stores is None else f" AND {column} = ANY(CAST(:stores AS uuid[]))"


_CUSTOMERS = (
    " AND EXISTS (SELECT FROM identifier i JOIN store_profile s ON s.tenant_id = i.tenant_id AND s.identifier_id = i.id"
    " WHERE i.tenant_id = :tenant_id AND i.profile_id = p.id AND s.store_id = ANY(CAST(:stores AS uuid[])))"
)
_TRAITS = """
WITH person AS MATERIALIZED (
  SELECT p.attributes || jsonb_strip_nulls(
    jsonb_build_object('first_name', p.first_name, 'language', p.language)) AS traits
  FROM profile p WHERE p.tenant_id = :tenant_id AND p.merged_into IS NULL{customers}
  ORDER BY p.updated_at DESC LIMIT :most),
said AS (SELECT t.key AS name, t.value, CASE jsonb_typeof(t.value)
    WHEN 'string' THEN CASE WHEN t.value #>> '{{}}' ~ '^\\d{{4}}-\\d\\d-\\d\\d' THEN 'time' ELSE 'text' END
    WHEN 'boolean' THEN 'yes_no' WHEN 'array' THEN 'list' ELSE jsonb_typeof(t.value) END AS type
  FROM person, jsonb_each(person.traits) AS t WHERE jsonb_typeof(t.value) <> 'null'),
counted AS (SELECT name, value, count(*) AS n, row_number() OVER (PARTITION BY name ORDER BY count(*) DESC, value) AS i
  FROM said WHERE type IN ('text', 'number', 'yes_no') GROUP BY name, value HAVING count(*) >= :k)
SELECT s.name, array_agg(DISTINCT s.type) AS types, (SELECT coalesce(jsonb_agg(c.value ORDER BY c.i), '[]')
  FROM counted c WHERE c.name = s.name AND c.i <= :most_values) AS "values"
FROM said s GROUP BY s.name ORDER BY s.name
"""


async def list_traits(session: Session, tenant_id: TenantId, stores: Stores) -> list[dict[str, Any]]:
    """Traits of the people who changed last: `name`, `types`, and `values` that at least K of them have."""
    query = _TRAITS.format(customers="" if stores is None else _CUSTOMERS)
    return await _list(session, tenant_id, query, stores, most=MOST_PEOPLE, k=K, most_values=MOST_VALUES)


# From one name to the next by the index: there are millions of events and few names.
_EVENTS = """
WITH RECURSIVE names (name, i) AS (
  (SELECT name, 1 FROM event WHERE tenant_id = :tenant_id AND name IS NOT NULL ORDER BY name LIMIT 1)
  UNION ALL SELECT (SELECT e.name FROM event e WHERE e.tenant_id = :tenant_id AND e.name > n.name
    ORDER BY e.name LIMIT 1), n.i + 1 FROM names n WHERE n.name IS NOT NULL AND n.i < :most)
SELECT n.name, l.type, l.at AS last_at, l.properties FROM names n JOIN LATERAL (
  SELECT min(e.type) AS type, max(e.at) AS at, jsonb_agg(e.properties) AS properties FROM (
    SELECT type, at, properties FROM event WHERE tenant_id = :tenant_id AND name = n.name ORDER BY id DESC LIMIT :latest
  ) e) l ON l.type IS NOT NULL
ORDER BY n.name
"""


async def list_events(session: Session, tenant_id: TenantId) -> list[dict[str, Any]]:
    """Names of events: `name`, `type`, `last_at`, and `properties`, which are those of the latest ones."""
    return await _list(session, tenant_id, _EVENTS, most=MOST_EVENTS, latest=_LATEST)


async def list_goods(session: Session, tenant_id: TenantId, stores: Stores) -> Mapping[str, list[str]]:
    """Categories and brands of what is sold; of the tenant's catalogue and of these stores."""
    mine = "" if stores is None else " AND (store_id IS NULL OR store_id = ANY(CAST(:stores AS uuid[])))"
    found: dict[str, list[str]] = {}
    for column in ("category", "brand"):
        query = (
            f"SELECT DISTINCT {column} AS name FROM product WHERE tenant_id = :tenant_id AND status = 'active'"  # noqa: S608
            f" AND {column} IS NOT NULL{mine} ORDER BY 1 LIMIT :most"
        )
        found[column] = [row["name"] for row in await _list(session, tenant_id, query, stores, most=MOST_GOODS)]
    return found


async def list_places(session: Session, tenant_id: TenantId, stores: Stores) -> dict[str, list[dict[str, Any]]]:
    """`stores`, `malls` and published `zones` that are not sensitive; of a store its own."""
    shops = await _list(
        session,
        tenant_id,
        "SELECT x.id, x.name, x.mall_id FROM store x"  # noqa: S608 - constants
        f" WHERE x.tenant_id = :tenant_id{_of(stores, 'x.id')} ORDER BY x.name, x.id",
        stores,
    )
    mine = "" if stores is None else (
        " AND EXISTS (SELECT FROM store s WHERE s.tenant_id = :tenant_id AND s.mall_id = x.id"
        " AND s.id = ANY(CAST(:stores AS uuid[])))"
    )  # fmt: skip
    malls = await _list(
        session,
        tenant_id,
        f"SELECT x.id, x.name FROM mall x WHERE x.tenant_id = :tenant_id{mine} ORDER BY x.name, x.id",  # noqa: S608
        stores,
    )
    zones = await _list(
        session,
        tenant_id,
        "SELECT z.id, v.name, v.kind, v.mall_id, v.store_id FROM zone z JOIN zone_version v"  # noqa: S608 - constants
        " ON v.tenant_id = z.tenant_id AND v.zone_id = z.id AND v.version = z.published_version"
        " WHERE z.tenant_id = :tenant_id AND z.deleted_at IS NULL AND v.sensitivity = 'none'"
        f"{_of(stores, 'v.store_id')} ORDER BY v.name, z.id",
        stores,
    )
    return {"stores": shops, "malls": malls, "zones": zones}


async def list_named(session: Session, tenant_id: TenantId, stores: Stores) -> dict[str, list[dict[str, Any]]]:
    """`campaigns`, `segments` and `lists` with their ids and names; those of these stores."""
    found = {}
    for name, table, only in (
        ("campaigns", "campaign", " AND x.deleted_at IS NULL"),
        ("segments", "segment", " AND x.archived_at IS NULL"),
        ("lists", "people_list", ""),
    ):
        query = (
            f"SELECT x.id, x.name FROM {table} x WHERE x.tenant_id = :tenant_id{only}{_of(stores, 'x.store_id')}"  # noqa: S608
            " ORDER BY x.name, x.id"
        )
        found[name] = await _list(session, tenant_id, query, stores)
    return found
