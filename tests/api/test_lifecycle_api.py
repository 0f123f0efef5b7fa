"""Lifecycle metrics over HTTP: definitions, periods, comparisons, files, who sees what, and what is not told."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from geoengage.kit.anonymity import K
from geoengage.kit.db import Session, Sessions
from geoengage.kit.ids import new_id
from geoengage.lifecycle.jobs import keep_days_once
from geoengage.lifecycle.rules.catalogue import METRICS
from geoengage.lifecycle.service.memory import Memory
from geoengage.lifecycle.store import Place
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import make_mall, make_store
from tests.factories import World, make_key_row, make_world
from tests.grocer import Grocer, insert, make_grocer
from tests.people_rows import make_order, make_person

NOW = datetime(2026, 7, 15, 9, tzinfo=UTC)
JUNE = {"from": "2026-06-01", "to": "2026-06-30"}
# ruff: noqa: S608 - SQL of ours
ZURICH_EVENING = datetime(2026, 6, 30, 21, 59, tzinfo=UTC)  # the last minute of June there
PARTS = ("cohorts", "rfm", "worth", "when", "funnel")


@pytest.fixture
def clock(app: FastAPI) -> None:
    app.state.clock = lambda: NOW


async def buy(session: Session, world: World, buyers: int, at: datetime, **over: Any) -> None:
    """So many people buy once for CHF 30."""
    for n in range(buyers):
        person = await make_person(session, world, {"external_id": f"{at:%m%d}-{n}-{over.get('store_id', '')}"})
        await make_order(session, world, f"{at:%m%d}-{n}-{over.get('store_id', '')}", person, ordered_at=at, **over)


async def get(client: httpx.AsyncClient, who: World, path: str, **query: Any) -> Any:
    answer = await client.get(f"/v1/metrics{path}", params=query, headers=who.sk_headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_definitions_come_with_every_answer(client: httpx.AsyncClient, session: Session, clock: None) -> None:
    world = await make_world(session)
    items = (await get(client, world, ""))["items"]
    assert [item["name"] for item in items] == list(METRICS)
    for item in items:
        answer = await get(client, world, f"/{item['name']}", **JUNE)
        assert {key: answer[key] for key in item} == item
        assert answer["value"] in (None, 0)  # nothing has happened here
        assert answer["people"] == 0
        assert answer["hidden"] is None


async def test_a_period_beside_earlier_ones(client: httpx.AsyncClient, session: Session, clock: None) -> None:
    world = await make_world(session)
    await buy(session, world, 20, ZURICH_EVENING)
    await buy(session, world, 10, datetime(2026, 5, 31, 21, 59, tzinfo=UTC))  # May, by a minute
    await buy(session, world, 40, datetime(2025, 6, 10, 9, tzinfo=UTC))
    await session.commit()
    answer = await get(client, world, "/revenue", **JUNE, step="month")
    assert (answer["value"], answer["people"], answer["currency"], answer["unit"]) == (60_000, 20, "CHF", "money")
    assert answer["points"] == [
        {"from": "2026-06-01", "to": "2026-06-30", "complete": True, "value": 60_000, "low": None, "high": None,
         "people": 20, "hidden": None}
    ]  # fmt: skip
    previous, year_ago = answer["previous"], answer["year_ago"]
    assert (previous["from"], previous["to"], previous["value"], previous["change"]) == (
        "2026-05-01", "2026-05-31", 30_000, 1.0
    )  # fmt: skip
    assert (year_ago["from"], year_ago["value"], year_ago["change"]) == ("2025-06-01", 120_000, -0.5)
    assert answer["scope"] == {"kind": "tenant", "id": None, "timezone": "Europe/Zurich"}


async def test_only_days_that_are_over_count(client: httpx.AsyncClient, session: Session, clock: None) -> None:
    world = await make_world(session, is_demo=True)
    await buy(session, world, 2, NOW - timedelta(hours=1))
    await buy(session, world, 3, NOW - timedelta(days=1))
    await session.commit()
    july = {"from": "2026-07-01", "to": "2026-07-31"}
    answer = await get(client, world, "/purchase_frequency", **july, step="week")
    assert (answer["people"], answer["complete"]) == (3, False)
    assert [p["to"] for p in answer["points"]] == ["2026-07-05", "2026-07-12", "2026-07-19"]
    assert answer["points"][-1]["people"] == 3


async def test_currencies_are_never_added(client: httpx.AsyncClient, session: Session, clock: None) -> None:
    world = await make_world(session)
    await buy(session, world, 20, ZURICH_EVENING)
    await buy(session, world, 15, ZURICH_EVENING - timedelta(days=1), currency="EUR")
    await session.commit()
    answer = await get(client, world, "/revenue", **JUNE)
    assert (answer["value"], answer["currency"]) == (60_000, "CHF")
    assert answer["other_currencies"] == [{"currency": "EUR", "orders": 15}]
    other = await get(client, world, "/revenue", **JUNE, currency="EUR")
    assert (other["value"], other["other_currencies"]) == (45_000, [{"currency": "CHF", "orders": 20}])
    assert (await get(client, world, "/purchase_frequency", **JUNE))["people"] == 35
    assert (await get(client, world, "/worth", to="2026-06-30"))["so_far"]["mean_minor"] == 3_000


async def test_real_people_are_told_of_from_ten_on(client: httpx.AsyncClient, session: Session, clock: None) -> None:
    world = await make_world(session)
    await buy(session, world, K - 1, ZURICH_EVENING)
    await buy(session, world, K, datetime(2026, 5, 20, 9, tzinfo=UTC))
    await session.commit()
    june = await get(client, world, "/revenue", **JUNE)
    assert (june["value"], june["people"], june["hidden"]) == (None, None, "fewer than 10 people")
    assert june["previous"]["value"] == K * 3_000
    assert june["previous"]["change"] is None
    both = await get(client, world, "/revenue", **{"from": "2026-05-01", "to": "2026-06-30"}, step="month")
    assert [p["value"] for p in both["points"]] == [K * 3_000, None]
    assert both["value"] is None  # it would tell of June
    # nor does a period that ends a day earlier or later
    for first, last in (("2026-05-01", "2026-06-29"), ("2026-05-01", "2026-07-01"), ("2026-05-02", "2026-06-30")):
        assert (await get(client, world, "/revenue", **{"from": first, "to": last}, step="year"))["value"] is None
    await session.execute(text("UPDATE tenant SET is_demo = true WHERE id = :t"), {"t": world.tenant_id})
    await session.commit()
    shown = await get(client, world, "/revenue", **JUNE)
    assert (shown["value"], shown["people"], shown["k"]) == ((K - 1) * 3_000, K - 1, 1)


async def test_nine_real_people_are_in_no_answer(client: httpx.AsyncClient, session: Session, clock: None) -> None:
    world = await make_world(session)
    await buy(session, world, K - 1, ZURICH_EVENING)
    await session.commit()
    grid = await get(client, world, "/rfm", **{"from": "2026-05-31", "to": "2026-07-01"})
    assert grid["customers"] is None
    assert not any(item["people"] for part in ("cells", "groups", "movements") for item in grid[part])
    worth = await get(client, world, "/worth", to="2026-06-30")
    assert worth["hidden"] == "fewer than 10 people"
    assert (worth["so_far"]["people"], worth["so_far"]["bins"]) == (None, [])
    june = (await get(client, world, "/cohorts", **JUNE))["items"][0]
    assert (june["people"], june["hidden"]) == (None, "fewer than 10 people")
    assert (await get(client, world, "/funnel"))["items"][2]["known"] is None
    orders = (await get(client, world, "/when", **JUNE))["items"][2]["hours"]
    assert [n for n in orders if n != 0] == [None]


async def test_files_hold_what_the_answers_say(client: httpx.AsyncClient, session: Session, clock: None) -> None:
    world = await make_world(session)
    await buy(session, world, 20, ZURICH_EVENING)
    await session.commit()
    asked = {"params": JUNE | {"format": "csv"}, "headers": world.sk_headers}
    answer = await client.get("/v1/metrics/revenue", **asked)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="revenue-2026-06-01-2026-06-30.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows[0] | {"low": ""} == {
        "metric": "revenue", "period": "asked as a whole", "from": "2026-06-01", "to": "2026-06-30", "complete": "True",
        "value": "60000.0", "low": "", "high": "", "people": "20", "unit": "money", "currency": "CHF", "hidden": "",
    }  # fmt: skip
    assert len(rows) == 6
    for part in PARTS:
        query = {"format": "csv"} | ({} if part == "funnel" else JUNE)
        answer = await client.get(f"/v1/metrics/{part}", params=query, headers=world.sk_headers)
        assert answer.status_code == 200, answer.text
        assert list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.parametrize(
    "path, query, detail",
    [
        ("/revenue", {"from": "2026-06-02", "to": "2026-06-01"}, "from must not be after to"),
        ("/revenue", {"from": "2020-01-01", "to": "2026-06-01", "step": "day"}, "at most 400 steps"),
        ("/revenue", {"channel": "email"}, "not told by channel"),
        ("/revenue", {"store_id": str(UUID(int=1)), "mall_id": str(UUID(int=1))}, "name one of"),
        ("/revenue", {"currency": "francs"}, "should match"),
        ("/cohorts", {"step": "day"}, "of weeks at least"),
        ("/when", {"step": "day"}, "Extra inputs"),
    ],
)
async def test_bad_questions(
    client: httpx.AsyncClient, session: Session, path: str, query: dict[str, str], detail: str
) -> None:
    world = await make_world(session)
    answer = await client.get(f"/v1/metrics{path}", params=query, headers=world.sk_headers)
    assert answer.status_code == 422, answer.text
    assert detail in answer.text


async def test_no_such_thing(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    for query in ({"store_id": new_id()}, {"mall_id": new_id()}, {"segment_id": new_id()}):
        for path in ("/revenue", *(f"/{part}" for part in PARTS)):
            answer = await client.get(f"/v1/metrics{path}", params=query, headers=world.sk_headers)
            assert answer.status_code == 404, answer.text
    assert (await client.get("/v1/metrics/profit", headers=world.sk_headers)).status_code == 404


async def test_a_store_sees_its_own_orders_only(client: httpx.AsyncClient, session: Session, clock: None) -> None:
    world = await make_world(session)
    mall = await make_mall(session, world)
    mine, other = [await make_store(session, world, name=name, mall_id=mall) for name in ("Mine", "Other")]
    await buy(session, world, 20, ZURICH_EVENING, store_id=mine)
    await buy(session, world, 30, ZURICH_EVENING, store_id=other)
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[mine])
    await session.commit()
    shop = World(world.tenant_id, world.app_id, world.pk, key)
    answer = await get(client, shop, "/revenue", **JUNE)
    assert (answer["value"], answer["scope"]["kind"]) == (60_000, "stores")
    assert (await get(client, shop, "/revenue", **JUNE, store_id=mine))["value"] == 60_000
    assert (await get(client, world, "/revenue", **JUNE, mall_id=mall))["value"] == 150_000
    for query in ({"store_id": other}, {"mall_id": mall}):
        refused = await client.get("/v1/metrics/revenue", params=JUNE | query, headers=shop.sk_headers)
        assert refused.status_code == 404
    segment = await make_segment(session, world, None)
    refused = await client.get("/v1/metrics/revenue", params={"segment_id": segment}, headers=shop.sk_headers)
    assert refused.status_code == 404
    assert (await get(client, shop, "/funnel"))["items"][0]["known"] == 20


async def make_segment(session: Session, world: World, store_id: UUID | None) -> UUID:
    id_ = new_id()
    await session.execute(
        text("INSERT INTO segment (tenant_id, id, store_id, name, definition) VALUES (:t, :id, :store, 'Some', '{}')"),
        {"t": world.tenant_id, "id": id_, "store": store_id},
    )
    await session.commit()
    return id_


async def test_what_cannot_be_worked_out_later_is_kept_each_night(
    client: httpx.AsyncClient, session: Session, sessions: Sessions, app: FastAPI
) -> None:
    """E-mail addresses that are proven today may bounce tomorrow: the past keeps its number."""
    app.state.clock = lambda: NOW
    world = await make_world(session)
    store = await make_store(session, world)
    ids = []
    for n in range(12):
        person = await make_person(session, world, {"email": f"{n}@example.org"}, stores=[store])
        ids.append(person.identifier_id)
    rows = [{"identifier_id": id_, "channel": "email", "source": "shop"} for id_ in ids]
    at = NOW - timedelta(days=30)
    decisions = [r | {"id": new_id(), "purpose": "marketing", "state": "subscribed", "at": at} for r in rows]
    kinds = {"id": "uuid", "identifier_id": "uuid", "channel": "text", "purpose": "text", "state": "text",
             "source": "text", "at": "timestamptz", "recorded_at": "timestamptz"}  # fmt: skip
    await insert(session, "consent_history", kinds, [d | {"recorded_at": at} for d in decisions], world.tenant_id)
    kinds = {"identifier_id": "uuid", "channel": "text", "state": "text", "source": "text", "changed_at": "timestamptz"}
    points = [r | {"state": "reachable", "changed_at": at} for r in rows]
    await insert(session, "contact_point", kinds, points, world.tenant_id)
    await session.commit()
    assert await keep_days_once(sessions, NOW) >= 2
    assert await keep_days_once(sessions, NOW) == 0
    await session.execute(
        text("UPDATE contact_point SET state = 'bounced' WHERE tenant_id = :t"), {"t": world.tenant_id}
    )
    await session.commit()
    app.state.clock = lambda: NOW + timedelta(days=2)
    for query in ({}, {"store_id": store}, {"channel": "email"}):
        week = {"from": "2026-07-13", "to": "2026-07-16"}
        answer = await get(client, world, "/reachable", **week, step="day", **query)
        assert [p["value"] for p in answer["points"]] == [None, 12, None, 0], query
        subscribers = await get(client, world, "/subscribers", **week, step="day", **query)
        assert [p["value"] for p in subscribers["points"]] == [12] * 4


# --- against raw rows -------------------------------------------------------------------------------------------------


@pytest.fixture
async def grocer(session: Session) -> Grocer:
    return await make_grocer(session, 80, is_demo=True)


async def test_parts_are_what_another_way_finds(client: httpx.AsyncClient, session: Session, grocer: Grocer) -> None:
    """Cohorts, scores, worth, hours, devices, languages and the funnel, each by a query of its own."""
    tenant = {"t": grocer.world.tenant_id}
    today = datetime.now(UTC).date()
    until = today - timedelta(days=2)

    async def rows(query: str, **over: Any) -> list[Any]:
        bought = (
            "WITH o AS (SELECT o.*, (o.ordered_at AT TIME ZONE 'Europe/Athens')::date AS day, i.profile_id,"
            " o.return_of IS NULL AS counts FROM shop_order o LEFT JOIN identifier i ON i.tenant_id = o.tenant_id AND"
            " i.id = o.identifier_id WHERE o.tenant_id = :t AND o.status <> 'cancelled'),"
            " c AS (SELECT profile_id, min(day) AS first, max(day) AS last, count(DISTINCT day) AS days FROM o"
            " WHERE counts AND profile_id IS NOT NULL AND day <= :until GROUP BY 1) "
        )
        return list((await session.execute(text(bought + query), tenant | {"until": until} | over)).all())

    year = {"from": (today - timedelta(days=300)).isoformat(), "to": until.isoformat()}
    await check_cohorts(await get(client, grocer.world, "/cohorts", **year, step="month"), rows)
    grid = await get(client, grocer.world, "/rfm", to=until.isoformat())
    people = await rows("SELECT * FROM c ORDER BY profile_id")
    assert grid["customers"] == len(people)
    check_scores(grid, people)
    worth = await get(client, grocer.world, "/worth", to=until.isoformat())
    check_worth(worth["so_far"], await rows(
        "SELECT coalesce((SELECT sum(total_minor - refunded_minor) FROM o WHERE o.profile_id = c.profile_id"
        " AND currency = 'USD' AND day <= :until), 0)::float8 AS money FROM c"
        " WHERE EXISTS (SELECT FROM o WHERE o.profile_id = c.profile_id AND currency = 'USD' AND counts"
        " AND day <= :until)"
    ))  # fmt: skip
    when = await get(client, grocer.world, "/when", **year)
    for kind, table, at, where in (
        ("orders", "shop_order x", "ordered_at", "x.status <> 'cancelled' AND x.return_of IS NULL"),
        ("visits", "visit x JOIN device d ON d.id = x.device_id", "entered_at", "NOT d.is_test"),
        ("opens", "message x JOIN device d ON d.id = x.device_id", "opened_at", "NOT d.is_test"),
    ):
        counts = await rows(
            f"SELECT to_char({at} AT TIME ZONE 'Europe/Athens', 'ID')::int AS weekday,"
            f" to_char({at} AT TIME ZONE 'Europe/Athens', 'HH24')::int AS hour, count(*) AS n FROM {table}"
            f" WHERE x.tenant_id = :t AND ({at} AT TIME ZONE 'Europe/Athens')::date BETWEEN :a AND :b AND {where}"
            " GROUP BY 1, 2",
            a=date.fromisoformat(when["from"]), b=date.fromisoformat(when["to"]),
        )  # fmt: skip
        expected = [0] * 168
        for row in counts:
            expected[(row.weekday - 1) * 24 + row.hour] = row.n
        assert next(item["hours"] for item in when["items"] if item["kind"] == kind) == expected
    platforms = await rows(
        "SELECT platform, count(DISTINCT coalesce(profile_id, id)) AS n FROM device"
        " WHERE tenant_id = :t AND NOT is_test GROUP BY 1"
    )
    assert {d["name"]: d["people"] for d in when["devices"]} == {r.platform: r.n for r in platforms}
    spoken = await rows(
        "SELECT language, count(*) AS n FROM profile WHERE tenant_id = :t AND language = 'de' GROUP BY 1"
    )
    anonymous = await rows(
        "SELECT count(*) AS n FROM device WHERE tenant_id = :t AND NOT is_test AND profile_id IS NULL"
        " AND locale LIKE 'de%'"
    )
    silent = await rows(
        "SELECT count(*) AS n FROM profile p WHERE tenant_id = :t AND language IS NULL"
        " AND (SELECT split_part(locale, '-', 1) FROM device d WHERE d.profile_id = p.id AND NOT is_test"
        " AND locale IS NOT NULL ORDER BY created_at DESC LIMIT 1) = 'de'"
    )
    german = next(item["people"] for item in when["languages"] if item["name"] == "de")
    assert german == spoken[0].n + anonymous[0].n + silent[0].n
    email = next(r for r in (await get(client, grocer.world, "/funnel"))["items"] if r["channel"] == "email")
    assert email["known"] == len(grocer.people)
    assert email["known"] >= email["consent"] == email["address"] > email["alive"] > 0


async def check_cohorts(answer: dict[str, Any], rows: Any) -> None:
    assert len(answer["items"]) >= 10
    for cohort in answer["items"]:
        a, b = date.fromisoformat(cohort["from"]), date.fromisoformat(cohort["to"])
        size = await rows("SELECT count(*) AS n FROM c WHERE first BETWEEN :a AND :b", a=a, b=b)
        assert cohort["people"] == size[0].n
        for later in cohort["later"][:3]:
            month = answer["items"][answer["items"].index(cohort) + later["n"]]
            c, d = date.fromisoformat(month["from"]), date.fromisoformat(month["to"])
            hits = await rows(
                "SELECT count(DISTINCT o.profile_id) AS n FROM o JOIN c USING (profile_id) WHERE counts"
                " AND first BETWEEN :a AND :b AND day BETWEEN :c AND :d", a=a, b=b, c=c, d=d,
            )  # fmt: skip
            assert later["people"] == hits[0].n


def check_scores(grid: dict[str, Any], people: list[Any]) -> None:
    """By the definition: the middle of one's equals among all, in fifths."""

    def score(values: list[Any]) -> list[int]:
        n = len(values)
        return [min(int(5 * (sum(v < x for v in values) + sum(v == x for v in values) / 2) / n) + 1, 5) for x in values]

    both = list(zip(score([p.last for p in people]), score([p.days for p in people]), strict=True))
    for cell in grid["cells"]:
        assert cell["people"] == both.count((cell["recency"], cell["frequency"])), cell
    groups = {(c["recency"], c["frequency"]): c["group"] for c in grid["cells"]}
    for group in grid["groups"]:
        assert group["people"] == sum(groups[pair] == group["name"] for pair in both)
        moved = [m["people"] for m in grid["movements"] if m["after"] == group["name"]]
        assert sum(moved) == group["people"]


def check_worth(found: dict[str, Any], rows: list[Any]) -> None:
    money = sorted((float(r.money) for r in rows), reverse=True)
    assert found["people"] == len(money)
    assert found["mean_minor"] == pytest.approx(sum(money) / len(money))
    assert sum(b["people"] for b in found["bins"]) == len(money)
    for one in found["bins"]:
        low, high = one["low_minor"], one["high_minor"]
        inside = [m for m in money if (low is None or m >= low) and (high is None or m < high)]
        assert one["people"] == len(inside)
    first = found["tenths"][0]
    assert first["value_minor"] == round(sum(money[: first["people"]]))
    assert [q["value_minor"] for q in found["quantiles"]] == [
        round(float(np.quantile(money, q["share"]))) for q in found["quantiles"]
    ]


async def test_orders_are_kept_while_nothing_changes(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geoengage.lifecycle.service.memory.LEAST_ROWS", 1)
    world = await make_world(session)
    person = await make_person(session, world, {"external_id": "1"})
    memory, place = Memory(most_rows=3), Place("Europe/Zurich")
    until = datetime.now(UTC) + timedelta(days=1)
    await make_order(session, world, "1", person)
    book = await memory.read(session, world.tenant_id, place, until)
    assert await memory.read(session, world.tenant_id, place, until) is book
    await make_order(session, world, "2", person)
    again = await memory.read(session, world.tenant_id, place, until)
    assert [len(b.orders.day) for b in (book, again)] == [1, 2]
    for zone in ("Asia/Tokyo", "America/Lima"):
        await memory.read(session, world.tenant_id, Place(zone), until)
    assert await memory.read(session, world.tenant_id, place, until) is not again  # there was no room for all
