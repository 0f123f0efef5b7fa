"""Commands of recommendations."""

import asyncio

import typer

from geoengage.kit import commands
from geoengage.kit.clock import utc_now
from geoengage.kit.db import make_engine, make_sessions, transaction
from geoengage.recommendations import service, store

app = typer.Typer(help="What is bought again and together.", no_args_is_help=True)


@app.callback()
def recommendations() -> None:
    """What is bought again and together."""


@app.command()
def fit() -> None:
    """Learn from the orders of every tenant now; the worker does it once a day. Safe while it runs."""
    with commands.database(commands.read_settings()) as url:
        asyncio.run(_fit_all(url))


async def _fit_all(url: str) -> None:
    engine = make_engine(url, pool_size=1, application_name="geoengage-cli")
    sessions = make_sessions(engine)
    async with transaction(sessions, None) as session:  # cross-tenant: all that have orders
        tenants = await store.list_selling(session)
    for tenant_id, name in tenants:
        fitted = await service.fit_tenant(sessions, tenant_id, utc_now())
        learnt = "too few to say what is bought together" if fitted.lambda_ is None else f"λ {fitted.lambda_:g}"
        typer.echo(f"{name}: {fitted.baskets} orders, {len(fitted.patterns)} products, {learnt}")
    await engine.dispose()
