"""A person's own data over HTTP: what is shown, what the document holds, and what an erased device may still do."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from geoengage.kit.db import Base, Session
from geoengage.privacy.rules import about_people
from geoengage.privacy.service import people
from tests.api.test_devices_api import register
from tests.api.wall.world import Side, bearer, make_phone, make_side, walk_in
from tests.erasable import LAT, LON, Erasable, fill
from tests.factories import make_world

Json = dict[str, Any]


@pytest.fixture
async def side(client: httpx.AsyncClient, session: Session) -> Side:
    return await make_side(client, session, "alpha")


@pytest.fixture
async def person(client: httpx.AsyncClient, session: Session, side: Side) -> Erasable:
    return await fill(client, session, side, "zora")


async def me(client: httpx.AsyncClient, headers: dict[str, str]) -> Json:
    answer = await client.get("/v1/me", headers=headers)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def export(client: httpx.AsyncClient, headers: dict[str, str]) -> Json:
    answer = await client.get("/v1/me/export", headers=headers)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def test_a_new_anonymous_device(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, name="Mall of Tests", ping_retention_days=3)
    headers = await register(client, world, consents={"location": "granted"})
    found = await me(client, headers)
    assert (found["controller"], found["devices"], found["person"]) == ("Mall of Tests", 1, None)
    assert found["device"]["consents"]["location"] == "granted"
    assert {k["name"]: k["count"] for k in found["data"]} == {"devices": 1, "consents": 1}
    ping = {"at": datetime.now(UTC).isoformat(), "lon": LON, "lat": LAT}
    await client.post("/v1/pings", json={"pings": [ping]}, headers=headers)
    (positions,) = (k for k in (await me(client, headers))["data"] if k["name"] == "positions")
    assert positions == {"name": "positions", "what": "Where your phone was.", "count": 1, "kept": "3 days"}


async def test_what_is_known_about_a_person(client: httpx.AsyncClient, person: Erasable) -> None:
    found = await me(client, person.headers)
    assert found["devices"] == 2
    assert found["person"]["external_id"] == "alpha-person"
    assert found["person"]["attributes"] == {"secret": "alpha-attribute", "dog": "zora-Rex", "hobby": "zora-trains"}
    assert {k["name"] for k in found["data"]} == {entry.name for entry in about_people().values()}
    assert all(k["what"] and k["kept"] and "{" not in k["kept"] for k in found["data"])


async def test_the_document_holds_every_row_about_the_person(
    client: httpx.AsyncClient, session: Session, person: Erasable
) -> None:
    """Compared with the tables themselves: each row that names one of the person's ids is in it, whole."""
    answer = await client.get("/v1/me/export", headers=person.headers)
    today = datetime.now(UTC).date()
    assert answer.headers["content-disposition"] == f'attachment; filename="my-data-{today}.json"'
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/json", "no-store")
    document = answer.json()
    assert document["controller"] == "Test mall"
    assert set(document["about"]) == {entry.name for entry in about_people().values()}
    for table, entry in about_people().items():
        each = entry.holds or "SELECT t.*"
        rows = await session.execute(text(f"SELECT to_jsonb(h) FROM {table} t CROSS JOIN LATERAL ({each}) h"))  # noqa: S608
        wanted = [r for r in rows.scalars() if any(word in json.dumps(r) for word in person.words)]
        assert wanted, f"fill {table} in erasable.py"
        shown = entry.hidden | {"tenant_id"}
        found = [json.dumps(row, sort_keys=True) for row in document[entry.name]]
        for row in wanted:
            visible = {k: v for k, v in row.items() if k not in shown}
            assert json.dumps(visible, sort_keys=True) in found, (table, row)
        if not entry.holds:
            assert set(document[entry.name][0]) == {c.name for c in Base.metadata.tables[table].columns} - shown
    assert (document["positions"][-1]["lon"], document["positions"][-1]["lat"]) == (LON, LAT)
    assert document["visits"][0]["zone_id"] in document["places"]
    assert "alpha-zone" in document["places"].values()
    assert {k["name"]: k["count"] for k in (await me(client, person.headers))["data"]} == {
        name: len(document[name]) for name in document["about"]
    }


async def test_a_large_document_comes_in_pages(
    client: httpx.AsyncClient, person: Erasable, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await export(client, person.headers)
    monkeypatch.setattr(people, "PAGE", 2)  # a constant of the module, to see many pages of few rows
    paged = await export(client, person.headers)
    assert whole | {"exported_at": 0} == paged | {"exported_at": 0}


async def test_messages_to_somebody_else_on_this_device_are_not_shown(
    client: httpx.AsyncClient, session: Session, side: Side, person: Erasable
) -> None:
    """The person logged out on the lent phone; its new user asks."""
    headers = bearer(person.lent.token)
    document = await export(client, headers)
    assert document["positions"]
    assert [document[name] for name in ("messages", "receipts", "profile", "waiting_messages")] == [[]] * 4
    assert "zora" not in json.dumps(document)
    assert {e["type"] for e in document["events"]} <= {"zone.entered", "zone.exited", "zone.dwelled", "zone.retracted"}


async def test_an_operator_who_looked_is_not_named(client: httpx.AsyncClient, person: Erasable) -> None:
    looks = (await export(client, person.headers))["looked_up"]
    (looked,) = (look for look in looks if look["action"] == "person.explain")
    assert (looked["action"], looked["reason"]) == ("person.explain", "zora called")
    assert "actor" not in looked


async def test_after_an_erasure_nothing_answers(client: httpx.AsyncClient, person: Erasable) -> None:
    answer = await client.delete("/v1/me", headers=person.headers)
    erased = answer.json()
    assert (answer.status_code, erased["devices"], erased["profile"]) == (200, 2, True)
    assert erased["rows"]["devices"] == 2
    assert set(erased["rows"]) == {entry.name for entry in about_people().values()}
    for phone in person.phones:
        headers = bearer(phone.token)
        for method, path in (("GET", "/v1/me"), ("GET", "/v1/me/export"), ("DELETE", "/v1/me"), ("GET", "/v1/inbox"),
                             ("GET", "/v1/config"), ("GET", "/v1/devices/me")):  # fmt: skip
            assert (await client.request(method, path, headers=headers)).status_code == 401, path
        ping = {"at": datetime.now(UTC).isoformat(), "lon": LON, "lat": LAT}
        refused = await client.post("/v1/pings", json={"pings": [ping]}, headers=headers)
        assert (refused.status_code, refused.json()["type"]) == (401, "/problems/unauthenticated")


async def test_the_same_person_may_come_back(client: httpx.AsyncClient, side: Side, person: Erasable) -> None:
    await client.delete("/v1/me", headers=person.headers)
    phone = await make_phone(client, side.world, side.ids["app"], "again")
    body = {"external_id": "alpha-person"}
    linked = await client.post(f"/v1/devices/{phone.id}/link", json=body, headers=side.world.sk_headers)
    assert linked.json()["profile_id"] != side["profile"]
    await walk_in(client, phone, datetime.now(UTC))
    found = await me(client, bearer(phone.token))
    assert (found["person"]["first_name"], found["person"]["attributes"]) == (None, {})


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/me"), ("GET", "/v1/me/export"), ("DELETE", "/v1/me")])
async def test_only_a_device_asks_for_its_own(
    client: httpx.AsyncClient, session: Session, method: str, path: str
) -> None:
    world = await make_world(session)
    for headers in (world.pk_headers, world.sk_headers):
        assert (await client.request(method, path, headers=headers)).status_code == 403
    assert (await client.request(method, path)).status_code == 401
