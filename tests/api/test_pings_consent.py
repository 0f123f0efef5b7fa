"""No consent, no coordinates: neither in a table nor in a log. Withdrawal ends visits and deletes positions."""

import struct
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from geoengage.app import create_app
from geoengage.kit.db import Session, Sessions, make_sessions
from geoengage.kit.settings import Settings
from geoengage.presence.service import IndexCache
from geoengage.wiring import reactions
from geoengage.worker import fire_timers_once, react_once
from tests.factories import World, make_world
from tests.places import ago, lonlat, make_zone, rows, square

SPOT = lonlat(1.2345, 6.7891)


@pytest.fixture
def sessions_here(committed: AsyncEngine) -> Sessions:
    """Sessions whose commits are real."""
    return make_sessions(committed)


@pytest.fixture
async def session(sessions_here: Sessions) -> AsyncIterator[Session]:
    """One of them, open."""
    async with sessions_here() as opened:
        yield opened
        await opened.commit()


@pytest.fixture
def app(routed: FastAPI, settings: Settings, sessions_here: Sessions) -> FastAPI:
    """The application on the database of this test alone."""
    routed.state = create_app(settings, "postgresql+psycopg://unused").state
    routed.state.sessions = sessions_here
    return routed


async def traces(session: Session, *coordinates: float) -> list[str]:
    """Tables in which a row holds one of the numbers: as text, or as the bytes of a geometry."""
    tables = await rows(
        session,
        "SELECT c.oid::regclass::text FROM pg_class c"
        " WHERE c.relkind = 'r' AND relnamespace = 'public'::regnamespace AND NOT relispartition"
        " UNION ALL SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'p'",
    )
    patterns = [f"{number:.5f}"[:-1] for number in coordinates]
    patterns += [struct.pack("<d", number).hex().upper() for number in coordinates]
    found = []
    for (table,) in tables:
        content = await rows(session, f"SELECT r::text FROM {table} r")  # noqa: S608 - names of the catalogue
        if any(pattern in line for (line,) in content for pattern in patterns):
            found.append(table)
    return found


async def register(client: httpx.AsyncClient, world: World, **consents: str) -> dict[str, str]:
    body = {"platform": "android", "consents": consents}
    answer = await client.post("/v1/devices", json=body, headers=world.pk_headers)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['device_token']}"}


async def state_consent(client: httpx.AsyncClient, headers: dict[str, str], status: str) -> None:
    body = {"location": status, "text_version": "v1", "source": "settings"}
    answer = await client.put("/v1/devices/me/consents", json=body, headers=headers)
    assert answer.status_code == 200, answer.text


def body(seconds: float, **over: Any) -> dict[str, Any]:
    return {"at": ago(seconds).isoformat(), "lon": SPOT[0], "lat": SPOT[1], "accuracy_m": 5} | over


async def post(client: httpx.AsyncClient, headers: dict[str, str], *pings: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/v1/pings", json={"pings": list(pings)}, headers=headers)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


@pytest.mark.parametrize("status", [None, "denied"])
async def test_without_consent_no_coordinate_is_kept_or_logged(
    client: httpx.AsyncClient,
    session: Session,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    status: str | None,
) -> None:
    world = await make_world(session)
    await make_zone(session, world, square())
    headers = await register(client, world, **({"location": status} if status else {}))
    answer = await post(client, headers, *(body(s) for s in (30, 20, 10)), body(5, lon="not a number"))
    reasons = [r["reason"].partition(":")[0] for r in answer["rejected"]]
    assert reasons == ["no_location_consent"] * 3 + ["invalid"]
    await client.get("/v1/geofences/nearby", params={"lon": SPOT[0], "lat": SPOT[1]}, headers=headers)
    assert await traces(session, *SPOT) == []
    assert await rows(session, "SELECT reason, count(*) FROM ping_rejection GROUP BY 1") == [("no_location_consent", 3)]
    assert await rows(session, "SELECT FROM device_state") == await rows(session, "SELECT FROM zone_event") == []
    logged = "".join(capfd.readouterr()) + caplog.text
    assert "/v1/geofences/nearby" in logged, "the log is being looked at"
    assert not [number for number in SPOT if f"{number:.4f}" in logged]


async def test_after_granting_the_next_ping_counts(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    shop = await make_zone(session, world, square())
    headers = await register(client, world)
    before = body(30)
    assert (await post(client, headers, before))["accepted"] == 0
    await state_consent(client, headers, "granted")
    assert await post(client, headers, body(10)) == {"accepted": 1, "duplicates": 0, "rejected": []}
    assert await rows(session, "SELECT zone_id, exited_at FROM visit") == [(shop, None)]
    assert await traces(session, *SPOT), "the search finds what is there"


async def test_withdrawal_ends_visits_and_deletes_positions(
    client: httpx.AsyncClient, session: Session, sessions_here: Sessions
) -> None:
    world = await make_world(session)
    await make_zone(session, world, square(), rules={"dwell_s": [600]})
    await make_zone(session, world, square(20), rules={"enter_s": 300})
    headers = await register(client, world, location="granted")
    other = await register(client, world, location="granted")
    for h in (headers, other):
        await post(client, h, body(60), body(30))
    await state_consent(client, headers, "denied")
    assert (await post(client, headers, body(5)))["accepted"] == 0, "at once, before anybody reacts"
    table = reactions(IndexCache())
    while await react_once(sessions_here, table):
        pass
    visits = await rows(session, "SELECT exit_reason, count(DISTINCT device_id) FROM visit GROUP BY 1 ORDER BY 1")
    assert visits == [("consent_withdrawn", 1), (None, 1)]
    left = await rows(
        session,
        "SELECT count(DISTINCT p.device_id), count(DISTINCT s.device_id), count(DISTINCT t.device_id),"
        " count(DISTINCT o.device_id) FROM ping p, device_state s, timer t, zone_occupant o",
    )
    assert left == [(1, 1, 1, 1)], "of the other device"
    told = await rows(session, "SELECT payload->>'reason' FROM ledger WHERE type = 'zone.exited'")
    assert told == [("consent_withdrawn",)] * 2
    await state_consent(client, other, "denied")
    while await react_once(sessions_here, table):
        pass
    assert await traces(session, *SPOT) == []


async def test_a_timer_that_comes_before_the_reaction_tells_nothing(
    client: httpx.AsyncClient, session: Session, sessions_here: Sessions
) -> None:
    world = await make_world(session)
    await make_zone(session, world, square(), rules={"enter_s": 5})
    headers = await register(client, world, location="granted")
    await post(client, headers, body(15, lon=lonlat(19, 0)[0], lat=lonlat(19, 0)[1]))
    assert len(await rows(session, "SELECT FROM timer")) == 1
    await state_consent(client, headers, "denied")
    assert await fire_timers_once(sessions_here, IndexCache()) == 1
    assert await rows(session, "SELECT FROM zone_event") == await rows(session, "SELECT FROM timer") == []
    assert await rows(session, "SELECT FROM ping") == await rows(session, "SELECT FROM device_state") == []


async def test_granted_again_before_the_reaction_keeps_everything(
    client: httpx.AsyncClient, session: Session, sessions_here: Sessions
) -> None:
    world = await make_world(session)
    await make_zone(session, world, square())
    headers = await register(client, world, location="granted")
    await post(client, headers, body(30))
    await state_consent(client, headers, "denied")
    await state_consent(client, headers, "granted")
    await react_once(sessions_here, reactions(IndexCache()))
    assert await rows(session, "SELECT exit_reason FROM visit") == [(None,)]
    assert len(await rows(session, "SELECT FROM ping")) == 1
