"""From steps to requests: order, clocks of phones, walks and their noise; which files need a clock."""

from datetime import UTC, datetime
from statistics import pstdev
from typing import Any

import pytest

from geoengage.kit.geo import distance_m
from geoengage.scenarios.checks import parse
from geoengage.scenarios.format import Scenario
from geoengage.scenarios.timeline import Change, Sending, body_of, needs_clock, timeline
from tests.unit.test_scenarios_format import GOOD

START = datetime(2026, 6, 15, 8, tzinfo=UTC)


def scenario(steps: str, devices: str = "{phone: {}}", **replaced: str) -> Scenario:
    text = GOOD[: GOOD.index("steps:")] + f"devices: {devices}\nsteps:\n{steps}\nexpect: {{events: []}}\n"
    for old, new in replaced.items():
        text = text.replace(f"{old}:", f"{old}: {new} #")
    return parse(text, "x.yaml").scenario


def sent(s: Scenario) -> list[tuple[float, str, list[float]]]:
    return [(d.at_s, d.device, [p.taken_s for p in d.positions]) for d in timeline(s) if isinstance(d, Sending)]


def test_walks_of_two_phones_interleave() -> None:
    s = scenario(
        "  - {at: 0, walk: {device: anna, every_s: 20, path: [[0, 0, 0], [40, 10, 0]]}}\n"
        "  - {at: 10, walk: {device: ben, every_s: 10, path: [[0, 0, 0], [10, 10, 0]]}}\n"
        "  - {at: 20, delete: shop}",
        "{anna: {}, ben: {}}",
    )
    assert sent(s) == [(0, "anna", [0]), (10, "ben", [10]), (20, "anna", [20]), (20, "ben", [20]), (40, "anna", [40])]
    kinds = [type(doing) for doing in timeline(s)]
    assert kinds.index(Change) == 4, "at the same moment in the order of the file"


def test_a_batch_in_reverse_each_alone_and_again() -> None:
    s = scenario(
        "  - at: 50\n    batch:\n      order: reversed\n      each_alone: true\n"
        "      pings: [{at: 0, x: 1, y: 1}]\n      walk: {at: 10, every_s: 10, path: [[0, 0, 0], [20, 10, 0]]}\n"
        "  - {at: 60, again: 1}"
    )
    once = [[30], [20], [10], [0]]
    assert sent(s) == [(at, "phone", taken) for at in (50, 60) for taken in once]


def test_a_walk_is_straight_and_the_floor_stays_named() -> None:
    s = scenario("  - {at: 5, walk: {every_s: 10, path: [[0, 0, 0], [20, 20, 0, 1], [40, 20, 0]]}}")
    positions = [d.positions[0] for d in timeline(s) if isinstance(d, Sending)]
    assert [p.says.get("level") for p in positions] == [None, None, 1, 1, 1]
    origin, middle = s.floor_plan.origin, positions[1].says
    assert distance_m(*origin, middle["lon"], middle["lat"]) == pytest.approx(10, abs=0.01)
    assert positions[3].says | {"level": 1} == positions[4].says


def bodies(s: Scenario) -> list[dict[str, Any]]:
    return [body_of(s, d, START) for d in timeline(s) if isinstance(d, Sending)]


def test_a_phone_stamps_by_its_own_clock_and_a_queue_keeps_its_stamps() -> None:
    s = scenario(
        "  - {at: 30, batch: {pings: [{at: 10, x: 1, y: 1}]}}\n  - {at: 40, clock: {off_s: 0}}\n"
        "  - {at: 50, again: 1}\n  - {at: 60, ping: {x: 1, y: 1}}",
        "{phone: {clock_off_s: -300, says_when_sent: true}}",
    )
    times = [(b["pings"][0]["at"][11:19], b["sent_at"][11:19]) for b in bodies(s)]
    assert times == [("07:55:10", "07:55:30"), ("07:55:10", "08:00:50"), ("08:01:00", "08:01:00")]


def test_only_what_a_phone_says_is_sent() -> None:
    s = scenario("  - {at: 0, ping: {x: 0, y: 0, accuracy_m: null}}\n  - {at: 1, ping: {lonlat: [0, 0], mocked: true}}")
    first, second = (b["pings"][0] for b in bodies(s))
    assert set(first) == {"at", "lon", "lat"}
    assert second["mocked"] is True


def test_noise_is_seeded_and_as_large_as_it_says() -> None:
    def east(seed: int, noise: str) -> list[float]:
        walk = f"every_s: 10, path: [[0, 0, 0], [9990, 0, 0]], noise: {{seed: {seed}, {noise}}}"
        s = scenario(f"  - {{at: 0, walk: {{{walk}}}}}", end="10000")
        lon0 = s.floor_plan.origin[0]
        lons = [d.positions[0].says["lon"] for d in timeline(s) if isinstance(d, Sending)]
        return [float(s.floor_plan.frame.to_metres(lon, s.floor_plan.origin[1])[0]) for lon in lons if lon0]

    bias = "bias_m: 8, bias_s: 60"
    assert east(1, bias) == east(1, bias) != east(2, bias)
    assert pstdev(east(1, bias)) == pytest.approx(8, rel=0.25)
    steps = [b - a for a, b in zip(east(1, bias), east(1, bias)[1:], strict=False)]
    assert pstdev(steps) == pytest.approx(8 * (2 * (1 - 0.8465)) ** 0.5, rel=0.15), "correlated with e^(-10/60)"
    outliers = [x for x in east(1, "outliers: 0.1, outlier_m: 50") if abs(x) > 1e-6]
    assert len(outliers) == pytest.approx(100, abs=30)


@pytest.mark.parametrize(
    "steps, devices, reason",
    [
        ("  - {at: 0, ping: {x: 1, y: 1}}", "{phone: {}}", None),
        ("  - {at: 9, batch: {pings: [{at: 0, x: 1, y: 1}]}}", "{phone: {}}", "step 1 (batch)"),
        ("  - {at: 9, delete: shop}", "{phone: {}}", "step 1 (delete)"),
        ("  - {at: 0, ping: {x: 1, y: 1}}", "{phone: {clock_off_s: 5}}", "a phone's clock"),
        ("  - {at: 0, ping: {x: 1, y: 1}}", "{phone: {location: denied}}", "consent"),
    ],
)
def test_which_files_need_a_clock(steps: str, devices: str, reason: str | None) -> None:
    found = needs_clock(scenario(steps, devices))
    assert found == reason if reason is None else found is not None and found.startswith(reason)
