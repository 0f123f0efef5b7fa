"""Lint: each rule has a zone that it speaks about, and one about which it keeps silent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from geoengage.kit.anonymity import is_told, is_total_told
from geoengage.kit.geo import Frame, disc_share
from geoengage.reports.rules import (
    Code,
    Finding,
    Neighbour,
    Severity,
    Subject,
    Words,
    best_confidence,
    lint_flaws,
    lint_shape,
    lint_words,
)
from geoengage.reports.rules.shapes import best_share, position_at, self_crossings, thin_parts, widest
from geoengage.reports.rules.words import sensitive_word
from geoengage.venues.rules import Sensitivity, ZoneKind, ZoneRules, check_area

FRAME = Frame(8.5417, 47.3769)
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
WORDS = Words(
    name="Café",
    kind=ZoneKind.STORE,
    tags=[],
    category=None,
    sensitivity=Sensitivity.NONE,
    rules=ZoneRules(),
    valid_to=None,
)


def square(x: float = 0.0, y: float = 0.0, half: float = 20.0) -> BaseGeometry:
    return shapely.box(x - half, y - half, x + half, y + half)


def subject(area: BaseGeometry, **over: Any) -> Subject:
    """A zone on floor 0 of a mall of two floors, where phones report ±5 m."""
    values: dict[str, Any] = {
        "frame": FRAME, "area": area, "radius_m": None, "levels": frozenset({0}), "accuracy_m": 5.0,
        "building": (0, 1), "outlines": {0: square(half=150)}, "neighbours": [],
    } | over  # fmt: skip
    return Subject(**values)


def found(s: Subject, w: Words = WORDS) -> dict[Code, Finding]:
    """What lint says of a shape, by code."""
    return {f.code: f for f in lint_shape(s, w)}


def neighbour(area: BaseGeometry, name: str | None = "Bakery", zone_id: UUID | None = None) -> Neighbour:
    return Neighbour(zone_id or uuid4(), name, area)


def test_a_good_zone_has_no_findings() -> None:
    assert list(lint_shape(subject(square(), neighbours=[neighbour(square(60))]), WORDS)) == []
    assert list(lint_words(WORDS, NOW)) == []


# --- size and confidence ------------------------------------------------------------------------------------------


def test_too_small_for_the_accuracy() -> None:
    narrow = shapely.box(0, 0, 4, 60)
    finding = found(subject(narrow, accuracy_m=18.0, levels=frozenset({1})))[Code.TOO_SMALL_FOR_ACCURACY]
    assert finding.text == "This zone is 4 m wide; phones here report ±18 m on floor 1."
    assert (finding.numbers["width_m"], finding.numbers["accuracy_m"]) == (4.0, 18.0)
    assert finding.place is not None
    x, y = FRAME.to_metres(*finding.place)
    assert narrow.contains(shapely.Point(x, y))
    assert Code.TOO_SMALL_FOR_ACCURACY not in found(subject(shapely.box(0, 0, 18.2, 60), accuracy_m=18.0))


def test_a_circle_is_measured_by_its_radius() -> None:
    disc = shapely.Point(0, 0).buffer(10, quad_segs=64)
    finding = found(subject(disc, radius_m=10.0, accuracy_m=12.0))[Code.TOO_SMALL_FOR_ACCURACY]
    assert "circle has a radius of 10 m" in finding.text
    assert Code.TOO_SMALL_FOR_ACCURACY not in found(subject(disc, radius_m=10.0, accuracy_m=9.0))


def test_confidence_that_nobody_can_reach() -> None:
    finding = found(subject(square(half=5), accuracy_m=18.0))[Code.CANNOT_REACH_CONFIDENCE]
    best = 100 / (3.14159265 * 18**2)  # the whole square lies in the disc
    assert finding.severity is Severity.ERROR
    assert finding.numbers["best"] == round(best, 2)
    assert f"reaches {best:.2f}, {best * 0.6:.2f} for a phone that reports no floor; it needs 0.50." in finding.text
    assert Code.CANNOT_REACH_CONFIDENCE not in found(subject(square(half=20), accuracy_m=18.0))
    modest = replace(WORDS, rules=ZoneRules(min_confidence=0.05))
    assert Code.CANNOT_REACH_CONFIDENCE not in found(subject(square(half=5), accuracy_m=18.0), modest)


def test_upstairs_a_phone_that_names_no_floor_does_not_get_in() -> None:
    upstairs = subject(square(), levels=frozenset({1}), outlines={})
    assert found(upstairs)[Code.NEEDS_LEVEL].numbers["without_level"] == 0.4
    assert (best_confidence(upstairs, reports_level=True), best_confidence(upstairs, reports_level=False)) == (1, 0.4)
    assert Code.NEEDS_LEVEL not in found(subject(square()))
    assert Code.NEEDS_LEVEL not in found(subject(square(), levels=frozenset(), building=(), outlines={}))


def test_the_best_share_is_no_less_than_at_any_place_of_a_fine_grid() -> None:
    shape = shapely.union_all([shapely.box(0, 0, 30, 6), shapely.box(0, 0, 6, 30)])  # an L
    best, (x, y) = best_share(shape, 9.0)
    assert best == pytest.approx(disc_share(shape, x, y, 9.0))
    finest = max(disc_share(shape, i, j, 9.0) for i in range(31) for j in range(31))
    assert best >= finest - 0.06
    assert best_share(square(half=20), 5.0)[0] == 1.0
    assert widest(square(half=20))[2] == pytest.approx(20, abs=0.1)


def test_a_thin_sliver() -> None:
    tail = shapely.union_all([square(), shapely.box(20, 0, 60, 0.5)])
    finding = found(subject(tail))[Code.THIN_SLIVER]
    assert finding.numbers["area_m2"] == pytest.approx(20, abs=1)
    assert finding.text.startswith("A part of the zone is narrower than 1 m")
    assert found(subject(shapely.box(0, 0, 50, 0.6)))[Code.THIN_SLIVER].text.startswith("The zone is narrower")
    triangle = shapely.Polygon([(0, 0), (60, 0), (60, 30)])
    assert thin_parts(triangle) is None, "a sharp corner is no sliver"
    assert thin_parts(shapely.box(0, 0, 50, 1.2)) is None


# --- around it ----------------------------------------------------------------------------------------------------


def test_an_overlap_names_the_other_zone_and_says_how_much() -> None:
    other = neighbour(square(30))
    finding = found(subject(square(), neighbours=[other]))[Code.OVERLAPS]
    assert finding.text == "Overlaps Bakery by 400 m² (25% of this zone): whoever stands there is in both."
    assert finding.severity is Severity.WARNING
    assert finding.numbers["zone_id"] == str(other.zone_id)
    assert finding.geometry is not None
    assert FRAME.geometry_to_metres(finding.geometry).area == pytest.approx(400, rel=1e-3)


def test_containment_is_said_differently() -> None:
    inner, outer = square(half=5), square(half=60)
    within = found(subject(square(), neighbours=[neighbour(outer, "Court")]))[Code.OVERLAPS]
    around = found(subject(square(), neighbours=[neighbour(inner, "Kiosk")]))[Code.OVERLAPS]
    same = found(subject(square(), neighbours=[neighbour(square(0.1), "Twin")]))[Code.OVERLAPS]
    assert within.text.startswith("Lies within Court")
    assert within.severity is Severity.HINT
    assert around.text.startswith("Contains Kiosk")
    assert around.severity is Severity.HINT
    assert same.text == "Covers the same area as Twin."
    assert same.severity is Severity.WARNING


def test_what_is_no_overlap() -> None:
    shared_wall, rounding = neighbour(square(40)), neighbour(square(39.99))
    assert Code.OVERLAPS not in found(subject(square(), neighbours=[shared_wall, rounding]))


def test_both_versions_of_one_zone_are_one_overlap() -> None:
    one = uuid4()
    s = subject(square(), neighbours=[neighbour(square(30), zone_id=one), neighbour(square(20), zone_id=one)])
    findings = [f for f in lint_shape(s, WORDS) if f.code is Code.OVERLAPS]
    assert [f.numbers["share"] for f in findings] == [0.5]


def test_a_stranger_is_another_zone() -> None:
    finding = found(subject(square(), neighbours=[neighbour(square(30), None)]))[Code.OVERLAPS]
    assert "another zone" in finding.text
    assert (finding.numbers["zone_id"], finding.numbers["name"]) == (None, None)


def test_outside_the_floor() -> None:
    s = subject(square(140), levels=frozenset({0, 1}), outlines={0: square(half=150), 1: square(half=200)})
    outside = [f for f in lint_shape(s, WORDS) if f.code is Code.OUTSIDE_LEVEL]
    assert [f.numbers["level"] for f in outside] == [0]
    assert outside[0].text == "400 m² (25%) of it lie outside the outline of floor 0."
    assert outside[0].severity is Severity.WARNING
    s = replace(s, outlines={0: square(half=150), 1: square(half=100)})
    assert [f.text for f in lint_shape(s, WORDS) if f.code is Code.OUTSIDE_LEVEL][1] == (
        "All of it lies outside the outline of floor 1."
    )
    entrance = replace(WORDS, kind=ZoneKind.ENTRANCE)
    assert found(s, entrance)[Code.OUTSIDE_LEVEL].severity is Severity.HINT
    assert Code.OUTSIDE_LEVEL not in found(subject(square(130)))


# --- shapes that are none -----------------------------------------------------------------------------------------


def geojson(*ring: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[list(p) for p in ring]]}


def test_every_crossing_is_told_at_its_place() -> None:
    zigzag = geojson((0, 0), (4, 0), (4, 2), (1, -1), (3, -1), (1, 2), (0, 0))
    shape, flaws = check_area(zigzag)
    assert shape is None
    findings = list(lint_flaws(zigzag, flaws))
    assert {f.code for f in findings} == {Code.CROSSES_ITSELF}
    places = {f.place for f in findings}
    assert places == {(2.0, 0.0), (2.333333333, 0.0), (2.2, 0.2)}
    assert self_crossings(geojson((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))) == []
    assert self_crossings(geojson((0, 0), (2, 2), (2, 0), (0, 2), (0, 0))) == [(1.0, 1.0)]


def test_other_flaws_have_a_place_too() -> None:
    open_ring = geojson((8.1, 47.1), (8.2, 47.1), (8.2, 47.2), (8.1, 47.2))
    (finding,) = lint_flaws(open_ring, check_area(open_ring)[1])
    assert (finding.code, finding.place, finding.severity) == (Code.INVALID, (8.1, 47.2), Severity.ERROR)
    nothing = {"type": "LineString", "coordinates": []}
    assert [f.place for f in lint_flaws(nothing, check_area(nothing)[1])] == [None]
    assert position_at(geojson((8.1, 47.1), (8.2, 47.1)), ("coordinates", 0, 1, 0)) == (8.2, 47.1)
    assert position_at(geojson((8.1, 47.1), (8.2, 47.1)), ("coordinates",)) == (8.1, 47.1)


@pytest.mark.parametrize("rubbish", [{}, {"coordinates": None}, {"coordinates": [[["a", 1]]]}, {"coordinates": 7}])
def test_rubbish_is_no_crossing(rubbish: dict[str, Any]) -> None:
    assert self_crossings(rubbish) == []
    assert position_at(rubbish, ("coordinates", 0, 0)) is None


def test_a_valid_shape_never_crosses_itself() -> None:
    star = shapely.Point(8.5, 47.4).buffer(0.01, quad_segs=32).difference(shapely.Point(8.5, 47.4).buffer(0.002))
    assert self_crossings(mapping(star)) == []


# --- words --------------------------------------------------------------------------------------------------------

SENSITIVE = {
    "St. Mary's Prayer Room": Sensitivity.WORSHIP,
    "Raum der Stille": Sensitivity.WORSHIP,
    "Église Saint-Paul": Sensitivity.WORSHIP,
    "المسجد": Sensitivity.WORSHIP,
    "Црква Светог Марка": Sensitivity.WORSHIP,
    "Löwen-Apotheke": Sensitivity.HEALTH,
    "Zahnarztpraxis Dr. Meier": Sensitivity.HEALTH,
    "Kinderarzt Huber": Sensitivity.HEALTH,
    "PHARMACIE CENTRALE": Sensitivity.HEALTH,
    "Clínica del Sol": Sensitivity.HEALTH,
    "صيدلية النهدي": Sensitivity.HEALTH,
    "Лекар опште праксе": Sensitivity.HEALTH,
    "Kindergarten": Sensitivity.CHILDREN,
    "Kids Club": Sensitivity.CHILDREN,
    "Dečji kutak": Sensitivity.CHILDREN,
    "WC Nord": Sensitivity.RESTROOM,
    "Herrentoiletten": Sensitivity.RESTROOM,
    "Baños": Sensitivity.RESTROOM,
    "دورة مياه": Sensitivity.RESTROOM,
}
HARMLESS = [
    "Prayerbook", "Church's", "Hospitality desk", "Doctorow Books", "Kids Foot Locker", "Medicine Hat Outfitters",
    "Chapelli", "Toys & Games", "Kinderschuhe", "Bath & Body Works", "Restaurant", "Clinical Trials Pub",
    "Templeton", "Kirchhoff Optik", "WCF Store",
]  # fmt: skip


@pytest.mark.parametrize("name", SENSITIVE)
def test_names_that_sound_sensitive(name: str) -> None:
    (finding,) = lint_words(replace(WORDS, name=name), NOW)
    assert (finding.code, finding.numbers["sensitivity"]) == (Code.SENSITIVE_NAME, SENSITIVE[name])
    assert f"“{SENSITIVE[name]}”" in finding.advice


@pytest.mark.parametrize("name", HARMLESS)
def test_names_that_do_not(name: str) -> None:
    assert sensitive_word([name]) is None


def test_tags_and_the_stores_category_count_and_a_sensitive_zone_is_left_alone() -> None:
    tagged, sells = replace(WORDS, tags=["wing b", "pharmacy"]), replace(WORDS, category="Pharmacy")
    for words in (tagged, sells):
        assert [f.code for f in lint_words(words, NOW)] == [Code.SENSITIVE_NAME]
        assert list(lint_words(replace(words, sensitivity=Sensitivity.HEALTH), NOW)) == []


def test_a_dwell_mark_before_entering() -> None:
    early = replace(WORDS, rules=ZoneRules(enter_s=30, dwell_s=(20, 60)))
    (finding,) = lint_words(early, NOW)
    assert (finding.code, finding.numbers) == (Code.DWELL_BEFORE_ENTER, {"dwell_s": 20, "enter_s": 30})
    assert list(lint_words(replace(WORDS, rules=ZoneRules(enter_s=30, dwell_s=(30,))), NOW)) == []


def test_a_schedule_that_is_over() -> None:
    (finding,) = lint_words(replace(WORDS, valid_to=NOW), NOW)
    assert finding.code is Code.SCHEDULE_OVER
    assert list(lint_words(replace(WORDS, valid_to=NOW + timedelta(seconds=1)), NOW)) == []


# --- what may be told ---------------------------------------------------------------------------------------------


def people(*numbers: int) -> list[set[int]]:
    """Groups of so many different people."""
    groups, first = [], 0
    for n in numbers:
        groups.append(set(range(first, first + n)))
        first += n
    return groups


def test_one_to_nine_people_are_not_told_of() -> None:
    assert [is_told(range(n)) for n in (0, 1, 9, 10)] == [True, False, False, True]
    assert is_told(range(3), exact=True)


@pytest.mark.parametrize(
    ("parts", "whole", "told"),
    [
        ((10, 20, 0), False, True),
        ((10, 20, 3), True, False),  # beside one hidden day it tells that day
        ((10, 4, 3), True, False),  # seven people together
        ((10, 6, 5), True, True),
        ((10, 6, 5), False, False),  # the next longer window would tell what lies between
        ((6, 5), True, True),
        ((3,), True, False),
        ((0, 0), False, True),
    ],
)
def test_a_total_beside_hidden_parts(parts: tuple[int, ...], whole: bool, told: bool) -> None:
    assert is_total_told(people(*parts), whole=whole) is told
    assert is_total_told(people(*parts), whole=whole, exact=True)


def test_the_same_few_people_on_two_days_stay_hidden() -> None:
    assert not is_total_told([set(range(6)), set(range(3, 9))], whole=True)
