"""Making tenants, operators, apps and keys; logging in. Used by the routes, the command line and the demo alike.

`by` is the principal who asks, None for the command line, which may do everything. Passwords are hashed here with
argon2 in a thread, since one takes some 50 ms; random secrets need no slow hash.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.tenancy import rules, store
from geoengage.tenancy.models import App, Credential, Operator, Owner, Tenant
from geoengage.tenancy.rules import KeyKind, NewApp, NewKey, NewOperator, Principal, Role
from geoengage.tenancy.store import Login

SESSION_LIFETIME = timedelta(days=7)
LINK_LIFETIME = timedelta(hours=24)
_LINK_AUDIENCE = "login-link"
# RFC 9106's second choice, argon2-cffi's own default; said here because _NOBODY must cost the same to check.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)
_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$"  # no password is known to give this hash
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)


async def create_tenant(
    session: Session,
    *,
    slug: str,
    name: str,
    now: datetime,
    timezone: str = "UTC",
    policy: Mapping[str, object] | None = None,
) -> Tenant:
    """A tenant; `policy` sets further columns (`is_demo`, `review`, `quiet_start`, `holdout_percent`, …)."""
    rules.check_tenant(slug, timezone)
    tenant = Tenant(id=new_id(now), slug=slug, name=name, timezone=timezone, created_at=now, **(policy or {}))
    await store.insert_tenant(session, tenant)
    await session.refresh(tenant)  # the columns that the database filled in
    return tenant


async def create_owner(
    session: Session, tenant_id: TenantId, name: str, external_id: str | None, *, now: datetime, id_: UUID | None = None
) -> Owner:
    """Someone who owns stores. Conflict when the external id is taken."""
    owner = Owner(id=id_ or new_id(now), name=name, external_id=external_id, created_at=now)
    await store.insert_row(session, tenant_id, owner, f"there is an owner with external_id '{external_id}' already")
    await session.refresh(owner)
    return owner


async def create_operator(
    session: Session,
    tenant_id: TenantId,
    new: NewOperator,
    *,
    now: datetime,
    by: Principal | None = None,
    id_: UUID | None = None,
) -> Operator:
    """Someone who logs in to the console. Conflict when the tenant has that e-mail already."""
    rules.check_operator(new)
    if new.owner_id is not None:
        await store.get_row(session, tenant_id, Owner, new.owner_id)
    hashed = _NOBODY if new.password is None else await asyncio.to_thread(_HASHER.hash, new.password)
    operator = Operator(
        id=id_ or new_id(now),
        email=rules.normal_email(new.email),
        name=new.name,
        role=new.role,
        owner_id=new.owner_id,
        password_hash=hashed,
        created_at=now,
    )
    await store.insert_row(session, tenant_id, operator, f"there is an operator {operator.email} already")
    await _audit(session, tenant_id, by, "operator.create", operator.id, now)
    return operator


async def disable_operator(session: Session, tenant_id: TenantId, id_: UUID, by: Principal, now: datetime) -> None:
    """Keep an operator out from now on and end his sessions. Conflict for the last owner. Idempotent."""
    await store.lock_tenant(session, tenant_id)  # two owners who disable each other at once
    operator = await store.get_row(session, tenant_id, Operator, id_)
    if operator.disabled_at is not None:
        return
    if operator.role == Role.OWNER and await store.count_working_owners(session, tenant_id) == 1:
        raise errors.Conflict("this is the last operator with role owner; make another one first")
    operator.disabled_at = now
    await store.delete_operator_sessions(session, tenant_id, id_)
    await _audit(session, tenant_id, by, "operator.disable", id_, now)


async def invite(session: Session, signing_key: str, operator_id: UUID, by: Principal, now: datetime) -> str:
    """A link by which somebody of role shop comes in, for 24 hours. Conflict for others, who have a password."""
    operator = await store.get_row(session, by.tenant_id, Operator, operator_id)
    if operator.role != Role.SHOP or operator.disabled_at is not None:
        raise errors.Conflict("only who sees one owner's stores, and may log in, comes in by a link")
    await _audit(session, by.tenant_id, by, "operator.invite", operator_id, now)
    return make_login_link(signing_key, by.tenant_id, operator_id, now)


async def create_app(
    session: Session, tenant_id: TenantId, new: NewApp, *, now: datetime, id_: UUID | None = None
) -> App:
    """A branded application. Its user-token keys decide who may say which person a device belongs to."""
    await check_app(session, tenant_id, new.store_id, new.user_token_keys)
    app = App(
        id=id_ or new_id(now),
        name=new.name,
        store_id=new.store_id,
        default_language=new.default_language,
        android_package=new.android_package,
        ios_bundle_id=new.ios_bundle_id,
        brand_color=new.brand_color,
        user_token_keys=list(new.user_token_keys),
        created_at=now,
    )
    await store.insert_row(session, tenant_id, app, "this app exists already")
    await session.refresh(app)
    return app


async def check_app(session: Session, tenant_id: TenantId, store_id: UUID | None, keys: tuple[str, ...]) -> None:
    """Raise ItemErrors unless the store is the tenant's and every key a public key we verify with."""
    rules.check_user_token_keys(keys)
    if store_id is not None:
        await _check_stores(session, tenant_id, "store_id", [store_id])


async def create_key(
    session: Session,
    tenant_id: TenantId,
    new: NewKey,
    *,
    now: datetime,
    by: Principal | None = None,
    id_: UUID | None = None,
) -> tuple[Credential, str]:
    """A key and its text, which is known now and never again."""
    rules.check_key(new, by)
    if new.app_id is not None:
        await store.get_row(session, tenant_id, App, new.app_id)
    if new.store_ids is not None:
        await _check_stores(session, tenant_id, "store_ids", sorted(new.store_ids))
    text = rules.make_key(new.kind, tenant_id, is_test=new.is_test)
    key = Credential(
        id=id_ or new_id(now),
        kind=new.kind,
        name=new.name,
        secret_hash=rules.hash_secret(text),
        hint=text[-4:],
        scopes=sorted(new.scopes),
        store_ids=None if new.store_ids is None else sorted(new.store_ids),
        app_id=new.app_id,
        is_test=new.is_test,
        writes=new.writes,
        created_at=now,
    )
    await store.insert_row(session, tenant_id, key, "this key exists already")
    await _audit(session, tenant_id, by, "key.create", key.id, now)
    return key, text


async def revoke_key(session: Session, tenant_id: TenantId, id_: UUID, by: Principal | None, now: datetime) -> None:
    """Refuse a key from now on; the shopper page that uses it closes. NotFound for another tenant's; idempotent."""
    key = await store.get_row(session, tenant_id, Credential, id_)
    if not await store.set_revoked(session, tenant_id, id_, now):
        return
    await _audit(session, tenant_id, by, "key.revoke", id_, now)
    if key.app_id is not None:
        app = await store.get_row(session, tenant_id, App, key.app_id, lock=True)
        if app.shopper_key is not None and rules.hash_secret(app.shopper_key) == key.secret_hash:
            await _set_shopper_key(session, tenant_id, app, None)


async def open_shopper_page(
    session: Session, tenant_id: TenantId, app_id: UUID, *, is_test: bool, by: Principal | None, now: datetime
) -> str:
    """Give an app its web page and return the publishable key that the page registers its visitors with.

    Idempotent: a page that is open with such a key keeps it. With another `is_test` it gets a new key, and the old one
    is refused from now on. The key is kept as text, since every visitor is told it.
    """
    app = await store.get_row(session, tenant_id, App, app_id, lock=True)
    if app.shopper_key is not None:
        parsed = rules.parse_key(app.shopper_key)
        if parsed is not None and parsed.is_test == is_test:
            return app.shopper_key
        await close_shopper_page(session, tenant_id, app_id, by=by, now=now)
    new = NewKey(KeyKind.PUBLISHABLE, "shopper page", app_id=app_id, is_test=is_test)
    _, text = await create_key(session, tenant_id, new, now=now, by=by)
    await _set_shopper_key(session, tenant_id, app, text)
    return text


async def close_shopper_page(
    session: Session, tenant_id: TenantId, app_id: UUID, *, by: Principal | None, now: datetime
) -> None:
    """Take an app's web page away: nobody can register there any more. Idempotent; devices keep working."""
    app = await store.get_row(session, tenant_id, App, app_id, lock=True)
    if app.shopper_key is None:
        return
    key_id = await store.find_key_id(session, tenant_id, rules.hash_secret(app.shopper_key))
    if key_id is not None:
        await revoke_key(session, tenant_id, key_id, by, now)


async def _set_shopper_key(session: Session, tenant_id: TenantId, app: App, text: str | None) -> None:
    await store.update_row(session, tenant_id, app, {"shopper_key": text}, "the app cannot be changed so")


async def _check_stores(session: Session, tenant_id: TenantId, member: str, store_ids: Sequence[UUID]) -> None:
    if missing := await store.list_missing_stores(session, tenant_id, store_ids):
        raise errors.field(member, "no such store: " + ", ".join(map(str, missing)))


async def audit(
    session: Session, by: Principal, action: str, subject: UUID, now: datetime, reason: str | None = None
) -> None:
    """Note who looked at whom or changed what; `reason` also says which members of it."""
    await store.insert_audit_entry(
        session,
        by.tenant_id,
        actor=rules.actor_name(by),
        action=action,
        subject=str(subject),
        reason=reason,
        now=now,
    )


async def _audit(
    session: Session, tenant_id: TenantId, by: Principal | None, action: str, subject: UUID, now: datetime
) -> None:
    await store.insert_audit_entry(
        session, tenant_id, actor=rules.actor_name(by), action=action, subject=str(subject), now=now
    )


# --- logging in ---------------------------------------------------------------------------------------------------


async def match_password(candidates: Sequence[Login], password: str, tenant: str | None) -> Login | None:
    """The candidate whose password this is; `tenant` (a slug) chooses when one e-mail works in several tenants.

    Without any candidate the same work is done against a hash that nothing matches, so that the time taken does not
    tell which e-mails exist. Conflict when several match and no tenant was named.
    """
    if not candidates:
        await asyncio.to_thread(_matches, _NOBODY, password)
    matching = [c for c in candidates if await asyncio.to_thread(_matches, c.password_hash, password)]
    matching = [c for c in matching if tenant in (None, c.tenant)]
    if len(matching) > 1:
        raise errors.Conflict("this e-mail works in several tenants; name one", tenants=[c.tenant for c in matching])
    return matching[0] if matching else None


def _matches(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (Argon2Error, InvalidHashError):
        return False


async def open_session(session: Session, tenant_id: TenantId, operator_id: UUID, now: datetime) -> str:
    """Start a console session and return the cookie's value: a secret, after the tenant in which to look it up."""
    secret = secrets.token_urlsafe(32)
    await store.insert_session(session, tenant_id, operator_id, secret, now, now + SESSION_LIFETIME)
    return f"{tenant_id.hex}.{secret}"


def make_login_link(signing_key: str, tenant_id: UUID, operator_id: UUID, now: datetime) -> str:
    """The path of a link that logs in for 24 hours, e.g. `/go/eyJ…`; put the server's address before it."""
    claims = {"aud": _LINK_AUDIENCE, "t": tenant_id.hex, "o": operator_id.hex, "exp": now + LINK_LIFETIME}
    return "/go/" + jwt.encode(claims, signing_key, algorithm="HS256")


def read_login_link(signing_key: str, token: str, now: datetime) -> tuple[TenantId, UUID] | None:
    """Tenant and operator of a login link's token; None when it is forged or over."""
    try:
        claims = jwt.decode(
            token, signing_key, algorithms=["HS256"], audience=_LINK_AUDIENCE, options={"verify_exp": False}
        )
        if int(claims["exp"]) <= now.timestamp():
            return None
        return TenantId(UUID(claims["t"])), UUID(claims["o"])
    except (jwt.PyJWTError, KeyError, ValueError, TypeError):
        return None
