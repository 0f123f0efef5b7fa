"""SQL of what people in segments and on lists are called, and of ids for an export."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session, row_dict
from geoengage.kit.ids import TenantId

# As the support view calls somebody: `reports/store/people.py`.
_NAME = (
    "coalesce(nullif(trim(coalesce(p.first_name, '') || ' ' || coalesce(p.attributes ->> 'last_name', '')), ''),"
    " p.attributes ->> 'name')"
)


async def list_names(session: Session, tenant_id: TenantId, profile_ids: Collection[UUID]) -> dict[UUID, str | None]:
    """What these people are called; None of whom no name is known."""
    rows = await session.execute(
        text(
            f"SELECT p.id, {_NAME} AS name FROM profile p WHERE p.tenant_id = :tenant_id"  # noqa: S608 - constants
            " AND p.id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"tenant_id": tenant_id, "ids": list(profile_ids)},
    )
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class Exported:
    """Somebody as a file tells of them."""

    profile_id: UUID
    external_id: str | None
    name: str | None
    language: str | None
    email: str | None
    phone: str | None
    loyalty_card: str | None


_FIRST = (
    "(SELECT i.value FROM identifier i WHERE i.tenant_id = p.tenant_id AND i.profile_id = p.id AND i.kind = '{kind}'"
    " AND NOT i.is_shared ORDER BY i.created_at, i.id LIMIT 1) AS {kind}"
)


async def list_exported(session: Session, tenant_id: TenantId, profile_ids: Collection[UUID]) -> dict[UUID, Exported]:
    """These people as a file tells of them; of several ids of a kind the one that is known longest."""
    kinds = ", ".join(_FIRST.format(kind=kind) for kind in ("email", "phone", "loyalty_card"))
    rows = await session.execute(
        text(
            f"SELECT p.id AS profile_id, p.external_id, {_NAME} AS name, p.language, {kinds} FROM profile p"  # noqa: S608
            " WHERE p.tenant_id = :tenant_id AND p.id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"tenant_id": tenant_id, "ids": list(profile_ids)},
    )
    return {row.profile_id: Exported(**row_dict(row)) for row in rows}
