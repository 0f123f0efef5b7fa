"""Proofs without a database: what is measured of a person, which days are told, prices, amber, words."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import numpy as np
import pytest

from geoengage.campaigns.rules import Content, Definition, TriggerKind
from geoengage.experiments.rules import Arm, Measured, Plan, Split, Variant, Verdict
from geoengage.metrics.rules import Shop
from geoengage.proof.rules import measures as m
from geoengage.proof.rules.found import Board, Finding, People, audience, variants
from geoengage.proof.rules.inputs import Missing, Price, Sending, sent_costs
from geoengage.proof.rules.told import told_days
from geoengage.proof.rules.words import Told, headline, sentences

FIRST = date(2026, 1, 5)
RNG = np.random.default_rng(8)


def test_a_window_is_from_the_decision_on() -> None:
    """Three people decided at second 1000 of day 100; orders at the edges of the window, a refund, a return."""
    at = np.array([100, 100, 100]) * m.DAY_S + 1000
    who = m.Subjects(at, np.array([100, 100, 100]), np.array([2.0, 0.0, 0.0]))
    rows = [
        # person, seconds from the decision, counted, money, margin, incentive
        (0, -1, True, 500.0, 100.0, 0.0),  # just before: of the time before
        (0, 0, True, 1000.0, 300.0, 50.0),
        (0, 7 * m.DAY_S - 1, True, 200.0, 60.0, 0.0),
        (0, 7 * m.DAY_S, True, 9000.0, 900.0, 0.0),  # after the window
        (1, 10, True, 0.0, 0.0, 0.0),  # wholly refunded
        (2, 10, True, 800.0, 200.0, 0.0),
        (2, 10, False, -800.0, -200.0, 0.0),  # brought back: it belongs to the sale
    ]
    person, since, counted, money, margin, incentive = (np.array(column) for column in zip(*rows, strict=True))
    seconds = at[person] + since
    orders = m.Orders(person, seconds, seconds // m.DAY_S, counted, money, margin, incentive)
    found = m.measure(who, orders, 7, Shop(), None)
    assert found[:, m.CONVERSION].tolist() == [1, 0, 0]
    assert found[:, m.REVENUE].tolist() == [1200, 0, 0]
    assert found[:, m.GAIN].tolist() == [410, 0, 0]
    assert found[:, m.COST].tolist() == [52, 0, 0]
    assert found[:, m.WAS_SPENT].tolist() == [500, 0, 0]
    assert np.isnan(found[:, m.LTV]).all()
    assert np.isnan(found[:, m.CHURN]).tolist() == [True, True, True]  # nobody had bought on a day before


def test_a_look_is_told_when_ten_more_have_come() -> None:
    one, two = np.array([3, 12, 15, 40, 41, 60]), np.array([1, 9, 10, 12, 19, 20])
    assert told_days(one, two, exact=False).tolist() == [-1, -1, 2, 2, 2, 5]
    assert told_days(one, two, exact=True).tolist() == [0, 1, 2, 3, 4, 5]


def test_messages_cost_what_somebody_said() -> None:
    prices = [Price("sms", "CH", 7500, "CHF"), Price("sms", "", 9000, "CHF"), Price("email", "", 100, "EUR")]
    costs, by_channel, missing = sent_costs(
        [Sending(0, "sms", "CH", 2), Sending(1, "sms", "FR", 1), Sending(1, "fcm", "", 9)], prices, 2, "CHF"
    )
    assert (costs.tolist(), by_channel, missing) == ([15.0, 9.0], {"sms": 24.0, "fcm": 0.0}, None)
    assert sent_costs([Sending(0, "email", "", 1)], prices, 1, "CHF")[2] is Missing.OTHER_CURRENCY
    assert sent_costs([Sending(0, "viber", "", 1)], prices, 1, "CHF")[2] is Missing.MESSAGE_COST


def board(people: int, *, lost: tuple[float, float], roi: tuple[float, float], exact: bool = True) -> Board:
    """People decided evenly over 60 days, a quarter held back; `lost`, `roi`: of the earlier and the later half."""
    plan = Plan(window_days=30, days=90)
    day = np.sort(RNG.integers(0, 60, people))
    later = (day >= 30).astype(int)
    is_sent = RNG.random(people) < 0.75
    rows = np.zeros((people, m.WIDTH))
    rows[:, m.CHURN] = RNG.random(people) < np.array(lost)[later]
    rows[:, m.CONVERSION] = RNG.random(people) < np.where(is_sent, 0.5, 0.3)
    rows[:, m.COST] = 100.0 * is_sent
    rows[:, m.GAIN] = np.where(is_sent, 100 * (1 + np.array(roi)[later]), 0) + RNG.normal(0, 20, people)
    return Board(People(day, is_sent, np.zeros(people, dtype=np.int64), rows), plan, FIRST, 60, exact=exact)


def test_amber_when_messages_pay_more_and_people_leave_more() -> None:
    amber = audience(board(2000, lost=(0.1, 0.2), roi=(0.5, 1.5)))
    assert amber is not None
    assert amber.is_amber
    for other in (board(2000, lost=(0.1, 0.2), roi=(1.5, 0.5)), board(2000, lost=(0.2, 0.1), roi=(0.5, 1.5))):
        found = audience(other)
        assert found is not None
        assert not found.is_amber
    assert audience(board(30, lost=(0.1, 0.2), roi=(0.5, 1.5))) is None


def test_few_people_are_hidden() -> None:
    shown = board(2000, lost=(0.1, 0.2), roi=(0.5, 1.5), exact=False)
    assert not shown.finding(Measured.CONVERSION).hidden
    rare = shown.who.rows.copy()
    rare[:, m.CONVERSION] = 0
    rare[:4, m.CONVERSION] = 1  # four buyers
    hidden = Board(replace(shown.who, rows=rare), shown.plan, FIRST, 60, exact=False).finding(Measured.CONVERSION)
    assert (hidden.hidden, hidden.value, hidden.verdict) == (True, None, Verdict.NOT_ENOUGH)


def test_variants_share_the_error() -> None:
    one = board(6000, lost=(0.1, 0.1), roi=(1, 1))
    names = np.where(RNG.random(6000) < 0.5, "A", "B")
    better = one.who.rows.copy()
    mine = one.who.is_sent & (names == "B")
    better[mine, m.CONVERSION] = RNG.random(int(mine.sum())) < 0.7
    two = Board(replace(one.who, rows=better), one.plan, FIRST, 60, exact=True)
    assert [(v.name, v.finding.verdict, v.is_best) for v in variants(two, ["A", "B"], names)] == [
        ("A", Verdict.WORKED, False), ("B", Verdict.WORKED, True),
    ]  # fmt: skip


def told(finding: Finding, **over: object) -> Told:
    values: dict[str, object] = {
        "plan": Plan(), "findings": (finding,), "roi": None, "audience": None, "currency": "CHF",
        "ends_on": date(2026, 4, 4), "first_look_on": FIRST + timedelta(days=30), "people_sent": 900,
        "people_held": 100,
    } | over  # fmt: skip
    return Told(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "verdict, over, said",
    [
        (Verdict.WORKED, {"value": 0.1}, "It worked: more of them buy than without it."),
        (Verdict.HARMED, {"value": -0.1}, "It did harm: fewer of them buy than without it."),
        (Verdict.NO_EFFECT, {}, "It made no difference that can be seen; one of 10 % would have been."),
        (Verdict.NOT_ENOUGH, {"more_days": 1234}, "Not enough people yet: about 1,234 more days."),
        (Verdict.TOO_EARLY, {}, "Too early to say: the answer comes after 4 April 2026."),
        (Verdict.TOO_EARLY, {"more_days": 300},
         "Not enough people yet: about 300 more days; the planned end is 4 April 2026."),
        (Verdict.NO_HOLDOUT, {}, "Nobody is held back from this campaign, so nobody can say what it brought."),
    ],
)  # fmt: skip
def test_the_answer_comes_first(verdict: Verdict, over: dict[str, float], said: str) -> None:
    assert headline(told(Finding(Measured.CONVERSION, verdict, False, 900, 100, **over))) == said  # type: ignore[arg-type]


def test_sentences_can_be_read_aloud() -> None:
    finding = Finding(Measured.CONVERSION, Verdict.WORKED, False, 900, 100, 0.5, 0.4, 0.1, 0.02, 0.18)
    assert sentences(told(finding)) == [
        "900 people were meant to get it, 100 like them were held back by lot. Everybody was watched for 30 days from"
        " that decision.",
        "Bought: 50.0 % with the message, 40.0 % without. That is +10.0 of 100 people; with 95 % confidence between"
        " +2.0 of 100 people and +18.0 of 100 people.",
    ]


def test_a_text_is_drawn_for_each_person_and_kept() -> None:
    split = Split(0, (Variant(Arm("A", 1), "a", "aa"), Variant(Arm("B", 1), "b", "bb")))
    content = Content(
        name="x", store_id=None, kind=TriggerKind.ENTERED, zone_ids=(), store_ids=(), title="t", body="u",
        valid_from=None, valid_to=None, definition=Definition(),
    )  # fmt: skip
    campaign = UUID(int=9)
    assert content.said_to(campaign, UUID(int=1)) is content
    tried = replace(content, split=split)
    drawn = [tried.said_to(campaign, UUID(int=n)).title for n in range(400)]
    assert set(drawn) == {"a", "b"}
    assert drawn == [tried.said_to(campaign, UUID(int=n)).title for n in range(400)]
