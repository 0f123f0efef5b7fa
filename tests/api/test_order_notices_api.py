"""What customers are told about their orders: to which phones, in which words, again when asked, and why to nobody."""

from datetime import time
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.profiles import service as profiles
from geoengage.profiles.rules import Id, Kind, Proof
from geoengage.tenancy.models import App
from geoengage.tenancy.rules import KeyKind
from tests.campaign_rows import make_device, make_profile, make_store
from tests.factories import World, make_key_row, make_world
from tests.mailing import make_reader

ORDER: dict[str, Any] = {
    "external_id": "4711", "ordered_at": "2026-06-01T12:00:00Z", "currency": "CHF", "status": "paid",
    "lines": [{"name": "Puzzle", "quantity": 2, "unit_price_minor": 600}], "customer": {"external_id": "mia"},
}  # fmt: skip


@pytest.fixture
async def world(session: Session) -> World:
    """With Mia, who takes no marketing."""
    world = await make_world(session, quiet_start=time(0), quiet_end=time(23, 59))
    profile_id = await make_profile(session, world, external_id="mia")
    await make_device(session, world, profile_id=profile_id, marketing_push="denied",
        locale="de-CH", push_provider="fcm",
                      push_kind="fcm_token", push_address="mia-1")  # fmt: skip
    await session.commit()
    return world


async def place(client: httpx.AsyncClient, world: World, **over: Any) -> str:
    answer = await client.post("/v1/orders", json=ORDER | over, headers=world.sk_headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def tell(
    client: httpx.AsyncClient, headers: dict[str, str], order_id: str, notice: str = "ready"
) -> httpx.Response:
    return await client.post(f"/v1/orders/{order_id}/messages", json={"notice": notice}, headers=headers)


async def messages(session: Session) -> list[Any]:
    query = "SELECT purpose, status, title, body, campaign_id, data ->> 'notice' FROM message ORDER BY id"
    return [tuple(row) for row in await session.execute(text(query))]


async def test_a_customer_is_told_and_told_again(client: httpx.AsyncClient, session: Session, world: World) -> None:
    store_id = await make_store(session, world, name="Old town")
    await session.commit()
    order_id = await place(client, world, store_id=str(store_id))
    told = await tell(client, world.sk_headers, order_id, "receipt")
    assert told.status_code == 202, told.text
    assert len(told.json()["message_ids"]) == 1
    receipt = (
        "transactional",
        "queued",
        "Beleg zur Bestellung 4711",
        "Old town: Bezahlt: CHF\xa012,00.",
        None,
        "receipt",
    )
    assert await messages(session) == [receipt]
    again = world.sk_headers | {"Idempotency-Key": "once more"}
    assert len((await tell(client, again, order_id, "receipt")).json()["message_ids"]) == 1
    assert (await tell(client, again, order_id, "receipt")).json()["message_ids"] == []
    assert await messages(session) == [receipt, receipt]
    assert (await session.execute(text("SELECT sends FROM person_budget"))).all() == []
    audited = (await session.execute(text("SELECT action, subject, reason FROM audit_entry"))).all()
    assert [tuple(row) for row in audited] == [("order.tell", order_id, "receipt")] * 2


async def test_only_phones_of_the_store_or_the_tenant(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    ours, theirs = [await make_store(session, world, name=name) for name in ("Ours", "Theirs")]
    profile_id = (await session.execute(text("SELECT id FROM profile"))).scalar_one()
    for number, store_id in enumerate((ours, theirs)):
        app = App(tenant_id=world.tenant_id, id=UUID(int=number + 1), name=f"App {number}", store_id=store_id)
        session.add(app)
        await session.flush()
        await make_device(session, world, app_id=app.id, profile_id=profile_id, push_provider="fcm",
                          push_kind="fcm_token", push_address=f"of-{number}")  # fmt: skip
    await session.commit()
    order_id = await place(client, world, store_id=str(ours))
    told = await tell(client, world.sk_headers, order_id)
    assert len(told.json()["message_ids"]) == 2
    query = "SELECT push_address FROM message m JOIN device d ON d.id = m.device_id ORDER BY 1"
    assert (await session.execute(text(query))).scalars().all() == ["mia-1", "of-0"]

    foreign = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[theirs])
    await session.commit()
    assert (await tell(client, {"Authorization": f"Bearer {foreign}"}, order_id)).status_code == 404


async def test_nobody_to_tell(client: httpx.AsyncClient, session: Session, world: World) -> None:
    guests = await place(client, world, external_id="1", customer=None)
    phoneless = await place(client, world, external_id="2", customer={"external_id": "tom"})
    for order_id, why in ((guests, "a guest's"), (phoneless, "no device")):
        refused = await tell(client, world.sk_headers, order_id)
        assert refused.status_code == 409
        assert refused.json()["type"].endswith("/nobody-to-tell")
        assert why in refused.json()["detail"]
    assert (await tell(client, world.sk_headers, str(UUID(int=9)))).status_code == 404
    assert (await tell(client, world.sk_headers, guests, "bargain")).status_code == 422
    assert await messages(session) == []


async def ways(session: Session) -> list[tuple[Any, ...]]:
    query = "SELECT device_id IS NOT NULL, channels, email -> 'rows' -> -1 ->> 'value' FROM message"
    return [tuple(row) for row in await session.execute(text(query))]


async def test_an_email_where_no_phone_is_reached_or_it_is_preferred(
    client: httpx.AsyncClient, session: Session, world: World
) -> None:
    mia = (await session.execute(text("SELECT id FROM profile"))).scalar_one()
    tom = await make_reader(session, world, "tom@example.com", utc_now(), marketing=False)
    await session.commit()
    theirs = await place(client, world, external_id="2", customer={"email": "tom@example.com"})
    assert (await tell(client, world.sk_headers, theirs)).status_code == 202
    assert await ways(session) == [(False, ["email"], "CHF\xa012.00")]
    await session.execute(text("DELETE FROM message_due"))
    await session.execute(text("DELETE FROM message"))

    now = utc_now()
    ids = [Id(Kind.EXTERNAL_ID, "mia"), Id(Kind.EMAIL, "mia@example.com")]
    await profiles.resolve(session, world.tenant_id, ids, proof=Proof.LINK, source="till", at=now, now=now)
    assert await make_reader(session, world, "mia@example.com", now, marketing=False) == mia != tom
    await make_device(session, world, profile_id=mia, push_provider="fcm", push_kind="fcm_token", push_address="2")
    await session.commit()
    hers = await place(client, world)
    assert (await tell(client, world.sk_headers, hers)).status_code == 202
    assert sorted(await ways(session)) == [(True, ["push"], None), (True, ["push", "email"], "CHF\xa012,00")]
    await session.execute(text("DELETE FROM message_due"))
    await session.execute(text("DELETE FROM message"))
    await session.execute(
        text('UPDATE profile SET attributes = \'{"preferred_channels": ["email"]}\' WHERE id = :id'), {"id": mia}
    )
    await session.commit()
    assert (await tell(client, world.sk_headers, hers, "receipt")).status_code == 202
    assert await ways(session) == [(False, ["email", "push"], "CHF\xa012,00")]
