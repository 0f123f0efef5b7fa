"""SQL of master recipes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select, text

from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.masters.models import RecipeFollower, RecipeMaster, RecipeMasterVersion

_FRESH = {"populate_existing": True}  # as it is once it is locked, whatever was read of it before


async def insert_master(session: Session, tenant_id: TenantId, id_: UUID, name: str, recipe: str) -> bool:
    """A new master; False where one of that name is there."""
    made = await session.execute(
        text(
            "INSERT INTO recipe_master (tenant_id, id, name, recipe) VALUES (:tenant_id, :id, :name, :recipe)"
            " ON CONFLICT (tenant_id, name) DO NOTHING RETURNING id"
        ),
        {"tenant_id": tenant_id, "id": id_, "name": name, "recipe": recipe},
    )
    return made.first() is not None


async def insert_version(
    session: Session, tenant_id: TenantId, master_id: UUID, number: int, row: RecipeMasterVersion
) -> None:
    """What a master says in its version of that number."""
    row.tenant_id, row.master_id, row.version = tenant_id, master_id, number
    session.add(row)
    await session.flush()


async def find_master(session: Session, tenant_id: TenantId, id_: UUID, *, lock: bool = False) -> RecipeMaster | None:
    """A master. `lock`: for who changes what its stores are to run."""
    query = select(RecipeMaster).where(RecipeMaster.tenant_id == tenant_id, RecipeMaster.id == id_)
    return (
        await session.execute(query.with_for_update().execution_options(**_FRESH) if lock else query)
    ).scalar_one_or_none()


async def find_master_named(session: Session, tenant_id: TenantId, name: str) -> RecipeMaster | None:
    """The master of that name, locked."""
    query = select(RecipeMaster).where(RecipeMaster.tenant_id == tenant_id, RecipeMaster.name == name)
    return (await session.execute(query.with_for_update().execution_options(**_FRESH))).scalar_one_or_none()


async def list_masters(
    session: Session, tenant_id: TenantId, stores: Collection[UUID] | None
) -> Sequence[RecipeMaster]:
    """All masters by name; with `stores` those that one of these takes something from."""
    query = select(RecipeMaster).where(RecipeMaster.tenant_id == tenant_id).order_by(RecipeMaster.name)
    if stores is not None:
        taken = select(RecipeFollower.master_id).where(
            RecipeFollower.tenant_id == tenant_id, RecipeFollower.store_id.in_(stores)
        )
        query = query.where(RecipeMaster.id.in_(taken))
    return (await session.execute(query)).scalars().all()


async def list_versions(session: Session, tenant_id: TenantId, master_id: UUID) -> Sequence[RecipeMasterVersion]:
    """What a master has said, newest first."""
    query = select(RecipeMasterVersion).where(
        RecipeMasterVersion.tenant_id == tenant_id, RecipeMasterVersion.master_id == master_id
    )
    return (await session.execute(query.order_by(RecipeMasterVersion.version.desc()))).scalars().all()


async def find_version(
    session: Session, tenant_id: TenantId, master_id: UUID, version: int
) -> RecipeMasterVersion | None:
    """One of them."""
    query = select(RecipeMasterVersion).where(
        RecipeMasterVersion.tenant_id == tenant_id,
        RecipeMasterVersion.master_id == master_id,
        RecipeMasterVersion.version == version,
    )
    return (await session.execute(query)).scalar_one_or_none()


# --- the stores that take it -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counts:
    """How the stores of a master stand. `versions`: how many run which; `due`: the worker is still to look at them."""

    versions: Mapping[int, int]
    stores: int
    due: int
    problems: int
    opted_out: int


async def count_followers(session: Session, tenant_id: TenantId, stores: Collection[UUID] | None) -> dict[UUID, Counts]:
    """By master; with `stores` of these only."""
    rows = await session.execute(
        text(
            "SELECT master_id, applied, count(*), count(*) FILTER (WHERE due_at IS NOT NULL),"
            " count(*) FILTER (WHERE problem IS NOT NULL AND due_at IS NULL),"
            " count(*) FILTER (WHERE opted_out_at IS NOT NULL)"
            " FROM recipe_follower WHERE tenant_id = :tenant_id"
            " AND (CAST(:stores AS uuid[]) IS NULL OR store_id = ANY(CAST(:stores AS uuid[]))) GROUP BY 1, 2"
        ),
        {"tenant_id": tenant_id, "stores": None if stores is None else list(stores)},
    )
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return {
        master_id: Counts(
            {row[1]: row[2] for row in these if row[1] is not None},
            *(sum(row[n] for row in these) for n in range(2, 6)),
        )
        for master_id, these in found.items()
    }


async def put_follower(session: Session, tenant_id: TenantId, wished: RecipeFollower) -> UUID:
    """Let a store take the recipe from a master, or change its own values. The master that it takes it from: another
    one, if it took it from that before; then nothing is changed."""
    await session.execute(
        text(
            "INSERT INTO recipe_follower AS f (tenant_id, master_id, store_id, recipe, own, currency, wanted, due_at)"
            " VALUES (:tenant_id, :master_id, :store_id, :recipe, CAST(:own AS jsonb), :currency, :wanted, :due_at)"
            " ON CONFLICT (tenant_id, recipe, store_id) DO UPDATE SET own = excluded.own, currency = excluded.currency,"
            " due_at = CASE WHEN f.wanted IS NULL THEN f.due_at ELSE excluded.due_at END"
            " WHERE f.master_id = excluded.master_id"
            " AND (f.own, f.currency) IS DISTINCT FROM (excluded.own, excluded.currency)"
        ),
        {
            "tenant_id": tenant_id, "master_id": wished.master_id, "store_id": wished.store_id,
            "recipe": wished.recipe, "own": msgspec.json.encode(wished.own).decode(), "currency": wished.currency,
            "wanted": wished.wanted, "due_at": wished.due_at,
        },
    )  # fmt: skip
    found = await session.execute(
        text(
            "SELECT master_id FROM recipe_follower WHERE tenant_id = :tenant_id AND recipe = :recipe"
            " AND store_id = :store_id"
        ),
        {"tenant_id": tenant_id, "recipe": wished.recipe, "store_id": wished.store_id},
    )
    master_id: UUID = found.scalar_one()
    return master_id


async def find_follower(
    session: Session, tenant_id: TenantId, master_id: UUID, store_id: UUID, *, lock: bool = False
) -> RecipeFollower | None:
    """A store of a master."""
    query = select(RecipeFollower).where(
        RecipeFollower.tenant_id == tenant_id,
        RecipeFollower.master_id == master_id,
        RecipeFollower.store_id == store_id,
    )
    return (
        await session.execute(query.with_for_update().execution_options(**_FRESH) if lock else query)
    ).scalar_one_or_none()


async def list_willing(session: Session, tenant_id: TenantId, master_id: UUID) -> list[UUID]:
    """The stores of a master that have not opted out."""
    rows = await session.execute(
        text(
            "SELECT store_id FROM recipe_follower WHERE tenant_id = :tenant_id AND master_id = :master_id"
            " AND opted_out_at IS NULL"
        ),
        {"tenant_id": tenant_id, "master_id": master_id},
    )
    return list(rows.scalars())


async def want(
    session: Session,
    tenant_id: TenantId,
    master_id: UUID,
    everyone: int | None,
    trial: Mapping[UUID, int],
    now: datetime,
) -> None:
    """Which version the stores of a master are to run: those in `trial` that one, the others `everyone`. Who has opted
    out runs none. The worker looks at those for which that is another than before."""
    await session.execute(
        text(
            "UPDATE recipe_follower f SET wanted = w.version, due_at = :now, problem = NULL FROM ("
            " SELECT f.store_id, CASE WHEN f.opted_out_at IS NULL THEN coalesce(t.version, :everyone) END AS version"
            " FROM recipe_follower f LEFT JOIN unnest(CAST(:stores AS uuid[]), CAST(:versions AS int[]))"
            "  AS t (store_id, version) ON t.store_id = f.store_id"
            " WHERE f.tenant_id = :tenant_id AND f.master_id = :master_id) w"
            " WHERE f.tenant_id = :tenant_id AND f.master_id = :master_id AND f.store_id = w.store_id"
            " AND f.wanted IS DISTINCT FROM w.version"
        ),
        {
            "tenant_id": tenant_id, "master_id": master_id, "everyone": everyone, "now": now,
            "stores": list(trial), "versions": list(trial.values()),
        },
    )  # fmt: skip


async def look_again(session: Session, tenant_id: TenantId, master_id: UUID, now: datetime) -> int:
    """Let the worker look again at the stores that have a problem; how many."""
    found = await session.execute(
        text(
            "UPDATE recipe_follower SET due_at = :now WHERE tenant_id = :tenant_id AND master_id = :master_id"
            " AND problem IS NOT NULL AND due_at IS NULL"
        ),
        {"tenant_id": tenant_id, "master_id": master_id, "now": now},
    )
    return int(getattr(found, "rowcount", 0))


@dataclass(frozen=True, slots=True)
class Listed:
    """A store of a master, with its name."""

    row: RecipeFollower
    name: str


async def list_followers(
    session: Session,
    tenant_id: TenantId,
    master_id: UUID,
    stores: Collection[UUID] | None,
    after: UUID | None,
    limit: int,
    *,
    troubled: bool = False,
) -> list[Listed]:
    """The stores of a master by id, with `stores` only these; `troubled`: that have a problem or have opted out."""
    query = select(RecipeFollower).where(RecipeFollower.tenant_id == tenant_id, RecipeFollower.master_id == master_id)
    if stores is not None:
        query = query.where(RecipeFollower.store_id.in_(stores))
    if troubled:
        query = query.where(RecipeFollower.problem.is_not(None) | RecipeFollower.opted_out_at.is_not(None))
    if after is not None:
        query = query.where(RecipeFollower.store_id > after)
    rows = (await session.execute(query.order_by(RecipeFollower.store_id).limit(limit))).scalars().all()
    names = await session.execute(
        text("SELECT id, name FROM store WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"),
        {"tenant_id": tenant_id, "ids": [row.store_id for row in rows]},
    )
    by_id = {row.id: row.name for row in names}
    return [Listed(row, by_id[row.store_id]) for row in rows]


async def list_store_ids(session: Session, tenant_id: TenantId) -> list[UUID]:
    """All stores of the tenant."""
    rows = await session.execute(
        text("SELECT id FROM store WHERE tenant_id = :tenant_id ORDER BY id"), {"tenant_id": tenant_id}
    )
    return list(rows.scalars())


# --- what the worker is to look at -----------------------------------------------------------------------------------


async def tenants_with_due(session: Session) -> list[TenantId]:
    """Tenants in which the worker is to look at stores (cross-tenant: it serves all)."""
    found = await send(
        session,
        "SELECT t.id FROM tenant t WHERE EXISTS (SELECT FROM recipe_follower f WHERE f.tenant_id = t.id"
        " AND f.due_at IS NOT NULL)",
        {},
    )
    return [TenantId(id_) for (id_,) in found.rows]


async def list_due(session: Session, tenant_id: TenantId, limit: int) -> list[tuple[UUID, UUID]]:
    """(master, store), longest due first. Locks nothing."""
    rows = await session.execute(
        text(
            "SELECT master_id, store_id FROM recipe_follower WHERE tenant_id = :tenant_id AND due_at IS NOT NULL"
            " ORDER BY due_at LIMIT :limit"
        ),
        {"tenant_id": tenant_id, "limit": limit},
    )
    return [(master_id, store_id) for master_id, store_id in rows]


async def lock_due(session: Session, tenant_id: TenantId, master_id: UUID, store_id: UUID) -> RecipeFollower | None:
    """A store that is due, unless another worker has it or nothing is to be done any more."""
    query = select(RecipeFollower).where(
        RecipeFollower.tenant_id == tenant_id,
        RecipeFollower.master_id == master_id,
        RecipeFollower.store_id == store_id,
        RecipeFollower.due_at.is_not(None),
    )
    return (await session.execute(query.with_for_update(skip_locked=True))).scalar_one_or_none()
