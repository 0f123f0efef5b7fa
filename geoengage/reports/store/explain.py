"""SQL behind explain: one device, one span of time, everything that is known. Reads lower domains' tables."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, text

from geoengage.campaigns.models import Campaign
from geoengage.kit.db import Session, row_dict
from geoengage.kit.errors import NotFound
from geoengage.kit.ids import TenantId

MOST_FIXES = 2_000


@dataclass(frozen=True, slots=True)
class Span:
    """A device between two moments."""

    device_id: UUID
    since: datetime
    until: datetime


async def get_device(session: Session, tenant_id: TenantId, device_id: UUID) -> dict[str, Any]:
    """The device with its consents and, if linked, its person's first name. Raises NotFound."""
    rows = await session.execute(
        text(
            "SELECT d.id AS device_id, d.platform, d.is_test, d.location, d.marketing_push, d.personalisation,"
            " p.first_name FROM device d LEFT JOIN profile p ON p.tenant_id = d.tenant_id AND p.id = d.profile_id"
            " WHERE d.tenant_id = :tenant_id AND d.id = :device_id"
        ),
        {"tenant_id": tenant_id, "device_id": device_id},
    )
    row = rows.one_or_none()
    if row is None:
        raise NotFound(f"device {device_id} does not exist")
    return row_dict(row)


async def list_named_devices(session: Session, tenant_id: TenantId, *, tests_only: bool) -> list[UUID]:
    """Devices that may be found by their pseudonym: test devices, or in a demo tenant all."""
    rows = await session.execute(
        text("SELECT id FROM device WHERE tenant_id = :tenant_id AND (is_test OR NOT :tests_only)"),
        {"tenant_id": tenant_id, "tests_only": tests_only},
    )
    return list(rows.scalars())


async def _list(session: Session, tenant_id: TenantId, span: Span, query: str) -> list[dict[str, Any]]:
    rows = await session.execute(
        text(query),
        {
            "tenant_id": tenant_id,
            "device_id": span.device_id,
            "since": span.since,
            "until": span.until,
            "most": MOST_FIXES,
        },
    )
    return [row_dict(row) for row in rows]


async def list_fixes(session: Session, tenant_id: TenantId, span: Span) -> list[dict[str, Any]]:
    """Stored positions by event time, lon/lat; the newest 2,000 of the span."""
    query = (
        "SELECT * FROM (SELECT event_at AS at, at AS sent_at, lon, lat, accuracy_m, level, late, source, trust,"
        " said_zone_id, said_left FROM ping"
        " WHERE tenant_id = :tenant_id AND device_id = :device_id AND event_at BETWEEN :since AND :until"
        " AND run_from BETWEEN CAST(:since AS timestamptz) - interval '1 hour' AND :until"
        " AND verdict IS NULL ORDER BY event_at DESC LIMIT :most) newest ORDER BY at"
    )
    return await _list(session, tenant_id, span, query)


async def find_level_before(session: Session, tenant_id: TenantId, span: Span) -> tuple[int, datetime] | None:
    """The floor that the device had reported last when the span began."""
    query = (
        "SELECT level, event_at FROM ping WHERE tenant_id = :tenant_id AND device_id = :device_id"
        " AND event_at < :since AND verdict IS NULL AND level IS NOT NULL ORDER BY event_at DESC LIMIT 1"
    )
    rows = await _list(session, tenant_id, span, query)
    return (rows[0]["level"], rows[0]["event_at"]) if rows else None


async def list_rejections(session: Session, tenant_id: TenantId, span: Span) -> list[dict[str, Any]]:
    """Refused positions; they have no coordinates."""
    query = (
        "SELECT coalesce(at, received_at) AS at, reason FROM ping_rejection WHERE tenant_id = :tenant_id"
        " AND device_id = :device_id AND received_at BETWEEN :since AND :until ORDER BY received_at, n LIMIT :most"
    )
    return await _list(session, tenant_id, span, query)


async def list_events(session: Session, tenant_id: TenantId, span: Span) -> list[dict[str, Any]]:
    """Zone events by event time, each with the name that its zone had in that version."""
    query = (
        "SELECT e.id, e.at, e.kind, e.zone_id, v.name AS zone_name, e.zone_version, e.visit_id, e.confidence,"
        " e.evidence, e.reason, e.dwell_s, e.by_silence, e.late, e.recorded_at, e.details"
        " FROM zone_event e LEFT JOIN zone_version v"
        " ON v.tenant_id = e.tenant_id AND v.zone_id = e.zone_id AND v.version = e.zone_version"
        " WHERE e.tenant_id = :tenant_id AND e.device_id = :device_id AND e.at BETWEEN :since AND :until"
        " ORDER BY e.at, e.kind LIMIT :most"
    )
    return await _list(session, tenant_id, span, query)


async def list_open_zones(session: Session, tenant_id: TenantId, span: Span) -> set[UUID]:
    """Zones that the device had entered before the span and not left before it."""
    query = (
        "SELECT zone_id FROM visit WHERE tenant_id = :tenant_id AND device_id = :device_id"
        " AND entered_at < :since AND (exited_at IS NULL OR exited_at >= :since)"
    )
    return {row["zone_id"] for row in await _list(session, tenant_id, span, query)}


async def list_messages(session: Session, tenant_id: TenantId, span: Span) -> list[dict[str, Any]]:
    """Messages decided in the span, sent or not."""
    query = (
        "SELECT m.id, m.campaign_id, c.name AS campaign_name, m.zone_id, v.name AS zone_name, m.zone_version,"
        " m.status, m.reason, m.blockers, m.title, m.body, m.channel, m.passed_over,"
        " m.created_at, m.provider_answer, m.attempts, m.sent_at, m.received_at, m.opened_at,"
        " m.expires_at, m.timezone, m.event_id, m.purpose"
        " FROM message m LEFT JOIN campaign c ON c.tenant_id = m.tenant_id AND c.id = m.campaign_id"
        " LEFT JOIN zone_version v"
        " ON v.tenant_id = m.tenant_id AND v.zone_id = m.zone_id AND v.version = m.zone_version"
        " WHERE m.tenant_id = :tenant_id AND m.device_id = :device_id AND m.created_at BETWEEN :since AND :until"
        " ORDER BY m.id LIMIT :most"
    )
    return await _list(session, tenant_id, span, query)


async def list_sends(session: Session, tenant_id: TenantId, person_id: UUID, until: datetime) -> list[dict[str, Any]]:
    """What a person was sent (or is about to be) in the 31 days before a moment: message, campaign, time."""
    rows = await session.execute(
        text(
            "SELECT id AS message_id, campaign_id, created_at AS at FROM message WHERE tenant_id = :tenant_id"
            " AND person_id = :person_id AND campaign_id IS NOT NULL"
            " AND status IN ('queued', 'sending', 'sent', 'unknown')"
            " AND created_at BETWEEN CAST(:until AS timestamptz) - interval '31 days' AND :until ORDER BY created_at"
        ),
        {"tenant_id": tenant_id, "person_id": person_id, "until": until},
    )
    return [row_dict(row) for row in rows]


async def list_campaigns_at(
    session: Session, tenant_id: TenantId, zone_ids: Collection[UUID], store_ids: Collection[UUID]
) -> list[Campaign]:
    """Campaigns of any status that wait at one of these zones or stores, oldest first."""
    rows = await session.execute(
        select(Campaign)
        .where(
            Campaign.tenant_id == tenant_id,
            Campaign.deleted_at.is_(None),
            or_(
                Campaign.trigger_zone_ids.overlap(list(zone_ids)),
                Campaign.trigger_store_ids.overlap(list(store_ids)),
            ),
        )
        .order_by(Campaign.id)
    )
    return list(rows.scalars())


async def list_named_campaigns(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> dict[UUID, Campaign]:
    """Campaigns by id, those that are not deleted."""
    rows = await session.execute(
        select(Campaign).where(
            Campaign.tenant_id == tenant_id, Campaign.id.in_(list(ids)), Campaign.deleted_at.is_(None)
        )
    )
    return {campaign.id: campaign for campaign in rows.scalars()}
