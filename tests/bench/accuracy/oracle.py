"""What the fixes hold: a bound for everybody who must decide by them alone, without beacons.

The oracle is told when each visit began and ended, on which floor it was, how large the phone's error is and which
fixes were outliers; it only has to say in which store it was, from the mean of the fixes of that visit. It keeps silent
about the visits that it is least sure of, so many that it names a wrong store in at most 1 % of all.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import exp, hypot, sqrt

import numpy as np

from geoengage.kit.geo import disc_share
from geoengage.kit.ids import derived_id
from geoengage.presence.rules.evidence import R68
from geoengage.presence.rules.fixes import PingIn
from tests.bench.accuracy.mall import FRAME, Store, plans
from tests.bench.accuracy.people import START, Person, is_counted

OUTLIER_M = 45.0
FALSE_SHARE = 0.01
DRIFT_S = 60.0  # time constant of the noise model's drift
EVEN_M = 1.325  # 2 / R68: the even disc of this many accuracies spreads like the bell of the error


def mean_error(lasted: float) -> float:
    """Variance of the mean of a drifting error over so many of its time constants, as a share of a single fix's.

    Of a Gauss-Markov process (A. Papoulis, Probability, Random Variables and Stochastic Processes, section 12-1).
    """
    if lasted < 1e-3:
        return 1.0
    return 2.0 / lasted * (1.0 - (1.0 - exp(-lasted)) / lasted)


def missed_at_least(
    people: Iterable[Person], streams: Mapping[str, Sequence[PingIn]], sigma_m: float
) -> tuple[int, int]:
    """(visits that even the oracle misses, all visits)."""
    guesses = [g for person in people for g in _guesses(person, streams[person.key], sigma_m)]
    wrong = sorted((sure for sure, right in guesses if not right), reverse=True)
    allowed = int(FALSE_SHARE * len(guesses))
    needed = wrong[allowed] if allowed < len(wrong) else 0.0
    return len(guesses) - sum(right and sure > needed for sure, right in guesses), len(guesses)


def _guesses(person: Person, pings: Sequence[PingIn], sigma_m: float) -> Iterable[tuple[float, bool]]:
    """For each visit that counts: how sure the oracle is of the store that it names, and whether it is right."""
    times = np.array([(p.at - START).total_seconds() for p in pings])
    x, y = FRAME.to_metres(np.array([p.lon for p in pings], dtype=float), np.array([p.lat for p in pings], dtype=float))
    for visit in filter(is_counted, person.walk.visits):
        inside = np.flatnonzero((times >= visit.entered_s) & (times <= visit.left_s))
        true = [person.walk.at(float(times[n])) for n in inside]
        kept = [n for n, t in zip(inside, true, strict=True) if hypot(x[n] - t.x, y[n] - t.y) < OUTLIER_M + 2 * sigma_m]
        if not kept:
            yield 0.0, False
            continue
        lasted_s = float(times[kept[-1]] - times[kept[0]])
        sd = sqrt(sigma_m**2 * mean_error(lasted_s / DRIFT_S) + 1.0 / len(kept))
        spot = float(x[kept].mean()), float(y[kept].mean())
        yield _named(plans()[true[0].level].stores, spot, EVEN_M * R68 * sd, visit.place_id)  # type: ignore[index]


def _named(stores: Sequence[Store], spot: tuple[float, float], radius_m: float, truth: str) -> tuple[float, bool]:
    shares = {str(derived_id(s.key)): disc_share(s.area, *spot, radius_m) for s in stores}
    best = max(shares, key=lambda key: shares[key])
    total = sum(shares.values())
    return (shares[best] / total if total > 0 else 0.0), best == truth
