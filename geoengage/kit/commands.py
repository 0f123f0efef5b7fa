"""What commands share: the database that the settings name, and one transaction with its errors said plainly."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import TypeVar

import typer
from pydantic import ValidationError

from geoengage.kit.clock import utc_now
from geoengage.kit.cluster import Cluster, ClusterError
from geoengage.kit.db import Session, make_engine, make_sessions, transaction
from geoengage.kit.errors import AppError
from geoengage.kit.ids import TenantId
from geoengage.kit.migrate import upgrade
from geoengage.kit.settings import Settings

T = TypeVar("T")


@contextlib.contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The URL to work on: GEOENGAGE_DATABASE_URL, else that of the private cluster, which lives at least as long.

    The private one is brought up to date here; another is migrated by `geoengage db upgrade` only.
    """
    if settings.database_url:
        yield with_driver(settings.database_url)
        return
    folder = settings.data_dir.absolute()
    try:
        with Cluster(folder / "postgres", log=folder / "logs" / "postgresql.log") as cluster:
            upgrade(cluster.url)
            yield cluster.url
    except ClusterError as error:
        raise fail(str(error)) from error


def with_driver(url: str) -> str:
    """`postgres://` and `postgresql://`, as hosting companies hand them out, with the driver that we use."""
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url


def run(work: Callable[[Session, datetime], Awaitable[T]], tenant_id: TenantId | None = None) -> T:
    """Do `work(session, now)` in one transaction on the database of the settings; expected errors end the command."""

    async def in_transaction(url: str) -> T:
        engine = make_engine(url, pool_size=1, application_name="geoengage-cli")
        try:
            async with transaction(make_sessions(engine), tenant_id) as session:
                return await work(session, utc_now())
        finally:
            await engine.dispose()

    with database(read_settings()) as url:
        try:
            return asyncio.run(in_transaction(url))
        except AppError as error:
            raise fail(error.detail) from error


def read_settings() -> Settings:
    """The settings of the environment; a wrong one ends the command."""
    try:
        return Settings()
    except ValidationError as error:
        lines = error.errors(include_url=False, include_input=False)
        words = [f"GEOENGAGE_{'__'.join(map(str, line['loc'])).upper()}: {line['msg']}" for line in lines]
        raise fail("\n".join(words)) from error


def fail(text: str) -> typer.Exit:
    """Say what is wrong; raise the result, which ends the command with status 1."""
    typer.echo(text, err=True)
    return typer.Exit(1)
