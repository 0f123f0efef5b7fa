"""Experiments of a supermarket's win-back whose truth is known (proof/rules/winback.py), examined as a proof does."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from geoengage.experiments.rules import Measured, Plan, difference, look, of_sums, ratio
from geoengage.metrics.rules import ValueModel, fit_values, group_histories
from geoengage.proof.rules import measures as m
from geoengage.proof.rules import winback
from geoengage.proof.rules.winback import DAY0, NOTHING, Setting, Trial

PLAN = Plan(window_days=30, days=90, decides=Measured.CONVERSION, smallest_effect=0.25)
HOLDOUT, DISCOUNT, MESSAGE_MINOR = 0.25, 0.15, 8.0
START = 180  # day on which the campaign begins; it decides for 60 days
END = START + PLAN.days
OUTCOMES = (Measured.CONVERSION, Measured.REVENUE, Measured.CHURN, Measured.LTV)


PLANTED = Setting(0.35, (DISCOUNT, DISCOUNT), MESSAGE_MINOR)


class World(winback.World):
    """The trial's people."""

    def __init__(self, seed: int, people: int) -> None:
        super().__init__(seed, people, PLAN, start=START, holdout=HOLDOUT)


def fitted() -> ValueModel:
    """The shop's value model: fitted once on many people, as the product does every week."""
    world = World(987_654, 12_000)
    orders = world.orders(world.usual, NOTHING)
    past = orders.day < DAY0 + START
    person, day, money = orders.person[past], orders.day[past], orders.money[past]
    count = np.bincount(person)
    some = np.flatnonzero(count)
    first = np.full(len(count), 10**9)
    last = np.zeros(len(count), dtype=np.int64)
    np.minimum.at(first, person, day)
    np.maximum.at(last, person, day)
    days = np.unique(person * 10**7 + day)
    x = np.bincount(days // 10**7, minlength=len(count))[some] - 1.0
    late = day > first[person]
    spent = np.bincount(person[late], money[late], minlength=len(count))[some]
    mean = np.divide(spent, x, out=np.zeros(len(x)), where=x > 0)
    model = fit_values(group_histories(x, (last - first)[some] / 7, (DAY0 + START - first)[some] / 7), mean)
    assert isinstance(model, ValueModel)
    return model


def by_day(rows: np.ndarray, day: np.ndarray, mine: np.ndarray):  # type: ignore[no-untyped-def]
    """Moments at the end of each look's day: of the people whose window is over by then."""
    order = np.argsort(day[mine], kind="stable")
    data, ends = rows[mine][order], np.searchsorted(np.sort(day[mine]), np.arange(PLAN.looks), side="right")
    sums = np.concatenate([np.zeros((1, m.WIDTH)), np.cumsum(data, axis=0)])[ends]
    products = data[:, :, None] * data[:, None, :]
    squares = np.concatenate([np.zeros((1, m.WIDTH, m.WIDTH)), np.cumsum(products, axis=0)])[ends]
    return of_sums(ends, sums, squares)


@dataclass
class Found:
    """What one experiment said of one outcome, beside the truth of its setting."""

    low: float
    high: float
    value: float
    plain_width: float
    welch_width: float
    said_good: bool
    said_bad: bool


def examine(trial: Trial) -> dict[str, Found]:
    """All outcomes of one experiment, looked at daily; ROI at the planned end."""
    seen = trial.seen
    found = {}
    for outcome in OUTCOMES:
        place = m.PLACE[outcome]
        known = ~np.isnan(seen[:, place])
        arms = [by_day(np.nan_to_num(seen), trial.day, known & side) for side in (~trial.held_out, trial.held_out)]
        looks = look(*arms, PLAN, place, m.COVARIATES, is_share=outcome in m.SHARES)
        last = looks.effect
        one, two = ((a.n[-1], a.cov[-1, place, place]) for a in arms)
        welch = 2 * 1.96 * np.sqrt(one[1] / one[0] + two[1] / two[0])
        at = looks.decided
        up = at is not None and last.value[at] > 0
        good = at is not None and (up != (outcome is Measured.CHURN))
        plain = difference(*arms, PLAN.alpha()[1], place)
        found[outcome.value] = Found(
            float(last.low[-1]), float(last.high[-1]), float(last.value[-1]),
            float(plain.high[-1] - plain.low[-1]), float(welch), good, at is not None and not good,
        )  # fmt: skip
    arms = [by_day(np.nan_to_num(seen), trial.day, side) for side in (~trial.held_out, trial.held_out)]
    roi = ratio(*arms, PLAN.alpha()[1], m.GAIN, m.COST, m.COVARIATES)
    low, high, value = (float(part[-1]) - 1 for part in (roi.low, roi.high, roi.value))
    found["roi"] = Found(low, high, value, 0.0, 0.0, low > 0, high < 0)
    return found


def both_fates(trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    """Sums over the people of one seed of what the message changed, and of how many it is known."""
    apart = trial.treated - trial.untreated
    return np.nansum(apart, axis=0), (~np.isnan(apart)).sum(axis=0)


def truth(fates: Iterable[tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
    """What the message does to those decided, from both fates of everybody."""
    sums, people = (sum(part) for part in zip(*fates, strict=True))
    mean = sums / people
    return {o.value: float(mean[m.PLACE[o]]) for o in OUTCOMES} | {"roi": float(mean[m.GAIN] / mean[m.COST] - 1)}
