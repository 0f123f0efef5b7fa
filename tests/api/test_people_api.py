"""People over HTTP: finding them, why they are one, what was said about them, joining and parting, who may see whom."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.profiles import service
from geoengage.profiles.rules import Id, Kind, Proof
from geoengage.tenancy.models import AuditEntry
from geoengage.tenancy.rules import KeyKind
from tests.api.test_devices_api import register
from tests.api.wall.world import bearer
from tests.campaign_rows import make_store
from tests.conftest import ROOT
from tests.factories import World, make_key_row, make_world

KINDS = {
    "e": Kind.EXTERNAL_ID, "m": Kind.EMAIL, "p": Kind.PHONE, "a": Kind.ANONYMOUS_ID, "l": Kind.LOYALTY_CARD,
}  # fmt: skip


async def seen(session: Session, world: World, *ids: tuple[str, str], **traits: Any) -> service.Resolved:
    """Ids that a till names together, by the first letter of their kind, and what it says about the person."""
    now, how = utc_now(), {"source": "till", "proof": Proof.LINK}
    named = [Id(KINDS[kind], value) for kind, value in ids]
    found = await service.resolve(session, world.tenant_id, named, at=now, now=now, **how)  # type: ignore[arg-type]
    await service.set_traits(session, world.tenant_id, found.identifier_id, traits, at=now, now=now, **how)  # type: ignore[arg-type]
    await session.commit()
    return found


async def get(client: httpx.AsyncClient, world: World, path: str, status: int = 200, **query: Any) -> Any:
    answer = await client.get(path, params=query, headers=world.sk_headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def say(client: httpx.AsyncClient, world: World, path: str, status: int = 200, **body: Any) -> Any:
    answer = await client.post(path, json=body, headers=world.sk_headers)
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


async def test_a_person_with_all_that_makes_them_one(client: httpx.AsyncClient, session: Session, world: World) -> None:
    anna = await seen(session, world, ("e", "anna"), ("m", "anna@example.ch"), first_name="Anna", city="Bern")
    await seen(session, world, ("m", "anna@example.ch"), ("l", "280077"), city="Thun")
    phone = await register(client, world)
    device_id = (await client.get("/v1/devices/me", headers=phone)).json()["device_id"]
    await say(client, world, f"/v1/devices/{device_id}/link", external_id="anna", attributes={"shoe": 42})
    person = await get(client, world, f"/v1/profiles/{anna.profile_id}")
    assert [(i["kind"], i["value"], i["verified"]) for i in person["ids"]] == [
        ("external_id", "anna", True), ("loyalty_card", "280077", True), ("email", "anna@example.ch", True),
    ]  # fmt: skip
    assert (person["first_name"], person["attributes"]) == ("Anna", {"city": "Thun", "shoe": 42})
    city = [(t["value"], t["in_force"], t["source"]) for t in person["traits"] if t["name"] == "city"]
    assert city == [("Thun", True, "till"), ("Bern", False, "till")]
    assert [(e["says"], e["by_operator"], e["set_aside"]) for e in person["evidence"]] == [("same", False, None)] * 2
    assert [d["device_id"] for d in person["devices"]] == [device_id]
    assert (person["others"], person["merged"], person["stores"]) == ([], [], [])


async def test_people_are_found_by_whatever_one_has(client: httpx.AsyncClient, session: Session, world: World) -> None:
    anna = await seen(session, world, ("e", "A-17"), ("m", "anna@example.ch"), ("p", "+41791234567"), first_name="Anna")
    await seen(session, world, ("l", "280077"), first_name="Ben", last_name="Ångström_%")
    await client.put("/v1/identity-policy", json={"region": "CH"}, headers=world.sk_headers)

    async def found(text: str) -> list[str]:
        return [p["first_name"] for p in (await get(client, world, "/v1/profiles", search=text))["items"]]

    for text in ("A-17", " Anna@Example.CH", "079 123 45 67", "0041791234567", "ann", "ANNA"):
        assert await found(text) == ["Anna"], text
    for text in ("28-0077", "ångström_", "ben"):
        assert await found(text) == ["Ben"], text
    for text in ("A-1", "an%a", "__", "ångström%", "nobody@example.ch"):
        assert await found(text) == [], text
    assert (await get(client, world, "/v1/profiles", external_id="A-17"))["items"][0]["id"] == str(anna.profile_id)
    await get(client, world, "/v1/profiles", 422, search="x")


async def test_what_an_operator_knows_better(client: httpx.AsyncClient, session: Session, world: World) -> None:
    anna = await seen(session, world, ("e", "anna"), city="Bern", pet="dog")
    path = f"/v1/profiles/{anna.profile_id}"
    body = {"first_name": "Anna", "attributes": {"city": "Basel", "pet": None, "tags": ["vip"]}}
    changed = await client.patch(path, json=body, headers=world.sk_headers)
    assert changed.status_code == 200, changed.text
    assert (changed.json()["first_name"], changed.json()["attributes"]) == ("Anna", {"city": "Basel", "tags": ["vip"]})
    await seen(session, world, ("e", "anna"), city="Chur")  # newer
    assert (await get(client, world, path))["attributes"]["city"] == "Chur"
    entry = (await session.execute(select(AuditEntry).where(AuditEntry.action == "person.edit"))).scalar_one()
    assert (entry.subject, entry.reason) == (str(anna.profile_id), "city, first_name, pet, tags")
    for wrong in (
        {"attributes": {"x": "y" * 2_001}},
        {"attributes": {"first_name": 7}},
        {"email": "a"},
        {"attributes": None},
    ):
        assert (await client.patch(path, json=wrong, headers=world.sk_headers)).status_code == 422, wrong
    assert (await client.patch(f"/v1/profiles/{new_id()}", json=body, headers=world.sk_headers)).status_code == 404


async def test_joined_and_taken_back(client: httpx.AsyncClient, session: Session, world: World) -> None:
    anna = await seen(session, world, ("e", "anna"), city="Bern")
    annie = await seen(session, world, ("e", "annie"), pet="cat")
    one, two = f"/v1/profiles/{anna.profile_id}", f"/v1/profiles/{annie.profile_id}"
    before = [await get(client, world, path) for path in (one, two)]
    joined = await say(client, world, f"{one}/merge", profile_id=str(annie.profile_id), reason="same address")
    assert joined == {"profile_id": str(anna.profile_id)}
    await say(client, world, f"{two}/merge", 409, profile_id=str(anna.profile_id), reason="again")
    person = await get(client, world, two)  # asked for by the old id
    assert (person["id"], person["merged"]) == (str(anna.profile_id), [str(annie.profile_id)])
    assert person["attributes"] == {"city": "Bern", "pet": "cat"}
    (word,) = person["evidence"]
    assert (word["by_operator"], word["reason"], word["set_aside"]) == (True, "same address", None)
    assert len((await get(client, world, "/v1/profiles"))["items"]) == 1
    parted = await say(client, world, f"{one}/unmerge", act_id=word["act_id"], reason="two sisters")
    assert parted == {"profile_id": str(anna.profile_id), "parted": [str(annie.profile_id)]}
    after = [await get(client, world, path) for path in (one, two)]
    for was, now in zip(before, after, strict=True):
        assert {k: v for k, v in was.items() if k not in ("updated_at", "evidence", "others")} == {
            k: v for k, v in now.items() if k not in ("updated_at", "evidence", "others")
        }
        assert now["evidence"][0]["taken_back_at"] is not None
    await say(client, world, f"{one}/unmerge", 422, act_id=word["act_id"], reason="once more")
    said = select(AuditEntry.action, AuditEntry.reason).where(AuditEntry.action.like("person.%merge"))
    audit = (await session.execute(said)).all()
    assert sorted(tuple(row) for row in audit) == [
        ("person.merge", "same address"), ("person.unmerge", "two sisters"), ("person.unmerge", "two sisters"),
    ]  # fmt: skip


async def test_ids_that_are_somebody_elses(client: httpx.AsyncClient, session: Session, world: World) -> None:
    anna = await seen(session, world, ("e", "anna"), ("m", "home@example.ch"))
    await seen(session, world, ("e", "ben"), ("m", "home@example.ch"), pet="dog")
    path = f"/v1/profiles/{anna.profile_id}"
    person = await get(client, world, path)
    ben = next(i["id"] for i in person["ids"] if i["value"] == "ben")
    parted = await say(client, world, f"{path}/unmerge", identifier_ids=[ben], reason="her husband")
    assert (parted["profile_id"], len(parted["parted"])) == (str(anna.profile_id), 1)
    other = await get(client, world, f"/v1/profiles/{parted['parted'][0]}")
    assert ([i["value"] for i in other["ids"]], other["attributes"]) == (["ben"], {"pet": "dog"})
    assert {i["value"] for i in other["others"]} == {"anna", "home@example.ch"}
    reasons = {(e["says"], e["by_operator"], e["set_aside"]) for e in other["evidence"]}
    assert reasons == {("same", False, "different"), ("different", True, None)}
    for wrong in (
        {"identifier_ids": [ben]}, {"identifier_ids": [i["id"] for i in person["ids"]]}, {"act_id": str(new_id())},
        {"identifier_ids": []}, {}, {"act_id": str(new_id()), "identifier_ids": [ben]},
    ):  # fmt: skip
        await say(client, world, f"{path}/unmerge", 422, **wrong, reason="because")
    await say(client, world, f"{path}/merge", 404, profile_id=str(new_id()), reason="because")
    await say(client, world, f"{path}/merge", 422, profile_id=str(anna.profile_id), reason=" x ")


async def test_a_store_sees_its_customers_and_no_more(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    mine, other = await make_store(session, world, name="Mine"), await make_store(session, world, name="Other")
    anna = await seen(
        session, world, ("e", "anna"), ("m", "anna@example.ch"), ("p", "+41791234567"), ("a", "browser-1")
    )
    places = {"home_area": "47.36,8.52", "preferred_store": str(other), "shoe": 42}
    await seen(session, world, ("e", "anna"), **places)
    ben = await seen(session, world, ("e", "ben"))
    pairs = [(mine, anna.identifier_id), (other, anna.identifier_id), (other, ben.identifier_id)]
    await service.note_customer(session, world.tenant_id, pairs, "order", utc_now())
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[mine])
    await session.commit()
    shop = bearer(key)
    listed = (await client.get("/v1/profiles", headers=shop)).json()["items"]
    assert [(p["external_id"], p["attributes"]) for p in listed] == [("anna", {"shoe": 42})]
    for search, count in (("anna@example.ch", 1), ("ben", 0)):
        answer = await client.get("/v1/profiles", params={"search": search}, headers=shop)
        assert len(answer.json()["items"]) == count
    person = (await client.get(f"/v1/profiles/{anna.profile_id}", headers=shop)).json()
    assert [i["value"] for i in person["ids"]] == ["anna", "a•••@e•••.ch", "•••67"]
    assert ([s["store_id"] for s in person["stores"]], person["attributes"]) == ([str(mine)], {"shoe": 42})
    assert (person["evidence"], person["others"], person["devices"], person["merged"]) == ([], [], [], [])
    assert (await client.get(f"/v1/profiles/{ben.profile_id}", headers=shop)).status_code == 404
    for path in ("merge", "unmerge"):
        body = {"profile_id": str(ben.profile_id), "reason": "because"}
        assert (await client.post(f"/v1/profiles/{anna.profile_id}/{path}", json=body, headers=shop)).status_code == 404
    assert (await client.patch(f"/v1/profiles/{anna.profile_id}", json={}, headers=shop)).status_code == 404


async def test_how_ids_are_read(client: httpx.AsyncClient, session: Session, world: World) -> None:
    body = {"region": "CH", "blocked": ["info@shop.ch"], "limits": {"email": 2}}
    put = await client.put("/v1/identity-policy", json=body, headers=world.sk_headers)
    assert put.status_code == 200, put.text
    policy = await get(client, world, "/v1/identity-policy")
    assert (policy["region"], policy["blocked"], policy["limits"]["email"]) == ("CH", ["info@shop.ch"], 2)
    assert (policy["limits"]["phone"], policy["shared_after"]["phone"]) == (5, 3)
    first = await seen(session, world, ("e", "anna"), ("m", "info@shop.ch"))
    second = await seen(session, world, ("e", "ben"), ("m", "info@shop.ch"))
    assert first.profile_id != second.profile_id, "the shop's own address joins nobody"
    for wrong in ({"region": "ch"}, {"limits": {"email": 0}}, {"limits": {"claim": 1}}, {"blocked": [""]}):
        assert (await client.put("/v1/identity-policy", json=wrong, headers=world.sk_headers)).status_code == 422


async def test_a_value_that_stands_for_nobody_links_no_device(client: httpx.AsyncClient, world: World) -> None:
    phone = await register(client, world)
    device_id = UUID((await client.get("/v1/devices/me", headers=phone)).json()["device_id"])
    for nobody in ("null", "undefined", "0", " "):
        answer = await say(client, world, f"/v1/devices/{device_id}/link", 422, external_id=nobody)
        assert answer["errors"][0]["pointer"] == "#/external_id"


async def test_reading_at_the_same_moment_is_quick(client: httpx.AsyncClient, session: Session, world: World) -> None:
    """Of a person with many ids the evidence is cut, not the person."""
    now = utc_now() - timedelta(days=1)
    for n in range(60):
        ids = [Id(Kind.EXTERNAL_ID, "anna"), Id(Kind.ANONYMOUS_ID, f"browser-{n}")]
        found = await service.resolve(
            session, world.tenant_id, ids, proof=Proof.LINK, source="web", at=now, now=now + timedelta(seconds=n)
        )
    await session.commit()
    person = await get(client, world, f"/v1/profiles/{found.profile_id}")
    assert (len(person["ids"]), len(person["evidence"])) == (61, 60)


async def test_eleven_records_of_one_messy_customer(client: httpx.AsyncClient, world: World) -> None:
    """docs/people.md tells it: one person by evidence, and apart again with what came under each id."""
    messy = json.loads((ROOT / "geoengage/demo/messy_customer.json").read_text())
    await client.put("/v1/identity-policy", json={"region": messy["region"]}, headers=world.sk_headers)
    for record in reversed(messy["records"]):  # systems deliver when they like
        at = (utc_now() - timedelta(days=record["days_ago"])).isoformat()
        await say(client, world, "/v1/orders", 201, **record["order"], ordered_at=at)
    (person,) = (await get(client, world, "/v1/profiles"))["items"]
    mia = await get(client, world, f"/v1/profiles/{person['id']}")
    assert [i["value"] for i in mia["ids"]] == [
        "K-10428", "K-20991", "K-30077", "web-88213", "280100420077", "jonas.mueller@gmx.example",
        "mia.k@work.example", "mia.keller@gmx.example", "mia.mueller@gmx.example", "+41795550123",
    ]  # fmt: skip
    assert {e["source"] for e in mia["evidence"]} == {"webshop", "erp", "till", "hotline"}
    assert all(e["set_aside"] is None for e in mia["evidence"])
    his = [i["id"] for i in mia["ids"] if i["value"] in (messy["stranger"], "jonas.mueller@gmx.example")]
    parted = await say(client, world, f"/v1/profiles/{mia['id']}/unmerge", identifier_ids=his, reason="her husband")
    (jonas,) = parted["parted"]
    assert jonas == mia["id"], "his record came first, so the profile's id is his"
    orders = (await get(client, world, "/v1/orders"))["items"]
    by_person: dict[str, list[str]] = {}
    for order in orders:
        by_person.setdefault(order["customer"]["profile_id"], []).append(order["external_id"])
    assert by_person[jonas] == ["E-90233"]
    assert len(by_person[parted["profile_id"]]) == 10
    set_aside = {e["set_aside"] for e in (await get(client, world, f"/v1/profiles/{jonas}"))["evidence"]}
    assert set_aside == {None, "different"}
    again = f"/v1/profiles/{parted['profile_id']}/merge"
    assert await say(client, world, again, profile_id=jonas, reason="to show it") == {"profile_id": mia["id"]}
