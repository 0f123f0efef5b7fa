"""`geoengage tenants|operators|apps|keys`: the first of each, which the API cannot make because it needs a key."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from geoengage.kit import commands
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.tenancy import service, store
from geoengage.tenancy.models import Credential
from geoengage.tenancy.rules import KeyKind, NewApp, NewKey, NewOperator, Role, Scope

tenants = typer.Typer(help="Companies that run a programme on this server.", no_args_is_help=True)
operators = typer.Typer(help="People who log in to the console.", no_args_is_help=True)
apps = typer.Typer(help="Branded applications.", no_args_is_help=True)
keys = typer.Typer(help="Publishable and secret keys.", no_args_is_help=True)

Tenant = Annotated[str, typer.Option("--tenant", help="Slug of the tenant.")]


@tenants.command("create")
def create_tenant(
    slug: Annotated[str, typer.Argument(help="Short name: lower case, digits, hyphens.")],
    name: Annotated[str, typer.Argument(help="Name of the company.")],
    timezone: Annotated[str, typer.Option(help="IANA time zone.")] = "UTC",
) -> None:
    """Make a tenant and print its id."""

    async def work(session: Session, now: datetime) -> UUID:
        return (await service.create_tenant(session, slug=slug, name=name, timezone=timezone, now=now)).id

    typer.echo(commands.run(work))


@operators.command("create")
def create_operator(
    email: Annotated[str, typer.Argument(help="E-mail to log in with.")],
    name: Annotated[str, typer.Argument(help="Name.")],
    *,
    tenant: Tenant,
    password: Annotated[
        str, typer.Option(envvar="GEOENGAGE_PASSWORD", prompt=True, hide_input=True, confirmation_prompt=True)
    ],
    role: Annotated[Role, typer.Option(help="What the operator may do.")] = Role.OWNER,
    owner_id: Annotated[UUID | None, typer.Option(help="For role shop: the owner whose stores it sees.")] = None,
) -> None:
    """Make an operator and print its id. The password is asked for, or taken from GEOENGAGE_PASSWORD."""
    new = NewOperator(email, name, role, password, owner_id)

    async def work(session: Session, now: datetime) -> UUID:
        return (await service.create_operator(session, await _tenant_id(session, tenant), new, now=now)).id

    typer.echo(commands.run(work))


@apps.command("create")
def create_app(
    name: Annotated[str, typer.Argument(help="Name of the app.")],
    *,
    tenant: Tenant,
    store_id: Annotated[UUID | None, typer.Option(help="The store it belongs to; none: the whole tenant.")] = None,
    user_token_key: Annotated[list[Path] | None, typer.Option(help="File with a PEM public key; repeatable.")] = None,
) -> None:
    """Make an app and print its id."""
    pems = tuple(path.read_text() for path in user_token_key or ())
    new = NewApp(name, store_id=store_id, user_token_keys=pems)

    async def work(session: Session, now: datetime) -> UUID:
        return (await service.create_app(session, await _tenant_id(session, tenant), new, now=now)).id

    typer.echo(commands.run(work))


@keys.command("create")
def create_key(
    kind: Annotated[KeyKind, typer.Argument(help="pk: registers devices; sk: for a server.")],
    name: Annotated[str, typer.Argument(help="What it is for.")],
    *,
    tenant: Tenant,
    scope: Annotated[list[Scope] | None, typer.Option(help="What a secret key may do; repeatable.")] = None,
    store_id: Annotated[list[UUID] | None, typer.Option(help="Restrict a secret key; repeatable.")] = None,
    app_id: Annotated[UUID | None, typer.Option(help="The app of a publishable key.")] = None,
    test: Annotated[bool, typer.Option("--test", help="Its devices are test devices.")] = False,
) -> None:
    """Make a key and print it. It is not kept and cannot be shown again."""
    new = NewKey(kind, name, frozenset(scope or ()), frozenset(store_id) if store_id else None, app_id, test)

    async def work(session: Session, now: datetime) -> str:
        return (await service.create_key(session, await _tenant_id(session, tenant), new, now=now))[1]

    typer.echo(commands.run(work))


@keys.command("list")
def list_keys(*, tenant: Tenant) -> None:
    """Print id, kind, last characters, state, name and scopes of every key."""

    async def work(session: Session, now: datetime) -> list[str]:
        del now
        rows = await store.list_rows(session, await _tenant_id(session, tenant), Credential, None, 10_000)
        return [
            f"{k.id}  {k.kind}…{k.hint}  {'revoked' if k.revoked_at else 'valid'}  {k.name}  {' '.join(k.scopes)}"
            for k in rows
        ]

    for line in commands.run(work):
        typer.echo(line.rstrip())


@keys.command("revoke")
def revoke_key(key_id: Annotated[UUID, typer.Argument(help="Id, as `keys list` shows it.")], *, tenant: Tenant) -> None:
    """Refuse a key from now on."""

    async def work(session: Session, now: datetime) -> None:
        await service.revoke_key(session, await _tenant_id(session, tenant), key_id, None, now)

    commands.run(work)


async def _tenant_id(session: Session, slug: str) -> TenantId:
    tenant_id = await store.find_tenant_id(session, slug)
    if tenant_id is None:
        raise commands.fail(f"there is no tenant '{slug}'")
    return tenant_id
