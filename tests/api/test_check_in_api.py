"""Check-in by a scanned code, and the phone's own transitions, over HTTP."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from shapely.geometry import Point
from sqlalchemy import text

from geoengage.campaigns import store as campaigns
from geoengage.campaigns.reaction import on_zone_events
from geoengage.campaigns.rules import Content, Definition, TriggerKind
from geoengage.kit import events
from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.tenancy.models import App
from geoengage.venues.models import EvidencePoint, Store
from geoengage.venues.store import raise_epoch
from tests.factories import World, make_world
from tests.places import ago, lonlat, make_mall, make_phone, make_zone, ping, rows, send, square, zone_events

CODE = "K7Q2ABCDEFGH"
HTML = {"Accept": "text/html,application/xhtml+xml"}


async def make_code(session: Session, world: World, x: float = 0.0, **over: Any) -> UUID:
    """A check-in point, in the store Café unless `over` says otherwise; returns the store's id."""
    store = Store(tenant_id=world.tenant_id, id=new_id(), name="Café", point=Point(lonlat(0, 0)))
    session.add(store)
    await session.flush()
    values = {"name": "Counter", "kind": "check_in", "code": CODE, "store_id": store.id} | over
    session.add(EvidencePoint(tenant_id=world.tenant_id, id=new_id(), point=Point(lonlat(x, 0)), **values))
    await raise_epoch(session, world.tenant_id)
    await session.commit()
    return store.id


async def scan(client: httpx.AsyncClient, headers: dict[str, str], code: str = CODE, **body: Any) -> httpx.Response:
    return await client.post(f"/v1/check-in/{code}", json=body or None, headers=headers)


# --- what the phone sends -----------------------------------------------------------------------------------------


async def test_a_check_in_is_certain_and_enters_at_once(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world)
    tiny = await make_zone(session, world, square(half=1), mall_id=mall_id, levels=[1], name="Stand")
    await make_zone(session, world, square(half=1), mall_id=mall_id, levels=[0], name="Below")
    beside = await make_zone(session, world, square(5.8, half=4), mall_id=mall_id, levels=[1], name="0.8 m away")
    await make_zone(session, world, square(6.2, half=4), mall_id=mall_id, levels=[1], name="1.2 m away")
    await make_code(session, world, 1.0, mall_id=mall_id, level=1)
    phone = await make_phone(session, world)
    answer = await scan(client, phone.headers, "k7q2-abcd-efgh", at=ago(5).isoformat())
    assert answer.json() == {"accepted": True, "reason": None, "point": "Counter", "store": "Café"}, answer.text
    told = await rows(session, "SELECT zone_id, reason, evidence, confidence FROM zone_event ORDER BY zone_id")
    assert told == [(tiny, "whole_disc", "check_in", 1.0), (beside, "whole_disc", "check_in", 1.0)]
    assert await rows(session, "SELECT source, level, trust FROM ping") == [("check_in", 1, 1.0)]


async def test_it_counts_whatever_the_phone_says_of_its_place(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square(half=3))
    await make_code(session, world)
    phone = await make_phone(session, world)
    await send(client, phone, ping(ago(60), 3000))
    lon, lat = lonlat(5000, 0)
    answer = await scan(client, phone.headers, at=ago(50).isoformat(), lon=lon, lat=lat, accuracy_m=4)
    assert answer.json()["accepted"], "an impossible ride in ten seconds: the code is at hand all the same"
    assert await zone_events(session, world) == [("zone.entered", "whole_disc")]


async def test_no_consent_keeps_nothing(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square(half=3))
    await make_code(session, world)
    phone = await make_phone(session, world, location="unknown")
    answer = await scan(client, phone.headers, lon=8.5, lat=47.4)
    assert answer.json() == {
        "accepted": False, "reason": "no_location_consent", "point": "Counter", "store": "Café"
    }  # fmt: skip
    for table in ("ping", "device_state", "zone_event", "visit"):
        assert await rows(session, f"SELECT FROM {table}") == [], table


async def test_what_is_refused(client: httpx.AsyncClient, session: Session) -> None:
    world, other = await make_world(session), await make_world(session)
    await make_code(session, world)
    phone, stranger = await make_phone(session, world), await make_phone(session, other)
    assert (await scan(client, phone.headers, "NOSUCHCODE")).status_code == 404
    assert (await scan(client, stranger.headers)).status_code == 404, "another tenant's code"
    assert (await scan(client, {})).status_code == 401
    assert (await scan(client, world.sk_headers)).status_code == 403
    assert (await scan(client, phone.headers, lon=8.5)).status_code == 422
    assert (await scan(client, phone.headers, lon=200, lat=0)).status_code == 422
    assert (await scan(client, phone.headers, at="0001-01-01T00:00:00Z")).status_code == 422
    future = await scan(client, phone.headers, at=ago(-3600).isoformat())
    assert (future.json()["accepted"], future.json()["reason"]) == (False, "in_future")
    await session.execute(text("UPDATE device SET token_version = 2"))
    await session.commit()
    assert (await scan(client, phone.headers)).status_code == 401


async def test_scanned_twice_at_one_time_is_one_check_in(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square(half=3))
    await make_code(session, world)
    phone = await make_phone(session, world)
    at = ago(5).isoformat()
    assert [(await scan(client, phone.headers, at=at)).json()["accepted"] for _ in range(2)] == [True, True]
    assert len(await rows(session, "SELECT FROM ping")) == 1


async def test_a_phone_cannot_claim_it(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square(half=3))
    phone = await make_phone(session, world)
    await send(client, phone, *(ping(ago(s), 0, accuracy_m=12, source="check_in") for s in (30, 20)))
    assert await zone_events(session, world) == []
    assert await rows(session, "SELECT DISTINCT source FROM ping") == [("gnss",)]


# --- what the poster holds ----------------------------------------------------------------------------------------


async def test_a_poster_opens_the_shoppers_page_of_the_shops_app(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    store_id = await make_code(session, world)
    answer = await client.get(f"/v1/check-in/{CODE.lower()}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/shopper/?check_in={CODE}")
    for_all, for_shop = (
        App(tenant_id=world.tenant_id, id=new_id(), name="Mall", shopper_key="pk_a"),
        App(tenant_id=world.tenant_id, id=new_id(), name="Café", shopper_key="pk_b", store_id=store_id),
    )
    for app in (for_all, for_shop):
        session.add(app)
        await session.commit()
        answer = await client.get(f"/v1/check-in/{CODE}")
        assert answer.headers["location"] == f"/shopper/?check_in={CODE}&app={app.id}"


async def test_a_code_that_leads_nowhere(client: httpx.AsyncClient, session: Session) -> None:
    answer = await client.get(f"/v1/check-in/{CODE}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    page = await client.get("/v1/check-in/<script>", headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<h1>This code leads nowhere</h1>" in page.text
    assert "script" not in page.text


# --- the phone's own transitions ----------------------------------------------------------------------------------

LARGE = Point(0, 0).buffer(200)


def crossing(at: Any, zone_id: UUID | str, kind: str, **over: Any) -> dict[str, Any]:
    """What a phone reports at the edge of a circle: a vague position outside of the zone."""
    return ping(at, 230, accuracy_m=150, level=None, transition={"zone_id": str(zone_id), "kind": kind}) | over


async def test_transitions_alone_make_a_visit(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(session, world, LARGE)
    phone = await make_phone(session, world)
    (circle,) = (
        await client.get(
            "/v1/geofences/nearby", params=dict(zip(("lon", "lat"), lonlat(0, 0), strict=True)), headers=phone.headers
        )
    ).json()["circles"]
    assert circle["zone_id"] == str(zone_id)
    await send(client, phone, crossing(ago(3000), zone_id, "enter"))
    await send(client, phone, crossing(ago(60), zone_id, "exit"))
    assert await zone_events(session, world) == [("zone.entered", "phone_enter"), ("zone.exited", "phone_exit")]
    ((seconds,),) = await rows(session, "SELECT extract(epoch FROM exited_at - entered_at)::int FROM visit")
    assert seconds == 2940
    told = await client.get(
        "/v1/explain", params={"device_id": phone.id, "at": ago(3000).isoformat(), "reason": "test"},
        headers=world.sk_headers,
    )  # fmt: skip
    assert "own monitoring reported that it came into the circle" in told.text, told.text


async def test_it_fires_a_campaign_by_itself(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(session, world, LARGE, name="Mall")
    content = Content(
        name="Welcome", store_id=None, kind=TriggerKind.ENTERED, zone_ids=(zone_id,), store_ids=(), title="Welcome",
        body="{{ zone.name }}", valid_from=None, valid_to=None, definition=Definition(cooldown_s=0),
    )  # fmt: skip
    row = await campaigns.insert_campaign(session, world.tenant_id, new_id(), content, ago(60))
    await campaigns.set_campaign(session, world.tenant_id, row, ago(60), status="active")
    await session.commit()
    phone = await make_phone(session, world)
    await send(client, phone, crossing(ago(5), zone_id, "enter"))
    recorded = await events.read(session, world.tenant_id, 0, 10)
    await on_zone_events(session, world.tenant_id, recorded, datetime.now(UTC))
    assert await rows(session, "SELECT status, body FROM message") == [("queued", "Mall")]


async def test_a_transition_beside_a_position_of_the_same_second(client: httpx.AsyncClient, session: Session) -> None:
    """OwnTracks sends both; neither hides the other, in any order, and each sent again is known."""
    world = await make_world(session)
    zone_id = await make_zone(session, world, LARGE)
    for first in ("position", "transition"):
        phone = await make_phone(session, world)
        at = ago(100).replace(microsecond=0)
        both = [ping(at, 230, accuracy_m=150, level=None), crossing(at, zone_id, "enter")]
        for body in both if first == "position" else reversed(both):
            assert (await send(client, phone, body))["accepted"] == 1
        again = await send(client, phone, *both)
        assert (again["accepted"], again["duplicates"]) == (0, 2)
        assert await rows(session, "SELECT reason FROM zone_event WHERE device_id = :d", d=phone.id) == [
            ("phone_enter",)
        ]


async def test_an_unknown_circle_is_noted_and_its_position_taken(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(session, world, square(half=20))
    await make_zone(session, world, square(half=20), sensitivity="health", name="Sensitive")
    ((sensitive,),) = await rows(session, "SELECT zone_id FROM zone_version WHERE sensitivity = 'health'")
    phone = await make_phone(session, world)
    odd = [
        ping(ago(s), 0, transition={"zone_id": str(id_), "kind": "enter"})
        for s, id_ in ((30, uuid4()), (20, "nonsense"), (10, sensitive))
    ]
    answer = await send(client, phone, *odd)
    assert (answer["accepted"], answer["rejected"]) == (3, [])
    assert await rows(session, "SELECT reason FROM ping_rejection") == [("unknown_zone",)] * 3
    assert await rows(session, "SELECT zone_id FROM zone_occupant") == [(zone_id,)]


async def test_without_a_position(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    zone_id = await make_zone(session, world, LARGE)
    phone = await make_phone(session, world)

    def bare(seconds: float, kind: str) -> dict[str, Any]:
        return {"at": ago(seconds).isoformat(), "transition": {"zone_id": str(zone_id), "kind": kind}}

    assert (await send(client, phone, bare(50, "enter")))["accepted"] == 1, "it is in the circle, wherever that is"
    assert await zone_events(session, world) == [("zone.entered", "phone_enter")]
    assert await rows(session, "SELECT source FROM ping") == [("region",)]
    refused = await send(client, phone, bare(20, "exit"))
    assert refused["rejected"] == [{"index": 0, "reason": "no_position"}], "where it went, it must say"


@pytest.mark.parametrize("kind", ["enter", "exit", "dwell"])
async def test_no_consent_no_transition(client: httpx.AsyncClient, session: Session, kind: str) -> None:
    world = await make_world(session)
    zone_id = await make_zone(session, world, LARGE)
    phone = await make_phone(session, world, location="denied")
    answer = await send(client, phone, crossing(ago(10), zone_id, kind))
    assert answer["rejected"] == [{"index": 0, "reason": "no_location_consent"}]
    assert await rows(session, "SELECT FROM device_state") == []
