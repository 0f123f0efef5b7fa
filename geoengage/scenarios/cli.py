"""`geoengage scenario`: run scenario files, check them, print the schema of their format."""

import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from geoengage.kit.commands import fail, read_settings
from geoengage.scenarios import report
from geoengage.scenarios.checks import File, Flaw, Invalid, find_files, read_file
from geoengage.scenarios.client import Client, Refused, Unreachable
from geoengage.scenarios.format import json_schema
from geoengage.scenarios.runner import Result, Unplayable, run_with_clock, run_without_clock

app = typer.Typer(help="Scenario files: a floor plan, what phones do, what must come of it.", no_args_is_help=True)
console = Console(highlight=False, soft_wrap=True)
Files = Annotated[list[Path], typer.Argument(help="Files, or folders of them.")]
Play = Callable[[File], Result]


@app.command()
def run(
    files: Files,
    *,
    server: Annotated[str | None, typer.Option(help="Play on this server; left out: one is started.")] = None,
    key: Annotated[str | None, typer.Option(envvar="SK", help="A secret key with all scopes of that server.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every event of files that hold, too.")] = False,
) -> None:
    """Play scenarios and compare what happens with what they expect. Exit code 1 when one fails or cannot be read.

    Without --server a private server with a clock of its own is started for the run; nothing of yours is touched.
    With --server, files that need such a clock are skipped; what the others make there is taken away again.
    """
    read = _read(files)
    if server is not None and key is None:
        raise fail("--server needs --key: a secret key with all scopes")
    began = time.monotonic()
    try:
        with _own_server() if server is None else _other_server(server, key or "") as play:
            results = _play_all(read, play, verbose=verbose)
    except Unreachable as error:
        raise fail(f"the server does not answer: {error}") from error
    console.print(report.summary(results, time.monotonic() - began))
    raise typer.Exit(1 if any(result.failed or result.error for result in results) else 0)


@app.command()
def check(files: Files) -> None:
    """Read scenario files and say what is wrong with them, without playing any."""
    console.print(f"{len(_read(files))} files are right")


@app.command()
def schema() -> None:
    """Print the JSON schema of the format, for editors."""
    typer.echo(json.dumps(json_schema(), indent=1, ensure_ascii=False))


def _read(paths: list[Path]) -> list[File]:
    """All files, or the end of the command with everything that is wrong with them."""
    read: list[File] = []
    flaws: list[Flaw] = []
    try:
        found = find_files(paths)
    except Invalid as error:
        raise fail(str(error)) from error
    for path in found:
        try:
            read.append(read_file(path))
        except Invalid as error:
            flaws += error.flaws
    if flaws:
        raise fail("\n".join(map(str, flaws)))
    if not read:
        raise fail("no scenario files there")
    return read


@contextlib.contextmanager
def _own_server() -> Iterator[Play]:
    from geoengage.scenarios.server import fresh_database, running

    settings = read_settings()
    settings.data_dir = settings.data_dir.absolute()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with console.status("starting a server of its own"):
        stack = contextlib.ExitStack()
        address, key = stack.enter_context(running(settings, stack.enter_context(fresh_database(settings))))
    with stack:
        client = Client(address, key)
        yield lambda file: run_with_clock(file, client)
        client.close()


@contextlib.contextmanager
def _other_server(address: str, key: str) -> Iterator[Play]:
    client = Client(address, key)
    yield lambda file: run_without_clock(file, client)
    client.close()


def _play_all(files: list[File], play: Play, *, verbose: bool) -> list[Result]:
    """Play one after another; a file that fails is told of at once, above the bar."""
    results = []
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(files))
        for file in files:
            progress.update(task, description=file.name)
            try:
                result = play(file)
            except (Refused, Unplayable) as error:
                result = Result(file, error=str(error))
            results.append(result)
            for line in report.lines(result, verbose=verbose):
                progress.console.print(line)
            progress.advance(task)
    return results
