"""Content items over HTTP: write, publish, edit, cancel; who sees what; filters, revisions, local times."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.tenancy.rules import KeyKind, Scope
from tests.campaign_rows import make_mall, make_store, make_zone
from tests.factories import World, make_key_row, make_world

SHOP_SCOPES = [Scope.READ.value, Scope.CAMPAIGNS.value]
SOON = (utc_now() + timedelta(days=2)).replace(tzinfo=None, microsecond=0)


@dataclass
class Desk:
    """A mall with a café that has a key of its own, and a book shop."""

    client: httpx.AsyncClient
    session: Session
    world: World
    mall_id: UUID
    store_id: UUID
    zone_id: UUID
    other_store_id: UUID
    store_key: str

    def body(self, **over: object) -> dict[str, Any]:
        return {
            "kind": "event",
            "texts": {"en": {"title": "Reading", "text": "For children", "terms": "Free"}, "de": {"title": "Lesung"}},
            "store_id": str(self.store_id),
            "starts": SOON.isoformat(),
            "ends": (SOON + timedelta(hours=2)).isoformat(),
        } | over

    async def call(
        self, method: str, path: str, body: object = None, *, shop: bool = False, key: str | None = None, **headers: str
    ) -> httpx.Response:
        key = key or (self.store_key if shop else self.world.sk)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(
            method, f"/v1{path}", json=body, headers={"Authorization": f"Bearer {key}"} | named
        )

    async def create(self, *, shop: bool = False, **over: object) -> dict[str, Any]:
        answer = await self.call("POST", "/content", self.body(**over), shop=shop)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def do(self, item: dict[str, Any], verb: str) -> dict[str, Any]:
        answer = await self.call("POST", f"/content/{item['id']}/{verb}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def published(self, **over: object) -> dict[str, Any]:
        return await self.do(await self.create(**over), "publish")

    async def patch(self, item: dict[str, Any], patch: dict[str, Any], **how: Any) -> httpx.Response:
        return await self.call("PATCH", f"/content/{item['id']}", patch, If_Match=f'"v{item["revision"]}"', **how)

    async def titles(self, query: str = "", **how: Any) -> list[str]:
        answer = await self.call("GET", f"/content{query}", **how)
        assert answer.status_code == 200, answer.text
        return [item["title"] for item in answer.json()["items"]]


async def make_desk(client: httpx.AsyncClient, session: Session) -> Desk:
    world = await make_world(session)
    mall_id = await make_mall(session, world)
    store_id = await make_store(session, world, mall_id=mall_id, level=0)
    zone_id = await make_zone(session, world, store_id=store_id, mall_id=mall_id, name="Stage")
    other = await make_store(session, world, name="Books")
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=SHOP_SCOPES, store_ids=[store_id])
    await session.commit()
    return Desk(client, session, world, mall_id, store_id, zone_id, other, key)


@pytest.fixture
async def desk(client: httpx.AsyncClient, session: Session) -> Desk:
    return await make_desk(client, session)


async def test_an_item_from_draft_to_cancelled(desk: Desk) -> None:
    item = await desk.create(zone_id=str(desk.zone_id), products=["p1", "p1"], categories=["Books > Children"])
    assert (item["status"], item["revision"], item["products"]) == ("draft", 1, ["p1"])
    assert item["place"] == "Stage, Mall"
    assert item["timezone"] == "Europe/Zurich"
    assert 8.5 <= item["point"]["lon"] <= 8.501
    item = await desk.do(item, "publish")
    assert (item["status"], item["revision"]) == ("published", 2)
    assert (await desk.do(item, "publish"))["revision"] == 2, "repeating it changes nothing"
    edited = await desk.patch(item, {"texts": {"en": {"title": "Story time"}}})
    assert edited.status_code == 200, edited.text
    assert edited.headers["ETag"] == '"v3"'
    assert edited.json()["texts"]["en"] == {"title": "Story time", "text": "For children", "terms": "Free"}
    stale = await desk.patch(item, {"link": None})
    assert stale.status_code == 412
    assert (await desk.do(item, "cancel"))["status"] == "cancelled"
    assert (await desk.call("DELETE", f"/content/{item['id']}")).status_code == 409
    revisions = (await desk.call("GET", f"/content/{item['id']}/revisions")).json()["items"]
    assert [(r["revision"], r["status"], r["title"]) for r in revisions] == [
        (4, "cancelled", "Story time"), (3, "published", "Story time"), (2, "published", "Reading"),
        (1, "draft", "Reading"),
    ]  # fmt: skip
    assert (await desk.do(item, "publish"))["status"] == "published", "called on again"


async def test_a_draft_may_be_deleted_and_a_create_repeated(desk: Desk) -> None:
    first = await desk.call("POST", "/content", desk.body(), Idempotency_Key="k")
    again = await desk.call("POST", "/content", desk.body(), Idempotency_Key="k")
    assert first.json()["id"] == again.json()["id"]
    assert (await desk.call("POST", "/content", desk.body(kind="notice"), Idempotency_Key="k")).status_code == 422
    assert (await desk.call("DELETE", f"/content/{first.json()['id']}")).status_code == 204
    assert await desk.titles() == []
    assert (await desk.call("POST", f"/content/{desk.store_id}/publish")).status_code == 404
    draft = await desk.create()
    assert (await desk.call("POST", f"/content/{draft['id']}/cancel")).status_code == 409


@pytest.mark.parametrize(
    "over, pointer",
    [
        ({"texts": {}}, "#/texts"),
        ({"texts": {"en": {"title": ""}}}, "#/texts/en/title"),
        ({"texts": {"not a language": {"title": "x"}}}, "#/texts/not a language/[key]"),
        ({"texts": {"de-CH": {"title": "x"}, "de_ch": {"title": "y"}}}, "#/texts"),
        ({"default_language": "fr"}, "#/default_language"),
        ({"starts": None}, "#/starts"),
        ({"starts": "2026-12-05T14:00:00Z"}, "#/starts"),
        ({"ends": "2020-01-01T00:00"}, "#/ends"),
        ({"image_url": "http://x.example/a.jpg"}, "#/image_url"),
        ({"link": "javascript:alert(1)"}, "#/link"),
        ({"zone_id": "00000000-0000-0000-0000-000000000000"}, "#/zone_id"),
        ({"mall_id": "00000000-0000-0000-0000-000000000000"}, "#/mall_id"),
        ({"store_id": "00000000-0000-0000-0000-000000000000"}, "#/store_id"),
        ({"colour": "red"}, "#/colour"),
    ],
)
async def test_what_is_wrong_is_said(desk: Desk, over: dict[str, Any], pointer: str) -> None:
    answer = await desk.call("POST", "/content", desk.body(**over))
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_times_are_the_wall_clock_of_the_place_through_dst(desk: Desk) -> None:
    async def moments(starts: str, ends: str) -> tuple[str, str]:
        item = await desk.create(starts=starts, ends=ends)
        assert (item["starts"], item["ends"]) == (starts, ends)
        return item["starts_at"], item["ends_at"]

    assert await moments("2027-03-27T14:00:00", "2027-03-28T14:00:00") == (
        "2027-03-27T13:00:00Z",
        "2027-03-28T12:00:00Z",
    )
    skipped = await moments("2027-03-28T02:30:00", "2027-03-28T05:00:00")
    assert skipped[0] == "2027-03-28T01:30:00Z", "an hour that is skipped: by the offset before (RFC 5545)"
    twice = await moments("2027-10-31T02:30:00", "2027-10-31T04:00:00")
    assert twice == ("2027-10-31T00:30:00Z", "2027-10-31T03:00:00Z"), "an hour that comes twice: the first"


async def test_lists_are_filtered(desk: Desk) -> None:
    far = await make_store(desk.session, desk.world, name="Far")
    await desk.session.commit()
    await desk.create(texts={"en": {"title": "stage"}}, zone_id=str(desk.zone_id))
    await desk.create(kind="promotion", texts={"en": {"title": "sale"}}, starts=None, ends=None)
    await desk.create(kind="notice", texts={"en": {"title": "mall"}}, store_id=None, mall_id=str(desk.mall_id))
    await desk.create(kind="notice", texts={"en": {"title": "all"}}, store_id=None)
    await desk.create(texts={"en": {"title": "far"}}, store_id=str(far))
    assert await desk.titles() == ["stage", "sale", "mall", "all", "far"]
    assert await desk.titles("?kind=notice") == ["mall", "all"]
    assert await desk.titles(f"?store_id={desk.store_id}") == ["stage", "sale"]
    assert await desk.titles(f"?mall_id={desk.mall_id}") == ["stage", "sale", "mall"]
    assert await desk.titles(f"?zone_id={desk.zone_id}") == ["stage"]
    assert await desk.titles(f"?at={(SOON + timedelta(minutes=30)).isoformat()}Z") == [
        "stage", "sale", "mall", "all", "far",
    ]  # fmt: skip
    assert await desk.titles(f"?at={(SOON - timedelta(days=1)).isoformat()}Z") == ["sale"]
    assert await desk.titles("?status=published") == []
    assert await desk.titles("?near=8.5,47.4&radius_m=200") == ["stage", "sale", "mall", "far"]
    assert await desk.titles("?near=8.6,47.4&radius_m=200") == []
    assert await desk.titles("?bbox=8.4,47.3,8.6,47.5&limit=2") == ["stage", "sale"]
    assert await desk.titles("?bbox=9,47.3,9.6,47.5") == []
    assert (await desk.call("GET", "/content?near=nowhere")).status_code == 422


async def test_languages_fall_back(desk: Desk) -> None:
    await desk.create(texts={"fr": {"title": "fr"}, "de": {"title": "de"}, "pt-BR": {"title": "br"}})
    wanted = {"de-CH": "de", "DE": "de", "it": "fr", "pt-BR": "br", "pt": "br"}
    found = {locale: (await desk.titles(f"?locale={locale}"))[0] for locale in wanted}
    assert found == wanted


async def test_a_shop_sees_and_writes_its_own_only(desk: Desk) -> None:
    own = await desk.create(shop=True, store_id=None)
    assert own["store_id"] == str(desk.store_id), "a key for one store need not say"
    theirs = await desk.create(store_id=str(desk.other_store_id))
    of_all = await desk.create(store_id=None)
    assert await desk.titles(shop=True) == ["Reading"]
    for item in (theirs, of_all):
        assert (await desk.call("GET", f"/content/{item['id']}", shop=True)).status_code == 404
        assert (await desk.patch(item, {"link": None}, shop=True)).status_code == 404
        for verb in ("publish", "cancel"):
            assert (await desk.call("POST", f"/content/{item['id']}/{verb}", shop=True)).status_code == 404
    moved = await desk.patch(own, {"store_id": str(desk.other_store_id)}, shop=True)
    assert moved.status_code == 422
    foreign = await make_zone(desk.session, desk.world, store_id=desk.other_store_id, name="Shelf")
    assert (await desk.patch(own, {"zone_id": str(foreign)}, shop=True)).status_code == 422


async def test_the_public_sees_what_is_published_and_not_over(desk: Desk) -> None:
    await desk.create(texts={"en": {"title": "draft"}})
    shown = await desk.published()
    called_off = await desk.published(texts={"en": {"title": "off"}})
    await desk.do(called_off, "cancel")
    answer = await desk.call("GET", "/content", key=desk.world.pk)
    assert [item["id"] for item in answer.json()["items"]] == [shown["id"]]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "max-age=5" in answer.headers["Cache-Control"]
    same = await desk.call("GET", "/content", key=desk.world.pk, If_None_Match=answer.headers["ETag"])
    assert (same.status_code, same.content) == (304, b"")
    assert (await desk.call("GET", f"/content/{called_off['id']}", key=desk.world.pk)).status_code == 404
    assert (await desk.client.get("/v1/content", params={"key": desk.world.pk})).status_code == 200
    assert (await desk.client.get("/v1/content", params={"key": desk.world.sk})).status_code == 401
    assert (await desk.client.get("/v1/content")).status_code == 401
    assert (await desk.call("POST", "/content", desk.body(), key=desk.world.pk)).status_code == 403
    await desk.patch(shown, {"texts": {"en": {"title": "Later"}}})
    fresh = await desk.call("GET", "/content", key=desk.world.pk, If_None_Match=answer.headers["ETag"])
    assert fresh.json()["items"][0]["title"] == "Later"
