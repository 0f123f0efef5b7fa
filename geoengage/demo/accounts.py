"""The demo's tenants, their operator, app and keys: what the API cannot make, since it needs a key to begin with.

Written with tenancy's own functions, in one transaction a call. Idempotent: what `remembered` (demo.json) names and
the database still has is kept; the rest is made anew, and keys that nobody remembers any more are revoked.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, time
from typing import TypeVar
from uuid import UUID

from geoengage.demo.state import State
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, make_engine, make_sessions, transaction
from geoengage.kit.ids import TenantId
from geoengage.tenancy import service, store
from geoengage.tenancy.models import Credential
from geoengage.tenancy.rules import KeyKind, NewApp, NewKey, NewOperator, Role, Scope, Writes, parse_key

SLUG = "demo"
EMAIL = "operator@demo.example"
MIDNIGHT = time(0)
POLICY = {
    "is_demo": True,
    "review": "always",
    "quiet_start": MIDNIGHT,  # equal: no quiet hours, a visitor may come at night
    "quiet_end": MIDNIGHT,
    "holdout_percent": 5,
    "daily_cap": 5,
}
T = TypeVar("T")


def prepare(url: str, remembered: State, *, name: str, timezone: str) -> State:
    """Make the mall's tenant and everything that hangs on it; the result names all of it."""
    shoppers = frozenset({Scope.READ, Scope.PEOPLE})

    def keys(app_id: UUID) -> dict[str, NewKey]:
        return {
            "publishable_key": NewKey(KeyKind.PUBLISHABLE, "demo: your tests", app_id=app_id, is_test=True),
            "secret_key": NewKey(KeyKind.SECRET, "demo: your server", frozenset(Scope)),
            "simulator_publishable_key": NewKey(KeyKind.PUBLISHABLE, "demo: shoppers", app_id=app_id),
            "simulator_secret_key": NewKey(KeyKind.SECRET, "demo: shoppers' server", shoppers),
        }

    return _prepare(url, remembered, SLUG, name, timezone, keys)


def prepare_chain(url: str, remembered: State, *, slug: str, name: str, timezone: str) -> State:
    """Make the tenant of a shop chain, with the same operator, an app and a server's key."""

    def keys(_: UUID) -> dict[str, NewKey]:
        return {
            "secret_key": NewKey(KeyKind.SECRET, "demo: your server", frozenset(Scope)),
            "write_key": NewKey(KeyKind.WRITE, "demo: door counters", writes=Writes.SERVER),
        }

    return _prepare(url, remembered, slug, name, timezone, keys)


def _prepare(
    url: str, remembered: State, slug: str, name: str, timezone: str, keys: Callable[[UUID], dict[str, NewKey]]
) -> State:
    async def make(session: Session, now: datetime) -> TenantId:
        found = await store.find_tenant_id(session, slug)
        if found is not None:
            return found
        tenant = await service.create_tenant(session, slug=slug, name=name, timezone=timezone, policy=POLICY, now=now)
        return TenantId(tenant.id)

    async def fill(session: Session, now: datetime) -> State:
        kept = remembered if remembered.get("tenant_id") == str(tenant_id) else {}
        state = kept | {"tenant_id": str(tenant_id)}
        state |= await _operator(session, tenant_id, kept, now)
        state |= await _app(session, tenant_id, name, now)
        for field, new in keys(UUID(state["app_id"])).items():
            state[field] = await _key(session, tenant_id, kept.get(field), new, now)
        return state

    # cross-tenant: the tenant is only just being found
    tenant_id = in_transaction(url, None, make)
    return in_transaction(url, tenant_id, fill)


def add_store_key(url: str, state: State, store_name: str) -> State:
    """A secret key that is restricted to `store_id`, as a shop's own system would hold one."""
    tenant_id = TenantId(UUID(state["tenant_id"]))
    new = NewKey(
        KeyKind.SECRET,
        f"demo: {store_name}",
        frozenset({Scope.READ, Scope.CAMPAIGNS}),
        frozenset({UUID(state["store_id"])}),
    )

    async def add(session: Session, now: datetime) -> str:
        return await _key(session, tenant_id, state.get("store_secret_key"), new, now)

    return state | {"store_secret_key": in_transaction(url, tenant_id, add)}


def login_link(signing_key: str, state: State) -> str:
    """The path that logs the demo's operator in."""
    return service.make_login_link(signing_key, UUID(state["tenant_id"]), UUID(state["operator_id"]), utc_now())


def in_transaction(url: str, tenant_id: TenantId | None, work: Callable[[Session, datetime], Awaitable[T]]) -> T:
    """Work on the demo's database, beside the API."""

    async def run() -> T:
        engine = make_engine(url, pool_size=1, application_name="geoengage-demo")
        try:
            async with transaction(make_sessions(engine), tenant_id) as session:
                return await work(session, utc_now())
        finally:
            await engine.dispose()

    return asyncio.run(run())


async def _operator(session: Session, tenant_id: TenantId, kept: State, now: datetime) -> State:
    if "operator_id" in kept and await store.find_operator(session, tenant_id, UUID(kept["operator_id"])):
        return {}
    taken = any(login.tenant_id == tenant_id for login in await store.list_logins(session, EMAIL))
    # Only a hash of the first one's password is left when demo.json was lost: a second operator takes over.
    email = EMAIL.replace("@", f"-{secrets.token_hex(2)}@") if taken else EMAIL
    password = secrets.token_urlsafe(12)
    new = NewOperator(email=email, name="Demo operator", role=Role.OWNER, password=password)
    operator = await service.create_operator(session, tenant_id, new, now=now)
    return {"operator_id": str(operator.id), "operator_email": email, "operator_password": password}


async def _app(session: Session, tenant_id: TenantId, name: str, now: datetime) -> State:
    found = await store.list_apps(session, tenant_id, None, None, 1)
    app = found[0] if found else await service.create_app(session, tenant_id, NewApp(name), now=now)
    # As test devices: a visitor's own phone gets every message, in the page's inbox, and is not counted as a shopper.
    await service.open_shopper_page(session, tenant_id, app.id, is_test=True, by=None, now=now)
    return {"app_id": str(app.id)}


async def _key(session: Session, tenant_id: TenantId, kept: str | None, new: NewKey, now: datetime) -> str:
    parsed = parse_key(kept) if kept else None
    if kept and parsed and await store.find_key_principal(session, tenant_id, parsed):
        return kept
    for old in await store.list_rows(session, tenant_id, Credential, None, 500):
        if old.name == new.name:
            await service.revoke_key(session, tenant_id, old.id, None, now)
    _, text = await service.create_key(session, tenant_id, new, now=now)
    return text
