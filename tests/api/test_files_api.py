"""Files over HTTP: sent, mapped, previewed, imported; what is wrong stands in the error file; the same again changes
nothing; who may send what."""

import gzip
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from geoengage.ingest.files import api, jobs
from geoengage.ingest.files.service import running
from geoengage.kit.db import Session, Sessions
from geoengage.kit.settings import Settings
from geoengage.tenancy.rules import KeyKind, Scope
from tests.api.test_venues_api import shop_headers
from tests.factories import make_key_row
from tests.file_imports import HEAD, Shops, as_csv, make_shops, order, work

Json = dict[str, Any]
PRODUCTS = "product_id,name,sku,price,currency,category\np1,Ball,b-1,5.00,CHF,Toys > Balls\np2,Bear,b-2,9.00,CHF,Toys\n"
STOCK = "sku,store_external_id,quantity\nb-1,s1,4\nb-1,s2,0\nb-2,s1,7\n"
CUSTOMERS = (
    "customer_external_id,email,phone,first_name,language,store_external_id,updated_at\n"
    "c1,mia@example.com,+41791234567,Mia,de,s1,2026-01-01T00:00:00Z\n"
    "c2,tom@example.com,,Tom,en,s2,2026-01-01T00:00:00Z\n"
)
CONSENTS = (
    "customer_external_id,email,channel,purpose,state,consented_at,source,text_version\n"
    "c1,mia@example.com,email,marketing,subscribed,2024-05-01T10:00:00Z,till,2024-1\n"
    "c2,tom@example.com,email,marketing,unsubscribed,2024-05-01T10:00:00Z,web,2024-1\n"
)


@pytest.fixture
async def shops(client: httpx.AsyncClient, session: Session, sessions: Sessions) -> Shops:
    return await make_shops(client, session, sessions)


def counts(done: Json) -> tuple[str, int, int, int, int]:
    return done["status"], done["added"], done["updated"], done["unchanged"], done["refused"]


async def all_five(shops: Shops) -> list[Json]:
    files = {"products": PRODUCTS, "stock": STOCK, "customers": CUSTOMERS, "consents": CONSENTS}
    done = [await shops.do(kind, body) for kind, body in files.items()]
    return [
        *done,
        await shops.do("orders", HEAD + order("A1") + order("A2", "s2", customer="c2") + order("A3", customer="")),
    ]


async def test_five_kinds_come_in_and_the_same_again_changes_nothing(shops: Shops) -> None:
    first = await all_five(shops)
    assert [counts(done) for done in first] == [
        ("done", 2, 0, 0, 0), ("done", 3, 0, 0, 0), ("done", 2, 0, 0, 0), ("done", 2, 0, 0, 0), ("done", 3, 0, 0, 0)
    ]  # fmt: skip
    before = await shops.rows()
    assert len(before["shop_order"]) == 3
    assert len(before["profile"]) == 2
    again = await all_five(shops)
    assert [counts(done) for done in again] == [
        ("done", 0, 0, 2, 0), ("done", 0, 0, 3, 0), ("done", 0, 0, 2, 0), ("done", 0, 0, 2, 0), ("done", 0, 0, 3, 0)
    ]  # fmt: skip
    assert await shops.rows() == before


async def test_who_bought_and_which_store_knows_them(shops: Shops) -> None:
    await all_five(shops)
    bought = await shops.one(
        "SELECT o.external_id, i.value, s.external_id, o.total_minor FROM shop_order o"
        " JOIN store s ON s.tenant_id = o.tenant_id AND s.id = o.store_id"
        " LEFT JOIN identifier i ON i.tenant_id = o.tenant_id AND i.id = o.identifier_id"
        " WHERE o.tenant_id = :tenant_id ORDER BY 1"
    )
    assert bought == [("A1", "c1", "s1", 1000), ("A2", "c2", "s2", 1000), ("A3", None, "s1", 1000)]
    traits = await shops.one("SELECT DISTINCT name, value FROM trait WHERE tenant_id = :tenant_id ORDER BY 1, 2")
    assert ("first_name", "Mia") in traits
    known = await shops.one(
        "SELECT DISTINCT s.external_id, i.value FROM store_profile p JOIN store s ON s.id = p.store_id"
        " JOIN identifier i ON i.id = p.identifier_id WHERE p.tenant_id = :tenant_id ORDER BY 1, 2"
    )
    assert known == [("s1", "c1"), ("s2", "c2")]


async def test_what_changed_is_updated(shops: Shops) -> None:
    await all_five(shops)
    assert counts(await shops.do("products", PRODUCTS.replace("9.00", "8.00"))) == ("done", 0, 1, 1, 0)
    assert counts(await shops.do("stock", STOCK.replace("s1,7", "s1,6")))[2] == 1
    more = CUSTOMERS.replace("Mia,de", "Maria,de").replace("2026-01-01", "2026-02-01")
    assert counts(await shops.do("customers", more)) == ("done", 0, 2, 0, 0)
    changed = HEAD + order("A1", quantity="3", total="15.00") + order("A2", "s2", customer="c2")
    assert counts(await shops.do("orders", changed)) == ("done", 0, 1, 1, 0)
    lines = await shops.one("SELECT quantity_milli FROM order_line WHERE tenant_id = :tenant_id ORDER BY 1")
    assert lines == [(2000,), (2000,), (3000,)]


async def test_bad_rows_stand_in_the_error_file_and_the_rest_is_in(shops: Shops) -> None:
    body = HEAD + order("A1") + order("A2", "nowhere") + order("A3", quantity="=cmd|' /C calc'!A0") + order("A4")
    done = await shops.do("orders", body)
    assert counts(done) == ("done", 2, 0, 0, 2)
    assert done["errors"] == 2
    assert await shops.errors(done["id"]) == [
        ("3", "store_external_id", "nowhere", "there is no such store; give the id that the page Stores shows"),
        ("4", "quantity", "'=cmd|' /C calc'!A0", "not a number"),
    ]
    stored = await shops.one("SELECT external_id FROM shop_order WHERE tenant_id = :tenant_id ORDER BY 1")
    assert stored == [("A1",), ("A4",)]
    unknown = await shops.do("stock", "sku,store_external_id,quantity\nz-9,s1,4\n")
    assert counts(unknown) == ("done", 0, 0, 0, 1)
    (line, column, _, reason), *_ = await shops.errors(unknown["id"])
    assert (line, column, reason) == ("2", "sku", "there is no such product or variant; import products first")


async def test_one_row_that_the_database_refuses_does_not_spoil_its_chunk(shops: Shops, session: Session) -> None:
    """A trigger stands for whatever the rules do not foresee."""
    await session.execute(
        text(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN IF NEW.external_id = 'p37' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$"
        )
    )
    await session.execute(text("CREATE TRIGGER refuse BEFORE INSERT ON product FOR EACH ROW EXECUTE FUNCTION refuse()"))
    await session.commit()
    body = as_csv(("product_id", "name", "price", "currency"), [(f"p{n}", "x", 1, "CHF") for n in range(60)])
    done = await shops.do("products", body)
    assert counts(done) == ("done", 59, 0, 0, 1)
    ((line, _, value, reason),) = await shops.errors(done["id"])
    assert (line, value) == ("39", "p37")
    assert reason.startswith("cannot be stored (")


async def test_a_file_is_read_as_it_is(shops: Shops) -> None:
    for body, encoding, delimiter, packed in (
        ("Artikelnummer;Bezeichnung;Preis\n1;Bär;1.234,50\n".encode("cp1252"), "Windows-1252", ";", False),
        (
            b"\xef\xbb\xbf" + "product_id\tname\tprice\n1\tBär\t1.5\n".encode(),
            "UTF-8 with a byte order mark",
            "\t",
            False,
        ),
        ("product_id,name,price\n1,Bär,1.5\n".encode("utf-16"), "UTF-16", ",", False),
        (gzip.compress(b"product_id,name,price\n1,Ball,1.5\n"), "UTF-8", ",", True),
    ):
        sent = (await shops.send("products", body)).json()
        assert (sent["encoding"], sent["delimiter"], sent["compressed"]) == (encoding, delimiter, packed)
        assert [sent["mapping"][name] for name in sent["header"]] == ["product_id", "name", "price"]
        assert sent["lines_total"] == 2
    done = await shops.do(
        "products", "Artikelnummer;Bezeichnung;Preis\n1;Bär;1.234,50\n".encode("cp1252"), currency="CHF"
    )
    assert counts(done) == ("done", 1, 0, 0, 0)
    assert await shops.one("SELECT price_minor FROM product_variant WHERE tenant_id = :tenant_id") == [(123450,)]


@pytest.mark.parametrize(
    "body, words", [(b"", "empty"), (b"\x1f\x8b\x08damaged", "damaged"), (b"a,b\n\x00", "U+0000"), (b'"a,b\n', "quote")]
)
async def test_what_is_no_table_is_refused(shops: Shops, settings: Settings, body: bytes, words: str) -> None:
    answer = await shops.send("orders", body)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/file-refused"
    assert words in answer.json()["detail"]
    assert not [p for p in settings.data_dir.rglob("*") if p.is_file() and "imports" in p.parts]
    assert (await shops.get("/v1/imports/data"))["items"] == []


async def test_mapping_preview_start(shops: Shops) -> None:
    body = "Nr;Am;Wieviel;Preis;Filiale\nX1;20.11.2026 10:00;2;5,50;s1\nX2;20.11.2026;1;x;s1\nX3;1.13.2026;1;5,00;s7\n"
    sent = await shops.send("orders", body, name="Verkäufe.csv")
    found = sent.json()
    assert found["status"] == "waiting"
    assert found["options"]["decimal"] == ","
    assert found["mapping"] == {"Preis": "unit_price", "Filiale": "store_external_id"}
    id_ = found["id"]
    preview = await shops.get(f"/v1/imports/data/{id_}/preview")
    assert set(preview["missing"]) == {"order_id", "ordered_at"}
    assert preview["columns"][0] == {"name": "Nr", "field": None, "examples": ["X1", "X2", "X3"], "problem": None}
    assert [row["becomes"] for row in preview["rows"]] == ["", "", ""]
    refused = await shops.client.post(f"/v1/imports/data/{id_}/start", headers=shops.world.sk_headers)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/mapping-incomplete")

    mapping = {
        "Nr": "order_id",
        "Am": "ordered_at",
        "Wieviel": "quantity",
        "Preis": "unit_price",
        "Filiale": "store_external_id",
    }
    twice = await shops.patch(id_, '"v1"', {"mapping": mapping | {"Filiale": "order_id"}})
    assert twice.status_code == 422
    changed = await shops.patch(id_, '"v1"', {"mapping": mapping, "options": found["options"] | {"currency": "CHF"}})
    assert changed.status_code == 200, changed.text
    assert (await shops.patch(id_, '"v1"', {"mapping": mapping})).status_code == 412
    preview = await shops.get(f"/v1/imports/data/{id_}/preview")
    assert [(row["line"], row["becomes"]) for row in preview["rows"]] == [(2, "added"), (3, "refused"), (4, "refused")]
    assert {flaw["column"] for flaw in preview["rows"][2]["flaws"]} == {"Am", "Filiale"}
    assert (await shops.rows())["shop_order"] == [], "a preview stores nothing"

    started = await shops.client.post(f"/v1/imports/data/{id_}/start", headers=shops.world.sk_headers)
    assert started.json()["status"] == "queued"
    await work(shops.sessions)
    done = await shops.get(f"/v1/imports/data/{id_}")
    assert counts(done) == ("done", 1, 0, 0, 2)
    assert done["share"] == 1.0
    for path in ("start", "cancel"):
        late = await shops.client.post(f"/v1/imports/data/{id_}/{path}", headers=shops.world.sk_headers)
        assert late.status_code == 409
    assert (
        await shops.client.get(f"/v1/imports/data/{id_}/preview", headers=shops.world.sk_headers)
    ).status_code == 409

    again = (await shops.send("orders", body)).json()
    assert again["mapping"] == mapping, "the next file is read as this one"
    assert again["options"]["currency"] == "CHF"
    saved = await shops.get("/v1/imports/mapping", kind="orders")
    assert saved["mapping"] == mapping


async def test_a_mapping_can_be_decided_before_the_first_file(shops: Shops) -> None:
    body = {"mapping": {"Spalte 7": "sku"}, "options": {"decimal": ",", "currency": "EUR"}}
    put = await shops.client.put(
        "/v1/imports/mapping", params={"kind": "stock"}, json=body, headers=shops.world.sk_headers
    )
    assert put.status_code == 200, put.text
    sent = (await shops.send("stock", "Spalte 7;store;quantity\na;s1;5\n")).json()
    assert sent["mapping"] == {"Spalte 7": "sku", "store": "store_external_id", "quantity": "quantity"}
    wrong = await shops.client.put(
        "/v1/imports/mapping", params={"kind": "stock"}, json={"mapping": {}, "options": {"currency": "XYZ"}},
        headers=shops.world.sk_headers,
    )  # fmt: skip
    assert wrong.status_code == 422


async def test_cancelling_keeps_what_is_stored_and_deletes_the_file(
    shops: Shops, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNK", 5)
    monkeypatch.setattr(running.OpenFile.following, "__defaults__", (5,))
    sent = (await shops.send("orders", HEAD + "".join(order(f"A{n}") for n in range(20)))).json()
    (path,) = (p for p in settings.data_dir.rglob("*.csv"))
    await shops.client.post(f"/v1/imports/data/{sent['id']}/start", headers=shops.world.sk_headers)
    importer = jobs.Importer(shops.sessions, lease_s=30, ring=lambda: None)
    assert await importer.step()
    under_way = await shops.get(f"/v1/imports/data/{sent['id']}")
    assert (under_way["status"], under_way["rows"], under_way["lines_done"]) == ("running", 5, 6)
    assert 0 < under_way["share"] < 1
    assert under_way["ends_at"] is not None
    gone = await shops.client.post(f"/v1/imports/data/{sent['id']}/cancel", headers=shops.world.sk_headers)
    assert gone.json()["status"] == "cancelled"
    assert not await importer.step()
    await importer.finish()
    assert len((await shops.rows())["shop_order"]) == 5
    assert not path.exists()


async def test_another_worker_goes_on_where_one_stopped(shops: Shops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running.OpenFile.following, "__defaults__", (5,))
    body = HEAD + "".join(order(f"A{n}", "s1" if n % 3 else "nowhere") for n in range(20)) + order("A1")
    sent = (await shops.send("orders", body)).json()
    await shops.client.post(f"/v1/imports/data/{sent['id']}/start", headers=shops.world.sk_headers)
    first, second = (jobs.Importer(shops.sessions, lease_s=30, ring=lambda: None) for _ in range(2))
    assert await first.step()
    assert not await second.step(), "its lease still holds"
    await first.finish()
    while await second.step():
        pass
    await second.finish()
    done = await shops.get(f"/v1/imports/data/{sent['id']}")
    assert counts(done) == ("done", 13, 0, 0, 8)
    assert (done["rows"], done["errors"]) == (21, 8)
    errors = await shops.errors(done["id"])
    assert [int(line) for line, *_ in errors] == [2, 5, 8, 11, 14, 17, 20, 22]
    assert "on earlier lines already" in errors[-1][3], "keys before the stop are remembered too"


async def test_a_file_that_is_gone_or_changed_fails_in_words(shops: Shops, settings: Settings) -> None:
    for change in (Path.unlink, lambda path: path.write_text("a,b\n")):
        sent = (await shops.send("orders", HEAD + order("A1"))).json()
        await shops.client.post(f"/v1/imports/data/{sent['id']}/start", headers=shops.world.sk_headers)
        (path,) = (p for p in settings.data_dir.rglob("*.csv"))
        change(path)
        await work(shops.sessions)
        failed = await shops.get(f"/v1/imports/data/{sent['id']}")
        assert failed["status"] == "failed"
        assert "send it again" in failed["reason"]


async def test_the_list_is_newest_first_and_by_kind(shops: Shops) -> None:
    for kind, body in (("orders", HEAD + order("A1")), ("products", PRODUCTS), ("stock", STOCK)):
        await shops.send(kind, body, name=f"{kind}.csv")
    page = await shops.get("/v1/imports/data", limit=2)
    assert [item["file_name"] for item in page["items"]] == ["stock.csv", "products.csv"]
    rest = await shops.get("/v1/imports/data", limit=2, cursor=page["next"])
    assert [item["file_name"] for item in rest["items"]] == ["orders.csv"]
    assert rest["next"] is None
    assert [i["kind"] for i in (await shops.get("/v1/imports/data", kind="orders"))["items"]] == ["orders"]
    kinds = await shops.get("/v1/imports/kinds")
    assert [item["kind"] for item in kinds["items"]] == ["products", "stock", "customers", "consents", "orders"]


# --- who may do what ----------------------------------------------------------------------------------------------


async def test_a_shop_imports_for_itself_only(shops: Shops, session: Session) -> None:
    own = await shop_headers(session, shops.world, str(shops.ids["s1"]))
    neighbour = await shop_headers(session, shops.world, str(shops.ids["s2"]))
    await shops.do("products", PRODUCTS)
    for kind in ("products", "customers", "consents"):
        assert (await shops.send(kind, "a,b\n1,2\n", own)).status_code == 404
    done = await shops.do("orders", HEAD + order("A1") + order("A2", "s2") + order("A3", ""), own)
    assert counts(done) == ("done", 1, 0, 0, 2)
    reasons = {line: reason for line, _, _, reason in await shops.errors(done["id"])}
    assert reasons == {
        "3": "there is no such store; give the id that the page Stores shows", "4": "name one of your stores"
    }  # fmt: skip
    stored = await shops.one("SELECT external_id, store_id FROM shop_order WHERE tenant_id = :tenant_id")
    assert stored == [("A1", shops.ids["s1"])]
    assert counts(await shops.do("stock", STOCK, own))[1:] == (2, 0, 0, 1)

    assert len((await shops.get("/v1/imports/data", own))["items"]) == 2
    assert (await shops.get("/v1/imports/data", neighbour))["items"] == []
    for path in ("", "/errors.csv", "/preview"):
        answer = await shops.client.get(f"/v1/imports/data/{done['id']}{path}", headers=neighbour)
        assert answer.status_code == 404
    for path in ("start", "cancel"):
        answer = await shops.client.post(f"/v1/imports/data/{done['id']}/{path}", headers=neighbour)
        assert answer.status_code == 404
    saved = await shops.get("/v1/imports/mapping", kind="orders")
    assert saved["updated_at"] is None, "a shop's file decides nothing for the tenant"


async def test_a_shops_file_joins_nobody(shops: Shops, session: Session) -> None:
    """Two ids in one row of a shop's own file are no evidence: it could join strangers of the whole tenant."""
    own = await shop_headers(session, shops.world, str(shops.ids["s1"]))
    line = "A1,2026-11-20,paid,CHF,10.00,c1,other@example.com,s1,p1,2,5.00\n"
    assert counts(await shops.do("orders", HEAD + line, own))[1] == 1
    assert await shops.one("SELECT value FROM identifier WHERE tenant_id = :tenant_id") == [("c1",)]


async def test_files_of_people_need_the_scope(shops: Shops, session: Session) -> None:
    key = await make_key_row(session, shops.world.tenant_id, KeyKind.SECRET, scopes=[Scope.COMMERCE.value])
    await session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    done = await shops.do("customers", CUSTOMERS)
    assert (await shops.send("customers", CUSTOMERS, headers)).status_code == 403
    answer = await shops.client.get(f"/v1/imports/data/{done['id']}", headers=headers)
    assert answer.status_code == 404
    assert (await shops.get("/v1/imports/data", headers))["items"] == []
    assert (await shops.send("products", PRODUCTS, headers)).status_code == 201
    reader = await make_key_row(session, shops.world.tenant_id, KeyKind.SECRET, scopes=[Scope.READ.value])
    await session.commit()
    assert (await shops.send("products", PRODUCTS, {"Authorization": f"Bearer {reader}"})).status_code == 403


async def test_an_upload_is_never_held_in_memory(shops: Shops, settings: Settings) -> None:
    """The body goes to the disk piece by piece; one that breaks off leaves nothing."""
    pieces = 0

    async def body(break_off: bool) -> Any:
        nonlocal pieces
        yield HEAD.encode()
        for n in range(200):
            pieces += 1
            if break_off and n == 100:
                raise ConnectionError
            yield order(f"A{n}").encode() * 1

    assert api._WRITE_BYTES < 2_000_000
    query = {"kind": "orders"}
    sent = await shops.client.post(
        "/v1/imports/data", params=query, content=body(False), headers=shops.world.sk_headers
    )
    assert sent.status_code == 201, sent.text
    assert sent.json()["lines_total"] == 201
    broken = await shops.client.post(
        "/v1/imports/data", params=query, content=body(True), headers=shops.world.sk_headers
    )
    assert broken.status_code == 500  # httpx has no way to break off; a real client's disconnection is a 422
    assert len([p for p in settings.data_dir.rglob("*") if p.is_file() and "imports" in p.parts]) == 1
    assert len((await shops.get("/v1/imports/data"))["items"]) == 1
