"""BG/NBD, MBG/NBD and Gamma-Gamma: the published fits, `lifetimes`, simulated customers, and what is refused."""

import warnings
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoengage.metrics.rules import buying, plots, spending, trials, values, worth
from geoengage.metrics.rules.buying import Fit, Histories, Model, TooLittle
from geoengage.metrics.rules.spending import Spending
from tests import cdnow

PUBLISHED = Fit(Model.BG_NBD, 0.243, 4.414, 0.793, 2.426, 0.0, 2357, True)


@cache
def customers() -> trials.Customers:
    return trials.summarise(cdnow.purchases().until(cdnow.CUT))


@cache
def history() -> Histories:
    return customers().history(cdnow.CUT)


@cache
def fitted(model: Model) -> Fit:
    found = buying.fit(history(), model)
    assert isinstance(found, Fit)
    return found


@cache
def spent() -> Spending:
    found = spending.fit(customers().x, customers().mean / 100)
    assert isinstance(found, Spending)
    return found


# --- CDNOW: the published figures ----------------------------------------------------------------------------------


def test_the_summary_is_the_published_one() -> None:
    x, t_x, age, mean = cdnow.published().T
    mine = customers()
    assert (mine.x == x).all()
    np.testing.assert_allclose(mine.last / 7, t_x, atol=0.005001)
    np.testing.assert_allclose((cdnow.CUT - mine.first) / 7, age, atol=0.005001)
    np.testing.assert_allclose(mine.mean / 100, mean, atol=0.005001)


def test_bg_nbd_is_the_published_fit() -> None:
    """Fader, Hardie, Lee 2005, table 2."""
    found = fitted(Model.BG_NBD)
    assert [round(v, 3) for v in (found.r, found.alpha, found.a, found.b)] == [0.243, 4.414, 0.793, 2.426]
    assert found.log_likelihood == pytest.approx(-9582.43, abs=0.01)
    assert found.converged
    assert buying.log_likelihood(history(), found) == pytest.approx(found.log_likelihood, abs=1e-6)


def test_mbg_nbd_is_that_of_two_other_programs() -> None:
    """lifetimes and clvkit, anchors/metrics.md section 1.1."""
    found = fitted(Model.MBG_NBD)
    assert (found.r, found.alpha) == (pytest.approx(0.52484, abs=1e-5), pytest.approx(6.18308, abs=1e-4))
    assert (found.a, found.b) == (pytest.approx(0.89136, abs=1e-5), pytest.approx(1.61400, abs=1e-4))
    assert found.log_likelihood == pytest.approx(-9582.136, abs=1e-3)


def test_gamma_gamma_is_the_published_fit() -> None:
    """Fader, Hardie 2013 (note 025); the likelihood is that of CLVTools' own test."""
    found = spent()
    assert (round(found.p, 2), round(found.q, 2), round(found.gamma, 2)) == (6.25, 3.74, 15.44)
    assert found.log_likelihood == pytest.approx(-4055.918, abs=0.001)
    assert found.correlation == pytest.approx(0.114, abs=0.001)


def test_the_published_customer() -> None:
    one = buying.group([2], [30.43], [38.86])
    assert buying.expected_purchases(one, PUBLISHED, 39.0)[0] == pytest.approx(1.226, abs=5e-4)
    assert buying.probability_alive(one, PUBLISHED)[0] == pytest.approx(0.7266, abs=5e-5)


# --- the same as lifetimes -----------------------------------------------------------------------------------------


@cache
def theirs() -> tuple[Any, Any, Any]:
    """Their models with our parameters, and their summary."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from lifetimes import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter

        made = {Model.BG_NBD: BetaGeoFitter(), Model.MBG_NBD: ModifiedBetaGeoFitter()}
        for model, fitter in made.items():
            ours = fitted(model)
            fitter.params_ = pd.Series({"r": ours.r, "alpha": ours.alpha, "a": ours.a, "b": ours.b})
            fitter.predict = fitter.conditional_expected_number_of_purchases_up_to_time
        money = GammaGammaFitter()
        money.params_ = pd.Series({"p": spent().p, "q": spent().q, "v": spent().gamma})
        mine = customers()
        frame = pd.DataFrame(
            {"x": mine.x, "t_x": mine.last / 7, "age": (cdnow.CUT - mine.first) / 7, "mean": mine.mean / 100}
        )
    return made, money, frame


@pytest.mark.parametrize("model", Model)
@pytest.mark.filterwarnings("ignore")
def test_predictions_are_those_of_lifetimes(model: Model) -> None:
    made, _, frame = theirs()
    columns = frame["x"], frame["t_x"], frame["age"]
    alive = np.asarray(made[model].conditional_probability_alive(*columns))
    np.testing.assert_allclose(buying.probability_alive(history(), fitted(model)), alive, rtol=0, atol=1e-9)
    for weeks in (1.0, 39.0, 104.0):
        expected = np.asarray(made[model].predict(weeks, *columns))
        np.testing.assert_allclose(
            buying.expected_purchases(history(), fitted(model), weeks), expected, rtol=1e-9, atol=1e-9
        )


@pytest.mark.filterwarnings("ignore")
def test_values_are_those_of_lifetimes() -> None:
    made, money, frame = theirs()
    each = spending.expected_value(customers().x, customers().mean / 100, spent())
    expected = money.conditional_expected_average_profit(frame["x"], frame["mean"])
    np.testing.assert_allclose(each, np.asarray(expected), rtol=1e-9)
    total = worth.future_value(history(), fitted(Model.BG_NBD), each, month=4.345)  # their month of weeks
    args = made[Model.BG_NBD], frame["x"], frame["t_x"], frame["age"], frame["mean"]
    theirs_ = money.customer_lifetime_value(*args, time=12, discount_rate=0.01, freq="W")
    np.testing.assert_allclose(total, np.asarray(theirs_), rtol=1e-9, atol=1e-9)


# --- the hold-out --------------------------------------------------------------------------------------------------


@cache
def trial() -> trials.Trial:
    found = trials.hold_out(cdnow.purchases(), cdnow.CUT, cdnow.END)
    assert isinstance(found, trials.Trial)
    return found


def test_the_forecast_beside_1882_purchase_days() -> None:
    found = trial()
    assert (found.actual, found.customers) == (1882, 2357)
    forecasts = {v.model: v for v in found.verdicts}
    assert forecasts[Model.BG_NBD].expected == pytest.approx(1653.4, abs=0.05)
    assert forecasts[Model.MBG_NBD].expected == pytest.approx(1576.7, abs=0.05)
    assert found.weeks[-1].day == cdnow.END
    before = int(customers().x.sum())
    assert found.weeks[-1].actual == before + 1882
    assert found.weeks[-1].expected == pytest.approx(before + 1576.7, abs=0.05)


def test_who_is_alive_is_no_question_for_plain_bg_nbd() -> None:
    """anchors/metrics.md section 1.2: below chance over all customers; MBG/NBD and expected purchases are not."""
    judged = {v.model: v for v in trial().verdicts}
    assert judged[Model.BG_NBD].auc_alive == pytest.approx(0.316, abs=5e-4)
    assert judged[Model.MBG_NBD].auc_alive == pytest.approx(0.687, abs=5e-4)
    assert judged[Model.MBG_NBD].auc_expected == pytest.approx(0.773, abs=5e-4)
    once = customers().x == 0
    assert (buying.probability_alive(history(), fitted(Model.BG_NBD))[once] == 1).all()
    assert (buying.probability_alive(history(), fitted(Model.MBG_NBD))[once] < 0.43).all()


def test_every_figure_of_a_trial_is_about_ten_people_or_more() -> None:
    found = trial()
    groups = (*found.by_times, *found.by_alive)
    assert min(group.customers for group in groups) >= 10
    assert sum(group.customers for group in found.by_times) == 2357
    assert sum(group.customers * group.actual for group in found.by_times) == pytest.approx(1882)
    steps = [week.actual for week in found.weeks]
    assert all(later - earlier >= 10 for earlier, later in pairwise(steps))
    times = trials.calibration(history(), fitted(Model.MBG_NBD))
    assert sum(t.actual for t in times) == 2357
    assert sum(t.expected for t in times) == pytest.approx(2357)
    assert times[0].expected == pytest.approx(times[0].actual, rel=0.01)


def test_the_pictures_show_both_lines_and_all_groups() -> None:
    """Two lines; two bars for each group and two in the legend; the background is one more."""
    found, times = trial(), trials.calibration(history(), fitted(Model.MBG_NBD))
    assert plots.holdout(found).count("<polyline ") == 2
    assert plots.calibration(times).count("<rect ") == 2 * len(times) + 3
    drawn = plots.by_times(found.by_times)
    assert drawn.count("<rect ") == 2 * len(found.by_times) + 3
    assert ">7–8<" in drawn


def test_a_few_people_are_put_together() -> None:
    """Of 25 who bought again once and 6 who did twice nothing is told but their sum."""
    few = buying.group([1.0] * 25 + [2.0] * 6, [3.0] * 31, [9.0] * 31)
    told = trials.calibration(few, fitted(Model.MBG_NBD))
    assert [(t.least, t.most, t.actual) for t in told][:3] == [(0, 0, 0), (1, 2, 31), (3, 3, 0)]
    assert sum(t.expected for t in told) == pytest.approx(31)


# --- simulated customers -------------------------------------------------------------------------------------------


def simulate(model: Model, truth: tuple[float, float, float, float], count: int, seed: int, ahead: float = 52.0) -> Any:
    """x, t_x, age in weeks, and purchases of the weeks `ahead`, of customers who behave as the model says."""
    r, alpha, a, b = truth
    rng = np.random.default_rng(seed)
    age = rng.uniform(20, 104, count)
    rate, stop = rng.gamma(r, 1 / alpha, count), rng.beta(a, b, count)
    chances = rng.geometric(np.maximum(stop, 1e-12)) - (1 if model is Model.MBG_NBD else 0)
    x, t_x, later = np.zeros(count), np.zeros(count), np.zeros(count)
    at, running = np.zeros(count), np.flatnonzero(chances > 0)
    while len(running):
        at[running] += rng.exponential(1 / np.maximum(rate[running], 1e-300))
        running = running[at[running] < age[running] + ahead]
        known = running[at[running] < age[running]]
        x[known] += 1
        t_x[known] = at[known]
        later[np.setdiff1d(running, known, assume_unique=True)] += 1
        running = running[(x + later)[running] < chances[running]]
    return x, t_x, age, later


@pytest.mark.parametrize(
    ("model", "truth"),
    [
        (Model.BG_NBD, (0.243, 4.414, 0.793, 2.426)),
        (Model.MBG_NBD, (0.525, 6.183, 0.891, 1.614)),
        (Model.MBG_NBD, (1.5, 6.0, 0.5, 3.0)),
    ],
)
def test_parameters_are_recovered_with_one_time_buyers(model: Model, truth: tuple[float, float, float, float]) -> None:
    x, t_x, age, later = simulate(model, truth, 40_000, seed=4)
    assert 0.1 < (x == 0).mean() < 0.8, "many have bought once only"
    known = buying.group(x, t_x, age)
    found = buying.fit(known, model)
    assert isinstance(found, Fit)
    r, alpha, a, b = truth
    assert (found.r, found.alpha) == (pytest.approx(r, rel=0.06), pytest.approx(alpha, rel=0.06))
    assert found.a / (found.a + found.b) == pytest.approx(a / (a + b), rel=0.06)
    assert (found.a, found.b) == (pytest.approx(a, rel=0.2), pytest.approx(b, rel=0.2))
    assert buying.expected_purchases(known, found, 52.0).sum() == pytest.approx(later.sum(), rel=0.03)


def test_alive_means_what_it_says() -> None:
    """Of customers with a probability near p, about p are alive: compared with those who buy in a very long time."""
    truth = (1.5, 6.0, 0.5, 3.0)
    x, t_x, age, later = simulate(Model.MBG_NBD, truth, 20_000, seed=8, ahead=5000.0)
    fit = Fit(Model.MBG_NBD, *truth, 0.0, 20_000, True)
    alive = buying.probability_alive(buying.group(x, t_x, age), fit)
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        those = (alive >= low) & (alive < low + 0.2)
        # who is alive and never buys again, in a hundred years, is rare at these rates
        assert (later[those] > 0).mean() == pytest.approx(alive[those].mean(), abs=0.03)


def test_eight_of_ten_lie_between_the_bounds() -> None:
    truth, money = (0.525, 6.183, 0.891, 1.614), Spending(6.25, 3.74, 1544.0, 0.0, 0, 0.0, True)
    x, t_x, age, later = simulate(Model.MBG_NBD, truth, 40_000, seed=5)
    rng = np.random.default_rng(6)
    each = rng.gamma(money.q, 1 / money.gamma, len(x))
    mean = np.where(x > 0, rng.gamma(np.maximum(money.p * x, 1e-9), 1 / each) / np.maximum(x, 1), 0)
    spent_later = np.where(later > 0, rng.gamma(np.maximum(money.p * later, 1e-9), 1 / each), 0)
    known, fit = buying.group(x, t_x, age), Fit(Model.MBG_NBD, *truth, 0.0, len(x), True)
    found = worth.bounds(known, fit, mean, money, 52.0)
    for those in (x == 0, (x > 0) & (x < 5), x >= 5):
        assert (spent_later[those] > found.high[those]).mean() == pytest.approx(0.1, abs=0.02)
        assert (spent_later[those] < found.low[those]).mean() <= 0.12
    expected = worth.future_value(known, fit, spending.expected_value(x, mean, money), discount=0.0, month=52 / 12)
    assert expected.sum() == pytest.approx(spent_later.sum(), rel=0.04)


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(*(st.floats(0.05, 20.0) for _ in range(4))),
    st.sampled_from(list(Model)),
    st.integers(0, 400),
    st.floats(0.0, 150.0),
    st.floats(0.0, 150.0),
)
def test_predictions_are_sane_for_any_customer_and_any_parameters(
    truth: tuple[float, float, float, float], model: Model, x: int, t_x: float, silent: float
) -> None:
    fit = Fit(model, *truth, 0.0, 1, True)
    last = max(t_x, x / 7) if x else 0.0  # one purchase a day at most
    one = buying.group([x], [last], [last + silent])
    alive = buying.probability_alive(one, fit)[0]
    soon, later = (buying.expected_purchases(one, fit, weeks)[0] for weeks in (13.0, 52.0))
    assert 0 <= alive <= 1
    assert 0 <= soon <= later + 1e-9
    bounds = worth.bounds(one, fit, np.array([100.0 if x else 0.0]), Spending(6, 4, 1500, 0, 0, 0, True), 52.0)
    assert 0 <= bounds.low[0] <= bounds.high[0] < np.inf


@pytest.mark.parametrize("pole", [1.0, 2.0])
def test_nothing_happens_at_the_poles(pole: float) -> None:
    at, beside = (replace(PUBLISHED, a=pole + shift) for shift in (0.0, 1e-4))
    np.testing.assert_allclose(
        buying.expected_purchases(history(), at, 39.0), buying.expected_purchases(history(), beside, 39.0), rtol=1e-3
    )


# --- what is refused, and what is said -----------------------------------------------------------------------------


def test_too_few_customers_are_refused_with_the_numbers() -> None:
    few = buying.group([0] * 60 + [1] * 20, [0.0] * 60 + [2.0] * 20, [9.0] * 80)
    found = values.fit(few, np.zeros(80))
    assert isinstance(found, TooLittle)
    assert found.reason == "80 customers, 20 of whom bought again; the model needs 100 and 30"
    nobody = buying.group([], [], [])
    assert isinstance(values.fit(nobody, np.zeros(0)), TooLittle)


def test_customers_who_are_all_alike() -> None:
    """Everybody buys for the same amount every twentieth day: parameters run to their bounds, figures stay sane."""
    first = np.arange(150) % 60
    customer, day = np.repeat(np.arange(150), 3), np.add.outer(first, [0, 20, 40]).ravel()
    known = trials.summarise(trials.PurchaseDays.of(customer, day, np.full(450, 1000.0)))
    model = values.fit(known.history(150), known.mean)
    assert isinstance(model, values.ValueModel)
    assert isinstance(model.spending, Spending)
    assert model.spending.mean == pytest.approx(1000, rel=0.01)
    found = values.value(known.history(150), known.mean, model)
    assert found.high is not None
    assert np.isfinite(found.high).all()
    assert (found.orders_365d < 365 / 20 + 1).all()


def test_without_amounts_there_are_orders_but_no_values() -> None:
    model = values.fit(history(), np.zeros(2357))
    assert isinstance(model, values.ValueModel)
    assert isinstance(model.spending, TooLittle)
    found = values.value(history(), np.zeros(2357), model)
    assert found.value is None
    assert found.orders_365d.sum() > 1000
    assert values.from_params(values.to_params(model)) == model


def test_quality_is_told_in_words() -> None:
    model = values.fit(history(), customers().mean)
    assert isinstance(model, values.ValueModel)
    quality = values.judge(history(), model, cdnow.purchases(), cdnow.END)
    assert quality.trial is not None
    assert quality.correlation == pytest.approx(0.114, abs=0.001)
    assert quality.warnings == ()
    together = replace(model, spending=replace(spent(), correlation=0.45))
    said = values.judge(history(), together, cdnow.purchases().until(cdnow.CUT - 215), cdnow.CUT - 215)
    assert "spends more on a purchase (correlation +0.45)" in said.warnings[0]
    assert said.untried == "a hold-out needs 84 days of purchases, of which the last 28 are kept back"


def test_models_are_kept_as_json_and_come_back() -> None:
    model = values.fit(history(), customers().mean)
    assert isinstance(model, values.ValueModel)
    assert values.from_params(values.to_params(model)) == model
    found = values.value(history(), customers().mean, model)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert (found.low <= found.high).all()
    assert found.value.sum() == pytest.approx(2357 * 31.4 * 100, rel=0.3), "about thirty dollars each"
