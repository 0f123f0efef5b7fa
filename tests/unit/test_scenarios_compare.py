"""The diff between what a file expects and what happened."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from geoengage.scenarios import report
from geoengage.scenarios.checks import File, parse
from geoengage.scenarios.compare import Comparison, compare, stamp
from geoengage.scenarios.runner import Result
from tests.unit.test_scenarios_format import GOOD

START = datetime(2026, 6, 15, 8, tzinfo=UTC)
EXITED = "    - {kind: exited, at: 60, reason: left, late: false}\n"
VISITS = "  visits:\n    - {entered: 0, exited: 60}\n"


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def event(kind: str, seconds: float, **over: Any) -> dict[str, Any]:
    return {
        "kind": kind, "at": at(seconds), "recorded_at": at(seconds), "device": "phone", "zone": "shop",
        "reason": "left", "evidence": "gnss", "dwell_s": None, "by_silence": False, "late": False, "confidence": 0.8,
        "zone_version": 1,
    } | over  # fmt: skip


def visit(entered: float, exited: float | None) -> dict[str, Any]:
    ends = {"exited_at": None if exited is None else at(exited), "exit_reason": exited and "left", "last_dwell_s": None}
    return {"entered_at": at(entered), "device": "phone", "zone": "shop"} | ends


def file(expect: str = "") -> File:
    return parse(GOOD + expect, "x.yaml")


def told(comparison: Comparison) -> list[tuple[str, str, str]]:
    return [(line.verdict.value, line.what, line.detail) for lines in comparison.parts.values() for line in lines]


def run(expect: str, events: list[dict[str, Any]], visits: list[dict[str, Any]] | None = None) -> Comparison:
    return compare(file(expect).scenario, START, events, visits or [])


def test_all_as_expected() -> None:
    found = run(EXITED + VISITS, [event("exited", 60.5), event("entered", 0, reason="x")], [visit(0, 60)])
    assert found.holds
    assert {verdict for verdict, _, _ in told(found)} == {"="}


@pytest.mark.parametrize(
    "events, wanted",
    [
        ([event("entered", 0)], ("-", "phone exited shop (left)", "expected, did not happen")),
        ([event("entered", 0), event("exited", 60), event("exited", 90)],
         ("+", "phone exited shop (left)", "happened, not expected")),
        ([event("entered", 0), event("exited", 62)],
         ("~", "phone exited shop (left)", "expected at 0:01:00, was 0:01:02 (within 1 s)")),
        ([event("entered", 0), event("exited", 60, reason="silence", late=True)],
         ("~", "phone exited shop (silence)", "reason: expected left, was silence; late: expected False, was True")),
    ],
)  # fmt: skip
def test_what_differs(events: list[dict[str, Any]], wanted: tuple[str, str, str]) -> None:
    found = run(EXITED, events)
    assert not found.holds
    assert [line for line in told(found) if line[0] != "="] == [wanted]


def test_the_nearest_of_several_is_taken() -> None:
    found = run(EXITED, [event("entered", 0), event("exited", 300), event("exited", 60), event("exited", 59.5)])
    assert [verdict for verdict, _, _ in told(found)] == ["=", "+", "=", "+"]


def test_visits() -> None:
    assert run(VISITS, [event("entered", 0)], [visit(0.4, 60.4)]).holds
    (_, line) = told(run(VISITS, [event("entered", 0)], [visit(0, None)]))
    assert line == ("~", "phone in shop and still is", "exited: expected 0:01:00, was None")


def test_numbers_beside_the_reason() -> None:
    expect = "    - {kind: exited, at: 60, confidence: [0.9, 1], version: 2, recorded_at: 90}\n"
    (_, line) = told(run(expect, [event("entered", 0), event("exited", 60)]))
    assert line[2] == (
        "version: expected 2, was 1; recorded_at: expected 0:01:30, was 0:01:00; confidence: expected 0.9-1, was 0.8"
    )


def test_what_must_not_be() -> None:
    text = (
        GOOD[: GOOD.index("expect:")]
        + "expect: {absent: [{kind: exited, after: 30, before: 90}, {zone: shop, reason: x}]}\n"
    )
    s = parse(text, "x.yaml").scenario
    assert compare(s, START, [event("exited", 20), event("exited", 91), event("entered", 60)], []).holds
    found = told(compare(s, START, [event("exited", 30)], []))
    assert found == [
        ("+", "phone exited shop (left)", "must not be (no exited from 0:00:30 to 0:01:30)"),
        ("=", "no shop x", ""),
    ]


def test_what_people_read() -> None:
    result = Result(file(EXITED), run(EXITED, [event("entered", 0)]))
    console = Console(width=120, record=True, file=None, highlight=False)
    with console.capture() as captured:
        for line in report.lines(result, verbose=False):
            console.print(line)
        console.print(report.summary([result, Result(file(), skipped="no clock")], 1.25))
    assert captured.get().splitlines() == [
        "FAIL  x.yaml  Somebody comes in",
        "      guards silence: Silence for timeout_s ends the visit at the last moment seen.",
        "      = as expected   - missing   + not expected   ~ different",
        "      events",
        "      =   0:00:00  phone entered shop (left)",
        "      -   0:01:00  phone exited shop (left): expected, did not happen",
        "2 scenarios in 1.2 s: 1 fail, 1 skipped",
    ]


@pytest.mark.parametrize(
    "seconds, text", [(0, "0:00:00"), (65, "0:01:05"), (27.5, "0:00:27.5"), (-5, "-0:00:05"), (36_000, "10:00:00")]
)
def test_stamps(seconds: float, text: str) -> None:
    assert stamp(seconds) == text
