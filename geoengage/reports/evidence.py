"""Gathers the evidence points around a zone and lets the rules speak."""

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.reports.rules.evidence import Reach, Target, reach_of
from geoengage.venues.store import evidence


async def points_around(session: Session, tenant_id: TenantId, target: Target) -> list[Reach]:
    """The points whose widest disc touches the zone, on any floor, the best first."""
    return reach_of(target, await evidence.list_placed(session, tenant_id, evidence.PointFilter(near=target.area)))
