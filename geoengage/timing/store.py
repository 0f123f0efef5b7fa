"""SQL of timing: what people did when, their clocks, day parts, priors, hours of stores.

Clicks are taps and clicks that the person's own app told; what a mail scanner or a picture in an e-mail opens is told
by no device and so counts nowhere. Only people of whom a device agrees to personalisation have a history here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from geoengage.kit.db import Session
from geoengage.kit.errors import NotFound
from geoengage.kit.ids import TenantId
from geoengage.timing.models import DayPartRow, HourPrior
from geoengage.timing.rules import DayPart
from geoengage.venues.rules import Schedule, parse_schedule

TENANT = UUID(int=0)  # stands for the whole tenant among segments
SAMPLE = 20_000  # newest actions of each kind that a prior is counted from
Action = tuple[UUID, str, datetime]  # profile, kind, moment


@dataclass(frozen=True, slots=True)
class Clock:
    """A person's clock (IANA, as the newest device that knows says it; None: unknown), and whether their history may
    be used."""

    timezone: str | None
    agrees: bool


@dataclass(frozen=True, slots=True)
class TenantClock:
    """The tenant's own clock, quiet hours and country (of its first mall that says one); or a store's, which has the
    quiet hours of the tenant."""

    timezone: str
    quiet_start: time
    quiet_end: time
    territory: str | None


_ACTIONS = """
SELECT d.profile_id, 'click' AS kind, min(r.at) AS at
FROM device d JOIN receipt r ON r.tenant_id = d.tenant_id AND r.device_id = d.id
JOIN message m ON m.tenant_id = r.tenant_id AND m.id = r.message_id
WHERE d.tenant_id = :tenant_id AND d.profile_id = ANY(CAST(:ids AS uuid[])) AND d.personalisation = 'granted'
  AND r.at > :since AND (r.kind = 'clicked' OR r.kind = 'opened' AND m.channel IS DISTINCT FROM 'email')
GROUP BY d.profile_id, r.message_id
UNION ALL
SELECT d.profile_id, 'visit', v.entered_at
FROM device d JOIN visit v ON v.tenant_id = d.tenant_id AND v.device_id = d.id
WHERE d.tenant_id = :tenant_id AND d.profile_id = ANY(CAST(:ids AS uuid[])) AND d.personalisation = 'granted'
  AND v.entered_at > :since
UNION ALL
SELECT i.profile_id, 'purchase', o.ordered_at
FROM identifier i JOIN shop_order o ON o.tenant_id = i.tenant_id AND o.identifier_id = i.id
WHERE i.tenant_id = :tenant_id AND i.profile_id = ANY(CAST(:ids AS uuid[])) AND o.ordered_at > :since
  AND o.status <> 'cancelled' AND o.return_of IS NULL
"""


async def list_actions(
    session: Session, tenant_id: TenantId, profile_ids: Collection[UUID], since: datetime
) -> list[Action]:
    """What these people did after `since`. Who has agreed is the caller's to ask (`list_clocks`)."""
    parameters = {"tenant_id": tenant_id, "ids": list(profile_ids), "since": since}
    return [tuple(row) for row in await session.execute(text(_ACTIONS), parameters)]


async def list_clocks(session: Session, tenant_id: TenantId, profile_ids: Collection[UUID]) -> dict[UUID, Clock]:
    """The clocks of these people; who has no device is not among them."""
    rows = await session.execute(
        text(
            "SELECT profile_id, (array_agg(timezone ORDER BY id DESC) FILTER (WHERE timezone IS NOT NULL))[1],"
            " bool_or(personalisation = 'granted') FROM device"
            " WHERE tenant_id = :tenant_id AND profile_id = ANY(CAST(:ids AS uuid[])) GROUP BY profile_id"
        ),
        {"tenant_id": tenant_id, "ids": list(profile_ids)},
    )
    return {profile_id: Clock(timezone, agrees) for profile_id, timezone, agrees in rows}


_CLOCK = """
SELECT coalesce(s.timezone, m.timezone, t.timezone), t.quiet_start, t.quiet_end, coalesce(m.territory,
  CASE WHEN coalesce(s.timezone, m.timezone, t.timezone) = t.timezone THEN (SELECT first.territory FROM mall first
    WHERE first.tenant_id = t.id AND first.territory IS NOT NULL ORDER BY first.id LIMIT 1) END)
FROM tenant t LEFT JOIN store s ON s.tenant_id = t.id AND s.id = CAST(:store_id AS uuid)
LEFT JOIN mall m ON m.tenant_id = s.tenant_id AND m.id = s.mall_id
WHERE t.id = :tenant_id
"""


async def get_tenant_clock(session: Session, tenant_id: TenantId, store_id: UUID | None = None) -> TenantClock:
    """The tenant's own, or that of one of its stores. A store abroad that is in no mall has no country here: its clock
    says which."""
    row = await session.execute(text(_CLOCK), {"tenant_id": tenant_id, "store_id": store_id})
    return TenantClock(*row.one())


async def list_open_hours(
    session: Session, tenant_id: TenantId, store_id: UUID | None, mall_id: UUID | None
) -> list[tuple[Schedule, ZoneInfo]]:
    """When a store is open, or (a mall has no hours of its own) any store of a mall; none where nobody said so."""
    rows = await session.execute(
        text(
            "SELECT s.opening_hours, coalesce(s.timezone, m.timezone, t.timezone) FROM store s"
            " JOIN tenant t ON t.id = s.tenant_id LEFT JOIN mall m ON m.tenant_id = s.tenant_id AND m.id = s.mall_id"
            " WHERE s.tenant_id = :tenant_id AND (s.id = CAST(:store AS uuid) OR s.mall_id = CAST(:mall AS uuid))"
            " AND s.opening_hours <> '[]'"
        ),
        {"tenant_id": tenant_id, "store": store_id, "mall": mall_id},
    )
    found: dict[tuple[Schedule, str], None] = {}  # most stores of a mall keep the same hours
    for hours, timezone in rows:
        schedule = parse_schedule({"hours": hours})
        if schedule is not None:
            found[schedule, timezone] = None
    return [(schedule, ZoneInfo(timezone)) for schedule, timezone in found]


async def check_profile(session: Session, tenant_id: TenantId, profile_id: UUID) -> None:
    """Raise NotFound unless there is such a person."""
    row = await session.execute(
        text("SELECT FROM profile WHERE tenant_id = :tenant_id AND id = :id"),
        {"tenant_id": tenant_id, "id": profile_id},
    )
    if row.first() is None:
        raise NotFound(f"there is no person {profile_id}")


# --- day parts ------------------------------------------------------------------------------------------------------


async def list_day_parts(session: Session, tenant_id: TenantId) -> list[DayPart]:
    """What the tenant has written, in its order; empty when it has not."""
    query = select(DayPartRow).where(DayPartRow.tenant_id == tenant_id).order_by(DayPartRow.position)
    return [
        DayPart(
            name=row.name,
            days=tuple(row.days),
            starts=row.starts,
            ends=row.ends,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            is_good=row.is_good,
        )
        for row in (await session.execute(query)).scalars()
    ]


async def set_day_parts(session: Session, tenant_id: TenantId, parts: Sequence[DayPart]) -> None:
    """Replace them."""
    await session.execute(delete(DayPartRow).where(DayPartRow.tenant_id == tenant_id))
    session.add_all(
        DayPartRow(
            tenant_id=tenant_id, position=position, name=part.name, days=list(part.days), starts=part.starts,
            ends=part.ends, valid_from=part.valid_from, valid_to=part.valid_to, is_good=part.is_good,
        )
        for position, part in enumerate(parts)
    )  # fmt: skip
    await session.flush()


# --- priors ---------------------------------------------------------------------------------------------------------

_SAMPLE = """
WITH who AS MATERIALIZED (
  SELECT d.id, d.profile_id FROM device d WHERE d.tenant_id = :tenant_id AND d.profile_id IS NOT NULL
    AND d.personalisation = 'granted' AND NOT d.is_test AND (CAST(:segment AS uuid) IS NULL OR EXISTS (
      SELECT FROM segment_member s WHERE s.tenant_id = :tenant_id AND s.segment_id = CAST(:segment AS uuid)
        AND s.profile_id = d.profile_id))),
clicks AS (
  SELECT w.profile_id, 'click' AS kind, r.at FROM receipt r JOIN who w ON w.id = r.device_id
  JOIN message m ON m.tenant_id = r.tenant_id AND m.id = r.message_id
  WHERE r.tenant_id = :tenant_id AND r.at > :since
    AND (r.kind = 'clicked' OR r.kind = 'opened' AND m.channel IS DISTINCT FROM 'email')
  ORDER BY r.id DESC LIMIT :sample),
visits AS (
  SELECT w.profile_id, 'visit', v.entered_at FROM visit v JOIN who w ON w.id = v.device_id
  WHERE v.tenant_id = :tenant_id AND v.entered_at > :since ORDER BY v.id DESC LIMIT :sample),
purchases AS (
  SELECT i.profile_id, 'purchase', o.ordered_at FROM shop_order o
  JOIN identifier i ON i.tenant_id = o.tenant_id AND i.id = o.identifier_id
  WHERE o.tenant_id = :tenant_id AND o.ordered_at > :since AND o.status <> 'cancelled' AND o.return_of IS NULL
    AND EXISTS (SELECT FROM who w WHERE w.profile_id = i.profile_id)
  ORDER BY o.ordered_at DESC LIMIT :sample)
SELECT * FROM clicks UNION ALL SELECT * FROM visits UNION ALL SELECT * FROM purchases
"""


async def list_sample(session: Session, tenant_id: TenantId, segment_id: UUID, since: datetime) -> list[Action]:
    """The newest actions of the tenant's people, or of a segment's, who agree; 20,000 of a kind at most."""
    segment = None if segment_id == TENANT else segment_id
    parameters = {"tenant_id": tenant_id, "segment": segment, "since": since, "sample": SAMPLE}
    return [tuple(row) for row in await session.execute(text(_SAMPLE), parameters)]


async def find_prior(session: Session, tenant_id: TenantId, segment_id: UUID) -> HourPrior | None:
    """What was counted last; None when nothing was."""
    return await session.get(HourPrior, (tenant_id, segment_id), populate_existing=True)


async def save_prior(
    session: Session, tenant_id: TenantId, segment_id: UUID, counts: Sequence[float], people: int, now: datetime
) -> None:
    """Keep a count in place of the last one."""
    values: dict[str, Any] = {"counts": list(counts), "people": people, "counted_at": now}
    row = insert(HourPrior).values(tenant_id=tenant_id, segment_id=segment_id, **values)
    await session.execute(row.on_conflict_do_update(index_elements=["tenant_id", "segment_id"], set_=values))
