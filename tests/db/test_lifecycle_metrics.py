"""Every lifecycle metric, worked out anew from the raw rows by another way: SQL or plain Python, person by person.

A year of a grocer's households, as `tests/grocer.py` puts it into the database, once for the whole file.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from geoengage.kit.db import Session, make_sessions
from geoengage.lifecycle.rules.catalogue import METRICS
from geoengage.lifecycle.rules.purchases import NO_FIGURE, Figure
from geoengage.lifecycle.rules.spans import Span, Step, cut
from geoengage.lifecycle.service import Scope, Wanted, series_of_many
from geoengage.metrics import store as metrics_store
from geoengage.metrics.rules import stage
from geoengage.profiles.rules import Channel, Hold, Purpose, deciding
from geoengage.profiles.rules.consents import ConsentState, Decision, hold_of
from tests.conftest import DRIVER
from tests.grocer import Grocer, make_grocer

NOW = datetime.now(UTC)
ATHENS = "Europe/Athens"
CHANNELS = ("email", "sms", "whatsapp", "viber", "in_app")


@pytest.fixture(scope="module")
def url(clone: Callable[[], str]) -> str:
    return clone()


@pytest.fixture(scope="module")
def kept() -> dict[str, Grocer]:
    return {}


@pytest.fixture
async def session(url: str) -> AsyncIterator[Session]:
    engine: AsyncEngine = create_async_engine(url, poolclass=NullPool, connect_args=DRIVER)
    async with make_sessions(engine)() as opened:
        yield opened
    await engine.dispose()


@pytest.fixture
async def grocer(session: Session, kept: dict[str, Grocer]) -> Grocer:
    if "it" not in kept:
        kept["it"] = await make_grocer(session)
    return kept["it"]


class Raw:
    """The rows of a place, read one by one."""

    def __init__(self, session: Session, grocer: Grocer, of: "Of") -> None:
        self.session, self.grocer, self.of = session, grocer, of
        self.zone = ZoneInfo(of.timezone)

    async def sql(self, query: str, **parameters: Any) -> Any:
        own = "" if self.of.stores is None else " AND o.store_id = ANY(CAST(:stores AS uuid[]))"
        own += "" if self.of.members is None else " AND i.profile_id = ANY(CAST(:members AS uuid[]))"
        orders = (
            "WITH o AS (SELECT o.*, (o.ordered_at AT TIME ZONE :tz)::date AS day, i.profile_id,"
            " o.total_minor - o.refunded_minor AS net, o.return_of IS NULL AS counts,"
            " coalesce(i.profile_id, o.id) AS who FROM shop_order o"
            " LEFT JOIN identifier i ON i.tenant_id = o.tenant_id AND i.id = o.identifier_id"
            f" WHERE o.tenant_id = :tenant AND NOT o.status = 'cancelled' {own}),"
            " d AS (SELECT DISTINCT profile_id, day FROM o WHERE counts AND profile_id IS NOT NULL),"
            " g AS (SELECT *, day - lag(day) OVER w AS gap, row_number() OVER w AS n FROM d"
            " WINDOW w AS (PARTITION BY profile_id ORDER BY day)) "
        )
        given = {"tenant": self.grocer.world.tenant_id, "tz": self.of.timezone, "stores": self.of.stores}
        given |= {"members": self.of.members and list(self.of.members)} | parameters
        asked = {name: value for name, value in given.items() if f":{name}" in orders + query}
        return (await self.session.execute(text(orders + query), asked)).one()


IN = "day BETWEEN :a AND :b"
USD = "currency = 'USD'"
# ruff: noqa: S608 - SQL of ours
QUERIES = {
    "revenue": f"SELECT coalesce(sum(net), 0), count(DISTINCT who) FROM o WHERE {IN} AND {USD}",
    "average_order_value": f"SELECT sum(net)::float8 / count(*) FILTER (WHERE counts), count(DISTINCT who) FROM o"
    f" WHERE {IN} AND {USD}",
    "purchase_frequency": "SELECT count(*)::float8 / count(DISTINCT profile_id), count(DISTINCT profile_id) FROM o"
    f" WHERE {IN} AND counts AND profile_id IS NOT NULL",
    "time_between_orders": "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY gap), count(DISTINCT profile_id) FROM g"
    f" WHERE {IN} AND gap IS NOT NULL",
    "repeat_rate": "SELECT avg((n >= 2)::int)::float8, count(*), sum((n >= 2)::int) FROM (SELECT count(*) AS n FROM o"
    " WHERE counts AND profile_id IS NOT NULL AND day <= :b GROUP BY profile_id HAVING max(day) >= :a) x",
    "activation": "SELECT avg(hit)::float8, count(*), sum(hit) FROM (SELECT (EXISTS (SELECT FROM g s WHERE"
    " s.profile_id = g.profile_id AND s.n = 2 AND s.day <= g.day + 60))::int AS hit FROM g"
    f" WHERE n = 1 AND {IN} AND day + 60 < :today) x",
    "ltv": "SELECT avg(money)::float8, count(*), NULL, avg(money) - 1.96 * stddev_samp(money) / sqrt(count(*)),"
    " avg(money) + 1.96 * stddev_samp(money) / sqrt(count(*)) FROM (SELECT sum(net) AS money FROM o WHERE day <= :b"
    f" AND {USD} AND profile_id IS NOT NULL GROUP BY profile_id HAVING bool_or(counts)) x",
    "ltv_predicted": "SELECT avg(value_365_minor)::float8, count(value_365_minor), NULL, avg(value_low_minor),"
    " avg(value_high_minor) FROM customer_value WHERE tenant_id = :tenant AND currency = 'USD'"
    " AND profile_id IN (SELECT profile_id FROM o WHERE counts)",
    "direct_share": "SELECT coalesce(sum(net) FILTER (WHERE hit), 0)::float8 / nullif(sum(net), 0),"
    " count(DISTINCT who), count(DISTINCT who) FILTER (WHERE hit) FROM (SELECT o.*, EXISTS (SELECT FROM message m"
    " JOIN device v ON v.id = m.device_id AND NOT v.is_test WHERE v.profile_id = o.profile_id AND m.tenant_id = :tenant"
    " AND m.campaign_id IS NOT NULL AND m.opened_at <= o.ordered_at"
    f" AND m.opened_at > o.ordered_at - interval '3 days') AS hit FROM o WHERE {IN} AND {USD}) x",
}  # fmt: skip


async def by_sql(raw: Raw, name: str, span: Span, today: date) -> Figure:
    row = list(await raw.sql(QUERIES[name], a=span.first, b=span.last, today=today))
    value, people, hits, low, high = (row + [None] * 5)[:5]
    return Figure(value, people, hits, low, high)


# --- people one by one ------------------------------------------------------------------------------------------------


class People:
    """Decisions, devices and purchase days by person, as plain objects."""

    def __init__(self, of: "Of") -> None:
        self.stores = of.stores
        self.decisions: dict[UUID, list[Decision]] = defaultdict(list)
        self.holds: dict[UUID, list[Hold]] = defaultdict(list)
        self.entries: dict[UUID, list[tuple[UUID, str, date, datetime, str]]] = defaultdict(list)  # by person
        self.days: dict[UUID, set[date]] = defaultdict(set)
        self.alive: set[tuple[UUID, str]] = set()
        self.paused: set[UUID] = set()
        self.known: set[UUID] = set()
        self.began: dict[UUID, date | None] = {}
        self.stages: dict[date, dict[UUID, str]] = {}

    @classmethod
    async def read(cls, raw: Raw) -> "People":
        found = cls(raw.of)
        stores, members = raw.of.stores, raw.of.members
        tenant = {"tenant": raw.grocer.world.tenant_id}

        async def rows(query: str) -> Sequence[Any]:
            return (await raw.session.execute(text(query), tenant)).all()

        owner = {
            r.id: r.profile_id for r in await rows("SELECT id, profile_id FROM identifier WHERE tenant_id = :tenant")
        }
        customers = await rows("SELECT store_id, identifier_id FROM store_profile WHERE tenant_id = :tenant")
        found.known = {owner[r.identifier_id] for r in customers if stores is None or r.store_id in stores}
        if stores is None:
            found.known = set(owner.values())
        if members is not None:
            found.known &= members
        for r in await rows("SELECT * FROM consent_history WHERE tenant_id = :tenant AND purpose = 'marketing'"):
            found.decisions[owner[r.identifier_id]].append(
                Decision(
                    identifier_id=r.identifier_id, channel=Channel(r.channel), purpose=Purpose.MARKETING,
                    store_id=r.store_id, state=ConsentState(r.state), text_version=None, source="", at=r.at,
                )
            )  # fmt: skip
        for r in await rows("SELECT * FROM consent_hold WHERE tenant_id = :tenant"):
            found.holds[owner[r.identifier_id]].append(Hold(r.paused_until, r.stopped_at))
            if r.paused_until and r.paused_until > NOW:
                found.paused.add(owner[r.identifier_id])
        for r in await rows(
            "SELECT e.at, e.status, d.*, a.store_id FROM consent_entry e JOIN device d ON d.id = e.device_id"
            " JOIN app a ON a.id = d.app_id WHERE e.tenant_id = :tenant AND e.kind = 'marketing_push' AND NOT d.is_test"
            " ORDER BY e.at, e.id"
        ):
            if r.profile_id is None and (members is not None or (stores is not None and r.store_id not in stores)):
                continue
            channel = "web_push" if r.platform == "web" else "push"
            person = r.profile_id or r.id
            if r.profile_id is None:
                found.known.add(person)
            found.entries[person].append((r.id, channel, r.at.astimezone(raw.zone).date(), r.at, r.status))
            if r.push_address and not r.push_retired_at and r.permission != "denied" and r.marketing_push == "granted":
                found.alive.add((person, channel))
        for r in await rows("SELECT * FROM contact_point WHERE tenant_id = :tenant AND state = 'reachable'"):
            found.alive.add((owner[r.identifier_id], r.channel))
        where = (
            "o.tenant_id = :tenant AND o.status <> 'cancelled' AND o.return_of IS NULL AND o.identifier_id IS NOT NULL"
        )
        for r in await rows(f"SELECT ordered_at, store_id, identifier_id FROM shop_order o WHERE {where}"):
            in_place = stores is None or r.store_id in stores
            if in_place and (members is None or owner[r.identifier_id] in members):
                found.days[owner[r.identifier_id]].add(r.ordered_at.astimezone(raw.zone).date())
        return found

    def senders(self, person: UUID) -> list[UUID | None]:
        if self.stores is not None:
            return list(self.stores)
        return [None, *{d.store_id for d in self.decisions[person] if d.store_id}]

    def agrees(self, person: UUID, channel: str, end: datetime) -> bool:
        """At the end of a day, by the rules that sending uses."""
        told = [d for d in self.decisions[person] if d.at < end]
        hold = hold_of(self.holds[person])
        if channel not in ("push", "web_push"):
            return any(
                self._yes(deciding(told, Channel(channel), Purpose.MARKETING, s), hold, end)
                for s in self.senders(person)
            )
        latest = {id_: status for id_, ch, _, at, status in self.entries[person] if at < end and ch == channel}
        if "granted" not in latest.values():
            return False
        wishes = [deciding(told, Channel.PUSH, Purpose.MARKETING, s) for s in self.senders(person)]
        stated = [w for w in wishes if w is not None]
        return not stated or any(self._yes(w, hold, end) for w in stated)

    @staticmethod
    def _yes(decision: Decision | None, hold: Hold, end: datetime) -> bool:
        if decision is None or decision.state is not ConsentState.SUBSCRIBED:
            return False
        return hold.stopped_at is None or decision.at > hold.stopped_at or hold.stopped_at >= end

    def subscribers(self, end: datetime, channels: Sequence[str]) -> dict[str, set[UUID]]:
        return {c: {p for p in self.known if self.agrees(p, c, end)} for c in channels}

    def first_agreed(self, person: UUID, zone: ZoneInfo) -> date | None:
        """The first day at whose end a decision in force was a yes, or a device agreed."""
        moments = {d.at for d in self.decisions[person] if d.channel is not Channel.PUSH}
        moments |= {at for _, _, _, at, _ in self.entries[person]}
        for day in sorted({at.astimezone(zone).date() for at in moments}):
            end = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone)
            latest = {id_: status for id_, _, _, at, status in self.entries[person] if at < end}
            told = [d for d in self.decisions[person] if d.at < end]
            hold = hold_of(self.holds[person])
            if "granted" in latest.values() or any(
                self._yes(deciding(told, Channel(c), Purpose.MARKETING, s), hold, end)
                for c in CHANNELS for s in self.senders(person)
            ):  # fmt: skip
                return day
        return None


def one_by_one(people: People, name: str, span: Span, zone: ZoneInfo, shop: Any, today: date) -> Figure:
    end = datetime.combine(span.last + timedelta(days=1), datetime.min.time(), zone)
    if name in ("subscribers", "reachable"):
        by_channel = people.subscribers(end if name == "subscribers" else NOW, ("push", "web_push", *CHANNELS))
        if name == "reachable":
            by_channel = {
                c: {p for p in those if (c == "in_app" or (p, c) in people.alive) and p not in people.paused}
                for c, those in by_channel.items()
            }
        n = len(set().union(*by_channel.values()))
        return Figure(n, n)
    if name == "conversion":
        base, hits = 0, 0
        for person in people.known:
            if person not in people.began:
                people.began[person] = people.first_agreed(person, zone)
            start = people.began[person]
            if start is None or not span.first <= start <= span.last or start + timedelta(days=30) >= today:
                continue
            first = min(people.days[person], default=None)
            if first is not None and first < start:
                continue
            base += 1
            hits += first is not None and first <= start + timedelta(days=30)
        return Figure(hits / base if base else None, base, hits)
    return _by_stage(people, name, span, shop)


def _by_stage(people: People, name: str, span: Span, shop: Any) -> Figure:
    def at(day: date) -> dict[UUID, str]:
        if day not in people.stages:
            known = {p: sorted(d for d in days if d <= day) for p, days in people.days.items()}
            people.stages[day] = {p: stage(days, day, shop).value for p, days in known.items() if days}
        return people.stages[day]

    before, now = at(span.first - timedelta(days=1)), at(span.last)
    if name == "churn_rate":
        mine = [p for p, s in before.items() if s != "churned"]
        hits = sum(now[p] == "churned" for p in mine)
        return Figure(hits / len(mine) if mine else None, len(mine), hits)
    if name == "reactivated":
        n = sum(any(span.first <= d <= span.last for d in people.days[p]) for p, s in before.items() if s == "churned")
        return Figure(n, n)
    stages = {"active": ("new", "active", "slowing", "reactivated"), "at_risk": ("at_risk",), "churned": ("churned",)}
    n = sum(s in stages[name] for s in now.values())
    return Figure(n, n)


# --- the comparison ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Of:
    """A scope as it is asked for, and what it means."""

    scope: Scope
    timezone: str
    stores: list[UUID] | None = None
    members: set[UUID] | None = None


@pytest.fixture(params=["tenant", "store", "mall", "stores of a restricted caller", "segment", "segment of a store"])
def of(request: pytest.FixtureRequest, grocer: Grocer) -> Of:
    first, second, third = grocer.stores
    some = set(grocer.people[::2])
    return {
        "tenant": Of(Scope(), ATHENS),
        "store": Of(Scope(store_id=third), "America/New_York", [third]),
        "mall": Of(Scope(mall_id=grocer.mall), "Europe/Zurich", [first, second]),
        "stores of a restricted caller": Of(Scope(only=frozenset({first, third})), ATHENS, [first, third]),
        "segment": Of(Scope(segment_id=grocer.segment), ATHENS, None, some),
        "segment of a store": Of(
            Scope(segment_id=grocer.store_segment, only=frozenset({first})), ATHENS, [first], set(grocer.people[::3])
        ),
    }[request.param]


async def test_every_metric_is_what_another_way_finds(session: Session, grocer: Grocer, of: Of) -> None:
    raw = Raw(session, grocer, of)
    today = NOW.astimezone(raw.zone).date()
    year = Span(today - timedelta(days=330), today - timedelta(days=1))
    spans = [year, *cut(year, Step.QUARTER), Span(today - timedelta(days=45), today - timedelta(days=39))]
    names = list(METRICS)
    found = await series_of_many(session, grocer.world.tenant_id, of.scope, Wanted(names, spans), NOW)
    people = await People.read(raw)
    shop = await metrics_store.get_shop(session, grocer.world.tenant_id)
    oldest = (
        await session.execute(text("SELECT min(created_at) FROM message WHERE campaign_id IS NOT NULL"))
    ).scalar_one()
    for name in names:
        for point in found[name].points:
            not_kept = METRICS[name].needs & {"reach", "values"} and point.span.last < today - timedelta(days=1)
            too_old = name == "direct_share" and point.span.first < oldest.astimezone(raw.zone).date()
            if not_kept or too_old:
                expected = NO_FIGURE
            elif name in QUERIES:
                expected = await by_sql(raw, name, point.span, today)
            else:
                expected = one_by_one(people, name, point.span, raw.zone, shop, today)
            same(point.figure, expected, f"{name} in {point.span}")
    assert found["revenue"].currency == "USD"
    assert set(found["revenue"].others) == {"EUR"}


def same(found: Figure, expected: Figure, about: str) -> None:
    assert (found.people, found.hits or 0) == (expected.people, expected.hits or 0), (
        f"{about}: {found} is not {expected}"
    )
    for one, other in ((found.value, expected.value), (found.low, expected.low), (found.high, expected.high)):
        assert (one is None) == (other is None), f"{about}: {found} is not {expected}"
        assert one is None or one == pytest.approx(float(other), rel=1e-9), f"{about}: {found} is not {expected}"
