"""The sentences of the first screen, what a change is worth, and the drafts of playbooks."""

from uuid import UUID

import pytest

from geoengage.campaigns.rules import check_texts
from geoengage.campaigns.rules.wording import Names, write
from geoengage.lifecycle.rules import money, playbooks, sentences, watched
from geoengage.lifecycle.rules.catalogue import METRICS
from geoengage.lifecycle.rules.money import Change, Trade
from geoengage.lifecycle.rules.sentences import Tone
from geoengage.segments.rules import flaws, read_definition, walk

TRADE = Trade(customers=1000, orders=3000, order_minor=4000, active=1200, subscribers=5000, conversion=0.1)


def test_every_metric_is_watched_in_one_order():
    assert set(watched.WATCHED) == set(METRICS)
    first = list(watched.WATCHED)[:5]
    assert first == ["ltv", "ltv_predicted", "active", "at_risk", "churned"]  # before any open rate
    assert {w.playbook for w in watched.WATCHED.values()} <= set(playbooks.PLAYBOOKS)


@pytest.mark.parametrize(
    "name, now, before, said",
    [
        ("at_risk", 412, 300, "412 regulars slowed down (was 300)."),
        ("at_risk", 1, 0, "1 regular slowed down (was 0)."),
        ("churned", 1204, 1204, "1,204 customers are lost (as before)."),
        ("active", 1, None, "1 customer is active."),
        ("ltv", 21430, 20910, "A customer has brought CHF 214.30 so far (was CHF 209.10)."),
        ("revenue", 8120000, 9030000, "CHF 81,200 came in within 28 days (was CHF 90,300)."),
        ("churn_rate", 0.0312, 0.024, "3.1 % of customers were lost in 28 days (was 2.4 %)."),
        ("purchase_frequency", 1.8, 2.1, "A customer ordered 1.80 times in 28 days (was 2.10)."),
        ("time_between_orders", 9, 1, "Customers come back after 9 days (was 1 day)."),
        ("subscribers", 1, 2, "1 person wants to hear from you (was 2)."),
    ],
)
def test_a_metric_is_one_sentence(name, now, before, said):
    assert sentences.sentence(name, now, before, days=28, currency="CHF") == said


def test_each_metric_has_a_sentence():
    for name in METRICS:
        assert sentences.sentence(name, 0.5, 0.25, days=28, currency="JPY").endswith(").")


@pytest.mark.parametrize(
    "minor, currency, said",
    [
        (-3_123_400, "CHF", "Expected loss CHF 31,000 in 90 days."),
        (987_600, "CHF", "Worth CHF 9,900 more in 90 days."),
        (-7_000, "JPY", "Expected loss JPY 7,000 in 90 days."),
        (-50, "CHF", None),
        (None, "CHF", None),
        (-5000, None, None),
    ],
)
def test_money_is_said_in_two_figures(minor, currency, said):
    assert sentences.money_sentence(minor, currency) == said


def test_the_tone_is_that_of_the_shop():
    assert sentences.tone("at_risk", 412, 300) is Tone.BAD
    assert sentences.tone("active", 412, 300) is Tone.GOOD
    assert sentences.tone("active", 301, 300) is Tone.STEADY
    assert sentences.tone("active", 301, None) is Tone.UNKNOWN
    assert sentences.tone("active", 301, 0) is Tone.UNKNOWN


def test_an_alert_names_who_moved_it():
    assert sentences.alert_sentence("average_order_value", -0.123, "Basel") == (
        "Average order value fell by 12 %, which is unusual; most of it comes from “Basel”."
    )
    assert sentences.alert_sentence("at_risk", 0.4, None) == "Customers at risk rose by 40 %, which is unusual."


@pytest.mark.parametrize(
    "name, change, minor",
    [
        ("at_risk", Change(412, 300, 412, 28), -112 * 12_000),
        ("active", Change(1100, 1200, 1100, 28), -100 * 12_000),
        ("revenue", Change(9_000_000, 10_000_000, 900, 30), -3_000_000),
        ("average_order_value", Change(3900, 4000, 900, 28), -100 * 3000),
        ("purchase_frequency", Change(1.5, 2.0, 900, 30), -0.5 * 900 * 4000 * 3),
        ("time_between_orders", Change(10, 8, 900, 28), -0.2 * 3000 * 4000),
        ("conversion", Change(0.1, 0.2, 50, 30), -0.1 * 50 * 4000 * 3),
        ("subscribers", Change(4900, 5000, 4900, 28), -100 * 0.1 * 4000),
        ("ltv", Change(10_000, 11_000, 5000, 28), None),
    ],
)
def test_what_a_change_is_worth_in_ninety_days(name, change, minor):
    found = money.worth_minor(name, change, TRADE)
    assert found == (None if minor is None else pytest.approx(minor, rel=0.05))


def test_worse_is_a_loss_for_every_metric():
    for name, metric in METRICS.items():
        worse = Change(900, 1000, 100, 28) if metric.better == "up" else Change(1100, 1000, 100, 28)
        found = money.worth_minor(name, worse, TRADE)
        assert found is None or found < 0, name


def test_nothing_is_worth_nothing_without_customers():
    nobody = Trade(customers=0, orders=0, order_minor=0, active=0)
    for name in set(METRICS) - {"revenue"}:
        assert money.worth_minor(name, Change(0, 1, 0, 28), nobody) in (None, 0)


SEGMENT = UUID(int=7)
STORE = UUID(int=8)


@pytest.mark.parametrize("name", playbooks.PLAYBOOKS)
@pytest.mark.parametrize(
    "target",
    [
        playbooks.Target(),
        playbooks.Target(currency="CHF", order_minor=4100, segment_id=SEGMENT, group="Bern"),
        playbooks.Target(currency="CHF", order_minor=4100, store_id=STORE, group="Bern"),
        playbooks.Target(currency="CHF", order_minor=4100, in_store=True),
    ],
)
def test_each_playbook_makes_drafts_that_could_be_sent(name, target):
    made = playbooks.plans(name, target)
    assert made
    assert flaws(read_definition(playbooks.together(made)), STORE if target.in_store else None) == []
    assert len({plan.segment_name for plan in made}) == len(made)
    for plan in made:
        read = read_definition(plan.definition)
        names = {str(id_) for _, leaf in walk(read) for id_ in leaf.names().values()}
        assert flaws(read, STORE if target.in_store else None) == []
        assert names == {str(target.segment_id or target.store_id)} - {"None"}
        assert check_texts(plan.title, plan.body) == {}
        for first_name in ("Alexandra", None):
            text = write(plan.title, plan.body, Names(), first_name)
            assert not text.warnings
            assert len(text.title) <= 50
            assert len(text.body) <= 140
            assert "{" not in text.title + text.body
            assert text.title[0].isupper()
        assert len(plan.segment_name) <= 100
        assert len(plan.campaign_name) <= 100
        if "%" in plan.title + plan.body:
            assert playbooks.PLAYBOOKS[name].to_check


def test_win_back_has_tiers_that_share_nobody_and_offer_more_to_those_further_gone():
    texts = [plan.title + plan.body for plan in playbooks.plans("win-back", playbooks.Target())]
    assert len(texts) == 3
    assert ["%" in text for text in texts] == [False, True, True]
    assert "10 %" in texts[1]
    assert "15 %" in texts[2]


def test_small_baskets_are_those_below_the_average_order():
    (plan,) = playbooks.plans("second-item", playbooks.Target(currency="CHF", order_minor=4100))
    small = plan.definition["of"][-1]
    assert playbooks.together([plan]) == plan.definition
    assert (small["measure"], small["op"], small["value"], small["currency"]) == ("average", "lt", 4100, "CHF")
