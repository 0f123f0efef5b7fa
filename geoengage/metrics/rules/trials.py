"""Does a value model foresee anything? It is fitted on what was known at a day and compared with what came afterwards.

Also how well it describes what it was fitted on. Figures are about people, so groups of fewer than k of them are
put together with their neighbours, and weeks in which fewer bought with the following ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, gammaln

from geoengage.kit.anonymity import K
from geoengage.metrics.rules import buying, spending
from geoengage.metrics.rules.buying import Fit, Floats, Histories, Ints, Model, TooLittle

DAYS_A_WEEK = 7.0
LONGEST_HOLDOUT_DAYS = 273  # 39 weeks, as in the papers
SHORTEST_HOLDOUT_DAYS = 28
_SHARE = 3  # a third of the time that is known is kept for the hold-out
_MOST_TIMES = 8
_GROUPS = 10


@dataclass(frozen=True, slots=True)
class PurchaseDays:
    """Purchase days of customers: their number from 0, the day (any count of days) and its amount, one row each."""

    customer: Ints
    day: Ints
    amount: Floats

    @classmethod
    def of(cls, customer: Ints, day: Ints, amount: Floats) -> "PurchaseDays":
        """From purchases in any order, those of one day together."""
        order = np.lexsort((day, customer))
        c, d = customer[order], day[order]
        first = np.flatnonzero(np.append(True, (c[1:] != c[:-1]) | (d[1:] != d[:-1])))
        sums = np.add.reduceat(amount[order], first) if len(first) and len(c) else np.zeros(0)
        return cls(c[first], d[first], sums) if len(c) else cls(c, d, sums)

    def until(self, day: int) -> "PurchaseDays":
        """Those up to a day, it included."""
        kept = self.day <= day
        return PurchaseDays(self.customer[kept], self.day[kept], self.amount[kept])


@dataclass(frozen=True, slots=True)
class Customers:
    """By customer who has bought: `number`, first day, repeat purchases, days from first to last, their mean amount."""

    number: Ints
    first: Ints
    x: Floats
    last: Floats
    mean: Floats

    def history(self, through: int) -> Histories:
        """As the models want it, in weeks, seen on a day."""
        return buying.group(self.x, self.last / DAYS_A_WEEK, (through - self.first) / DAYS_A_WEEK)


def summarise(purchases: PurchaseDays) -> Customers:
    """The customers of these purchase days, in the order of their numbers."""
    c, d = purchases.customer, purchases.day
    starts = np.flatnonzero(np.append(True, c[1:] != c[:-1])) if len(c) else np.zeros(0, dtype=np.int64)
    ends = np.append(starts[1:], len(c)) - 1
    x = (ends - starts).astype(np.float64)
    total = np.add.reduceat(purchases.amount, starts) if len(c) else np.zeros(0)
    repeats = total - purchases.amount[starts]
    mean = np.divide(repeats, x, out=np.zeros(len(x)), where=x > 0)
    return Customers(c[starts], d[starts], x, (d[ends] - d[starts]).astype(np.float64), mean)


@dataclass(frozen=True, slots=True)
class Week:
    """Repeat purchase days up to a day, counted and expected. `is_ahead`: after the cut."""

    day: int
    actual: int
    expected: float
    is_ahead: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Customers with `least` to less than `below` (None: or more) of something, and the means of what came and what was
    expected.
    """

    least: float
    below: float | None
    customers: int
    actual: float
    expected: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one model did. `auc`: how often who bought again had the higher figure than who did not (0.5: by chance)."""

    model: Model
    expected: float
    mean_error: float
    auc_alive: float
    auc_expected: float


@dataclass(frozen=True, slots=True)
class Trial:
    """A hold-out. Days are counted as in `PurchaseDays`; `revenue`: of the hold-out, as it came and as it was expected.

    `by_times`: by repeat purchases before the cut; `by_alive`: by probability alive, with the share who bought again.
    """

    cut: int
    through: int
    customers: int
    actual: int
    verdicts: tuple[Verdict, ...]
    revenue: tuple[float, float] | None
    weeks: tuple[Week, ...]
    by_times: tuple[Group, ...]
    by_alive: tuple[Group, ...]


def holdout_days(first: int, through: int) -> int | None:
    """How many days to keep back of those from `first` to `through`; None: too few are known."""
    days = min((through - first) // _SHARE, LONGEST_HOLDOUT_DAYS)
    return days if days >= SHORTEST_HOLDOUT_DAYS else None


def hold_out(purchases: PurchaseDays, cut: int, through: int, model: Model = Model.MBG_NBD) -> Trial | TooLittle:
    """Fit on what was known on the day `cut`, compare with what the same customers bought until `through`.

    Totals and `weeks` are of `model`; the other one is judged beside it.
    """
    known = summarise(purchases.until(cut))
    history = known.history(cut)
    fits = {m: buying.fit(history, m) for m in sorted(Model, key=lambda m: m is not model)}
    chosen = fits[model]
    if isinstance(chosen, TooLittle):
        return chosen
    later = purchases.until(through)
    ahead = (later.day > cut) & np.isin(later.customer, known.number)
    who, day = np.searchsorted(known.number, later.customer[ahead]), later.day[ahead]
    bought = np.bincount(who, minlength=len(known.number)).astype(np.float64)
    ends = _told(who, day, cut, through)
    if not ends:
        return TooLittle(f"fewer than {K} people bought again in the {through - cut} days that were kept back")
    horizon = (through - cut) / DAYS_A_WEEK
    expected = buying.expected_purchases(history, chosen, horizon)
    if not np.isfinite(expected).all():
        return TooLittle("purchases before them follow no pattern that the model knows")
    alive = buying.probability_alive(history, chosen)
    return Trial(
        cut=cut, through=through, customers=len(known.number), actual=int(bought.sum()),
        verdicts=tuple(_judge(history, fit, horizon, bought) for fit in fits.values() if isinstance(fit, Fit)),
        revenue=_revenue(known, expected, float(later.amount[ahead].sum())),
        weeks=(
            *_weeks_before(purchases.until(cut), known, chosen, cut),
            *_weeks_ahead(history, chosen, day, cut, ends),
        ),
        by_times=_groups(known.x, bought, expected, np.unique(known.x)),
        by_alive=_groups(alive, (bought > 0).astype(np.float64), alive, np.linspace(0, 1, _GROUPS + 1)[:-1]),
    )  # fmt: skip


def _judge(history: Histories, fitted: Fit, horizon: float, bought: Floats) -> Verdict:
    expected = buying.expected_purchases(history, fitted, horizon)
    alive = buying.probability_alive(history, fitted)
    error = float(np.abs(expected - bought).mean())
    return Verdict(fitted.model, float(expected.sum()), error, auc(alive, bought > 0), auc(expected, bought > 0))


def auc(score: Floats, happened: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    """Area under the ROC curve by ranks (Mann-Whitney), ties half; 0.5 when it happened to all or to nobody."""
    yes, no = int(happened.sum()), int((~happened).sum())
    if not yes or not no:
        return 0.5
    _, at, count = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[at]
    return float((ranks[happened].sum() - yes * (yes + 1) / 2) / (yes * no))


def _revenue(known: Customers, expected: Floats, actual: float) -> tuple[float, float] | None:
    spent = spending.fit(known.x, known.mean)
    if isinstance(spent, TooLittle):
        return None
    return actual, float((expected * spending.expected_value(known.x, known.mean, spent)).sum())


def _weeks_before(known: PurchaseDays, customers: Customers, fitted: Fit, cut: int) -> Iterator[Week]:
    """Up to the cut: what the model expects of everybody from the day of the first purchase on."""
    first_days, joined = np.unique(customers.first, return_counts=True)
    again = known.day > np.repeat(customers.first, (customers.x + 1).astype(np.int64))
    days = np.sort(known.day[again])
    for end in _told(known.customer[again], known.day[again], int(first_days[0]), cut):
        expected = buying.expected_of_newcomer(fitted, np.maximum(end - first_days, 0) / DAYS_A_WEEK)
        yield Week(end, int(np.searchsorted(days, end, side="right")), float(expected @ joined), is_ahead=False)


def _weeks_ahead(history: Histories, fitted: Fit, day: Ints, cut: int, ends: list[int]) -> Iterator[Week]:
    so_far, days = int(history.weight @ history.x), np.sort(day)
    alive = buying.alive_by_row(history, fitted) * history.weight
    weight = np.bincount(history.pair_of, weights=alive, minlength=len(history.pair_x))
    for end in ends:
        expected = float(weight @ buying.expected_if_alive(history, fitted, (end - cut) / DAYS_A_WEEK))
        yield Week(end, so_far + int(np.searchsorted(days, end, side="right")), so_far + expected, is_ahead=True)


def _told(who: Ints, day: Ints, after: int, until: int) -> list[int]:
    """Ends of weeks between which at least k people bought, `until` the last; none when fewer bought at all."""
    order = np.argsort(day, kind="stable")
    who, day = who[order], day[order]
    start, ends = int(np.searchsorted(day, after, side="right")), list[int]()
    for end in [*range(after + 7, until, 7), until]:
        stop = int(np.searchsorted(day, end, side="right"))
        if len(np.unique(who[start:stop])) >= K:
            ends.append(end)
            start = stop
    return [*ends[:-1], until] if ends else []


def _groups(key: Floats, actual: Floats, expected: Floats, edges: Floats) -> tuple[Group, ...]:
    """Customers by `key`, from each edge to below the next; from the top down, groups of fewer than k with the next."""
    of = np.searchsorted(edges, key, side="right") - 1
    count = np.bincount(of, minlength=len(edges))
    sums = [np.bincount(of, weights=values, minlength=len(edges)) for values in (actual, expected)]
    found: list[Group] = []
    stop = len(edges)
    for start in range(len(edges) - 1, -1, -1):
        people, rest = int(count[start:stop].sum()), int(count[:start].sum())
        if people >= K and not 0 < rest < K:
            came, thought = (float(total[start:stop].sum()) / people for total in sums)
            below = float(edges[stop]) if stop < len(edges) else None
            found.append(Group(float(edges[start]), below, people, came, thought))
            stop = start
    return tuple(reversed(found))


# --- what it was fitted on -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Times:
    """How many customers bought again `least` to `most` times (None: or more), counted and by the model."""

    least: int
    most: int | None
    actual: int
    expected: float


def calibration(history: Histories, fitted: Fit) -> tuple[Times, ...]:
    """How often customers bought again since they are customers, beside what the model says of as many newcomers."""
    counted = np.bincount(
        np.minimum(history.x, _MOST_TIMES).astype(np.int64), weights=history.weight, minlength=_MOST_TIMES + 1
    )
    ages, at = np.unique(history.age, return_inverse=True)
    people = np.bincount(at, weights=history.weight)
    shares = np.array([people @ chance for chance in _chances(fitted, ages)])
    expected = np.append(shares, people.sum() - shares.sum())
    return tuple(_in_tens(counted.astype(np.int64), expected))


def _in_tens(counted: Ints, expected: Floats) -> Iterator[Times]:
    """From the top down, so that everything told is about nobody or at least k people."""
    most: int | None = None
    actual, model = 0, 0.0
    rows: list[Times] = []
    for times in range(len(counted) - 1, -1, -1):
        actual, model = actual + int(counted[times]), model + float(expected[times])
        below = int(counted[:times].sum())
        if not 0 < actual < K and not 0 < below < K:
            rows.append(Times(times, most, actual, model))
            most, actual, model = times - 1, 0, 0.0
    return reversed(rows)


def _chances(fitted: Fit, age: Floats) -> Iterator[Floats]:
    """That a newcomer has bought again 0, 1, 2 … times after `age`. Equation 8 of Fader, Hardie, Lee."""
    r, alpha, a, b = fitted.r, fitted.alpha, fitted.a, fitted.b + fitted.first
    p_stays = fitted.b / (fitted.a + fitted.b) if fitted.first else 1.0
    log_u, log_z = r * np.log(alpha / (alpha + age)), np.log(np.maximum(age, 1e-300) / (alpha + age))
    before = np.zeros(len(age))  # that fewer were bought, were nobody to stop
    for n in range(_MOST_TIMES):
        if_nobody_stops = np.exp(gammaln(r + n) - gammaln(r) - gammaln(n + 1) + log_u + n * log_z)
        chance = np.exp(betaln(a, b + n) - betaln(a, b)) * if_nobody_stops
        if n:
            chance += np.exp(betaln(a + 1, b + n - 1) - betaln(a, b)) * (1 - before)
        before = before + if_nobody_stops
        yield p_stays * chance + (0.0 if n else 1 - p_stays)
