"""Value models in the database: fitted on schedule, versioned, refused, applied to each customer, anew each day."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import httpx
import numpy as np
import pytest
from sqlalchemy import select, text

from geoengage.kit.db import Session, Sessions
from geoengage.metrics.jobs import value_customers_once
from geoengage.metrics.models import CustomerValue, ValueModelRow
from geoengage.metrics.rules import trials, values
from geoengage.metrics.service import refresh
from geoengage.metrics.store import list_wrong, summarise
from geoengage.tenancy.rules import KeyKind
from tests import cdnow
from tests.factories import World, make_key_row, make_world
from tests.value_rows import add_cdnow, add_orders, make_customers

NOW = datetime(1997, 9, 30, 20, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


async def models_of(session: Session, world: World) -> list[ValueModelRow]:
    session.expunge_all()
    rows = await session.scalars(
        select(ValueModelRow).where(ValueModelRow.tenant_id == world.tenant_id).order_by(ValueModelRow.version)
    )
    return list(rows)


async def values_of(session: Session, world: World) -> dict[UUID, CustomerValue]:
    session.expunge_all()
    rows = await session.scalars(select(CustomerValue).where(CustomerValue.tenant_id == world.tenant_id))
    return {row.profile_id: row for row in rows}


async def facts_of(session: Session, world: World) -> list[dict[str, object]]:
    rows = await session.execute(
        text("SELECT payload FROM ledger WHERE tenant_id = :t AND type = 'values.fitted' ORDER BY position"),
        {"t": world.tenant_id},
    )
    return list(rows.scalars())


async def test_cdnow_in_the_database(
    session: Session, sessions: Sessions, world: World, client: httpx.AsyncClient
) -> None:
    """The fit, each customer's value and the answers over HTTP are those of the pure rules on the same purchases."""
    people = await add_cdnow(session, world, cdnow.CUT)
    await add_orders(
        session, world, [(people[0], date(1997, 2, 2), 10**9)], status="cancelled", stated_status="cancelled"
    )
    await add_orders(session, world, [(people[0], date(1997, 1, 1), 500)], currency="EUR")
    assert await value_customers_once(sessions, NOW) == 1
    (row,) = await models_of(session, world)
    assert (row.version, row.customers, row.left_out, row.currency, row.refusal) == (1, 2357, 1, "USD", None)
    assert (row.is_current, row.through, row.valued_on) == (True, NOW.date(), NOW.date())
    known = trials.summarise(cdnow.purchases().until(cdnow.CUT))
    history = known.history(cdnow.CUT)
    model = values.fit(history, known.mean)
    assert isinstance(model, values.ValueModel)
    stored = values.from_params(row.params or {})
    assert stored.buying.log_likelihood == pytest.approx(model.buying.log_likelihood)
    expected, found = values.value(history, known.mean, model), await values_of(session, world)
    assert len(found) == 2357
    mine = [found[people[n]] for n in known.number]
    assert expected.value is not None
    np.testing.assert_allclose([v.p_alive for v in mine], expected.p_alive, rtol=1e-4)
    np.testing.assert_allclose([v.orders_365d for v in mine], expected.orders_365d, rtol=1e-4)
    np.testing.assert_allclose([v.value_365_minor for v in mine], expected.value, rtol=1e-3, atol=1)
    assert await facts_of(session, world) == [{"model_id": str(row.id), "version": 1, "type": "values.fitted"}]
    await _told_over_http(session, world, client, row)


async def _told_over_http(session: Session, world: World, client: httpx.AsyncClient, row: ValueModelRow) -> None:
    listed = (await client.get("/v1/metrics/models", headers=world.sk_headers)).json()["items"]
    assert [(m["id"], m["version"], m["is_current"]) for m in listed] == [(str(row.id), 1, True)]
    url = f"/v1/metrics/models/{row.id}"
    told = (await client.get(url, headers=world.sk_headers)).json()
    assert told["parameters"]["buying"]["r"] == pytest.approx(0.5248, abs=1e-4)
    assert told["parameters"]["spending"]["correlation"] == pytest.approx(0.114, abs=1e-3)
    assert sum(group["customers"] for group in told["calibration"]) == 2357
    assert told["holdout"]["cut"] == "1997-07-02"
    assert [v["kind"] for v in told["holdout"]["verdicts"]] == ["mbg_nbd", "bg_nbd"]
    for picture in ("calibration", "holdout", "by-times"):
        answer = await client.get(f"{url}/pictures/{picture}", headers=world.sk_headers)
        assert answer.headers["content-type"] == "image/svg+xml"
        assert answer.text.startswith("<svg ")
    assert (await client.get(f"{url}/pictures/else", headers=world.sk_headers)).status_code == 422
    missing = f"/v1/metrics/models/{world.tenant_id}"
    assert (await client.get(missing, headers=world.sk_headers)).status_code == 404
    shop = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[world.tenant_id])
    for path in ("/v1/metrics/models", url, f"{url}/pictures/holdout"):
        assert (await client.get(path, headers={"Authorization": f"Bearer {shop}"})).status_code == 404


async def test_too_little_data_is_refused_and_fitted_when_there_is_more(
    session: Session, sessions: Sessions, world: World, client: httpx.AsyncClient
) -> None:
    people = await add_cdnow(session, world, cdnow.CUT, count=60)
    assert await value_customers_once(sessions, NOW) == 1
    (refused,) = await models_of(session, world)
    assert refused.refusal is not None
    assert refused.refusal.startswith("60 customers, ")
    assert await values_of(session, world) == {}
    told = (await client.get(f"/v1/metrics/models/{refused.id}", headers=world.sk_headers)).json()
    assert (told["refusal"], told["holdout"], told["calibration"]) == (refused.refusal, None, [])
    picture = f"/v1/metrics/models/{refused.id}/pictures/holdout"
    assert (await client.get(picture, headers=world.sk_headers)).status_code == 404
    assert await value_customers_once(sessions, NOW + timedelta(hours=1)) == 0, "nothing is new"
    more = await make_customers(session, world, [f"more-{n}" for n in range(150)])
    days = [date(1997, 5, 1) + timedelta(days=n % 60) for n in range(150)]
    bought = [(who, day + timedelta(days=20 * k), 1000) for who, day in zip(more, days, strict=True) for k in range(3)]
    await add_orders(session, world, bought)
    assert await value_customers_once(sessions, NOW + timedelta(hours=1)) == 1, "there are many more customers"
    _, fitted = await models_of(session, world)
    assert (fitted.version, fitted.refusal, fitted.customers) == (2, None, 210)
    assert set(await values_of(session, world)) == {*people, *more}
    assert [fact["version"] for fact in await facts_of(session, world)] == [1, 2]


async def test_each_day_everybody_is_valued_and_each_week_fitted(
    session: Session, sessions: Sessions, world: World
) -> None:
    people = await add_cdnow(session, world, cdnow.CUT, count=500)
    await value_customers_once(sessions, NOW)
    first = await values_of(session, world)
    later = NOW + timedelta(days=1)
    assert await value_customers_once(sessions, later) == 1
    second = await values_of(session, world)
    assert all(second[p].p_alive < first[p].p_alive for p in people), "a day of silence"
    (row,) = await models_of(session, world)
    assert row.valued_on == later.date()
    assert await value_customers_once(sessions, later) == 0
    await session.execute(
        text("UPDATE shop_order SET identifier_id = NULL WHERE tenant_id = :t AND identifier_id = :p"),
        {"t": world.tenant_id, "p": people[3]},
    )
    await summarise(session, world.tenant_id, await list_wrong(session, world.tenant_id))
    await session.commit()
    assert await value_customers_once(sessions, NOW + WEEK) == 1
    old, new = await models_of(session, world)
    assert (old.is_current, new.is_current, new.version, new.customers) == (False, True, 2, 499)
    assert people[3] not in await values_of(session, world), "who is no customer any more has no value"


async def test_half_a_year_of_versions_is_kept(session: Session, sessions: Sessions, world: World) -> None:
    for n in range(28):
        await value_customers_once(sessions, NOW + n * WEEK)
    rows = await models_of(session, world)
    assert [row.version for row in rows] == list(range(3, 29))
    assert [row.is_current for row in rows] == [False] * 25 + [True]


async def test_who_buys_is_valued_at_once_with_the_same_model(
    session: Session, sessions: Sessions, world: World
) -> None:
    people = await add_cdnow(session, world, cdnow.CUT, count=500)
    await value_customers_once(sessions, NOW)
    before = await values_of(session, world)
    await add_orders(session, world, [(people[7], NOW.date() - timedelta(days=1), 9_900)])
    await session.execute(
        text("UPDATE shop_order SET status = 'cancelled' WHERE tenant_id = :t AND identifier_id = :p"),
        {"t": world.tenant_id, "p": people[8]},
    )
    await session.execute(
        text("DELETE FROM customer_summary WHERE tenant_id = :t AND profile_id = :p"),
        {"t": world.tenant_id, "p": people[7]},
    )
    await refresh(session, world.tenant_id, [people[7], people[8], people[9]], NOW)
    await session.commit()
    after = await values_of(session, world)
    assert set(before) - set(after) == {people[8]}, "nothing is left of a customer whose orders were cancelled"
    assert after[people[7]].p_alive > before[people[7]].p_alive
    assert after[people[9]].valued_at == before[people[9]].valued_at, "nothing has changed"
    (row,) = await models_of(session, world)
    assert row.version == 1


async def test_another_currency_is_foreseen_without_a_value(session: Session, sessions: Sessions, world: World) -> None:
    await add_cdnow(session, world, cdnow.CUT, count=500)
    (abroad,) = await make_customers(session, world, ["abroad"])
    await add_orders(session, world, [(abroad, date(1997, 3, day), 5_000) for day in (1, 15, 29)], currency="EUR")
    await value_customers_once(sessions, NOW)
    (row,) = await models_of(session, world)
    assert (row.currency, row.customers, row.left_out) == ("USD", 501, 3)
    found = (await values_of(session, world))[abroad]
    assert found.orders_365d > 0
    assert (found.value_365_minor, found.value_low_minor, found.value_high_minor) == (None, None, None)
