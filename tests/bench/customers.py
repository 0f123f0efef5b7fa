"""Made-up customers whose habits change on known days, and what an alarm about them was worth (anchors/metrics.md 5.1).

Rates are Gamma(2, mean 1/18 a day) between 1/90 and 1/3; gaps are exponential, regular (shape 2.5) or in clumps (shape
0.6), a third each. Half of them never change; the others pause 45 days, stop, or fall to a quarter or to half, on a day
between 270 and 550. All follow a yearly season of the shop.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from geoengage.metrics.rules.fitting import fit_steady_season
from geoengage.metrics.rules.gaps import Population, Rhythm, fit_population, rhythm
from geoengage.metrics.rules.season import Flags, Floats, Ints, Purchases, Season
from geoengage.metrics.rules.stages import chosen

START, DAYS, FIRST_WEEK = 730_000, 728, 27
SAME, PAUSE, STOP, QUARTER, HALF = range(5)
LEFT = {SAME: 1.0, PAUSE: 0.0, STOP: 0.0, QUARTER: 0.25, HALF: 0.5}  # of the rate, after the change
MIX = (0.5, 0.1, 0.15, 0.15, 0.1)  # of the kinds
PAUSE_DAYS = 45
SHAPES = (1.0, 2.5, 0.6)
NEVER = 10**9


@dataclass(frozen=True)
class Customers:
    """What they bought, what became of them (`kind`) and when (`change`, an ordinal)."""

    bought: Purchases
    kind: Ints
    change: Floats
    shape: Floats


def make(
    people: int, seed: int, *, season: float = 0.0, phase: float | None = None, mix: Sequence[float] = MIX
) -> Customers:
    """So many customers over two years; `season` 0.4: ±40 %, `phase` days of the year on (None: anywhere)."""
    rng = np.random.default_rng(seed)
    rate = np.clip(rng.gamma(2, 1 / 36, people), 1 / 90, 1 / 3)
    kind = rng.choice(5, people, p=mix)
    shape = np.array(SHAPES)[rng.integers(0, 3, people)]
    change = rng.uniform(270, 550, people)
    day = np.arange(DAYS)
    drawn = rng.uniform(0, 365)
    level = 1 + season * np.sin(2 * np.pi * (day + (drawn if phase is None else phase)) / 365)
    rows = []
    for i in range(people):
        over = (day >= change[i]) & ((kind[i] != PAUSE) | (day < change[i] + PAUSE_DAYS))
        passed = np.concatenate([[0], np.cumsum(level * np.where(over, LEFT[int(kind[i])], 1.0))]) * rate[i]
        most = int(passed[-1] * 1.5 + 10 * np.sqrt(passed[-1] / min(shape[i], 1.0)) + 20)
        at = np.cumsum(rng.gamma(shape[i], 1 / shape[i], most))
        at = at[at < passed[-1]]
        rows.append(np.unique(np.interp(at, passed, np.arange(DAYS + 1)).astype(np.int64)))
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return Customers(Purchases(np.concatenate(rows) + START, starts), kind, change + START, shape)


Rule = Callable[[Rhythm, int], Floats]  # the higher, the more alarming


def watch(
    customers: Customers, rules: Sequence[Rule], *, every: int = 1, with_season: bool = True
) -> tuple[Ints, list[Floats]]:
    """What rules say of each customer, week after week, from what was known then: days, and scores (days × people).

    Not a number before somebody has a habit: four purchases and three months.
    """
    weeks = range(FIRST_WEEK, DAYS // 7, every)
    scores = [np.full((len(weeks), customers.bought.people), np.nan) for _ in rules]
    population, season = Population(), Season()
    for row, week in enumerate(weeks):
        at = START + 7 * week
        known = customers.bought.until(at)
        if with_season:
            season = fit_steady_season(known, at, population)
        first = known.days[np.minimum(known.starts[:-1], len(known.days) - 1)]
        who = np.flatnonzero((known.counts >= 4) & (at - first >= 90))
        some = chosen(known, who)
        if row % (13 // every) == 0:
            population = fit_population(known, season)
        seen = rhythm(some, at, population, season)
        for rule, score in zip(rules, scores, strict=True):
            score[row, who] = rule(seen, at)
    return START + 7 * np.array(list(weeks)), scores


@dataclass(frozen=True)
class Worth:
    """What alarms were worth: false ones among unchanged customers a year, how many of all are right.

    `found`: of each change the shares found in 60 and 120 days and by the end, among those not alarmed before, and the
    median delay of those found. `pauses`: how many pauses were alarmed.
    """

    false_a_year: float
    precision: float
    found: dict[int, tuple[float, float, float, float]]
    pauses: float


def worth(customers: Customers, days: Ints, score: Floats, threshold: float, who: Flags | None = None) -> Worth:
    """What the first alarm about each of these customers was worth."""
    who = np.ones(len(customers.kind), dtype=bool) if who is None else who
    kind, change, score = customers.kind[who], customers.change[who], score[:, who]
    alarmed = np.nan_to_num(score, nan=-np.inf) >= threshold
    hit = alarmed.any(axis=0)
    first = np.where(hit, days[alarmed.argmax(axis=0)], NEVER)
    watched = ~np.isnan(score)
    step = (days[1] - days[0]) / 365
    same = kind == SAME
    years = (watched & (days[:, None] <= first[None, :])).sum(axis=0) * step
    right = hit & (kind >= STOP) & (first >= change)
    found = {}
    for each in (STOP, QUARTER, HALF):
        of = (kind == each) & (first >= change) & watched.any(axis=0)
        late = (first - change)[of]
        delay = float(np.median(late[hit[of]])) if hit[of].any() else float("nan")
        shares = [float((late <= within).mean()) if of.any() else float("nan") for within in (60, 120, NEVER // 2)]
        found[each] = (shares[0], shares[1], shares[2], delay)
    paused = (kind == PAUSE) & (first >= change)
    return Worth(
        float(hit[same].sum() / years[same].sum()),
        float(right.sum() / max(int(hit.sum()), 1)),
        found,
        float(hit[paused].mean()) if paused.any() else float("nan"),
    )


def calibrated(customers: Customers, days: Ints, score: Floats, who: Flags, target: float = 0.05) -> float:
    """The threshold at which so many unchanged ones of these are alarmed a year."""
    same = who & (customers.kind == SAME)
    low, high = -20.0, 50.0
    for _ in range(40):
        middle = (low + high) / 2
        if worth(customers, days, score, middle, same).false_a_year > target:
            low = middle
        else:
            high = middle
    return high
