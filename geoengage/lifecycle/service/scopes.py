"""Whose metrics somebody may ask for: a scope as asked, and the place that it stands for."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle import store
from geoengage.lifecycle.store import Place
from geoengage.tenancy.store import get_tenant
from geoengage.venues import store as venues
from geoengage.venues.models import Mall, Store

WHOLE_TENANT = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Scope:
    """A store, a mall, a segment, or none of them for the whole tenant.

    `only`: the stores to which whoever asks is restricted; the whole is then those stores together.
    """

    store_id: UUID | None = None
    mall_id: UUID | None = None
    segment_id: UUID | None = None
    only: frozenset[UUID] | None = None

    @property
    def place_id(self) -> UUID | None:
        """The name under which days are kept; None: none are."""
        if self.segment_id is not None or (self.only is not None and self.store_id is None):
            return None
        return self.store_id or self.mall_id or WHOLE_TENANT


async def get_place(session: Session, tenant_id: TenantId, scope: Scope) -> Place:
    """The stores, people and time zone that a scope stands for. NotFound also for what the caller may not see."""
    tenant = await get_tenant(session, tenant_id)
    if scope.segment_id is not None:
        owner = await store.get_store_of_segment(session, tenant_id, scope.segment_id)
        if scope.only is not None and owner not in scope.only:
            raise errors.NotFound(f"there is no segment {scope.segment_id}")
        return Place(tenant.timezone, None if owner is None else (owner,), scope.segment_id)
    if scope.store_id is not None:
        shop = await venues.get_row(session, tenant_id, Store, scope.store_id)
        if scope.only is not None and shop.id not in scope.only:
            raise errors.NotFound(f"there is no store {scope.store_id}")
        return Place(shop.timezone or tenant.timezone, (shop.id,))
    if scope.mall_id is not None:
        mall = await venues.get_row(session, tenant_id, Mall, scope.mall_id)
        if scope.only is not None:
            raise errors.NotFound(f"there is no mall {scope.mall_id}")
        stores = await venues.list_stores(session, tenant_id, venues.Filter(mall_id=mall.id))
        return Place(mall.timezone, tuple(s.id for s in stores))
    return Place(tenant.timezone, None if scope.only is None else tuple(sorted(scope.only)))


def today_in(place: Place, now: datetime) -> date:
    """The local day that is not over yet. Only days before it are counted."""
    return now.astimezone(ZoneInfo(place.timezone)).date()


def start_of(day: date, place: Place) -> datetime:
    """The moment at which a local day begins."""
    return datetime.combine(day, datetime.min.time(), ZoneInfo(place.timezone))
