"""Ordinary pings go in columns, all others one by one: both ways end in exactly the same.

An access point that nobody knows changes nothing about a position, but takes its ping the slow way.
"""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, undone
from geoengage.presence.rules.fixes import PingIn
from geoengage.presence.rules.heard import HeardAccessPoint
from geoengage.presence.rules.records import fixes_of, runs_of, stored
from geoengage.presence.rules.state import Fix, Said, by_time
from geoengage.presence.service import Batch, IndexCache, record_group
from tests.factories import World, make_world
from tests.places import lonlat, make_mall, make_phone, make_zone, square

NOBODYS = [HeardAccessPoint(bssid="02:00:00:00:00:01")]
RULES: tuple[dict[str, Any], ...] = (
    {}, {"single_fix": True}, {"dwell_s": [30, 120]}, {"exit_s": 0, "enter_s": 0}, {"timeout_s": 60}
)  # fmt: skip
TABLES = (
    "device_state", "ping", "visit", "zone_event", "timer", "zone_occupant", "checkpoint", "ping_rejection", "ledger"
)  # fmt: skip


class Walker:
    """A device that walks, stands, jumps, and says now less and now more."""

    def __init__(self, rng: random.Random, device_id: UUID, at: datetime) -> None:
        self.rng, self.device_id, self.at = rng, device_id, at
        self.x, self.y = self.goal = rng.uniform(-80, 80), rng.uniform(-50, 40)
        self.source = rng.choice(("gnss", "wifi"))

    def ping(self) -> PingIn:
        rng = self.rng
        self.at += timedelta(seconds=rng.choice((1, 5, 10, 10, 30, 90)), microseconds=rng.choice((0, 0, 123_457)))
        if rng.random() < 0.15:
            self.goal = rng.uniform(-80, 80), rng.uniform(-50, 40)
        step = 60_000 if rng.random() < 0.01 else rng.uniform(0, 6)
        self.x += 0.4 * (self.goal[0] - self.x) + rng.uniform(-step, step)
        self.y += 0.4 * (self.goal[1] - self.y) + rng.uniform(-step, step)
        lon, lat = lonlat(self.x, self.y)
        if rng.random() < 0.1:
            self.source = rng.choice(("gnss", "wifi", "fused"))
        at = self.at - timedelta(hours=1) if rng.random() < 0.01 else self.at  # late
        return PingIn(
            at=at, lon=lon, lat=lat, accuracy_m=rng.choice((None, 3.3333, 3.3333, 8.0, 25.0, 150.0)),
            level=rng.choice((None, None, 0, 1)), speed_mps=rng.choice((None, 1.23456)), source=self.source,
            device_id=str(self.device_id), mocked=rng.random() < 0.01,
        )  # fmt: skip


async def make_shops(session: Session, world: World) -> None:
    """Eight zones of different rules, one of them outdoors; the mall has a lift."""
    mall_id = await make_mall(session, world)
    for n in range(8):
        where = square(-60 + 40 * (n % 4), -25 + 45 * (n // 4), 14)
        await make_zone(session, world, where, mall_id=None if n == 7 else mall_id, rules=RULES[n % len(RULES)])


def one_by_one(batch: Batch) -> Batch:
    """The same pings, none of which is ordinary."""
    return replace(
        batch, pings=[(n, msgspec.structs.replace(p, access_points=NOBODYS)) for n, p in batch.pings], refused=[]
    )


def batches_of(rng: random.Random, walkers: list[Walker], now: datetime) -> list[Batch]:
    """Requests of one group: some of a device, some of a server for many."""
    found = []
    for walker in rng.sample(walkers, rng.randint(1, len(walkers))):
        pings = [walker.ping() for _ in range(rng.choice((1, 1, 3, 12, 40)))]
        sent_at = rng.choice((None, None, None, now - timedelta(seconds=90)))
        found.append(Batch(walker.device_id, 1, sent_at, now, list(enumerate(pings))))
    for_many = [w.ping() for w in walkers if rng.random() < 0.5]
    return [*found, Batch(None, None, None, now, list(enumerate(for_many)))] if rng.random() < 0.5 else found


async def recorded(session: Session, world: World, groups: list[list[Batch]], now: datetime) -> tuple[Any, Any]:
    """Answers and all that is in the database, after which nothing is left of it."""
    async with undone(session):
        indexes = IndexCache()
        for group in groups:
            await record_group(session, world.tenant_id, group, indexes, now)
        answers = [(b.accepted, b.duplicates, sorted(b.refused)) for group in groups for b in group]
        tables = {}
        for name in TABLES:
            found = await session.execute(text(f"SELECT to_jsonb(t) - 'n' FROM {name} t"))  # noqa: S608 - the list above
            tables[name] = sorted((row[0] for row in found), key=str)
    for row in tables["ping"]:
        for run in ("run_from", "run_at", "run_until"):
            del row[run]
    for row in tables["ledger"]:
        del row["position"]  # devices may come in another order
    return answers, tables


@pytest.mark.parametrize("seed", range(8))
async def test_columns_end_in_the_same_as_one_by_one(session: Session, seed: int) -> None:
    rng, now = random.Random(seed), utc_now()
    world = await make_world(session, reject_mocked=True)
    await make_shops(session, world)
    walkers = [
        Walker(rng, (await make_phone(session, world)).id, now - timedelta(minutes=rng.choice((30, 50, 300))))
        for _ in range(8)
    ]
    groups = [batches_of(rng, walkers, now) for _ in range(6)]
    one = await recorded(session, world, [[one_by_one(b) for b in group] for group in groups], now)
    together = await recorded(session, world, groups, now)
    assert together[0] == one[0]
    for table in TABLES:
        assert together[1][table] == one[1][table], table
    assert len(one[1]["zone_event"]) > 5


_times = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda at: at.replace(fold=0)
)
_fixes = st.builds(
    lambda at, skew_s, lon, lat, m, level, trust, source, speed, left, bad: stored(
        Fix(
            at, at - timedelta(seconds=skew_s), lon, lat, m, level, trust, source, speed,
            None if left is None else Said(UUID(int=9), left), "impossible_speed" if bad else None,
        )
    ),
    _times, st.integers(-100, 100), st.floats(-180, 180), st.floats(-90, 90), st.floats(0.0001, 100_000),
    st.none() | st.integers(-100, 200), st.floats(0, 1), st.sampled_from(["gnss", "wifi"]),
    st.none() | st.integers(-10, 90_000).map(lambda mm: mm / 1000), st.none() | st.booleans(), st.booleans(),
)  # fmt: skip


@given(st.lists(_fixes, max_size=200, unique_by=by_time))
def test_what_is_stored_is_what_was_decided_on(fixes: list[Fix]) -> None:
    late = fixes[::3]
    runs = list(runs_of(UUID(int=1), fixes, late))
    found = [(fix, run.key.late) for run in runs for fix in fixes_of(run)]
    assert sorted(found, key=lambda f: by_time(f[0])) == [(f, f in late) for f in sorted(fixes, key=by_time)]
    assert all(run.last_us - run.first_us < 3_600_000_000 and len(run.fixes) <= 128 * 32 for run in runs)
