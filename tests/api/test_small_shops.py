"""Shops of 6 by 8 m on two floors: GPS alone never enters one, beacons do, at the right floor; the map says so before.

Sixteen shops stand wall to wall along a corridor on each floor, a beacon in the middle of each. Shoppers walk as the
simulator lets them; their phones err by 8 m an axis (a slowly drifting bias), say so honestly (±12 m), name a floor
half of the time and a wrong one now and then, and hear beacons through bodies and walls. The walk is the truth.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pytest
from shapely.geometry import box, mapping

from geoengage.kit.db import Session
from geoengage.simulator.hearing import hear
from geoengage.simulator.phone import PhoneNoise, positions
from geoengage.simulator.run import beacon_of, ping_of
from geoengage.simulator.venue import Venue, read_venue
from geoengage.simulator.walk import Walk, plan_walk
from tests.factories import World, make_world
from tests.places import FRAME, ago, make_mall, make_phone, make_zone, rows

SHOPS, WIDTH_M, DEPTH_M, CORRIDOR_M = 16, 6.0, 8.0, 6.0
LEVELS = (0, 1)
LONG = WIDTH_M * SHOPS
PHONE = replace(PhoneNoise(), bias_sigma_m=8.0, accuracy_log_sigma=0.1, suspended_per_hour=0.0, offline_per_hour=0.0)
WALKS, INTERVAL_S = 24, 5.0
SHORTEST_S = 45.0  # who only looks in for less is asked of nobody
UUID_TEXT = "61686f726e686f668000626561636f6e"


def feature(shape: Any, **properties: Any) -> dict[str, Any]:
    return {"geometry": mapping(FRAME.geometry_to_lonlat(shape)), "properties": properties}


def shop_box(number: int) -> Any:
    return box(number * WIDTH_M, 0.0, (number + 1) * WIDTH_M, DEPTH_M)


def build_venue(points: list[dict[str, Any]]) -> Venue:
    """The mall as the simulator reads it."""
    mall = {"name": "Small shops", "origin": [FRAME.lon, FRAME.lat], "bearing_deg": FRAME.bearing_deg,
            "timezone": "Europe/Zurich"}  # fmt: skip
    levels = [feature(box(-4, -CORRIDOR_M, LONG + 4, DEPTH_M), ordinal=n) for n in LEVELS]
    units, stores = [], []
    for n in LEVELS:
        units.append(feature(box(0, -CORRIDOR_M, LONG, 0), level=n, category="corridor", external_id=f"corridor-{n}"))
        units.append(feature(box(LONG, -4, LONG + 3, -1), level=n, category="lift", external_id=f"lift-{n}"))
        for number in range(SHOPS):
            about = {"name": "Shop", "category": "gifts", "external_id": f"{n}-{number}"}
            stores.append(feature(shop_box(number), level=n, **about) | {"geometry": footprint(number)})
    units.append(feature(box(-4, -CORRIDOR_M, 0, 0), level=0, category="entrance", external_id="entrance"))
    return read_venue(mall, levels, units, stores, points)


def footprint(number: int) -> dict[str, Any]:
    result: dict[str, Any] = mapping(FRAME.geometry_to_lonlat(shop_box(number)))
    return result


def beacons() -> list[dict[str, Any]]:
    """A beacon in the middle of each shop."""
    return [
        {
            "type": "Feature",
            "geometry": mapping(FRAME.geometry_to_lonlat(shop_box(number).centroid)),
            "properties": {"kind": "beacon", "name": f"Beacon {level}-{number}", "level": level, "uuid": UUID_TEXT,
                           "major": level, "minor": number, "rssi_at_1m": -59},
        }
        for level in LEVELS
        for number in range(SHOPS)
    ]  # fmt: skip


@dataclass
class Figures:
    """What came of the walks."""

    visits: int = 0
    entered: int = 0
    elsewhere: int = 0  # entered while the person was in no such shop
    wrong_level: int = 0

    def __str__(self) -> str:
        return (
            f"{self.visits} visits of {SHORTEST_S:.0f} s and more: {self.entered} entered"
            f" ({self.entered / self.visits:.0%}); besides {self.elsewhere} entered next door, {self.wrong_level} on"
            " the wrong floor"
        )


async def walk_all(
    client: httpx.AsyncClient, session: Session, world: World, venue: Venue, zones: dict[UUID, str], *, hears: bool
) -> Figures:
    """Everybody walks; what the engine recorded is held against the truth."""
    figures = Figures()
    for number in range(WALKS):
        rng, ears = (np.random.default_rng([7, number, use]) for use in (1, 2))
        walk = plan_walk(venue, rng)
        phone = await make_phone(session, world)
        began = ago(walk.end_s + 100 + number)
        pings = []
        for fix in positions(walk, INTERVAL_S, PHONE, rng):
            truth = walk.at(fix.t_s)
            ping = ping_of(fix, began + timedelta(seconds=fix.t_s))
            if hears:
                ping["beacons"] = [beacon_of(h) for h in hear(venue.beacons, truth.x, truth.y, truth.level, ears)]
            pings.append(ping)
        for first in range(0, len(pings), 500):
            body = {"pings": pings[first : first + 500]}
            answer = await client.post("/v1/pings", json=body, headers=phone.headers)
            assert answer.status_code == 200, answer.text
        found = await rows(
            session, "SELECT zone_id, at FROM zone_event WHERE device_id = :d AND kind = 'entered'", d=phone.id
        )
        judge(figures, walk, began, [(zones[zone_id], at) for zone_id, at in found])
    return figures


def judge(figures: Figures, walk: Walk, began: datetime, entered: list[tuple[str, datetime]]) -> None:
    times = [(key, (at - began).total_seconds()) for key, at in entered]
    for visit in walk.visits:
        if visit.left_s - visit.entered_s >= SHORTEST_S:
            figures.visits += 1
            figures.entered += any(
                key == visit.place_id and visit.entered_s <= t <= visit.left_s + INTERVAL_S for key, t in times
            )
    for key, t in times:
        figures.elsewhere += not any(
            v.place_id == key and v.entered_s - INTERVAL_S <= t <= v.left_s + INTERVAL_S for v in walk.visits
        )
        figures.wrong_level += walk.at(t).level != int(key.partition("-")[0])


async def test_gps_alone_never_and_beacons_do(
    client: httpx.AsyncClient, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    world = await make_world(session)
    mall_id = await make_mall(session, world, levels=LEVELS)
    zones = {
        await make_zone(
            session, world, shop_box(n), mall_id=mall_id, levels=[level], name=f"{level}-{n}"
        ): f"{level}-{n}"
        for level in LEVELS
        for n in range(SHOPS)
    }

    async def said_before() -> Counter[str]:
        answers = [await client.get(f"/v1/zones/{id_}/evidence", headers=world.sk_headers) for id_ in zones]
        assert not any(answer.json()["gnss"]["reaches"] for answer in answers)
        return Counter(answer.json()["verdict"] for answer in answers)

    points = beacons()
    venue = build_venue(points)
    assert await said_before() == {"none": len(zones)}
    alone = await walk_all(client, session, world, venue, zones, hears=False)
    for point in points:
        body = point | {"properties": point["properties"] | {"mall_id": str(mall_id)}}
        assert (await client.post("/v1/evidence-points", json=body, headers=world.sk_headers)).status_code == 201
    assert await said_before() == {"beacon": len(zones)}
    heard = await walk_all(client, session, world, venue, zones, hears=True)
    with capsys.disabled():
        print(f"\nshops of 6 x 8 m, GPS alone: {alone}\nshops of 6 x 8 m, beacons:   {heard}")  # noqa: T201
    assert alone.visits == heard.visits > 50
    assert (alone.entered, alone.elsewhere) == (0, 0)
    assert heard.entered >= 0.95 * heard.visits
    assert heard.wrong_level <= 1
    # No walls are simulated, and people pass sixteen open shops at seven metres: some readings are taken for next door.
    # By the strongest beacon alone it was 35; all beacons stand in one line, which tells little across it.
    assert heard.elsewhere <= 0.25 * heard.visits
