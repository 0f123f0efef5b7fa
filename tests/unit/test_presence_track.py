"""What readings of beacons say together, and whether somebody walks; and floors, of which a report may be wrong."""

import numpy as np
import pytest
from msgspec.structs import replace

from geoengage.presence.rules.evidence import wrong_floor
from geoengage.presence.rules.levels import told
from geoengage.presence.rules.state import Fix, Track
from geoengage.presence.rules.track import STANDING, follow, has_moved, is_walking, radius_m
from tests.places import FRAME, lonlat
from tests.walks import moment


def fix(t: float, x: float, y: float = 0.0, accuracy_m: float = 4.0) -> Fix:
    lon, lat = lonlat(x, y)
    return Fix(moment(t), moment(t), lon, lat, accuracy_m, 0, 1.0, "beacon")


def tracked(*fixes: Fix) -> Track:
    track, before = None, fixes[0]
    for f in fixes:
        track, before = follow(track, f, (f.at - before.at).total_seconds()), f
    assert track is not None
    return track


def test_readings_at_one_place_tell_more_than_one() -> None:
    """Over 200 walks: nearer to the truth than one reading, and the radius holds most of the errors."""
    rng, errors, radii, alone, stands = np.random.default_rng(1), [], [], [], 0
    for _ in range(200):
        spots = rng.normal(0.0, 4.0 / 1.51, (20, 2))
        track = tracked(*(fix(5.0 * n, x, y) for n, (x, y) in enumerate(spots)))
        errors.append(np.hypot(*FRAME.to_metres(track.lon, track.lat)))
        radii.append(radius_m(track))
        alone.append(np.hypot(*spots[-1]))
        stands += track.standing > STANDING
    assert stands > 160
    assert np.quantile(errors, 0.68) < 0.65 * np.quantile(alone, 0.68)
    assert 0.65 <= np.mean(np.array(errors) <= np.array(radii)) <= 0.97, "some room is left for moving about"


def test_who_walks_is_where_the_newest_reading_says() -> None:
    walks = tracked(*(fix(5.0 * n, 6.5 * n) for n in range(12)))
    assert walks.standing < 0.2
    assert FRAME.to_metres(walks.lon, walks.lat)[0] == pytest.approx(6.5 * 11, abs=2.5)


def test_who_stops_stands_after_a_few_readings() -> None:
    way = [fix(5.0 * n, 6.5 * n) for n in range(8)]
    stands = [tracked(*way, *(fix(40.0 + 5 * k, 45.5) for k in range(n))).standing for n in range(1, 6)]
    assert stands == sorted(stands)
    assert stands[-1] > STANDING


def test_one_outlier_moves_little_and_is_forgotten() -> None:
    still = [fix(5.0 * n, 0.0) for n in range(12)]
    back = tracked(*still, fix(60, 30.0), *(fix(65.0 + 5 * n, 0.0) for n in range(3)))
    assert abs(FRAME.to_metres(back.lon, back.lat)[0]) < 2.0


@pytest.mark.parametrize(
    "t, x, moved",
    [
        (5, 6.5, True),  # at a walking pace
        (5, 2.0, False),
        (30, 36.0, True),
        (30, 9.0, False),  # from one shelf to another
        (60, 72.0, True),
        (61, 72.0, False),  # too long ago
        (0, 6.5, False),
    ],
)
def test_own_positions_show_who_walks_on(t: float, x: float, moved: bool) -> None:
    assert has_moved(fix(0, 0.0), fix(t, x)) is moved
    assert is_walking(fix(0, 0.0), fix(t, x), None, None) is moved


def test_vague_positions_show_no_way() -> None:
    vague = fix(5, 6.5, accuracy_m=60.0)
    assert not has_moved(replace(fix(0, 0.0), accuracy_m=60.0), vague)


def test_floors_by_bayes() -> None:
    at = moment(0)
    assert told(None, None, None, 1, at, 0.03) == (1, 0.97)
    level, weight = told((1, 0.97), at, None, 1, at, 0.03)
    assert (level, weight) == (1, 0.998)
    level, weight = told((1, 0.998), at, None, 2, at, 0.03)
    assert (level, round(weight, 2)) == (1, 0.94), "one report against many"
    level, weight = told((level, weight), at, None, 2, at, 0.03)
    assert level == 2, "a second one turns it"
    assert told((1, 0.998), at, None, 2, at, 0.0) == (2, 0.998), "a code knows"
    assert told((1, 0.998), at, at, 2, at, 0.03)[0] == 2, "beside a lift one will do"
    assert told((1, 0.998), at, None, 2, moment(1800), 0.03)[0] == 2, "so it will after half an hour"


def test_who_names_a_floor() -> None:
    assert wrong_floor("check_in") == 0.0 < wrong_floor("beacon") < wrong_floor("wifi") == wrong_floor("gnss") == 0.03
