"""Everything that a proof is worked out from, read once: people by arm, what they bought, what was sent to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from geoengage.experiments.rules import Plan, Side, last_day
from geoengage.kit import bulk
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.metrics import store as metrics
from geoengage.metrics.rules import ValueModel, from_params
from geoengage.proof import store
from geoengage.proof.rules.inputs import Missing, Price, sent_costs
from geoengage.proof.rules.measures import COST, DAY_S, GAIN, Bools, Floats, Ints, Orders, Subjects, measure
from geoengage.proof.store import SIDES, Asked


@dataclass(frozen=True, slots=True)
class Question:
    """Whose proof: campaigns together, decisions from `since` on. `stores`: only what was bought there counts; None:
    whatever was bought."""

    campaigns: Sequence[UUID]
    since: datetime
    stores: list[UUID] | None
    plan: Plan
    control: Side
    timezone: str


@dataclass(frozen=True, slots=True)
class Facts:
    """People in the order of their decisions, one row each in all arrays. `rows`: as `measures.measure`.

    `day`: of the decision, counted from `first`; `stratum`: whose campaign decided; `looks`: how many days have been
    looked at; `missing`: inputs that were not there; `costs`: of messages by channel, `paid`: incentives by who paid,
    both of people sent to, in minor units.
    """

    first: date
    today: date
    asked: Asked
    looks: int
    person_ids: Sequence[UUID]
    day: Ints
    is_sent: Bools
    stratum: Ints
    rows: Floats
    crossed: int
    anonymous: int
    currency: str | None
    others: dict[str, int]
    missing: frozenset[Missing]
    costs: dict[str, float]
    paid: dict[str, float]


def start_of(day: date, timezone: str) -> datetime:
    """The moment at which a local day begins."""
    return datetime.combine(day, datetime.min.time(), ZoneInfo(timezone))


async def read_facts(session: Session, tenant_id: TenantId, question: Question, now: datetime) -> Facts | None:
    """None: nobody was decided yet."""
    begun = await store.find_first(session, tenant_id, question.campaigns, question.since)
    if begun is None:
        return None
    zone, plan = ZoneInfo(question.timezone), question.plan
    first, today = begun.astimezone(zone).date(), now.astimezone(zone).date()
    until = start_of(first + timedelta(days=plan.looks), question.timezone)
    sides = [Side.SENT.value, question.control.value]
    asked = Asked(question.campaigns, question.since, min(until, now), sides, question.stores, question.timezone)
    people = await store.read_people(session, tenant_id, asked)
    ids = [UUID(bytes=bytes(id_)) for id_ in people["profile_id"]]
    at, day = (people[name].astype(np.int64) for name in ("at", "day"))
    is_sent = people["side"].astype(np.int64) == SIDES.index("sent")
    currencies = await store.read_currencies(session, tenant_id, ids, question.stores)
    currency = next(iter(currencies), None)
    read = await store.read_orders(
        session, tenant_id, ids, stores=question.stores, currency=currency, timezone=question.timezone
    )
    orders = _orders(read)
    sent = await store.list_sent(session, tenant_id, asked, ids, at.tolist(), plan.window_days)
    costs, by_channel, lacking = sent_costs(sent, await _prices(session, tenant_id), len(ids), currency)
    model = await _model(session, tenant_id, currency)
    shop = await metrics.get_shop(session, tenant_id)
    rows = measure(Subjects(at, day, costs), orders, plan.window_days, shop, model)
    lacks = {
        lacking: lacking is not None,
        Missing.MARGIN: bool(np.isnan(rows[:, GAIN]).any()),
        Missing.VALUE_MODEL: model is None,
        Missing.ORDERS: currency is None,
        Missing.COST: currency is not None and not rows[:, COST].any(),
    }
    since = orders.at - at[orders.person]
    inside = (since >= 0) & (since < plan.window_days * DAY_S) & is_sent[orders.person] & read["mine"].astype(bool)
    return Facts(
        first=first,
        today=today,
        asked=asked,
        looks=last_day(first, plan, today),
        person_ids=[UUID(bytes=bytes(id_)) for id_ in people["person_id"]],
        day=day - first.toordinal(),
        is_sent=is_sent,
        stratum=np.unique(people["store_id"].astype("V16"), return_inverse=True)[1].astype(np.int64),
        rows=rows,
        crossed=int(people["crossed"].astype(np.int64).sum()),
        anonymous=await store.count_anonymous(session, tenant_id, asked),
        currency=currency,
        others={code: n for code, n in currencies.items() if code != currency},
        missing=frozenset(what for what, holds in lacks.items() if what is not None and holds),
        costs=by_channel,
        paid={side: float(read[f"{side}_paid"][inside].sum()) for side in ("tenant", "store")},
    )


def _orders(read: bulk.Rows) -> Orders:
    """Columns as they are measured; money in other currencies is none."""
    mine = read["mine"].astype(bool)
    money, margin, tenant, store_ = (
        np.where(mine, read[name], 0.0) for name in ("money", "margin", "tenant_paid", "store_paid")
    )
    person, at, day = (read[name].astype(np.int64) for name in ("person", "at", "day"))
    return Orders(person, at, day, read["counted"].astype(bool), money, margin, tenant + store_)


async def _prices(session: Session, tenant_id: TenantId) -> list[Price]:
    rows = await store.list_costs(session, tenant_id)
    return [Price(row.channel, row.country, row.thousand_minor, row.currency) for row in rows]


async def _model(session: Session, tenant_id: TenantId, currency: str | None) -> ValueModel | None:
    """The value model in force; None where there is none of this currency, or none that knows amounts."""
    row = await metrics.get_current(session, tenant_id)
    if row is None or row.params is None or row.currency != currency or row.params["spending"] is None:
        return None
    return from_params(row.params)
