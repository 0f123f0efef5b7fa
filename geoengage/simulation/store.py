"""SQL of the demo's comparison."""

from datetime import datetime

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.simulation.models import Simulation


async def find_simulation(session: Session, tenant_id: TenantId) -> Simulation | None:
    """What is set and reported; None while nobody has done either."""
    return await session.get(Simulation, tenant_id)


async def set_noise(session: Session, tenant_id: TenantId, noise_m: float, now: datetime) -> None:
    """Another noise from now on; the report about the one before is dropped. The same noise changes nothing."""
    await session.execute(
        text(
            "INSERT INTO simulation AS s (tenant_id, noise_m, revision, changed_at)"
            " VALUES (:tenant_id, :noise, 1, :now)"
            " ON CONFLICT (tenant_id) DO UPDATE SET noise_m = :noise, revision = s.revision + 1, changed_at = :now,"
            " report = NULL WHERE s.noise_m <> :noise"
        ),
        {"tenant_id": tenant_id, "noise": noise_m, "now": now},
    )


async def put_report(
    session: Session, tenant_id: TenantId, report: bytes, *, revision: int, usual_m: float, now: datetime
) -> bool:
    """Keep the newest report (JSON); False when it is about a noise that is not set any more.

    Where nobody has set one, the row begins with `usual_m`.
    """
    rows = await session.execute(
        text(
            "INSERT INTO simulation AS s (tenant_id, noise_m, revision, changed_at, report, reported_at)"
            " VALUES (:tenant_id, :usual, :revision, :now, CAST(:report AS jsonb), :now)"
            " ON CONFLICT (tenant_id) DO UPDATE SET report = excluded.report, reported_at = excluded.reported_at"
            " WHERE s.revision = :revision RETURNING 1"
        ),
        {"tenant_id": tenant_id, "usual": usual_m, "revision": revision, "report": report.decode(), "now": now},
    )
    return rows.one_or_none() is not None
