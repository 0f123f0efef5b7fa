"""SQL of floor plans' pictures. The picture itself is read by `plan_image` only; a plan's row comes without it."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import func, select

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.venues.models import Level, LevelPlan


async def find_plan(session: Session, tenant_id: TenantId, level_id: UUID, *, lock: bool = False) -> LevelPlan | None:
    """The plan of a level; `lock` takes FOR NO KEY UPDATE on it."""
    query = select(LevelPlan).where(LevelPlan.tenant_id == tenant_id, LevelPlan.level_id == level_id)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def get_plan(session: Session, tenant_id: TenantId, level_id: UUID, *, lock: bool = False) -> LevelPlan:
    """The plan of a level; NotFound when it has none."""
    plan = await find_plan(session, tenant_id, level_id, lock=lock)
    if plan is None:
        raise errors.NotFound("the level has no plan; PUT a picture first")
    return plan


async def plan_versions(session: Session, tenant_id: TenantId, mall_id: UUID) -> Mapping[UUID, int]:
    """The version of each plan of a mall, by its level."""
    rows = await session.execute(
        select(LevelPlan.level_id, LevelPlan.version)
        .join(Level, (Level.tenant_id == LevelPlan.tenant_id) & (Level.id == LevelPlan.level_id))
        .where(LevelPlan.tenant_id == tenant_id, Level.mall_id == mall_id)
    )
    return {row.level_id: row.version for row in rows}


async def plan_digest(session: Session, tenant_id: TenantId, level_id: UUID) -> str:
    """What identifies the picture's bytes, hashed where they lie: 16 hexadecimal digits."""
    digest = func.encode(func.sha256(LevelPlan.image), "hex")
    query = select(func.left(digest, 16)).where(LevelPlan.tenant_id == tenant_id, LevelPlan.level_id == level_id)
    return str((await session.execute(query)).scalar_one())


async def plan_image(session: Session, tenant_id: TenantId, level_id: UUID) -> bytes:
    """The picture's bytes."""
    query = select(LevelPlan.image).where(LevelPlan.tenant_id == tenant_id, LevelPlan.level_id == level_id)
    return bytes((await session.execute(query)).scalar_one())


async def save_plan(session: Session, tenant_id: TenantId, plan: LevelPlan) -> None:
    """Store a new plan, or what was changed of a loaded one; its level is locked."""
    plan.tenant_id = tenant_id
    session.add(plan)
    await session.flush()


async def delete_plan(session: Session, tenant_id: TenantId, plan: LevelPlan) -> None:
    """Take a loaded plan away."""
    await session.delete(plan)
    await session.flush()
