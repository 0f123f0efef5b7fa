"""What is told of visits that late fixes have changed: pairs, revisions, retractions, and what nobody has heard of."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pytest

from geoengage.kit.ids import derived_id, derived_time_id
from geoengage.presence.rules.revise import Kept, compare, concerns
from geoengage.presence.rules.run import Span, Transition
from geoengage.presence.rules.state import DeviceState, Phase, ZoneState
from tests.walks import DEVICE, moment

SHOP, CAFE = derived_id("shop"), derived_id("cafe")


@dataclass
class Stay:
    """A visit in seconds. `end` None: it goes on."""

    start: float
    end: float | None = None
    dwell_s: int = 0
    zone_id: UUID = SHOP
    reason: str = "left"

    @property
    def id(self) -> UUID:
        return derived_time_id(moment(self.start), DEVICE, self.zone_id)

    def span(self, **over: object) -> Span:
        ended = None if self.end is None else moment(self.end)
        values = {"exited_at": ended, "exit_reason": ended and self.reason, "last_dwell_s": self.dwell_s} | over
        return Span(self.id, self.zone_id, 1, moment(self.start), **values)  # type: ignore[arg-type]

    def told(self) -> list[Transition]:
        def tell(kind: str, at: datetime, reason: str, dwell_s: int | None = None) -> Transition:
            return Transition(kind, self.zone_id, 1, self.id, at, moment(self.start), 0.9, "gnss", reason, dwell_s)  # type: ignore[arg-type]

        steps = [tell("entered", moment(self.start), "whole_disc")]
        if self.dwell_s:
            steps.append(tell("dwelled", moment(self.start + self.dwell_s), "dwell", self.dwell_s))
        if self.end is not None:
            steps.append(tell("exited", moment(self.end), self.reason))
        return steps


def state(**zones: ZoneState) -> DeviceState:
    at = moment(50)
    by_id = {derived_id(name): z for name, z in zones.items()}
    return DeviceState(DEVICE, at, at, 0.0, 0.0, 5.0, settled_at=at, zones=by_id)


def told(before: list[Stay], after: list[Stay], start: DeviceState | None = None) -> list[str]:
    """One line each: kind, zone, start of the visit of before whose id it has (`new` for none), and what differs."""
    ids = {stay.id: f"{stay.start:g}" for stay in before}
    replayed = [t for stay in after for t in stay.told()]
    revised = compare(DEVICE, start, [b.span() for b in before], replayed, 7)
    lines = []
    for t in revised.transitions:
        zone = "shop" if t.zone_id == SHOP else "cafe"
        mark = "" if t.dwell_s is None else f" {t.dwell_s}s"
        lines.append(f"{t.kind}{mark} {zone} {ids.get(t.visit_id, 'new')} {(t.at - moment(0)).total_seconds():g}")
    return lines


@pytest.mark.parametrize(
    "before, after, lines",
    [
        pytest.param([Stay(0, 60)], [Stay(0, 60)], [], id="nothing has changed"),
        pytest.param([], [Stay(0, 60, 30)], ["entered shop new 0", "dwelled 30s shop new 30", "exited shop new 60"],
                     id="a visit that nobody had seen"),
        pytest.param([Stay(0, 60)], [], ["retracted shop 0 0"], id="one that never was"),
        pytest.param([Stay(0)], [Stay(0, 60)], ["exited shop 0 60"], id="an end is no revision"),
        pytest.param([Stay(0)], [Stay(0, None, 30)], ["dwelled 30s shop 0 30"], id="a mark is no revision"),
        pytest.param([Stay(20, 60)], [Stay(0, 60)], ["revised shop 20 0"], id="it began earlier"),
        pytest.param([Stay(20)], [Stay(0, 60)], ["revised shop 20 0", "exited shop 20 60"], id="and ended"),
        pytest.param([Stay(0, 60)], [Stay(0, 90, 80)], ["revised shop 0 0", "dwelled 80s shop 0 80"],
                     id="it went on for longer"),
        pytest.param([Stay(0, 60)], [Stay(0)], ["revised shop 0 0"], id="it goes on"),
        pytest.param([Stay(0, 60, reason="silence")], [Stay(0, 60)], ["revised shop 0 0"], id="another reason"),
        pytest.param([Stay(0, 60, 50)], [Stay(0, 40)], ["revised shop 0 0"], id="a mark was not reached"),
        pytest.param([Stay(0, 60), Stay(80, 120)], [Stay(0, 120)], ["retracted shop 80 80", "revised shop 0 0"],
                     id="joined visits keep the earliest"),
        pytest.param([Stay(0, 120)], [Stay(0, 50), Stay(80, 120)],
                     ["revised shop 0 0", "entered shop new 80", "exited shop new 120"], id="a split one's first part"),
        pytest.param([Stay(0, 60), Stay(100, 160)], [Stay(10, 110), Stay(130, 160)],
                     ["revised shop 0 10", "revised shop 100 130"], id="each goes on as what it overlaps"),
        pytest.param([Stay(0, 60)], [Stay(0, 60, zone_id=CAFE)],
                     ["retracted shop 0 0", "entered cafe new 0", "exited cafe new 60"], id="zones are apart"),
    ],
)  # fmt: skip
def test_what_is_told(before: list[Stay], after: list[Stay], lines: list[str]) -> None:
    assert told(before, after) == lines


def test_a_revision_holds_both_spans_and_a_new_id() -> None:
    before = Stay(20, 60)
    (first,) = compare(DEVICE, None, [before.span()], Stay(0, 60).told(), 7).transitions
    assert first.spans is not None
    assert (first.spans[0].entered_at, first.spans[1].entered_at) == (moment(20), moment(0))
    assert (first.revision, first.spans[1].revision, first.reason) == (1, 1, "late_fixes")
    again = compare(DEVICE, None, [before.span(revision=1)], Stay(0, 90).told(), 8).transitions[0]
    assert again.event_id(SHOP, DEVICE) != first.event_id(SHOP, DEVICE)


def test_an_open_visit_goes_on_under_its_id() -> None:
    inside = ZoneState(
        phase=Phase.INSIDE, version=1, since=moment(0), seen_at=moment(40), confidence=0.9, evidence="gnss",
        visit_id=Stay(0).id, dwelled_s=30,
    )  # fmt: skip
    start = state(shop=inside)
    exited = Stay(0, 70).told()[-1]
    revised = compare(DEVICE, start, [Stay(0, None, 30).span(revision=2)], [exited], 7)
    assert [(t.kind, t.visit_id, t.revision) for t in revised.transitions] == [("exited", Stay(0).id, 2)]
    assert revised.named(start).zones[SHOP].revision == 2
    assert told([Stay(0, 45, 30)], [], start) == ["revised shop 0 0"], "it had not ended"


def test_new_visits_never_take_an_id_that_was_given_before() -> None:
    pending = ZoneState(
        phase=Phase.PENDING, version=1, since=moment(0), seen_at=moment(0), confidence=0.9, evidence="gnss"
    )
    revised = compare(DEVICE, None, [], Stay(0).told(), 7)
    (kept,) = revised.kept.values()
    assert kept == Kept(kept.visit_id, 0)
    assert kept.visit_id != Stay(0).id
    assert revised.named(state(cafe=pending)).zones[CAFE].salt == 7


def test_a_mark_that_did_not_last_is_not_told() -> None:
    entered, dwelled, exited = Stay(0, 90, 60).told()
    taken_back = Transition(
        "retracted", SHOP, 1, entered.visit_id, moment(10), moment(0), 0.9, "gnss", "silence", 60, kept_dwell_s=0
    )
    kinds = [t.kind for t in compare(DEVICE, None, [], [entered, dwelled, taken_back, exited], 7).transitions]
    assert kinds == ["entered", "exited"]


@pytest.mark.parametrize(
    "span, phase, is_concerned",
    [
        (Stay(0, 40), None, False),
        (Stay(0, 50), None, False),
        (Stay(0, 51), None, True),
        (Stay(0), None, True),
        (Stay(60, 90, reason="consent_withdrawn"), None, False),
        (Stay(60, 90, reason="relocated"), None, False),
        (Stay(30, 40), Phase.PENDING, True),  # it was being believed, and fell silent later
        (Stay(30, 40), Phase.DORMANT, False),
        (Stay(0, 10), Phase.PENDING, False),
    ],
)
def test_which_visits_are_told_again(span: Stay, phase: Phase | None, is_concerned: bool) -> None:
    z = ZoneState(
        phase=phase or Phase.PENDING, version=1, since=moment(30), seen_at=moment(30), confidence=0.9, evidence="gnss"
    )
    start = state(**({"shop": z} if phase else {}))
    assert concerns(span.span(), start, moment(0)) is is_concerned


def test_visits_older_than_the_first_known_fix_stay() -> None:
    assert not concerns(Stay(0, 60).span(), None, moment(20))
    assert concerns(Stay(20, 60).span(), None, moment(20))
