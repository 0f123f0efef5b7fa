"""Early warning on series that are known: twelve metrics of a made-up shop, with season, trend, noise, a Christmas."""

from dataclasses import dataclass

import numpy as np
import pytest

from geoengage.lifecycle.rules import warnings
from geoengage.lifecycle.rules.open_days import openness, openness_at

FIRST = 7 * warnings.WEEKS + 1  # the first day that has a whole history behind it
DAYS = FIRST + 370
KINDS = ["count"] * 4 + ["mean"] * 4 + ["rate"] * 2 + ["stock"] * 2  # the twelve metrics
SHIFT = {"count": 0.5, "mean": 0.01, "rate": 0.005, "stock": 0.5}
PLANTED = {"count": -0.3, "mean": -0.16, "rate": -0.22, "stock": -0.1}  # of the whole, all of it in one group
LEAST = 0.05
GROUPS = [[0], [1], [2], [3], [0, 1], [1, 2], [0, 3], [1, 2, 3]]  # four that share nobody, and some that hold them


@dataclass
class Made:
    """Each day's sums of four groups of people (rows), and of what they are divided by."""

    kind: str
    over: np.ndarray
    under: np.ndarray | None
    shares: np.ndarray

    def weeks(self, groups, days, count=warnings.WEEKS):
        """Per group and day the weeks that end before it, as rows."""
        ends = np.asarray(days)[:, None] - 7 * np.arange(count - 1, -1, -1)
        over = np.array([self.over[group].sum(axis=0) for group in groups])
        if self.kind == "stock":
            return over[:, ends - 1].reshape(-1, count)
        values = _sums(over, ends)
        if self.under is not None:
            values /= np.maximum(_sums(np.array([self.under[group].sum(axis=0) for group in groups]), ends), 1)
        return values.reshape(-1, count)

    def judge(self, groups, days, count=warnings.WEEKS):
        weeks = self.weeks(groups, days, count)
        if self.kind != "count":
            return warnings.judge(weeks, SHIFT[self.kind])
        ends = np.asarray(days)[:, None] - 7 * np.arange(count - 1, -1, -1)
        was_open = np.tile(openness(self.over.sum(axis=0))[ends - 1], (len(groups), 1))
        return warnings.judge_with_shut_days(weeks, was_open, SHIFT[self.kind])

    def parts(self, groups, day):
        found = self.judge(groups, [day])
        return [
            warnings.Part(
                found.expected[i],
                found.now[i],
                found.clearness[i],
                1.0 if self.under is None else self.under[group, day - 7 : day].sum(),
            )
            for i, group in enumerate(groups)
        ]


def _sums(daily, ends):
    total = np.concatenate([np.zeros((len(daily), 1)), np.cumsum(daily, axis=1)], axis=1)
    return total[:, ends] - total[:, ends - 7]


def make(rng, kind, *, changes_on=DAYS, everybody=False):
    """A metric whose largest group (or everybody) falls on a day, so that the whole falls by what is planted."""
    t = np.arange(DAYS)
    shares = np.sort(rng.dirichlet(np.full(4, 8.0)))[::-1][:, None]
    yearly = 1 + rng.uniform(0, 0.4) * np.sin(2 * np.pi * (t / 365 + rng.uniform()))
    christmas = 1 + rng.uniform(0, 0.6) * np.exp(-(((t % 365 - 350) / 7) ** 2) / 2)
    trend = np.exp(rng.uniform(-0.2, 0.35) * t / 365)
    luck = np.exp(np.interp(t / 7, np.arange(DAYS // 7 + 2), _wandering(rng, DAYS // 7 + 2)))
    base = rng.uniform(60, 400)
    traffic = base * yearly * christmas * rng.uniform(0.6, 1.5, 7)[t % 7] * trend * luck
    factor = np.ones((4, DAYS))
    fall = PLANTED[kind]
    factor[slice(None) if everybody else 0, changes_on:] += fall if everybody else max(-0.95, fall / shares[0, 0])
    if kind == "count":
        return Made(kind, rng.poisson(shares * traffic * factor).astype(float), None, shares)
    if kind == "stock":
        moves = rng.poisson(shares * traffic * 0.2) - rng.poisson(shares * base * 0.17, (4, DAYS))
        return Made(kind, np.maximum(shares * base * 30 + np.cumsum(moves, axis=1), 1) * factor, None, shares)
    people = rng.poisson(shares * traffic).astype(float)
    level = rng.uniform(0.8, 1.2, (4, 1)) * (1 + (yearly - 1) / 4) * trend**0.1 * luck**0.2 * factor
    if kind == "rate":
        return Made(kind, rng.binomial(people.astype(int), np.clip(0.35 * level, 0, 1)).astype(float), people, shares)
    spent = people * 40 * level + rng.normal(size=people.shape) * 36 * level * np.sqrt(people)
    return Made(kind, spent, people, shares)


def _wandering(rng, count):
    """Good and bad weeks, of which one resembles the next."""
    steps = rng.normal(0, 0.03, count)
    for i in range(1, count):
        steps[i] += 0.5 * steps[i - 1]
    return steps


def false_alarms(seeds, days, weeks=warnings.WEEKS):
    """How many a year over the twelve metrics that go on as they were, looked at every day."""
    alarms = 0
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        start = FIRST + int(rng.integers(0, 365 - days))
        for kind in KINDS:
            found = make(rng, kind).judge([[0, 1, 2, 3]], range(start, start + days), weeks)
            alarms += openings(found.warnings(LEAST))
    return alarms / seeds * 365 / days


def test_at_most_two_false_alarms_a_year_over_twelve_metrics():
    assert false_alarms(seeds=100, days=61) <= 2


@pytest.mark.parametrize("weeks", [8, 40, 70])
def test_a_young_shop_whose_season_is_unknown_alarms_no_more(weeks):
    assert false_alarms(seeds=24, days=61, weeks=weeks) <= 2


def openings(warned):
    """What the job makes of days with warnings: one alert for each spell of four weeks."""
    count, last = 0, -99
    for day in np.flatnonzero(warned):
        if day - last > 28:
            count, last = count + 1, day
    return count


def test_a_planted_change_is_found_within_14_days_and_its_group_named():
    delays, named = [], 0
    for seed in range(200):
        rng = np.random.default_rng(10_000 + seed)
        day = FIRST + int(rng.integers(0, 300))
        made = make(rng, KINDS[seed % 12], changes_on=day)
        whole = [[0, 1, 2, 3]]
        warned = made.judge(whole, range(day, day + 15)).warnings(LEAST)
        if not warned.any():
            continue
        delays.append(int(np.flatnonzero(warned)[0]))
        (all_of_it,) = made.parts(whole, day + delays[-1])
        named += warnings.driver(all_of_it, made.parts(GROUPS, day + delays[-1])) == 0
    assert len(delays) >= 190, delays
    assert np.median(delays) <= 7
    assert named >= 160


def test_nobody_is_named_when_everybody_changes():
    found = named = 0
    for seed in range(60):
        rng = np.random.default_rng(20_000 + seed)
        made = make(rng, KINDS[seed % 12], changes_on=FIRST + 100, everybody=True)
        (whole,) = made.parts([[0, 1, 2, 3]], FIRST + 110)
        if abs(whole.clearness) >= 1:
            found += 1
            named += warnings.driver(whole, made.parts(GROUPS, FIRST + 110)) is not None
    assert found >= 50
    assert named <= found / 10


def test_too_short_or_not_told_is_no_warning():
    rng = np.random.default_rng(1)
    steady = 1000 + rng.normal(0, 10, (1, 30))
    steady[0, -1] = 300
    assert warnings.judge(steady).warnings(LEAST).all()
    assert not warnings.judge(steady[:, -5:]).warnings(LEAST).any()
    hidden = steady.copy()
    hidden[0, -1] = np.nan
    assert not warnings.judge(hidden).warnings(LEAST).any()
    gaps = steady.copy()
    gaps[0, 3:6] = np.nan
    assert warnings.judge(gaps).warnings(LEAST).all()


def test_a_small_change_is_no_warning_however_clear():
    steady = np.full((1, 40), 1000.0)
    steady[0, -1] = 970
    found = warnings.judge(steady)
    assert abs(found.clearness[0]) > 1
    assert not found.warnings(LEAST).any()
    assert found.warnings(0.02).all()
    assert found.change[0] == pytest.approx(-0.03)
    assert found.expected[0] == pytest.approx(1000)
    assert found.now[0] == pytest.approx(970)


def test_a_stop_counts_with_its_shift():
    stopped = np.full((2, 40), 50.0)
    stopped[0, -1] = 0
    found = warnings.judge(stopped, np.array([0.5, 0.5]))
    assert found.warnings(LEAST).tolist() == [True, False]
    assert found.now[0] == pytest.approx(0, abs=1e-9)


def _daily(days=7 * 120, usual=200):
    return np.random.default_rng(5).poisson(usual, days).astype(float)


def test_a_week_with_a_holiday_is_held_against_its_open_days():
    daily = _daily()
    daily[[-9, -3]] = 0
    was_open = openness(daily)
    assert was_open[-1] == pytest.approx(6 / 7, abs=0.02)
    assert was_open[-4] == pytest.approx(6 / 7, abs=0.02)
    assert was_open[-9] == pytest.approx(6 / 7, abs=0.02)
    assert (was_open[:-9] == 1).all()
    days = np.repeat(np.arange(len(daily)), daily.astype(int)) + 700_000
    ends = 700_000 + np.array([len(daily) - 1, 50])
    assert openness_at(days, ends) == pytest.approx([was_open[-1], 1])
    assert openness_at(days[:0], ends).tolist() == [1, 1]


def test_a_place_that_stays_shut_and_one_with_few_orders_are_as_they_are():
    daily = _daily()
    daily[-4:] = 0
    assert openness(daily)[-1] == 1
    assert openness(daily)[-2] < 1  # three days might be holidays
    few = _daily(usual=12)
    few[-1] = 0
    assert (openness(few) == 1).all()


def _judged(daily):
    ends = np.arange(len(daily) % 7 + 6, len(daily), 7)[-warnings.WEEKS :]
    weeks = _sums(daily[None, :], ends[None, :] + 1)[0]
    return warnings.judge_with_shut_days(weeks, openness(daily)[ends][None, :])


def test_holidays_are_no_fall_and_hide_none():
    daily = _daily(days=7 * 120)
    daily[[-2, -3, -5]] = 0
    assert not _judged(daily).warnings(LEAST)[0]
    earlier = daily.copy()
    earlier[[-1, -4, -6, -7]] *= 1.75  # what is not bought on those days is bought on the others
    assert not _judged(earlier).warnings(LEAST)[0]
    less = daily.copy()
    less[-7:] *= 0.7
    assert _judged(less).warnings(LEAST)[0]
    assert _judged(less).change[0] == pytest.approx(-0.3, abs=0.05)
    more = _daily(days=7 * 120)
    more[-7:] *= 1.3
    assert _judged(more).warnings(LEAST)[0]
    stopped = _daily(days=7 * 120)
    stopped[-5:] = 0
    assert _judged(stopped).change[0] < -0.6
