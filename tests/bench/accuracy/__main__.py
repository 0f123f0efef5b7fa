"""`python -m tests.bench.accuracy`: false entries and missed visits, ours beside plain point-in-polygon, by noise.

Simulated shoppers really go into stores of mall_xixi; the surveyors of its 571 walks almost all pass close by. The
engine's constants were chosen with the floors F2 and F4 and other seeds; what is printed is B1, F1 and F3, and all
surveyed walks. False entries are counted twice: against the shops that were passed without going in (of which share was
one entered?), and per 100 visits (how many wrong greetings beside the right ones?).
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.bench.accuracy import oracle
from tests.bench.accuracy.contenders import CONTENDERS
from tests.bench.accuracy.mall import beacons, make_index, zones
from tests.bench.accuracy.people import Ears, passed, pings, shoppers, surveyors
from tests.bench.accuracy.score import Score, rate, score, wilson

SIGMAS_M, INTERVALS_S = (3.0, 8.0, 15.0, 30.0), (5.0, 30.0, 120.0)
HELD_OUT, SEED = (0, -1, 2), 20_260
ORACLE_S = 120.0  # with beacons it misses nothing of phones that report more often
# Of all visits: a phone that reports every 5 s costs as much as 24 that report every two minutes.
SHARES = {5.0: 0.2, 30.0: 0.4, 120.0: 0.4}


class Cell(NamedTuple):
    """One noise level, interval and map."""

    sigma_m: float
    interval_s: float
    with_beacons: bool
    visits: int


class Measured(NamedTuple):
    """A cell's figures by contender, of shoppers and of surveyors; `bound`: what even the oracle misses, of how many;
    `cpu_s` and `fixes` of ours."""

    cell: Cell
    shoppers: dict[str, Score]
    surveyors: dict[str, Score]
    bound: tuple[int, int] | None
    cpu_s: float
    fixes: int


def measure(cell: Cell) -> Measured:
    """Everybody walks once; each contender decides by the same pings."""
    heard = beacons() if cell.with_beacons else ()
    index, ears = make_index(heard), Ears(heard) if heard else None
    levels = {str(z.zone_id): min(z.levels) for z in zones()}
    found: list[dict[str, Score]] = []
    bound, cpu_s, fixes = None, 0.0, 0
    for people in (shoppers(HELD_OUT, cell.visits, SEED + int(cell.interval_s)), surveyors()):
        streams = {p.key: pings(p, cell.sigma_m, cell.interval_s, ears, SEED) for p in people}
        fixes += sum(map(len, streams.values()))
        fronts = sum(len(passed(p)) for p in people)
        scores = {}
        for name, contender in CONTENDERS.items():
            started = time.process_time()
            scores[name] = score(people, contender(index, streams), levels)
            scores[name].fronts = fronts
            cpu_s += (time.process_time() - started) * (name == "ours")
        if bound is None and (not heard or cell.interval_s >= ORACLE_S):
            bound = oracle.missed_at_least(people, streams, cell.sigma_m, hears=bool(heard))
        found.append(scores)
    return Measured(cell, *found, bound, cpu_s, fixes)


def shown(count: int, of: int, interval: tuple[float, float]) -> str:
    """A count with its rate and the 95 % interval in per cent."""
    return f"{count} = {100 * count / of:.1f} ({100 * interval[0]:.1f}–{100 * interval[1]:.1f})" if of else "–"


def share(count: int, of: int) -> str:
    """The same of things that can happen once each; of more than all of them as a rate."""
    return shown(count, of, wilson(count, of) if count <= of else rate(count, of))


def times(ours: Score, plain: Score) -> str:
    """False entries beside those of plain point-in-polygon."""
    return f"{ours.false / plain.false:.3f}" if plain.false else "–"


def line(m: Measured) -> str:
    """A finished cell's counts."""
    who = {name: (m.shoppers[name], m.surveyors[name]) for name in CONTENDERS}
    counts = " · ".join(
        f"{name} {went.missed} missed, {went.false} false, {passed.false} on surveyed walks"
        for name, (went, passed) in who.items()
    )
    heard = "with" if m.cell.with_beacons else "without"
    cell = f"σ {m.cell.sigma_m:.0f} m, {m.cell.interval_s:.0f} s, {heard} beacons"
    return f"{cell}, {who['ours'][0].visits} visits: {counts}; bound {m.bound}"


def report(console: Console, title: str, rows: list[tuple[str, list[Measured]]]) -> None:
    """A table: for each row and contender missed visits, false entries, and those of the surveyors."""
    table = Table(
        "phones", "who decides", "visits", "missed, %", "fronts passed", "falsely entered, %",
        "false entries, per 100 visits", "× plain", "wrong floor", "again in a visit", "median s to entry",
        "surveyed walks: fronts passed", "falsely entered, %", "false entries, per 100 walks", "× plain", title=title,
    )  # fmt: skip
    for name, measured in rows:
        totals: dict[str, tuple[Score, Score]] = {who: (Score(), Score()) for who in CONTENDERS}
        for who, (went, by) in totals.items():
            for m in measured:
                went.add(m.shoppers[who])
                by.add(m.surveyors[who])
            table.add_row(
                name if who == "plain" else "", who, str(went.visits), share(went.missed, went.visits),
                str(went.fronts), share(went.wrong, went.fronts),
                shown(went.false, went.visits, rate(went.false, went.visits)), times(went, totals["plain"][0]),
                str(went.floors), str(went.repeats), f"{went.delay_s:.0f}",
                str(by.fronts), share(by.wrong, by.fronts),
                shown(by.false, by.people, rate(by.false, by.people)), times(by, totals["plain"][1]),
            )  # fmt: skip
        bounds = [m.bound for m in measured if m.bound is not None]
        if bounds:
            missed, of = sum(b[0] for b in bounds), sum(b[1] for b in bounds)
            table.add_row("", "(oracle)", str(of), share(missed, of), "", "", "≤ 1.0", end_section=True)
        else:
            table.add_section()
    console.print(table)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--visits", type=int, default=2_000, help="of each noise level, with and without beacons")
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--by-interval", action="store_true", help="a table more, of each interval by itself")
    given = options.parse_args()
    console = Console(width=250)
    cells = [
        Cell(sigma, interval, heard, round(given.visits * SHARES[interval]))
        for sigma in SIGMAS_M
        for heard in (False, True)
        for interval in INTERVALS_S
    ]
    with ProcessPoolExecutor(given.processes) as pool:
        done = []
        for m in pool.map(measure, cells):
            done.append(m)
            console.print(line(m))
    for heard, words in ((False, "without beacons"), (True, "with beacons")):
        here = [m for m in done if m.cell.with_beacons is heard]
        by_sigma = [(f"σ {s:.0f} m", [m for m in here if m.cell.sigma_m == s]) for s in SIGMAS_M]
        report(console, f"mall_xixi, {words}, reports every 5, 30 and 120 s", by_sigma)
        if given.by_interval:
            single = [(f"σ {m.cell.sigma_m:.0f} m, {m.cell.interval_s:.0f} s", [m]) for m in here]
            report(console, f"mall_xixi, {words}, by interval", single)
    cpu_s, fixes = sum(m.cpu_s for m in done), sum(m.fixes for m in done)
    console.print(f"{fixes:,} fixes, the engine {1e6 * cpu_s / fixes:.0f} µs CPU each; {len(beacons())} beacons")


if __name__ == "__main__":
    main()
