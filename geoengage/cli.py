"""The command line. A domain's commands live in its own cli.py; here are those that start the two processes.

Imports of what only one command needs are inside it, so that the others start at once.
"""

from typing import Annotated

import typer

from geoengage.demo import cli as demo
from geoengage.demo.run import DemoError, check_address
from geoengage.ingest.files import cli as imports
from geoengage.kit import commands, log
from geoengage.messaging import cli as messaging
from geoengage.privacy import cli as privacy
from geoengage.recommendations import cli as recommendations
from geoengage.scenarios import cli as scenarios
from geoengage.simulator.cli import simulate
from geoengage.tenancy import cli as tenancy
from geoengage.venues import cli as venues

app = typer.Typer(help="Location-aware retail engagement.", no_args_is_help=True, pretty_exceptions_enable=False)
db = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(db, name="db")
app.add_typer(tenancy.tenants, name="tenants")
app.add_typer(tenancy.operators, name="operators")
app.add_typer(tenancy.apps, name="apps")
app.add_typer(tenancy.keys, name="keys")
app.add_typer(venues.app, name="venues")
app.add_typer(imports.app, name="imports")
app.add_typer(demo.app, name="demo")
app.add_typer(scenarios.app, name="scenario")
app.add_typer(privacy.app, name="privacy")
app.add_typer(recommendations.app, name="recommendations")
app.add_typer(messaging.app, name="senders")
app.command()(simulate)
app.command()(privacy.backup)
app.command()(privacy.restore)


@app.command()
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; else GEOENGAGE_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; else GEOENGAGE_PORT.")] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, max=64, help="How many processes share the port; else GEOENGAGE_PROCESSES.")
    ] = None,
    insecure_lan: Annotated[
        bool, typer.Option("--insecure-lan", help="Let other machines in without encryption.")
    ] = False,
) -> None:
    """Answer HTTP: the API and the console."""
    from geoengage import app as process

    given = {"host": host, "port": port, "processes": processes}
    settings = commands.read_settings().model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    try:
        check_address(settings, insecure_lan=insecure_lan)
    except DemoError as error:
        raise commands.fail(str(error)) from error
    log.configure(as_json=settings.log_json)
    with commands.database(settings) as url:
        process.run(settings, url)


@app.command()
def worker() -> None:
    """React to events, run timers, send messages: the background process. Any number may run."""
    from geoengage import worker as process

    settings = commands.read_settings()
    log.configure(as_json=settings.log_json)
    with commands.database(settings) as url:
        process.run(settings, url)


@db.command()
def upgrade() -> None:
    """Bring the schema up to date. Safe to repeat."""
    from geoengage.kit import migrate

    with commands.database(commands.read_settings()) as url:
        migrate.upgrade(url)
    typer.echo("the schema is up to date")


def main() -> None:
    """Entry point of `geoengage`."""
    app()
