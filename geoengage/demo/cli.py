"""`geoengage demo`: up, env, reset."""

import os
from typing import Annotated

import typer

from geoengage.demo import run, state
from geoengage.kit import commands
from geoengage.kit.cluster import Cluster, ClusterError

app = typer.Typer(help="The whole system on this machine, with simulated shoppers.", no_args_is_help=True)


@app.command()
def up(
    *,
    insecure_lan: Annotated[
        bool, typer.Option("--insecure-lan", help="Listen on GEOENGAGE_HOST without encryption.")
    ] = False,
) -> None:
    """Start everything and print one link to open. GEOENGAGE_PORT, GEOENGAGE_SIMULATE=0 (no shoppers)."""
    simulate = os.environ.get("GEOENGAGE_SIMULATE", "1") != "0"
    try:
        run.Demo(commands.read_settings(), simulate=simulate, insecure_lan=insecure_lan).up()
    except (run.DemoError, ClusterError, PermissionError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@app.command()
def env() -> None:
    """Print the keys as `export` lines: eval "$(geoengage demo env)"."""
    remembered = state.read(commands.read_settings().data_dir)
    if "base_url" not in remembered:
        typer.echo("the demo has not run in this folder: make run", err=True)
        raise typer.Exit(1)
    typer.echo("\n".join(state.export_lines(remembered)))


@app.command()
def reset() -> None:
    """Delete the demo's data and keys; the next `up` starts afresh. An own GEOENGAGE_DATABASE_URL is left alone."""
    data_dir = commands.read_settings().data_dir
    try:
        for name in ("postgres", "test"):
            Cluster(data_dir / name).destroy()
    except ClusterError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for path in (state.path_in(data_dir), data_dir / "simulator.json"):
        path.unlink(missing_ok=True)
