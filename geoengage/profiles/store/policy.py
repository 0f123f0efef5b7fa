"""SQL of how a tenant's ids are read."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.profiles.models import IdentityPolicy
from geoengage.profiles.rules import PER_PERSON, SHARED_AFTER, Kind, Limits


@dataclass(frozen=True, slots=True)
class Policy:
    """What a tenant says about ids; see `IdentityPolicy`."""

    region: str | None
    blocked: frozenset[str]
    limits: Limits


async def get_policy(session: Session, tenant_id: TenantId) -> Policy:
    """A tenant's policy, with the defaults for what it does not say."""
    rows = await session.execute(
        text("SELECT region, blocked, limits, shared_after FROM identity_policy WHERE tenant_id = :tenant_id"),
        {"tenant_id": tenant_id},
    )
    region, blocked, limits, shared = rows.one_or_none() or (None, [], {}, {})
    own = {Kind(k): n for k, n in limits.items()}, {Kind(k): n for k, n in shared.items()}
    return Policy(region, frozenset(blocked), Limits(PER_PERSON | own[0], SHARED_AFTER | own[1]))


async def set_policy(
    session: Session,
    tenant_id: TenantId,
    *,
    region: str | None,
    blocked: Sequence[str],
    limits: dict[str, int],
    shared_after: dict[str, int],
) -> None:
    """Keep what a tenant says, as a whole; numbers by kind."""
    values = {"region": region, "blocked": list(blocked), "limits": limits, "shared_after": shared_after}
    statement = insert(IdentityPolicy).values(tenant_id=tenant_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["tenant_id"], set_=values))
