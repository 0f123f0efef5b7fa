"""What the readings hold: a bound for everybody who must decide by them alone, positions and beacons.

The oracle is told when each visit began and ended, that it was a visit to a store, on which floor, how large the
phone's error is, which fixes were outliers, and by which law beacons are heard; it only has to say in which store it
was, from what the phone reported during that visit. It keeps silent about the visits that it is least sure of, so many
that it names a wrong store in at most 1 % of all.

By position alone it takes the mean of the fixes. With beacons it weighs, for each fix, every place of every store by
the strengths that are heard, by those that are not (weaker than the weakest of the five that a phone reports), and by
the position; a store's likelihood is the mean over its places, a visit's the product over its fixes.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from math import exp, hypot, sqrt
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr

from geoengage.kit.geo import disc_share
from geoengage.kit.ids import derived_id
from geoengage.presence.rules.evidence import R68
from geoengage.presence.rules.fixes import PingIn
from geoengage.simulator import hearing
from tests.bench.accuracy.mall import FRAME, RSSI_AT_1M, Store, beacons, places_in, plans
from tests.bench.accuracy.people import START, Person, is_counted

Floats = npt.NDArray[Any]

OUTLIER_M = 25.0  # an outlier is off by 50 m
FALSE_SHARE = 0.01
DRIFT_S = 60.0  # time constant of the noise model's drift
EVEN_M = 1.325  # 2 / R68: the even disc of this many accuracies spreads like the bell of the error
REACH_M, HEARD_M = 25.0, 45.0  # from the beacon heard best: where the phone may be, and which beacons that concerns
LEAST_LOG = -60.0  # likelihoods below e^-60 are all alike
HALF_DB = 0.5  # strengths are whole numbers


class Inside(NamedTuple):
    """What a phone reported during a visit: metres and the strengths heard; `sd_m` per axis of each position, 0 for an
    outlier, as if they erred independently."""

    level: int
    x: Floats
    y: Floats
    sd_m: Floats
    pings: list[PingIn]


def mean_error(lasted: float) -> float:
    """Variance of the mean of a drifting error over so many of its time constants, as a share of a single fix's.

    Of a Gauss-Markov process (A. Papoulis, Probability, Random Variables and Stochastic Processes, section 12-1).
    """
    if lasted < 1e-3:
        return 1.0
    return 2.0 / lasted * (1.0 - (1.0 - exp(-lasted)) / lasted)


def missed_at_least(
    people: Iterable[Person], streams: Mapping[str, Sequence[PingIn]], sigma_m: float, *, hears: bool
) -> tuple[int, int]:
    """(visits that even the oracle misses, all visits)."""
    name = _named_by_beacons if hears else _named
    guesses = [g for person in people for g in _guesses(person, streams[person.key], sigma_m, name)]
    wrong = sorted((sure for sure, right in guesses if not right), reverse=True)
    allowed = int(FALSE_SHARE * len(guesses))
    needed = wrong[allowed] if allowed < len(wrong) else 0.0
    return len(guesses) - sum(right and sure > needed for sure, right in guesses), len(guesses)


def _guesses(person: Person, pings: Sequence[PingIn], sigma_m: float, name: Any) -> Iterable[tuple[float, bool]]:
    """For each visit that counts: how sure the oracle is of the store that it names, and whether it is right."""
    times = np.array([(p.at - START).total_seconds() for p in pings])
    x, y = FRAME.to_metres(np.array([p.lon for p in pings], dtype=float), np.array([p.lat for p in pings], dtype=float))
    for visit in filter(is_counted, person.walk.visits):
        inside = np.flatnonzero((times >= visit.entered_s) & (times <= visit.left_s))
        true = [person.walk.at(float(times[n])) for n in inside]
        far_m = max(OUTLIER_M, 3 * sigma_m)
        kept = np.array([hypot(x[n] - t.x, y[n] - t.y) < far_m for n, t in zip(inside, true, strict=True)], dtype=bool)
        good = inside[kept]
        lasted_s = float(times[good[-1]] - times[good[0]]) if len(good) else 0.0
        sd = sqrt(sigma_m**2 * mean_error(lasted_s / DRIFT_S) * len(good) + 1.0)  # of each, if they erred anew
        if not len(inside):
            yield 0.0, False
            continue
        level = true[0].level
        assert level is not None
        seen = Inside(level, x[inside], y[inside], kept * sd, [pings[n] for n in inside])
        store, sure = name(seen)
        yield sure, store == visit.place_id


def _named(seen: Inside) -> tuple[str, float]:
    """The store by the mean of the positions, and how sure it is, 0-1."""
    kept = seen.sd_m > 0
    if not kept.any():
        return "", 0.0
    spot = float(seen.x[kept].mean()), float(seen.y[kept].mean())
    radius_m = EVEN_M * R68 * float(seen.sd_m.max()) / sqrt(kept.sum())
    stores = plans()[seen.level].stores
    shares = np.array([disc_share(store.area, *spot, radius_m) for store in stores])
    return _best(stores, shares)


def _best(stores: Sequence[Store], weights: Floats) -> tuple[str, float]:
    best, total = int(weights.argmax()), float(weights.sum())
    return str(derived_id(stores[best].key)), float(weights[best]) / total if total > 0 else 0.0


def _named_by_beacons(seen: Inside) -> tuple[str, float]:
    """The store by everything that was reported, and how sure it is, 0-1."""
    fixes = zip(seen.pings, seen.x, seen.y, seen.sd_m, strict=True)
    likely = sum((_by_fix(seen.level, *fix) for fix in fixes), start=np.zeros(len(plans()[seen.level].stores)))
    return _best(plans()[seen.level].stores, np.exp(likely - likely.max()))


class Survey(NamedTuple):
    """A floor: places in its stores and whose they are, its beacons and their numbers, dBm from each at each place."""

    places: Floats
    store: Floats
    beacons: Floats
    numbers: dict[tuple[int, int], int]
    typical: Floats


@cache
def _survey(level: int) -> Survey:
    here = [b for b in beacons() if b.level == level]
    spots = np.array([(b.x, b.y) for b in here])
    found = [places_in(store) for store in plans()[level].stores]
    places = np.concatenate(found)
    store = np.repeat(np.arange(len(found)), [len(f) for f in found])
    square = ((places[:, None] - spots) ** 2).sum(axis=2) + hearing.PHONES_ABOVE_FLOOR_M**2
    typical = RSSI_AT_1M - 5 * hearing.EXPONENT * np.log10(square)
    return Survey(places, store, spots, {(b.major, b.minor): n for n, b in enumerate(here)}, typical)


def _by_fix(level: int, ping: PingIn, x: float, y: float, sd_m: float) -> Floats:
    """The logarithm of each store's likelihood by one fix."""
    floor = _survey(level)
    heard = {n: b.rssi for b in ping.beacons if (n := floor.numbers.get((b.major, b.minor))) is not None}
    middle = floor.beacons[max(heard, key=lambda n: heard[n] or 0)] if heard else np.array([x, y])
    near = np.flatnonzero(((floor.places - middle) ** 2).sum(axis=1) < REACH_M**2)
    concerned = np.flatnonzero(((floor.beacons - middle) ** 2).sum(axis=1) < HEARD_M**2)
    silent = np.setdiff1d(concerned, list(heard))
    full = len(ping.beacons) >= hearing.MOST_HEARD
    weakest = min(b.rssi or 0 for b in ping.beacons) if full else hearing.FAINTEST_DBM - HALF_DB
    errors = (np.array(list(heard.values())) - floor.typical[np.ix_(near, list(heard))]) / hearing.SPREAD_DB
    likely = -0.5 * (errors**2).sum(axis=1)
    likely += log_ndtr((weakest - floor.typical[np.ix_(near, silent)]) / hearing.SPREAD_DB).sum(axis=1)
    if sd_m > 0:
        likely -= 0.5 * ((floor.places[near] - (x, y)) ** 2).sum(axis=1) / sd_m**2
    count = len(plans()[level].stores)
    if not len(near):
        return np.full(count, LEAST_LOG)
    top = likely.max()
    total = np.bincount(floor.store[near], weights=np.exp(likely - top), minlength=count)
    mean = total / np.bincount(floor.store, minlength=count)
    return np.maximum(np.log(np.maximum(mean, 1e-30)), LEAST_LOG)
