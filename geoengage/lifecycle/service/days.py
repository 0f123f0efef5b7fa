"""What is kept of a day of a place, because it cannot be worked out later."""

from datetime import date, datetime

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle import store
from geoengage.lifecycle.rules.purchases import Figure
from geoengage.lifecycle.rules.subscribers import CHANNELS, reachable
from geoengage.lifecycle.service.memory import books
from geoengage.lifecycle.service.scopes import WHOLE_TENANT, Scope, get_place, start_of, today_in
from geoengage.lifecycle.store import Kept
from geoengage.venues import store as venues


async def list_kept_scopes(session: Session, tenant_id: TenantId) -> list[Scope]:
    """The places of which days are kept: stores, malls, and last the whole tenant."""
    stores = await venues.list_stores(session, tenant_id)
    malls = await venues.list_malls(session, tenant_id)
    return [*(Scope(store_id=s.id) for s in stores), *(Scope(mall_id=m.id) for m in malls), Scope()]


async def keep_day(session: Session, tenant_id: TenantId, scope: Scope, on: date, now: datetime) -> None:
    """Keep how many people can be reached now, and what is expected of customers, as of the end of a day."""
    place = await get_place(session, tenant_id, scope)
    today = today_in(place, now)
    consents = await store.read_consents(session, tenant_id, place, now)
    reached = await store.read_reached(session, tenant_id, place, now)
    kept = []
    for channel in (None, *CHANNELS):
        people = len(reachable(consents, reached, today.toordinal(), channel))
        kept.append(Kept("reachable", channel or "", Figure(float(people), people)))
    orders = (await books.read(session, tenant_id, place, start_of(today, place))).orders
    if orders.currencies:
        currency = orders.currencies[0]
        expected = await store.get_expected(session, tenant_id, place, currency)
        kept.append(Kept("ltv_predicted", currency, expected))
    await store.put_days(session, tenant_id, scope.place_id or WHOLE_TENANT, on, kept, now)
