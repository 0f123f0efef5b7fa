"""Who walks: simulated shoppers who really go in, and the surveyors, almost all of whom only pass. And their phones.

Truth and noise are as issue 5 says: a Gauss-Markov bias of 60 s, 1 m white noise, 2 % outliers of 50 m, the reported
accuracy the true 68 % radius times lognormal(0, 0.4), the floor missing in half of the reports and wrong in 3 %.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

import numpy as np
import shapely

from geoengage.kit.ids import derived_id
from geoengage.presence.rules.fixes import PingIn
from geoengage.presence.rules.heard import HeardBeacon
from geoengage.simulator import hearing
from geoengage.simulator.hearing import Beacon
from geoengage.simulator.phone import PhoneNoise, positions
from geoengage.simulator.route import NoWay
from geoengage.simulator.walk import Habits, KeyPoint, Visit, Walk, plan_walk
from tests.bench.accuracy.mall import plans, surveyed, venue

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
SHORTEST_S, LONGEST_S = 60.0, 2400.0  # a visit that counts when it is missed
MEDIAN_STAY_S, STAY_SPREAD = 300.0, 0.8
PASSED_M = 15.0  # from a shop, on its floor: who came so near and never went in has passed it
AUDIBLE = 24  # beacons nearest to a phone, of which it hears at most five


class Person(NamedTuple):
    """Somebody's true way; `walk.visits` are the true visits, by zone id."""

    key: str
    walk: Walk


def noise_of(sigma_m: float) -> PhoneNoise:
    """The issue's phone: `sigma_m` of the bias on each axis."""
    return replace(
        PhoneNoise(), bias_sigma_m=sigma_m, accuracy_floor_m=0.1, suspended_per_hour=0.0, offline_per_hour=0.0
    )


def shoppers(levels: tuple[int, ...], visits: int, seed: int) -> list[Person]:
    """Shoppers on these floors until they have made so many visits of 1 to 40 minutes."""
    place, found, counted = venue(levels), [], 0
    for number in range(visits):
        rng = np.random.default_rng([seed, number])
        stays = np.exp(rng.normal(np.log(MEDIAN_STAY_S), STAY_SPREAD, len(place.places))).clip(SHORTEST_S, 1200.0)
        habits = Habits(stays_s={p.id: float(s) for p, s in zip(place.places, stays, strict=True)})
        try:
            walk = plan_walk(place, rng, habits)
        except NoWay:
            continue
        found.append(Person(f"shopper-{seed}-{number}", walk))
        counted += sum(is_counted(visit) for visit in walk.visits)
        if counted >= visits:
            break
    return found


def passed(person: Person) -> set[str]:
    """The shops that somebody passed without going in, by zone id: where an entry can be false."""
    spots = [person.walk.at(float(t)) for t in np.arange(0.0, person.walk.end_s + 1.0)]
    found: set[str] = set()
    for level in {p.level for p in spots} - {None}:
        stores = plans()[level].stores
        xy = shapely.points([(p.x, p.y) for p in spots if p.level == level])
        near = shapely.STRtree([s.area for s in stores]).query(xy, predicate="dwithin", distance=PASSED_M)[1]
        found |= {str(derived_id(stores[n].key)) for n in np.unique(near)}
    return found - {visit.place_id for visit in person.walk.visits}


def is_counted(visit: Visit) -> bool:
    return SHORTEST_S <= visit.left_s - visit.entered_s <= LONGEST_S


@cache
def surveyors() -> list[Person]:
    """The surveyed walks; between two positions they are taken to go straight on."""
    place = venue(tuple(plans()))
    found = []
    for key, rows in surveyed().items():
        start = rows[0][0]
        points = tuple(KeyPoint(t - start, x, y, level) for t, x, y, level in rows)
        walk = Walk(place, points, ())
        found.append(Person(key, replace(walk, visits=tuple(_inside(walk)))))
    return found


def _inside(walk: Walk) -> Iterator[Visit]:
    """The spans that a way spends in each store, to half a second."""
    times = np.arange(0.0, walk.end_s + 0.5, 0.5)
    spots = [walk.at(float(t)) for t in times]
    xy = shapely.points([(p.x, p.y) for p in spots])
    for store in plans()[spots[0].level].stores:  # type: ignore[index]
        here = np.flatnonzero(shapely.intersects(store.area, xy))
        for span in np.split(here, np.flatnonzero(np.diff(here) > 1) + 1) if len(here) else []:
            yield Visit(str(derived_id(store.key)), float(times[span[0]]), float(times[span[-1]]))


@dataclass(frozen=True)
class Ears:
    """The beacons of the map, for hearing them all at once."""

    beacons: tuple[Beacon, ...]

    def hear(self, walk: Walk, times: list[float], rng: np.random.Generator) -> list[list[HeardBeacon]]:
        """What `simulator.hearing.hear` gives, for a whole walk."""
        xy = np.array([(b.x, b.y) for b in self.beacons])
        levels = np.array([b.level for b in self.beacons])
        heard = []
        for t in times:
            here = walk.at(t)
            floors = np.abs(levels - here.level)
            far = floors * hearing.FLOOR_M
            metres = np.sqrt(((xy - (here.x, here.y)) ** 2).sum(axis=1) + (hearing.PHONES_ABOVE_FLOOR_M + far) ** 2)
            typical = -59 - 10 * hearing.EXPONENT * np.log10(metres) - hearing.FLOOR_DB * floors
            near = np.argpartition(-typical, AUDIBLE)[:AUDIBLE]
            rssi = np.round(typical[near] + rng.normal(0.0, hearing.SPREAD_DB, AUDIBLE)).astype(int)
            order = np.argsort(-rssi, kind="stable")[: hearing.MOST_HEARD]
            heard.append([self._said(int(near[n]), int(rssi[n])) for n in order if rssi[n] >= hearing.FAINTEST_DBM])
        return heard

    def _said(self, number: int, rssi: int) -> HeardBeacon:
        beacon = self.beacons[number]
        return HeardBeacon(uuid=beacon.uuid, major=beacon.major, minor=beacon.minor, rssi=min(rssi, 0))


def pings(person: Person, sigma_m: float, interval_s: float, ears: Ears | None, seed: int) -> list[PingIn]:
    """What a phone of this noise reports of a way."""
    number = int.from_bytes(person.key.encode()[-6:])
    errors, hears = (np.random.default_rng([seed, number, int(sigma_m), int(interval_s), use]) for use in (1, 2))
    fixes = positions(person.walk, interval_s, noise_of(sigma_m), errors)
    heard = ears.hear(person.walk, [f.t_s for f in fixes], hears) if ears else [[] for _ in fixes]
    return [
        PingIn(
            at=START + timedelta(seconds=f.t_s), lon=f.lon, lat=f.lat, accuracy_m=max(f.accuracy_m, 0.1),
            level=f.level, beacons=found,
        )
        for f, found in zip(fixes, heard, strict=True)
    ]  # fmt: skip
