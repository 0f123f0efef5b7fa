"""Going back to an earlier version of a zone: a further version that says the same, if it still fits."""

from typing import Any

import httpx
from shapely.geometry import shape
from sqlalchemy import update

from geoengage.kit.db import Session
from geoengage.venues.models import Zone, ZoneVersion
from tests.api.test_venues_api import feature, lonlat, make_mall, make_store, pointers, rectangle, shop_headers
from tests.api.test_zones_api import make_zone
from tests.factories import World, make_world


async def edit(client: httpx.AsyncClient, world: World, zone_id: str, version: int, **change: Any) -> None:
    match = world.sk_headers | {"If-Match": f'"v{version}"'}
    answer = await client.patch(f"/v1/zones/{zone_id}", json=change, headers=match)
    assert answer.status_code == 200, answer.text


async def restore(
    client: httpx.AsyncClient, headers: dict[str, str], zone_id: str, version: int, seen: int
) -> httpx.Response:
    url = f"/v1/zones/{zone_id}/versions/{version}/restore"
    return await client.post(url, headers=headers | {"If-Match": f'"v{seen}"'})


async def versions(client: httpx.AsyncClient, world: World, zone_id: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/zones/{zone_id}/versions", headers=world.sk_headers)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_version_comes_back_whole(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0, 1)
    first = {
        "name": "First", "kind": "store", "mall_id": mall_id, "levels": [0, 1], "tags": ["a"], "color": "#aabbcc",
        "sensitivity": "health", "rules": {"enter_s": 5}, "metadata": {"rent": 1}, "external_id": "z1",
        "schedule": {"hours": [{"days": ["mon"], "open": "09:00", "close": "18:00"}]},
    }  # fmt: skip
    zone_id = await make_zone(client, world, **first)
    await client.post(f"/v1/zones/{zone_id}/publish", headers=world.sk_headers)
    change = {"name": "Second", "levels": [0], "tags": [], "rules": {"enter_s": None}, "metadata": {"rent": None}}
    await edit(client, world, zone_id, 1, geometry=rectangle(5, 5), properties=change | {"external_id": "z2"})

    back = await restore(client, world.sk_headers, zone_id, 1, 2)
    assert back.status_code == 200, back.text
    assert back.headers["etag"] == '"v3"'
    assert back.json()["properties"]["external_id"] == "z2"  # what others call the zone is no part of its versions
    assert back.json()["properties"]["status"] == "changed"
    assert back.json()["properties"]["published_version"] == 1
    third, _, oldest = await versions(client, world, zone_id)
    assert third["geometry"] == oldest["geometry"]
    own = {"version", "created_at", "created_by", "effective_from", "effective_to"}
    assert {k: v for k, v in third["properties"].items() if k not in own} == {
        k: v for k, v in oldest["properties"].items() if k not in own
    }
    assert third["properties"]["created_by"].startswith("secret_key:")
    assert third["properties"]["effective_from"] is None


async def test_a_circle_comes_back_as_a_circle(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    body = feature({"type": "Point", "coordinates": lonlat(0, 0)}, name="Round", radius_m=9)
    zone_id = (await client.post("/v1/zones", json=body, headers=world.sk_headers)).json()["id"]
    await edit(client, world, zone_id, 1, geometry=rectangle(), properties={"radius_m": None})
    back = (await restore(client, world.sk_headers, zone_id, 1, 2)).json()
    assert shape(back["geometry"]).equals(shape({"type": "Point", "coordinates": [round(n, 9) for n in lonlat(0, 0)]}))
    assert back["properties"]["radius_m"] == 9


async def test_the_newest_is_there_already(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(client, world)
    answer = await restore(client, world.sk_headers, zone_id, 1, 1)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"v1"')
    assert len(await versions(client, world, zone_id)) == 1


async def test_what_was_seen_and_what_there_is(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(client, world)
    await edit(client, world, zone_id, 1, properties={"name": "Second"})
    url = f"/v1/zones/{zone_id}/versions/1/restore"
    assert (await client.post(url, headers=world.sk_headers)).status_code == 428
    assert (await restore(client, world.sk_headers, zone_id, 1, 1)).status_code == 412
    assert (await restore(client, world.sk_headers, zone_id, 3, 2)).status_code == 404
    assert (await restore(client, world.sk_headers, zone_id, 0, 2)).status_code == 422
    assert (await restore(client, world.sk_headers, zone_id, 2**31, 2)).status_code == 422
    await client.delete(f"/v1/zones/{zone_id}", headers=world.sk_headers)
    assert (await restore(client, world.sk_headers, zone_id, 1, 2)).status_code == 404


async def test_a_version_that_no_longer_fits(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0, 1)
    store_id = await make_store(client, world, mall_id=mall_id)
    zone_id = await make_zone(client, world, mall_id=mall_id, levels=[1], store_id=store_id)
    await edit(client, world, zone_id, 1, properties={"levels": [0], "store_id": None})
    levels = (await client.get(f"/v1/malls/{mall_id}/levels", headers=world.sk_headers)).json()["items"]
    for url in (f"/v1/malls/{mall_id}/levels/{levels[1]['id']}", f"/v1/stores/{store_id}"):
        assert (await client.delete(url, headers=world.sk_headers)).status_code == 204
    answer = await restore(client, world.sk_headers, zone_id, 1, 2)
    assert pointers(answer) == {"#/properties/levels/0", "#/properties/store_id"}
    assert answer.json()["detail"].startswith("version 1 no longer fits: ")
    assert "the mall has no level 1; it has 0" in answer.json()["detail"]
    assert len(await versions(client, world, zone_id)) == 2

    await edit(client, world, zone_id, 2, properties={"mall_id": None, "levels": []})
    assert (await client.delete(f"/v1/malls/{mall_id}", headers=world.sk_headers)).status_code == 204
    answer = await restore(client, world.sk_headers, zone_id, 2, 3)
    assert pointers(answer) == {"#/properties/mall_id"}


async def test_a_shop_goes_back_to_its_own_versions_only(client: httpx.AsyncClient, session: Session) -> None:
    """A version from when the zone was another shop's is as if it were not."""
    world = await make_world(session)
    before, mine = await make_store(client, world), await make_store(client, world)
    zone_id = await make_zone(client, world, store_id=before, name="Theirs")
    await edit(client, world, zone_id, 1, properties={"store_id": mine, "name": "Mine"})
    await edit(client, world, zone_id, 2, properties={"name": "Mine too"})
    headers = await shop_headers(session, world, mine)
    refused = await restore(client, headers, zone_id, 1, 3)
    assert refused.status_code == 404
    assert before not in refused.text
    back = await restore(client, headers, zone_id, 2, 3)
    assert (back.status_code, back.json()["properties"]["name"]) == (200, "Mine")
    others = await shop_headers(session, world, before)
    assert (await restore(client, others, zone_id, 1, 4)).status_code == 404
    whole = await restore(client, world.sk_headers, zone_id, 1, 4)
    assert whole.json()["properties"]["store_id"] == before
    assert (await client.get(f"/v1/zones/{zone_id}", headers=headers)).status_code == 404


async def test_a_version_of_the_whole_mall_is_no_shops(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mine = await make_store(client, world)
    zone_id = await make_zone(client, world)
    await edit(client, world, zone_id, 1, properties={"store_id": mine})
    headers = await shop_headers(session, world, mine)
    assert (await restore(client, headers, zone_id, 1, 2)).status_code == 404


async def test_a_shape_that_would_be_refused_today(client: httpx.AsyncClient, session: Session) -> None:
    """The stored version goes through the same checks as what is sent."""
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0)
    zone_id = await make_zone(client, world, mall_id=mall_id, levels=[0])
    await edit(client, world, zone_id, 1, properties={"name": "Second"})
    far = shape(rectangle(5_000, 0))
    values = {"geom": shape({"type": "MultiPolygon", "coordinates": [far.__geo_interface__["coordinates"]]})}
    await session.execute(update(ZoneVersion).where(ZoneVersion.version == 1).values(**values))
    assert (await session.get_one(Zone, (world.tenant_id, zone_id))).version == 2
    await session.commit()
    assert pointers(await restore(client, world.sk_headers, zone_id, 1, 2)) == {"#/geometry/coordinates"}
