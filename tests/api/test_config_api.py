"""GET /v1/config: the mode follows the phone from far away to the door, and stops with the consent."""

from datetime import UTC, datetime
from typing import Any

import httpx

from geoengage.kit.db import Session
from tests.api.test_devices_api import register
from tests.factories import make_world
from tests.places import FRAME, make_zone, square

MEMBERS = {"ping_interval_s", "batch_max", "geofence_refresh_m", "location_allowed"}  # of before


async def config(client: httpx.AsyncClient, headers: dict[str, str]) -> dict[str, Any]:
    answer = await client.get("/v1/config", headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert set(found) >= MEMBERS
    return found


async def test_from_far_away_to_the_door_and_out(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session, reject_mocked=False)
    headers = await register(client, world, consents={"location": "granted"}, permission="always")
    assert (await config(client, headers))["reason"] == "no_zones"
    await make_zone(session, world, square())
    await session.commit()
    assert (await config(client, headers))["reason"] == "no_position"
    lon, lat = FRAME.lon, FRAME.lat
    for metres, mode in ((100_000, "far_away"), (2_000, "efficient"), (0, "responsive")):
        ping = {"at": datetime.now(UTC).isoformat(), "lon": lon, "lat": lat + metres / 111_195, "accuracy_m": 500}
        answer = await client.post("/v1/pings", json={"pings": [ping]}, headers=headers)
        assert answer.json()["accepted"] == 1, answer.text
        found = await config(client, headers)
        assert (found["mode"], found["send_pings"]) == (mode, mode != "far_away"), found
    assert (found["batch_max"], found["monitor_regions"], found["location_allowed"]) == (1000, True, True)
    denied = {"location": "denied", "text_version": "1", "source": "settings"}
    await client.put("/v1/devices/me/consents", json=denied, headers=headers)
    found = await config(client, headers)
    assert (found["mode"], found["reason"], found["location_allowed"]) == ("far_away", "no_location_consent", False)


async def test_permission_counts(client: httpx.AsyncClient, session: Session) -> None:
    world = await make_world(session)
    await make_zone(session, world, square())
    await session.commit()
    headers = await register(client, world, consents={"location": "granted"}, permission="while_in_use")
    assert (await config(client, headers))["monitor_regions"] is False
    await client.patch("/v1/devices/me", json={"permission": "denied"}, headers=headers)
    assert (await config(client, headers))["reason"] == "permission_denied"
