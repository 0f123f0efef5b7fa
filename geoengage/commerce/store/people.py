"""SQL of the little that commerce says about people."""

from uuid import UUID

from sqlalchemy import and_, select

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.profiles.models import Identifier, Profile


async def find_names(session: Session, tenant_id: TenantId, identifier_id: UUID) -> tuple[str | None, str | None]:
    """First and last name of whoever has the id, as far as they are known."""
    row = (
        await session.execute(
            select(
                Profile.first_name,
                Profile.attributes["last_name"].astext,
                Profile.attributes["lastName"].astext,
            )
            .join(Identifier, and_(Identifier.tenant_id == Profile.tenant_id, Identifier.profile_id == Profile.id))
            .where(Identifier.tenant_id == tenant_id, Identifier.id == identifier_id)
        )
    ).one_or_none()
    return (None, None) if row is None else (row[0], row[1] or row[2])
