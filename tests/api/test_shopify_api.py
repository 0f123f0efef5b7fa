"""Shopify's webhooks over HTTP: signatures right, wrong, replayed and late; what they do; connections."""

import base64
import hmac
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text

from geoengage.ingest.models import Connection, ConnectionDelivery
from geoengage.ingest.service import on_delivered, secrets_of
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, Sessions, transaction
from geoengage.presence.service import IndexCache
from geoengage.privacy.service import Eraser, Traces
from geoengage.wiring import Reaction, reactions
from geoengage.worker import react_once
from tests.campaign_rows import make_store
from tests.conftest import KEY, ROOT
from tests.factories import World, make_world

ORDER: dict[str, Any] = json.loads((ROOT / "tests" / "data" / "shopify_order.json").read_text())
SECRET, SHOP = "shpss_the_first_one", "toys.myshopify.com"
DELIVERED = [Reaction("ingest.shops", frozenset({"connection.delivered"}), on_delivered)]
Deliver = Callable[..., Any]


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


@pytest.fixture
async def shop(client: httpx.AsyncClient, world: World) -> dict[str, Any]:
    body = {"name": "Web shop", "shop": SHOP, "secret": SECRET}
    made = await client.post("/v1/connections", json=body, headers=world.sk_headers)
    assert made.status_code == 201, made.text
    return dict(made.json())


def sign(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


@pytest.fixture
def deliver(client: httpx.AsyncClient, sessions: Sessions, shop: dict[str, Any]) -> Deliver:
    """Sends a delivery as Shopify does, lets the worker act upon it, and says with what status it was answered."""
    count = 0

    async def send(topic: str, payload: Any, *, secret: str = SECRET, act: bool = True, **headers: str) -> int:
        nonlocal count
        count += 1
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        sent = {
            "X-Shopify-Topic": topic, "X-Shopify-Shop-Domain": SHOP, "X-Shopify-Hmac-Sha256": sign(body, secret),
            "X-Shopify-Webhook-Id": f"d{count}", "X-Shopify-Event-Id": f"e{count}", "X-Shopify-API-Version": "2026-10",
        } | {name.replace("_", "-"): value for name, value in headers.items()}  # fmt: skip
        answer = await client.post(f"/ingest/shopify/{shop['id']}", content=body, headers=sent)
        if act:
            await react_once(sessions, DELIVERED)
        return answer.status_code

    return send


async def orders(client: httpx.AsyncClient, session: Session) -> Sequence[Any]:
    session.expire_all()
    rows = await session.execute(
        text(
            "SELECT external_id, status, total_minor, refunded_minor, store_id, identifier_id FROM shop_order"
            " ORDER BY external_id"
        )
    )
    return rows.all()


async def deliveries(client: httpx.AsyncClient, world: World, shop: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/connections/{shop['id']}/deliveries", headers=world.sk_headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def changed(**over: Any) -> dict[str, Any]:
    return ORDER | {"updated_at": "2026-11-20T12:00:00+01:00"} | over


# --- signatures


async def test_right_and_wrong_signatures(
    deliver: Deliver, client: httpx.AsyncClient, session: Session, shop: dict[str, Any]
) -> None:
    assert await deliver("orders/create", ORDER, secret="another secret") == 401
    assert await deliver("orders/create", ORDER, X_Shopify_Hmac_Sha256="") == 401
    assert await deliver("orders/create", ORDER, X_Shopify_Shop_Domain="other.myshopify.com") == 401
    assert await orders(client, session) == []
    assert await deliver("orders/create", ORDER) == 200
    assert [row[:4] for row in await orders(client, session)] == [("450789469", "paid", 7_480, 0)]


async def test_the_newer_names_of_headers(client: httpx.AsyncClient, session: Session, shop: dict[str, Any]) -> None:
    body = json.dumps(ORDER).encode()
    headers = {"Shopify-Hmac-Sha256": sign(body), "Shopify-Topic": "orders/create", "Shopify-Webhook-Id": "d"}
    answer = await client.post(f"/ingest/shopify/{shop['id']}", content=body, headers=headers)
    assert answer.status_code == 200
    assert (await session.execute(select(ConnectionDelivery.topic))).scalars().all() == ["orders/create"]


async def test_a_rotated_secret_counts_beside_the_old_one_for_a_day(
    deliver: Deliver, client: httpx.AsyncClient, session: Session, world: World, shop: dict[str, Any]
) -> None:
    changing = world.sk_headers | {"If-Match": '"v1"'}
    path = f"/v1/connections/{shop['id']}"
    answer = await client.patch(path, json={"secret": "shpss_the_second_one"}, headers=changing)
    assert answer.status_code == 200, answer.text
    assert await deliver("orders/create", ORDER, secret="shpss_the_second_one") == 200
    assert await deliver("orders/create", ORDER) == 200, "the old one"
    row = (await session.execute(select(Connection))).scalar_one()
    assert secrets_of(KEY, row, utc_now() + timedelta(hours=25)) == ["shpss_the_second_one"]
    assert SECRET.encode() not in (row.sealed_secrets or b"")


async def test_unknown_and_closed_connections(client: httpx.AsyncClient, shop: dict[str, Any]) -> None:
    for name in ("nonsense", str(UUID(int=1))):
        assert (await client.post(f"/ingest/shopify/{name}", content=b"{}")).status_code == 404


# --- replayed, late, out of order


async def test_a_replay_changes_nothing(
    deliver: Deliver, client: httpx.AsyncClient, session: Session, world: World, shop: dict[str, Any]
) -> None:
    same = {"X_Shopify_Webhook_Id": "d", "X_Shopify_Event_Id": "e"}
    for _ in range(3):
        assert await deliver("orders/create", ORDER, **same) == 200
    assert len(await deliveries(client, world, shop)) == 1
    # the same event by another subscription, and a replay under forged names: kept or not, nothing changes
    assert await deliver("orders/create", ORDER, X_Shopify_Event_Id="e") == 200
    before = await orders(client, session)
    assert await deliver("orders/create", ORDER) == 200
    assert await orders(client, session) == before
    assert len(await deliveries(client, world, shop)) == 2


async def test_a_replay_without_ids_is_known_by_its_content(
    deliver: Deliver, client: httpx.AsyncClient, world: World, shop: dict[str, Any]
) -> None:
    for _ in range(2):
        assert await deliver("orders/create", ORDER, X_Shopify_Webhook_Id="", X_Shopify_Event_Id="") == 200
    assert len(await deliveries(client, world, shop)) == 1


async def test_late_versions_change_nothing(deliver: Deliver, client: httpx.AsyncClient, session: Session) -> None:
    await deliver("orders/cancelled", changed(cancelled_at="2026-11-20T12:00:00+01:00"))
    await deliver("orders/create", ORDER)
    assert [row.status for row in await orders(client, session)] == ["cancelled"]


async def test_all_at_once_in_one_batch_of_the_worker(
    deliver: Deliver, client: httpx.AsyncClient, session: Session
) -> None:
    await deliver("orders/updated", changed(financial_status="paid"), act=False)
    await deliver("orders/create", ORDER | {"financial_status": "pending"})
    assert [row.status for row in await orders(client, session)] == ["paid"]


# --- what deliveries do


async def test_partial_refunds_by_themselves_and_with_the_order(
    deliver: Deliver, client: httpx.AsyncClient, session: Session
) -> None:
    refund = {
        "id": 1, "order_id": ORDER["id"], "created_at": "2026-11-21T09:00:00Z", "refund_line_items": [],
        "transactions": [{"kind": "refund", "status": "success", "amount": "5.00", "currency": "CHF"}],
    }  # fmt: skip
    await deliver("refunds/create", refund)
    assert await orders(client, session) == [], "its order is not here yet"
    await deliver("orders/create", ORDER)
    await deliver("refunds/create", refund)
    assert [row[1:4] for row in await orders(client, session)] == [("partially_refunded", 7_480, 500)]
    again = changed(refunds=[refund], current_total_price="69.80", financial_status="partially_refunded")
    await deliver("orders/updated", again)
    assert [row[1:4] for row in await orders(client, session)] == [("partially_refunded", 7_480, 500)]


async def test_an_edited_order(deliver: Deliver, client: httpx.AsyncClient, session: Session) -> None:
    await deliver("orders/create", ORDER)
    await deliver("orders/edited", {"order_edit": {"id": 1, "order_id": ORDER["id"]}})
    items = [ORDER["line_items"][0], ORDER["line_items"][1] | {"current_quantity": 0}]
    await deliver("orders/updated", changed(line_items=items, current_total_price="54.80"))
    assert [row[1:4] for row in await orders(client, session)] == [("paid", 5_480, 0)]
    lines = await session.execute(text("SELECT count(*) FROM order_line"))
    assert lines.scalar_one() == 1


async def test_customers_become_people(deliver: Deliver, session: Session, client: httpx.AsyncClient) -> None:
    await deliver("orders/create", ORDER)
    found = (await session.execute(text("SELECT kind, value, source FROM identifier ORDER BY kind"))).all()
    assert [row[:2] for row in found] == [("email", "mia@ahornhof.example"), ("source_id", "shopify:207119551")]
    person = (await session.execute(text("SELECT first_name, attributes FROM profile"))).one()
    assert (person.first_name, person.attributes["city"]) == ("Mia", "Zürich")
    assert "latitude" not in json.dumps(person.attributes)
    await deliver("customers/update", ORDER["customer"] | {"first_name": "Maria", "updated_at": "2026-11-22T10:00:00Z"})
    session.expire_all()
    assert (await session.execute(text("SELECT first_name FROM profile"))).scalar_one() == "Maria"
    assert (await orders(client, session))[0].identifier_id is not None


async def test_consents_to_marketing(deliver: Deliver, session: Session) -> None:
    agreed = {"state": "subscribed", "consent_updated_at": "2026-11-19T10:00:00Z"}
    customer = ORDER["customer"] | {"updated_at": "2026-11-20T10:00:00Z", "email_marketing_consent": agreed}
    await deliver("customers/create", customer)
    left = {
        "customer_id": customer["id"], "email_address": customer["email"],
        "email_marketing_consent": {"state": "unsubscribed", "consent_updated_at": "2026-11-21T10:00:00Z"},
    }  # fmt: skip
    await deliver("customers_email_marketing_consent/update", left)
    await deliver("customers/update", customer)  # late
    states = await session.execute(text("SELECT channel, purpose, state FROM consent"))
    assert states.all() == [("email", "marketing", "unsubscribed")]


async def test_a_guest_with_the_address_of_somebody_known(deliver: Deliver, session: Session) -> None:
    await deliver("orders/create", ORDER)
    await deliver("orders/create", ORDER | {"id": 2, "customer": None})
    whose = await session.execute(text("SELECT count(*), count(identifier_id) FROM shop_order"))
    assert whose.all() == [(2, 2)]
    assert (await session.execute(text("SELECT count(*) FROM order_claim"))).scalar_one() == 0


async def test_guests_stay_guests_with_what_they_left(
    deliver: Deliver, session: Session, client: httpx.AsyncClient
) -> None:
    await deliver("orders/create", ORDER | {"customer": None})
    assert (await orders(client, session))[0].identifier_id is None
    assert (await session.execute(text("SELECT claim_kind, claim_value FROM order_claim"))).all() == [
        ("email", ORDER["email"])
    ]
    assert (await session.execute(text("SELECT count(*) FROM profile"))).scalar_one() == 0


async def test_test_orders_and_other_topics_do_nothing(
    deliver: Deliver, session: Session, client: httpx.AsyncClient, world: World, shop: dict[str, Any]
) -> None:
    await deliver("orders/create", ORDER | {"test": True})
    await deliver("themes/publish", {"id": 1})
    await deliver("orders/create", b"no json")
    await deliver("orders/create", ORDER | {"currency": None})
    assert await orders(client, session) == []
    assert [(d["status"], d["note"]) for d in await deliveries(client, world, shop)] == [
        ("failed", "currency is missing"), ("failed", "it is no JSON"),
        ("unused", "this topic changes nothing here"), ("unused", "a test order"),
    ]  # fmt: skip
    bodies = (await session.execute(select(ConnectionDelivery.body))).scalars().all()
    assert bodies == [None] * 4, "what was worked on is not kept"


async def test_stores_of_locations(
    client: httpx.AsyncClient, session: Session, world: World, deliver: Deliver, shop: dict[str, Any]
) -> None:
    one, other = await make_store(session, world, name="One"), await make_store(session, world, name="Other")
    await session.commit()
    body = {"store_id": str(one), "locations": [{"location": "487838322", "store_id": str(other)}]}
    headers = world.sk_headers | {"If-Match": '"v1"'}
    answer = await client.patch(f"/v1/connections/{shop['id']}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    await deliver("orders/create", ORDER | {"id": 1})
    await deliver("orders/create", ORDER | {"id": 2, "location_id": 487838322})
    assert [row.store_id for row in await orders(client, session)] == [one, other]


async def test_products_have_prices_once_the_currency_is_known(deliver: Deliver, session: Session) -> None:
    product = {
        "id": 632910392, "title": "Wooden train", "updated_at": "2026-11-20T10:00:00Z", "status": "active",
        "variants": [{"id": 39072856, "sku": "TRAIN-2", "title": "Default Title", "price": "24.90"}],
    }  # fmt: skip
    await deliver("products/create", product)
    await deliver("orders/create", ORDER)
    await deliver("products/update", product | {"updated_at": "2026-11-21T10:00:00Z"})
    price = await session.execute(text("SELECT price_minor, currency FROM product_variant"))
    assert price.all() == [(2_490, "CHF")]


# --- the three privacy topics


async def test_a_customer_asks_for_their_data(
    deliver: Deliver, session: Session, client: httpx.AsyncClient, world: World, shop: dict[str, Any]
) -> None:
    await deliver("orders/create", ORDER)
    profile_id = (await session.execute(text("SELECT id FROM profile"))).scalar_one()
    asked = {
        "shop_domain": SHOP,
        "orders_requested": [1],
        "customer": {"id": 207119551, "email": "mia@ahornhof.example"},
    }
    await deliver("customers/data_request", asked)
    (open_, _) = await deliveries(client, world, shop)
    assert open_["status"] == "open"
    assert str(profile_id) in open_["note"]
    path = f"/v1/connections/{shop['id']}/deliveries/{open_['id']}/done"
    assert (await client.post(path, headers=world.sk_headers)).json()["status"] == "done"
    assert (await client.post(path, headers=world.sk_headers)).status_code == 409


async def test_erasures_are_ordered_and_done(
    deliver: Deliver,
    session: Session,
    sessions: Sessions,
    tmp_path: Path,
    client: httpx.AsyncClient,
    shop: dict[str, Any],
) -> None:
    await deliver("orders/create", ORDER)
    await deliver("orders/create", ORDER | {"id": 2, "customer": None, "email": "guest@ahornhof.example"})
    profile_id = (await session.execute(text("SELECT id FROM profile"))).scalar_one()
    named = {"customer": {"id": 207119551, "email": "mia@ahornhof.example"}, "orders_to_redact": [2]}
    await deliver("customers/redact", named)
    assert (await session.execute(text("SELECT count(*) FROM order_claim"))).scalar_one() == 0
    query = text("SELECT payload ->> 'profile_id' FROM ledger WHERE type = 'erasure.requested'")
    assert (await session.execute(query)).scalars().all() == [str(profile_id)]
    await deliver("customers/redact", {"customer": {"id": 1}})
    assert len((await session.execute(query)).scalars().all()) == 1
    eraser = Eraser(sessions, Traces(KEY, tmp_path / "journal", tmp_path, None))
    table = [r for r in reactions(IndexCache(), eraser.on_requested) if r.name == "privacy.erasures"]
    for _ in range(2):
        await react_once(sessions, table)
    left = await session.execute(text("SELECT (SELECT count(*) FROM profile), (SELECT count(*) FROM identifier)"))
    assert left.one() == (0, 0)
    assert "Mia" not in str((await session.execute(text("SELECT to_jsonb(o) FROM shop_order o"))).all())
    failed = await session.execute(text("SELECT count(*) FROM reaction_failure"))
    assert failed.scalar_one() == 0


async def test_a_shop_that_leaves(
    deliver: Deliver, session: Session, client: httpx.AsyncClient, world: World, shop: dict[str, Any]
) -> None:
    await deliver("orders/create", ORDER)
    await deliver("shop/redact", {"shop_id": 1, "shop_domain": SHOP})
    assert await deliver("orders/create", ORDER) == 404
    shown = (await client.get(f"/v1/connections/{shop['id']}", headers=world.sk_headers)).json()
    assert (shown["closed_at"] is None, shown["has_token"]) == (False, False)
    ordered = await session.execute(text("SELECT count(*) FROM ledger WHERE type = 'erasure.requested'"))
    assert ordered.scalar_one() == 1


# --- connections


async def test_connections_are_made_shown_and_removed(
    client: httpx.AsyncClient, world: World, shop: dict[str, Any], session: Session
) -> None:
    assert shop["url"] == f"http://testserver/ingest/shopify/{shop['id']}"
    assert shop["source"] == f"shopify:{shop['id']}"
    assert SECRET not in json.dumps(shop)
    body = {"name": "Again", "shop": "https://Toys.myshopify.com/", "secret": "another one"}
    again = await client.post("/v1/connections", json=body, headers=world.sk_headers)
    assert (again.status_code, again.json()["detail"]) == (409, f"there is a connection to {SHOP} already")
    for over in ({"shop": "toys.example.com"}, {"secret": "short"}, {"store_id": str(UUID(int=1))}):
        wrong = await client.post(
            "/v1/connections", json=body | {"shop": "b.myshopify.com"} | over, headers=world.sk_headers
        )
        assert [e["pointer"] for e in wrong.json()["errors"]] == [f"#/{next(iter(over))}"]
    path = f"/v1/connections/{shop['id']}"
    assert (await client.post(f"{path}/reconcile", headers=world.sk_headers)).status_code == 409
    token = await client.patch(
        path, json={"access_token": "shpat_xyz"}, headers=world.sk_headers | {"If-Match": '"v1"'}
    )
    assert (token.status_code, token.json()["has_token"]) == (200, True)
    assert (await client.post(f"{path}/reconcile", headers=world.sk_headers)).status_code == 202
    listed = (await client.get("/v1/connections", headers=world.sk_headers)).json()["items"]
    assert [one["id"] for one in listed] == [shop["id"]]
    assert (await client.delete(path, headers=world.sk_headers)).status_code == 204
    assert (await client.get(path, headers=world.sk_headers)).status_code == 404


async def test_a_fault_of_ours_is_503(app: FastAPI, client: httpx.AsyncClient, shop: dict[str, Any]) -> None:
    def away() -> Any:
        raise OSError("the database is away")

    app.state.sessions = away
    assert (await client.post(f"/ingest/shopify/{shop['id']}", content=b"{}")).status_code == 503


async def test_other_tenants_and_keys_without_the_right_see_none(
    client: httpx.AsyncClient, session: Session, shop: dict[str, Any]
) -> None:
    other = await make_world(session)
    path = f"/v1/connections/{shop['id']}"
    for method, url in (("GET", path), ("DELETE", path), ("GET", f"{path}/deliveries"), ("POST", f"{path}/reconcile")):
        assert (await client.request(method, url, headers=other.sk_headers)).status_code == 404
    assert (await client.get("/v1/connections", headers=other.pk_headers)).status_code == 403


async def test_what_waits_too_long_loses_its_content(session: Session, sessions: Sessions, deliver: Deliver) -> None:
    from geoengage.ingest.store import sweep_deliveries

    await deliver("orders/create", ORDER, act=False)
    now = utc_now() + timedelta(seconds=1)
    async with transaction(sessions, None) as swept:
        await sweep_deliveries(swept, stuck=now, old=now - timedelta(days=30))
    session.expire_all()
    row = (await session.execute(select(ConnectionDelivery))).scalar_one()
    assert (row.status, row.body) == ("failed", None)
    async with transaction(sessions, None) as swept:
        await sweep_deliveries(swept, stuck=now, old=now)
    assert (await session.execute(select(ConnectionDelivery.id))).all() == []
