"""Summaries and habits in the database: kept current by the ledger, by time and by the hourly round."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from geoengage.commerce import service as commerce
from geoengage.commerce.rules import OrderIn, Refund, Status
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions, transaction
from geoengage.kit.ids import new_id
from geoengage.metrics import jobs, rules, service, store
from geoengage.metrics.models import CustomerHabitRow, CustomerSummary
from geoengage.presence.service import IndexCache
from geoengage.profiles import service as profiles
from geoengage.wiring import reactions
from geoengage.worker import react_once
from tests.factories import World, make_world
from tests.people_rows import make_person

ZURICH = ZoneInfo("Europe/Zurich")
NOW = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0)


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


async def buys(session: Session, world: World, who: profiles.Resolved, *days_ago: int, **over: Any) -> list[UUID]:
    made = []
    for ago in days_ago:
        at = NOW - timedelta(days=ago)
        values: dict[str, Any] = {
            "source": "api", "external_id": str(new_id()), "ordered_at": at, "updated_at": at, "currency": "CHF",
            "subtotal_minor": 1000, "total_minor": 1000, "identifier_id": who.identifier_id,
        }  # fmt: skip
        made.append((await commerce.record_order(session, world.tenant_id, OrderIn(**values | over), NOW)).id)
    await session.commit()
    return made


async def settle(sessions: Sessions) -> None:
    while await react_once(sessions, reactions(IndexCache())):
        pass


async def summary(session: Session, world: World, who: profiles.Resolved) -> CustomerSummary | None:
    session.expunge_all()
    rows = await store.read_summaries(session, world.tenant_id, [who.profile_id])
    return rows.get(who.profile_id)


async def habit(session: Session, world: World, who: profiles.Resolved) -> CustomerHabitRow | None:
    session.expunge_all()
    return (await store.read_habits(session, world.tenant_id, [who.profile_id])).get(who.profile_id)


async def events(session: Session, world: World) -> list[dict[str, Any]]:
    rows = await session.execute(
        text("SELECT payload FROM ledger WHERE tenant_id = :t AND type = 'habits.changed' ORDER BY position"),
        {"t": world.tenant_id},
    )
    return list(rows.scalars())


async def test_what_somebody_bought_is_summed(session: Session, sessions: Sessions, world: World) -> None:
    anna = await make_person(session, world, {"external_id": "anna"})
    await buys(session, world, anna, 40, 40, 20, 10)
    await buys(session, world, anna, 5, currency="EUR")
    (returned,) = await buys(session, world, anna, 4, return_of="x", total_minor=-500, subtotal_minor=-500)
    (order,) = await buys(session, world, anna, 2)
    assert returned
    await settle(sessions)
    row = await summary(session, world, anna)
    assert row is not None
    assert (row.currency, row.orders, row.other_orders, row.purchase_days) == ("CHF", 6, 1, 5)
    assert (row.spent_minor, row.repeat_spend_minor) == (5000, 3000)
    assert row.last_day == (NOW - timedelta(days=2)).astimezone(ZURICH).date()
    refund = Refund(external_id="r", at=NOW, amount_minor=400)
    await commerce.refund_order(session, world.tenant_id, order, refund, NOW)
    await session.commit()
    await settle(sessions)
    row = await summary(session, world, anna)
    assert row is not None
    assert row.spent_minor == 4600
    assert (await events(session, world))[-1]["what"] == ["summary"]


async def test_who_buys_no_more_falls_back_by_time_alone(session: Session, sessions: Sessions, world: World) -> None:
    anna = await make_person(session, world, {"external_id": "anna"})
    await buys(session, world, anna, *range(0, 360, 7))
    await settle(sessions)
    row = await habit(session, world, anna)
    assert row is not None
    assert (row.stage, row.decline, row.bought_now) == ("active", "none", 7)
    before, seen, now = len(await events(session, world)), ["none"], NOW
    for _ in range(60):
        row = await habit(session, world, anna)
        assert row is not None
        assert row.check_at > now
        now = row.check_at
        assert await jobs.check_habits_once(sessions, now) == 1
        assert await jobs.check_habits_once(sessions, now) == 0
        row = await habit(session, world, anna)
        assert row is not None
        if row.decline != seen[-1]:
            seen.append(row.decline)
    assert seen == ["none", "slight", "marked", "severe", "gone"]
    assert row.stage == "churned"
    assert len(await events(session, world)) > before


async def test_what_comes_late_is_no_step(session: Session, sessions: Sessions, world: World) -> None:
    """Orders of the past come one by one: what is seen in the end holds at once, not a degree a week."""
    anna = await make_person(session, world, {"external_id": "anna"})
    for ago in range(90, 200, 9):
        await buys(session, world, anna, ago)
        await settle(sessions)
    row = await habit(session, world, anna)
    assert row is not None
    assert (row.stage, row.decline) == ("churned", "gone")


async def test_merging_and_cancelling(session: Session, sessions: Sessions, world: World) -> None:
    anna = await make_person(session, world, {"external_id": "anna"})
    annie = await make_person(session, world, {"external_id": "annie"})
    await buys(session, world, anna, 30, 20)
    (last,) = await buys(session, world, annie, 10)
    await settle(sessions)
    ids = anna.identifier_id, annie.identifier_id
    async with transaction(sessions, world.tenant_id) as own:
        joined = await profiles.merge(own, world.tenant_id, *ids, reason="one", now=NOW)
    await settle(sessions)
    assert {id_: row.orders for id_, row in (await store.read_summaries(
        session, world.tenant_id, [anna.profile_id, annie.profile_id])).items()} == {joined: 3}  # fmt: skip
    async with transaction(sessions, world.tenant_id) as own:
        rest, apart = await profiles.unmerge(own, world.tenant_id, [annie.identifier_id], reason="two", now=NOW)
    await settle(sessions)
    session.expunge_all()
    parted = await store.read_summaries(session, world.tenant_id, [rest, *apart])
    assert sorted(row.orders for row in parted.values()) == [1, 2]
    await commerce.cancel_order(session, world.tenant_id, last, NOW)
    await session.commit()
    await settle(sessions)
    session.expunge_all()
    assert len(await store.read_summaries(session, world.tenant_id, [rest, *apart])) == 1
    assert len(await store.read_habits(session, world.tenant_id, [rest, *apart])) == 1
    assert (await events(session, world))[-1]["what"] == ["summary", "gone"]


async def test_an_order_that_was_somebody_elses(session: Session, sessions: Sessions, world: World) -> None:
    anna = await make_person(session, world, {"external_id": "anna"})
    ben = await make_person(session, world, {"external_id": "ben"})
    await buys(session, world, anna, 30, external_id="17")
    await settle(sessions)
    await buys(session, world, ben, 29, external_id="17", ordered_at=NOW - timedelta(days=30))
    await settle(sessions)
    assert await summary(session, world, anna) is None
    row = await summary(session, world, ben)
    assert row is not None
    assert row.orders == 1


async def test_the_hourly_round_finds_what_was_imported_quietly(
    session: Session, sessions: Sessions, world: World
) -> None:
    anna = await make_person(session, world, {"external_id": "anna"})
    order = OrderIn(
        source="api", external_id="1", ordered_at=NOW, updated_at=NOW, currency="CHF", subtotal_minor=5,
        total_minor=5, identifier_id=anna.identifier_id, status=Status.PAID,
    )  # fmt: skip
    await commerce.record_orders(session, world.tenant_id, [order], utc_now(), quiet=True)
    await session.commit()
    assert await jobs.repair_once(sessions, utc_now()) == 1
    assert await jobs.repair_once(sessions, utc_now()) == 0
    row = await habit(session, world, anna)
    assert row is not None
    assert (row.stage, row.decline) == ("new", "unknown")


async def test_kept_is_what_would_be_computed(session: Session, sessions: Sessions, world: World) -> None:
    """Stages kept = stages of the past at today; a rebuild of all summaries changes nothing."""
    for number in range(12):
        who = await make_person(session, world, {"external_id": f"p{number}"})
        await buys(session, world, who, *range(15 * number, 300, 5 + 4 * number))
    await settle(sessions)
    assert await store.list_wrong(session, world.tenant_id) == []
    ids, bought = await store.read_purchases(session, world.tenant_id)
    today = utc_now().astimezone(ZURICH).date()
    shop = await store.get_shop(session, world.tenant_id)
    codes = rules.stages_over(bought, [today], shop)[:, 0]
    kept = {row.profile_id: row.stage for row in await session.scalars(select(CustomerHabitRow))}
    assert kept == {id_: rules.STAGES[code].value for id_, code in zip(ids, codes, strict=True)}
    assert len(set(kept.values())) > 1
    await service.fit(session, world.tenant_id, utc_now())
    assert (await store.find_rhythm(session, world.tenant_id)) is not None
