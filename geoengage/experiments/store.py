"""SQL of experiments: plans, and who takes part."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from geoengage.experiments.models import Experiment
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId


async def find_experiment(
    session: Session, tenant_id: TenantId, campaign_id: UUID, *, lock: bool = False
) -> Experiment | None:
    """The plan that somebody made for a campaign. `lock`: FOR NO KEY UPDATE, read afresh."""
    query = select(Experiment).where(Experiment.tenant_id == tenant_id, Experiment.campaign_id == campaign_id)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def put_experiment(
    session: Session, tenant_id: TenantId, campaign_id: UUID, columns: dict[str, Any], now: datetime
) -> Experiment:
    """Make or change a campaign's plan; its version rises."""
    row = await find_experiment(session, tenant_id, campaign_id, lock=True)
    if row is None:
        row = Experiment(tenant_id=tenant_id, campaign_id=campaign_id, version=0)
        session.add(row)
    for name, value in columns.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = now
    await session.flush()
    return row


async def copy_experiment(session: Session, tenant_id: TenantId, campaign_id: UUID, to_id: UUID, now: datetime) -> None:
    """Give a campaign the plan of another, counting from now; nothing where that one is by the usual plan."""
    found = await find_experiment(session, tenant_id, campaign_id)
    if found is not None:
        names = ("window_days", "days", "decides", "smallest_effect", "holdout_percent", "variants")
        columns = {name: getattr(found, name) for name in names}
        await put_experiment(session, tenant_id, to_id, columns | {"since": now}, now)


@dataclass(frozen=True, slots=True)
class Decided:
    """A campaign's decision as its message (`id`) has it. `holdout_percent`: the tenant's, now."""

    id: UUID
    campaign_id: UUID
    person_id: UUID
    store_id: UUID | None
    decided_at: datetime
    blockers: Sequence[str]
    holdout_percent: int


# Profiles come first in the lock order. Who is being erased is waited for, and is not found afterwards.
_HOLD_PROFILES = text("""
SELECT p.id FROM profile p WHERE p.tenant_id = :tenant_id AND p.id IN (
  SELECT m.person_id FROM message m WHERE m.tenant_id = :tenant_id AND m.id = ANY(:ids)) ORDER BY p.id FOR KEY SHARE
""")
_HOLD_DEVICES = text("""
SELECT d.id FROM device d WHERE d.tenant_id = :tenant_id AND d.id IN (
  SELECT coalesce(m.device_id, m.person_id) FROM message m WHERE m.tenant_id = :tenant_id AND m.id = ANY(:ids))
ORDER BY d.id FOR KEY SHARE
""")
_DECIDED = text("""
SELECT m.id, m.campaign_id, m.person_id, m.store_id, m.created_at AS decided_at, m.blockers, t.holdout_percent
FROM message m JOIN tenant t ON t.id = m.tenant_id
JOIN campaign c ON c.tenant_id = m.tenant_id AND c.id = m.campaign_id
LEFT JOIN device d ON d.tenant_id = m.tenant_id AND d.id = m.device_id
WHERE m.tenant_id = :tenant_id AND m.id = ANY(:ids) AND m.purpose = 'marketing'
  AND NOT coalesce(d.is_test, false)
""")


async def hold_decided(session: Session, tenant_id: TenantId, message_ids: Sequence[UUID]) -> list[Decided]:
    """These messages of marketing campaigns to people who are no testers; others are left out.

    The people are kept from being erased until the commit: what is noted about them would stay.
    """
    parameters = {"tenant_id": tenant_id, "ids": list(message_ids)}
    await session.execute(_HOLD_PROFILES, parameters)
    await session.execute(_HOLD_DEVICES, parameters)
    return [Decided(*row) for row in await session.execute(_DECIDED, parameters)]


async def insert_people(session: Session, tenant_id: TenantId, people: Sequence[tuple[Decided, str]]) -> None:
    """Note on which side these decisions put people. Who takes part already stays as he is."""
    await session.execute(
        text(
            "INSERT INTO experiment_person (tenant_id, campaign_id, person_id, side, decided_at, store_id)"
            " SELECT :tenant_id, * FROM unnest(CAST(:campaigns AS uuid[]), CAST(:people AS uuid[]),"
            " CAST(:sides AS text[]), CAST(:times AS timestamptz[]), CAST(:stores AS uuid[]))"
            " ON CONFLICT DO NOTHING"
        ),
        {
            "tenant_id": tenant_id,
            "campaigns": [d.campaign_id for d, _ in people],
            "people": [d.person_id for d, _ in people],
            "sides": [side for _, side in people],
            "times": [d.decided_at for d, _ in people],
            "stores": [d.store_id for d, _ in people],
        },
    )
