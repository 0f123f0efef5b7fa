"""Master recipes over HTTP: tried on a few stores, rolled out, taken back; what stores keep for themselves."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, text

from geoengage.campaigns.models import Campaign
from geoengage.campaigns.store import content_of
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions
from geoengage.masters.jobs import apply_once
from geoengage.recipes.models import RecipeLaunch
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import make_store
from tests.factories import World, make_key_row, make_world

PRICED_PRODUCT = text(
    "INSERT INTO product (tenant_id, id, external_id, name, source_updated_at, content_hash)"
    " VALUES (:t, :t, '1', 'Bear', now(), '')"
)
PRICE = text(
    "INSERT INTO product_variant (tenant_id, id, product_id, external_id, price_minor, currency)"
    " VALUES (:t, :t, :t, '1', 500, 'CHF')"
)
WIN_BACK: dict[str, Any] = {
    "name": "Come back", "recipe": "win-back",
    "settings": {"discount_percent": 10, "days_between": 3, "margin_floor_percent": 0},
    "texts": [
        {"message": "reminder", "language": "en", "title": "We miss you at {{ store.name }}", "body": "Come by."},
    ],
}  # fmt: skip


@dataclass
class Chain:
    """A marketplace with a master, and some stores."""

    client: httpx.AsyncClient
    session: Session
    sessions: Sessions
    world: World
    stores: list[UUID]
    master: str = ""

    async def call(self, verb: str, path: str, body: Any = None, status: int = 200, headers: Any = None) -> Any:
        headers = self.world.sk_headers if headers is None else headers
        answer = await self.client.request(verb, f"/v1/masters{path}", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def roll_out(self, version: int, percent: int) -> Any:
        found = await self.call("POST", f"/{self.master}/roll-out", {"version": version, "percent": percent})
        await self.settle()
        return found

    async def settle(self) -> None:
        """The worker sees to all that are due."""
        while await apply_once(self.sessions, utc_now()):
            pass

    async def running(self) -> dict[UUID, int | None]:
        page = await self.call("GET", f"/{self.master}/stores")
        return {UUID(each["store_id"]): each["applied"] for each in page["items"]}

    async def campaign(self, store_id: UUID) -> Campaign:
        self.session.expunge_all()
        query = select(Campaign).join(RecipeLaunch, RecipeLaunch.campaign_id == Campaign.id)
        return (await self.session.execute(query.where(RecipeLaunch.store_id == store_id))).scalar_one()

    async def titles(self, store_id: UUID) -> list[str]:
        steps = content_of(await self.campaign(store_id)).definition.steps
        return [step.title for step in steps if hasattr(step, "title")]


@pytest.fixture
async def chain(client: httpx.AsyncClient, session: Session, sessions: Sessions) -> Chain:
    world = await make_world(session)
    stores = [await make_store(session, world) for _ in range(8)]
    await session.commit()
    await session.execute(PRICED_PRODUCT, {"t": world.tenant_id})
    await session.execute(PRICE, {"t": world.tenant_id})
    await session.commit()
    margins = {"margin_percent": 30, "floor_percent": None}
    assert (await client.put("/v1/margins", json=margins, headers=world.sk_headers)).status_code == 200
    found = Chain(client, session, sessions, world, stores)
    found.master = (await found.call("POST", "", WIN_BACK, 201))["id"]
    return found


async def test_a_version_is_tried_on_a_few_rolled_out_to_all_and_taken_back(chain: Chain) -> None:
    assert (await chain.call("POST", f"/{chain.master}/stores", {})) == {"added": 8, "elsewhere": []}
    assert await chain.running() == dict.fromkeys(chain.stores), "nothing runs before it is rolled out"
    await chain.roll_out(1, 100)
    assert await chain.running() == dict.fromkeys(chain.stores, 1)
    assert (await chain.titles(chain.stores[0]))[0] == "We miss you at {{ store.name }}"
    campaign = await chain.campaign(chain.stores[0])
    assert (campaign.status, campaign.store_id) == ("active", chain.stores[0])

    texts = [{"message": "reminder", "language": "en", "title": "Long time no see", "body": "Come by."}]
    second = {"settings": WIN_BACK["settings"] | {"days_between": 5}, "texts": texts, "note": "Friendlier"}
    assert (await chain.call("POST", f"/{chain.master}/versions", second, 201))["latest"] == 2
    assert (await chain.roll_out(2, 5))["due"] == 1, "5 % of eight stores are one"
    running = await chain.running()
    assert sorted(running.values()) == [1] * 7 + [2]
    [trying] = [store_id for store_id, version in running.items() if version == 2]
    assert (await chain.titles(trying))[0] == "Long time no see"

    await chain.call("POST", f"/{chain.master}/take-back", {"version": 2})
    await chain.settle()
    assert await chain.running() == dict.fromkeys(chain.stores, 1)
    assert (await chain.titles(trying))[0] == "We miss you at {{ store.name }}"

    await chain.roll_out(2, 50)
    await chain.roll_out(2, 100)
    assert await chain.running() == dict.fromkeys(chain.stores, 2)
    found = await chain.call("POST", f"/{chain.master}/take-back", {"version": 2})
    assert (found["everyone"], found["before"], found["due"]) == (1, None, 8)
    again = await chain.call("POST", f"/{chain.master}/take-back", {"version": 2}, 409)
    assert again["type"] == "/problems/nothing-to-take-back", "two clicks do not go back twice"
    await chain.settle()
    assert await chain.running() == dict.fromkeys(chain.stores, 1)
    found = await chain.call("GET", f"/{chain.master}")
    assert [(each["version"], each["stores"], each["note"]) for each in found["versions"]] == [
        (2, 0, "Friendlier"), (1, 8, ""),
    ]  # fmt: skip


async def test_stopping_stops_all_and_rolling_out_goes_on(chain: Chain) -> None:
    await chain.call("POST", f"/{chain.master}/stores", {"store_ids": [str(chain.stores[0])]})
    await chain.roll_out(1, 100)
    await chain.call("POST", f"/{chain.master}/stop")
    await chain.settle()
    assert await chain.running() == {chain.stores[0]: None}
    assert (await chain.campaign(chain.stores[0])).status == "paused"
    await chain.roll_out(1, 100)
    assert (await chain.campaign(chain.stores[0])).status == "active"


async def test_a_store_has_values_of_its_own_and_may_go_without(chain: Chain) -> None:
    """Its owner decides that, and sees no other store."""
    other, mine = chain.stores[:2]  # in this order: the one that is added again is not the first
    await chain.call("POST", f"/{chain.master}/stores", {"store_ids": [str(mine), str(other)]})
    await chain.roll_out(1, 100)
    key = await make_key_row(chain.session, chain.world.tenant_id, KeyKind.SECRET, store_ids=[mine])
    await chain.session.commit()
    owner = {"Authorization": f"Bearer {key}"}
    [seen] = (await chain.call("GET", "", headers=owner))["items"]
    assert (seen["stores"], seen["versions"][0]["stores"]) == (1, 1)
    assert "discount_percent" in seen["own_settings"]

    path = f"/{chain.master}/stores/{mine}"
    changed = await chain.call("PATCH", path, {"own": {"discount_percent": 15}}, headers=owner)
    assert (changed["own"], changed["is_due"]) == ({"discount_percent": 15}, True)
    await chain.settle()
    assert (await launch_of(chain, mine)).settings["discount_percent"] == 15
    assert (await launch_of(chain, other)).settings["discount_percent"] == 10
    again = {"store_ids": [str(mine)]}
    assert await chain.call("POST", f"/{chain.master}/stores", again) == {"added": 0, "elsewhere": []}
    assert (await launch_of(chain, mine)).settings["discount_percent"] == 15
    page = await chain.call("GET", f"/{chain.master}/stores", headers=owner)
    assert [each["own"] for each in page["items"]] == [{"discount_percent": 15}], "added again it keeps its own values"
    timing = await chain.call("PATCH", path, {"own": {"days_between": 9}}, 422, headers=owner)
    assert "comes from the master" in timing["errors"][0]["detail"]

    out = await chain.call("PATCH", path, {"opted_out": True}, headers=owner)
    assert out["opted_out_by"].startswith("secret_key ")
    await chain.settle()
    assert await chain.running() == {mine: None, other: 1}
    assert (await chain.campaign(mine)).status == "paused"
    await chain.call("POST", f"/{chain.master}/versions", {"settings": WIN_BACK["settings"]}, 201)
    await chain.roll_out(2, 100)
    assert await chain.running() == {mine: None, other: 2}, "a roll-out does not bring it back"
    await chain.call("PATCH", path, {"opted_out": False}, headers=owner)
    await chain.settle()
    assert await chain.running() == {mine: 2, other: 2}
    assert (await launch_of(chain, mine)).settings["discount_percent"] == 15
    assert (await chain.campaign(mine)).status == "active"

    for verb, where, body in (
        ("PATCH", f"/{chain.master}/stores/{other}", {"opted_out": True}),
        ("POST", f"/{chain.master}/roll-out", {"version": 1, "percent": 100}),
        ("POST", f"/{chain.master}/stop", None),
        ("POST", "", WIN_BACK),
    ):
        await chain.call(verb, where, body, 404 if verb == "PATCH" else 403, headers=owner)


async def launch_of(chain: Chain, store_id: UUID) -> RecipeLaunch:
    chain.session.expunge_all()
    return (await chain.session.execute(select(RecipeLaunch).where(RecipeLaunch.store_id == store_id))).scalar_one()


async def test_what_a_store_has_written_itself_stays_until_it_takes_the_masters_words(chain: Chain) -> None:
    store_id = chain.stores[0]
    await chain.call("POST", f"/{chain.master}/stores", {"store_ids": [str(store_id)]})
    await chain.roll_out(1, 100)
    campaign = await chain.campaign(store_id)
    path = f"/v1/campaigns/{campaign.id}"
    there = await chain.client.get(path, headers=chain.world.sk_headers)
    body = there.json()
    [offer] = [step for step in body["steps"] if step.get("id") == "offer"]
    offer["title"] = "Our own words"
    answer = await chain.client.patch(
        path, json={"steps": body["steps"]}, headers=chain.world.sk_headers | {"If-Match": there.headers["ETag"]}
    )
    assert answer.status_code == 200, answer.text
    texts = [
        {"message": message, "language": "en", "title": f"New {message}", "body": "Come by."}
        for message in ("reminder", "offer")
    ]
    await chain.call("POST", f"/{chain.master}/versions", {"settings": WIN_BACK["settings"], "texts": texts}, 201)
    await chain.roll_out(2, 100)
    assert await chain.titles(store_id) == ["New reminder", "Our own words"]
    await chain.call("PATCH", f"/{chain.master}/stores/{store_id}", {"masters_words": True})
    await chain.settle()
    assert await chain.titles(store_id) == ["New reminder", "New offer"]


async def test_what_an_owner_stopped_stays_stopped(chain: Chain) -> None:
    """Paused stays paused, with the new words; a deleted campaign is a store that goes without."""
    paused, deleted = chain.stores[:2]
    await chain.call("POST", f"/{chain.master}/stores", {"store_ids": [str(paused), str(deleted)]})
    await chain.roll_out(1, 100)
    headers = chain.world.sk_headers
    answer = await chain.client.post(f"/v1/campaigns/{(await chain.campaign(paused)).id}/pause", headers=headers)
    assert answer.status_code == 200, answer.text
    gone = await chain.campaign(deleted)
    there = await chain.client.get(f"/v1/campaigns/{gone.id}", headers=headers)
    answer = await chain.client.delete(
        f"/v1/campaigns/{gone.id}", headers=headers | {"If-Match": there.headers["ETag"]}
    )
    assert answer.status_code == 204, answer.text
    texts = [{"message": "reminder", "language": "en", "title": "Newer", "body": "Come by."}]
    await chain.call("POST", f"/{chain.master}/versions", {"settings": WIN_BACK["settings"], "texts": texts}, 201)
    await chain.roll_out(2, 100)
    assert await chain.running() == {paused: 2, deleted: None}
    assert (await chain.campaign(paused)).status == "paused"
    assert (await chain.titles(paused))[0] == "Newer"
    rows = (await chain.call("GET", f"/{chain.master}/stores?troubled=true"))["items"]
    assert [(each["store_id"], each["opted_out_by"]) for each in rows] == [
        (str(deleted), "the store: its campaign was deleted")
    ]


async def test_what_stands_in_a_stores_way_is_said_and_stops_no_other(chain: Chain) -> None:
    """A recipe about fresh food needs categories, which each store has of its own."""
    fresh = {"name": "Fresh", "recipe": "fresh-weekend", "settings": {"margin_floor_percent": 0}}
    chain.master = (await chain.call("POST", "", fresh, 201))["id"]
    without, with_some = sorted(chain.stores[:2])
    await chain.call("POST", f"/{chain.master}/stores", {"store_ids": [str(without), str(with_some)]})
    await chain.call("PATCH", f"/{chain.master}/stores/{with_some}", {"own": {"categories": ["Fruit"]}})
    await chain.roll_out(1, 100)
    found = await chain.call("GET", f"/{chain.master}")
    assert (found["problems"], found["due"]) == (1, 0)
    rows = (await chain.call("GET", f"/{chain.master}/stores"))["items"]
    assert [(each["applied"], each["problem"] is None) for each in rows] == [(None, False), (1, True)]
    assert "categor" in rows[0]["problem"]
    await chain.call("PATCH", f"/{chain.master}/stores/{without}", {"own": {"categories": ["Bread"]}})
    await chain.settle()
    assert set((await chain.running()).values()) == {1}
    assert await chain.call("POST", f"/{chain.master}/try-again") == {"stores": 0}


async def test_a_store_takes_a_recipe_from_one_master(chain: Chain) -> None:
    first = chain.stores[0]
    await chain.call("POST", f"/{chain.master}/stores", {"store_ids": [str(first)]})
    other = (await chain.call("POST", "", WIN_BACK | {"name": "Another"}, 201))["id"]
    found = await chain.call("POST", f"/{other}/stores", {})
    assert found == {"added": 7, "elsewhere": [str(first)]}
    refused = await chain.call("DELETE", f"/{chain.master}", None, 409)
    assert "take them out first" in refused["detail"]
    await chain.roll_out(1, 100)
    await chain.call("DELETE", f"/{chain.master}/stores/{first}", None, 204)
    assert (await chain.campaign(first)).status == "paused"
    await chain.call("DELETE", f"/{chain.master}", None, 204)
    assert [each["name"] for each in (await chain.call("GET", ""))["items"]] == ["Another"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"recipe": "mall-zones"}, "#/recipe"),
        ({"settings": {"after_minutes": 60}}, "#/settings/after_minutes"),
        ({"settings": {"store_id": str(UUID(int=1))}}, "#/settings/store_id"),
        ({"texts": [{"message": "hello", "language": "en", "title": "a", "body": "b"}]}, "#/texts/0/message"),
        ({"texts": [{"message": "offer", "language": "en", "title": "{{ nobody }}", "body": "b"}]}, "#/texts/0/title"),
        ({"name": "Come back"}, "#/name"),
    ],
)
async def test_what_a_master_cannot_say_is_refused_at_its_place(
    chain: Chain, change: dict[str, Any], pointer: str
) -> None:
    body = WIN_BACK | {"name": "New"} | change
    if "recipe" in change:
        body |= {"settings": {}, "texts": []}
    refused = await chain.call("POST", "", body, 422)
    assert [each["pointer"] for each in refused["errors"]] == [pointer]


async def test_a_preview_shows_the_messages_and_keeps_nothing(chain: Chain) -> None:
    found = await chain.call("POST", ":preview", {name: WIN_BACK[name] for name in ("recipe", "settings", "texts")})
    assert [each["id"] for each in found["messages"]] == ["reminder", "offer"]
    assert found["messages"][0]["title"] == "We miss you at {{ store.name }}"
    assert {"de", "ar", "sr"} <= set(found["messages"][1]["texts"])
    assert len((await chain.call("GET", ""))["items"]) == 1


async def test_a_list_of_stores_names_the_master_and_own_values(chain: Chain) -> None:
    await chain.call("POST", f"/{chain.master}/stores", {"store_ids": [str(chain.stores[0])]})
    await chain.roll_out(1, 100)
    lines = "external_id,name,lon,lat,master,master_discount_percent,master_categories\n"
    lines += "a,Shop A,8.5,47.3,Come back,20,\nb,Shop B,8.6,47.3,Nobody,,\n"
    headers = chain.world.sk_headers | {"Content-Type": "text/csv"}
    answer = await chain.client.post("/v1/stores:batch", content=lines, headers=headers)
    first, second = answer.json()["items"]
    assert "master" in first["changes"]
    assert [each["detail"] for each in second["problems"]] == ["master: there is no master of this name: Nobody"]
    await chain.settle()
    store_id = UUID(first["store_id"])
    assert (await launch_of(chain, store_id)).settings["discount_percent"] == 20
    again = (await chain.client.post("/v1/stores:batch", content=lines, headers=headers)).json()["items"][0]
    assert again["outcome"] == "unchanged"
