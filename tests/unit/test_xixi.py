"""A real mall and real phones (../shared/data): the surveyed walks without noise, phones' own accuracies, and a small
sample of `tests/bench/accuracy` that guards its figures."""

import csv
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
import shapely

from geoengage.kit.geo import Frame
from geoengage.kit.ids import derived_id
from geoengage.presence.index import ZoneIndex
from geoengage.presence.rules.fixes import PingIn
from geoengage.presence.rules.state import Fix
from geoengage.reports.replay import replay
from geoengage.venues.rules import PublishedZone, ZoneRules
from tests.bench.accuracy.contenders import ours, plain, usable
from tests.bench.accuracy.mall import DATA, FRAME, beacons, make_index, plans, surveyed, zones
from tests.bench.accuracy.people import Ears, pings, shoppers, surveyors
from tests.bench.accuracy.score import Score, score

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data")
TRACKS = DATA.parent / "phone_tracks"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EXACT = ZoneRules(enter_s=0, exit_s=0, exit_tolerance_m=0.0, single_fix=True)


def exact_fixes(*, with_floors: bool) -> dict[UUID, list[Fix]]:
    """The surveyed positions as they are, one device a walk."""
    found = {}
    for key, rows in surveyed().items():
        fixes = []
        for t, x, y, level in rows:
            at = datetime.fromtimestamp(t, UTC)
            lon, lat = FRAME.to_lonlat(x, y)
            fixes.append(Fix(at, at, float(lon), float(lat), 0.5, level if with_floors else None, 1.0, "gnss"))
        found[derived_id(key)] = fixes
    return found


def entered(index: ZoneIndex, streams: dict[UUID, list[Fix]]) -> set[tuple[UUID, UUID]]:
    until = max(f[-1].at for f in streams.values()) + timedelta(hours=1)
    done = replay(index, streams, until)
    return {(device, t.zone_id) for device, d in done.items() for t in d.transitions if t.kind == "entered"}


def test_without_noise_exactly_what_geometry_gives(capsys: pytest.CaptureFixture[str]) -> None:
    index = make_index(rules=EXACT)
    streams = exact_fixes(with_floors=True)
    pairs, positions, blind = set(), 0, 0
    stores = {level: (plan.stores, shapely.STRtree([s.area for s in plan.stores])) for level, plan in plans().items()}
    for key, rows in surveyed().items():
        for _, x, y, level in rows:
            spot = shapely.Point(x, y)
            here = [stores[level][0][n] for n in stores[level][1].query(spot, predicate="covered_by")]
            pairs |= {(derived_id(key), derived_id(s.key)) for s in here}
            positions += bool(here)
            blind += any(len(tree.query(spot, predicate="covered_by")) for _, tree in stores.values())
    assert (len(pairs), positions, blind) == (15, 21, 2553), "what the data's README says"
    assert entered(index, streams) == pairs
    without = entered(index, exact_fixes(with_floors=False))
    with capsys.disabled():
        print(  # noqa: T201
            f"\nsurveyed walks without noise: {len(pairs)} pairs of walk and store; with the floors removed"
            f" {len(without)} (a phone that never names a floor is taken to be on the ground floor)"
        )


def read_track(name: str) -> list[PingIn]:
    """A recorded phone, in order of time, moved to 2026 so that nothing is too old."""
    with (TRACKS / f"{name}_trajectory.csv").open() as lines:
        rows = [
            (datetime.fromisoformat(r["tracked_at"][:26].replace("Z", "+00:00")), r)
            for r in csv.DictReader(lines, delimiter=";")
        ]
    rows = sorted(
        {row[0].replace(tzinfo=UTC): row for row in rows}.values(), key=lambda row: row[0].replace(tzinfo=UTC)
    )
    first = rows[0][0].replace(tzinfo=UTC)
    return [
        PingIn(
            at=NOON + (at.replace(tzinfo=UTC) - first), lon=float(r["longitude"]), lat=float(r["latitude"]),
            accuracy_m=float(r["accuracy"]),
        )
        for at, r in rows
    ]  # fmt: skip


def drawn_on(track: list[PingIn], radius_m: float, every: int) -> ZoneIndex:
    """Round zones along a track."""
    found = []
    for number, ping in enumerate(track[::every]):
        assert ping.lon is not None
        assert ping.lat is not None
        frame = Frame(ping.lon, ping.lat)
        area = frame.geometry_to_lonlat(shapely.Point(0, 0).buffer(radius_m))
        found.append(
            PublishedZone(
                zone_id=derived_id("track", str(number)),
                version=1,
                name=str(number),
                kind="outdoor",  # type: ignore[arg-type]
                mall_id=None,
                store_id=None,
                levels=frozenset(),
                geometry=shapely.MultiPolygon([area]),
                center=None,
                radius_m=None,
                sensitivity="none",
                rules=ZoneRules(enter_s=30),
                schedule=None,
                timezone="UTC",
                effective_from=NOON - timedelta(days=1),
            )
        )
    return ZoneIndex(1, found, [])


@pytest.mark.parametrize("name", ["google", "posmo", "gpsies"])
@pytest.mark.parametrize("radius_m", [15.0, 50.0, 150.0])
def test_no_vague_fix_of_a_real_phone_opens_anything(name: str, radius_m: float) -> None:
    """The tracks say up to a kilometre of themselves."""
    track = read_track(name)
    index = drawn_on(track, radius_m, every=max(1, len(track) // 60))
    fixes = usable(index, track)
    device = UUID(int=1)
    done = replay(index, {device: fixes}, fixes[-1].at + timedelta(hours=5))[device]
    by_time = {f.at: f for f in fixes}
    opened = [t for t in done.transitions if t.kind == "entered"]
    assert opened or radius_m < 50, "a track through the middle of zones enters some of them"
    for t in opened:
        cause = by_time[t.since if t.reason == "confirmed_by_time" else t.at]
        assert cause.accuracy_m <= 100, f"{cause.accuracy_m:.0f} m opened a zone of {radius_m:.0f} m"


# --- a sample of the benchmark, with wide margins: what the engine reaches, not yet its goals ------------------------

LEVELS, VISITS, SEED = (0, 2), 40, 77


def walked(*, with_beacons: bool, sigma_m: float) -> tuple[Score, Score, Score, Score]:
    """(ours, plain) of a few shoppers and of every fourth surveyor."""
    heard = beacons() if with_beacons else ()
    index, ears = make_index(heard), Ears(heard) if heard else None
    levels = {str(z.zone_id): min(z.levels) for z in zones()}
    found = []
    for people in (shoppers(LEVELS, VISITS, SEED), surveyors()[::4]):
        streams = {p.key: pings(p, sigma_m, 10.0, ears, SEED) for p in people}
        found += [score(people, contender(index, streams), levels) for contender in (ours, plain)]
    return found[0], found[1], found[2], found[3]


def test_a_sample_by_position_alone() -> None:
    went, naive, passed, naively = walked(with_beacons=False, sigma_m=3.0)
    assert went.visits >= VISITS
    assert went.missed <= 0.25 * went.visits
    assert went.false <= 0.2 * naive.false
    assert passed.false <= 0.15 * naively.false


def test_a_sample_with_beacons() -> None:
    went, naive, passed, naively = walked(with_beacons=True, sigma_m=15.0)
    assert went.missed <= 0.15 * went.visits
    assert went.false <= min(0.02 * naive.false, 0.1 * went.visits)
    assert passed.false <= 0.15 * naively.false
    assert went.repeats <= 0.1 * went.visits


def test_the_same_seeds_give_the_same_pings() -> None:
    person = surveyors()[0]
    once, again = (pings(person, 8.0, 5.0, None, SEED) for _ in range(2))
    assert once == again
    errors = [np.hypot(*(np.array(FRAME.to_metres(p.lon, p.lat)) - person.walk.points[0][1:3])) for p in once[:1]]
    assert errors[0] < 100
