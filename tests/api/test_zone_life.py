"""What becomes of those inside when a zone is published, edited, taken down, opens, closes or expires: one event each.

Everything goes over HTTP; the worker's round is called with the moment at which it comes by.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text

from geoengage.kit.db import Session, Sessions, transaction
from geoengage.presence.service import IndexCache, fire_timers
from geoengage.wiring import reactions
from geoengage.worker import react_once
from tests.factories import World, make_world
from tests.places import Phone, ago, make_mall, make_phone, make_zone, on_earth, ping, rows, send, square, zone_events

INSIDE, BESIDE, FAR = 0.0, 35.0, 100.0
Work = Callable[..., Awaitable[None]]


@pytest.fixture
def work(sessions: Sessions) -> Work:
    """The worker's rounds until there is nothing left to do, `after` seconds from now."""

    async def run(world: World, after: float = 3.0) -> None:
        indexes = IndexCache()
        await react_once(sessions, reactions(indexes))
        for _ in range(20):
            async with transaction(sessions, world.tenant_id) as session:
                now = datetime.now(UTC) + timedelta(seconds=after)
                if not await fire_timers(session, world.tenant_id, indexes, now):
                    return
        raise AssertionError("the worker finds no end")

    return run


async def make_place(session: Session, **over: Any) -> tuple[World, UUID]:
    world = await make_world(session)
    mall_id = await make_mall(session, world)
    return world, await make_zone(session, world, square(), mall_id=mall_id, **over)


async def stand(client: httpx.AsyncClient, session: Session, world: World, *xs: float, age_s: float = 5) -> list[Phone]:
    """Phones that stand somewhere for ten seconds, one each."""
    phones = [await make_phone(session, world) for _ in xs]
    for phone, x in zip(phones, xs, strict=True):
        await send(client, phone, *(ping(ago(age_s + s), x) for s in (10, 5, 0)))
    return phones


async def edit(
    client: httpx.AsyncClient, world: World, zone_id: UUID, shape: BaseGeometry | None = None, **properties: Any
) -> None:
    """Edit a zone and publish it."""
    url = f"/v1/zones/{zone_id}"
    tag = (await client.get(url, headers=world.sk_headers)).headers["ETag"]
    body: dict[str, Any] = {"properties": properties}
    if shape is not None:
        body["geometry"] = shapely.geometry.mapping(on_earth(shape))
    answer = await client.patch(url, json=body, headers=world.sk_headers | {"If-Match": tag})
    assert answer.status_code == 200, answer.text
    assert (await client.post(f"{url}/publish", headers=world.sk_headers)).status_code == 200


async def told_of(session: Session, phone: Phone) -> list[tuple[Any, ...]]:
    return await rows(
        session, "SELECT kind, reason, zone_version FROM zone_event WHERE device_id = :d ORDER BY recorded_at, at, id",
        d=phone.id,
    )  # fmt: skip


async def effect(session: Session, zone_id: UUID, which: str) -> datetime:
    query = "SELECT max(effective_from) AS effective_from, max(effective_to) AS effective_to FROM zone_version"
    found = await session.execute(text(f"{query} WHERE zone_id = :z"), {"z": zone_id})
    return getattr(found.one(), which)  # type: ignore[no-any-return]


async def test_a_published_zone_takes_in_who_stands_in_it(
    client: httpx.AsyncClient, session: Session, work: Work
) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world)
    inside, outside, upstairs, gone = [await make_phone(session, world) for _ in range(4)]
    for phone, x, level, age_s in ((inside, 0, 0, 5), (outside, 60, 0, 5), (upstairs, 0, 1, 5), (gone, 0, 0, 1_000)):
        await send(client, phone, ping(ago(age_s), x, level=level))
    body = {
        "type": "Feature", "geometry": shapely.geometry.mapping(on_earth(square())),
        "properties": {"name": "New", "kind": "store", "mall_id": str(mall_id), "levels": [0]},
    }  # fmt: skip
    made = (await client.post("/v1/zones", json=body, headers=world.sk_headers)).json()
    assert (await client.post(f"/v1/zones/{made['id']}/publish", headers=world.sk_headers)).status_code == 200
    await work(world, after=0.0)
    assert await zone_events(session, world) == [], "not before every process has heard of it"
    await work(world)
    assert await rows(session, "SELECT device_id, kind, reason, late FROM zone_event") == [
        (inside.id, "entered", "zone_published", False)
    ]
    assert await rows(session, "SELECT entered_at FROM visit") == [
        (await effect(session, UUID(made["id"]), "effective_from"),)
    ]
    await work(world)
    assert len(await rows(session, "SELECT FROM zone_event")) == 1


async def test_an_edit_moves_some_out_and_some_in(client: httpx.AsyncClient, session: Session, work: Work) -> None:
    world, zone_id = await make_place(session)
    left, stays, comes, away = await stand(client, session, world, -12.0, 5.0, BESIDE, FAR)
    await edit(client, world, zone_id, shapely.box(-2, -20, 50, 20))
    await work(world)
    assert await told_of(session, left) == [("entered", "whole_disc", 1), ("exited", "zone_changed", 2)]
    assert await told_of(session, stays) == [("entered", "whole_disc", 1)]
    assert await told_of(session, comes) == [("entered", "zone_published", 2)]
    assert await told_of(session, away) == []
    at = await effect(session, zone_id, "effective_from")
    assert await rows(session, "SELECT exited_at FROM visit WHERE device_id = :d", d=left.id) == [(at,)]
    inside = {d for (d,) in await rows(session, "SELECT device_id FROM zone_occupant")}
    assert inside == {stays.id, comes.id}


@pytest.mark.parametrize("how", ["unpublish", "delete"])
async def test_a_zone_that_is_taken_down_lets_all_out(
    client: httpx.AsyncClient, session: Session, work: Work, how: str
) -> None:
    world, zone_id = await make_place(session)
    phones = await stand(client, session, world, INSIDE, 3.0, FAR)
    if how == "unpublish":
        answer = await client.post(f"/v1/zones/{zone_id}/unpublish", headers=world.sk_headers)
    else:
        tag = (await client.get(f"/v1/zones/{zone_id}", headers=world.sk_headers)).headers["ETag"]
        answer = await client.delete(f"/v1/zones/{zone_id}", headers=world.sk_headers | {"If-Match": tag})
    assert answer.status_code < 300, answer.text
    await work(world)
    await work(world)
    for phone in phones[:2]:
        assert await told_of(session, phone) == [("entered", "whole_disc", 1), ("exited", "zone_deleted", 1)]
    assert await told_of(session, phones[2]) == []
    at = await effect(session, zone_id, "effective_to")
    assert await rows(session, "SELECT DISTINCT exited_at FROM visit") == [(at,)]
    assert await rows(session, "SELECT FROM zone_occupant") == await rows(session, "SELECT FROM timer") == []


async def test_a_zone_comes_back_as_a_further_version(client: httpx.AsyncClient, session: Session, work: Work) -> None:
    world, zone_id = await make_place(session)
    (phone,) = await stand(client, session, world, INSIDE)
    await client.post(f"/v1/zones/{zone_id}/unpublish", headers=world.sk_headers)
    back = await client.post(f"/v1/zones/{zone_id}/publish", headers=world.sk_headers)
    assert back.json()["properties"]["published_version"] == 1, "at once: it was never gone"
    await work(world)
    assert await told_of(session, phone) == [("entered", "whole_disc", 1)]
    await client.post(f"/v1/zones/{zone_id}/unpublish", headers=world.sk_headers)
    await session.commit()
    ended = "UPDATE zone_version SET effective_to = now() - interval '1 second' WHERE zone_id = :z RETURNING 1"
    await rows(session, ended, z=zone_id)
    await session.commit()
    back = await client.post(f"/v1/zones/{zone_id}/publish", headers=world.sk_headers)
    assert back.json()["properties"]["published_version"] == 2
    assert (back.json()["properties"]["version"], back.headers["ETag"]) == (2, '"v2"')
    await work(world)
    assert await told_of(session, phone) == [
        ("entered", "whole_disc", 1), ("exited", "zone_deleted", 1), ("entered", "zone_published", 2)
    ]  # fmt: skip


# --- schedules ------------------------------------------------------------------------------------------------------


async def test_an_opening_takes_in_who_waits_inside(client: httpx.AsyncClient, session: Session, work: Work) -> None:
    opens = ago(60)
    world, _ = await make_place(session, schedule={"valid_from": opens.isoformat()}, rules={"timeout_s": 300})
    waits, leaves, beside = await stand(client, session, world, INSIDE, INSIDE, FAR, age_s=90)
    assert await zone_events(session, world) == [], "closed"
    assert await rows(session, "SELECT FROM zone_occupant") == []
    await send(client, leaves, ping(ago(80), FAR))
    await work(world, after=0.0)
    assert await told_of(session, waits) == [("entered", "schedule_opened", 1)]
    assert await told_of(session, leaves) == await told_of(session, beside) == []
    assert await rows(session, "SELECT entered_at FROM visit") == [(opens,)]


async def test_a_closing_lets_all_out_and_the_next_opening_in(
    client: httpx.AsyncClient, session: Session, work: Work
) -> None:
    closes = ago(60)
    world, zone_id = await make_place(session, schedule={"valid_to": closes.isoformat()})
    stays, leaves = await stand(client, session, world, INSIDE, INSIDE, age_s=90)
    await work(world, after=0.0)
    for phone in (stays, leaves):
        assert await told_of(session, phone) == [("entered", "whole_disc", 1), ("exited", "schedule_closed", 1)]
    assert await rows(session, "SELECT DISTINCT exited_at FROM visit") == [(closes,)]
    await send(client, stays, ping(ago(20), 1.0))
    await send(client, leaves, ping(ago(20), FAR))
    assert len(await rows(session, "SELECT FROM zone_event")) == 4
    await edit(client, world, zone_id, schedule=None)
    await work(world)
    assert (await told_of(session, stays))[2:] == [("entered", "schedule_opened", 2)]
    assert (await told_of(session, leaves))[2:] == []


async def test_an_edit_may_close_a_zone(client: httpx.AsyncClient, session: Session, work: Work) -> None:
    world, zone_id = await make_place(session)
    (phone,) = await stand(client, session, world, INSIDE)
    await edit(client, world, zone_id, schedule={"valid_to": ago(3_600).isoformat()})
    await work(world)
    await send(client, phone, ping(ago(0), 0))
    assert await told_of(session, phone) == [("entered", "whole_disc", 1), ("exited", "schedule_closed", 2)]


async def test_hours_over_midnight(client: httpx.AsyncClient, session: Session, work: Work) -> None:
    """A span that began yesterday evening ends a minute ago: on the wall clock of a place where it is night."""
    now = datetime.now(UTC)
    offset = (now.hour if now.hour <= 12 else now.hour - 24) or 0
    zone = ZoneInfo(f"Etc/GMT{offset:+d}")  # its sign is the other way round: it is past midnight there
    closes = ago(60).astimezone(zone).replace(second=0, microsecond=0)
    hours = [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "open": "22:00", "close": f"{closes:%H:%M}"}]
    world = await make_world(session, timezone=zone.key)
    await make_zone(session, world, square(), schedule={"hours": hours})
    age_s = (now - closes).total_seconds() + 5
    (phone,) = await stand(client, session, world, INSIDE, age_s=age_s)
    await work(world, after=0.0)
    assert await told_of(session, phone) == [("entered", "whole_disc", 1), ("exited", "schedule_closed", 1)]
    assert await rows(session, "SELECT exited_at FROM visit") == [(closes,)]
