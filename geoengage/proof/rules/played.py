"""Thirty days of a supermarket's win-back, played on made-up people: what each day's look finds, beside the truth.

A shorter plan than usual, so that windows end within the thirty days. Pure, seeded.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from geoengage.experiments.rules import Measured, Plan
from geoengage.proof.rules.found import Board, Finding, Roi
from geoengage.proof.rules.measures import Bools, Ints
from geoengage.proof.rules.winback import Setting, World

PLAN = Plan(window_days=10, days=30, decides=Measured.CONVERSION, smallest_effect=0.25)
_SETTING = Setting(responds=0.5, discounts=(0.05, 0.1), message_minor=2.0)
_REGULARS, _STOP = 8000, 0.9
CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Day:
    """The end of a day, everything since the first: people decided, messages sent, and who of each arm has bought."""

    day: int
    decided: int
    sent: int
    back_sent: int
    back_held: int


@dataclass(frozen=True, slots=True)
class Played:
    """All days, what is found at the end, and what is true of these people."""

    days: list[Day]
    findings: list[Finding]
    roi: Roi | None
    planted: dict[str, float]


def play(seed: int, first: date) -> Played:
    """The thirty days from `first` on. Churn is left out: nobody is lost by their own habit within ten days."""
    world = World(seed, _REGULARS, PLAN, stop=_STOP)
    trial = world.trial(_SETTING)
    board = Board(trial.people, PLAN, first, PLAN.looks, exact=True)
    findings = [board.finding(outcome) for outcome in (Measured.CONVERSION, Measured.REVENUE)]
    return Played(_days(world), findings, board.roi(), trial.planted())


def _days(world: World) -> list[Day]:
    kept = np.where(world.held_out[:, None], world.usual, world.kept(_SETTING))
    after = np.where(kept & (world.times >= world.at[:, None]), world.times, np.inf).min(axis=1)
    back = np.where(after < world.at + PLAN.window_days, after, np.inf)
    decided = _until(world.at - world.start, np.ones(len(back), dtype=bool))
    sent = _until(world.at - world.start, ~world.held_out)
    back_sent, back_held = (_until(back - world.start, arm) for arm in (~world.held_out, world.held_out))
    columns = zip(decided, sent, back_sent, back_held, strict=True)
    return [Day(n, *map(int, row)) for n, row in enumerate(columns, 1)]


def _until(day: np.ndarray, mine: Bools) -> Ints:
    """How many of these moments lie before the end of each day."""
    found = day[mine & np.isfinite(day)].astype(np.int64)
    return np.cumsum(np.bincount(found, minlength=PLAN.days)[: PLAN.days]).astype(np.int64)
