"""Recipes: a new arrival, whom smaller recipes mean, callers of several stores, and two who switch one on at once."""

import asyncio
from dataclasses import replace
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.app import create_app
from geoengage.kit.db import Session, Sessions, make_sessions
from geoengage.kit.settings import Settings
from geoengage.tenancy.rules import KeyKind
from tests.api.test_content_api import make_desk
from tests.campaign_rows import make_store, make_zone
from tests.factories import make_key_row, make_world
from tests.recipe_rows import STOPPED, Grocer


@pytest.fixture
async def grocer(client: httpx.AsyncClient, session: Session, sessions: Sessions) -> Grocer:
    return Grocer(client, session, sessions, await make_world(session, name="Corner shop"))


async def test_a_new_arrival_waits_in_its_wing_for_who_knows_the_brand(
    client: httpx.AsyncClient, session: Session
) -> None:
    desk = await make_desk(client, session)
    wing = await make_zone(session, desk.world, mall_id=desk.mall_id, name="North wing", kind="corridor")
    await session.commit()
    vague = await desk.published(kind="new_arrival", starts=None, ends=None)
    told = (await desk.call("POST", "/recipes/mall-zones/preview", {"content_id": vague["id"]})).json()
    assert [(each["code"], each["stops"]) for each in told["blocked_by"]] == [("content_lacks", True)]
    assert "say which brand or category is new" in told["blocked_by"][0]["text"]
    item = await desk.published(kind="new_arrival", brands=["Lego"], starts=None, ends=None)
    told = (await desk.call("POST", "/recipes/mall-zones/preview", {"content_id": item["id"]})).json()
    assert (told["people"], [each for each in told["blocked_by"] if each["stops"]]) == (0, [])
    assert "comes into “North wing”" in told["says"][0] or "a place" in told["says"][0]
    answer = await desk.call("POST", "/recipes/mall-zones/launch", {"content_id": item["id"]})
    assert answer.status_code == 200, answer.text
    launched = answer.json()
    assert (launched["state"], launched["content_id"]) == ("on", item["id"])
    campaign = (await desk.call("GET", f"/campaigns/{launched['campaign_id']}")).json()
    assert (campaign["trigger"]["kind"], campaign["trigger"]["zone_ids"]) == ("entered", [str(wing)])
    assert (campaign["audience"]["kind"], campaign["content_id"]) == ("segment", item["id"])
    segment = (await desk.call("GET", f"/segments/{campaign['audience']['segment_id']}")).json()
    assert "Lego" in str(segment["definition"])


async def test_small_baskets_and_left_carts_are_counted(grocer: Grocer) -> None:
    """From ten people on; who buys much is none of the first, who ordered without a cart none of the second."""
    for n in range(11):
        name = f"Small {n}"
        await grocer.customer(name)
        await grocer.buys(name, 5, 40, minor=1000)
    for n in range(10):
        name = f"Large {n}"
        await grocer.customer(name)
        await grocer.buys(name, 5, 40, minor=20_000)
    await grocer.settle()
    settings = {"holdout_percent": 0, "discount_percent": 20}
    told = await grocer.post("/recipes/second-item/preview", settings)
    assert (told["people"], told["by_push"], told["by_email"]) == (11, 11, 0)
    assert told["cost"]["currency"] == "CHF"
    assert told["cost"]["incentives_most_minor"] > 0
    below = await grocer.post("/recipes/second-item/preview", settings | {"below_minor": 30_000})
    assert below["people"] == 21

    ids = [id_ for name, id_ in grocer.people.items() if name.startswith("Small")]
    rows = await grocer.session.execute(
        text("SELECT value FROM identifier WHERE profile_id = ANY(:ids) AND kind = 'external_id'"), {"ids": ids}
    )
    for external_id in rows.scalars():
        body = {"customer": {"external_id": external_id}, "lines": [{"sku": "cup", "name": "Cup", "quantity": 1}]}
        put = await grocer.client.put("/v1/carts", json=body, headers=grocer.world.sk_headers)
        assert put.status_code in (200, 201), put.text
    assert (await grocer.post("/recipes/abandoned-cart/preview", settings))["people"] == 0, "none is left yet"
    await grocer.session.execute(text("UPDATE cart SET abandoned_at = now() - interval '1 day'"))
    await grocer.session.commit()
    told = await grocer.post("/recipes/abandoned-cart/preview", settings)
    assert (told["people"], "no_carts" in [each["code"] for each in told["blocked_by"]]) == (11, False)


async def test_who_has_several_stores_names_one_of_them(grocer: Grocer) -> None:
    await grocer.customer("Mark", 3, 10)
    await grocer.settle()
    left, right, other = [await make_store(grocer.session, grocer.world, name=n) for n in ("Left", "Right", "Other")]
    key = await make_key_row(grocer.session, grocer.world.tenant_id, KeyKind.SECRET, store_ids=[left, right])
    await grocer.session.commit()
    both = Grocer(grocer.client, grocer.session, grocer.sessions, replace(grocer.world, sk=key))
    for verb in ("preview", "launch"):
        refused = await both.post(f"/recipes/win-back/{verb}", status=422)
        assert refused["errors"][0]["detail"] == "name one of your stores"
        strange = await both.post(f"/recipes/win-back/{verb}", {"store_id": str(other)}, status=422)
        assert strange["errors"][0]["detail"] == "there is no such store"
    made = {
        store_id: await both.post("/recipes/win-back/launch", {"store_id": str(store_id)}) for store_id in (left, right)
    }
    elsewhere = await grocer.post("/recipes/win-back/launch", {"store_id": str(other)})
    assert len({each["campaign_id"] for each in (*made.values(), elsewhere)}) == 3
    assert {each["store_id"] for each in (await both.recipe("win-back"))["launches"]} == {str(left), str(right)}
    await both.post("/recipes/win-back/stop", {"launch_id": elsewhere["id"]}, status=404)
    await both.post("/recipes/win-back/stop", {"launch_id": made[left]["id"]})
    states = {UUID(each["store_id"]): each["state"] for each in (await grocer.recipe("win-back"))["launches"]}
    assert states[other] == elsewhere["state"] == "on"
    assert states.get(left, "off") in ("off", "stopped")
    assert states[right] == made[right]["state"]


async def test_two_who_switch_it_on_at_once_make_one_campaign(committed: AsyncEngine, settings: Settings) -> None:
    """On a database where commits are real: the second waits for the first, and finds it done."""
    sessions = make_sessions(committed)
    app = create_app(settings, committed.url.render_as_string(hide_password=False))
    app.state.sessions = sessions
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client, sessions() as session:
        shop = Grocer(client, session, sessions, await make_world(session))
        await shop.customer("Mark", *STOPPED)
        await shop.settle()
        launched = await asyncio.gather(*(shop.post("/recipes/win-back/launch") for _ in range(4)))
        assert len({(each["id"], each["campaign_id"]) for each in launched}) == 1
        for path in ("campaigns", "offers", "segments"):
            found = (await client.get(f"/v1/{path}", headers=shop.world.sk_headers)).json()["items"]
            assert len(found) == 1, path
        assert len((await shop.recipe("win-back"))["launches"]) == 1
