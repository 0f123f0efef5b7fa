"""Leaves on homes and last known places, in SQL: of people with a device whose user agreed, see `visits`."""

from geoengage.metrics.rules.traits import CELL_LAT_DEG, CELL_LON_DEG
from geoengage.segments.leaves.base import Part, Terms, people
from geoengage.segments.leaves.visits import AGREED
from geoengage.segments.rules import PlaceCondition

# The middle of the cell that a home area names by its south-western corner.
_HOME = (
    "FROM (SELECT p.id AS person, ST_SetSRID(ST_MakePoint("
    f"CAST(split_part(h.cell, ',', 2) AS float8) + {CELL_LON_DEG / 2},"
    f" CAST(split_part(h.cell, ',', 1) AS float8) + {CELL_LAT_DEG / 2}), 4326) AS point"
    " FROM profile p CROSS JOIN LATERAL (SELECT p.attributes ->> 'home_area' AS cell) h"
    f" WHERE p.tenant_id = :tenant_id AND p.merged_into IS NULL {people('p.id')}"
    r" AND h.cell ~ '^-?\d{1,2}\.\d{2},-?\d{1,3}\.\d{2}$'"
    " AND EXISTS (SELECT FROM device d WHERE d.tenant_id = :tenant_id AND d.profile_id = p.id"
    f" AND {AGREED}) OFFSET 0) k WHERE true"
)
_LAST = (
    "FROM (SELECT DISTINCT ON (d.profile_id) d.profile_id AS person,"
    " ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326) AS point"
    " FROM device d JOIN device_state s ON s.tenant_id = d.tenant_id AND s.device_id = d.id"
    f" WHERE d.tenant_id = :tenant_id AND d.profile_id IS NOT NULL AND {AGREED} {people('d.profile_id')}"
    " ORDER BY d.profile_id, s.last_at DESC, s.device_id) k WHERE true"
)


def place(terms: Terms, leaf: PlaceCondition) -> Part:
    """Whether a place is near a store, nearest to it, or inside a zone."""
    source = _HOME if leaf.of == "home" else _LAST
    if leaf.within_km is not None:
        store = _store_point(terms.bind(leaf.store_id, "uuid"))
        distance = f"ST_Distance({store}::geography, k.point::geography)"
        holds = f"{distance} <= {terms.bind(leaf.within_km * 1000, 'float8')}"
        return Part(source, "k.person", holds, f"to_jsonb(round(({distance} / 1000)::numeric))", grouped=False)
    if leaf.nearest_store_id is not None:
        nearest = (
            "(SELECT n.id FROM store n WHERE n.tenant_id = :tenant_id"
            " ORDER BY ST_DistanceSphere(n.point, k.point), n.id LIMIT 1)"
        )
        holds = f"{nearest} = {terms.bind(leaf.nearest_store_id, 'uuid')}"
        return Part(source, "k.person", holds, f"to_jsonb({nearest})", grouped=False)
    zone = (
        "EXISTS (SELECT FROM zone h JOIN zone_version z ON z.tenant_id = h.tenant_id AND z.zone_id = h.id"
        " AND z.version = h.published_version WHERE h.tenant_id = :tenant_id"
        f" AND h.id = {terms.bind(leaf.inside_zone_id, 'uuid')} AND h.deleted_at IS NULL AND z.sensitivity = 'none'"
        " AND z.mall_id IS NULL AND ST_Covers(z.geom, k.point))"
    )
    return Part(source, "k.person", zone, f"to_jsonb({zone})", grouped=False)


def _store_point(store_id: str) -> str:
    return f"(SELECT s.point FROM store s WHERE s.tenant_id = :tenant_id AND s.id = {store_id})"
