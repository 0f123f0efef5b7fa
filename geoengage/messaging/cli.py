"""Commands about senders."""

from datetime import datetime

import typer

from geoengage.kit import commands
from geoengage.kit.db import Session
from geoengage.messaging import service, store

app = typer.Typer(help="Senders of messages.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `reseal` a word of its own while it is the only command."""


@app.command()
def reseal() -> None:
    """Encrypt all stored credentials with the newest of GEOENGAGE_SECRET_KEYS, while messages go on being sent.

    Afterwards the older keys may be taken out. Says how many were done, and how many no key opens: put those again.
    """
    keys = commands.read_settings().sealing_keys()

    async def work(session: Session, _now: datetime) -> tuple[int, int]:
        done = closed = 0
        for tenant_id in await store.list_tenants_with_sealed(session):
            found = await service.reseal(session, tenant_id, keys)
            done, closed = done + found[0], closed + found[1]
        return done, closed

    done, closed = commands.run(work)
    typer.echo(f"{done} credentials are now closed with the newest key; {closed} are opened by none of the keys")
    if closed:
        raise typer.Exit(1)
