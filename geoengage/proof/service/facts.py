"""Everything that a proof is worked out from, read once: people by arm, what they bought, what was sent to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from geoengage.experiments.rules import Plan, Side
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.metrics import store as metrics
from geoengage.metrics.rules import from_params
from geoengage.proof import store
from geoengage.proof.rules.inputs import Missing, Price, Sending, sent_costs
from geoengage.proof.rules.measures import GAIN, Floats, Ints, Orders, Subjects, measure
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
    profile_ids: Sequence[UUID]
    person_ids: Sequence[UUID]
    day: Ints
    is_sent: np.ndarray
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
    currencies = await store.read_currencies(session, tenant_id, ids, question.stores)
    currency = next(iter(currencies), None)
    orders = await store.read_orders(
        session, tenant_id, ids, stores=question.stores, currency=currency, timezone=question.timezone
    )
    sent = await store.list_sent(session, tenant_id, asked, ids, at.tolist(), plan.window_days)
    prices = [
        Price(row.channel, row.country, row.thousand_minor, row.currency)
        for row in await store.list_costs(session, tenant_id)
    ]
    sendings = [Sending(s.person, s.channel, s.country, s.messages) for s in sent]
    costs, by_channel, lacking = sent_costs(sendings, prices, len(ids), currency)
    model = await metrics.get_current(session, tenant_id)
    params = None if model is None or model.params is None or model.currency != currency else model.params
    fitted = None if params is None or params["spending"] is None else from_params(params)
    shop = await metrics.get_shop(session, tenant_id)
    mine = orders["mine"].astype(bool)
    columns = Orders(
        person=orders["person"].astype(np.int64),
        at=orders["at"].astype(np.int64),
        day=orders["day"].astype(np.int64),
        counted=orders["counted"].astype(bool),
        money=np.where(mine, orders["money"], 0.0),
        margin=np.where(mine, orders["margin"], 0.0),
        incentive=np.where(mine, orders["tenant_paid"] + orders["store_paid"], 0.0),
    )
    rows = measure(Subjects(at, day, costs), columns, plan.window_days, shop, fitted)
    missing = {lacking} - {None}
    if np.isnan(rows[:, GAIN]).any():
        missing.add(Missing.MARGIN)
    if fitted is None:
        missing.add(Missing.VALUE_MODEL)
    if currency is None:
        missing.add(Missing.ORDERS)
    is_sent = people["side"].astype(np.int64) == SIDES.index("sent")
    inside = (columns.at >= at[columns.person]) & (columns.at < at[columns.person] + plan.window_days * 86_400)
    inside &= is_sent[columns.person] & mine
    return Facts(
        first=first,
        today=today,
        asked=asked,
        looks=max(0, min(plan.looks, (today - first).days - plan.window_days)),
        profile_ids=ids,
        person_ids=[UUID(bytes=bytes(id_)) for id_ in people["person_id"]],
        day=day - first.toordinal(),
        is_sent=is_sent,
        stratum=np.unique(people["store_id"].astype("V16"), return_inverse=True)[1].astype(np.int64),
        rows=rows,
        crossed=int(people["crossed"].astype(np.int64).sum()),
        anonymous=await store.count_anonymous(session, tenant_id, asked),
        currency=currency,
        others={code: n for code, n in currencies.items() if code != currency},
        missing=frozenset(m for m in missing if m is not None),
        costs=by_channel,
        paid={side: float(orders[f"{side}_paid"][inside].sum()) for side in ("tenant", "store")},
    )
