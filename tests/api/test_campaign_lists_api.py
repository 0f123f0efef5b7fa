"""Finding campaigns again over HTTP: tags, filters, the archive, and copies."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from geoengage.kit.db import Session
from tests.api.test_campaigns_api import Shop, make_shop
from tests.campaign_rows import NOON


@pytest.fixture
async def shop(client: httpx.AsyncClient, session: Session, app: FastAPI) -> Shop:
    app.state.clock = lambda: NOON
    return await make_shop(client, session)


async def listed(shop: Shop, query: str = "", *, by_shop: bool = False) -> list[str]:
    answer = await shop.call("GET", query, shop=by_shop)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["items"]]


async def test_tags_and_words_find_campaigns(shop: Shop) -> None:
    cup = await shop.create(name="Cup of the day", tags=["summer", "coffee", "summer"])
    await shop.create(name="Books 50%", store_id=str(shop.other_store_id), tags=["summer"],
                      trigger={"kind": "entered", "zone_ids": [str(shop.other_zone_id)]})  # fmt: skip
    await shop.create(name="Plain")
    assert cup["tags"] == ["summer", "coffee"]
    assert await listed(shop, "?tag=summer") == ["Cup of the day", "Books 50%"]
    assert await listed(shop, "?tag=summer", by_shop=True) == ["Cup of the day"]
    assert await listed(shop, "?tag=sum") == []
    assert await listed(shop, "?q=CUP") == ["Cup of the day"]
    assert await listed(shop, "?q=50%25") == ["Books 50%"]
    assert await listed(shop, "?q=5_") == []
    assert await listed(shop, f"?tag=summer&store_id={shop.other_store_id}") == ["Books 50%"]
    tags = (await shop.call("GET", "/tags")).json()["items"]
    assert tags == [{"tag": "coffee", "campaigns": 1}, {"tag": "summer", "campaigns": 2}]
    mine = (await shop.call("GET", "/tags", shop=True)).json()["items"]
    assert mine == [{"tag": "coffee", "campaigns": 1}, {"tag": "summer", "campaigns": 1}]
    patched = await shop.patch(cup, {"tags": ["winter"]})
    assert patched.json()["tags"] == ["winter"]
    assert await listed(shop, "?tag=coffee") == []


@pytest.mark.parametrize("tags", [[""], ["x" * 41], [str(n) for n in range(21)], "summer"])
async def test_tags_are_short_and_few(shop: Shop, tags: object) -> None:
    answer = await shop.call("POST", "", shop.body(tags=tags))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("#/tags")


async def test_a_tag_needs_no_approval(shop: Shop) -> None:
    """It is for the owners alone: a running campaign of a shop runs on."""
    made = await shop.create(shop=True)
    await shop.do(made["id"], "activate", shop=True)
    approved = await shop.do(made["id"], "approve")
    assert (await shop.patch(approved, {"tags": ["spring"]}, shop=True)).json()["status"] == "active"


async def test_the_archive(shop: Shop) -> None:
    made = await shop.create(name="Old")
    await shop.do(made["id"], "activate")
    refused = await shop.call("POST", f"/{made['id']}/archive")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/campaign-status")
    await shop.do(made["id"], "pause")
    put_away = await shop.do(made["id"], "archive")
    again = await shop.do(made["id"], "archive")
    assert put_away["archived_at"] == again["archived_at"] == NOON.isoformat().replace("+00:00", "Z")
    assert again["version"] == put_away["version"]
    assert await listed(shop) == []
    assert await listed(shop, "?archived=true") == ["Old"]
    assert (await shop.call("POST", f"/{made['id']}/activate")).status_code == 409
    back = await shop.do(made["id"], "unarchive")
    assert (back["archived_at"], back["status"]) == (None, "paused")
    assert await listed(shop) == ["Old"]
    assert (await shop.do(made["id"], "activate"))["status"] == "active"


JOURNEY: dict[str, Any] = {
    "trigger": {"kind": "cart"},
    "steps": [
        {"kind": "message", "id": "first", "title": "Still thinking?", "body": "Your things wait."},
        {"kind": "wait", "id": "day", "seconds": 86400},
    ],
    "channels": ["email", "push"],
    "tags": ["carts"],
}


async def test_a_copy_is_a_draft_with_everything(shop: Shop) -> None:
    made = await shop.create(name="Carts", title="", body="", **JOURNEY)
    texts = [{"name": name, "weight": weight, "title": name, "body": "b"} for name, weight in (("A", 1), ("B", 3))]
    plan = {"holdout_percent": 20, "variants": texts}
    assert (await shop.call("PUT", f"/{made['id']}/experiment", plan)).status_code == 200
    await shop.do(made["id"], "activate")
    answer = await shop.call("POST", f"/{made['id']}/clone", Idempotency_Key="copy-1")
    copy = answer.json()
    assert (answer.status_code, copy["name"], copy["status"]) == (201, "Carts (copy)", "draft")
    differ = {"id", "name", "status", "says", "version", "created_at", "updated_at", "review"}
    assert {k: v for k, v in copy.items() if k not in differ} == {k: v for k, v in made.items() if k not in differ}
    measured = (await shop.call("GET", f"/{copy['id']}/experiment")).json()
    assert (measured["holdout_percent"], measured["variants"]) == (20, texts)
    again = await shop.call("POST", f"/{made['id']}/clone", Idempotency_Key="copy-1")
    assert again.json()["id"] == copy["id"]
    assert await listed(shop) == ["Carts", "Carts (copy)"]


async def test_a_copy_of_what_is_over_begins_anew(shop: Shop, app: FastAPI) -> None:
    made = await shop.create(name="N" * 200, valid_to=NOON.replace(hour=11).isoformat())
    app.state.clock = lambda: NOON.replace(hour=12)
    copy = (await shop.call("POST", f"/{made['id']}/clone")).json()
    assert copy["valid_to"] is None
    assert copy["name"] == "N" * 193 + " (copy)"


async def test_a_shop_copies_its_own_only(shop: Shop) -> None:
    theirs = await shop.create(store_id=str(shop.other_store_id),
                               trigger={"kind": "entered", "zone_ids": [str(shop.other_zone_id)]})  # fmt: skip
    lent = await shop.create(trigger={"kind": "entered", "zone_ids": [str(shop.other_zone_id)]})
    assert (await shop.call("POST", f"/{theirs['id']}/clone", shop=True)).status_code == 404
    refused = await shop.call("POST", f"/{lent['id']}/clone", shop=True)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/trigger/zone_ids/0")
