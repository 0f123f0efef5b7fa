"""`geoengage demo`: up, env, build, check, reset."""

import json
import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from geoengage.demo import check as planted
from geoengage.demo import receiver as receiving
from geoengage.demo import run, state, tales
from geoengage.demo.chains import build as chains
from geoengage.demo.chains.check import check as planted_in_chain
from geoengage.demo.client import Answered, Client
from geoengage.demo.findings import Finding
from geoengage.kit import commands
from geoengage.kit.clock import utc_now
from geoengage.kit.cluster import Cluster, ClusterError

app = typer.Typer(help="The whole system on this machine, with simulated shoppers.", no_args_is_help=True)


@app.command()
def up(
    *,
    insecure_lan: Annotated[
        bool, typer.Option("--insecure-lan", help="Listen on GEOENGAGE_HOST without encryption.")
    ] = False,
    history: Annotated[
        int, typer.Option(envvar="GEOENGAGE_HISTORY", min=0, help="People a day of the mall's past; 0: no past.")
    ] = 300,
    history_days: Annotated[
        float, typer.Option(envvar="GEOENGAGE_HISTORY_DAYS", min=0, help="How far the past reaches back; under 7.")
    ] = 6.9,
    history_after: Annotated[
        float,
        typer.Option(envvar="GEOENGAGE_HISTORY_AFTER", min=0, help="Seconds that live shoppers have to themselves."),
    ] = 60.0,
    chains_too: Annotated[
        bool, typer.Option("--chains/--no-chains", envvar="GEOENGAGE_CHAINS", help="Import the shop chains.")
    ] = True,
) -> None:
    """Start everything and print one link to open. GEOENGAGE_PORT, GEOENGAGE_SIMULATE=0 (no shoppers, no past)."""
    simulate = os.environ.get("GEOENGAGE_SIMULATE", "1") != "0"
    past = run.Past(history if simulate else 0, history_days, history_after)
    try:
        settings = commands.read_settings()
        run.Demo(settings, simulate=simulate, insecure_lan=insecure_lan, past=past, chains_too=chains_too).up()
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
def build(seed: Annotated[int, typer.Option(help="Another seed plans other customers.")] = 7) -> None:
    """Import a supermarket, a toy chain and a marketplace through the API. The demo must be running.

    What was built stays as it is; `geoengage demo reset` makes room for another one.
    """
    data_dir = commands.read_settings().data_dir
    mall = state.read(data_dir)
    if "base_url" not in mall:
        typer.echo("the demo has not run in this folder: make run", err=True)
        raise typer.Exit(1)
    with commands.database(commands.read_settings()) as url:
        for slug in chains.CHAINS:
            try:
                _build_chain(mall["base_url"], url, data_dir, slug, seed)
            except (chains.BuildError, Answered) as error:
                typer.echo(str(error), err=True)
                raise typer.Exit(1) from error


def _build_chain(base_url: str, url: str, data_dir: Path, slug: str, seed: int) -> None:
    remembered = state.read(data_dir, slug)
    if "built_on" in remembered:
        typer.echo(f"  {chains.NAMES[slug]}: is there, as of {remembered['built_on']}")
    else:
        remembered = chains.build(base_url, remembered, slug, seed, typer.echo)
        state.write(data_dir, remembered, slug)
    if tales.ON not in remembered:
        remembered = tales.tell(base_url, url, remembered, slug, typer.echo)
        state.write(data_dir, remembered, slug)


@app.command()
def check() -> None:
    """Lay what was planted, in the mall's past and in the chains, beside what is found. The demo must be running."""
    data_dir = commands.read_settings().data_dir
    mall = state.read(data_dir)
    findings = [*_mall_findings(data_dir, mall), *_chain_findings(data_dir, mall)]
    if not findings:
        typer.echo("the demo has told no past here yet: make run, and wait for it", err=True)
        raise typer.Exit(1)
    for f in findings:
        mark = {True: "ok", False: "NOT FOUND", None: "open"}[f.holds]
        typer.echo(f"{f.what:44} planted: {f.planted:>14}   found: {f.found:<34} {mark}")
    if any(f.holds is False for f in findings):
        raise typer.Exit(1)


def _mall_findings(data_dir: Path, mall: state.State) -> list[Finding]:
    told = state.history_in(data_dir)
    if "base_url" not in mall or not told.exists():
        return []
    client = Client(mall["base_url"], mall["secret_key"])
    today = utc_now().astimezone(ZoneInfo(client.get(f"/v1/malls/{mall['mall_id']}")["timezone"])).date()
    return planted.check(client, mall["mall_id"], json.loads(told.read_text())["days"], today)


def _chain_findings(data_dir: Path, mall: state.State) -> list[Finding]:
    found: list[Finding] = []
    for slug in chains.CHAINS:
        chain = state.read(data_dir, slug)
        if "base_url" in mall and "built_on" in chain:
            client = Client(mall["base_url"], chain["secret_key"], timeout_s=120.0)
            those = tales.check(client, chain, slug) if tales.ON in chain else []
            those += planted_in_chain(
                client,
                slug,
                int(chain["seed"]),
                date.fromisoformat(chain["built_on"]),
                tales.revenue_beside(chain, slug),
            )
            found += [replace(one, what=f"{slug}: {one.what}") for one in those]
    return found


@app.command(hidden=True)
def receiver() -> None:
    """Receive the demo's webhooks, verify them and print a line for each: another system, in small."""
    receiving.serve(os.environ[receiving.SECRET], int(os.environ[receiving.PORT]))


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
    made = [state.path_in(data_dir, chain) for chain in (None, *chains.CHAINS)]
    for path in (*made, state.history_in(data_dir), data_dir / "simulator.json"):
        path.unlink(missing_ok=True)
