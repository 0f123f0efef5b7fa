"""SQL of encrypted credentials, for changing the key that closes them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId

_TABLES = {"firebase_sender": "app_id", "email_sender": "app_id", "phone_sender": "id"}


@dataclass(frozen=True, slots=True)
class Kept:
    """Encrypted credentials of one sender. `id`: of its app, or its own."""

    table: str
    id: UUID
    sealed: bytes


async def list_tenants_with_sealed(session: Session) -> list[TenantId]:
    """Who has credentials stored (cross-tenant: a key is the installation's)."""
    every = " UNION ".join(f"SELECT tenant_id FROM {table}" for table in _TABLES)  # noqa: S608
    rows = await session.execute(text(f"{every} ORDER BY tenant_id"))
    return [TenantId(id_) for id_ in rows.scalars()]


async def lock_sealed(session: Session, tenant_id: TenantId) -> list[Kept]:
    """All credentials of a tenant's senders, locked, so that none is put meanwhile."""
    found = []
    for table, key in _TABLES.items():
        rows = await session.execute(
            text(
                f"SELECT {key}, sealed FROM {table} WHERE tenant_id = :tenant_id AND sealed IS NOT NULL"  # noqa: S608
                f" ORDER BY {key} FOR NO KEY UPDATE"
            ),
            {"tenant_id": tenant_id},
        )
        found += [Kept(table, id_, bytes(value)) for id_, value in rows]
    return found


async def set_sealed(session: Session, tenant_id: TenantId, kept: Kept, sealed: bytes) -> None:
    """Store the same credentials under another key."""
    await session.execute(
        text(
            f"UPDATE {kept.table} SET sealed = :sealed WHERE tenant_id = :tenant_id"  # noqa: S608 - one of three
            f" AND {_TABLES[kept.table]} = :id"
        ),
        {"tenant_id": tenant_id, "id": kept.id, "sealed": sealed},
    )
