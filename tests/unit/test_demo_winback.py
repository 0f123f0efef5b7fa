"""The planned win-back: the same in any week, in itself consistent, found by a proof; and the thirty days played."""

from collections import Counter
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from geoengage.demo.chains.supermarket import ZONE
from geoengage.demo.winback import plan as planning
from geoengage.demo.winback.check import _WORDS, check
from geoengage.demo.winback.plan import PLAN, WinBack, bind, customers, order_id, orders, plan
from geoengage.experiments.rules import Verdict
from geoengage.proof.rules.played import PLAN as PLAYED
from geoengage.proof.rules.played import play

TODAY = date(2026, 11, 28)


@pytest.fixture(scope="module")
def planned() -> WinBack:
    return plan(7, TODAY)


def test_any_day_of_a_week_plans_the_same_and_another_week_the_same_earlier(planned: WinBack) -> None:
    assert plan(7, TODAY - timedelta(days=TODAY.weekday())) == planned
    before = plan(7, TODAY - timedelta(days=7))
    assert before.planted == planned.planted
    assert [sale.basket_minor for sale in before.sales] == [sale.basket_minor for sale in planned.sales]
    assert plan(8, TODAY).sales != planned.sales


def test_everything_lies_in_the_past_and_shops_are_shut_on_sundays(planned: WinBack) -> None:
    zone = ZoneInfo(ZONE)
    days = {sale.at.astimezone(zone).date() for sale in planned.sales}
    monday = TODAY - timedelta(days=TODAY.weekday())
    assert max(days) < monday
    assert {day.weekday() for day in days} == set(range(6))
    decided = [at.astimezone(zone).date() for at in planned.decided_at]
    assert min(decided) == monday - timedelta(days=PLAN.days)
    assert max(decided) < min(decided) + timedelta(days=PLAN.looks)
    assert all(8 <= sale.at.astimezone(zone).hour < 20 for sale in planned.sales)


def test_a_coupon_is_used_once_by_whom_it_was_sent_to_in_time(planned: WinBack) -> None:
    used = [sale for sale in planned.sales if sale.discount_minor]
    assert max(Counter(sale.person for sale in used).values()) == 1
    for sale in used:
        at = planned.decided_at[sale.person]
        assert planned.codes[sale.person]
        assert at <= sale.at < at + timedelta(days=PLAN.window_days)
        share = planning.SETTING.discounts[planned.has_slowed_much[sale.person]]
        assert sale.discount_minor == pytest.approx(share * sale.basket_minor, abs=1)
    assert len({order_id(sale) for sale in planned.sales}) == len(planned.sales)


def test_everybody_becomes_a_customer_whom_the_lot_has_put_where_he_is(planned: WinBack) -> None:
    held = {name: n % 4 == 0 for n, name in enumerate(planned.candidates)}
    names = bind(planned, held)
    assert [held[name] for name in names] == planned.held_out
    assert len(set(names)) == len(names)
    with pytest.raises(planning.LotError):
        bind(planned, dict.fromkeys(planned.candidates, False))
    assert len(customers(planned, 7).splitlines()) == len(planned.candidates) + 1
    assert len(orders(planned, names).splitlines()) == len(planned.sales) + 1


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_thirty_days_are_played_beside_the_truth(seed: int) -> None:
    found = play(seed, TODAY)
    assert found == play(seed, TODAY)
    assert [each.day for each in found.days] == list(range(1, PLAYED.days + 1))
    last = found.days[-1]
    assert last.sent > 900
    conversion = found.findings[0]
    assert conversion.verdict is Verdict.WORKED
    assert conversion.low is not None
    assert conversion.high is not None
    assert conversion.low <= found.planted["conversion"] <= conversion.high
    # A second way to the same number: who was back within the window.
    held = last.decided - last.sent
    assert (conversion.people_sent, conversion.people_held) == (last.sent, held)
    assert conversion.mean_sent == pytest.approx(last.back_sent / last.sent)
    assert conversion.mean_held == pytest.approx(last.back_held / held)


class Proved:
    """The answer of a proof, in a client's place."""

    def __init__(self, **told: object) -> None:
        self.told = {"findings": [], "roi": None} | told

    def get(self, _path: str) -> object:
        return self.told


def test_the_check_says_whether_intervals_hold_what_was_planted() -> None:
    bought = {"outcome": "conversion", "planted": 0.3, "value": 0.25, "low": 0.2, "high": 0.35}
    lost = {"outcome": "churn", "planted": -0.1, "value": 0.0, "low": -0.05, "high": 0.05}
    found = {f.what: f for f in check(Proved(findings=[bought, lost]), "x")}  # type: ignore[arg-type]
    assert found[_WORDS["conversion"]].holds is True
    assert found[_WORDS["conversion"]].found == "+25.0 of 100 (+20.0 of 100 to +35.0 of 100)"
    assert found[_WORDS["churn"]].holds is False
    assert found[_WORDS["roi"]].holds is None
