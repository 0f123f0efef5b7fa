"""Each kind's recipe is taken by the API of segments and campaigns as it stands, or says what is missing."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from geoengage.kit.db import Session
from geoengage.tenancy.rules import KeyKind, Scope
from tests.api.test_content_api import SHOP_SCOPES, SOON, Desk, make_desk
from tests.campaign_rows import make_zone
from tests.factories import make_key_row


@pytest.fixture
async def desk(client: httpx.AsyncClient, session: Session) -> Desk:
    return await make_desk(client, session)


async def recipe_of(desk: Desk, *, shop: bool = False, **over: object) -> dict[str, Any]:
    item = await desk.published(**over)
    answer = await desk.call("GET", f"/content/{item['id']}/recipe", shop=shop)
    assert answer.status_code == 200, answer.text
    return dict(answer.json(), item=item)


async def make(desk: Desk, recipe: dict[str, Any], *, shop: bool = False) -> dict[str, Any]:
    campaign = recipe["campaign"]
    if recipe["segment"] is not None:
        segment = await desk.call("POST", "/segments", recipe["segment"], shop=shop)
        assert segment.status_code == 201, segment.text
        assert campaign["audience"] == {"kind": "segment", "segment_id": "$segment"}
        campaign = campaign | {"audience": {"kind": "segment", "segment_id": segment.json()["id"]}}
    made = await desk.call("POST", "/campaigns", campaign, shop=shop)
    assert made.status_code == 201, made.text
    assert made.json()["content_id"] == recipe["item"]["id"]
    return dict(made.json())


async def test_an_event_goes_to_who_is_there_half_an_hour_before_and_likes_it(desk: Desk) -> None:
    recipe = await recipe_of(desk, categories=["Books > Children"], starts="2027-03-28T03:15:00", ends=None)
    there, likes = recipe["segment"]["definition"]["of"]
    assert there == {"kind": "visit", "measure": "now", "mall_id": str(desk.mall_id)}
    assert [part["kind"] for part in likes["of"]] == ["order", "event"]
    campaign = await make(desk, recipe)
    schedule = campaign["trigger"]["schedule"]
    assert (schedule["on"], schedule["at"]) == ("2027-03-28", "01:45"), "half an hour, not 90 minutes, before 03:15"
    assert "Reading" not in campaign["title"], "nothing of the item is copied"


async def test_an_event_needs_a_mall_and_time(desk: Desk) -> None:
    outside = await recipe_of(desk, store_id=str(desk.other_store_id))
    assert outside["campaign"] is None
    assert outside["lacks"] == ["it is in no mall: name one, or a zone or store of one"]
    late = await recipe_of(desk, starts="2020-01-01T10:00:00", ends=(SOON + timedelta(days=1)).isoformat())
    assert late["lacks"] == ["it starts in less than half an hour"]


async def test_a_new_arrival_goes_to_who_enters_the_wing_and_knows_the_brand(desk: Desk) -> None:
    wing = await make_zone(desk.session, desk.world, mall_id=desk.mall_id, name="North wing", kind="corridor")
    await desk.session.commit()
    campaign = await make(desk, await recipe_of(desk, kind="new_arrival", brands=["Lego"], starts=None))
    assert [UUID(id_) for id_ in campaign["trigger"]["zone_ids"]] == [wing]
    assert campaign["audience"]["kind"] == "segment"
    unknown = await recipe_of(desk, kind="new_arrival")
    assert unknown["lacks"] == ["say which brand or category is new"]


async def test_promotions_and_notices_go_to_who_walks_in(desk: Desk) -> None:
    promotion = await make(desk, await recipe_of(desk, kind="promotion"))
    assert promotion["trigger"]["store_ids"] == [str(desk.store_id)]
    assert promotion["valid_to"] is not None
    notice = await make(desk, await recipe_of(desk, kind="notice", zone_id=str(desk.zone_id)))
    assert (notice["purpose"], notice["trigger"]["zone_ids"]) == ("service", [str(desk.zone_id)])
    nowhere = await recipe_of(desk, kind="promotion", store_id=None)
    assert nowhere["lacks"] == ["it is at no zone and in no store: name one"]


async def test_a_shop_gets_a_recipe_that_it_may_make(desk: Desk) -> None:
    key = await make_key_row(
        desk.session, desk.world.tenant_id, KeyKind.SECRET, scopes=[*SHOP_SCOPES, Scope.SEGMENTS.value],
        store_ids=[desk.store_id],
    )  # fmt: skip
    await desk.session.commit()
    desk.store_key = key
    for kind in ("event", "new_arrival"):
        recipe = await recipe_of(desk, shop=True, kind=kind, categories=["Books"])
        campaign = await make(desk, recipe, shop=True)
        assert campaign["store_id"] == str(desk.store_id)
