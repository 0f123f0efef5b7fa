"""Value models beside `lifetimes` on the same million customers: `python -m tests.bench.values [customers]`.

CPU seconds (BLAS on one thread), and the largest memory of a process that does nothing else. Customers come from the
models' own process, as in anchors/metrics.md section 2: CDNOW's parameters, 1 to 104 weeks old, days.
"""

import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from rich.console import Console

from geoengage.metrics.rules import buying, spending, values, worth

console = Console(highlight=False)
GOAL_S, GOAL_MB = 1.5, 300.0
R, ALPHA, A, B = 0.243, 4.414, 0.793, 2.426
P, Q, GAMMA = 6.25, 3.74, 15.44


def simulate(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, t_x, age (weeks at the grain of a day) and the mean value of BG/NBD customers."""
    rng = np.random.default_rng(seed)
    age = np.ceil(rng.uniform(1, 104, count) * 7)
    rate, stop = rng.gamma(R, 1 / ALPHA, count), rng.beta(A, B, count)
    chances = np.maximum(rng.geometric(np.maximum(stop, 1e-9)), 1)
    x, at, last = np.zeros(count), np.zeros(count), np.zeros(count)
    running = np.arange(count)
    while len(running):
        at[running] += rng.exponential(1 / np.maximum(rate[running], 1e-300)) * 7
        running = running[at[running] < age[running]]
        x[running] += 1
        last[running] = at[running]
        running = running[x[running] < chances[running]]
    t_x = np.where(x > 0, np.minimum(np.maximum(np.ceil(last), 1), age), 0.0)
    each = rng.gamma(Q, 1 / GAMMA, count)
    shape = np.maximum(P * x, 1e-9)
    mean = np.where(x > 0, rng.gamma(shape, 1 / each) / np.maximum(x, 1), 0.0)
    return x, t_x / 7, age / 7, mean


def ours(x: Any, t_x: Any, age: Any, mean: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The steps, in order; each works on what the ones before have found."""
    state: dict[str, Any] = {}

    def step(name: str, work: Callable[[], Any]) -> tuple[str, Callable[[], Any]]:
        return name, lambda: state.__setitem__(name, work())

    yield step("group", lambda: buying.group(x, t_x, age))
    yield step("fit", lambda: buying.fit(state["group"], buying.Model.BG_NBD))
    yield step("spend fit", lambda: spending.fit(x, mean))
    yield step("p(alive)", lambda: buying.probability_alive(state["group"], state["fit"]))
    yield step("expected purchases", lambda: buying.expected_purchases(state["group"], state["fit"], 52.0))
    yield step(
        "12-month value",
        lambda: worth.future_value(
            state["group"], state["fit"], spending.expected_value(x, mean, state["spend fit"])
        ).sum(),
    )
    yield step(
        "(with bounds)", lambda: values.value(state["group"], mean, values.ValueModel(state["fit"], state["spend fit"]))
    )


def theirs(x: Any, t_x: Any, age: Any, mean: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The same with `lifetimes` 0.11.3."""
    import pandas as pd
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    bg, gg = BetaGeoFitter(), GammaGammaFitter()
    again = x > 0
    yield "fit", lambda: bg.fit(x, t_x, age)
    yield "spend fit", lambda: gg.fit(x[again], mean[again])
    yield "p(alive)", lambda: bg.conditional_probability_alive(x, t_x, age)
    yield "expected purchases", lambda: bg.conditional_expected_number_of_purchases_up_to_time(52.0, x, t_x, age)
    frame = pd.DataFrame({"x": x, "t_x": t_x, "age": age, "mean": mean})
    yield (
        "12-month value",
        lambda: gg.customer_lifetime_value(
            bg, frame["x"], frame["t_x"], frame["age"], frame["mean"], time=12, discount_rate=0.01, freq="W"
        ).sum(),
    )


def run(which: str, count: int) -> None:
    """In a process of its own: its steps, their CPU seconds, and its memory."""
    warnings.simplefilter("ignore")
    data, total = simulate(count), 0.0
    for name, work in (ours if which == "ours" else theirs)(*data):
        if name.startswith("("):
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            console.print(f"  {which:9} all of it            {total:8.2f} s CPU, {memory:.0f} MB")
        began = time.process_time()
        work()
        took = time.process_time() - began
        total += took
        console.print(f"  {which:9} {name:20} {took:8.2f} s CPU")
    if which != "ours":
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        console.print(f"  {which:9} all of it            {total:8.2f} s CPU, {memory:.0f} MB")


def main() -> None:
    """Both, one after the other."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    if len(sys.argv) > 2:
        run(sys.argv[2], count)
        return
    console.print(f"value models, {count:,} customers (goal for a million: {GOAL_S} s CPU, {GOAL_MB:.0f} MB)")
    for which in ("ours", "lifetimes"):
        subprocess.run([sys.executable, "-m", "tests.bench.values", str(count), which], check=True)


if __name__ == "__main__":
    main()
