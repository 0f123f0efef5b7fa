"""What a scanned code leads to: the app whose shopper page opens."""

from uuid import UUID

from sqlalchemy import select

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.tenancy.models import App


async def find_shopper_app(session: Session, tenant_id: TenantId, store_id: UUID | None) -> UUID | None:
    """The app with a shopper page that belongs to the store, else the tenant's first one that has a page."""
    query = (
        select(App.id)
        .where(App.tenant_id == tenant_id, App.shopper_key.is_not(None))
        .order_by(App.store_id.is_not_distinct_from(store_id).desc() if store_id else App.id, App.id)
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()
