"""What readings of beacons say together: where the phone is, and whether it stands there or walks on. Pure.

A reading errs anew each time, by metres. While somebody stands, several of them give a far tighter disc than one; while
somebody walks, only the newest tells of now. Which of both it is shows in how far a reading lies from where the phone
was: two hypotheses are followed at once and mixed by their likelihoods (the generalised pseudo-Bayesian filter of first
order; Y. Bar-Shalom, X. R. Li, T. Kirubarajan, Estimation with Applications to Tracking and Navigation, 2001, 11.6.4).
A phone's own position drifts along for a minute, so a mean of several says little more than one: for those it is only
asked whether the phone has moved on (`has_moved`). The constants were chosen on the floors F2 and F4 of
`tests/bench/accuracy` and measured on the others.
"""

from math import cos, exp, radians, sqrt

from msgspec.structs import replace

from geoengage.kit.geo import METRES_PER_DEG, distance_m
from geoengage.presence.rules.evidence import FRESH_M, R68, Source
from geoengage.presence.rules.state import Fix, Track

ROAM_M, ROAM_S = 2.5, 120.0  # how far, on an axis, and in what time people move who stay in a shop
WALK_MPS = 1.0  # per axis, of one who walks
LONGEST_WALK_S = 60.0  # between two fixes further apart nobody knows
STANDS_S, WALKS_S = 120.0, 67.0  # how long people stand, and walk, at a stretch
UNKNOWN = 0.5
STANDING = 0.7  # from which probability on somebody stands
SLOW_MPS, DRIFT_S, WHITE_M2 = 0.3, 60.0, 2.0  # of own positions: a pace in shops, and how two fixes differ at one place


AT_REST = frozenset({Source.CHECK_IN, Source.REGION})  # such fixes say nothing of how somebody moves


def track_after(track: Track | None, fix: Fix, gap_s: float, *, is_near: bool) -> Track | None:
    """The track after one more fix. A position of the phone's own begins none, and ends it where no zone is near."""
    if fix.source == Source.BEACON:
        return follow(track, fix, gap_s)
    if track is None or fix.source in AT_REST or not is_near:
        return None
    return follow(track, replace(fix, accuracy_m=FRESH_M * fix.accuracy_m), gap_s)


def follow(track: Track | None, fix: Fix, gap_s: float) -> Track:
    """The track with one more reading, so many seconds after the one before."""
    reading = (fix.accuracy_m / R68) ** 2
    if track is None:
        return Track(fix.lon, fix.lat, reading, UNKNOWN)
    dx = (fix.lon - track.lon) * METRES_PER_DEG * cos(radians(fix.lat))
    dy = (fix.lat - track.lat) * METRES_PER_DEG
    square = dx * dx + dy * dy
    stood = track.standing * exp(-gap_s / STANDS_S) + (1 - track.standing) * (1 - exp(-gap_s / WALKS_S))
    stands = track.variance_m2 + ROAM_M**2 * (1 - exp(-gap_s / ROAM_S))
    walks = track.variance_m2 + (WALK_MPS * min(gap_s, LONGEST_WALK_S)) ** 2
    likely = stood * exp(-square / (2 * (stands + reading))) / (stands + reading)
    other = (1 - stood) * exp(-square / (2 * (walks + reading))) / (walks + reading)
    standing = likely / (likely + other) if likely + other > 0 else 0.0
    a, b = stands / (stands + reading), walks / (walks + reading)
    gain = standing * a + (1 - standing) * b
    apart = standing * (1 - standing) * (a - b) ** 2 * square / 2  # of the two hypotheses' places
    lon, lat = track.lon + gain * (fix.lon - track.lon), track.lat + gain * (fix.lat - track.lat)
    return Track(lon, lat, gain * reading + apart, standing)


def radius_m(track: Track) -> float:
    """The 68 % radius of a track's disc."""
    return R68 * sqrt(track.variance_m2)


def has_moved(before: Fix, fix: Fix) -> bool:
    """Whether two fixes of a phone lie further apart than those of somebody who stays in a shop."""
    gap_s = (fix.at - before.at).total_seconds()
    if not 0 < gap_s <= LONGEST_WALK_S:
        return False
    sd = (before.accuracy_m + fix.accuracy_m) / 2 / R68
    spread = sqrt(2 * sd * sd * (1 - exp(-gap_s / DRIFT_S)) + WHITE_M2)
    return distance_m(before.lon, before.lat, fix.lon, fix.lat) > SLOW_MPS * gap_s + spread


def is_walking(before: Fix, fix: Fix, known: Track | None, track: Track | None) -> bool:
    """Whether the phone walked when `fix` was taken; `known` and `track`: before and after it."""
    if fix.source in AT_REST:
        return False
    if known is None or track is None:
        return has_moved(before, fix)
    return track.standing < STANDING and (fix.at - before.at).total_seconds() <= LONGEST_WALK_S
