"""The demo's phone noise and its comparison: set by editors, reported by the simulator, nobody else's business."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.tenancy.rules import KeyKind, Scope
from tests.factories import World, make_key_row, make_world
from tests.places import make_phone

NOW = datetime.now(UTC)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
async def demo(session: Session) -> World:
    return await make_world(session, is_demo=True)


async def get(client: httpx.AsyncClient, world: World) -> dict[str, Any]:
    answer = await client.get("/v1/simulation", headers=world.sk_headers)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def put(client: httpx.AsyncClient, world: World, noise_m: Any) -> httpx.Response:
    return await client.put("/v1/simulation", json={"noise_m": noise_m}, headers=world.sk_headers)


def report(revision: int, **over: Any) -> dict[str, Any]:
    tally = {"right": 5, "wrong": 1, "again": 2, "missed": 3}
    return {
        "revision": revision, "since": NOW.isoformat(), "positions": 70, "shoppers": 4, "visits": 9,
        "plain": tally | {"wrong": 21}, "ours": tally, "walk": None,
    } | over  # fmt: skip


async def tell(client: httpx.AsyncClient, key: str, body: dict[str, Any]) -> httpx.Response:
    return await client.put("/v1/simulation/report", json=body, headers=bearer(key))


async def test_untouched_it_is_as_phones_usually_are(client: httpx.AsyncClient, demo: World) -> None:
    assert await get(client, demo) == {
        "noise_m": 3.0, "usual_m": 3.0, "most_m": 30.0, "revision": 0, "is_running": False, "comparison": None,
    }  # fmt: skip


async def test_a_report_is_shown_until_the_noise_changes(client: httpx.AsyncClient, demo: World) -> None:
    assert (await tell(client, demo.sk, report(0))).status_code == 204
    shown = await get(client, demo)
    assert shown["is_running"]
    comparison = shown["comparison"]
    assert comparison["saved"] == 20
    assert comparison["plain"] == {"right": 5, "wrong": 21, "again": 2, "missed": 3}

    changed = (await put(client, demo, 15)).json()
    assert (changed["noise_m"], changed["revision"], changed["comparison"], changed["is_running"]) == (
        15,
        1,
        None,
        True,
    )
    assert (await tell(client, demo.sk, report(0))).status_code == 409  # it was about the noise of before
    assert (await get(client, demo))["comparison"] is None
    assert (await tell(client, demo.sk, report(1))).status_code == 204
    assert (await put(client, demo, 15)).json()["comparison"]["saved"] == 20  # the same noise changes nothing


async def test_ours_never_saves_less_than_nothing(client: httpx.AsyncClient, demo: World) -> None:
    tally = {"right": 0, "wrong": 7, "again": 0, "missed": 0}
    await tell(client, demo.sk, report(0, ours=tally, plain=tally | {"wrong": 2}))
    assert (await get(client, demo))["comparison"]["saved"] == 0


async def test_a_walk_goes_by_its_name_of_the_day(client: httpx.AsyncClient, session: Session, demo: World) -> None:
    phone = await make_phone(session, demo)
    at = NOW.isoformat()
    place = {"at": at, "lon": 8.5, "lat": 47.4, "level": 0}
    entry = {"way": "plain", "at": at, "zone_id": str(new_id()), "zone_name": "Café", "verdict": "wrong"}
    walk = {"device_id": str(phone.id), "truth": [place], "fixes": [place | {"accuracy_m": 9}], "entries": [entry]}
    assert (await tell(client, demo.sk, report(0, walk=walk))).status_code == 204
    shown = (await get(client, demo))["comparison"]["walk"]
    assert str(phone.id) not in str(shown)
    assert [e["verdict"] for e in shown["entries"]] == ["wrong"]
    question = {"pseudonym": shown["pseudonym"], "at": (NOW + timedelta(seconds=1)).isoformat()}
    explained = await client.get("/v1/explain", params=question, headers=demo.sk_headers)
    assert explained.json()["device"]["device_id"] == str(phone.id)


@pytest.mark.parametrize("noise_m", [-1, 30.5, None, "loud"])
async def test_noise_has_limits(client: httpx.AsyncClient, demo: World, noise_m: Any) -> None:
    assert (await put(client, demo, noise_m)).status_code == 422
    assert (await get(client, demo))["noise_m"] == 3.0


async def test_bodies_are_checked(client: httpx.AsyncClient, demo: World) -> None:
    for wrong in ({"positions": -1}, {"plain": {}}, {"surprise": 1}, {"since": "yesterday"}):
        assert (await tell(client, demo.sk, report(0) | wrong)).status_code == 422, wrong


async def test_only_demo_tenants_have_it(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    for answer in (
        await client.get("/v1/simulation", headers=world.sk_headers),
        await put(client, world, 5),
        await tell(client, world.sk, report(0)),
    ):
        assert answer.status_code == 403
        assert "demo" in answer.json()["detail"]


async def test_who_may_do_what(client: httpx.AsyncClient, session: Session, demo: World) -> None:
    keys = {
        scope: await make_key_row(session, demo.tenant_id, KeyKind.SECRET, scopes=[scope.value])
        for scope in (Scope.READ, Scope.VENUES, Scope.PEOPLE)
    }
    shop = await make_key_row(session, demo.tenant_id, KeyKind.SECRET, store_ids=[new_id()])
    await session.commit()
    assert (await client.get("/v1/simulation", headers=bearer(keys[Scope.READ]))).status_code == 200
    body = {"noise_m": 5}
    expected = {keys[Scope.READ]: 403, keys[Scope.PEOPLE]: 403, keys[Scope.VENUES]: 200, shop: 403}
    for key, status in expected.items():
        answer = await client.put("/v1/simulation", json=body, headers=bearer(key))
        assert answer.status_code == status, answer.text
    expected = {keys[Scope.READ]: 403, keys[Scope.VENUES]: 403, keys[Scope.PEOPLE]: 204, shop: 404}
    for key, status in expected.items():
        assert (await tell(client, key, report(1))).status_code == status
    assert (await client.get("/v1/simulation", headers=bearer(shop))).status_code == 403


async def test_another_tenants_noise_is_its_own(client: httpx.AsyncClient, session: Session, demo: World) -> None:
    other = await make_world(session, is_demo=True)
    await put(client, demo, 20)
    await tell(client, demo.sk, report(1))
    assert (await get(client, other))["comparison"] is None
    assert (await get(client, other))["noise_m"] == 3.0
