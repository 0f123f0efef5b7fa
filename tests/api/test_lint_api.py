"""POST /v1/zones/lint: what it reads of the tenant, for whom, and that it refuses no shape."""

from typing import Any
from uuid import UUID

import httpx
import pytest
import shapely

from geoengage.kit.db import Session
from geoengage.tenancy.rules import KeyKind, Scope
from tests.campaign_rows import make_store
from tests.draft_zones import drawn
from tests.factories import World, make_key_row, make_world
from tests.places import Phone, ago, make_mall, make_phone, make_zone, ping, send, square


async def lint(
    client: httpx.AsyncClient, world: World, feature: dict[str, Any], headers: dict[str, str] | None = None, **more: Any
) -> dict[str, Any]:
    """What lint says; 200."""
    body = {"geometry": feature["geometry"], "properties": feature["properties"]} | more
    answer = await client.post("/v1/zones/lint", json=body, headers=headers or world.sk_headers)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def codes(answer: dict[str, Any]) -> list[str]:
    return [f["code"] for f in answer["findings"]]


async def crowd(
    client: httpx.AsyncClient, session: Session, world: World, n: int, accuracy_m: float, **over: Any
) -> list[Phone]:
    """So many phones in the middle, each of which says its accuracy twice."""
    phones = [await make_phone(session, world, **over) for _ in range(n)]
    for phone in phones:
        await send(client, phone, *(ping(ago(s), 0, accuracy_m=accuracy_m) for s in (20, 10)))
    return phones


async def test_accuracy_is_what_ten_devices_report_there(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world)
    narrow = drawn(shapely.box(-2, -20, 2, 20), mall_id)
    await crowd(client, session, world, 9, 18.0)
    few = await lint(client, world, narrow)
    assert (few["accuracy_m"], few["accuracy_from"]) == (50.0, "default")
    await crowd(client, session, world, 1, 18.0, is_test=True)
    assert (await lint(client, world, narrow))["accuracy_from"] == "default", "a test device is nobody"
    await crowd(client, session, world, 1, 18.0)
    answer = await lint(client, world, narrow)
    assert (answer["accuracy_m"], answer["accuracy_from"]) == (18.0, "pings")
    assert answer["findings"][-1]["text"] == "This zone is 4 m wide; phones here report ±18 m on floor 0."
    assert codes(answer) == ["cannot_reach_confidence", "too_small_for_accuracy"], "errors come first"
    upstairs = await lint(client, world, drawn(shapely.box(-2, -20, 2, 20), mall_id, levels=[1]))
    assert upstairs["accuracy_from"] == "default"
    elsewhere = await lint(client, world, drawn(square(100), mall_id))
    assert elsewhere["accuracy_from"] == "default"


async def test_unknown_accuracies_say_nothing(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, default_accuracy_m=77.0)
    for _ in range(10):
        await send(client, await make_phone(session, world), ping(ago(10), 0, accuracy_m=None))
    assert (await lint(client, world, drawn(square())))["accuracy_from"] == "default"


async def test_in_a_demo_test_devices_count(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, is_demo=True)
    await crowd(client, session, world, 10, 6.0, is_test=True)
    answer = await lint(client, world, drawn(square()))
    assert (answer["accuracy_m"], answer["accuracy_from"], answer["best_confidence"]) == (6.0, "pings", 1.0)


async def test_withdrawn_consent_counts_no_more(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    phones = await crowd(client, session, world, 10, 6.0)
    consents = {"location": "denied", "text_version": "1", "source": "settings"}
    answer = await client.put("/v1/devices/me/consents", json=consents, headers=phones[0].headers)
    assert answer.status_code < 300, answer.text
    assert (await lint(client, world, drawn(square())))["accuracy_from"] == "default"


async def test_neighbours_on_the_same_floor(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, default_accuracy_m=5)
    mall_id = await make_mall(session, world)
    shop = await make_zone(session, world, square(30), mall_id=mall_id, name="Bakery")
    await make_zone(session, world, square(30), mall_id=mall_id, name="Above", levels=[1])
    await make_zone(session, world, square(30), name="Outdoors")
    answer = await lint(client, world, drawn(square(), mall_id))
    (finding,) = answer["findings"]
    assert (finding["code"], finding["numbers"]["zone_id"]) == ("overlaps", str(shop))
    assert "Bakery by 400 m²" in finding["text"]
    assert finding["geometry"]["type"] == "Polygon"
    both = await lint(client, world, drawn(square(), mall_id, levels=[0, 1]))
    assert codes(both) == ["overlaps", "overlaps"]
    assert codes(await lint(client, world, drawn(square(30), mall_id), zone_id=str(shop))) == [], "not with itself"


async def test_a_draft_is_a_neighbour_too_and_a_deleted_zone_is_none(
    client: httpx.AsyncClient, session: Session
) -> None:
    world = await make_world(session, default_accuracy_m=5)
    made = await client.post("/v1/zones", json=drawn(square(30)), headers=world.sk_headers)
    assert codes(await lint(client, world, drawn(square()))) == ["overlaps"]
    await client.delete(f"/v1/zones/{made.json()['id']}", headers=world.sk_headers)
    assert codes(await lint(client, world, drawn(square()))) == []


async def test_outside_its_floor_and_far_from_the_mall(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, default_accuracy_m=5)
    mall_id = await make_mall(session, world)
    beside = await lint(client, world, drawn(square(160), mall_id))
    assert [(f["code"], f["numbers"]["level"]) for f in beside["findings"]] == [("outside_level", 0)]
    far = await lint(client, world, drawn(square(5_000), mall_id))
    assert codes(far) == ["invalid", "outside_level"]
    assert "away from the mall" in far["findings"][0]["text"]
    assert codes(await lint(client, world, drawn(square(), mall_id, levels=[7]))) == ["invalid", "needs_level"]


async def test_all_flaws_at_once_and_no_refusal(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    tie = [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]
    two = {"type": "MultiPolygon", "coordinates": [tie, [[[5, 5], [6, 5], [6, 6], [5, 6]]]]}
    feature = {"geometry": two, "properties": {"name": "Apotheke"}}
    answer = await lint(client, world, feature)
    assert codes(answer) == ["crosses_itself", "invalid", "sensitive_name"]
    assert [f["place"] for f in answer["findings"]] == [[1.0, 1.0], [5.0, 6.0], None]
    assert answer["best_confidence"] is None


@pytest.mark.parametrize(
    "geometry",
    [
        {},
        {"type": "Point"},
        {"type": "Point", "coordinates": [8, 47]},
        {"type": "Polygon", "coordinates": "x"},
        {"type": "Polygon", "coordinates": [[[8, 95], [9, 95], [9, 96], [8, 95]]]},
        {"type": "Polygon", "coordinates": [[[[]]], None, 3]},
        {"type": "LineString", "coordinates": [[8, 47], [9, 47]]},
    ],
)
async def test_what_is_no_shape_is_told(client: httpx.AsyncClient, session: Session, geometry: dict[str, Any]) -> None:
    world = await make_world(session)
    answer = await lint(client, world, {"geometry": geometry, "properties": {}})
    assert set(codes(answer)) == {"invalid"}
    assert all(f["text"] and f["advice"] for f in answer["findings"])


async def test_a_circle(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, default_accuracy_m=12)
    circle = {"geometry": {"type": "Point", "coordinates": [8.5417, 47.3769]}, "properties": {"radius_m": 10}}
    answer = await lint(client, world, circle)
    assert codes(answer) == ["too_small_for_accuracy"]
    assert answer["best_confidence"] == pytest.approx(100 / 144, abs=0.005)


# --- for whom -----------------------------------------------------------------------------------------------------


async def shop_key(session: Session, world: World, store_id: UUID) -> dict[str, str]:
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[store_id])
    await session.commit()
    return {"Authorization": f"Bearer {key}"}


async def test_a_shop_hears_of_another_zone_without_its_name(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, default_accuracy_m=5)
    own, other = await make_store(session, world), await make_store(session, world, name="Secret")
    await make_zone(session, world, square(30), store_id=own, name="Ours")
    theirs = await make_zone(session, world, square(-30), store_id=other, name="Theirs")
    headers = await shop_key(session, world, own)
    answer = await lint(client, world, drawn(square(), store_id=str(own)), headers)
    assert sorted(f["numbers"]["name"] or "" for f in answer["findings"]) == ["", "Ours"]
    assert "Theirs" not in str(answer)
    assert str(theirs) not in str(answer)
    for properties in ({"store_id": str(other)}, {}):
        body = drawn(square(), **properties)
        refused = await client.post(
            "/v1/zones/lint", json={k: body[k] for k in ("geometry", "properties")}, headers=headers
        )
        assert refused.status_code == 404, refused.text


async def test_it_needs_the_right_to_edit_places(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    scopes = [s.value for s in Scope if s is not Scope.VENUES]
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=scopes)
    await session.commit()
    body = {"geometry": {}, "properties": {}}
    answer = await client.post("/v1/zones/lint", json=body, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 403
