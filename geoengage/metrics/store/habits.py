"""SQL of habits: what people did by days, what is kept of them, whose turn it is, what they are measured with."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from sqlalchemy import select, text

from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId, lowest_id
from geoengage.metrics.models import CustomerHabitRow, CustomerSummary, ShopRhythm
from geoengage.metrics.rules import Purchases, Shop
from geoengage.metrics.store.summaries import BOUGHT

VISITS = timedelta(days=365)
_DAYS = f"""
WITH {BOUGHT}
SELECT b.profile_id, b.day, sum(b.spent) FILTER (WHERE b.currency = s.currency)
FROM bought b JOIN customer_summary s ON s.tenant_id = :tenant_id AND s.profile_id = b.profile_id
GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 - names of ours
_DAYS_SOME = text(_DAYS.format(some="i.profile_id = ANY(CAST(:ids AS uuid[]))"))
_DAYS_ALL = text(_DAYS.format(some="true"))
# Days with a visit to a store; only of devices whose user agreed to location and to personalisation, no test devices.
_VISITS = text("""
SELECT DISTINCT d.profile_id, (v.entered_at AT TIME ZONE t.timezone)::date AS day
FROM device d JOIN tenant t ON t.id = :tenant_id
JOIN visit v ON v.tenant_id = :tenant_id AND v.device_id = d.id AND v.id >= :first_visit
JOIN zone_version z ON z.tenant_id = :tenant_id AND z.zone_id = v.zone_id AND z.version = v.zone_version
WHERE d.tenant_id = :tenant_id AND d.profile_id = ANY(CAST(:ids AS uuid[])) AND z.store_id IS NOT NULL
AND d.location = 'granted' AND d.personalisation = 'granted' AND NOT d.is_test ORDER BY 1, 2
""")


@dataclass(frozen=True, slots=True)
class Done:
    """What one person did: purchase days with their money in the main currency, days of visits."""

    bought: Sequence[date]
    spent: Sequence[int]
    visited: Sequence[date]


async def list_done(session: Session, tenant_id: TenantId, ids: Collection[UUID], now: datetime) -> dict[UUID, Done]:
    """What people did, by profile; those without a purchase are left out."""
    parameters = {"tenant_id": tenant_id, "ids": list(ids)}
    days: dict[UUID, list[tuple[date, int]]] = defaultdict(list)
    for profile_id, day, spent in await session.execute(_DAYS_SOME, parameters):
        days[profile_id].append((day, int(spent or 0)))
    visits: dict[UUID, list[date]] = defaultdict(list)
    for profile_id, day in await session.execute(_VISITS, parameters | {"first_visit": lowest_id(now - VISITS)}):
        visits[profile_id].append(day)
    return {
        id_: Done([day for day, _ in rows], [spent for _, spent in rows], visits.get(id_, ()))
        for id_, rows in days.items()
    }


async def read_purchases(session: Session, tenant_id: TenantId) -> tuple[list[UUID], Purchases]:
    """Everybody's purchase days: the profiles, and their days in the same order."""
    rows = (await session.execute(_DAYS_ALL, {"tenant_id": tenant_id})).all()
    ids = list(dict.fromkeys(row[0] for row in rows))
    counts: dict[UUID, int] = dict.fromkeys(ids, 0)
    for row in rows:
        counts[row[0]] += 1
    starts = np.concatenate([[0], np.cumsum(list(counts.values()))]).astype(np.int64)
    return ids, Purchases(np.array([row[1].toordinal() for row in rows], dtype=np.int64), starts)


async def read_habits(
    session: Session, tenant_id: TenantId, profile_ids: Collection[UUID]
) -> dict[UUID, CustomerHabitRow]:
    """The habits of people, by profile; who is missing has bought nothing: a subscriber."""
    found = await session.scalars(
        select(CustomerHabitRow).where(
            CustomerHabitRow.tenant_id == tenant_id, CustomerHabitRow.profile_id.in_(profile_ids)
        ),
        execution_options={"populate_existing": True},
    )
    return {row.profile_id: row for row in found}


async def read_summaries(
    session: Session, tenant_id: TenantId, profile_ids: Collection[UUID]
) -> dict[UUID, CustomerSummary]:
    """What people bought in sum, by profile; those who bought nothing are left out."""
    found = await session.scalars(
        select(CustomerSummary).where(
            CustomerSummary.tenant_id == tenant_id, CustomerSummary.profile_id.in_(profile_ids)
        ),
        execution_options={"populate_existing": True},
    )
    return {row.profile_id: row for row in found}


_FIELDS = {
    "profile_id": "uuid", "own_purchases": "int", "now_days": "int", "bought_now": "int", "bought_before": "int",
    "per_week_before": "float8", "per_week_now": "float8", "frequency_change": "float8", "spend_change": "float8",
    "visits_change": "float8", "typical_gap_days": "float8", "gap_p80_days": "float8",
    "gap_p80_passed_at": "timestamptz", "gap_days": "float8[]", "gap_passed_at": "timestamptz[]", "decline": "text",
    "decline_towards": "text", "decline_since": "date", "stage": "text", "stage_since": "date",
    "checked_at": "timestamptz", "check_at": "timestamptz",
}  # fmt: skip
_UPSERT = text(f"""
INSERT INTO customer_habit (tenant_id, {", ".join(_FIELDS)})
SELECT :tenant_id, r.* FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS r ({", ".join(f"{name} {type_}" for name, type_ in _FIELDS.items())})
ON CONFLICT (tenant_id, profile_id) DO UPDATE
  SET {", ".join(f"{name} = excluded.{name}" for name in _FIELDS if name != "profile_id")}
""")  # noqa: S608 - names of ours


async def upsert_habits(session: Session, tenant_id: TenantId, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep habits; each row has all columns but the tenant's."""
    if rows:
        await session.execute(_UPSERT, {"tenant_id": tenant_id, "rows": msgspec.json.encode(rows).decode()})


async def delete_habits(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> set[UUID]:
    """Forget habits of people; returns of whom there were any."""
    rows = await session.execute(
        text(
            "DELETE FROM customer_habit WHERE tenant_id = :tenant_id AND profile_id = ANY(CAST(:ids AS uuid[]))"
            " RETURNING profile_id"
        ),
        {"tenant_id": tenant_id, "ids": list(ids)},
    )
    return set(rows.scalars())


# --- whose turn it is ---------------------------------------------------------------------------------------------


async def tenants_with_due_habits(session: Session, now: datetime) -> list[TenantId]:
    """Tenants of whose people time alone may have changed something (cross-tenant: the worker serves all)."""
    found = await send(
        session,
        "SELECT t.id FROM tenant t WHERE EXISTS"
        " (SELECT FROM customer_habit h WHERE h.tenant_id = t.id AND h.check_at <= :now) ORDER BY 1",
        {"now": now},
    )
    return [TenantId(id_) for (id_,) in found.rows]


async def claim_due_habits(session: Session, tenant_id: TenantId, now: datetime, limit: int) -> list[UUID]:
    """People whose turn it is, by their summaries' locks; those whom somebody else works on are passed over."""
    rows = await session.execute(
        text(
            "SELECT s.profile_id FROM customer_habit h JOIN customer_summary s"
            " ON s.tenant_id = :tenant_id AND s.profile_id = h.profile_id"
            " WHERE h.tenant_id = :tenant_id AND h.check_at <= :now"
            " ORDER BY h.check_at, h.profile_id LIMIT :limit FOR NO KEY UPDATE OF s SKIP LOCKED"
        ),
        {"tenant_id": tenant_id, "now": now, "limit": limit},
    )
    return list(rows.scalars())


async def check_all(session: Session, tenant_id: TenantId, now: datetime) -> None:
    """It is everybody's turn: what they are measured with is another."""
    await session.execute(
        text("UPDATE customer_habit SET check_at = :now WHERE tenant_id = :tenant_id AND check_at > :now"),
        {"tenant_id": tenant_id, "now": now},
    )


# --- what people are measured with --------------------------------------------------------------------------------


async def find_rhythm(session: Session, tenant_id: TenantId) -> ShopRhythm | None:
    """What is kept of a shop's people; None before they were looked at."""
    found: ShopRhythm | None = await session.get(ShopRhythm, tenant_id)
    return found


async def get_shop(session: Session, tenant_id: TenantId) -> Shop:
    """What a tenant's people are measured with; the usual where nothing is known or said."""
    row = await find_rhythm(session, tenant_id)
    return Shop() if row is None else row.shop


async def set_rhythm(session: Session, tenant_id: TenantId, shop: Shop, now: datetime) -> None:
    """Keep how people buy and the season; thresholds stay what they are."""
    season = shop.season
    await session.execute(
        text(
            "INSERT INTO shop_rhythm (tenant_id, rate_shape, rate_days, regularity, season_from, season, fitted_at)"
            " VALUES (:tenant_id, :shape, :days, CAST(:regularity AS float8[]), :first, CAST(:season AS float8[]),"
            " :now)"
            " ON CONFLICT (tenant_id) DO UPDATE SET rate_shape = excluded.rate_shape, rate_days = excluded.rate_days,"
            " regularity = excluded.regularity, season_from = excluded.season_from, season = excluded.season,"
            " fitted_at = excluded.fitted_at"
        ),
        {
            "tenant_id": tenant_id,
            "shape": shop.population.shape,
            "days": shop.population.days,
            "regularity": list(shop.population.regularity),
            "first": date.fromordinal(season.first) if season.index else None,
            "season": list(season.index) or None,
            "now": now,
        },
    )


async def set_thresholds(session: Session, tenant_id: TenantId, thresholds: Mapping[str, Any]) -> None:
    """Keep the thresholds in which a tenant differs from the usual ones."""
    await session.execute(
        text(
            "INSERT INTO shop_rhythm (tenant_id, thresholds) VALUES (:tenant_id, CAST(:thresholds AS jsonb))"
            " ON CONFLICT (tenant_id) DO UPDATE SET thresholds = excluded.thresholds"
        ),
        {"tenant_id": tenant_id, "thresholds": msgspec.json.encode(thresholds).decode()},
    )


async def list_rhythms(session: Session) -> list[tuple[TenantId, datetime | None, datetime | None]]:
    """Tenants, when they were fitted and until when repaired (cross-tenant: the worker serves all)."""
    rows = await session.execute(
        text(
            "SELECT t.id, r.fitted_at, r.repaired_until FROM tenant t"
            " LEFT JOIN shop_rhythm r ON r.tenant_id = t.id ORDER BY 1"
        )
    )
    return [(TenantId(row[0]), row[1], row[2]) for row in rows]


async def set_repaired(session: Session, tenant_id: TenantId, until: datetime) -> None:
    """Note until when a tenant's summaries are repaired."""
    await session.execute(
        text(
            "INSERT INTO shop_rhythm (tenant_id, repaired_until) VALUES (:tenant_id, :until)"
            " ON CONFLICT (tenant_id) DO UPDATE SET repaired_until = excluded.repaired_until"
        ),
        {"tenant_id": tenant_id, "until": until},
    )


async def get_timezone(session: Session, tenant_id: TenantId) -> str:
    """The tenant's time zone."""
    rows = await session.execute(text("SELECT timezone FROM tenant WHERE id = :tenant_id"), {"tenant_id": tenant_id})
    return str(rows.scalar_one())
