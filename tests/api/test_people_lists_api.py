"""Static lists over HTTP: by JSON and by file, by any kind of id, with an error a row; who may; segments on them."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions
from geoengage.kit.ids import new_id
from geoengage.profiles import service as profiles
from geoengage.profiles.rules import Id, Kind, Proof
from geoengage.segments import jobs
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import make_store
from tests.factories import World, make_key_row, make_world
from tests.people_rows import make_person, sign_in


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


async def call(client: httpx.AsyncClient, world: World, method: str, path: str, status: int = 200, **more: Any) -> Any:
    headers = more.pop("headers", {})
    if not {"Authorization", "Cookie"} & headers.keys():
        headers |= world.sk_headers
    answer = await client.request(method, path, headers=headers, **more)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def upload(client: httpx.AsyncClient, world: World, path: str, body: str | bytes, query: str = "") -> Any:
    return await call(client, world, "POST", f"{path}/file{query}", content=body, headers={"Content-Type": "text/csv"})


async def names(client: httpx.AsyncClient, world: World, path: str) -> list[str]:
    return sorted(each["name"] for each in (await call(client, world, "GET", f"{path}/people"))["items"])


@pytest.fixture
async def path(client: httpx.AsyncClient, world: World, session: Session) -> str:
    """An empty list; Anna, Ben and Cleo are there to be put on it."""
    ids = {
        "anna": {"external_id": "A-1", "email": "anna@example.ch", "loyalty_card": "99120045"},
        "ben": {"external_id": "B-2", "phone": "+41791234567"},
        "cleo": {"source_id": "pos:77", "email": "cleo@example.ch"},
    }
    for name, known in ids.items():
        await make_person(session, world, known, first_name=name.title())
    await session.commit()
    await client.put("/v1/identity-policy", json={"region": "CH"}, headers=world.sk_headers)
    made = await call(client, world, "POST", "/v1/lists", 201, json={"name": "Fair"}, headers={"Idempotency-Key": "f"})
    again = await call(client, world, "POST", "/v1/lists", 201, json={"name": "Fair"}, headers={"Idempotency-Key": "f"})
    assert again["id"] == made["id"]
    return f"/v1/lists/{made['id']}"


async def test_a_list_by_json(client: httpx.AsyncClient, world: World, path: str) -> None:
    add = [
        {"kind": "email", "value": " Anna@Example.CH "}, {"kind": "phone", "value": "079 123 45 67"},
        {"kind": "source_id", "value": "pos:77"}, {"kind": "loyalty_card", "value": "9912-0045"},
        {"kind": "email", "value": "nobody@example.ch"}, {"kind": "email", "value": "no address"},
        {"kind": "profile_id", "value": str(new_id())}, {"kind": "profile_id", "value": "7"},
    ]  # fmt: skip
    done = await call(client, world, "POST", f"{path}/people", json={"add": add})
    assert (done["added"], done["already"], done["removed"], done["refused"]) == (3, 1, 0, 4)
    assert [(each["row"], each["detail"]) for each in done["errors"]] == [
        (4, "nobody here has this e-mail address"), (5, "this is no e-mail address"),
        (6, "nobody here has this profile id"), (7, "this is no profile id"),
    ]  # fmt: skip
    assert await names(client, world, path) == ["Anna", "Ben", "Cleo"]
    again = await call(client, world, "POST", f"{path}/people", json={"add": add[:3]})
    assert (again["added"], again["already"]) == (0, 3)
    cleo = (await call(client, world, "GET", f"{path}/people"))["items"][2]
    gone = await call(
        client, world, "POST", f"{path}/people", json={"remove": [{"kind": "profile_id", "value": cleo["profile_id"]}]}
    )
    assert gone["removed"] == 1
    shown = await call(client, world, "GET", path)
    assert (shown["people"], shown["hidden"], shown["used_by"], shown["version"]) == (2, None, [], 1)
    renamed = await call(client, world, "PATCH", path, json={"name": "Toy fair"}, headers={"If-Match": '"v1"'})
    assert (renamed["name"], renamed["version"], renamed["people"]) == ("Toy fair", 2, 2)
    await call(client, world, "PATCH", path, 412, json={"name": "x"}, headers={"If-Match": '"v1"'})
    await call(client, world, "DELETE", path, 204)
    await call(client, world, "GET", path, 404)


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ("E-Mail;Kundennummer;Telefon\nanna@example.ch;;\n;B-2;\ncleo@example.ch;;\nx;;\n\n", ""),
        ("\ufeffemail,name\r\nanna@example.ch,Anna\r\ncleo@example.ch,C\r\n,B\r\n", ""),
        ("A-1\nB-2\n\"X\"\n", "?kind=external_id"),
        ("Phone\n079 123 45 67\n\"Ünbekannt\"\n".encode("cp1252"), ""),
        ("email\tid\nanna@example.ch\tA-1\n\tB-2\n\t?\n".encode("utf-16"), ""),
        ("Guests\nanna@example.ch\nfoo\n", "?kind=email"),
    ],
)  # fmt: skip
async def test_a_list_by_file(
    client: httpx.AsyncClient, world: World, path: str, body: str | bytes, query: str
) -> None:
    done = await upload(client, world, path, body, query)
    found = await names(client, world, path)
    assert done["added"] == len(found) > 0
    assert done["refused"] == 1
    again = await upload(client, world, path, body, query)
    assert (again["added"], again["already"]) == (0, len(found))


async def test_lines_are_named_and_modes_take_off(client: httpx.AsyncClient, world: World, path: str) -> None:
    body = "email\nanna@example.ch\n\nnobody@example.ch\n=cmd@example\n" + "x" * 300 + "\n"
    done = await upload(client, world, path, body)
    assert [(each["row"], len(each["value"])) for each in done["errors"]] == [(4, 17), (5, 12), (6, 120)]
    replaced = await upload(client, world, path, "email\ncleo@example.ch\n", "?mode=replace")
    assert (replaced["added"], replaced["removed"]) == (1, 1)
    assert await names(client, world, path) == ["Cleo"]
    for wrong in ("email\nnobody@example.ch\n", "email\n"):
        await call(client, world, "POST", f"{path}/file?mode=replace", 422, content=wrong)
    assert await names(client, world, path) == ["Cleo"]
    removed = await upload(client, world, path, "email\ncleo@example.ch\nanna@example.ch\n", "?mode=remove")
    assert (removed["removed"], removed["already"], removed["refused"]) == (1, 0, 0)
    for unreadable in (b"first,last\nA,B\n", b"", b"\x00\x01\x02"):
        await call(client, world, "POST", f"{path}/file", 422, content=unreadable)


async def test_who_is_parted_or_merged_stays_right(
    client: httpx.AsyncClient, world: World, path: str, session: Session
) -> None:
    """A row hangs on an id: when two people turn out to be one, they are on the list once."""
    for value in ("anna@example.ch", "cleo@example.ch"):
        await call(client, world, "POST", f"{path}/people", json={"add": [{"kind": "email", "value": value}]})
    both = [Id(Kind.EMAIL, "anna@example.ch"), Id(Kind.SOURCE_ID, "pos:77")]
    now = utc_now()
    await profiles.resolve(session, world.tenant_id, both, proof=Proof.LINK, source="till", at=now, now=now)
    await session.commit()
    assert len((await call(client, world, "GET", f"{path}/people"))["items"]) == 1
    assert (await call(client, world, "GET", path))["people"] == 1
    taken = {"remove": [{"kind": "source_id", "value": "pos:77"}]}
    assert (await call(client, world, "POST", f"{path}/people", json=taken))["removed"] == 1
    left = await session.execute(text("SELECT count(*) FROM people_list_member"))
    assert left.scalar_one() == 0


async def test_a_segment_of_a_list(client: httpx.AsyncClient, world: World, path: str, sessions: Sessions) -> None:
    await upload(client, world, path, "email\nanna@example.ch\n")
    id_ = path.rpartition("/")[2]
    body = {"name": "Guests", "definition": {"kind": "in_list", "list_id": id_}}
    made = await call(client, world, "POST", "/v1/segments", 201, json=body)
    assert made["sentence"] == "People who are on the list “Fair”."
    while await jobs.build_once(sessions, utc_now):
        pass
    assert (await call(client, world, "GET", f"/v1/segments/{made['id']}"))["people"] == 1
    assert [use["name"] for use in (await call(client, world, "GET", "/v1/lists"))["items"][0]["used_by"]] == ["Guests"]
    refused = await call(client, world, "DELETE", path, 409)
    assert refused["used_by"][0]["id"] == made["id"]


async def test_a_change_is_in_the_ledger_and_in_the_audit_log(
    client: httpx.AsyncClient, world: World, path: str, session: Session
) -> None:
    await upload(client, world, path, "email\nanna@example.ch\n")
    await upload(client, world, path, "email\nanna@example.ch\n")  # changes nothing, so nothing is told
    told = await session.execute(
        text("SELECT payload ->> 'list_id' FROM ledger WHERE tenant_id = :t AND type = 'segment.list_changed'"),
        {"t": world.tenant_id},
    )
    assert [f"/v1/lists/{id_}" for id_ in told.scalars()] == [path]
    noted = await session.execute(text("SELECT reason FROM audit_entry WHERE action = 'list.change'"))
    assert list(noted.scalars()) == ["1 put on, 0 taken off"]


async def test_who_may(client: httpx.AsyncClient, world: World, path: str, session: Session) -> None:
    analyst: dict[str, Any] = {"headers": await sign_in(session, world, "analyst")}
    for method, end, body in (("GET", "people", None), ("POST", "people", {"add": []}), ("POST", "file", None)):
        await call(client, world, method, f"{path}/{end}", 403, json=body, **analyst)
    assert (await call(client, world, "GET", path, **analyst))["people"] == 0
    mine, other = await make_store(session, world), await make_store(session, world)
    await make_person(session, world, {"external_id": "mine"}, stores=[mine], first_name="Mia")
    await make_person(session, world, {"external_id": "theirs"}, stores=[other], first_name="Tom")
    scopes = ["segments", "customers"]
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=scopes, store_ids=[mine])
    await session.commit()
    shop: dict[str, Any] = {"headers": {"Authorization": f"Bearer {key}"}}
    await call(client, world, "GET", path, 404, **shop)
    await call(client, world, "POST", "/v1/lists", 422, json={"name": "x", "store_id": str(other)}, **shop)
    made = await call(client, world, "POST", "/v1/lists", 201, json={"name": "Ours"}, **shop)
    ours = f"/v1/lists/{made['id']}"
    add = [{"kind": "external_id", "value": value} for value in ("mine", "theirs")]
    done = await call(client, world, "POST", f"{ours}/people", json={"add": add}, **shop)
    assert (done["added"], done["errors"][0]["detail"]) == (1, "nobody here has this id of yours")
    assert [each["name"] for each in (await call(client, world, "GET", f"{ours}/people", **shop))["items"]] == ["Mia"]
