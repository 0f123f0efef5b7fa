"""Value models: what is read of a tenant, what is worked out of it, what is kept. The worker's job puts it together."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from geoengage.kit import bulk, events
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.metrics import rules, store
from geoengage.metrics.models import ValueModelRow

SAMPLE = 100_000  # customers whose purchase days, one by one, are read for the hold-out


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of a tenant's customers on a day. `left_out`: orders in other currencies than the main
    one, whose amounts are not known.

    `mean`: of each customer's repeat purchases, NaN where they are in another currency. `sample`: for the
    hold-out, None where only values are wanted.
    """

    today: date
    read_at: datetime
    currency: str | None
    left_out: int
    profile_ids: Any
    history: rules.Histories
    mean: Any
    sample: rules.PurchaseDays | None


@dataclass(frozen=True, slots=True)
class Found:
    """A model, how good it is and what it says of the source's customers; or a refusal."""

    model: rules.ValueModel | rules.TooLittle
    quality: rules.Quality | None = None
    values: rules.Values | None = None


async def read_source(session: Session, tenant_id: TenantId, timezone: str, now: datetime, *, to_fit: bool) -> Source:
    """All customers; `to_fit`: with what a hold-out needs."""
    currency, left_out = await store.main_currency(session, tenant_id)
    today = now.astimezone(ZoneInfo(timezone)).date()
    rows = await store.read_buyers(session, tenant_id, currency)
    sample = None
    if to_fit:
        parts = max(1, -(-len(rows) // SAMPLE))
        sample = _purchases(await store.read_sample(session, tenant_id, currency, parts))
    history, mean = _history(rows, today)
    return Source(today, now, currency, left_out, rows["profile_id"], history, mean, sample)


def _history(rows: bulk.Rows, today: date) -> tuple[rules.Histories, Any]:
    first, last = rows["first_day"].astype(np.float64), rows["last_day"].astype(np.float64)
    x = rows["purchase_days"].astype(np.float64) - 1
    age = np.maximum(today.toordinal(), last) - first  # a day may have begun where the order was placed
    mean = np.divide(rows["spent"].astype(np.float64), x, out=np.zeros(len(x)), where=x > 0)
    return rules.group_histories(x, (last - first) / rules.DAYS_A_WEEK, age / rules.DAYS_A_WEEK), mean


def _purchases(rows: bulk.Rows) -> rules.PurchaseDays:
    customer, day = (rows[name].astype(np.int64) for name in ("customer", "day"))
    return rules.PurchaseDays.of(customer - 1, day, rows["amount"].astype(np.float64))


def work_out(source: Source) -> Found:
    """Fit and try a model. Seconds of CPU for a million customers: for a thread."""
    model = rules.fit_values(source.history, source.mean)
    if isinstance(model, rules.TooLittle) or source.sample is None:
        return Found(model)
    quality = rules.judge(source.history, model, source.sample, source.today.toordinal())
    return Found(model, quality, rules.value_customers(source.history, source.mean, model))


async def keep(session: Session, tenant_id: TenantId, source: Source, found: Found, now: datetime) -> ValueModelRow:
    """Make what was found the tenant's current model; customers without a value have none any more."""
    refusal = found.model.reason if isinstance(found.model, rules.TooLittle) else None
    row = ValueModelRow(
        tenant_id=tenant_id, id=new_id(now), kind=rules.KIND, fitted_at=now, through=source.today,
        valued_on=source.today, currency=source.currency, customers=source.history.customers,
        left_out=source.left_out, refusal=refusal, is_current=True,
        params=None if isinstance(found.model, rules.TooLittle) else rules.to_params(found.model),
        quality=None if found.quality is None else msgspec.to_builtins(found.quality),
    )  # fmt: skip
    await store.add_model(session, tenant_id, row)
    await _put(session, tenant_id, row, source, found.values, now)
    return row


async def value_all(session: Session, tenant_id: TenantId, source: Source, now: datetime) -> None:
    """A new day: everybody is valued anew with the current model."""
    row = await store.get_current(session, tenant_id)
    if row is None:
        return
    await store.set_valued_on(session, tenant_id, row.id, source.today)
    if row.params is not None:
        values = rules.value_customers(source.history, source.mean, rules.from_params(row.params))
        await _put(session, tenant_id, row, source, values, now)


async def _put(
    session: Session,
    tenant_id: TenantId,
    row: ValueModelRow,
    source: Source,
    values: rules.Values | None,
    now: datetime,
) -> None:
    if values is not None:
        await store.put_values(session, tenant_id, row, source.profile_ids, values, source.read_at)
    await store.delete_values(session, tenant_id, before=source.read_at)
    await events.publish(session, tenant_id, [rules.ValuesFitted(model_id=row.id, version=row.version)], now)


async def revalue(session: Session, tenant_id: TenantId, profile_ids: Collection[UUID], now: datetime) -> None:
    """People have bought, or are no customers any more: value them anew with the current model."""
    row = await store.get_current(session, tenant_id) if profile_ids else None
    if row is None or row.params is None:
        return
    zone = ZoneInfo(await store.get_timezone(session, tenant_id))
    rows = await store.read_buyers(session, tenant_id, row.currency, profile_ids)
    there = {UUID(bytes=bytes(id_)) for id_ in rows["profile_id"]}
    await store.delete_values(session, tenant_id, profile_ids=set(profile_ids) - there)
    if there:
        history, mean = _history(rows, now.astimezone(zone).date())
        values = rules.value_customers(history, mean, rules.from_params(row.params))
        await store.put_values(session, tenant_id, row, rows["profile_id"], values, now)
