"""Segments over HTTP: making, previewing, who is in and why, overlap, sizes, export, templates, vocabulary, who may."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions
from geoengage.kit.ids import new_id
from geoengage.metrics.models.values import ValueModelRow
from geoengage.profiles.service import Resolved
from geoengage.segments import jobs
from geoengage.tenancy.models import AuditEntry
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import make_mall, make_store, make_zone
from tests.factories import World, make_key_row, make_world
from tests.people_rows import make_order, make_person, sign_in

BOUGHT = {"kind": "order", "measure": "count", "op": "gte", "value": 1, "window": {"days": 30}}
BERN = {"kind": "trait", "name": "city", "op": "eq", "value": "Bern"}
BOTH = {"kind": "all", "of": [BOUGHT, BERN]}


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


@pytest.fixture
async def people(session: Session, world: World) -> dict[str, Resolved]:
    """Anna of Bern has bought, Ben of Basel has bought, Cleo of Bern has not."""
    made = {}
    for name, city in (("anna", "Bern"), ("ben", "Basel"), ("cleo", "Bern")):
        ids = {"external_id": name, "email": f"{name}@example.ch"}
        made[name] = await make_person(session, world, ids, first_name=name.title(), city=city)
    for name in ("anna", "ben"):
        await make_order(session, world, name, made[name])
    await session.commit()
    return made


async def call(client: httpx.AsyncClient, world: World, method: str, path: str, status: int = 200, **more: Any) -> Any:
    headers = world.sk_headers | more.pop("headers", {})
    answer = await client.request(method, path, headers=headers, **more)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def make(client: httpx.AsyncClient, world: World, sessions: Sessions, name: str, definition: Any) -> str:
    """A segment that is built."""
    made = await call(client, world, "POST", "/v1/segments", 201, json={"name": name, "definition": definition})
    await build(sessions)
    return str(made["id"])


async def build(sessions: Sessions) -> None:
    while await jobs.build_once(sessions, utc_now):
        pass


async def test_a_segment_from_preview_to_deletion(
    client: httpx.AsyncClient, world: World, people: dict[str, Resolved], sessions: Sessions
) -> None:
    seen = await call(client, world, "POST", "/v1/segments/preview", json={"definition": BOTH})
    assert (seen["people"], seen["everyone"], seen["hidden"]) == (1, 3, None)
    assert seen["sample"] == [{"profile_id": str(people["anna"].profile_id), "name": "Anna", "masked": False}]
    assert seen["sentence"] == "People who bought at least once in the last 30 days and whose city is “Bern”."
    assert [part["pointer"] for part in seen["reading"]["of"]] == ["/of/0", "/of/1"]

    body, once = {"name": "Berners", "definition": BOTH}, {"Idempotency-Key": "k1"}
    made = await call(client, world, "POST", "/v1/segments", 201, json=body, headers=once)
    assert (made["status"], made["people"], made["hidden"], made["version"]) == (
        "building",
        None,
        "not looked up yet",
        1,
    )
    again = await call(client, world, "POST", "/v1/segments", 201, json=body, headers=once)
    assert again["id"] == made["id"]
    path = f"/v1/segments/{made['id']}"
    await build(sessions)
    built = await call(client, world, "GET", path)
    assert (built["status"], built["people"], built["definition"], built["used_by"]) == ("ready", 1, BOTH, [])
    assert (await call(client, world, "GET", "/v1/segments"))["items"][0]["sentence"] == seen["sentence"]

    changed = {"name": "Bern", "definition": BERN}
    await call(client, world, "PATCH", path, 428, json=changed)
    await call(client, world, "PATCH", path, 412, json=changed, headers={"If-Match": '"v9"'})
    edited = await call(client, world, "PATCH", path, json=changed, headers={"If-Match": '"v1"'})
    assert (edited["status"], edited["people"], edited["name"]) == ("building", 1, "Bern")  # the old one stays in force
    await build(sessions)
    assert (await call(client, world, "GET", path))["people"] == 2

    members = await call(client, world, "GET", f"{path}/members")
    assert sorted(each["name"] for each in members["items"]) == ["Anna", "Cleo"]
    first = await call(client, world, "GET", f"{path}/members?limit=1")
    rest = await call(client, world, "GET", f"{path}/members?limit=1&cursor={first['next']}")
    assert [each["profile_id"] for each in first["items"] + rest["items"]] == [
        m["profile_id"] for m in members["items"]
    ]

    put_away = await call(client, world, "POST", f"{path}/archive")
    assert (put_away["people"], put_away["status"]) == (0, "ready")
    assert put_away["archived_at"]
    assert (await call(client, world, "GET", "/v1/segments"))["items"] == []
    assert len((await call(client, world, "GET", "/v1/segments?archived=true"))["items"]) == 1
    current = {"If-Match": f'"v{put_away["version"]}"'}
    refused = await call(client, world, "PATCH", path, 409, json=changed, headers=current)
    assert refused["type"] == "/problems/segment-archived"
    await build(sessions)
    assert (await call(client, world, "GET", f"{path}/members"))["items"] == []
    await call(client, world, "POST", f"{path}/restore")
    await build(sessions)
    assert (await call(client, world, "GET", path))["people"] == 2
    await call(client, world, "DELETE", path, 204)
    await call(client, world, "GET", path, 404)


async def test_wrong_definitions_name_the_member(client: httpx.AsyncClient, world: World) -> None:
    for definition, pointer in (
        ({"kind": "nothing"}, "#/definition"),
        ({"kind": "all", "of": []}, "#/definition/of"),
        ({"kind": "all", "of": [BERN, {"kind": "trait", "name": "city"}]}, "#/definition/of/1/op"),
        ({"kind": "in_segment", "segment_id": str(new_id())}, "#/definition/segment_id"),
        ({"kind": "in_list", "list_id": str(new_id())}, "#/definition/list_id"),
        ({"kind": "visit", "measure": "now", "zone_id": str(new_id())}, "#/definition/zone_id"),
        ([BERN], "#/definition"),
        (None, "#/definition"),
    ):
        for path in ("/v1/segments", "/v1/segments/preview", "/v1/segments/words"):
            name = {"name": "x"} if path == "/v1/segments" else {}
            wrong = await call(client, world, "POST", path, 422, json={"definition": definition} | name)
            assert wrong["errors"][0]["pointer"] == pointer, (definition, wrong)
    deep: Any = BERN
    for _ in range(300):
        deep = {"kind": "not", "of": deep}
    await call(client, world, "POST", "/v1/segments/words", 422, json={"definition": deep})


async def test_what_rests_on_a_segment_keeps_it(
    client: httpx.AsyncClient, world: World, session: Session, sessions: Sessions
) -> None:
    base = await make(client, world, sessions, "Base", BERN)
    user = await make(client, world, sessions, "User", {"kind": "in_segment", "segment_id": base})
    zone = str(await make_zone(session, world, mall_id=await make_mall(session, world)))
    await session.commit()
    spring = {"name": "Spring", "trigger": {"kind": "entered", "zone_ids": [zone]}, "title": f"for {base}", "body": "b"}
    campaign = (await call(client, world, "POST", "/v1/campaigns", 201, json=spring))["id"]
    used = (await call(client, world, "GET", f"/v1/segments/{base}"))["used_by"]
    assert [(use["kind"], use["id"], use["name"]) for use in used] == [
        ("campaign", campaign, "Spring"), ("segment", user, "User"),
    ]  # fmt: skip
    for method, path in (("DELETE", base), ("POST", f"{base}/archive")):
        refused = await call(client, world, method, f"/v1/segments/{path}", 409)
        assert refused["type"] == "/problems/in-use"
        assert [use["name"] for use in refused["used_by"]] == ["Spring", "User"]
        assert "the campaign “Spring”, the segment “User” would lose it" in refused["detail"]
    circle = {"definition": {"kind": "in_segment", "segment_id": user}}
    await call(client, world, "PATCH", f"/v1/segments/{base}", 422, json=circle, headers={"If-Match": '"v1"'})
    await call(client, world, "DELETE", f"/v1/segments/{user}", 204)


async def test_why_somebody_is_in_or_out(
    client: httpx.AsyncClient, world: World, people: dict[str, Resolved], sessions: Sessions
) -> None:
    segment = await make(client, world, sessions, "Berners", BOTH)

    async def why(name: str) -> Any:
        return await call(client, world, "GET", f"/v1/segments/{segment}/why/{people[name].profile_id}")

    anna, ben, cleo = [await why(name) for name in ("anna", "ben", "cleo")]
    assert (anna["inside"], ben["inside"], cleo["inside"]) == (True, False, False)
    assert anna["since"]
    assert anna["because"] == "They bought at least once in the last 30 days, and their city is “Bern”."
    assert ben["because"] == "Their city is not “Bern”."
    assert cleo["because"] == "They did not buy at least once in the last 30 days."
    bought, city = anna["check"]["of"]
    assert (bought["pointer"], bought["met"], bought["found"], bought["value"]) == ("/of/0", True, "once", 1)
    assert bought["changes_at"] > utc_now().isoformat()
    assert (city["met"], city["found"], city["changes_at"]) == (True, "“Bern”", None)
    assert [part["found"] for part in cleo["check"]["of"]] == ["not once", "“Bern”"]
    await call(client, world, "GET", f"/v1/segments/{segment}/why/{new_id()}", 404)
    overview = await call(client, world, "GET", f"/v1/profiles/{people['anna'].profile_id}/overview")
    assert [(each["id"], each["name"]) for each in overview["segments"]] == [(segment, "Berners")]
    assert overview["segments"][0]["sentence"].startswith("People who bought at least once")
    assert overview["segments"][0]["since"] == anna["since"]


async def test_who_has_bought_nothing_is_a_subscriber(
    client: httpx.AsyncClient, world: World, people: dict[str, Resolved]
) -> None:
    """There is no row of habits then."""
    for op, value, found in (("eq", "subscriber", 3), ("ne", "subscriber", 0), ("in", ["new", "subscriber"], 3)):
        stage = {"kind": "metric", "name": "stage", "op": op, "value": value}
        seen = await call(client, world, "POST", "/v1/segments/preview", json={"definition": stage})
        assert seen["people"] == found, (op, value)  # no worker has looked at the orders yet


async def test_overlap_and_sizes(
    client: httpx.AsyncClient, world: World, people: dict[str, Resolved], sessions: Sessions
) -> None:
    bought = await make(client, world, sessions, "Bought", BOUGHT)
    bern = await make(client, world, sessions, "Bern", BERN)
    found = await call(client, world, "GET", f"/v1/segments/overlap?segment_id={bought}&segment_id={bern}")
    assert [(each["name"], each["people"]) for each in found["segments"]] == [("Bought", 2), ("Bern", 2)]
    assert [pair["people"] for pair in found["pairs"]] == [1]
    assert {tuple(part["segment_ids"]): part["people"] for part in found["parts"]} == {
        (bought, bern): 1, (bought,): 1, (bern,): 1,
    }  # fmt: skip
    assert found["people"] == 3
    for query in (f"segment_id={bought}", f"segment_id={bought}&segment_id={bought}"):
        await call(client, world, "GET", f"/v1/segments/overlap?{query}", 422)
    await call(client, world, "GET", f"/v1/segments/overlap?segment_id={bought}&segment_id={new_id()}", 404)

    sizes = await call(client, world, "GET", f"/v1/segments/{bern}/sizes?step=hour")
    assert len(sizes["points"]) == 49
    assert [sizes["points"][i]["people"] for i in (0, -1)] == [None, 2]
    assert sizes["points"][0]["hidden"] == "not looked up yet"
    long_ago = (utc_now() - timedelta(days=900)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await call(client, world, "GET", f"/v1/segments/{bern}/sizes?from={long_ago}", 422)
    await call(client, world, "GET", f"/v1/segments/{bern}/sizes?from=2999-01-01T00:00:00Z", 422)


async def test_an_export_is_audited_and_no_formula(
    client: httpx.AsyncClient, world: World, session: Session, sessions: Sessions
) -> None:
    await make_person(
        session, world, {"external_id": "=1+1", "phone": "+41791234567"}, first_name="@SUM(A1)", city="Bern"
    )
    await session.commit()
    segment = await make(client, world, sessions, "Bern", BERN)
    path = f"/v1/segments/{segment}/members.csv"
    answer = await client.get(path, headers=world.sk_headers)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    ((row),) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert (row["external_id"], row["name"], row["phone"]) == ("'=1+1", "'@SUM(A1)", "'+41791234567")
    owner = await sign_in(session, world, "owner")
    refused = await client.get(path, headers=owner)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/reason-needed")
    assert (await client.get(f"{path}?reason=mailing+house", headers=owner)).status_code == 200
    noted = await session.execute(select(AuditEntry).where(AuditEntry.action == "segment.export"))
    assert [(entry.subject, entry.reason) for entry in noted.scalars()] == [(segment, None), (segment, "mailing house")]


async def test_who_may_not_see_people_gets_full_tens(
    client: httpx.AsyncClient, world: World, session: Session, sessions: Sessions
) -> None:
    for i in range(23):
        await make_person(session, world, {"external_id": str(i)}, city="Bern" if i < 17 else "Basel")
    await session.commit()
    segment = await make(client, world, sessions, "Bern", BERN)
    analyst, owner = [await sign_in(session, world, role) for role in ("analyst", "owner")]

    async def preview(city: str, headers: dict[str, str]) -> Any:
        body = {"definition": BERN | {"value": city}}
        return (await client.post("/v1/segments/preview", json=body, headers=headers)).json()

    few, many, exact = await preview("Basel", analyst), await preview("Bern", analyst), await preview("Bern", owner)
    assert (few["people"], few["hidden"], few["everyone"], few["sample"]) == (None, "fewer than 10 people", 20, [])
    assert (many["people"], many["hidden"]) == (10, None)
    assert (exact["people"], exact["everyone"], len(exact["sample"])) == (17, 23, 5)
    assert all(each["masked"] for each in exact["sample"])
    assert (await client.get(f"/v1/segments/{segment}", headers=analyst)).json()["people"] == 10
    for path in ("members", "members.csv", f"why/{new_id()}"):
        refused = await client.get(f"/v1/segments/{segment}/{path}", headers=analyst)
        assert (refused.status_code, refused.json()["needs"]) == (403, "people")
    support = await sign_in(session, world, "support")
    assert (await client.get(f"/v1/segments/{segment}/members", headers=support)).status_code == 200
    assert (await client.post("/v1/segments", json={}, headers=support)).status_code == 403


async def test_a_store_makes_segments_of_its_customers(
    client: httpx.AsyncClient, world: World, session: Session, sessions: Sessions
) -> None:
    mine, other = await make_store(session, world), await make_store(session, world)
    anna = await make_person(session, world, {"external_id": "a"}, stores=[mine], first_name="Anna", city="Bern")
    await make_person(session, world, {"external_id": "b"}, stores=[other], first_name="Ben", city="Bern")
    scopes = ["read", "segments", "customers"]
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=scopes, store_ids=[mine])
    await session.commit()
    shop: dict[str, Any] = {"headers": {"Authorization": f"Bearer {key}"}}
    seen = await call(client, world, "POST", "/v1/segments/preview", json={"definition": BERN}, **shop)
    assert (seen["people"], seen["everyone"]) == (1, 1)
    assert [each["name"] for each in seen["sample"]] == ["Anna"]
    body = {"name": "Ours", "definition": BERN}
    made = await call(client, world, "POST", "/v1/segments", 201, json=body, **shop)
    assert made["store_id"] == str(mine)
    await build(sessions)
    members = await call(client, world, "GET", f"/v1/segments/{made['id']}/members", **shop)
    assert [each["profile_id"] for each in members["items"]] == [str(anna.profile_id)]
    theirs = await make(client, world, sessions, "All", BERN)
    for path in ("", "/members", "/sizes", "/members.csv", f"/why/{anna.profile_id}"):
        await call(client, world, "GET", f"/v1/segments/{theirs}{path}", 404, **shop)
    stage = {"kind": "metric", "name": "stage", "op": "eq", "value": "at_risk"}
    refused = await call(client, world, "POST", "/v1/segments/preview", 422, json={"definition": stage}, **shop)
    assert refused["errors"][0]["pointer"] == "#/definition"
    foreign = {"name": "x", "definition": BERN, "store_id": str(other)}
    await call(client, world, "POST", "/v1/segments", 422, json=foreign, **shop)
    templates = await call(client, world, "GET", "/v1/segments/templates", **shop)
    assert "at_risk" not in {each["name"] for each in templates["items"]}
    assert "lapsed" in {each["name"] for each in templates["items"]}


async def test_every_template_can_be_previewed(client: httpx.AsyncClient, world: World, session: Session) -> None:
    store = str(await make_store(session, world))
    await make_order(session, world, "1", await make_person(session, world, {"external_id": "a"}))
    await session.commit()
    listed = (await call(client, world, "GET", "/v1/segments/templates"))["items"]
    assert len(listed) > 15
    for template in listed:
        needed = {p["name"]: store if p["type"] == "store" else "Toys" for p in template["parameters"] if p["required"]}
        path = f"/v1/segments/templates/{template['name']}"
        made = await call(client, world, "POST", path, json={"parameters": needed})
        seen = await call(client, world, "POST", "/v1/segments/preview", json={"definition": made["definition"]})
        assert seen["sentence"] == made["sentence"]
    await call(client, world, "POST", "/v1/segments/templates/nobody", 404, json={})
    wrong = await call(client, world, "POST", "/v1/segments/templates/vip", 422, json={"parameters": {"days": -1}})
    assert wrong["errors"][0]["pointer"] == "#/parameters/days"


async def test_the_vocabulary_of_a_tenant(client: httpx.AsyncClient, world: World, session: Session) -> None:
    store = await make_store(session, world, name="Toys")
    person = await make_person(session, world, {"external_id": "0"}, city="Bern", size=0, joined="2026-01-01")
    for i in range(1, 12):
        city = "Bern" if i < 10 else "Thun"
        await make_person(session, world, {"external_id": str(i)}, city=city, size=i, joined="2026-01-01")
    await make_order(session, world, "1", person)
    await session.execute(
        text(
            "INSERT INTO event (tenant_id, id, identifier_id, at, received_at, type, name, message_id, key_id,"
            " is_claim, properties, context, product_ids) SELECT :t, :id, :who, now(), now(), 'track',"
            " 'Product Viewed', 'm', :who, false, CAST(:properties AS jsonb), '{}', '{}'"
        ),
        {
            "t": world.tenant_id,
            "id": new_id(),
            "who": person.identifier_id,
            "properties": '{"price": 5, "colour": "red"}',
        },
    )
    product = {"external_id": "1", "name": "Train", "category": "Toys > Trains", "brand": "Brio"}
    variant = {"variants": [{"sku": "1", "price_minor": 500, "currency": "CHF"}]}
    await session.commit()
    await call(client, world, "POST", "/v1/products", 201, json=product | variant)
    found = await call(client, world, "GET", "/v1/segments/vocabulary")
    traits = {each["name"]: each for each in found["traits"]}
    assert (traits["city"]["types"], traits["city"]["values"]) == (["text"], ["Bern"])  # two people tell no value
    assert (traits["size"]["types"], traits["size"]["values"], traits["joined"]["types"]) == (["number"], [], ["time"])
    (event,) = found["events"]
    assert (event["name"], event["properties"], event["numbers"]) == ("Product Viewed", ["colour", "price"], ["price"])
    assert (found["categories"], found["brands"]) == (["Toys", "Toys > Trains"], ["Brio"])
    assert (found["currency"], [each["name"] for each in found["stores"]]) == ("CHF", ["Toys"])
    today = date(2026, 1, 1)
    session.add(
        ValueModelRow(
            tenant_id=world.tenant_id, id=new_id(), version=1, kind="mbg_nbd", fitted_at=utc_now(),
            through=today, valued_on=today, currency="EUR", customers=0, left_out=0, is_current=True,
        )
    )  # fmt: skip
    await session.commit()
    assert (await call(client, world, "GET", "/v1/segments/vocabulary"))["currency"] == "EUR"  # that of the values
    assert {each["value"] for each in found["stages"]} >= {"at_risk", "churned"}
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=["segments"], store_ids=[store])
    await session.commit()
    narrow = await call(client, world, "GET", "/v1/segments/vocabulary", headers={"Authorization": f"Bearer {key}"})
    assert (narrow["traits"], narrow["events"], len(narrow["stores"])) == ([], [], 1)
