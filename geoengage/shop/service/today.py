"""Today at a store, in numbers that the page puts into words."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from geoengage.campaigns.rules import visible
from geoengage.campaigns.views import is_exact
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle.service import scopes
from geoengage.metrics import store as metrics
from geoengage.recipes.store import find_price_currency
from geoengage.shop import store
from geoengage.shop.rules import ThanUsual, compared, same_hours, usual_of
from geoengage.tenancy.rules import Principal, Scope


@dataclass(frozen=True, slots=True)
class Today:
    """Since local midnight. `usual_*`: the middle of the same weekday in past weeks up to this hour; None: too few.

    Numbers of people are None for one to nine. Orders, sales and codes are the shop's own. `unread_replies` None: the
    caller may not read them.
    """

    store_id: UUID
    day: date
    timezone: str
    currency: str | None
    orders: int
    sales_minor: int
    usual_orders: float | None
    usual_sales_minor: int | None
    than_usual: ThanUsual | None
    people: int | None
    new_customers: int | None
    messages: int | None
    codes: int
    codes_sales_minor: int
    unread_replies: int | None


async def currency_at(session: Session, tenant_id: TenantId, store_id: UUID, now: datetime) -> str | None:
    """In which money a store sells: that of its orders, else the tenant's orders, else of most prices."""
    own = await store.find_currency(session, tenant_id, store_id, now)
    main, _ = (own, 0) if own is not None else await metrics.main_currency(session, tenant_id)
    return main or await find_price_currency(session, tenant_id)


async def read_today(session: Session, me: Principal, store_id: UUID, now: datetime) -> Today:
    """A dozen small queries."""
    tenant_id, exact = TenantId(me.tenant_id), is_exact(me)
    reads_replies = me.may(Scope.CUSTOMERS) or me.may(Scope.PEOPLE)
    place = await scopes.get_place(session, tenant_id, scopes.Scope(store_id=store_id, only=me.store_ids))
    currency = await currency_at(session, tenant_id, store_id, now)
    first = await store.find_first_order(session, tenant_id, store_id)
    spans = same_hours(now, place.timezone)
    known = [span for span in spans[1:] if first is not None and span[0] >= first]
    since = spans[0][0]
    sold = await store.list_sold(session, tenant_id, store_id, currency or "", [spans[0], *known])
    brought = await store.read_brought(session, tenant_id, store_id, currency or "", since)
    sent = await store.count_sent(session, tenant_id, store_id, since)
    usual, usual_minor = usual_of([each.orders for each in sold[1:]]), usual_of([each.minor for each in sold[1:]])
    return Today(
        store_id=store_id,
        day=now.astimezone(since.tzinfo).date(),
        timezone=place.timezone,
        currency=currency,
        orders=sold[0].orders,
        sales_minor=sold[0].minor,
        usual_orders=usual,
        usual_sales_minor=None if usual_minor is None else round(usual_minor),
        than_usual=None if usual is None else compared(sold[0].orders, usual),
        people=visible(await store.count_who_came(session, tenant_id, store_id, since), exact=exact),
        new_customers=visible(await store.count_new_customers(session, tenant_id, store_id, since, now), exact=exact),
        messages=None if visible(sent.people, exact=exact) is None else sent.messages,
        codes=brought.codes,
        codes_sales_minor=brought.sales_minor,
        unread_replies=await store.count_unread(session, tenant_id, store_id) if reads_replies else None,
    )
