"""Pictures of floor plans over HTTP: upload, placing, caching, what happens to them with their level."""

from typing import Any

import httpx
import pytest

from geoengage.kit.db import Session
from tests.api.test_venues_api import lonlat, make_mall, make_store, pointers, shop_headers
from tests.factories import World, make_world
from tests.pictures import picture

Json = dict[str, Any]
# 200 × 100 m at 10 px a metre: the whole level
WEST, SOUTH, EAST, NORTH = (round(n, 9) for n in (*lonlat(-100, -50), *lonlat(100, 50)))
POINTS = [{"pixel": [0, 1000], "at": [WEST, SOUTH]}, {"pixel": [2000, 0], "at": [EAST, NORTH]}]


class Plan:
    """A level's plan and the calls about it."""

    def __init__(self, client: httpx.AsyncClient, world: World, mall_id: str, level_id: str) -> None:
        self.client, self.headers, self.level_id = client, world.sk_headers, level_id
        self.level_url = f"/v1/malls/{mall_id}/levels/{level_id}"
        self.url = f"{self.level_url}/plan"

    async def put(self, data: bytes) -> httpx.Response:
        return await self.client.put(self.url, content=data, headers=self.headers)

    async def get(self, path: str = "", **headers: str) -> httpx.Response:
        return await self.client.get(self.url + path, headers=self.headers | headers)

    async def patch(self, version: int, query: str = "", **changes: Any) -> httpx.Response:
        match = self.headers | {"If-Match": f'"v{version}"'}
        return await self.client.patch(self.url + query, json=changes, headers=match)


async def make_plans(client: httpx.AsyncClient, session: Session, *ordinals: int) -> tuple[World, str, list[Plan]]:
    world = await make_world(session)
    mall_id = await make_mall(client, world, *ordinals)
    levels = (await client.get(f"/v1/malls/{mall_id}/levels", headers=world.sk_headers)).json()["items"]
    assert [level["properties"]["plan_version"] for level in levels] == [None] * len(ordinals)
    return world, mall_id, [Plan(client, world, mall_id, level["id"]) for level in levels]


async def test_a_plan_lives(client: httpx.AsyncClient, session: Session) -> None:
    _, _, (plan,) = await make_plans(client, session, 0)
    assert (await plan.get()).status_code == 404
    assert (await plan.get("/image")).status_code == 404
    data = picture(2000, 1000, color="red")
    put = await plan.put(data)
    assert put.status_code == 200, put.text
    assert put.headers["etag"] == '"v1"'
    about = put.json()
    assert about | {"image_url": ""} == {
        "level_id": plan.level_id,
        "version": 1,
        "media_type": "image/png",
        "width_px": 2000,
        "height_px": 1000,
        "points": None,
        "opacity": 0.5,
        "corners": None,
        "image_url": "",
    }
    assert (await plan.get()).json() == about
    shown = await client.get(about["image_url"], headers=plan.headers)
    assert shown.content == data
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["cache-control"].startswith("private")

    placed = await plan.patch(1, points=POINTS, opacity=0.8)
    assert placed.status_code == 200, placed.text
    assert placed.headers["etag"] == '"v2"'
    assert placed.json()["points"] == POINTS
    assert placed.json()["opacity"] == 0.8
    assert placed.json()["image_url"] == about["image_url"]
    for corner, east, north in zip(placed.json()["corners"], (-100, 100, 100, -100), (50, 50, -50, -50), strict=True):
        assert corner == pytest.approx(lonlat(east, north), abs=5e-9)
    level = (await client.get(plan.level_url, headers=plan.headers)).json()
    assert level["properties"]["plan_version"] == 2

    away = await plan.patch(2, points=None)
    assert (away.json()["points"], away.json()["corners"], away.json()["opacity"]) == (None, None, 0.8)
    assert (await client.delete(plan.url, headers=plan.headers)).status_code == 204
    assert (await plan.get()).status_code == 404


async def test_an_edit_names_the_version_it_saw(client: httpx.AsyncClient, session: Session) -> None:
    _, _, (plan,) = await make_plans(client, session, 0)
    await plan.put(picture(20, 10))
    assert (await plan.patch(7, opacity=1)).status_code == 412
    assert (await client.patch(plan.url, json={"opacity": 1}, headers=plan.headers)).status_code == 428


async def test_a_browser_keeps_the_picture_until_it_changes(client: httpx.AsyncClient, session: Session) -> None:
    _, _, (plan,) = await make_plans(client, session, 0)
    first = (await plan.put(picture(20, 10, color="red"))).json()
    tag = (await plan.get("/image")).headers["etag"]
    for value in (tag, f'W/{tag}, "other"', "*"):
        answer = await plan.get("/image", **{"If-None-Match": value})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert (await plan.get("/image", **{"If-None-Match": '"other"'})).status_code == 200
    await plan.patch(1, opacity=1)
    assert (await plan.get("/image", **{"If-None-Match": tag})).status_code == 304
    # taken away and put anew the version begins at 1 again; the picture's own tag does not
    await client.delete(plan.url, headers=plan.headers)
    second = (await plan.put(picture(20, 10, color="blue"))).json()
    assert second["version"] == first["version"]
    assert second["image_url"] != first["image_url"]
    assert (await plan.get("/image", **{"If-None-Match": tag})).status_code == 200


async def test_another_picture_of_the_same_size_keeps_its_place(client: httpx.AsyncClient, session: Session) -> None:
    _, _, (plan,) = await make_plans(client, session, 0)
    await plan.put(picture(2000, 1000))
    await plan.patch(1, points=POINTS)
    again = (await plan.put(picture(2000, 1000, "JPEG"))).json()
    assert (again["version"], again["media_type"], again["points"]) == (3, "image/jpeg", POINTS)
    assert (await plan.get("/image")).headers["content-type"] == "image/jpeg"
    larger = (await plan.put(picture(2000, 1001))).json()
    assert (larger["version"], larger["points"], larger["corners"]) == (4, None, None)


async def test_the_same_place_as_another_floor(client: httpx.AsyncClient, session: Session) -> None:
    _, mall_id, (ground, first, second) = await make_plans(client, session, 0, 1, 2)
    for plan in (ground, first):
        await plan.put(picture(2000, 1000))
    await second.put(picture(1000, 1000))
    assert pointers(await first.patch(1, f"?like={ground.level_id}")) == {"like"}  # not placed itself
    await ground.patch(1, points=POINTS)
    copied = await first.patch(1, f"?like={ground.level_id}", opacity=0.3)
    assert (copied.json()["points"], copied.json()["opacity"]) == (POINTS, 0.3)
    other_size = await second.patch(1, f"?like={ground.level_id}")
    assert "2000 × 1000" in other_size.json()["errors"][0]["detail"]
    assert pointers(await first.patch(2, f"?like={ground.level_id}", points=POINTS)) == {"#/points"}
    assert (await first.patch(2, f"?like={mall_id}")).status_code == 404


@pytest.mark.parametrize(
    "points, pointer",
    [
        (POINTS[:1], "#/points"),
        ([*POINTS, POINTS[0]], "#/points"),
        ([POINTS[0], POINTS[1] | {"pixel": [0, 1001]}], "#/points/1/pixel"),
        ([POINTS[0], POINTS[1] | {"pixel": [0, 999]}], "#/points/1/pixel"),
        ([POINTS[0], POINTS[1] | {"at": POINTS[0]["at"]}], "#/points/1/at"),
        ([POINTS[0], POINTS[1] | {"at": lonlat(-99.9, -49.9)}], "#/points"),
        ([POINTS[0], POINTS[1] | {"at": [51.426, 12.439]}], "#/points/1/at"),
        ([POINTS[0], POINTS[1] | {"at": [8.5, 47.4]}], "#/points/1/at"),
        ([POINTS[0], POINTS[1] | {"at": [8.5, 147.4]}], "#/points/1/at/1"),
    ],
)
async def test_places_that_cannot_be(
    client: httpx.AsyncClient, session: Session, points: list[Json], pointer: str
) -> None:
    _, _, (plan,) = await make_plans(client, session, 0)
    await plan.put(picture(2000, 1000))
    assert pointers(await plan.patch(1, points=points)) == {pointer}
    assert (await plan.get()).json()["version"] == 1


async def test_what_is_no_picture(client: httpx.AsyncClient, session: Session) -> None:
    _, _, (plan,) = await make_plans(client, session, 0)
    for data in (b"", b"<svg/>", b"{}", picture(20, 20, "GIF"), picture(200, 200)[:100]):
        answer = await client.put(plan.url, content=data, headers=plan.headers | {"Content-Type": "image/png"})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad-picture")
    assert (await plan.get()).status_code == 404


async def test_the_level_takes_its_plan_along(client: httpx.AsyncClient, session: Session) -> None:
    _, mall_id, (ground, first) = await make_plans(client, session, 0, 1)
    for plan in (ground, first):
        await plan.put(picture(20, 10))
    assert (await client.delete(first.level_url, headers=first.headers)).status_code == 204
    assert (await first.get()).status_code == 404
    assert (await client.delete(f"/v1/malls/{mall_id}", headers=ground.headers)).status_code == 204
    assert (await ground.get()).status_code == 404


async def test_a_level_is_edited_beside_its_plan(client: httpx.AsyncClient, session: Session) -> None:
    _, _, (plan,) = await make_plans(client, session, 0)
    await plan.put(picture(20, 10))
    match = plan.headers | {"If-Match": '"v1"'}
    edited = await client.patch(plan.level_url, json={"properties": {"name": "Ground"}}, headers=match)
    assert (edited.json()["properties"]["name"], edited.json()["properties"]["plan_version"]) == ("Ground", 1)


async def test_a_shop_looks_and_changes_nothing(client: httpx.AsyncClient, session: Session) -> None:
    world, mall_id, (plan,) = await make_plans(client, session, 0)
    await plan.put(picture(20, 10))
    plan.headers = await shop_headers(session, world, await make_store(client, world, mall_id=mall_id))
    assert (await plan.get()).status_code == 200
    assert (await plan.get("/image")).status_code == 200
    assert (await plan.put(picture(20, 10))).status_code == 404
    assert (await plan.patch(1, opacity=1)).status_code == 404
    assert (await client.delete(plan.url, headers=plan.headers)).status_code == 404
