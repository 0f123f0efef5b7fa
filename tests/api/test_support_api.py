"""Finding people, opening one with a reason, the time line, notes: for support, shops, keys, and nobody else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from geoengage.commerce.rules import Refund, Status
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.profiles.service import Resolved
from geoengage.tenancy.models import AuditEntry, Owner
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import Ledger, make_device, make_mall, make_store, make_zone
from tests.factories import World, make_key_row, make_world
from tests.people_rows import NOON, make_cart, make_order, make_person, sign_in

MINE = {"Origin": "http://testserver"}
IDS = {
    "external_id": "customer-17", "loyalty_card": "99120045", "email": "anna.mueller@example.com",
    "phone": "+41791234567",
}  # fmt: skip


@dataclass
class Desk:
    """A tenant with two shops, their people, and whoever looks at them."""

    world: World
    left: UUID
    right: UUID
    anna: Resolved  # customer of the left shop
    ben: Resolved  # of the right one
    support: dict[str, str]
    shop: dict[str, str]  # of the left one
    analyst: dict[str, str]


async def make_desk(session: Session, **over: object) -> Desk:
    world = await make_world(session, **over)
    owner = Owner(tenant_id=world.tenant_id, id=new_id(), name="Left")
    session.add(owner)
    await session.flush()
    left = await make_store(session, world, name="Left", owner_id=owner.id)
    right = await make_store(session, world, name="Right")
    anna = await make_person(session, world, IDS, stores=[left], first_name="Anna", last_name="Müller")
    ben = await make_person(
        session, world, {"email": "ben@example.com"}, stores=[right], first_name="Ben", last_name="Müller"
    )
    await make_order(session, world, "1001", anna, store_id=left)
    await make_order(session, world, "2002", ben, store_id=right)
    roles = [await sign_in(session, world, role) for role in ("support", "analyst")]
    shop = await sign_in(session, world, "shop", owner.id)
    await session.commit()
    return Desk(world, left, right, anna, ben, roles[0], shop, roles[1])


@pytest.fixture
async def desk(session: Session) -> Desk:
    return await make_desk(session)


async def found(client: httpx.AsyncClient, who: dict[str, str], q: str) -> list[dict[str, Any]]:
    answer = await client.get("/v1/people/search", params={"q": q}, headers=who)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def open_person(client: httpx.AsyncClient, who: dict[str, str], person: Resolved) -> None:
    answer = await client.post(f"/v1/profiles/{person.profile_id}/access", json={"reason": "ticket 4711"}, headers=who)
    assert answer.status_code == 200, answer.text


async def timeline(client: httpx.AsyncClient, who: dict[str, str], person: Resolved, **query: Any) -> dict[str, Any]:
    answer = await client.get(f"/v1/profiles/{person.profile_id}/timeline", params=query, headers=who)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


# --- search -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("q", "kind"),
    [
        ("anna", "name"),
        ("MÜLLER anna", "name"),
        ("mül ann", "name"),
        ("anna.mueller@example.com", "email"),
        ("ANNA.Mueller@Example.com", "email"),
        ("mueller@", "email"),
        ("+41 (0)79 123 45 67", "phone"),
        ("079 123 45 67", "phone"),
        ("0041791234567", "phone"),
        ("4567", "phone"),
        ("99120045", "loyalty_card"),
        ("customer-17", "external_id"),
        ("omer-1", "external_id"),
        ("1001", "order"),
        ("#1001", "order"),
    ],
)
async def test_found_by_whatever_they_say(client: httpx.AsyncClient, desk: Desk, q: str, kind: str) -> None:
    items = await found(client, desk.support, q)
    assert items[0]["profile_id"] == str(desk.anna.profile_id), items
    assert items[0]["matched_kind"] == kind
    assert str(desk.ben.profile_id) not in [item["profile_id"] for item in items]


async def test_found_by_device_and_profile(client: httpx.AsyncClient, session: Session, desk: Desk) -> None:
    device = await make_device(session, desk.world, profile_id=desk.anna.profile_id)
    await session.commit()
    for id_, kind in ((device, "device"), (desk.anna.profile_id, "profile")):
        items = await found(client, desk.support, str(id_))
        assert [(i["profile_id"], i["matched_kind"]) for i in items] == [(str(desk.anna.profile_id), kind)]
    assert await found(client, desk.shop, str(device)) == []  # a device is no store's


async def test_nobody_is_found_by_wildcards_or_half_a_word(client: httpx.AsyncClient, desk: Desk) -> None:
    for q in ("%%", "__", "anna otto", "\\\\", "'; DROP"):
        assert await found(client, desk.support, q) == []
    short = await client.get("/v1/people/search", params={"q": " a "}, headers=desk.support)
    assert short.status_code == 422
    assert "at least 2" in short.json()["detail"]


async def test_names_are_masked_until_a_reason_is_given(client: httpx.AsyncClient, desk: Desk) -> None:
    (masked,) = await found(client, desk.support, "4567")
    assert (masked["name"], masked["matched"], masked["masked"]) == ("A••• M•••", "•••67", True)
    await open_person(client, desk.support, desk.anna)
    (shown,) = await found(client, desk.support, "4567")
    assert (shown["name"], shown["matched"], shown["masked"]) == ("Anna Müller", "+41791234567", False)
    assert [item["masked"] for item in await found(client, desk.support, "ben")] == [True]  # for her only
    program = await found(client, desk.world.sk_headers, "4567")
    assert program[0]["name"] == "Anna Müller"


async def test_a_shop_finds_its_customers_only(client: httpx.AsyncClient, session: Session, desk: Desk) -> None:
    """Also when many others match, and not by the orders of another store."""
    for n in range(40):
        await make_person(session, desk.world, {"external_id": f"x-{n}"}, stores=[desk.right], first_name="Anna")
    await make_order(session, desk.world, "3003", desk.anna, store_id=desk.right)
    await session.commit()
    key = await make_key_row(session, desk.world.tenant_id, KeyKind.SECRET, store_ids=[desk.left])
    await session.commit()
    for who in (desk.shop, {"Authorization": f"Bearer {key}"}):
        assert [i["profile_id"] for i in await found(client, who, "anna")] == [str(desk.anna.profile_id)]
        assert [i["profile_id"] for i in await found(client, who, "1001")] == [str(desk.anna.profile_id)]
        for q in ("ben", "ben@example.com", "2002", "3003", str(desk.ben.profile_id)):
            assert await found(client, who, q) == [], q


async def test_more_than_fit(client: httpx.AsyncClient, session: Session, desk: Desk) -> None:
    for n in range(25):
        await make_person(session, desk.world, {"external_id": f"x-{n}"}, first_name="Zoe")
    await session.commit()
    answer = (await client.get("/v1/people/search", params={"q": "zoe", "limit": 10}, headers=desk.support)).json()
    assert (len(answer["items"]), answer["more"]) == (10, True)


async def test_people_are_for_support_and_shops(client: httpx.AsyncClient, desk: Desk) -> None:
    for path in ("/v1/people/search?q=anna", "/v1/people/recent", f"/v1/profiles/{desk.anna.profile_id}/timeline"):
        assert (await client.get(path, headers=desk.analyst)).status_code == 403, path


# --- a reason -----------------------------------------------------------------------------------------------------


async def test_a_person_opens_with_a_reason_for_half_an_hour(
    client: httpx.AsyncClient, app: FastAPI, session: Session, desk: Desk
) -> None:
    now = utc_now()
    app.state.clock = lambda: now
    path = f"/v1/profiles/{desk.anna.profile_id}"
    before = (await client.get(f"{path}/access", headers=desk.support)).json()
    assert (before["needed"], before["open"]) == (True, False)
    for closed in ("timeline", "overview", "notes"):
        refused = await client.get(f"{path}/{closed}", headers=desk.support)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/reason-needed"), closed
    for body in ({}, {"reason": "  "}, {"reason": "ab"}):
        assert (await client.post(f"{path}/access", json=body, headers=desk.support)).status_code == 422
    await open_person(client, desk.support, desk.anna)
    for opened in ("timeline", "overview", "notes"):
        assert (await client.get(f"{path}/{opened}", headers=desk.support)).status_code == 200, opened
    assert (await client.get(f"{path}/timeline", headers=desk.shop)).status_code == 403  # it was not their reason
    entries = (await session.execute(select(AuditEntry).where(AuditEntry.action == "person.open"))).scalars().all()
    assert [(e.subject, e.reason) for e in entries] == [(str(desk.anna.profile_id), "ticket 4711")]
    assert entries[0].actor.startswith("operator ")

    now += timedelta(minutes=31)
    assert (await client.get(f"{path}/timeline", headers=desk.support)).status_code == 403
    again = await client.get(f"{path}/timeline", params={"reason": "ticket 4712"}, headers=desk.support)
    assert again.status_code == 200
    assert (await client.get(f"{path}/overview", headers=desk.support)).status_code == 200


async def test_no_other_way_leads_to_a_person_without_one(client: httpx.AsyncClient, desk: Desk) -> None:
    person = str(desk.anna.profile_id)
    ways: list[tuple[str, dict[str, str]]] = [
        (f"/v1/profiles/{person}", {}),
        (f"/v1/profiles/{person}/consents", {}),
        (f"/v1/profiles/{person}/consents/history", {}),
        ("/v1/orders", {"profile_id": person}),
    ]
    for path, query in ways:
        refused = await client.get(path, params=query, headers=desk.support)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/reason-needed"), path
        assert (await client.get(path, params=query, headers=desk.world.sk_headers)).status_code == 200, path
    (listed,) = (await client.get("/v1/profiles", params={"search": "anna"}, headers=desk.support)).json()["items"]
    assert (listed["first_name"], listed["external_id"], listed["attributes"]) == ("A•••", None, {})
    await open_person(client, desk.support, desk.anna)
    for path, query in ways:
        assert (await client.get(path, params=query, headers=desk.support)).status_code == 200, path


@pytest.mark.parametrize("is_demo", [True, False])
async def test_simulated_and_test_people_need_none(client: httpx.AsyncClient, session: Session, is_demo: bool) -> None:
    desk = await make_desk(session, is_demo=is_demo)
    person = desk.anna
    if not is_demo:
        person = await make_person(session, desk.world, {"external_id": "tester"}, first_name="Test")
        await make_device(session, desk.world, profile_id=person.profile_id, is_test=True)
        await session.commit()
    access = (await client.get(f"/v1/profiles/{person.profile_id}/access", headers=desk.support)).json()
    assert (access["needed"], access["open"]) == (False, True)
    assert (await timeline(client, desk.support, person))["hidden"] == []
    await client.post(f"/v1/profiles/{person.profile_id}/access", json={}, headers=desk.support)
    recent = (await client.get("/v1/people/recent", headers=desk.support)).json()["items"]
    assert [(r["profile_id"], r["masked"]) for r in recent] == [(str(person.profile_id), False)]
    assert (await session.execute(select(AuditEntry).where(AuditEntry.action == "person.open"))).first() is None


async def test_a_test_device_makes_nobody_a_test_person(
    client: httpx.AsyncClient, session: Session, desk: Desk
) -> None:
    """Else whoever holds a test key could look at everybody without a reason."""
    await make_device(session, desk.world, profile_id=desk.anna.profile_id, is_test=True)
    await session.commit()
    access = (await client.get(f"/v1/profiles/{desk.anna.profile_id}/access", headers=desk.support)).json()
    assert access["needed"] is True


async def test_recent_is_ones_own(client: httpx.AsyncClient, desk: Desk) -> None:
    await open_person(client, desk.support, desk.anna)
    await open_person(client, desk.support, desk.ben)
    mine = (await client.get("/v1/people/recent", headers=desk.support)).json()["items"]
    assert [item["name"] for item in mine] == ["Ben Müller", "Anna Müller"]
    assert (await client.get("/v1/people/recent", headers=desk.shop)).json()["items"] == []


# --- the time line ------------------------------------------------------------------------------------------------


@asynccontextmanager
async def a_life(session: Session, desk: Desk) -> AsyncIterator[UUID]:
    """Anna was in a zone of the right shop, bought in both, brought something back, has a cart."""
    mall = await make_mall(session, desk.world)
    zone = await make_zone(session, desk.world, name="Window", mall_id=mall, store_id=desk.right)
    device = await make_device(session, desk.world, profile_id=desk.anna.profile_id)
    await Ledger(session, desk.world).exited(device, zone, NOON + timedelta(hours=1))
    refund = Refund(external_id="r", at=NOON + timedelta(hours=2), amount_minor=1000, reason="Broken")
    await make_order(session, desk.world, "4004", desk.anna, store_id=desk.right, refunds=(refund,))
    await make_cart(session, desk.world, desk.anna, "Kite", store_id=desk.left)
    await session.commit()
    yield device


async def test_everything_in_the_order_of_time(client: httpx.AsyncClient, session: Session, desk: Desk) -> None:
    async with a_life(session, desk):
        await open_person(client, desk.support, desk.anna)
        await client.post(
            f"/v1/profiles/{desk.anna.profile_id}/notes", json={"text": "Likes trains"}, headers=desk.support
        )
        told = await timeline(client, desk.support, desk.anna, limit=200)
    assert told["hidden"] == []
    assert told["next"] is None
    times = [item["at"] for item in told["items"]]
    assert times == sorted(times, reverse=True)
    kinds = {item["kind"] for item in told["items"]}
    assert kinds == {"visit", "order", "refund", "cart", "note", "merge"}
    order = next(i for i in told["items"] if i["title"] == "Order 1001")
    assert (order["text"], order["amount_minor"], order["currency"], order["store_name"], order["status"]) == (
        "Wooden train, Kite", 3000, "CHF", "Left", "paid",
    )  # fmt: skip
    (ids,) = [i for i in told["items"] if i["kind"] == "merge"]  # four ids that came at once are told once
    assert ids["title"].startswith("One person: customer id customer-17, card 99120045, e-mail anna.mueller@")
    refund = next(i for i in told["items"] if i["kind"] == "refund")
    assert (refund["title"], refund["text"], refund["amount_minor"]) == ("Refund of order 4004", "Broken", 1000)


async def test_pages_repeat_and_miss_nothing(client: httpx.AsyncClient, session: Session, desk: Desk) -> None:
    for n in range(11):  # all at the same moment
        await make_order(session, desk.world, f"n-{n}", desk.anna, store_id=desk.left)
    await session.commit()
    await open_person(client, desk.support, desk.anna)
    whole = (await timeline(client, desk.support, desk.anna, limit=200))["items"]
    pages: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await timeline(client, desk.support, desk.anna, limit=3, **({"cursor": cursor} if cursor else {}))
        pages += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert pages == whole
    assert len({item["id"] for item in pages}) == len(pages)


async def test_a_wish_is_told_once(client: httpx.AsyncClient, desk: Desk) -> None:
    """It is kept with each of the person's ids."""
    wish = {"channel": "email", "purpose": "marketing", "state": "unsubscribed"}
    body = {"decisions": [wish], "text_version": "1", "source": "call"}
    path = f"/v1/profiles/{desk.anna.profile_id}"
    assert (await client.put(f"{path}/consents", json=body, headers=desk.world.sk_headers)).status_code == 200
    (told,) = (await timeline(client, desk.world.sk_headers, desk.anna, kinds="consent"))["items"]
    assert (told["title"], told["status"], told["text"]) == (
        "Marketing by e-mail", "unsubscribed", "From call, text 1.",
    )  # fmt: skip


async def test_filters(client: httpx.AsyncClient, session: Session, desk: Desk) -> None:
    async with a_life(session, desk):
        await open_person(client, desk.support, desk.anna)
        only = await timeline(client, desk.support, desk.anna, kinds="order,refund")
        assert {item["kind"] for item in only["items"]} == {"order", "refund"}
        right = await timeline(client, desk.support, desk.anna, store_id=str(desk.right))
        assert {item["store_id"] for item in right["items"]} == {str(desk.right)}
        assert {item["kind"] for item in right["items"]} == {"visit", "order", "refund"}
    path = f"/v1/profiles/{desk.anna.profile_id}/timeline"
    for query in ({"kinds": "orders"}, {"cursor": "forged"}, {"limit": 0}):
        assert (await client.get(path, params=query, headers=desk.support)).status_code == 422, query


async def test_a_shop_sees_its_own_rows(client: httpx.AsyncClient, session: Session, desk: Desk) -> None:
    """Of a customer of both: no place, no order, no note of the other shop; by no filter and no cursor."""
    async with a_life(session, desk):
        await open_person(client, desk.support, desk.anna)
        for store in (desk.right, None):
            body = {"text": "The other shop says", "store_id": None if store is None else str(store)}
            await client.post(f"/v1/profiles/{desk.anna.profile_id}/notes", json=body, headers=desk.support)
        whole = await timeline(client, desk.support, desk.anna, limit=200)
        await open_person(client, desk.shop, desk.anna)
        told = await timeline(client, desk.shop, desk.anna)
        assert {item["store_id"] for item in told["items"]} == {str(desk.left)}
        assert sorted(told["hidden"]) == ["event", "merge", "visit"]
        assert [item["title"] for item in told["items"] if item["kind"] == "order"] == ["Order 1001"]
        first = await timeline(client, desk.support, desk.anna, limit=1)
        after = await timeline(client, desk.shop, desk.anna, cursor=first["next"])
        assert {item["store_id"] for item in after["items"]} == {str(desk.left)}
        for kind in ("visit", "merge", "note", "refund", "event"):
            assert (await timeline(client, desk.shop, desk.anna, kinds=kind))["items"] == [], kind
        path = f"/v1/profiles/{desk.anna.profile_id}"
        other = await client.get(f"{path}/timeline", params={"store_id": str(desk.right)}, headers=desk.shop)
        assert other.status_code == 404
        assert (await client.get(f"{path}/notes", headers=desk.shop)).json()["items"] == []
        seen = (await client.get(f"{path}/overview", headers=desk.shop)).json()
        assert [(f["orders"], f["revenue_minor"]) for f in seen["figures"]] == [(1, 3000)]
        assert len(whole["items"]) > len(told["items"])
    for path in ("timeline", "overview", "notes", "access"):
        answer = await client.get(f"/v1/profiles/{desk.ben.profile_id}/{path}", headers=desk.shop)
        assert answer.status_code == 404, path


async def test_a_program_sees_places_only_with_a_reason(
    client: httpx.AsyncClient, session: Session, desk: Desk
) -> None:
    async with a_life(session, desk):
        plain = await timeline(client, desk.world.sk_headers, desk.anna)
        assert plain["hidden"] == ["visit"]
        assert "visit" not in {item["kind"] for item in plain["items"]}
        asked = await timeline(client, desk.world.sk_headers, desk.anna, reason="request 12 of the person")
        assert asked["hidden"] == []
        assert "visit" in {item["kind"] for item in asked["items"]}
        scopes = ["customers"]
        key = await make_key_row(session, desk.world.tenant_id, KeyKind.SECRET, scopes=scopes)
        await session.commit()
        narrow = await timeline(client, {"Authorization": f"Bearer {key}"}, desk.anna, reason="anything at all")
        assert narrow["hidden"] == ["visit"]


# --- at a glance --------------------------------------------------------------------------------------------------


async def test_figures_and_habits(client: httpx.AsyncClient, session: Session, desk: Desk) -> None:
    at = datetime.fromisoformat("2026-11-10T16:30:00+00:00")  # half past five in Zurich
    for n in range(3):
        await make_order(session, desk.world, f"h-{n}", desk.anna, store_id=desk.right, ordered_at=at)
    refund = Refund(external_id="r", at=at, amount_minor=500)
    await make_order(session, desk.world, "back", desk.anna, ordered_at=at, refunds=(refund,))
    await make_order(session, desk.world, "gone", desk.anna, status=Status.CANCELLED)
    await make_order(session, desk.world, "euro", desk.anna, currency="EUR")
    await make_cart(session, desk.world, desk.anna, "Kite")
    await session.commit()
    await open_person(client, desk.support, desk.anna)
    seen = (await client.get(f"/v1/profiles/{desk.anna.profile_id}/overview", headers=desk.support)).json()
    francs, euros = seen["figures"]
    assert (francs["orders"], francs["revenue_minor"], francs["average_minor"], francs["refunded_minor"]) == (
        5, 14_500, 2900, 500,
    )  # fmt: skip
    assert (euros["currency"], euros["orders"]) == ("EUR", 1)
    usual = seen["usual"]
    assert (usual["store_name"], usual["store_orders"], usual["store_of"]) == ("Right", 3, 4)
    assert (usual["hour"], usual["hour_orders"], usual["hour_of"]) == (17, 4, 6)
    (cart,) = seen["carts"]
    assert [(line["name"], line["quantity_milli"]) for line in cart["lines"]] == [("Kite", 2000)]


# --- notes --------------------------------------------------------------------------------------------------------


async def test_notes_are_changed_and_deleted_by_their_author(client: httpx.AsyncClient, desk: Desk) -> None:
    path = f"/v1/profiles/{desk.anna.profile_id}/notes"
    await open_person(client, desk.support, desk.anna)
    await open_person(client, desk.shop, desk.anna)
    words = {"text": " Prefers <b>SMS</b> ", "store_id": str(desk.left)}
    made = (await client.post(path, json=words, headers=desk.support)).json()
    assert (made["text"], made["author"], made["mine"]) == ("Prefers <b>SMS</b>", "Support", True)
    (read,) = (await client.get(path, headers=desk.shop)).json()["items"]
    assert (read["id"], read["mine"]) == (made["id"], False)
    one = f"/v1/notes/{made['id']}"
    for method in ("PATCH", "DELETE"):
        headers = desk.shop | {"If-Match": '"v1"'}
        theirs = await client.request(method, one, headers=headers, json={"text": "x"} if method == "PATCH" else None)
        assert theirs.status_code == 403
    stale = await client.patch(one, json={"text": "x"}, headers=desk.support | {"If-Match": '"v9"'})
    assert stale.status_code == 412
    changed = await client.patch(one, json={"text": "Calls at noon"}, headers=desk.support | {"If-Match": '"v1"'})
    assert (changed.json()["text"], changed.json()["version"]) == ("Calls at noon", 2)
    assert (await client.delete(one, headers=desk.support)).status_code == 204
    assert (await client.get(path, headers=desk.support)).json()["items"] == []


async def test_notes_that_are_refused(client: httpx.AsyncClient, desk: Desk) -> None:
    path = f"/v1/profiles/{desk.anna.profile_id}/notes"
    await open_person(client, desk.support, desk.anna)
    await open_person(client, desk.shop, desk.anna)
    for body in ({"text": " "}, {"text": "x" * 4001}, {}):
        assert (await client.post(path, json=body, headers=desk.support)).status_code == 422
    nowhere = await client.post(path, json={"text": "x", "store_id": str(new_id())}, headers=desk.support)
    assert nowhere.status_code == 404
    for store in (None, str(desk.right)):
        answer = await client.post(path, json={"text": "x", "store_id": store}, headers=desk.shop)
        assert answer.status_code == 422, store


async def test_a_note_is_written_once(client: httpx.AsyncClient, desk: Desk) -> None:
    path = f"/v1/profiles/{desk.anna.profile_id}/notes"
    await open_person(client, desk.support, desk.anna)
    headers = desk.support | {"Idempotency-Key": "n1"}
    first, second = [await client.post(path, json={"text": "x"}, headers=headers) for _ in range(2)]
    assert first.json()["id"] == second.json()["id"]
    assert len((await client.get(path, headers=desk.support)).json()["items"]) == 1
