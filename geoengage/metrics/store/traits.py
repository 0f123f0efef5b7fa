"""SQL of what people did, counted, and of whose traits have to be computed anew."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, lowest_id
from geoengage.metrics.rules import BIRTHDAYS, CELL_LAT_DEG, CELL_LON_DEG, Habit, Known, cell_name

YEAR = timedelta(days=365)
NIGHTS = timedelta(days=14)
STAY = timedelta(days=1)  # a visit that began earlier than so long before the last round was counted then
# What a profile's people did in `YEAR`. Visits and nights: only of devices whose user agreed to location and to
# personalisation, and no test device.
_HABITS = text("""
WITH who AS (
  SELECT i.id AS identifier_id, i.profile_id FROM identifier i
  WHERE i.tenant_id = :tenant_id AND i.profile_id = ANY(CAST(:ids AS uuid[]))),
bought AS (
  SELECT w.profile_id, o.store_id, o.channel, o.ordered_at,
    extract(hour FROM o.ordered_at AT TIME ZONE coalesce(s.timezone, t.timezone))::int AS hour
  FROM who w JOIN shop_order o ON o.tenant_id = :tenant_id AND o.identifier_id = w.identifier_id
  JOIN tenant t ON t.id = :tenant_id LEFT JOIN store s ON s.tenant_id = :tenant_id AND s.id = o.store_id
  WHERE o.ordered_at > :year AND o.ordered_at <= :now AND o.status <> 'cancelled' AND o.return_of IS NULL),
phone AS (
  SELECT d.id, d.profile_id, coalesce(d.timezone, t.timezone) AS timezone
  FROM device d JOIN tenant t ON t.id = :tenant_id
  WHERE d.tenant_id = :tenant_id AND d.profile_id = ANY(CAST(:ids AS uuid[]))
  AND d.location = 'granted' AND d.personalisation = 'granted' AND NOT d.is_test),
night AS (
  SELECT p.profile_id, floor(f.lat / :cell_lat)::int AS row, floor(f.lon / :cell_lon)::int AS col,
    ((f.at AT TIME ZONE p.timezone) - interval '12 hours')::date AS evening, max(f.at) AS at
  FROM phone p JOIN ping f ON f.tenant_id = :tenant_id AND f.device_id = p.id
  WHERE f.run_from > :nights AND f.verdict IS NULL
  AND extract(hour FROM f.run_from AT TIME ZONE p.timezone) NOT BETWEEN 5 AND 19  -- what is of the day is not unpacked
  AND extract(hour FROM f.at AT TIME ZONE p.timezone) NOT BETWEEN 5 AND 21
  GROUP BY 1, 2, 3, 4)
SELECT profile_id, 'store' AS what, store_id::text AS value, NULL::int AS col, count(*) AS times,
  max(ordered_at) AS last
FROM bought WHERE store_id IS NOT NULL GROUP BY 1, 3
UNION ALL SELECT profile_id, 'channel', channel, NULL, count(*), max(ordered_at) FROM bought GROUP BY 1, 3
UNION ALL SELECT profile_id, 'hour', hour::text, NULL, count(*), max(ordered_at) FROM bought GROUP BY 1, 3
UNION ALL SELECT p.profile_id, 'visited', z.store_id::text, NULL, count(*), max(v.entered_at)
FROM phone p JOIN visit v ON v.tenant_id = :tenant_id AND v.device_id = p.id AND v.id >= :first_visit
JOIN zone_version z ON z.tenant_id = :tenant_id AND z.zone_id = v.zone_id AND z.version = v.zone_version
WHERE z.store_id IS NOT NULL GROUP BY 1, 3
UNION ALL SELECT profile_id, 'night', row::text, col, count(*), max(at) FROM night GROUP BY 1, 3, 4
""")
_KNOWN = text("""
SELECT p.id, p.attributes, EXISTS (SELECT FROM device d WHERE d.tenant_id = :tenant_id AND d.profile_id = p.id
  AND d.location = 'granted' AND d.personalisation = 'granted' AND NOT d.is_test) AS may_place
FROM profile p WHERE p.tenant_id = :tenant_id AND p.id = ANY(CAST(:ids AS uuid[])) AND p.merged_into IS NULL
""")


async def get_known(session: Session, tenant_id: TenantId, ids: Collection[UUID], now: datetime) -> dict[UUID, Known]:
    """What is known of people, by profile; merged and unknown ones are left out."""
    parameters: dict[str, Any] = {
        "tenant_id": tenant_id,
        "ids": list(ids),
        "now": now,
        "year": now - YEAR,
        "nights": now - NIGHTS,
        "first_visit": lowest_id(now - YEAR),
        "cell_lat": CELL_LAT_DEG,
        "cell_lon": CELL_LON_DEG,
    }
    habits: dict[UUID, list[Habit]] = defaultdict(list)
    for row in await session.execute(_HABITS, parameters):
        value = row.value if row.col is None else cell_name(int(row.value), row.col)
        habits[row.profile_id].append(Habit(row.what, value, row.times, row.last))
    rows = await session.execute(_KNOWN, {"tenant_id": tenant_id, "ids": list(ids)})
    return {row.id: Known(tuple(habits[row.id]), row.attributes, row.may_place) for row in rows}


async def list_computed(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """The computed traits of people as they stand, without those that were taken away."""
    rows = await session.execute(
        text(
            "SELECT DISTINCT ON (i.profile_id, t.name) i.profile_id, t.name, t.value FROM identifier i"
            " JOIN trait t ON t.tenant_id = :tenant_id AND t.identifier_id = i.id AND t.source = 'computed'"
            " WHERE i.tenant_id = :tenant_id AND i.profile_id = ANY(CAST(:ids AS uuid[]))"
            " ORDER BY i.profile_id, t.name, t.at DESC, t.value DESC"
        ),
        {"tenant_id": tenant_id, "ids": list(ids)},
    )
    found: dict[UUID, dict[str, Any]] = defaultdict(dict)
    for profile_id, name, value in rows:
        if value is not None:
            found[profile_id][name] = value
    return found


# --- whose traits -------------------------------------------------------------------------------------------------

# Whoever did something since, of whom something was said, who joined or parted, decided anew; and once a day whose
# phone was heard of, and who has a birthday.
_CHANGED = text(f"""
SELECT i.profile_id FROM shop_order o JOIN identifier i ON i.tenant_id = :tenant_id AND i.id = o.identifier_id
WHERE o.tenant_id = :tenant_id AND o.updated_at > :since
UNION SELECT d.profile_id FROM visit v JOIN device d ON d.tenant_id = :tenant_id AND d.id = v.device_id
WHERE v.tenant_id = :tenant_id AND v.id >= :first_visit AND d.profile_id IS NOT NULL
UNION SELECT d.profile_id FROM ping_run r JOIN device d ON d.tenant_id = :tenant_id AND d.id = r.device_id
WHERE r.tenant_id = :tenant_id AND r.event_at > :nights AND d.profile_id IS NOT NULL
  AND d.location = 'granted' AND d.personalisation = 'granted' AND :is_new_day
UNION SELECT d.profile_id FROM consent_entry c JOIN device d ON d.tenant_id = :tenant_id AND d.id = c.device_id
WHERE c.tenant_id = :tenant_id AND c.at > :since AND d.profile_id IS NOT NULL
UNION SELECT p.id FROM profile p WHERE p.tenant_id = :tenant_id AND p.updated_at > :since AND p.merged_into IS NULL
UNION SELECT p.id FROM profile p WHERE p.tenant_id = :tenant_id AND p.merged_into IS NULL AND :is_new_day
  AND substring(coalesce({", ".join(f"attributes ->> '{name}'" for name in BIRTHDAYS)}) FROM 6 FOR 5)
    = ANY(CAST(:days AS text[]))
""")  # noqa: S608 - names of ours


async def list_changed(
    session: Session, tenant_id: TenantId, since: datetime, now: datetime, days: Sequence[date]
) -> list[UUID]:
    """The profiles about which there is news since a moment. `days`: those that have begun meanwhile."""
    rows = await session.execute(
        _CHANGED,
        {
            "tenant_id": tenant_id,
            "since": since,
            "first_visit": lowest_id(since - STAY),
            "nights": max(since, now - NIGHTS) - STAY,
            "days": [f"{day:%m-%d}" for day in days],
            "is_new_day": bool(days),
        },
    )
    return sorted(rows.scalars())


async def list_tenants(session: Session) -> list[tuple[TenantId, str, datetime | None]]:
    """Tenants with their time zones and until when they are computed (cross-tenant: the worker serves all)."""
    rows = await session.execute(
        text(
            "SELECT t.id, t.timezone, m.until FROM tenant t LEFT JOIN computed_mark m ON m.tenant_id = t.id ORDER BY 1"
        )
    )
    return [(TenantId(row[0]), row[1], row[2]) for row in rows]


async def set_mark(session: Session, tenant_id: TenantId, until: datetime) -> None:
    """Note until when a tenant's traits are computed."""
    await session.execute(
        text(
            "INSERT INTO computed_mark (tenant_id, until) VALUES (:tenant_id, :until)"
            " ON CONFLICT (tenant_id) DO UPDATE SET until = excluded.until"
        ),
        {"tenant_id": tenant_id, "until": until},
    )


async def list_owners_of(session: Session, tenant_id: TenantId, device_ids: Collection[UUID]) -> set[UUID]:
    """The profiles to which these devices belong."""
    rows = await session.execute(
        text(
            "SELECT profile_id FROM device WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"
            " AND profile_id IS NOT NULL"
        ),
        {"tenant_id": tenant_id, "ids": list(device_ids)},
    )
    return set(rows.scalars())
