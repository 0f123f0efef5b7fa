"""Messages, inbox, receipts and the stop switch, over HTTP."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncConnection

from geoengage.campaigns.models import Campaign
from geoengage.kit import events
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.messaging import service
from geoengage.messaging.channels import PreviewChannel
from geoengage.messaging.channels.fcm import FcmChannel
from geoengage.messaging.channels.webpush import WebPushChannel
from geoengage.messaging.models import Gate, Message, Receipt
from geoengage.messaging.rules import REASONS, Blocker, Draft
from geoengage.profiles.models import Device
from geoengage.tenancy.models import AuditEntry, Tenant
from geoengage.tenancy.rules import KeyKind, Scope
from tests.campaign_rows import make_profile, make_store, make_zone
from tests.factories import World, make_key_row, make_world

NOW = utc_now().replace(microsecond=0)


@dataclass
class Phone:
    id: UUID
    headers: dict[str, str]


async def register(client: httpx.AsyncClient, world: World) -> Phone:
    answer = await client.post("/v1/devices", json={"platform": "android"}, headers=world.pk_headers)
    body = answer.json()
    return Phone(UUID(body["device_id"]), {"Authorization": f"Bearer {body['device_token']}"})


async def put(session: Session, world: World, device_id: UUID, status: str = "sent", **over: object) -> UUID:
    """A message of that status; returns its id."""
    values: dict[str, object] = {
        "device_id": device_id, "person_id": device_id, "campaign_id": new_id(), "title": "Hoi", "body": "Kaffee",
        "collapse_key": "k", "expires_at": NOW + timedelta(minutes=10), "occurrence": new_id(),
        "blockers": ("cap",) if status == "skipped" else (),
    }  # fmt: skip
    draft = Draft(**(values | over))  # type: ignore[arg-type]
    (id_,) = await service.enqueue(session, world.tenant_id, [draft], NOW)
    message = await session.get_one(Message, (world.tenant_id, id_))
    message.status = status
    await session.commit()
    return id_


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


@pytest.fixture
async def world(session: Session) -> World:
    return await make_world(session)


@pytest.fixture
async def phone(client: httpx.AsyncClient, world: World) -> Phone:
    return await register(client, world)


async def test_a_message_is_listed_with_its_names(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    store = await make_store(session, world, name="Toys", brand_color="#aa0000")
    zone, campaign = await make_zone(session, world, store_id=store, name="Front"), new_id()
    session.add(
        Campaign(
            tenant_id=world.tenant_id, id=campaign, store_id=store, name="Autumn", status="active",
            trigger_kind="entered", trigger_zone_ids=[zone], trigger_store_ids=[], definition={}, title="", body="",
        )
    )  # fmt: skip
    visit = new_id()
    id_ = await put(
        session, world, phone.id, "skipped", store_id=store, zone_id=zone, zone_version=1, campaign_id=campaign,
        visit_id=visit,
    )  # fmt: skip
    (item,) = (await client.get("/v1/messages", headers=world.sk_headers)).json()["items"]
    moment = NOW.isoformat().replace("+00:00", "Z")
    expires = (NOW + timedelta(minutes=10)).isoformat().replace("+00:00", "Z")
    assert len(item.pop("pseudonym")) == 16
    assert item == {
        "id": str(id_), "campaign_id": str(campaign), "campaign_name": "Autumn", "store_id": str(store),
        "store_name": "Toys", "brand_color": "#aa0000", "device_id": str(phone.id), "zone_id": str(zone),
        "zone_name": "Front", "zone_version": 1, "visit_id": str(visit), "status": "skipped", "reason": "cap",
        "reason_text": REASONS[Blocker.CAP], "blockers": ["cap"], "title": "Hoi", "body": "Kaffee",
        "created_at": moment, "sent_at": None, "expires_at": expires, "received_at": None, "opened_at": None,
        "channel": None, "channels": ["push"], "passed_over": [], "provider_answer": None, "dead": None,
        "has_device": True,
    }  # fmt: skip


@pytest.mark.parametrize("channel", [FcmChannel.name, WebPushChannel.name, PreviewChannel.name])
async def test_a_message_of_each_channel_is_listed(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone, channel: str
) -> None:
    id_ = await put(session, world, phone.id)
    message = await session.get_one(Message, (world.tenant_id, id_))
    message.channel = channel
    await session.commit()
    (item,) = (await client.get("/v1/messages", headers=world.sk_headers)).json()["items"]
    assert item["channel"] == channel


async def test_filters(client: httpx.AsyncClient, session: Session, world: World, phone: Phone) -> None:
    campaign, other = new_id(), await register(client, world)
    sent = str(await put(session, world, phone.id, campaign_id=campaign))
    skipped = str(await put(session, world, other.id, "skipped"))

    async def listed(**params: object) -> list[str]:
        return ids(await client.get("/v1/messages", params=params, headers=world.sk_headers))  # type: ignore[arg-type]

    assert set(await listed()) == {sent, skipped}
    assert await listed(campaign_id=campaign) == [sent]
    assert await listed(device_id=other.id) == [skipped]
    assert await listed(status="skipped") == [skipped]
    assert await listed(after=NOW.isoformat()) == []
    assert set(await listed(after=(NOW - timedelta(seconds=1)).isoformat())) == {sent, skipped}
    unknown = await client.get("/v1/messages?status=lost", headers=world.sk_headers)
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "status")


async def test_pages_newest_first_in_one_query(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone, connection: AsyncConnection
) -> None:
    made = sorted([str(await put(session, world, phone.id)) for _ in range(5)], reverse=True)
    statements: list[str] = []
    event.listen(connection.sync_engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    first = await client.get("/v1/messages?limit=3", headers=world.sk_headers)
    assert len([s for s in statements if "FROM message" in s]) == 1
    second = await client.get("/v1/messages", params={"cursor": first.json()["next"]}, headers=world.sk_headers)
    assert ids(first) + ids(second) == made
    assert second.json()["next"] is None


async def test_devices_are_named_only_to_those_who_may_see_people(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    await put(session, world, phone.id)
    reader = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=[Scope.READ])
    await session.commit()
    headers = {"Authorization": f"Bearer {reader}"}
    (item,) = (await client.get("/v1/messages", headers=headers)).json()["items"]
    (seen,) = (await client.get("/v1/messages", headers=world.sk_headers)).json()["items"]
    assert item["device_id"] is None
    assert item["pseudonym"] == seen["pseudonym"]
    refused = await client.get(f"/v1/messages?device_id={phone.id}", headers=headers)
    assert (refused.status_code, refused.json()["needs"]) == (403, "people")


async def test_a_stores_key_sees_its_stores_messages(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    mine, theirs = await make_store(session, world), await make_store(session, world)
    own = str(await put(session, world, phone.id, store_id=mine))
    await put(session, world, phone.id, store_id=theirs)
    await put(session, world, phone.id)  # of the mall
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[mine])
    await session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    answer = await client.get("/v1/messages", headers=headers)
    assert ids(answer) == [own]
    assert answer.json()["items"][0]["device_id"] is None
    assert (await client.post("/v1/sending/stop", headers=headers)).status_code == 404


async def test_another_tenant_sees_nothing(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    id_ = await put(session, world, phone.id)
    other = await make_world(session)
    stranger = await register(client, other)
    assert ids(await client.get("/v1/messages", headers=other.sk_headers)) == []
    assert ids(await client.get("/v1/inbox", headers=stranger.headers)) == []
    receipt = {"message_id": str(id_), "kind": "opened"}
    assert (await client.post("/v1/receipts", json=receipt, headers=stranger.headers)).status_code == 404


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/inbox"])
async def test_who_may_not(client: httpx.AsyncClient, world: World, phone: Phone, path: str) -> None:
    assert (await client.get(path)).status_code == 401
    assert (await client.get(path, headers=world.pk_headers)).status_code == 403
    wrong = phone.headers if path == "/v1/messages" else world.sk_headers
    assert (await client.get(path, headers=wrong)).status_code == 403


# --- inbox and receipts ------------------------------------------------------------------------------------------


async def test_the_inbox_shows_what_the_phone_may_have_shown(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    other = await register(client, world)
    store = await make_store(session, world, name="Toys", brand_color="#aa0000")
    shown = {str(await put(session, world, phone.id, status, store_id=store)) for status in ("sent", "unknown")}
    for status in ("queued", "sending", "skipped", "failed", "misconfigured"):
        await put(session, world, phone.id, status)
    await put(session, world, other.id)
    answer = await client.get("/v1/inbox", headers=phone.headers)
    assert set(ids(answer)) == shown
    item = answer.json()["items"][0]
    assert (item["title"], item["store_name"], item["brand_color"]) == ("Hoi", "Toys", "#aa0000")
    assert set(item) == {
        "id", "title", "body", "status", "campaign_id", "store_id", "store_name", "brand_color", "created_at",
        "expires_at", "opened_at", "link", "image_url",
    }  # fmt: skip


async def test_after_a_log_out_the_inbox_is_the_next_persons(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    mia = await make_profile(session, world)
    device = await session.get_one(Device, (world.tenant_id, phone.id))
    device.profile_id = mia
    hers = str(await put(session, world, phone.id, person_id=mia))
    anonymous = str(await put(session, world, phone.id))
    assert set(ids(await client.get("/v1/inbox", headers=phone.headers))) == {hers, anonymous}
    device.profile_id = None
    await session.commit()
    assert ids(await client.get("/v1/inbox", headers=phone.headers)) == [anonymous]


async def test_receipts_are_kept_once(client: httpx.AsyncClient, session: Session, world: World, phone: Phone) -> None:
    id_ = await put(session, world, phone.id)

    async def send(kind: str, **over: object) -> int:
        body = {"message_id": str(id_), "kind": kind} | over
        return (await client.post("/v1/receipts", json=body, headers=phone.headers)).status_code

    later = (NOW + timedelta(hours=1)).isoformat()
    assert await send("received", at=(NOW - timedelta(hours=1)).isoformat()) == 204  # the phone's clock is slow
    assert await send("opened", at=later) == 204  # and now fast
    for _ in range(2):
        assert await send("opened") == 204
    assert await send("dismissed") == 204
    session.expire_all()
    message = await session.get_one(Message, (world.tenant_id, id_))
    assert message.received_at == NOW
    assert message.opened_at is not None
    assert NOW <= message.opened_at <= utc_now()
    assert message.status == "sent"
    receipts = (await session.execute(select(Receipt))).scalars().all()
    assert sorted(r.kind for r in receipts) == ["dismissed", "opened", "received"]
    told = [r.payload for r in await events.read(session, world.tenant_id, 0, 99) if r.type == "message.changed"]
    assert [(t["status"], t["reason"]) for t in told[1:]] == [
        ("sent", "received"), ("sent", "opened"), ("sent", "dismissed")
    ]  # fmt: skip


async def test_opened_without_received_counts_as_both(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    id_ = await put(session, world, phone.id)
    body = {"message_id": str(id_), "kind": "opened"}
    assert (await client.post("/v1/receipts", json=body, headers=phone.headers)).status_code == 204
    (item,) = (await client.get("/v1/messages", headers=world.sk_headers)).json()["items"]
    assert item["received_at"] == item["opened_at"] is not None


async def test_another_devices_message_is_not_found(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    id_ = await put(session, world, phone.id)
    other = await register(client, world)
    for target in (id_, new_id()):
        body = {"message_id": str(target), "kind": "opened"}
        assert (await client.post("/v1/receipts", json=body, headers=other.headers)).status_code == 404
    assert (await session.execute(select(Receipt))).scalars().all() == []


@pytest.mark.parametrize(
    "over, pointer",
    [
        ({"kind": "liked"}, "#/kind"),
        ({"message_id": "x"}, "#/message_id"),
        ({"at": "2026-01-01T00:00:00"}, "#/at"),
        ({"more": 1}, "#/more"),
    ],
)
async def test_bad_receipts_name_the_field(
    client: httpx.AsyncClient, phone: Phone, over: dict[str, object], pointer: str
) -> None:
    body = {"message_id": str(new_id()), "kind": "opened"} | over
    answer = await client.post("/v1/receipts", json=body, headers=phone.headers)
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == [pointer]


async def test_a_revoked_device_token_is_refused(
    client: httpx.AsyncClient, session: Session, world: World, phone: Phone
) -> None:
    id_ = await put(session, world, phone.id)
    device = await session.get_one(Device, (world.tenant_id, phone.id))
    device.token_version += 1
    await session.commit()
    assert (await client.get("/v1/inbox", headers=phone.headers)).status_code == 401
    body = {"message_id": str(id_), "kind": "opened"}
    assert (await client.post("/v1/receipts", json=body, headers=phone.headers)).status_code == 401


# --- stop and resume ---------------------------------------------------------------------------------------------


async def test_stop_and_resume(client: httpx.AsyncClient, session: Session, world: World) -> None:
    async def state() -> tuple[bool, list[str], list[tuple[str, str | None]], list[str]]:
        session.expire_all()
        tenant = await session.get_one(Tenant, world.tenant_id)
        gates = (await session.execute(select(Gate.key))).scalars().all()
        audit = (await session.execute(select(AuditEntry).order_by(AuditEntry.id))).scalars().all()
        types = [r.type for r in await events.read(session, world.tenant_id, 0, 99)]
        return tenant.sending_stopped_at is not None, list(gates), [(a.action, a.reason) for a in audit], types

    for _ in range(2):  # safe to repeat
        answer = await client.post("/v1/sending/stop", json={"reason": "wrong price"}, headers=world.sk_headers)
        assert answer.status_code == 204
    stop = ("sending.stop", "wrong price")
    assert await state() == (True, ["tenant"], [stop], ["sending.stopped"])
    for _ in range(2):
        assert (await client.post("/v1/sending/resume", headers=world.sk_headers)).status_code == 204
    resumed = ["sending.stopped", "sending.resumed"]
    assert await state() == (False, [], [stop, ("sending.resume", None)], resumed)
    assert (await client.post("/v1/sending/stop", headers=world.sk_headers)).status_code == 204  # a body is optional


async def test_stopping_needs_the_right(client: httpx.AsyncClient, session: Session, world: World) -> None:
    reader = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=[Scope.READ])
    await session.commit()
    for path in ("/v1/sending/stop", "/v1/sending/resume"):
        assert (await client.post(path)).status_code == 401
        assert (await client.post(path, headers={"Authorization": f"Bearer {reader}"})).status_code == 403
