"""`geoengage simulate`: shoppers walk through a mall of a running server until they are told to stop."""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from geoengage.simulator.client import Refused
from geoengage.simulator.history import History
from geoengage.simulator.route import NoWay
from geoengage.simulator.run import Options, Simulation

app = typer.Typer()
console = Console()


def _days(text: str) -> float:
    """`6.5d`, `36h` or a bare number of days."""
    number, unit = text.rstrip("dh"), text[-1:]
    return float(number) / (24 if unit == "h" else 1)


@app.command()
def simulate(  # noqa: PLR0913 - one argument for each option
    *,
    publishable_key: Annotated[str, typer.Option(envvar="PK", help="Registers the shoppers' devices.")],
    secret_key: Annotated[str, typer.Option(envvar="SK", help="Reads the mall, links devices to people.")],
    url: Annotated[str, typer.Option(envvar="GEOENGAGE_URL")] = "http://127.0.0.1:8000",
    mall: Annotated[str | None, typer.Option(help="Mall id, when the tenant has several.")] = None,
    app_id: Annotated[str | None, typer.Option(help="App id, when the publishable key has several.")] = None,
    shoppers: Annotated[int, typer.Option(min=1)] = 40,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same people.")] = 1,
    speed: Annotated[float, typer.Option(min=0.1, help="How much faster than real time they live.")] = 1.0,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between two pings of a phone.")] = 5.0,
    duration: Annotated[float | None, typer.Option(help="Stop after so many seconds.")] = None,
    state: Annotated[Path | None, typer.Option(help="File that keeps the devices for the next run.")] = None,
    history: Annotated[
        float | None,
        typer.Option(
            parser=_days, metavar="6.5d", help="Tell so many days of the past (d or h; under 7 days) and end."
        ),
    ] = None,
    per_day: Annotated[int, typer.Option(min=1, help="Of the past: people on an average day.")] = 300,
    after: Annotated[float, typer.Option(min=0, help="Of the past: seconds to wait before it begins.")] = 0.0,
) -> None:
    """Let simulated shoppers walk through a mall and ping like phones: noise, gaps, refusals and all.

    With --history nobody walks now: days gone by are told in one go. With --state a second run tells what is missing.
    """
    options = Options(
        url=url,
        publishable_key=publishable_key,
        secret_key=secret_key,
        mall_id=mall,
        app_id=app_id,
        shoppers=shoppers,
        seed=seed,
        speed=speed,
        interval_s=interval,
        state=state,
    )
    work = Simulation(options) if history is None else History(options, days=history, per_day=per_day, wait_s=after)
    raise typer.Exit(asyncio.run(_run(work, duration)))


async def _run(simulation: Simulation | History, duration_s: float | None) -> int:
    """Runs until it is through, a signal, the end of the time or a refusal; the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if duration_s is not None:
        loop.call_later(duration_s, stop.set)
    task = asyncio.create_task(simulation.run())
    task.add_done_callback(lambda _: stop.set())
    with console.status(simulation.line()) as status:
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1.0)
            status.update(simulation.line())
    last_line = simulation.line()
    task.cancel()
    (failure,) = await asyncio.gather(task, return_exceptions=True)
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    if isinstance(failure, (Refused, NoWay)):
        console.print(f"[red]stopped:[/red] {failure}", soft_wrap=True)
        return 1
    if failure and not isinstance(failure, asyncio.CancelledError):
        raise failure
    console.print(f"simulation ended: {last_line}", soft_wrap=True)
    return 0
