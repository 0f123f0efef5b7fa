"""Malls, levels, units and stores over HTTP: shapes, walls, ETags, idempotency, what changes matching."""

from collections.abc import Awaitable, Callable
from math import cos, radians
from typing import Any
from uuid import UUID

import httpx
import pytest

from geoengage.kit.db import Session
from geoengage.kit.geo import METRES_PER_DEG
from geoengage.kit.ids import new_id
from geoengage.tenancy.models import Owner
from geoengage.tenancy.rules import KeyKind, Scope
from geoengage.venues import store
from tests.factories import World, make_key_row, make_world

LON, LAT = 12.439, 51.426
MALL = {"name": "Ahornhof", "timezone": "Europe/Berlin", "origin": [LON, LAT], "bearing_deg": 27}
Json = dict[str, Any]


def lonlat(east: float, north: float) -> list[float]:
    """A position so many metres from the mall's origin."""
    return [LON + east / (METRES_PER_DEG * cos(radians(LAT))), LAT + north / METRES_PER_DEG]


def rectangle(east: float = 0, north: float = 0, width: float = 20, height: float = 10) -> Json:
    """A polygon whose south-west corner lies so many metres from the mall's origin."""
    corners = [(0, 0), (width, 0), (width, height), (0, height), (0, 0)]
    return {"type": "Polygon", "coordinates": [[lonlat(east + x, north + y) for x, y in corners]]}


def feature(geometry: Json, **properties: Any) -> Json:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


async def make_mall(client: httpx.AsyncClient, world: World, *ordinals: int) -> str:
    """A mall of 200 × 100 m around its origin, with those levels."""
    response = await client.post("/v1/malls", json=MALL, headers=world.sk_headers)
    assert response.status_code == 201, response.text
    mall_id: str = response.json()["id"]
    for ordinal in ordinals:
        outline = feature(
            rectangle(-100, -50, 200, 100), ordinal=ordinal, name=f"Level {ordinal}", short_name=str(ordinal)
        )
        response = await client.post(f"/v1/malls/{mall_id}/levels", json=outline, headers=world.sk_headers)
        assert response.status_code == 201, response.text
    return mall_id


async def make_store(client: httpx.AsyncClient, world: World, **properties: Any) -> str:
    body = feature(rectangle(), **({"name": "Mira Moda"} | properties))
    response = await client.post("/v1/stores", json=body, headers=world.sk_headers)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def shop_headers(session: Session, world: World, *store_ids: str) -> dict[str, str]:
    """A secret key that is restricted to those stores."""
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[UUID(s) for s in store_ids])
    await session.commit()
    return {"Authorization": f"Bearer {key}"}


def pointers(response: httpx.Response) -> set[str]:
    assert response.status_code == 422, response.text
    assert response.json()["type"] == "/problems/invalid-request"
    return {line["pointer"] for line in response.json()["errors"]}


async def epoch(session: Session, world: World) -> int:
    return await store.venue_epoch(session, world.tenant_id)


# --- malls ----------------------------------------------------------------------------------------------------------


async def test_a_mall_lives(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    created = await client.post("/v1/malls", json=MALL | {"bearing_deg": -333}, headers=world.sk_headers)
    assert created.headers["ETag"] == '"v1"'
    mall = created.json()
    assert mall["origin"] == [LON, LAT]
    assert mall["bearing_deg"] == 27
    url = f"/v1/malls/{mall['id']}"
    assert (await client.get(url, headers=world.sk_headers)).json() == mall
    assert (await client.patch(url, json={"name": "A"}, headers=world.sk_headers)).status_code == 428
    match = world.sk_headers | {"If-Match": '"v1"'}
    edited = await client.patch(url, json={"name": "Ahorn", "address": "Allee 1"}, headers=match)
    assert edited.headers["ETag"] == '"v2"'
    assert edited.json()["name"] == "Ahorn"
    assert edited.json()["timezone"] == "Europe/Berlin"
    assert (await client.patch(url, json={"name": "B"}, headers=match)).status_code == 412
    assert (await client.delete(url, headers=world.sk_headers)).status_code == 204
    assert (await client.get(url, headers=world.sk_headers)).status_code == 404


@pytest.mark.parametrize(
    "change, pointer",
    [
        ({"origin": [51.4, 112.4]}, "#/origin/1"),
        ({"origin": [12.4]}, "#/origin"),
        ({"origin": "here"}, "#/origin"),
        ({"timezone": "Europe/Leipzig"}, "#/timezone"),
        ({"name": " "}, "#/name"),
        ({"territory": "Germany"}, "#/territory"),
        ({"bearing_deg": 400}, "#/bearing_deg"),
        ({"nmae": "x"}, "#/nmae"),
    ],
)
async def test_a_wrong_mall_is_refused(client: httpx.AsyncClient, session: Session, change: Json, pointer: str) -> None:
    world = await make_world(session)
    assert pointers(await client.post("/v1/malls", json=MALL | change, headers=world.sk_headers)) == {pointer}


@pytest.mark.parametrize(
    "body, pointer",
    [
        ('{"name":"x","timezone":"UTC","origin":[NaN,1]}', "#/origin/0"),
        ('{"name":"x","timezone":"UTC","origin":[1,2],"bearing_deg":-Infinity}', "#/bearing_deg"),
        ('{"name":"x","timezone":"UTC","origin":[1e999,2]}', "#/origin/0"),
        ('{"name":"a\\u0000b","timezone":"UTC","origin":[1,2]}', "#/name"),
        ('{"name":"\\ud800","timezone":"UTC","origin":[1,2]}', "#/name"),
    ],
)
async def test_what_json_does_not_know_is_named(
    client: httpx.AsyncClient, session: Session, body: str, pointer: str
) -> None:
    world = await make_world(session)
    headers = world.sk_headers | {"Content-Type": "application/json"}
    assert pointers(await client.post("/v1/malls", content=body, headers=headers)) == {pointer}


async def test_the_same_key_makes_the_same_mall(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    headers = world.sk_headers | {"Idempotency-Key": "one"}
    first = await client.post("/v1/malls", json=MALL, headers=headers)
    again = await client.post("/v1/malls", json=MALL, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await client.post("/v1/malls", json=MALL | {"name": "Other"}, headers=headers)
    assert other.status_code == 422
    assert other.json()["type"] == "/problems/idempotency-key-reused"


async def test_lists_are_paged(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    ids = [await make_store(client, world, name=f"Store {n}") for n in range(3)]
    first = (await client.get("/v1/stores?limit=2", headers=world.sk_headers)).json()
    rest = (await client.get(f"/v1/stores?limit=2&cursor={first['next']}", headers=world.sk_headers)).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ids
    assert rest["next"] is None


async def test_an_external_id_is_taken_once(client: httpx.AsyncClient, session: Session) -> None:
    world, other = await make_world(session), await make_world(session)
    body = MALL | {"external_id": "ahornhof"}
    assert (await client.post("/v1/malls", json=body, headers=world.sk_headers)).status_code == 201
    assert (await client.post("/v1/malls", json=body, headers=world.sk_headers)).status_code == 409
    assert (await client.post("/v1/malls", json=body, headers=other.sk_headers)).status_code == 201


# --- levels and units -----------------------------------------------------------------------------------------------


async def test_levels(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0, 1)
    url = f"/v1/malls/{mall_id}/levels"
    items = (await client.get(url, headers=world.sk_headers)).json()["items"]
    assert [level["properties"]["ordinal"] for level in items] == [0, 1]
    assert items[0]["properties"]["mall_id"] == mall_id
    same = feature(rectangle(), ordinal=1, name="One", short_name="1")
    assert (await client.post(url, json=same, headers=world.sk_headers)).status_code == 409
    away = feature(rectangle(5_000, 0), ordinal=2, name="Two", short_name="2")
    assert pointers(await client.post(url, json=away, headers=world.sk_headers)) == {"#/geometry/coordinates"}
    elsewhere = feature(rectangle(), ordinal=2, name="Two", short_name="2", mall_id=str(new_id()))
    assert pointers(await client.post(url, json=elsewhere, headers=world.sk_headers)) == {"#/properties/mall_id"}
    one = f"{url}/{items[1]['id']}"
    match = world.sk_headers | {"If-Match": '"v1"'}
    edited = await client.patch(one, json={"properties": {"name": "Upper floor"}}, headers=match)
    assert edited.json()["properties"]["name"] == "Upper floor"
    assert edited.json()["geometry"] == items[1]["geometry"]
    assert (await client.delete(one, headers=world.sk_headers)).status_code == 204
    assert (await client.get(one, headers=world.sk_headers)).status_code == 404


async def test_a_level_with_something_on_it_stays(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0, 1)
    unit = feature(rectangle(), level=1, category="corridor")
    assert (await client.post(f"/v1/malls/{mall_id}/units", json=unit, headers=world.sk_headers)).status_code == 201
    items = (await client.get(f"/v1/malls/{mall_id}/levels", headers=world.sk_headers)).json()["items"]
    url = f"/v1/malls/{mall_id}/levels/{items[1]['id']}"
    assert (await client.delete(url, headers=world.sk_headers)).status_code == 409
    match = world.sk_headers | {"If-Match": '"v1"'}
    assert (await client.patch(url, json={"properties": {"ordinal": 5}}, headers=match)).status_code == 409


async def test_units(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0, 1)
    url = f"/v1/malls/{mall_id}/units"
    for level in (0, 1):
        lift = feature(rectangle(0, 0, 3, 3), level=level, category="lift", name="Lift A")
        assert (await client.post(url, json=lift, headers=world.sk_headers)).status_code == 201
    (unit,) = (await client.get(f"{url}?level=1", headers=world.sk_headers)).json()["items"]
    assert unit["properties"]["category"] == "lift"
    wrong = feature(rectangle(), level=7, category="ramp")
    assert pointers(await client.post(url, json=wrong, headers=world.sk_headers)) == {"#/properties/category"}
    missing = feature(rectangle(), level=7, category="other")
    assert pointers(await client.post(url, json=missing, headers=world.sk_headers)) == {"#/properties/level"}
    one = f"{url}/{unit['id']}"
    match = world.sk_headers | {"If-Match": '"v1"'}
    edited = await client.patch(one, json={"properties": {"name": None}}, headers=match)
    assert edited.json()["properties"]["name"] is None
    assert (await client.delete(one, headers=world.sk_headers)).status_code == 204
    connectors = await store.list_connectors(session, world.tenant_id)
    assert [(str(c.mall_id), c.level) for c in connectors] == [(mall_id, 0)]


# --- stores ---------------------------------------------------------------------------------------------------------


async def test_a_store_lives(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0)
    hours = [{"days": ["mon", "sat"], "open": "10:00", "close": "20:00"}]
    store_id = await make_store(client, world, mall_id=mall_id, level=0, opening_hours=hours, brand_color="#AB12CD")
    url = f"/v1/stores/{store_id}"
    found = (await client.get(url, headers=world.sk_headers)).json()
    assert found["properties"]["opening_hours"] == hours
    assert found["properties"]["brand_color"] == "#ab12cd"
    assert found["geometry"]["type"] == "Polygon"
    before = found["properties"]["point"]
    moved = await client.patch(
        url, json={"geometry": rectangle(30, 0)}, headers=world.sk_headers | {"If-Match": '"v1"'}
    )
    assert moved.json()["properties"]["point"] != before  # it follows the footprint
    door = {"properties": {"point": lonlat(31, 1), "category": "fashion"}}
    moved = await client.patch(url, json=door, headers=world.sk_headers | {"If-Match": '"v2"'})
    assert moved.json()["properties"]["point"] == pytest.approx(lonlat(31, 1), abs=1e-9)
    stays = await client.patch(
        url, json={"geometry": rectangle(30, 5)}, headers=world.sk_headers | {"If-Match": '"v3"'}
    )
    assert stays.json()["properties"]["point"] == moved.json()["properties"]["point"]
    assert (await client.delete(url, headers=world.sk_headers)).status_code == 204
    assert (await client.get(url, headers=world.sk_headers)).status_code == 404


async def test_a_store_without_footprint_is_a_point(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    body = feature({"type": "Point", "coordinates": [LON, LAT, 113.5]}, name="Kiosk")
    made = (await client.post("/v1/stores", json=body, headers=world.sk_headers)).json()
    assert made["geometry"] == {"type": "Point", "coordinates": [LON, LAT]}
    assert made["properties"]["point"] == [LON, LAT]
    url, match = f"/v1/stores/{made['id']}", world.sk_headers | {"If-Match": '"v1"'}
    moved = (await client.patch(url, json={"properties": {"point": [LON, 51.5]}}, headers=match)).json()
    assert moved["geometry"]["coordinates"] == [LON, 51.5]


@pytest.mark.parametrize(
    "properties, expected",
    [
        ({"level": 0}, {"#/properties/level"}),
        ({"mall_id": str(new_id())}, {"#/properties/mall_id"}),
        ({"owner_id": str(new_id())}, {"#/properties/owner_id"}),
        ({"owner_id": str(new_id()), "mall_id": str(new_id())}, {"#/properties/owner_id", "#/properties/mall_id"}),
        ({"brand_color": "red"}, {"#/properties/brand_color"}),
        ({"opening_hours": [{"days": ["mon"], "open": "9", "close": "20:00"}]}, {"#/properties/opening_hours/0/open"}),
        ({"point": [LON, None]}, {"#/properties/point/1"}),
    ],
)
async def test_a_wrong_store_is_refused(
    client: httpx.AsyncClient, session: Session, properties: Json, expected: set[str]
) -> None:
    world = await make_world(session)
    body = feature(rectangle(), name="x", **properties)
    assert pointers(await client.post("/v1/stores", json=body, headers=world.sk_headers)) == expected


async def test_stores_by_place(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0, 1)
    inside = await make_store(client, world, mall_id=mall_id, level=1)
    body = feature({"type": "Point", "coordinates": [179.9, -17]}, name="Taveuni")
    fiji = (await client.post("/v1/stores", json=body, headers=world.sk_headers)).json()["id"]

    async def ids(query: str) -> list[str]:
        found = await client.get(f"/v1/stores?{query}", headers=world.sk_headers)
        return [item["id"] for item in found.json()["items"]]

    assert await ids(f"mall_id={mall_id}") == [inside]
    assert await ids(f"mall_id={mall_id}&level=0") == []
    assert await ids("level=1") == [inside]
    assert await ids("bbox=12,51,13,52") == [inside]
    assert await ids("bbox=177,-20,-178,-15") == [fiji]  # across the antimeridian
    assert await ids("bbox=177,-20,0,-178,-15,100") == [fiji]  # with altitudes
    assert await ids("bbox=-178,-20,177,-15") == []
    for wrong in ("1,2,3", "a,b,c,d", "0,91,1,92", "0,10,1,5", "nan,0,1,1"):
        assert pointers(await client.get(f"/v1/stores?bbox={wrong}", headers=world.sk_headers)) == {"bbox"}


# --- walls ----------------------------------------------------------------------------------------------------------


async def test_nothing_crosses_tenants(client: httpx.AsyncClient, session: Session) -> None:
    world, other = await make_world(session), await make_world(session)
    mall_id = await make_mall(client, world, 0)
    store_id = await make_store(client, world, mall_id=mall_id)
    level_id = (await client.get(f"/v1/malls/{mall_id}/levels", headers=world.sk_headers)).json()["items"][0]["id"]
    unit = feature(rectangle(), level=0, category="other")
    unit_id = (await client.post(f"/v1/malls/{mall_id}/units", json=unit, headers=world.sk_headers)).json()["id"]
    stranger = other.sk_headers | {"If-Match": '"v1"'}
    for path in (
        f"/v1/malls/{mall_id}",
        f"/v1/malls/{mall_id}/levels/{level_id}",
        f"/v1/malls/{mall_id}/units/{unit_id}",
        f"/v1/stores/{store_id}",
    ):
        assert (await client.get(path, headers=stranger)).status_code == 404
        assert (await client.patch(path, json={}, headers=stranger)).status_code == 404
        assert (await client.delete(path, headers=stranger)).status_code == 404
    for path in ("levels", "units"):
        assert (await client.get(f"/v1/malls/{mall_id}/{path}", headers=stranger)).status_code == 404
    assert (await client.post(f"/v1/malls/{mall_id}/units", json=unit, headers=stranger)).status_code == 404
    for path in ("/v1/malls", "/v1/stores"):
        assert (await client.get(path, headers=stranger)).json()["items"] == []
    body = feature(rectangle(), name="x", mall_id=mall_id)
    assert pointers(await client.post("/v1/stores", json=body, headers=stranger)) == {"#/properties/mall_id"}


async def test_a_shops_key_sees_malls_and_its_own_stores(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0)
    mine, others = await make_store(client, world), await make_store(client, world)
    shop = await shop_headers(session, world, mine)
    match = shop | {"If-Match": '"v1"'}
    for path in (f"/v1/malls/{mall_id}", f"/v1/malls/{mall_id}/levels", f"/v1/malls/{mall_id}/units"):
        assert (await client.get(path, headers=shop)).status_code == 200
    assert (await client.patch(f"/v1/malls/{mall_id}", json={"name": "Mine"}, headers=match)).status_code == 404
    assert (await client.post("/v1/malls", json=MALL, headers=shop)).status_code == 404
    assert [s["id"] for s in (await client.get("/v1/stores", headers=shop)).json()["items"]] == [mine]
    assert (await client.get(f"/v1/stores/{others}", headers=shop)).status_code == 404
    assert (await client.patch(f"/v1/stores/{others}", json={}, headers=match)).status_code == 404
    edited = await client.patch(f"/v1/stores/{mine}", json={"properties": {"category": "shoes"}}, headers=match)
    assert edited.status_code == 200
    owner = Owner(tenant_id=world.tenant_id, id=new_id(), name="Somebody")
    session.add(owner)
    await session.commit()
    give = {"properties": {"owner_id": str(owner.id)}}
    assert (await client.patch(f"/v1/stores/{mine}", json=give, headers=shop | {"If-Match": '"v2"'})).status_code == 403
    assert (await client.delete(f"/v1/stores/{mine}", headers=shop)).status_code == 404
    assert (await client.post("/v1/stores", json=feature(rectangle(), name="x"), headers=shop)).status_code == 404


async def test_a_reader_cannot_write(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=[Scope.READ.value])
    await session.commit()
    reader = {"Authorization": f"Bearer {key}"}
    assert (await client.get("/v1/malls", headers=reader)).status_code == 200
    assert (await client.post("/v1/malls", json=MALL, headers=reader)).status_code == 403
    assert (await client.get("/v1/malls")).status_code == 401
    assert (await client.get("/v1/malls", headers=world.pk_headers)).status_code == 403


# --- what matching reads --------------------------------------------------------------------------------------------


async def test_the_epoch_rises_exactly_when_matching_changes(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0, 1)
    store_id = await make_store(client, world)
    mall, shop = f"/v1/malls/{mall_id}", f"/v1/stores/{store_id}"
    level = f"{mall}/levels/{(await client.get(f'{mall}/levels', headers=world.sk_headers)).json()['items'][1]['id']}"
    versions = {mall: 1, shop: 1, level: 1}

    def patch(path: str, body: Json) -> Callable[[], Awaitable[httpx.Response]]:
        async def do() -> httpx.Response:
            versions[path] += 1
            match = world.sk_headers | {"If-Match": f'"v{versions[path] - 1}"'}
            return await client.patch(path, json=body, headers=match)

        return do

    def unit(category: str) -> Callable[[], Awaitable[httpx.Response]]:
        body = feature(rectangle(0, 0, 3, 3), level=0, category=category)
        return lambda: client.post(f"{mall}/units", json=body, headers=world.sk_headers)

    steps: list[tuple[Callable[[], Awaitable[httpx.Response]], int]] = [
        (patch(mall, {"name": "Other"}), 0),
        (patch(mall, {"timezone": "UTC"}), 1),
        (patch(mall, {"timezone": "UTC"}), 0),
        (patch(mall, {"origin": lonlat(1, 0)}), 1),
        (patch(mall, {"bearing_deg": 28}), 1),
        (patch(level, {"properties": {"name": "First floor"}}), 0),
        (patch(level, {"geometry": rectangle(-100, -50, 210, 100)}), 1),
        (patch(level, {"properties": {"ordinal": 2}}), 1),
        (unit("corridor"), 0),
        (unit("lift"), 1),
        (patch(shop, {"properties": {"name": "Other"}}), 0),
        (patch(shop, {"properties": {"timezone": "Asia/Tokyo"}}), 1),
        (lambda: client.delete(shop, headers=world.sk_headers), 0),
        (lambda: client.delete(level, headers=world.sk_headers), 1),
        (lambda: client.delete(mall, headers=world.sk_headers), 1),
    ]
    for number, (step, rise) in enumerate(steps):
        before = await epoch(session, world)
        response = await step()
        assert response.status_code < 300, (number, response.text)
        assert await epoch(session, world) - before == rise, number


async def test_a_mall_does_not_leave_its_building(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    url = f"/v1/malls/{await make_mall(client, world, 0)}"
    match = world.sk_headers | {"If-Match": '"v1"'}
    assert pointers(await client.patch(url, json={"origin": lonlat(9_000, 0)}, headers=match)) == {"#/origin"}
