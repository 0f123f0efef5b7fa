"""Server-sent events and live counts: nothing lost, nothing twice, nobody's but one's own."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text, update

from geoengage.campaigns.rules.events import CampaignChanged
from geoengage.campaigns.rules.lifecycle import Status
from geoengage.kit.db import Session
from geoengage.kit.event_base import Event
from geoengage.kit.events import publish
from geoengage.kit.ids import new_id
from geoengage.messaging.rules import MessageChanged, SendingStopped
from geoengage.presence.models import ZoneOccupant
from geoengage.presence.rules.events import EVENT_CLASSES
from geoengage.tenancy.models import Tenant
from geoengage.tenancy.rules import KeyKind
from geoengage.venues.models import Store
from geoengage.venues.rules import VenueChange, VenueChanged
from tests.factories import World, make_key_row, make_world
from tests.places import make_mall, make_phone, make_zone, on_earth, square

NOW = datetime.now(UTC)
DEVICE = new_id()


def zone_event(zone_id: UUID, kind: str = "entered", device_id: UUID = DEVICE, at: datetime = NOW) -> Event:
    return EVENT_CLASSES[kind](
        id=new_id(), at=at, device_id=device_id, zone_id=zone_id, zone_version=1, visit_id=new_id(), confidence=0.75,
        evidence="wifi", reason="whole_disc", late=False,
    )  # fmt: skip


def message(store_id: UUID | None, status: str = "sent", zone_id: UUID | None = None) -> Event:
    return MessageChanged(
        message_id=new_id(), at=NOW, device_id=DEVICE, campaign_id=None, store_id=store_id, zone_id=zone_id,
        status=status, reason=None, title="Hello", body="Come in",
    )  # fmt: skip


async def tell(session: Session, world: World, *told: Event, at: datetime = NOW) -> None:
    await publish(session, world.tenant_id, told, at)
    await session.commit()


async def listen(
    client: httpx.AsyncClient, headers: dict[str, str], last_id: str | None = "0"
) -> list[tuple[int, str, dict[str, Any]]]:
    """(id, event, data) of everything so far, read as a browser reads it."""
    extra = {} if last_id is None else {"Last-Event-ID": last_id}
    answer = await client.get("/v1/live", params={"once": True}, headers=headers | extra)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    found = []
    for block in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


async def make_store(session: Session, world: World, name: str = "Shop") -> UUID:
    store = Store(
        tenant_id=world.tenant_id, id=new_id(), name=name, brand_color="#aa0000", point=on_earth(square()).centroid
    )
    session.add(store)
    await session.commit()
    return store.id


async def test_a_stream_resumes_without_loss_or_repeat(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(session, world, square())
    assert await listen(client, world.sk_headers) == []
    await tell(session, world, *(zone_event(zone_id) for _ in range(450)))
    seen = [position for position, _, _ in await listen(client, world.sk_headers)]
    assert seen == list(range(1, 451))
    assert [p for p, _, _ in await listen(client, world.sk_headers, "440")] == list(range(441, 451))
    assert await listen(client, world.sk_headers, "450") == []
    await tell(session, world, message(None, "queued"), zone_event(zone_id, "exited"))
    assert [(p, e) for p, e, _ in await listen(client, world.sk_headers, "450")] == [(452, "zone_event")]
    assert await listen(client, world.sk_headers, None) == [], "without a position it begins now"
    assert await listen(client, world.sk_headers, "") == []
    (gap,) = await listen(client, world.sk_headers, "99999999999999999999")
    assert gap[:2] == (452, "gap"), "of a ledger that is gone: now, and said so"
    assert (gap[2]["reason"], gap[2]["from_position"]) == ("unknown", None)
    for wrong in ("-1", "x", "1.5"):
        answer = await client.get(
            "/v1/live", params={"once": True}, headers=world.sk_headers | {"Last-Event-ID": wrong}
        )
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request")


async def forget_before(session: Session, world: World, position: int) -> None:
    """As retention does."""
    query = text("DELETE FROM ledger WHERE tenant_id = :t AND position < :p")
    await session.execute(query, {"t": world.tenant_id, "p": position})
    await session.commit()


async def test_what_is_not_kept_any_more_is_said(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(session, world, square())
    await tell(session, world, *(zone_event(zone_id) for _ in range(10)))
    await forget_before(session, world, 6)
    told = await listen(client, world.sk_headers, "2")
    assert [(p, e) for p, e, _ in told] == [(5, "gap"), *((p, "zone_event") for p in range(6, 11))]
    assert {name: told[0][2][name] for name in ("from_position", "to_position", "reason")} == {
        "from_position": 3, "to_position": 5, "reason": "expired",
    }  # fmt: skip
    assert [e for _, e, _ in await listen(client, world.sk_headers, "5")] == ["zone_event"] * 5, "nothing is missing"
    await forget_before(session, world, 99)
    told = await listen(client, world.sk_headers, "7")
    assert [(p, e) for p, e, _ in told] == [(10, "gap")]
    assert await listen(client, world.sk_headers, "10") == []


async def test_a_reader_to_whom_nothing_is_shown_still_learns_where_it_is(
    client: httpx.AsyncClient, session: Session
) -> None:
    """A bare `id` line moves Last-Event-ID, so that a shop's stream does not resume from days ago."""
    world = await make_world(session)
    zone_id = await make_zone(session, world, square(), store_id=await make_store(session, world))
    await tell(session, world, *(zone_event(zone_id) for _ in range(7)))
    shop = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[new_id()])
    await session.commit()
    headers = {"Authorization": f"Bearer {shop}", "Last-Event-ID": "0"}
    answer = await client.get("/v1/live", params={"once": True}, headers=headers)
    assert answer.text.endswith("id: 7\n\n")
    assert "data:" not in answer.text


async def test_what_an_event_says(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world)
    store_id = await make_store(session, world, "Bakery")
    zone_id = await make_zone(session, world, square(), mall_id=mall_id, store_id=store_id, name="Door", levels=[0, 1])
    await tell(
        session, world, zone_event(zone_id), zone_event(zone_id, "retracted"), message(store_id, zone_id=zone_id),
        SendingStopped(by="anna", reason=None),
        VenueChanged(zone_id=zone_id, mall_id=mall_id, what=VenueChange.ZONE_CHANGED),
        CampaignChanged(campaign_id=new_id(), name="Rolls", status=Status.IN_REVIEW, store_id=store_id),
        CampaignChanged(campaign_id=new_id(), name="Buns", status=Status.DRAFT, store_id=store_id),
    )  # fmt: skip
    told = await listen(client, world.sk_headers)
    assert [(p, e) for p, e, _ in told] == [
        (1, "zone_event"), (2, "zone_event"), (3, "message"), (4, "alert"), (5, "alert"), (6, "alert")
    ]  # fmt: skip
    entered, retracted, sent, *alerts = (data for _, _, data in told)
    assert (entered["kind"], retracted["kind"]) == ("entered", "retracted")
    assert entered.keys() == {
        "position", "id", "at", "kind", "zone_id", "zone_name", "level", "levels", "mall_id", "confidence", "reason",
        "visit_id", "late", "pseudonym",
    }  # fmt: skip
    assert (entered["zone_name"], entered["level"], entered["levels"]) == ("Door", 0, [0, 1])
    assert (entered["mall_id"], entered["confidence"]) == (str(mall_id), 0.75)
    assert sent.keys() == {
        "position", "id", "at", "status", "reason", "campaign_id", "campaign_name", "store_id", "store_name",
        "brand_color", "zone_id", "zone_name", "title", "body", "pseudonym",
    }  # fmt: skip
    assert (sent["store_name"], sent["brand_color"], sent["zone_name"]) == ("Bakery", "#aa0000", "Door")
    assert sent["pseudonym"] == entered["pseudonym"]
    assert [a["kind"] for a in alerts] == ["sending_stopped", "venue_changed", "campaign_in_review"]
    assert alerts[-1]["text"] == "Rolls asks for approval"
    assert str(DEVICE) not in json.dumps(told), "nobody's device id"


async def test_history_is_not_live(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(session, world, square())
    await tell(session, world, zone_event(zone_id), at=NOW + timedelta(minutes=61))
    await tell(session, world, zone_event(zone_id), at=NOW + timedelta(minutes=59))
    assert [position for position, _, _ in await listen(client, world.sk_headers)] == [2]


async def test_a_pseudonym_is_of_one_day(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(session, world, square())
    other = new_id()
    await tell(session, world, zone_event(zone_id), zone_event(zone_id), zone_event(zone_id, device_id=other))
    tomorrow = NOW + timedelta(days=1)
    await tell(session, world, zone_event(zone_id, at=tomorrow), at=tomorrow)
    names = [data["pseudonym"] for _, _, data in await listen(client, world.sk_headers)]
    assert names[0] == names[1]
    assert len({names[0], names[2], names[3]}) == 3
    assert all(len(name) == 16 for name in names)


async def test_a_shop_sees_its_own_stores_only(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mine, theirs = await make_store(session, world), await make_store(session, world)
    my_zone = await make_zone(session, world, square(), store_id=mine)
    their_zone = await make_zone(session, world, square(), store_id=theirs)
    common = await make_zone(session, world, square())
    await tell(
        session, world, zone_event(my_zone), zone_event(their_zone), zone_event(common), message(mine),
        message(theirs), message(theirs, zone_id=my_zone), message(None), SendingStopped(by="anna", reason=None),
        CampaignChanged(campaign_id=new_id(), name="Theirs", status=Status.IN_REVIEW, store_id=theirs),
        zone_event(my_zone, "exited"),
    )  # fmt: skip
    shop = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[mine])
    await session.commit()
    told = await listen(client, {"Authorization": f"Bearer {shop}"})
    assert [(p, e) for p, e, _ in told] == [(1, "zone_event"), (4, "message"), (10, "zone_event")]


async def test_who_may_listen(client: httpx.AsyncClient, session: Session) -> None:
    world, other = await make_world(session), await make_world(session)
    zone_id = await make_zone(session, world, square())
    await tell(session, world, zone_event(zone_id))
    assert await listen(client, other.sk_headers) == []
    phone = await make_phone(session, world)
    for path in ("/v1/live", "/v1/live/occupancy"):
        for headers, status in ((phone.headers, 403), (world.pk_headers, 403), ({}, 401)):
            answer = await client.get(path, params={"once": True}, headers=headers)
            assert answer.status_code == status


@pytest.mark.parametrize("is_demo", [False, True])
async def test_counts_of_few_people_are_withheld(client: httpx.AsyncClient, session: Session, is_demo: bool) -> None:
    world = await make_world(session)
    await session.execute(update(Tenant).where(Tenant.id == world.tenant_id).values(is_demo=is_demo))
    mall_id = await make_mall(session, world)
    zones = {n: await make_zone(session, world, square(), mall_id=mall_id) for n in (0, 1, 9, 10, 12)}
    outdoors = await make_zone(session, world, square())
    for n, zone_id in zones.items():
        session.add_all(
            ZoneOccupant(tenant_id=world.tenant_id, zone_id=zone_id, device_id=new_id(), entered_at=NOW)
            for _ in range(n)
        )
    await session.commit()

    async def counts(headers: dict[str, str] = world.sk_headers, **params: Any) -> dict[str, int | None]:
        answer = await client.get("/v1/live/occupancy", params=params, headers=headers)
        assert answer.status_code == 200
        return {i["zone_id"]: i["inside"] for i in answer.json()["items"]}

    shown = {str(z): n if is_demo or n in (0, 10, 12) else None for n, z in zones.items()}
    assert await counts(mall_id=mall_id) == shown
    assert await counts() == shown | {str(outdoors): 0}
    assert await counts(mall_id=new_id()) == {}
    assert await counts((await make_world(session)).sk_headers, mall_id=mall_id) == {}
    shop = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[new_id()])
    await session.commit()
    refused = await client.get("/v1/live/occupancy", headers={"Authorization": f"Bearer {shop}"})
    assert refused.status_code == 403
