"""SQL of what was said about people, and of the profile that is made from it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId


@dataclass(frozen=True, slots=True)
class Statement:
    """One trait of one id. `value` is JSON text."""

    identifier_id: UUID
    name: str
    value: str
    at: datetime


_INSERT = text("""
INSERT INTO trait AS t (tenant_id, identifier_id, name, source, is_claim, value, first_at, at)
SELECT :tenant_id, n.identifier_id, n.name, :source, :is_claim, n.value, min(n.at), max(n.at)
FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:values AS jsonb[]), CAST(:at AS timestamptz[]))
  AS n (identifier_id, name, value, at)
GROUP BY n.identifier_id, n.name, n.value ORDER BY n.identifier_id, n.name, n.value
ON CONFLICT (tenant_id, identifier_id, name, source, is_claim, digest) DO UPDATE
SET first_at = least(t.first_at, excluded.first_at), at = greatest(t.at, excluded.at)
WHERE excluded.at > t.at OR excluded.first_at < t.first_at
RETURNING identifier_id
""")


async def insert_traits(
    session: Session, tenant_id: TenantId, stated: Sequence[Statement], *, source: str, is_claim: bool
) -> set[UUID]:
    """Keep statements; returns the ids about which there is news. A repeated one moves its time only."""
    rows = await session.execute(
        _INSERT,
        {
            "tenant_id": tenant_id,
            "source": source,
            "is_claim": is_claim,
            "ids": [s.identifier_id for s in stated],
            "names": [s.name for s in stated],
            "values": [s.value for s in stated],
            "at": [s.at for s in stated],
        },
    )
    return set(rows.scalars())


# Proven before computed before claimed, then the newest; source and value decide between two of the same moment.
NEWEST_FIRST = (
    "CASE WHEN t.is_claim THEN 2 WHEN t.source = 'computed' THEN 1 ELSE 0 END, t.at DESC, t.source, t.value DESC"
)
_REFRESH = text(f"""
WITH newest AS (
  SELECT DISTINCT ON (i.profile_id, t.name) i.profile_id, t.name, t.value
  FROM identifier i JOIN trait t ON t.tenant_id = i.tenant_id AND t.identifier_id = i.id
  WHERE i.tenant_id = :tenant_id AND i.profile_id = ANY(CAST(:ids AS uuid[]))
  ORDER BY i.profile_id, t.name, {NEWEST_FIRST}),
known AS (
  SELECT p.id, (
      SELECT i.value FROM identifier i WHERE i.tenant_id = :tenant_id AND i.profile_id = p.id AND i.kind = 'external_id'
      ORDER BY i.created_at, i.value LIMIT 1) AS external_id,
    coalesce(jsonb_object_agg(n.name, n.value)
      FILTER (WHERE n.value <> 'null' AND n.name NOT IN ('first_name', 'language')), '{{}}') AS attributes,
    max(n.value #>> '{{}}') FILTER (WHERE n.name = 'first_name') AS first_name,
    max(n.value #>> '{{}}') FILTER (WHERE n.name = 'language') AS language
  FROM unnest(CAST(:ids AS uuid[])) AS p (id) LEFT JOIN newest n ON n.profile_id = p.id GROUP BY p.id)
UPDATE profile p SET external_id = k.external_id, attributes = k.attributes, first_name = k.first_name,
  language = k.language, updated_at = :now
FROM known k WHERE p.tenant_id = :tenant_id AND p.id = k.id
AND (p.external_id, p.attributes, p.first_name, p.language)
  IS DISTINCT FROM (k.external_id, k.attributes, k.first_name, k.language)
""")  # noqa: S608 - the order above


async def refresh_profiles(session: Session, tenant_id: TenantId, ids: Collection[UUID], now: datetime) -> None:
    """Make locked profiles anew from their ids and what was said about these."""
    await session.execute(_REFRESH, {"tenant_id": tenant_id, "ids": list(ids), "now": now})


async def list_traits(session: Session, tenant_id: TenantId, profile_id: UUID) -> Sequence[Any]:
    """What was said about a person, by name, of each name the value in force first."""
    rows = await session.execute(
        text(
            "SELECT t.name, t.value, t.source, t.is_claim, t.first_at, t.at, t.identifier_id FROM trait t"  # noqa: S608
            " JOIN identifier i ON i.tenant_id = t.tenant_id AND i.id = t.identifier_id"
            f" WHERE t.tenant_id = :tenant_id AND i.profile_id = :profile_id ORDER BY t.name, {NEWEST_FIRST}"
        ),
        {"tenant_id": tenant_id, "profile_id": profile_id},
    )
    return rows.all()
