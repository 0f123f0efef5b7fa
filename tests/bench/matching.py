"""Matching alone, in memory: beside a bare STRtree query of the same points, from 500 to 500,000 zones; its memory."""

import gc
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import shapely

from geoengage.kit.geo import METRES_PER_DEG
from geoengage.presence.index import ZoneIndex
from geoengage.venues.rules import PublishedZone, Sensitivity, ZoneKind, ZoneRules
from tests.bench.cpu import memory_mb
from tests.bench.world import LAT, LON

POINTS, GROUP, ROUNDS = 100_000, 2_000, 7
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Matched:
    """Microseconds of CPU a point, ours and bare, the median of the rounds' ratio bare / ours; what the index cost."""

    zones: int
    ours_us: float
    bare_us: float
    ratio: float
    build_s: float
    mb: float


def make_zones(count: int, grid_m: float, zone_m: float) -> list[PublishedZone]:
    """Square zones on a grid, as in `world.make_bench`."""
    side = int(np.ceil(np.sqrt(count)))
    per_lon = METRES_PER_DEG * np.cos(np.radians(LAT))
    n = np.arange(count)
    west, south = LON + (n % side) * grid_m / per_lon, LAT + (n // side) * grid_m / METRES_PER_DEG
    boxes = shapely.box(west, south, west + zone_m / per_lon, south + zone_m / METRES_PER_DEG)
    rules = ZoneRules.of({}, outdoor=True)
    return [
        PublishedZone(
            zone_id=UUID(int=number + 1), version=1, name="zone", kind=ZoneKind("other"), mall_id=None, store_id=None,
            levels=frozenset(), geometry=box, center=None, radius_m=None, sensitivity=Sensitivity("none"), rules=rules,
            schedule=None, timezone="Europe/Zurich", effective_from=SINCE,
        )
        for number, box in enumerate(shapely.multipolygons(boxes[:, None]))
    ]  # fmt: skip


def measure(count: int, grid_m: float, zone_m: float) -> Matched:
    """Match the points of many devices in groups, as the ping path does, and the same points with a bare tree."""
    zones = make_zones(count, grid_m, zone_m)
    gc.collect()
    before, began = memory_mb(os.getpid()), time.process_time()
    index = ZoneIndex(1, zones, [])
    built, grown = time.process_time() - began, memory_mb(os.getpid()) - before
    rng = np.random.default_rng(2)
    extent = grid_m * np.ceil(np.sqrt(count))
    lon = LON + rng.uniform(0, extent, POINTS) / (METRES_PER_DEG * np.cos(np.radians(LAT)))
    lat = LAT + rng.uniform(0, extent, POINTS) / METRES_PER_DEG
    reach = np.full(GROUP, 8.0 + index.largest_tolerance_m)
    tree = shapely.STRtree([z.geometry for z in zones])
    ours, bare = [], []
    for _ in range(ROUNDS):
        began = time.process_time()
        for i in range(0, POINTS, GROUP):
            index.near(lon[i : i + GROUP], lat[i : i + GROUP], reach)
        middle = time.process_time()
        for i in range(0, POINTS, GROUP):
            tree.query(shapely.points(lon[i : i + GROUP], lat[i : i + GROUP]), predicate="intersects")
        ended = time.process_time()
        ours.append((middle - began) / POINTS * 1e6)
        bare.append((ended - middle) / POINTS * 1e6)
    ratio = float(np.median(np.array(bare) / np.array(ours)))
    return Matched(count, float(np.median(ours)), float(np.median(bare)), ratio, built, grown)
