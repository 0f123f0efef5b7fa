"""SQL of campaigns: the table itself, what they may point at, and what the reaction needs. Counts: `counts.py`.

Reads tables of lower domains (zones, stores, visits) and writes none of them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, and_, case, func, select, text

from geoengage.campaigns.models import Campaign
from geoengage.campaigns.rules import (
    Content,
    Definition,
    Place,
    Policy,
    Status,
    TargetStore,
    TargetZone,
    TriggerKind,
)
from geoengage.campaigns.rules.definition import minutes
from geoengage.experiments.rules import Arm, Split, Variant
from geoengage.kit import pgarrays
from geoengage.kit.db import Later, Session, row_dict, send
from geoengage.kit.errors import NotFound
from geoengage.kit.ids import TenantId
from geoengage.kit.pgarrays import PgArray
from geoengage.kit.trips import Answer
from geoengage.venues.models import Store
from geoengage.venues.rules import Hours, ZoneRules


class CampaignNotFound(NotFound):
    """No such campaign, or not one that the caller may see."""

    code = "campaign-not-found"
    title = "No such campaign"


# --- campaigns ----------------------------------------------------------------------------------------------------


async def get_campaign(session: Session, tenant_id: TenantId, id_: UUID, *, lock: bool = False) -> Campaign:
    """A campaign that is not deleted, else CampaignNotFound. `lock`: FOR NO KEY UPDATE, read afresh."""
    query = select(Campaign).where(Campaign.tenant_id == tenant_id, Campaign.id == id_, Campaign.deleted_at.is_(None))
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise CampaignNotFound(f"campaign {id_} does not exist")
    return found


@dataclass(frozen=True, slots=True)
class Filter:
    """Which campaigns to list. `store_ids`: those a restricted caller sees, None for all. `said`: words of the name;
    `archived`: those that were put away, or the others.
    """

    status: Status | None = None
    store_id: UUID | None = None
    store_ids: frozenset[UUID] | None = None
    tag: str | None = None
    said: str | None = None
    archived: bool = False


async def list_by_id(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> dict[UUID, Campaign]:
    """Those of these campaigns that are not deleted."""
    query = select(Campaign).where(Campaign.tenant_id == tenant_id, Campaign.id.in_(ids), Campaign.deleted_at.is_(None))
    return {row.id: row for row in (await session.execute(query)).scalars()}


async def list_campaigns(
    session: Session, tenant_id: TenantId, wanted: Filter, now: datetime, after: UUID | None, limit: int
) -> Sequence[Campaign]:
    """Campaigns by id, which is by age."""
    query = select(Campaign).where(
        Campaign.tenant_id == tenant_id,
        Campaign.deleted_at.is_(None),
        Campaign.archived_at.is_not(None) if wanted.archived else Campaign.archived_at.is_(None),
    )
    if wanted.tag is not None:
        query = query.where(Campaign.tags.contains([wanted.tag]))
    if wanted.said is not None:
        query = query.where(Campaign.name.icontains(wanted.said, autoescape=True))
    if wanted.status is not None:
        query = query.where(_status_at(now) == wanted.status)
    if wanted.store_id is not None:
        query = query.where(Campaign.store_id == wanted.store_id)
    if wanted.store_ids is not None:
        query = query.where(Campaign.store_id.in_(wanted.store_ids))
    if after is not None:
        query = query.where(Campaign.id > after)
    return (await session.execute(query.order_by(Campaign.id).limit(limit))).scalars().all()


async def list_tags(session: Session, tenant_id: TenantId, store_ids: frozenset[UUID] | None) -> list[tuple[str, int]]:
    """The tags in use and how many campaigns have each, archived ones included; of these stores, None for all."""
    tag = func.unnest(Campaign.tags).label("tag")
    query = select(tag, func.count()).where(Campaign.tenant_id == tenant_id, Campaign.deleted_at.is_(None))
    if store_ids is not None:
        query = query.where(Campaign.store_id.in_(store_ids))
    return [(name, count) for name, count in await session.execute(query.group_by(tag).order_by(tag))]


def _status_at(now: datetime) -> ColumnElement[str]:
    """`rules.status_at` in SQL; a test holds the two together."""
    return case(
        (and_(Campaign.status.in_(["active", "paused"]), Campaign.valid_to <= now), "finished"),
        (and_(Campaign.status == "active", Campaign.valid_from > now), "scheduled"),
        else_=Campaign.status,
    )


async def insert_campaign(
    session: Session, tenant_id: TenantId, id_: UUID, content: Content, now: datetime
) -> Campaign:
    """A new draft."""
    row = Campaign(tenant_id=tenant_id, id=id_, status=Status.DRAFT.value, version=1, created_at=now, updated_at=now)
    for name, value in _columns(content).items():
        setattr(row, name, value)
    session.add(row)
    await session.flush()
    return row


async def set_campaign(
    session: Session, tenant_id: TenantId, row: Campaign, now: datetime, content: Content | None = None, **columns: Any
) -> None:
    """Change a locked campaign's content or columns; its version rises. `tenant_id` is that of the row."""
    for name, value in (({} if content is None else _columns(content)) | columns).items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = now
    await session.flush()


def _columns(content: Content) -> dict[str, Any]:
    return {
        "name": content.name,
        "store_id": content.store_id,
        "trigger_kind": content.kind.value,
        "trigger_zone_ids": list(content.zone_ids),
        "trigger_store_ids": list(content.store_ids),
        "trigger_segment_id": content.segment_id,
        "title": content.title,
        "body": content.body,
        "valid_from": content.valid_from,
        "valid_to": content.valid_to,
        "tags": list(content.tags),
        "definition": msgspec.to_builtins(content.definition),
    }


def content_of(row: Campaign | Any) -> Content:
    """What somebody wrote into a campaign (no SQL, cross-tenant: it reads one row that is at hand)."""
    return Content(
        name=row.name,
        store_id=row.store_id,
        kind=TriggerKind(row.trigger_kind),
        zone_ids=tuple(row.trigger_zone_ids),
        store_ids=tuple(row.trigger_store_ids),
        title=row.title,
        body=row.body,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        definition=msgspec.convert(row.definition, Definition),
        segment_id=row.trigger_segment_id,
        tags=tuple(getattr(row, "tags", ())),  # who decides has no use for them
        split=_split(row),
    )


def _split(row: Campaign | Any) -> Split:
    """Of a row of `RUNNING_SQL`; a campaign's own row knows nothing of its experiment."""
    variants = tuple(
        Variant(Arm(v["name"], v["weight"]), v["title"], v["body"]) for v in getattr(row, "variants", None) or ()
    )
    return Split(getattr(row, "holdout_percent", None) or 0, variants)


async def has_approved(session: Session, tenant_id: TenantId, store_id: UUID | None) -> bool:
    """Whether a campaign of this store was in review and approved before, deleted ones included."""
    query = select(Campaign.id).where(
        Campaign.tenant_id == tenant_id,
        Campaign.store_id == store_id,
        Campaign.submitted_at.is_not(None),
        Campaign.decided_at.is_not(None),
        Campaign.decision_reason.is_(None),
    )
    return (await session.execute(query.limit(1))).first() is not None


# --- what campaigns point at ---------------------------------------------------------------------------------------

# The published version says where a zone is and what it is; a zone never published is judged by its newest edit.
_TARGET_ZONES = text("""
SELECT z.id AS zone_id, v.name, v.kind, v.store_id, z.published_version IS NOT NULL AS is_published,
  v.sensitivity <> 'none' AS is_sensitive, coalesce(v.rules -> 'dwell_s', '[]') AS dwell_s,
  coalesce(CAST(v.rules ->> 'exit_s' AS float8), :exit_s) AS exit_s
FROM zone z
JOIN zone_version v ON v.tenant_id = z.tenant_id AND v.zone_id = z.id
  AND v.version = coalesce(z.published_version, z.version)
WHERE z.tenant_id = :tenant_id AND z.deleted_at IS NULL
  AND (z.id = ANY(:zone_ids) OR (v.kind = 'store' AND v.store_id = ANY(:store_ids)))
ORDER BY z.id
""")


async def list_target_zones(
    session: Session, tenant_id: TenantId, zone_ids: Collection[UUID], store_ids: Collection[UUID]
) -> list[TargetZone]:
    """These zones, and the zones of kind store of these stores, by id; unknown and deleted ones are left out."""
    parameters = {"zone_ids": list(zone_ids), "store_ids": list(store_ids), "exit_s": ZoneRules().exit_s}
    rows = await session.execute(_TARGET_ZONES, {"tenant_id": tenant_id} | parameters)
    return [TargetZone(**row_dict(row) | {"dwell_s": tuple(row.dwell_s)}) for row in rows]


async def list_target_stores(session: Session, tenant_id: TenantId, store_ids: Collection[UUID]) -> list[TargetStore]:
    """These stores, by id; unknown ones are left out."""
    rows = await session.execute(
        select(Store.id, Store.name, Store.opening_hours)
        .where(Store.tenant_id == tenant_id, Store.id.in_(store_ids))
        .order_by(Store.id)
    )
    return [
        TargetStore(
            id_, name, tuple(Hours(frozenset(h["days"]), minutes(h["open"]), minutes(h["close"])) for h in open_)
        )
        for id_, name, open_ in rows
    ]


async def find_mall_name(
    session: Session, tenant_id: TenantId, zone_id: UUID | None, store_id: UUID | None
) -> str | None:
    """The mall of a zone, else of a store; None when neither lies in one."""
    row = await session.execute(
        text(
            "SELECT m.name FROM mall m WHERE m.tenant_id = :tenant_id AND m.id = coalesce("
            " (SELECT mall_id FROM zone WHERE tenant_id = :tenant_id AND id = CAST(:zone_id AS uuid)),"
            " (SELECT mall_id FROM store WHERE tenant_id = :tenant_id AND id = CAST(:store_id AS uuid)))"
        ),
        {"tenant_id": tenant_id, "zone_id": zone_id, "store_id": store_id},
    )
    return row.scalar()


# --- the reaction ---------------------------------------------------------------------------------------------------


async def ask_places(
    session: Session, tenant_id: TenantId, zones: Collection[tuple[UUID, int]]
) -> Later[dict[tuple[UUID, int], Place]]:
    """Zones as they were in these versions, by (zone id, version); deleted zones too."""
    found = await send(
        session,
        """
SELECT v.zone_id, v.version, v.name AS zone_name, v.kind AS zone_kind, v.store_id, s.name AS store_name,
  m.name AS mall_name, coalesce(m.timezone, s.timezone, t.timezone) AS timezone
FROM unnest(CAST(:zones AS uuid[]), CAST(:versions AS int[])) AS k (zone_id, version)
JOIN zone_version v ON v.tenant_id = :tenant_id AND v.zone_id = k.zone_id AND v.version = k.version
JOIN tenant t ON t.id = v.tenant_id
LEFT JOIN store s ON s.tenant_id = v.tenant_id AND s.id = v.store_id
LEFT JOIN mall m ON m.tenant_id = v.tenant_id AND m.id = v.mall_id
""",
        {"tenant_id": tenant_id, **_keys(zones)},
    )
    return Later(found, _places)


def _keys(zones: Collection[tuple[UUID, int]]) -> dict[str, PgArray]:
    keys = sorted(zones)
    return {"zones": pgarrays.uuids(z for z, _ in keys), "versions": pgarrays.ints([v for _, v in keys])}


def _places(found: Answer) -> dict[tuple[UUID, int], Place]:
    places = [Place(**row._asdict() | {"timezone": ZoneInfo(row.timezone)}) for row in found.named()]
    return {(place.zone_id, place.version): place for place in places}


@dataclass(frozen=True, slots=True)
class Running:
    """An active campaign as the reaction needs it. `activated_at`: where the calendar asks for it."""

    id: UUID
    content: Content
    store_name: str | None
    activated_at: datetime | None = None


RUNNING_SQL = (
    "SELECT c.id, c.name, c.store_id, c.trigger_kind, c.trigger_zone_ids, c.trigger_store_ids, c.trigger_segment_id,"
    " c.title, c.body, c.valid_from, c.valid_to, c.definition, s.name AS store_name, c.activated_at,"
    " x.holdout_percent, x.variants"
    " FROM campaign c LEFT JOIN store s ON s.tenant_id = c.tenant_id AND s.id = c.store_id"
    " LEFT JOIN experiment x ON x.tenant_id = c.tenant_id AND x.campaign_id = c.id"
    " WHERE c.tenant_id = :tenant_id AND c.deleted_at IS NULL AND c.status = 'active'"
    " AND coalesce(c.valid_from <= :now, true) AND coalesce(c.valid_to > :now, true)"
)


async def list_running(
    session: Session, tenant_id: TenantId, zone_ids: Collection[UUID], store_ids: Collection[UUID], now: datetime
) -> list[Running]:
    """Campaigns in force at `now` that wait at one of these zones or stores, oldest first."""
    found = await send(
        session,
        f"{RUNNING_SQL} AND (c.trigger_zone_ids && CAST(:zones AS uuid[])"
        " OR c.trigger_store_ids && CAST(:stores AS uuid[])) ORDER BY c.id",
        {
            "tenant_id": tenant_id,
            "now": now,
            "zones": pgarrays.uuids(zone_ids),
            "stores": pgarrays.uuids(store_ids),
        },
    )
    return _running(found)


async def ask_running_at(
    session: Session, tenant_id: TenantId, zones: Collection[tuple[UUID, int]], now: datetime
) -> Later[list[Running]]:
    """Campaigns in force at `now` that wait at one of these zones, or at the store of one of these versions."""
    found = await send(
        session,
        f"{RUNNING_SQL} AND (c.trigger_zone_ids && CAST(:zones AS uuid[])"  # noqa: S608 - constants only
        " OR c.trigger_store_ids && ARRAY("
        " SELECT v.store_id FROM unnest(CAST(:zones AS uuid[]), CAST(:versions AS int[])) AS k (zone_id, version)"
        " JOIN zone_version v ON v.tenant_id = :tenant_id AND v.zone_id = k.zone_id AND v.version = k.version))"
        " ORDER BY c.id",
        {"tenant_id": tenant_id, "now": now, **_keys(zones)},
    )
    return Later(found, _running)


def _running(found: Answer) -> list[Running]:
    return [Running(row.id, content_of(row), row.store_name) for row in found.named()]


async def ask_visit_ends(
    session: Session, tenant_id: TenantId, visit_ids: Collection[UUID]
) -> Later[dict[UUID, datetime]]:
    """When these visits ended, without those that go on."""
    found = await send(
        session,
        "SELECT id, exited_at FROM visit WHERE tenant_id = :tenant_id AND id = ANY(:ids) AND exited_at IS NOT NULL",
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(visit_ids)},
    )
    return Later(found, lambda answer: dict(answer.rows))


async def ask_policy(session: Session, tenant_id: TenantId) -> Later[Policy]:
    """What the tenant has decided for all campaigns."""
    found = await send(
        session,
        "SELECT id, quiet_start, quiet_end, holdout_percent, daily_cap, default_language FROM tenant"
        " WHERE id = :tenant_id",
        {"tenant_id": tenant_id},
    )
    return Later(found, lambda answer: Policy(*answer.rows[0]))
