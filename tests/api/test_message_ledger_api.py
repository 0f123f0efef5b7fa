"""The ledger of messages over HTTP: filters, counts by reason, dead letters that are tried again."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, text

from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.messaging.models import Message, MessageDue
from geoengage.messaging.rules import NO_RETRY, REASONS, Blocker, NoRetry
from geoengage.offers.service import coupons
from geoengage.tenancy.rules import KeyKind, Scope
from tests.api.test_messages_api import NOW, Phone, ids, put, register
from tests.campaign_rows import make_store
from tests.factories import World, make_key_row, make_world
from tests.offer_rows import make_offer


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session, daily_cap=3)


@pytest.fixture
async def phone(client: httpx.AsyncClient, world: World) -> Phone:
    return await register(client, world)


async def put_dead(session: Session, world: World, phone: Phone, status: str = "failed", **over: Any) -> UUID:
    """A message that failed for good: nothing waits, and its person's budget has it no more."""
    columns = {name: over.pop(name) for name in ("reason", "channel", "sent_at") if name in over}
    id_ = await put(session, world, phone.id, status, **{"expires_at": NOW + timedelta(days=1)} | over)
    message = await session.get_one(Message, (world.tenant_id, id_))
    for name, value in ({"reason": "unregistered", "channel": "fcm"} | columns).items():
        setattr(message, name, value)
    await session.execute(text("DELETE FROM message_due WHERE message_id = :id"), {"id": id_})
    await session.execute(text("UPDATE person_budget SET sends = '[]'"))
    await session.commit()
    return id_


async def retry(client: httpx.AsyncClient, world: World, id_: UUID) -> httpx.Response:
    return await client.post(f"/v1/messages/{id_}/retry", headers=world.sk_headers)


async def budget(session: Session, phone: Phone) -> int:
    found = await session.execute(
        text("SELECT jsonb_array_length(sends) FROM person_budget WHERE person_id = :p"), {"p": phone.id}
    )
    return int(found.scalar_one())


async def test_filters_of_the_ledger(client: httpx.AsyncClient, session: Session, world: World, phone: Phone) -> None:
    other, store = await register(client, world), await make_store(session, world)
    cap = str(await put(session, world, phone.id, "skipped"))
    mail = str(await put(session, world, other.id, channels=("email",), store_id=store))
    dead = str(await put_dead(session, world, other))

    async def listed(**params: str) -> list[str]:
        return ids(await client.get("/v1/messages", params=params, headers=world.sk_headers))

    assert await listed(reason="cap") == [cap]
    assert await listed(reason="unregistered") == [dead]
    assert await listed(channel="email") == [mail]
    assert await listed(store_id=str(store)) == [mail]
    assert await listed(dead="true") == [dead]
    assert set(await listed(dead="false")) == {cap, mail}
    assert await listed(before=NOW.isoformat()) == []
    assert len(await listed(before=(NOW + timedelta(seconds=1)).isoformat())) == 3
    assert await listed(profile_id=str(phone.id)) == [cap]
    (seen,) = (await client.get("/v1/messages?reason=cap", headers=world.sk_headers)).json()["items"]
    day = NOW.date().isoformat()
    assert await listed(pseudonym=seen["pseudonym"], day=day) == [cap]
    assert await listed(pseudonym=seen["pseudonym"], day=day, after=NOW.isoformat()) == []
    assert await listed(pseudonym=seen["pseudonym"], day="2020-01-01") == []
    assert await listed(pseudonym="0" * 16) == []
    wrong = await client.get("/v1/messages?channel=pigeon", headers=world.sk_headers)
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "channel")


async def test_who_may_not_see_people_names_none(client: httpx.AsyncClient, session: Session, world: World) -> None:
    reader = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=[Scope.READ])
    await session.commit()
    headers = {"Authorization": f"Bearer {reader}"}
    for path in ("/v1/messages", "/v1/messages/counts"):
        refused = await client.get(f"{path}?profile_id={new_id()}", headers=headers)
        assert (refused.status_code, refused.json()["needs"]) == (403, "people")
    assert (await client.post("/v1/messages/retry", headers=headers)).status_code == 403


async def test_counts_by_reason(client: httpx.AsyncClient, session: Session, world: World, phone: Phone) -> None:
    for status in ("skipped", "skipped", "sent"):
        await put(session, world, phone.id, status)
    await put_dead(session, world, phone)
    counted = (await client.get("/v1/messages/counts", headers=world.sk_headers)).json()["items"]
    assert counted == [
        {"status": "skipped", "reason": "cap", "text": REASONS[Blocker.CAP], "messages": 2, "dead": 0},
        {"status": "failed", "reason": "unregistered", "text": None, "messages": 1, "dead": 1},
        {"status": "sent", "reason": None, "text": None, "messages": 1, "dead": 0},
    ]
    only = await client.get("/v1/messages/counts?dead=true", headers=world.sk_headers)
    assert [each["reason"] for each in only.json()["items"]] == ["unregistered"]


async def test_a_dead_letter_waits_again_once(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    id_ = await put_dead(session, world, phone)
    (item,) = (await client.get("/v1/messages?dead=true", headers=world.sk_headers)).json()["items"]
    assert item["dead"] == {"retryable": True, "reason": None, "text": None}
    assert (await retry(client, world, id_)).json() == {"retried": 1, "kept": {}, "next": None}
    assert (await retry(client, world, id_)).json() == {"retried": 0, "kept": {}, "next": None}
    message = await session.get_one(Message, (world.tenant_id, id_), populate_existing=True)
    assert (message.status, message.reason, message.blockers) == ("queued", None, [])
    (due,) = (await session.execute(select(MessageDue))).scalars()
    assert (due.message_id, due.lease, due.is_urgent) == (id_, None, False)
    assert await budget(session, phone) == 1
    assert ids(await client.get("/v1/messages?dead=true", headers=world.sk_headers)) == []


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({"status": "unknown", "never_repeat": True}, NoRetry.MAY_HAVE_ARRIVED),
        ({"status": "unknown", "channel": "email"}, NoRetry.MAY_HAVE_ARRIVED),
        ({"status": "failed", "never_repeat": True, "sent_at": NOW}, NoRetry.MAY_HAVE_ARRIVED),
        ({"status": "failed", "expires_at": NOW - timedelta(minutes=1)}, NoRetry.TOO_OLD),
        ({"status": "misconfigured", "reason": "bad_template"}, NoRetry.TEXT_WRONG),
    ],
)
async def test_what_is_not_tried_again(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone, over: dict[str, Any], why: NoRetry
) -> None:
    id_ = await put_dead(session, world, phone, **over)
    refused = await retry(client, world, id_)
    assert (refused.status_code, refused.json()["detail"]) == (409, NO_RETRY[why])
    assert refused.json()["reason"] == why
    (item,) = (await client.get("/v1/messages?dead=true", headers=world.sk_headers)).json()["items"]
    assert item["dead"] == {"retryable": False, "reason": why, "text": NO_RETRY[why]}
    assert (await session.execute(select(MessageDue))).scalars().all() == []


@pytest.mark.parametrize("over", [{"status": "unknown"}, {"status": "failed", "never_repeat": True}])
async def test_what_harms_nobody_is_tried_again(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone, over: dict[str, Any]
) -> None:
    """A push that may have arrived replaces itself; what was refused never was there."""
    assert (await retry(client, world, await put_dead(session, world, phone, **over))).json()["retried"] == 1


async def test_a_coupon_that_went_back_is_not_promised(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    id_ = await put_dead(session, world, phone)
    offer_id = await make_offer(session, world)
    await coupons.reserve(session, world.tenant_id, offer_id, None, id_, NOW + timedelta(days=1), now=NOW)
    await session.commit()
    assert (await retry(client, world, id_)).json()["reason"] == "coupon_gone"


async def test_nobody_gets_more_than_their_share(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    campaign = new_id()
    old = await put_dead(session, world, phone, campaign_id=campaign)
    await session.execute(text("UPDATE message SET created_at = created_at - interval '1 hour'"))
    await put(session, world, phone.id, campaign_id=campaign)  # the same campaign has written since
    assert (await retry(client, world, old)).json()["reason"] == "enough"
    letters = [await put_dead(session, world, phone) for _ in range(5)]
    done = await client.post("/v1/messages/retry", headers=world.sk_headers)
    assert done.json() == {"retried": 3, "kept": {"enough": 3}, "next": None}  # three a day, from all campaigns
    assert await budget(session, phone) == 3
    assert len(letters) == 5


async def test_all_of_a_filter_page_by_page(client: httpx.AsyncClient, session: Session, world: World) -> None:
    campaign = new_id()
    for n in range(5):
        reader = await register(client, world)
        await put_dead(session, world, reader, campaign_id=campaign, never_repeat=n == 2, status="unknown")
    other = await put_dead(session, world, await register(client, world))
    path, params = "/v1/messages/retry", {"campaign_id": str(campaign), "limit": "2"}
    total, cursor, kept = 0, None, 0
    for _ in range(3):
        answer = await client.post(
            path, params=params | ({"cursor": cursor} if cursor else {}), headers=world.sk_headers
        )
        total, cursor = total + answer.json()["retried"], answer.json()["next"]
        kept += answer.json()["kept"].get("may_have_arrived", 0)
    assert (total, kept, cursor) == (4, 1, None)
    again = await client.post(path, params={"campaign_id": str(campaign)}, headers=world.sk_headers)
    assert again.json() == {"retried": 0, "kept": {"may_have_arrived": 1}, "next": None}
    assert (await session.get_one(Message, (world.tenant_id, other))).status == "failed"


async def test_a_stores_key_retries_its_stores_messages(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    mine, theirs = await make_store(session, world), await make_store(session, world)
    own = await put_dead(session, world, phone, store_id=mine)
    other = await put_dead(session, world, await register(client, world), store_id=theirs)
    scopes = [Scope.READ.value, Scope.CAMPAIGNS.value]
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=scopes, store_ids=[mine])
    await session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    assert (await client.post(f"/v1/messages/{other}/retry", headers=headers)).status_code == 404
    assert (await client.post("/v1/messages/retry", headers=headers)).json()["retried"] == 1
    assert (await session.get_one(Message, (world.tenant_id, own), populate_existing=True)).status == "queued"
    assert (await session.get_one(Message, (world.tenant_id, other), populate_existing=True)).status == "failed"
