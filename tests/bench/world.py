"""A tenant with many zones and consenting devices, and the pings that they send."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.geo import METRES_PER_DEG
from geoengage.kit.ids import new_id
from geoengage.tenancy.auth import make_device_token
from geoengage.tenancy.rules import Principal, PrincipalKind
from tests.factories import World, make_world

LON, LAT = 8.5, 47.3
# One square zone in each cell of a grid; a fifth of all places then lie within 30 m of a zone.
GRID_M, ZONE_M = 215.0, 40.0


@dataclass(frozen=True)
class Bench:
    """What the measurements need to know."""

    world: World
    devices: list[UUID]
    tokens: list[str]
    side_m: float


async def make_bench(session: Session, key: str, *, zones: int, devices: int) -> Bench:
    """Fill an empty database. Zones lie outdoors on a grid."""
    world = await make_world(session)
    side = int(np.ceil(np.sqrt(zones)))
    per_lon = METRES_PER_DEG * np.cos(np.radians(LAT))
    await session.execute(
        text(
            "INSERT INTO zone (tenant_id, id, version, published_version, published_at)"
            " SELECT :t, gen_random_uuid(), 1, 1, now() FROM generate_series(1, :n)"
        ),
        {"t": world.tenant_id, "n": zones},
    )
    await session.execute(
        text(
            "INSERT INTO zone_version (tenant_id, zone_id, version, name, kind, levels, geom, tags, sensitivity, rules,"
            " metadata, effective_from) SELECT tenant_id, id, 1, 'zone', 'other', '{}', ST_Multi(ST_MakeEnvelope("
            " :lon + (i % :side) * :dx, :lat + (i / :side) * :dy,"
            " :lon + (i % :side) * :dx + :w, :lat + (i / :side) * :dy + :h, 4326)), '{}', 'none', '{}', '{}',"
            " now() - interval '8 days' FROM (SELECT *, (row_number() OVER ())::int - 1 AS i FROM zone) z"
        ),
        {
            "lon": LON,
            "lat": LAT,
            "side": side,
            "dx": GRID_M / per_lon,
            "dy": GRID_M / METRES_PER_DEG,
            "w": ZONE_M / per_lon,
            "h": ZONE_M / METRES_PER_DEG,
        },
    )
    ids = [new_id() for _ in range(devices)]
    await session.execute(
        text(
            "INSERT INTO device (tenant_id, id, app_id, platform, location)"
            " SELECT :t, unnest(CAST(:ids AS uuid[])), :app, 'android', 'granted'"
        ),
        {"t": world.tenant_id, "ids": ids, "app": world.app_id},
    )
    await session.execute(text("INSERT INTO venue_epoch (tenant_id, n) VALUES (:t, 1)"), {"t": world.tenant_id})
    await session.commit()
    device = [Principal(tenant_id=world.tenant_id, id=i, kind=PrincipalKind.DEVICE, token_version=1) for i in ids]
    return Bench(world, ids, [make_device_token(key, p) for p in device], GRID_M * side)


class Walkers:
    """Devices that walk at 1.2 m/s from random places, a ping every `interval_s` of their own time.

    None: live, each ping of the moment at which it is made. A worker lets the timers of all who tell of the past run
    out, and their next pings would be late.
    """

    def __init__(self, bench: Bench, seed: int = 1, interval_s: float | None = None) -> None:
        rng = np.random.default_rng(seed)
        n = len(bench.devices)
        self._x, self._y = rng.uniform(0, bench.side_m, (2, n))
        turn = rng.uniform(0, 2 * np.pi, n)
        self._dx, self._dy = 1.2 * np.cos(turn), 1.2 * np.sin(turn)  # m/s
        # Time starts in the past, so that no measurement runs ahead of the clock; within the hour, as live pings are.
        now = datetime.now(UTC).timestamp()
        self._t = np.full(n, now if interval_s is None else float(int(now) - 3_300))
        self._interval_s = interval_s
        self._per_lon = METRES_PER_DEG * np.cos(np.radians(LAT))

    def ping(self, device: int) -> str:
        """The device's next position, the inside of a JSON object."""
        before = self._t[device]
        t = self._t[device] = time.time() if self._interval_s is None else before + self._interval_s
        self._x[device] += self._dx[device] * (t - before)
        self._y[device] += self._dy[device] * (t - before)
        lon, lat = LON + self._x[device] / self._per_lon, LAT + self._y[device] / METRES_PER_DEG
        fraction = f"{t % 1:.6f}"[1:] if self._interval_s is None else ""
        at = time.strftime(f"%Y-%m-%dT%H:%M:%S{fraction}Z", time.gmtime(t))
        return f'"at":"{at}","lon":{lon:.7f},"lat":{lat:.7f},"accuracy_m":8.0'

    def body(self, device: int, count: int) -> bytes:
        """A request of one device."""
        return ('{"pings":[{' + "},{".join(self.ping(device) for _ in range(count)) + "}]}").encode()

    def mixed_body(self, devices: list[int], ids: list[UUID]) -> bytes:
        """A server's request: one ping of each device."""
        pings = (f'{self.ping(d)},"device_id":"{ids[d]}"' for d in devices)
        return ('{"pings":[{' + "},{".join(pings) + "}]}").encode()
