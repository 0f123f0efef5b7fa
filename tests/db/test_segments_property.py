"""Membership kept current equals a rebuild from nothing, after any sequence of what people do and of time.

Late events, cancelled and refunded orders, merges and partings, consent given and withdrawn, phones that change hands.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection, async_sessionmaker

from geoengage.kit.db import transaction
from tests.segment_world import People, make_people, open_the_future

WHO, PHONE = st.integers(0, 3), st.integers(0, 1)
AGO = st.sampled_from([timedelta(0), timedelta(minutes=40), timedelta(days=2), timedelta(days=20), timedelta(days=45)])
LATELY = st.sampled_from([timedelta(0), timedelta(minutes=40), timedelta(days=2)])  # partitions begin 8 days ago
STATE = st.sampled_from(["subscribed", "unsubscribed", "pending"])
CITIES = ["Bern", "Basel", None]
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("buys"), WHO, AGO, st.sampled_from([500, 2_500]), st.booleans()),
        st.tuples(st.just("order"), st.integers(0, 5), st.sampled_from(["cancelled", "refunded", "other"]), WHO),
        st.tuples(st.just("does"), WHO, AGO, st.integers(1, 5)),
        st.tuples(st.just("says"), WHO, st.sampled_from(CITIES), st.integers(0, 40)),
        st.tuples(st.just("phone"), WHO, PHONE),
        st.tuples(st.just("walks"), PHONE, st.integers(0, 2), LATELY, st.sampled_from([None, 5, 30])),
        st.tuples(st.just("decides"), PHONE, st.booleans()),
        st.tuples(st.just("consents"), WHO, STATE, AGO, st.booleans()),
        st.tuples(st.just("pauses"), WHO, st.integers(1, 20)),
        st.tuples(st.just("one"), WHO, WHO, st.booleans()),
        st.tuples(st.just("time"), st.sampled_from([1, 25, 24 * 4, 24 * 11, 24 * 40])),
        st.tuples(st.just("time"), st.sampled_from([1, 25, 24 * 4, 24 * 11, 24 * 40])),
        st.tuples(st.just("works")),
    ),
    min_size=4,
    max_size=14,
)  # fmt: skip


async def act(people: People, what: str, *how: Any) -> None:
    match what:
        case "buys":
            await people.buys(how[0], how[1], how[2], here=how[3])
        case "order":
            await people.changes_order(*how)
        case "does":
            await people.does(*how)
        case "says":
            birthday = (people.now + timedelta(days=how[2])).date().replace(year=1990, day=1).isoformat()
            await people.says(how[0], city=how[1], birthday=birthday, joined=people.now.isoformat())
        case "phone":
            await people.takes_phone(*how)
        case "walks":
            await people.walks(*how)
        case "decides":
            await people.decides(how[0], agrees=how[1])
        case "consents":
            await people.consents(how[0], how[1], how[2], here=how[3])
        case "pauses":
            await people.pauses(*how)
        case "one":
            await people.are_one(how[0], how[1], joins=how[2])
        case "time":
            people.now += timedelta(hours=how[0])
        case _:
            await people.work()


def order(measure: str, op: str, value: Any, **over: Any) -> dict[str, Any]:
    return {"kind": "order", "measure": measure, "op": op, "value": value, "window": {"days": 30}} | over


def visit(measure: str, op: str, value: Any, **over: Any) -> dict[str, Any]:
    return {"kind": "visit", "measure": measure, "op": op, "value": value, "window": {"days": 7}} | over


def trait(name: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"kind": "trait", "name": name, "op": op} | ({} if value is None else {"value": value})


RATED = {"kind": "event", "name": "Rated", "window": {"days": 10}}
GOOD = [{"property": "stars", "op": "gte", "value": 3}]
SELDOM = {"kind": "not", "of": RATED | {"measure": "count", "op": "lte", "value": 1}}
NO = {"kind": "consent", "channel": "email", "purpose": "marketing", "state": "none"}


async def make_segments(people: People) -> list[UUID]:
    """One of each family, with and without a default, rolling and not; and those that are made of others."""
    zone, store_id = str(people.zones[0]), people.store_id
    plain: list[dict[str, Any]] = [
        order("count", "gte", 2),
        order("count", "lt", 1),
        order("spend", "between", [1000, 4000], currency="CHF"),
        order("average", "lt", 2000, currency="CHF", window={"days": 90}),
        order("last", "not_within_days", 14, window={"ever": True}),
        RATED | {"measure": "count", "op": "eq", "value": 0},
        RATED | {"measure": "average", "property": "stars", "op": "gte", "value": 3},
        RATED | {"measure": "last", "op": "within_days", "value": 4, "where": GOOD},
        {"kind": "metric", "name": "days_since_order", "op": "between", "value": [10, 25]},
        visit("count", "gte", 1, zone_id=zone),
        visit("dwell_minutes", "gt", 20),
        visit("dwell_minutes", "lte", 60, zone_kind="parking"),
        {"kind": "visit", "measure": "now", "store_id": str(store_id)},
        trait("city", "ne", "bern"),
        trait("birthday", "anniversary_in_days", 5),
        trait("birthday", "age_between", [18, 36]),
        trait("joined", "not_within_days", 3),
        NO | {"state": "subscribed", "store_id": str(store_id)},
        NO,
        {"kind": "reachable", "channel": "in_app", "purpose": "marketing"},
        {"kind": "reachable", "channel": "push", "purpose": "service"},
        {"kind": "not", "of": {"kind": "any", "of": [order("count", "gte", 1), visit("count", "gte", 2)]}},
        {"kind": "all", "of": [trait("city", "exists"), {"kind": "any", "of": [order("per_week", "lt", 0.3), SELDOM]}]},
    ]  # fmt: skip
    made = [await people.segment(definition) for definition in plain]
    linked = {"kind": "all", "of": [{"kind": "in_segment", "segment_id": str(made[0])}, trait("city", "not_exists")]}
    made.append(await people.segment({"kind": "not", "of": linked}))
    made.append(await people.segment({"kind": "not", "of": order("count", "gte", 1)}, store_id=store_id))
    made.append(await people.segment(visit("count", "lte", 1), store_id=store_id))
    return made


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=ACTS, after=ACTS)
async def test_membership_is_what_a_rebuild_says(
    connection: AsyncConnection, before: list[Any], after: list[Any]
) -> None:
    nested = await connection.begin_nested()
    sessions = async_sessionmaker(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
    people = await make_people(sessions)
    async with transaction(sessions, None) as session:
        await open_the_future(session)
    for step in before:
        await act(people, *step)
    segments = await make_segments(people)
    await people.build(ahead=timedelta(days=3650))  # nothing is repaired here meanwhile, which would hide what is wrong
    for step in after:
        await act(people, *step)
    await people.work()
    for n, segment_id in enumerate(segments):
        assert await people.members(segment_id) == await people.rebuilt(segment_id), n
    await nested.rollback()
