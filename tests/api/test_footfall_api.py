"""Footfall over HTTP: every number equals the truth worked out by plain sets, and no two answers isolate a few people.

One seeded mall of six weeks, told about by all endpoints and files, for all places and periods.
"""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from shapely.geometry import MultiPolygon, box

from geoengage.kit import partitions
from geoengage.kit.anonymity import K
from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.presence.models import Visit
from geoengage.presence.rules.records import runs_of
from geoengage.presence.rules.state import Fix
from geoengage.presence.store import insert_runs
from geoengage.reports.rules.periods import Period, Span, period_of
from geoengage.tenancy.rules import KeyKind
from geoengage.venues.models import Level
from tests.campaign_rows import make_device, make_mall, make_profile, make_store, make_zone
from tests.factories import World, make_key_row, make_world
from tests.footfall_truth import Answer, Row, bin_of, grouped, lies_in, people_of, plain_counts, told_atoms

ZURICH = ZoneInfo("Europe/Zurich")
FIRST = date(2026, 9, 28)  # a Monday; the clocks go back on 25 October
DAYS = 35
TODAY = FIRST + timedelta(days=DAYS + 1)
PERIODS = [period_of(Span.MONTH, date(2026, 10, 1))] + [
    period_of(Span.WEEK, FIRST + timedelta(days=7 * n)) for n in range(5)
]


@dataclass
class Town:
    """A mall with visits. `places`: query → spots; `rows`: the visits in Python, test devices not among them."""

    world: World
    mall: UUID
    zones: list[UUID]
    stores: list[UUID]
    rows: list[Row]

    @property
    def places(self) -> list[tuple[dict[str, Any], set[int]]]:
        return [
            *(({"zone_id": str(z)}, {n}) for n, z in enumerate(self.zones)),
            ({"store_id": str(self.stores[0])}, {0, 1}),
            ({"store_id": str(self.stores[1])}, {2}),
            ({"level": 0}, {0, 2, 4}),
            ({"level": 1}, {1, 3, 4}),
            ({}, {0, 1, 2, 3, 4}),
        ]


@pytest.fixture
async def town(session: Session, app: FastAPI) -> Town:
    app.state.clock = lambda: datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC)
    for weeks in range(4):
        await partitions.make_ahead(session, datetime(2026, 10, 5, tzinfo=UTC) + timedelta(weeks=2 * weeks))
    world = await make_world(session)
    mall = await make_mall(session, world, name="Mall <b>`${x}`")
    shape = MultiPolygon([box(8.5, 47.4, 8.501, 47.401)])
    session.add_all(
        Level(
            tenant_id=world.tenant_id, id=new_id(), mall_id=mall, ordinal=n, name=f"Level {n}", short_name=str(n),
            geom=shape,
        )
        for n in (0, 1)
    )  # fmt: skip
    stores = [await make_store(session, world, name=name, mall_id=mall) for name in ("=SUM(A1)", "Tea")]
    homes: list[tuple[UUID | None, list[int]]] = [
        (stores[0], [0]), (stores[0], [1]), (stores[1], [0]), (None, [1]), (None, [0, 1])
    ]  # fmt: skip
    zones = [
        await make_zone(session, world, store_id=store, mall_id=mall, levels=levels, name=f"Zone {n} </script>")
        for n, (store, levels) in enumerate(homes)
    ]
    order = sorted(range(5), key=lambda n: zones[n])
    assert order == [0, 1, 2, 3, 4]  # ids rise with time
    rows = await _walk(session, world, zones)
    return Town(world, mall, zones, stores, rows)


async def _walk(session: Session, world: World, zones: list[UUID]) -> list[Row]:
    """People with habits; some have two devices, one device is a test device and counts for nothing."""
    rng = np.random.default_rng(11)
    devices: list[list[UUID]] = []
    for n in range(60):
        profile = await make_profile(session, world) if n % 3 == 0 else None
        devices.append([await make_device(session, world, profile_id=profile) for _ in range(2 if n % 3 == 0 else 1)])
    tester = await make_device(session, world, is_test=True)
    rows, visits = [], []
    for day in range(DAYS):
        for person in rng.choice(60, int(rng.integers(8, 45)), replace=False).tolist():
            minute = int(rng.choice([9, 10, 11, 17])) * 60
            for spot in rng.choice(5, int(rng.integers(1, 4)), p=[0.15, 0.05, 0.1, 0.3, 0.4]).tolist():
                dwell = None if rng.random() < 0.05 else int(rng.choice([30, 200, 600, 1200]))
                row = Row(person, spot, FIRST + timedelta(days=day), minute, dwell)
                rows.append(row)
                visits.append(_visit(world, zones, row, devices[person][int(rng.integers(len(devices[person])))]))
                minute += 1 + (dwell or 0) // 60 + int(rng.choice([0, 5, 45]))
    visits += [_visit(world, zones, row, tester) for row in rows[:50]]
    session.add_all(visits)
    await session.commit()
    return rows


def _visit(world: World, zones: list[UUID], row: Row, device: UUID) -> Visit:
    local = datetime(row.day.year, row.day.month, row.day.day, row.minute // 60, row.minute % 60, tzinfo=ZURICH)
    at = local.astimezone(UTC)
    return Visit(
        tenant_id=world.tenant_id, id=new_id(at), device_id=device, zone_id=zones[row.spot], zone_version=1,
        entered_at=at, exited_at=None if row.dwell_s is None else at + timedelta(seconds=row.dwell_s),
    )  # fmt: skip


async def ask(client: httpx.AsyncClient, town: Town, path: str, period: Period, **query: Any) -> Any:
    params = {"mall_id": str(town.mall), "period": period.span.value, "on": str(period.first)} | query
    answer = await client.get(f"/v1/footfall{path}", params=params, headers=town.world.sk_headers)
    assert answer.status_code == 200, answer.text
    return answer


def expected(town: Town, spots: set[int], period: Period, atoms: dict[int, str]) -> set[int]:
    """The told visits of a place and period."""
    return {
        n
        for n, how in atoms.items()
        if town.rows[n].spot in spots
        and period.first <= town.rows[n].day <= period.last
        and (how == "apart" or period.span is not Span.DAY)
    }


async def test_every_number_is_true_and_no_two_isolate_a_few_people(client: httpx.AsyncClient, town: Town) -> None:
    rows, atoms = town.rows, told_atoms(town.rows, K, TODAY)
    visits, people = set(), set()
    for period in PERIODS:
        for query, spots in town.places:
            body = (await ask(client, town, "", period, **query)).json()
            here = frozenset(expected(town, spots, period, atoms))
            name = (tuple(sorted(spots)), period)
            assert body["k"] == K
            assert body["complete"] is True
            assert body["visits"] == len(here) or (not here and body["visits"] is None and body["hidden"]["cells"]), (
                name
            )
            visits.add(Answer(name, len(here), here))
            assert body["people"] in (None, len(people_of(rows, here)))
            if body["people"] is not None:
                people.add(Answer(name, body["people"], here))
            for n, cell in enumerate(body["dwell"]["bins"]):
                inside = {v for v in here if bin_of(rows[v]) == n}
                assert cell["visits"] is None or cell["visits"] <= len(inside)
                if not body["hidden"]["cells"] and cell["visits"] == len(inside):
                    visits.add(Answer((name, n), cell["visits"], frozenset(inside)))
            for told in body["by_day"]:
                on = date.fromisoformat(told["on"])
                day = frozenset(expected(town, spots, period_of(Span.DAY, on), atoms))
                assert told["visits"] in ((len(day),) if day else (None, 0))
                visits.add(Answer((name, on), len(day), day))
                assert told["people"] in (None, len(people_of(rows, day)))
                if told["people"]:
                    people.add(Answer((name, on), told["people"], day))
    assert sum(a.number > 0 for a in people) > 100  # there is something to attack
    attack(rows, visits, people)


def attack(rows: list[Row], visits: set[Answer], people: set[Answer]) -> None:
    """Rank test and differences over visits, nested pairs over people."""
    system = np.array([[n in s for n in range(len(rows))] for s in {a.visits for a in visits}], dtype=float)
    basis = np.linalg.svd(system, full_matrices=False)
    space = basis[2][basis[1] > 1e-8]
    for names in (("spot", "day"), ("day",), ("spot", "day", "bin"), ("person",)):
        for group in grouped(rows, names):
            if len(people_of(rows, group)) < K:
                wanted = np.array([float(n in group) for n in range(len(rows))])
                assert np.linalg.norm(wanted - space.T @ (space @ wanted)) > 1e-6, group
    for vector in plain_counts(system):
        assert not 0 < len(people_of(rows, np.flatnonzero(vector))) < K
    for a in people:
        for b in people:
            if a.number and lies_in(a, b):
                assert not 0 < b.number - a.number < K, (a.name, b.name)


async def test_endpoints_and_files_agree(client: httpx.AsyncClient, town: Town) -> None:
    for period in (PERIODS[0], PERIODS[2], period_of(Span.DAY, FIRST + timedelta(days=9))):
        for by in ("zone", "store", "level"):
            items = (await ask(client, town, "/places", period, by=by)).json()["items"]
            assert len(items) == {"zone": 5, "store": 2, "level": 2}[by]
            lines = list(csv.DictReader(io.StringIO((await ask(client, town, "/export", period, by=by)).text)))
            features = (await ask(client, town, "/export", period, by=by, format="geojson")).json()["features"]
            for item, line, feature in zip(items, lines, features, strict=True):
                place = {"level": item["level"]} if by == "level" else {f"{by}_id": item["id"]}
                one = (await ask(client, town, "", period, **place)).json()
                for name in ("visits", "people", "returning_share", "peak"):
                    assert item[name] == one[name] == feature["properties"][name]
                assert item["median_dwell_s"] == one["dwell"]["median_s"]
                assert line["visits"] == ("" if item["visits"] is None else str(item["visits"]))
                assert line["people"] == ("" if item["people"] is None else str(item["people"]))
                assert line["name"][0] not in "=+-@"
                assert feature["geometry"]["type"] in ("MultiPolygon", "Point", "Polygon")


async def test_hours_and_flows_are_true(client: httpx.AsyncClient, town: Town) -> None:
    """An hour of the mall is told whole or not at all; the day on which the clocks go back keeps its hours."""
    rows, atoms = town.rows, told_atoms(town.rows, K, TODAY)
    told = 0
    for offset in (2, 9, 27):  # the last is 25 October
        period = period_of(Span.DAY, FIRST + timedelta(days=offset))
        hours = (await ask(client, town, "", period)).json()["hours"]
        here = expected(town, {0, 1, 2, 3, 4}, period, atoms)
        weekday = period.first.weekday() * 24
        for n, number in enumerate(hours):
            if not weekday <= n < weekday + 24:
                assert number is None
            elif number is not None:
                assert number == len(people_of(rows, {v for v in here if rows[v].minute // 60 == n - weekday}))
                assert not 0 < number < K
                told += number > 0
    assert told
    flows = (await ask(client, town, "/flows", PERIODS[0])).json()
    assert flows["items"]
    assert all(flow["people"] >= K for flow in flows["items"])


async def test_a_shop_sees_its_own_places_and_the_same_numbers(
    client: httpx.AsyncClient, session: Session, town: Town
) -> None:
    key = await make_key_row(session, town.world.tenant_id, KeyKind.SECRET, store_ids=[town.stores[0]])
    await session.commit()
    mine = {"Authorization": f"Bearer {key}"}
    common = {"mall_id": str(town.mall), "period": "month", "on": "2026-10-01"}
    for query, spots in town.places:
        answer = await client.get("/v1/footfall", params=common | query, headers=mine)
        if spots <= {0, 1}:
            assert answer.json() == (await ask(client, town, "", PERIODS[0], **query)).json()
        else:
            assert answer.status_code == 404
    places = await client.get("/v1/footfall/places", params=common | {"by": "zone"}, headers=mine)
    assert {item["id"] for item in places.json()["items"]} == {str(z) for z in town.zones[:2]}
    flows = (await client.get("/v1/footfall/flows", params=common, headers=mine)).json()["items"]
    assert all({f["from_zone_id"], f["to_zone_id"]} <= {str(z) for z in town.zones[:2]} for f in flows)
    for path, query in (("heat", {"level": 0, "period": "week"}), ("export", {"format": "html"})):
        assert (await client.get(f"/v1/footfall/{path}", params=common | query, headers=mine)).status_code == 404


async def test_heat_tells_squares_of_enough_people(client: httpx.AsyncClient, session: Session, town: Town) -> None:
    """Twelve people in one square, three in another; the day before all is deleted counts for nothing."""
    day = TODAY - timedelta(days=2)
    for n in range(12):
        device = await make_device(session, town.world)
        for lon in (8.5004, 8.5008) if n < 3 else (8.5004,):
            at = datetime(day.year, day.month, day.day, 10, n, int(lon * 10_000) % 60, tzinfo=UTC)
            fix = Fix(at=at, sent_at=at, lon=lon, lat=47.4004, accuracy_m=5, level=0, trust=1, source="wifi")
            await insert_runs(session, town.world.tenant_id, list(runs_of(device, [fix])), at)
    await session.commit()
    heat = (await ask(client, town, "/heat", period_of(Span.DAY, day), level=0)).json()
    assert [cell["people"] for cell in heat["cells"]] == [12]
    assert abs(heat["cells"][0]["lon"] - 8.5004) < 1e-4
    assert heat["hidden"]["cells"] == 0
    assert (await ask(client, town, "/heat", period_of(Span.DAY, day), level=1)).json()["cells"] == []
    old = (await ask(client, town, "/heat", PERIODS[1], level=0)).json()
    assert (old["cells"], old["hidden"]["cells"]) == ([], 7)


@pytest.mark.parametrize(
    "path, query, status",
    [
        ("/heat", {"level": 0, "period": "month"}, 422),
        ("/heat", {"level": 7}, 404),
        ("", {"level": 0, "zone_id": "00000000-0000-7000-8000-000000000001"}, 422),
        ("", {"zone_id": "00000000-0000-7000-8000-000000000001"}, 404),
        ("", {"on": "1999-12-31"}, 422),
        ("", {"from": "2026-10-01"}, 422),
        ("/export", {"format": "html"}, 503),
    ],
)
async def test_what_is_not_answered(
    client: httpx.AsyncClient, app: FastAPI, tmp_path: Any, town: Town, path: str, query: dict[str, Any], status: int
) -> None:
    app.state.report_assets = tmp_path  # nothing is built there
    params = {"mall_id": str(town.mall), "on": str(FIRST)} | query
    answer = await client.get(f"/v1/footfall{path}", params=params, headers=town.world.sk_headers)
    assert answer.status_code == status, answer.text


async def test_the_report_needs_nothing_from_elsewhere(
    client: httpx.AsyncClient, app: FastAPI, tmp_path: Any, town: Town
) -> None:
    for name in ("leaflet.js", "leaflet.css"):
        (tmp_path / name).write_text(f"/* {name} */")
    app.state.report_assets = tmp_path
    html = (await ask(client, town, "/export", PERIODS[1], format="html")).text
    tags = [part.partition(">")[0] for part in html.split("<")]
    assert not [t for t in tags if t.startswith(("script", "link", "img")) and ("src=" in t or "href=" in t)]
    assert "<b>`${x}`" not in html
    assert "Zone 0 </script>" not in html
    assert html.count("</script>") == html.count("<script")
    assert "/* leaflet.js */" in html
