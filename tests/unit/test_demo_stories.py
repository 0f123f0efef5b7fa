"""The planned experiments: the same in any week, in themselves consistent, found by a proof; and the days played."""

from collections import Counter
from datetime import date, timedelta
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from geoengage.demo.planting import story as planting
from geoengage.demo.planting.check import WORDS, check
from geoengage.demo.planting.story import Cast, bind, consents, customers, order_id, orders
from geoengage.demo.stories import parents, weekend, winback
from geoengage.experiments.rules import Verdict
from geoengage.proof.rules.played import PLAN as PLAYED
from geoengage.proof.rules.played import play

TODAY = date(2026, 11, 28)
MODULES = {"win_back": winback, "parents": parents, "weekend": weekend}


@pytest.fixture(scope="module", params=list(MODULES))
def module(request: pytest.FixtureRequest) -> ModuleType:
    return MODULES[request.param]


@pytest.fixture(scope="module")
def planned(module: ModuleType) -> Cast:
    made: Cast = module.cast(7, TODAY)
    return made


def test_any_day_of_a_week_plans_the_same_and_another_week_the_same_earlier(module: ModuleType, planned: Cast) -> None:
    assert module.cast(7, TODAY - timedelta(days=TODAY.weekday())) == planned
    before = module.cast(7, TODAY - timedelta(days=7))
    assert before.trial(None).planted() == planned.trial(None).planted()
    assert [sale.basket_minor for sale in before.sales] == [sale.basket_minor for sale in planned.sales]
    assert module.cast(8, TODAY).sales != planned.sales


def test_everything_lies_in_the_past_while_shops_are_open(planned: Cast) -> None:
    zone, plan = ZoneInfo(planned.story.zone), planned.story.plan
    days = {sale.at.astimezone(zone).date() for sale in planned.sales}
    monday = TODAY - timedelta(days=TODAY.weekday())
    assert max(days) < monday
    assert {day.weekday() for day in days} == set(range(6 if planned.story is winback.STORY else 7))
    decided = [at.astimezone(zone).date() for at in planned.decided_at]
    begun = monday - timedelta(days=plan.days)
    assert begun <= min(decided) < begun + timedelta(days=7)
    assert max(decided) < begun + timedelta(days=plan.looks)
    assert all(8 <= sale.at.astimezone(zone).hour < 20 for sale in planned.sales)


def test_parents_are_written_to_after_work_or_on_saturday_once_they_were_silent() -> None:
    made, zone = parents.cast(7, TODAY), ZoneInfo(parents.ZONE)
    moments = [at.astimezone(zone) for at in made.decided_at]
    assert {(at.weekday() == 5 and 10 <= at.hour < 13) or 17 <= at.hour < 20 for at in moments} == {True}
    for n, at in enumerate(made.decided_at):
        before = max(sale.at for sale in made.sales if sale.person == n and sale.at < at)
        assert (at - before).days >= parents.SILENT_DAYS


def test_a_coupon_is_used_once_by_whom_it_was_sent_to_in_time() -> None:
    made = winback.cast(7, TODAY)
    used = [sale for sale in made.sales if sale.discount_minor]
    assert max(Counter(sale.person for sale in used).values()) == 1
    for sale in used:
        at, coupon = made.decided_at[sale.person], made.coupons[sale.person]
        assert coupon is not None
        assert at <= sale.at < at + timedelta(days=winback.PLAN.window_days)
        assert sale.discount_minor == pytest.approx(coupon[1] / 100 * sale.basket_minor, abs=1)


def test_everybody_becomes_a_customer_whom_the_lot_has_put_where_he_is(planned: Cast) -> None:
    held = {name: n % 4 == 0 for n, name in enumerate(planned.candidates)}
    names = bind(planned, held)
    assert [held[name] for name in names] == planned.held_out
    assert len(set(names)) == len(names)
    with pytest.raises(planting.LotError):
        bind(planned, dict.fromkeys(planned.candidates, False))
    assert len(customers(planned, 7).splitlines()) == len(planned.candidates) + 1
    assert len(consents(planned).splitlines()) == len(planned.candidates) + 1
    assert len(orders(planned, names).splitlines()) == len(planned.sales) + 1
    assert len({order_id(planned.story, sale) for sale in planned.sales}) == len(planned.sales)


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
    found = {f.what: f for f in check(Proved(findings=[bought, lost]), winback.STORY, "x")}  # type: ignore[arg-type]
    assert found[f"win-back: {WORDS['conversion']}"].holds is True
    assert found[f"win-back: {WORDS['conversion']}"].found == "+25.0 of 100 (+20.0 of 100 to +35.0 of 100)"
    assert found[f"win-back: {WORDS['churn']}"].holds is False
    assert found[f"win-back: {WORDS['roi']}"].holds is None
