"""Widening shapes over HTTP."""

import httpx
import pytest

from geoengage.kit.db import Session
from tests.api.test_venues_api import make_store, pointers, rectangle, shop_headers
from tests.factories import make_world

URL = "/v1/shapes/widen"


async def test_a_room_grows_and_shrinks_back(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    room = rectangle()
    wider = await client.post(URL, json={"geometry": room, "metres": 2.5}, headers=world.sk_headers)
    assert wider.status_code == 200, wider.text
    body = {"geometry": wider.json()["geometry"], "metres": -2.5}
    back = (await client.post(URL, json=body, headers=world.sk_headers)).json()["geometry"]
    assert back["type"] == "Polygon"
    expected, found = ({(round(x, 7), round(y, 7)) for x, y in g["coordinates"][0]} for g in (room, back))
    assert found == expected
    rounded = await client.post(URL, json=body | {"metres": 2, "corners": "round"}, headers=world.sk_headers)
    assert len(rounded.json()["geometry"]["coordinates"][0]) > 20


@pytest.mark.parametrize(
    "change, pointer",
    [
        ({"metres": -5}, "#/metres"),
        ({"metres": -50.1}, "#/metres"),
        ({"metres": 500.1}, "#/metres"),
        ({"corners": "pointed"}, "#/corners"),
        ({"geometry": {"type": "Point", "coordinates": [12, 51]}}, "#/geometry/type"),
        ({"geometry": {"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]]]}}, "#/geometry"),
        ({"level": 1}, "#/level"),
    ],
)
async def test_what_is_refused(client: httpx.AsyncClient, session: Session, change: dict, pointer: str) -> None:
    world = await make_world(session)
    answer = await client.post(URL, json={"geometry": rectangle(), "metres": 1} | change, headers=world.sk_headers)
    assert pointers(answer) == {pointer}


async def test_shops_draw_too(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    headers = await shop_headers(session, world, await make_store(client, world))
    answer = await client.post(URL, json={"geometry": rectangle(), "metres": 1}, headers=headers)
    assert answer.status_code == 200
