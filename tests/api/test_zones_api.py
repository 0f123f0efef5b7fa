"""Zones over HTTP: versions, publishing, lists, walls, what presence reads of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from geoengage.kit import events
from geoengage.kit.db import Session
from geoengage.venues.rules import PublishedZone, VenueChange, VenueChanged, ZoneRules
from geoengage.venues.store import versions
from tests.api.test_venues_api import (
    epoch,
    feature,
    lonlat,
    make_mall,
    make_store,
    pointers,
    rectangle,
    shop_headers,
)
from tests.factories import World, make_world


async def make_zone(
    client: httpx.AsyncClient, world: World, headers: dict[str, str] | None = None, **properties: Any
) -> str:
    body = feature(rectangle(), **({"name": "Zone"} | properties))
    response = await client.post("/v1/zones", json=body, headers=headers or world.sk_headers)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def published(session: Session, world: World) -> dict[UUID, PublishedZone]:
    session.expire_all()
    return {zone.zone_id: zone for zone in await versions.list_published_zones(session, world.tenant_id)}


async def test_a_draft_keeps_what_it_was_given(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0, 1)
    store_id = await make_store(client, world, mall_id=mall_id)
    properties = {
        "name": "Mira Moda",
        "kind": "store",
        "mall_id": mall_id,
        "levels": [1, 0, 1],
        "store_id": store_id,
        "tags": ["fashion", "fashion", "new"],
        "sensitivity": "none",
        "color": "#AD1457",
        "schedule": {
            "valid_to": "2027-01-01T01:00:00+01:00",
            "hours": [{"days": ["mon"], "open": "09:00", "close": "24:00"}],
        },
        "rules": {"enter_s": 5, "dwell_s": [60]},
        "external_id": "zn-mira",
        "metadata": {"rent": 12.5, "notes": [None, {"a": True}]},
    }  # fmt: skip
    created = await client.post("/v1/zones", json=feature(rectangle(), **properties), headers=world.sk_headers)
    assert created.status_code == 201
    assert created.headers["ETag"] == '"v1"'
    zone = created.json()
    assert (await client.get(f"/v1/zones/{zone['id']}", headers=world.sk_headers)).json() == zone
    got = zone["properties"]
    assert got["levels"] == [0, 1]
    assert got["tags"] == ["fashion", "new"]
    assert got["color"] == "#ad1457"
    assert got["schedule"]["valid_to"] == "2027-01-01T00:00:00Z"
    for name in ("kind", "store_id", "rules", "external_id", "metadata"):
        assert got[name] == properties[name]
    assert (got["version"], got["published_version"], got["status"]) == (1, None, "draft")
    assert got["area_m2"] == pytest.approx(200, rel=1e-3)
    assert got["created_at"].endswith("Z")
    assert await published(session, world) == {}


async def test_a_circle_keeps_its_centre_and_radius(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    body = feature({"type": "Point", "coordinates": lonlat(0, 0)}, name="Welcome", radius_m=9)
    made = (await client.post("/v1/zones", json=body, headers=world.sk_headers)).json()
    url = f"/v1/zones/{made['id']}"
    assert made["geometry"] == {"type": "Point", "coordinates": pytest.approx(lonlat(0, 0), abs=1e-9)}
    assert made["properties"]["radius_m"] == 9
    assert made["properties"]["area_m2"] == pytest.approx(254.47, rel=1e-3)
    match = world.sk_headers | {"If-Match": '"v1"'}
    wider = (await client.patch(url, json={"properties": {"radius_m": 12}}, headers=match)).json()
    assert wider["geometry"] == made["geometry"]
    match["If-Match"] = '"v2"'
    assert pointers(await client.patch(url, json={"geometry": rectangle()}, headers=match)) == {"#/properties/radius_m"}
    drawn = {"geometry": rectangle(), "properties": {"radius_m": None}}
    assert (await client.patch(url, json=drawn, headers=match)).json()["geometry"]["type"] == "Polygon"


async def test_every_edit_is_a_version_and_what_is_published_stays(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(client, world, rules={"enter_s": 5, "exit_s": 20})
    url = f"/v1/zones/{zone_id}"
    answer = await client.post(f"{url}/publish", headers=world.sk_headers)
    assert answer.json()["properties"]["status"] == "published"
    edit = {"properties": {"name": "Second", "rules": {"exit_s": None, "enter_s": 7}}, "geometry": rectangle(0, 0, 40)}
    assert (await client.patch(url, json=edit, headers=world.sk_headers)).status_code == 428
    edited = await client.patch(url, json=edit, headers=world.sk_headers | {"If-Match": answer.headers["ETag"]})
    assert edited.headers["ETag"] == '"v2"'
    assert edited.json()["properties"]["status"] == "changed"
    assert edited.json()["properties"]["rules"] == {"enter_s": 7}
    stale = await client.patch(url, json=edit, headers=world.sk_headers | {"If-Match": '"v1"'})
    assert (stale.status_code, stale.json()["current_version"]) == (412, 2)
    in_force = (await published(session, world))[UUID(zone_id)]
    assert (in_force.version, in_force.name) == (1, "Zone")
    assert in_force.rules == ZoneRules(enter_s=5, exit_s=20)
    await client.post(f"{url}/publish", headers=world.sk_headers)
    in_force = (await published(session, world))[UUID(zone_id)]
    assert (in_force.version, in_force.name) == (2, "Second")
    versions = (await client.get(f"{url}/versions", headers=world.sk_headers)).json()["items"]
    second, first = (v["properties"] for v in versions)
    assert (first["version"], second["version"]) == (1, 2)
    assert first["effective_to"] == second["effective_from"] is not None
    assert second["effective_to"] is None
    assert first["created_by"].startswith("secret_key:")
    assert versions[1]["geometry"]["coordinates"] != versions[0]["geometry"]["coordinates"]


async def test_a_new_zone_may_count_the_last_days(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    url = f"/v1/zones/{await make_zone(client, world)}"

    async def publish(since: datetime) -> httpx.Response:
        body = {"effective_from": since.isoformat()}
        return await client.post(f"{url}/publish", json=body, headers=world.sk_headers)

    now = datetime.now(UTC)
    for wrong in (now - timedelta(days=8, minutes=1), now + timedelta(minutes=1)):
        answer = await publish(wrong)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/effective_from")
    since = now - timedelta(days=7)
    assert (await publish(since)).status_code == 200
    (version,) = (await client.get(f"{url}/versions", headers=world.sk_headers)).json()["items"]
    assert datetime.fromisoformat(version["properties"]["effective_from"]) == since
    assert (await publish(since)).status_code == 200, "it is published already"
    match = world.sk_headers | {"If-Match": '"v1"'}
    assert (await client.patch(url, json={"properties": {"name": "New"}}, headers=match)).status_code == 200
    answer = await publish(since)
    assert answer.status_code == 422
    assert "first version" in answer.json()["detail"]


async def test_versions_are_paged(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    url = f"/v1/zones/{await make_zone(client, world)}"
    for n in (1, 2):
        match = world.sk_headers | {"If-Match": f'"v{n}"'}
        assert (await client.patch(url, json={"properties": {"name": f"N{n}"}}, headers=match)).status_code == 200
    page = (await client.get(f"{url}/versions?limit=2", headers=world.sk_headers)).json()
    assert [v["properties"]["version"] for v in page["items"]] == [3, 2]
    rest = (await client.get(f"{url}/versions?limit=2&cursor={page['next']}", headers=world.sk_headers)).json()
    assert ([v["properties"]["version"] for v in rest["items"]], rest["next"]) == ([1], None)


async def test_the_epoch_rises_exactly_when_matching_changes(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    zone_id, draft_id = await make_zone(client, world), await make_zone(client, world)
    url, draft = f"/v1/zones/{zone_id}", f"/v1/zones/{draft_id}"
    edit = {"json": {"properties": {"name": "Other"}}, "headers": world.sk_headers | {"If-Match": '"v1"'}}
    steps: list[tuple[str, str, dict[str, Any], VenueChange | None]] = [
        ("POST", f"{url}/publish", {}, VenueChange.ZONE_PUBLISHED),
        ("POST", f"{url}/publish", {}, None),
        ("PATCH", url, edit, None),
        ("POST", f"{url}/publish", {}, VenueChange.ZONE_CHANGED),
        ("POST", f"{url}/unpublish", {}, VenueChange.ZONE_UNPUBLISHED),
        ("POST", f"{url}/unpublish", {}, None),
        ("POST", f"{url}/publish", {}, VenueChange.ZONE_PUBLISHED),
        ("DELETE", url, {}, VenueChange.ZONE_DELETED),
        ("PATCH", draft, edit, None),
        ("DELETE", draft, {}, None),
    ]
    for number, (method, path, more, change) in enumerate(steps):
        before, head = await epoch(session, world), await events.head(session, world.tenant_id)
        response = await client.request(method, path, **({"headers": world.sk_headers} | more))
        assert response.status_code < 300, (number, response.text)
        assert await epoch(session, world) - before == (change is not None), number
        told = [e.as_(VenueChanged) for e in await events.read(session, world.tenant_id, head, 10)]
        expected = [VenueChanged(zone_id=UUID(zone_id), mall_id=None, what=change)] if change else []
        assert told == expected, number
    for path in (url, draft):
        assert (await client.get(path, headers=world.sk_headers)).status_code == 404
        assert (await client.post(f"{path}/publish", headers=world.sk_headers)).status_code == 404
    assert await published(session, world) == {}


async def test_presence_reads_the_whole_zone(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, timezone="America/New_York")
    mall_id = await make_mall(client, world, 0, 1)
    street = await make_store(client, world, timezone="Asia/Tokyo")
    indoor = await make_zone(client, world, mall_id=mall_id, levels=[0, 1], sensitivity="health", kind="store")
    by_store = await make_zone(client, world, store_id=street, rules={"exit_s": 1})
    circle = feature({"type": "Point", "coordinates": lonlat(5, 5)}, name="Circle", radius_m=50)
    lonely = (await client.post("/v1/zones", json=circle, headers=world.sk_headers)).json()["id"]
    for zone_id in (indoor, by_store, lonely):
        await client.post(f"/v1/zones/{zone_id}/publish", headers=world.sk_headers)
    zones = await published(session, world)
    assert zones[UUID(indoor)].levels == {0, 1}
    assert str(zones[UUID(indoor)].mall_id) == mall_id
    assert zones[UUID(indoor)].sensitivity == "health"
    assert zones[UUID(indoor)].rules.enter_s == 10
    assert [zones[UUID(z)].timezone for z in (indoor, by_store, lonely)] == [
        "Europe/Berlin",
        "Asia/Tokyo",
        "America/New_York",
    ]
    assert zones[UUID(by_store)].rules == ZoneRules(enter_s=30, exit_s=1)
    assert zones[UUID(lonely)].center == pytest.approx(tuple(lonlat(5, 5)), abs=1e-9)
    assert zones[UUID(lonely)].radius_m == 50
    assert zones[UUID(lonely)].geometry.geom_type == "MultiPolygon"


async def test_zones_by_mall_level_place_and_status(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0, 1)
    ground = await make_zone(client, world, mall_id=mall_id, levels=[0])
    both = await make_zone(client, world, mall_id=mall_id, levels=[0, 1])
    outdoor = await make_zone(client, world)
    fiji = feature(
        {
            "type": "MultiPolygon",
            "coordinates": [
                [[[179.9, -17], [180, -17], [180, -16.9], [179.9, -16.9], [179.9, -17]]],
                [[[-180, -17], [-179.9, -17], [-179.9, -16.9], [-180, -16.9], [-180, -17]]],
            ],
        },
        name="Across",
    )
    across = (await client.post("/v1/zones", json=fiji, headers=world.sk_headers)).json()["id"]
    await client.post(f"/v1/zones/{both}/publish", headers=world.sk_headers)

    async def ids(query: str) -> list[str]:
        answer = await client.get(f"/v1/zones?{query}", headers=world.sk_headers)
        return [item["id"] for item in answer.json()["items"]]

    assert await ids("") == [ground, both, outdoor, across]
    assert await ids(f"mall_id={mall_id}") == [ground, both]
    assert await ids("level=1") == [both]
    assert await ids("status=published") == [both]
    assert await ids("status=draft&bbox=12,51,13,52") == [ground, outdoor]
    assert await ids("bbox=179,-18,-179.95,-16") == [across]
    assert await ids("bbox=-179.95,-18,179,-16") == [across]  # its other half: the long way round
    assert await ids("bbox=-170,-18,170,-16") == []
    assert await ids("status=changed") == []
    page = (await client.get("/v1/zones?limit=3", headers=world.sk_headers)).json()
    assert await ids(f"limit=3&cursor={page['next']}") == [across]


async def test_the_same_key_draws_the_same_zone(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    headers = world.sk_headers | {"Idempotency-Key": "draw"}
    assert await make_zone(client, world, headers) == await make_zone(client, world, headers)
    assert len((await client.get("/v1/zones", headers=world.sk_headers)).json()["items"]) == 1


async def test_an_external_id_is_free_again_after_deletion(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(client, world, external_id="zn")
    body = feature(rectangle(), name="x", external_id="zn")
    assert (await client.post("/v1/zones", json=body, headers=world.sk_headers)).status_code == 409
    await client.delete(f"/v1/zones/{zone_id}", headers=world.sk_headers)
    assert await make_zone(client, world, external_id="zn") != zone_id


async def test_what_has_zones_stays(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(client, world, 0)
    store_id = await make_store(client, world, mall_id=mall_id)
    zone_id = await make_zone(client, world, mall_id=mall_id, levels=[0], store_id=store_id)
    url = f"/v1/zones/{zone_id}"
    await client.post(f"{url}/publish", headers=world.sk_headers)
    outdoors = {"properties": {"mall_id": None, "levels": [], "store_id": None}}
    moved = await client.patch(url, json=outdoors, headers=world.sk_headers | {"If-Match": '"v1"'})
    assert moved.status_code == 200
    for path in (f"/v1/stores/{store_id}", f"/v1/malls/{mall_id}"):  # the published version is still theirs
        assert (await client.delete(path, headers=world.sk_headers)).status_code == 409
    assert (await client.delete(url, headers=world.sk_headers)).status_code == 204
    for path in (f"/v1/stores/{store_id}", f"/v1/malls/{mall_id}"):
        assert (await client.delete(path, headers=world.sk_headers)).status_code == 204


async def test_nothing_crosses_tenants(client: httpx.AsyncClient, session: Session) -> None:
    world, other = await make_world(session), await make_world(session)
    mall_id = await make_mall(client, world, 0)
    store_id = await make_store(client, world)
    url = f"/v1/zones/{await make_zone(client, world)}"
    stranger = other.sk_headers | {"If-Match": '"v1"'}
    for method, path in (
        ("GET", url),
        ("PATCH", url),
        ("DELETE", url),
        ("POST", f"{url}/publish"),
        ("POST", f"{url}/unpublish"),
        ("GET", f"{url}/versions"),
    ):
        more: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
        assert (await client.request(method, path, headers=stranger, **more)).status_code == 404, (method, path)
    assert (await client.get("/v1/zones", headers=stranger)).json()["items"] == []
    body = feature(rectangle(), name="x", mall_id=mall_id, levels=[0], store_id=store_id)
    assert pointers(await client.post("/v1/zones", json=body, headers=stranger)) == {
        "#/properties/mall_id",
        "#/properties/store_id",
    }
    assert await published(session, other) == {}


async def test_a_shops_key_works_on_zones_of_its_stores_only(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mine, others = await make_store(client, world), await make_store(client, world)
    shop = await shop_headers(session, world, mine)
    my_zone = await make_zone(client, world, shop, store_id=mine)
    other_zone, free_zone = await make_zone(client, world, store_id=others), await make_zone(client, world)
    assert [z["id"] for z in (await client.get("/v1/zones", headers=shop)).json()["items"]] == [my_zone]
    for zone_id in (other_zone, free_zone):
        url = f"/v1/zones/{zone_id}"
        assert (await client.get(url, headers=shop)).status_code == 404
        assert (await client.post(f"{url}/publish", headers=shop)).status_code == 404
        assert (await client.get(f"{url}/versions", headers=shop)).status_code == 404
        assert (await client.delete(url, headers=shop)).status_code == 404
    for properties in ({}, {"store_id": others}):
        body = feature(rectangle(), name="x", **properties)
        assert pointers(await client.post("/v1/zones", json=body, headers=shop)) == {"#/properties/store_id"}
    give_away = {"properties": {"store_id": others}}
    url, match = f"/v1/zones/{my_zone}", shop | {"If-Match": '"v1"'}
    assert pointers(await client.patch(url, json=give_away, headers=match)) == {"#/properties/store_id"}
    assert (await client.patch(url, json={"properties": {"name": "Mine"}}, headers=match)).status_code == 200
    assert (await client.post(f"{url}/publish", headers=shop)).status_code == 200
    assert (await client.delete(url, headers=shop)).status_code == 204
