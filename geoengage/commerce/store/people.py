"""SQL of the little that commerce says about people."""

from uuid import UUID

from sqlalchemy import and_, select

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.profiles.models import Identifier, Profile


async def get_names(session: Session, tenant_id: TenantId, identifier_id: UUID) -> tuple[UUID, str | None, str | None]:
    """Whoever has the id (the profile), and first and last name as far as they are known."""
    row = (
        await session.execute(
            select(
                Profile.id,
                Profile.first_name,
                Profile.attributes["last_name"].astext,
                Profile.attributes["lastName"].astext,
            )
            .join(Identifier, and_(Identifier.tenant_id == Profile.tenant_id, Identifier.profile_id == Profile.id))
            .where(Identifier.tenant_id == tenant_id, Identifier.id == identifier_id)
        )
    ).one()
    return row[0], row[1], row[2] or row[3]
