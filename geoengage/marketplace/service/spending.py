"""What stores spend on messages: counted in the transaction that claims them, so that no limit is passed by two workers
at once; shown at the prices that hold now.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.marketplace import store
from geoengage.marketplace.rules.spend import Cap, Count, Spent, beyond_means, is_counted, month_of, spent_of
from geoengage.messaging.rules import Going
from geoengage.proof import store as proof
from geoengage.proof.rules.inputs import Price
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.rules import Principal
from geoengage.tenancy.service import audit
from geoengage.venues import store as venues
from geoengage.venues.models import Store

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a store: what was counted, and what it cost."""

    month: date
    counts: list[Count]
    spent: Spent


@dataclass(frozen=True, slots=True)
class Spending:
    """What a store spends. `months`: the latest first, this one always; `cap` None: no limit."""

    store: Store
    cap: Cap | None
    months: list[Month]
    prices: list[Price]


async def hold_back(
    session: Session, tenant_id: TenantId, timezone: str, going: Sequence[Going], now: datetime
) -> Collection[UUID]:
    """Those of these messages for which their store has no money left this month; the others are counted.

    The delivery calls it in the transaction in which it claims. Where nothing can cost money it is one query.
    """
    prices = await _prices(session, tenant_id)
    counted = [each for each in going if is_counted(each.channel, prices)]
    if not counted:
        return ()
    month, stores = month_of(now, timezone), {each.store_id for each in counted}
    caps = await store.list_caps(session, tenant_id, stores, lock=True)
    known = await store.list_counts(session, tenant_id, list(caps), month) if caps else []
    spent = {id_: spent_of([c for c in known if c.store_id == id_ and c.month == month], prices) for id_ in caps}
    beyond = beyond_means(counted, caps, spent, prices)
    sent: Counter[tuple[UUID, str, str]] = Counter()
    held: Counter[tuple[UUID, str, str]] = Counter()
    for each in counted:
        if each.is_first and not (each.has_other and each.message_id in beyond):
            (held if each.message_id in beyond else sent)[each.store_id, each.channel, each.country] += 1
    counts = [Count(key[0], month, key[1], key[2], sent[key], held[key]) for key in sent.keys() | held.keys()]
    if counts:
        await store.add_counts(session, tenant_id, counts)
    return beyond


async def read_spending(session: Session, me: Principal, store_id: UUID, now: datetime) -> Spending:
    """What a store spent in each of the last twelve months; NotFound for one that the caller does not see."""
    tenant_id = TenantId(me.tenant_id)
    row = await _store(session, me, store_id)
    this = month_of(now, (await tenancy.get_tenant(session, tenant_id)).timezone)
    since = date(this.year - 1, this.month, 1)
    prices = await _prices(session, tenant_id)
    by_month: dict[date, list[Count]] = {this: []}
    for each in await store.list_counts(session, tenant_id, [store_id], since):
        by_month.setdefault(each.month, []).append(each)
    months = [Month(month, by_month[month], spent_of(by_month[month], prices)) for month in sorted(by_month)[::-1]]
    caps = await store.list_caps(session, tenant_id, [store_id])
    return Spending(row, caps.get(store_id), months[:MONTHS], prices)


async def put_limit(session: Session, me: Principal, store_id: UUID, cap: Cap | None, now: datetime) -> None:
    """Limit what a store may spend in a month; None: it may spend what it likes."""
    tenant_id = TenantId(me.tenant_id)
    await _store(session, me, store_id)
    if cap is None:
        await store.delete_cap(session, tenant_id, store_id)
    else:
        await store.put_cap(session, tenant_id, store_id, cap, now)
    await audit(session, me, "store.limit", store_id, now)


async def _store(session: Session, me: Principal, store_id: UUID) -> Store:
    if not me.sees_store(store_id):
        raise errors.NotFound(f"there is no store {store_id}")
    return await venues.get_row(session, TenantId(me.tenant_id), Store, store_id)


async def _prices(session: Session, tenant_id: TenantId) -> list[Price]:
    rows = await proof.list_costs(session, tenant_id)
    return [Price(row.channel, row.country, row.thousand_minor, row.currency) for row in rows]
