"""SQL of tenants, operators, apps and keys. Broken uniqueness and references become `Conflict` here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import IntegrityError

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, new_id
from geoengage.tenancy.models import (
    App,
    AuditEntry,
    ConsoleSession,
    Credential,
    Operator,
    OperatorPhone,
    OwnedByTenant,
    Owner,
    Tenant,
)
from geoengage.tenancy.rules import (
    ROLE_SCOPES,
    KeyKind,
    ParsedKey,
    Principal,
    PrincipalKind,
    Role,
    Scope,
    Writes,
    hash_secret,
)

_KINDS = {
    KeyKind.PUBLISHABLE: PrincipalKind.PUBLISHABLE_KEY,
    KeyKind.SECRET: PrincipalKind.SECRET_KEY,
    KeyKind.WRITE: PrincipalKind.WRITE_KEY,
}


async def get_tenant(session: Session, tenant_id: TenantId) -> Tenant:
    """The tenant's own row."""
    return await session.get_one(Tenant, tenant_id)


async def find_key_principal(session: Session, tenant_id: TenantId, key: ParsedKey) -> Principal | None:
    """Whose key it is; None when unknown or revoked."""
    row = (
        await session.execute(
            select(Credential, Tenant.is_demo)
            .join(Tenant, Tenant.id == Credential.tenant_id)
            .where(
                Credential.tenant_id == tenant_id,
                Credential.secret_hash == key.secret_hash,
                Credential.revoked_at.is_(None),
            )
        )
    ).one_or_none()
    if row is None:
        return None
    found, is_demo = row
    return Principal(
        tenant_id=tenant_id,
        id=found.id,
        kind=_KINDS[KeyKind(found.kind)],
        scopes=frozenset(Scope(s) for s in found.scopes),
        store_ids=None if found.store_ids is None else frozenset(found.store_ids),
        app_id=found.app_id,
        is_test=found.is_test,
        is_demo=is_demo,
        writes=None if found.writes is None else Writes(found.writes),
    )


async def find_session_principal(session: Session, tenant_id: TenantId, secret: str, now: datetime) -> Principal | None:
    """The operator behind a console cookie; None when the session is unknown, over, or its operator disabled."""
    row = (
        await session.execute(
            select(Operator, Tenant.is_demo)
            .join(ConsoleSession, ConsoleSession.operator_id == Operator.id)
            .join(Tenant, Tenant.id == Operator.tenant_id)
            .where(
                ConsoleSession.tenant_id == tenant_id,
                ConsoleSession.secret_hash == hash_secret(secret),
                ConsoleSession.expires_at > now,
                Operator.disabled_at.is_(None),
            )
        )
    ).one_or_none()
    return None if row is None else await _principal(session, tenant_id, *row)


async def find_operator_principal(session: Session, tenant_id: TenantId, operator_id: UUID) -> Principal | None:
    """What an operator may do and see once logged in; None when unknown or disabled."""
    query = select(Operator, Tenant.is_demo).join(Tenant, Tenant.id == Operator.tenant_id)
    query = query.where(Operator.tenant_id == tenant_id, Operator.id == operator_id, Operator.disabled_at.is_(None))
    row = (await session.execute(query)).one_or_none()
    return None if row is None else await _principal(session, tenant_id, *row)


async def _principal(session: Session, tenant_id: TenantId, operator: Operator, is_demo: bool) -> Principal:
    role = Role(operator.role)
    return Principal(
        tenant_id=tenant_id,
        id=operator.id,
        kind=PrincipalKind.OPERATOR,
        scopes=ROLE_SCOPES[role],
        store_ids=None
        if operator.owner_id is None
        else frozenset(await list_owner_stores(session, tenant_id, operator.owner_id)),
        is_demo=is_demo,
        role=role,
    )


async def list_owner_stores(session: Session, tenant_id: TenantId, owner_id: UUID) -> Sequence[UUID]:
    """Ids of the stores of an owner. Reads the venues' table, which lies above: only ids, and only here."""
    rows = await session.execute(
        text("SELECT id FROM store WHERE tenant_id = :tenant_id AND owner_id = :owner_id"),
        {"tenant_id": tenant_id, "owner_id": owner_id},
    )
    return rows.scalars().all()


Row = TypeVar("Row", bound=OwnedByTenant)


@dataclass(frozen=True, slots=True)
class Login:
    """An operator whose e-mail somebody typed, with the hash that the password must match."""

    tenant_id: TenantId
    tenant: str
    operator_id: UUID
    password_hash: str


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """An operator of a demo tenant, with what that demo tells of itself."""

    name: str
    tenant_id: TenantId
    operator_id: UUID
    story: dict[str, Any] | None


async def get_row(session: Session, tenant_id: TenantId, kind: type[Row], id_: UUID, *, lock: bool = False) -> Row:
    """An owner, app, operator or key by its id; NotFound also when it is another tenant's."""
    if lock:
        query = select(kind).where(kind.tenant_id == tenant_id, kind.id == id_).with_for_update(key_share=True)
        row = (await session.execute(query)).scalar_one_or_none()
    else:  # what this transaction has loaded or made is not asked for again
        row = await session.get(kind, {"tenant_id": tenant_id, "id": id_})
    if row is None:
        raise errors.NotFound(f"{kind.__name__.lower()} {id_} does not exist")
    return row


async def list_rows(
    session: Session, tenant_id: TenantId, kind: type[Row], after: UUID | None, limit: int
) -> Sequence[Row]:
    """Owners, apps, operators or keys in id order, above `after`."""
    query = select(kind).where(kind.tenant_id == tenant_id)
    if after is not None:
        query = query.where(kind.id > after)
    return (await session.execute(query.order_by(kind.id).limit(limit))).scalars().all()


async def insert_row(session: Session, tenant_id: TenantId, row: Row, conflict: str) -> None:
    """Store a new row; Conflict with that text when a unique or foreign key refuses it."""
    row.tenant_id = tenant_id
    session.add(row)
    await _flush(session, conflict)


async def update_row(
    session: Session, tenant_id: TenantId, row: Tenant | Owner | App, changes: dict[str, Any], conflict: str
) -> None:
    """Set columns of a loaded row and raise its version."""
    for name, value in (changes | {"version": row.version + 1}).items():
        setattr(row, name, value)
    await _flush(session, conflict)


async def delete_row(session: Session, tenant_id: TenantId, row: Owner | App, conflict: str) -> None:
    """Delete a loaded row; Conflict with that text while something refers to it."""
    await session.delete(row)
    await _flush(session, conflict)


async def _flush(session: Session, conflict: str) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        raise errors.Conflict(conflict) from error


async def insert_tenant(session: Session, row: Tenant) -> None:
    """Store a new tenant; Conflict when the slug is taken (cross-tenant: there is no tenant yet)."""
    session.add(row)
    await _flush(session, f"there is a tenant '{row.slug}' already")


async def lock_tenant(session: Session, tenant_id: TenantId) -> Tenant:
    """The tenant's row, locked, for edits of its policy and for what must stay true across its operators."""
    query = select(Tenant).where(Tenant.id == tenant_id).with_for_update(key_share=True)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one()


async def find_tenant_id(session: Session, slug: str) -> TenantId | None:
    """The tenant of that slug (cross-tenant: the command line names tenants so)."""
    found = (await session.execute(select(Tenant.id).where(Tenant.slug == slug))).scalar_one_or_none()
    return None if found is None else TenantId(found)


async def list_apps(
    session: Session, tenant_id: TenantId, store_ids: Collection[UUID] | None, after: UUID | None, limit: int
) -> Sequence[App]:
    """Apps in id order; with `store_ids` only those of these stores."""
    query = select(App).where(App.tenant_id == tenant_id)
    if store_ids is not None:
        query = query.where(App.store_id.in_(store_ids))
    if after is not None:
        query = query.where(App.id > after)
    return (await session.execute(query.order_by(App.id).limit(limit))).scalars().all()


async def list_shopper_apps(session: Session, app_id: UUID | None) -> list[tuple[App, str]]:
    """Apps that have a shopper page, at most two, each with its tenant's name; with `app_id` that one only.

    cross-tenant: a visitor of the page has no credential yet. A table of a few rows, so no index is kept for it.
    """
    query = select(App, Tenant.name).join(Tenant, Tenant.id == App.tenant_id).where(App.shopper_key.is_not(None))
    if app_id is not None:
        query = query.where(App.id == app_id)
    return [(app, name) for app, name in await session.execute(query.order_by(App.id).limit(2))]


async def find_by(session: Session, tenant_id: TenantId, kind: type[Row], **columns: Any) -> Row | None:
    """The oldest owner, app or operator with these values; None when there is none."""
    query = select(kind).where(kind.tenant_id == tenant_id).filter_by(**columns).order_by(kind.id).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def find_key(
    session: Session, tenant_id: TenantId, kind: KeyKind, app_id: UUID | None, store_ids: list[UUID] | None
) -> UUID | None:
    """The oldest key of that kind, of that app and for these stores, revoked or not; None when there is none."""
    query = select(Credential.id).where(
        Credential.tenant_id == tenant_id,
        Credential.kind == kind,
        Credential.app_id.is_not_distinct_from(app_id),
        Credential.store_ids.is_not_distinct_from(store_ids),
    )
    return (await session.execute(query.order_by(Credential.id).limit(1))).scalar_one_or_none()


async def find_key_id(session: Session, tenant_id: TenantId, secret_hash: str) -> UUID | None:
    """The key whose text has that hash, revoked or not."""
    query = select(Credential.id).where(Credential.tenant_id == tenant_id, Credential.secret_hash == secret_hash)
    return (await session.execute(query)).scalar_one_or_none()


async def list_missing_stores(session: Session, tenant_id: TenantId, store_ids: Collection[UUID]) -> list[UUID]:
    """Which of these are no stores of the tenant. Like `list_owner_stores` it reads only ids of the table above."""
    rows = await session.execute(
        text("SELECT id FROM store WHERE tenant_id = :tenant_id AND id = ANY(:ids)"),
        {"tenant_id": tenant_id, "ids": list(store_ids)},
    )
    return sorted(set(store_ids) - set(rows.scalars()))


# --- logging in ---------------------------------------------------------------------------------------------------


async def list_logins(session: Session, email: str) -> list[Login]:
    """Operators with that e-mail who may log in, at most five (cross-tenant: who logs in has named no tenant yet)."""
    rows = await session.execute(
        select(Operator.tenant_id, Tenant.slug, Operator.id, Operator.password_hash)
        .join(Tenant, Tenant.id == Operator.tenant_id)
        .where(Operator.email == email, Operator.disabled_at.is_(None))
        .order_by(Operator.id)
        .limit(5)
    )
    return [Login(TenantId(tenant), slug, id_, hashed) for tenant, slug, id_, hashed in rows]


async def list_demo_logins(session: Session, email: str) -> list[DemoLogin]:
    """Each demo tenant with an operator of that e-mail, and the operator (cross-tenant: doors)."""
    rows = await session.execute(
        select(Tenant.name, Tenant.id, Operator.id, Tenant.story)
        .join(Operator, Operator.tenant_id == Tenant.id)
        .where(Tenant.is_demo, Operator.email == email, Operator.disabled_at.is_(None))
        .order_by(Tenant.name)
    )
    return [DemoLogin(name, TenantId(tenant), id_, story) for name, tenant, id_, story in rows]


async def put_story(session: Session, tenant_id: TenantId, story: dict[str, Any] | None) -> None:
    """What a demo tenant tells of itself."""
    await session.execute(update(Tenant).where(Tenant.id == tenant_id, Tenant.is_demo).values(story=story))


async def find_operator(session: Session, tenant_id: TenantId, operator_id: UUID) -> Operator | None:
    """An operator who may log in; None when unknown or disabled."""
    query = select(Operator).where(
        Operator.tenant_id == tenant_id, Operator.id == operator_id, Operator.disabled_at.is_(None)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def insert_session(
    session: Session, tenant_id: TenantId, operator_id: UUID, secret: str, now: datetime, expires_at: datetime
) -> None:
    """Open a console session and sweep this operator's expired ones."""
    await session.execute(
        delete(ConsoleSession).where(
            ConsoleSession.tenant_id == tenant_id,
            ConsoleSession.operator_id == operator_id,
            ConsoleSession.expires_at <= now,
        )
    )
    session.add(
        ConsoleSession(
            tenant_id=tenant_id,
            id=new_id(now),
            operator_id=operator_id,
            secret_hash=hash_secret(secret),
            expires_at=expires_at,
            created_at=now,
        )
    )
    await session.flush()


async def hold_session(session: Session, tenant_id: TenantId, secret: str) -> UUID | None:
    """The console session of that secret, which nobody ends before the commit; None when somebody has."""
    query = select(ConsoleSession.id).where(
        ConsoleSession.tenant_id == tenant_id, ConsoleSession.secret_hash == hash_secret(secret)
    )
    return (await session.execute(query.with_for_update(read=True))).scalar_one_or_none()


async def delete_session(session: Session, tenant_id: TenantId, secret: str) -> None:
    """End the console session of that secret; its phone is told nothing any more."""
    ended = delete(ConsoleSession).where(
        ConsoleSession.tenant_id == tenant_id, ConsoleSession.secret_hash == hash_secret(secret)
    )
    ids = (await session.execute(ended.returning(ConsoleSession.id))).scalars().all()
    await session.execute(
        delete(OperatorPhone).where(OperatorPhone.tenant_id == tenant_id, OperatorPhone.session_id.in_(ids))
    )


async def delete_operator_sessions(session: Session, tenant_id: TenantId, operator_id: UUID) -> None:
    """End every console session of an operator; none of their phones is told anything any more."""
    for kind in (ConsoleSession, OperatorPhone):  # in this order: a phone that is being kept holds its session
        await session.execute(delete(kind).where(kind.tenant_id == tenant_id, kind.operator_id == operator_id))


# --- phones that are told -----------------------------------------------------------------------------------------


async def put_phone(session: Session, tenant_id: TenantId, phone: OperatorPhone, most: int) -> OperatorPhone:
    """Keep a phone, or what is new of it; of more than `most` of one operator the oldest go. The row that is kept.

    cross-tenant: a browser is one phone, so who had it before, here or in another tenant, is told on it no more.
    """
    await session.execute(
        text(
            "DELETE FROM operator_phone WHERE fingerprint = :fingerprint"
            " AND (tenant_id, operator_id) <> (:tenant_id, :operator_id)"
        ),
        {"tenant_id": tenant_id, "fingerprint": phone.fingerprint, "operator_id": phone.operator_id},
    )
    query = select(OperatorPhone).where(
        OperatorPhone.tenant_id == tenant_id, OperatorPhone.fingerprint == phone.fingerprint
    )
    kept = (await session.execute(query.with_for_update())).scalar_one_or_none()
    if kept is not None:
        kept.session_id, kept.address = phone.session_id, phone.address
        await session.flush()
        return kept
    phone.tenant_id = tenant_id
    await insert_row(session, tenant_id, phone, "another request keeps this phone just now")
    mine = select(OperatorPhone.id).where(
        OperatorPhone.tenant_id == tenant_id, OperatorPhone.operator_id == phone.operator_id
    )
    old = (await session.execute(mine.order_by(OperatorPhone.id.desc()).offset(most))).scalars().all()
    await delete_phones(session, tenant_id, old)
    return phone


async def list_phones(session: Session, tenant_id: TenantId, operator_id: UUID) -> Sequence[OperatorPhone]:
    """The phones that an operator is told on, the newest first."""
    query = select(OperatorPhone).where(OperatorPhone.tenant_id == tenant_id, OperatorPhone.operator_id == operator_id)
    return (await session.execute(query.order_by(OperatorPhone.id.desc()))).scalars().all()


async def delete_phones(session: Session, tenant_id: TenantId, ids: Collection[UUID]) -> None:
    """Forget phones: no more is told on them."""
    if ids:
        await session.execute(
            delete(OperatorPhone).where(OperatorPhone.tenant_id == tenant_id, OperatorPhone.id.in_(ids))
        )


async def note_phone(
    session: Session, tenant_id: TenantId, id_: UUID, now: datetime, *, failed_why: str | None
) -> None:
    """Note that a phone's push service took something, or (`failed_why`) did not."""
    values = {"last_sent_at": now} if failed_why is None else {"last_failed_at": now, "failed_why": failed_why}
    await session.execute(
        update(OperatorPhone).where(OperatorPhone.tenant_id == tenant_id, OperatorPhone.id == id_).values(**values)
    )


# --- who works here -----------------------------------------------------------------------------------------------


async def count_working_owners(session: Session, tenant_id: TenantId) -> int:
    """Operators of role owner who may log in; lock the tenant first when the answer must stay true."""
    query = select(func.count()).where(
        Operator.tenant_id == tenant_id, Operator.role == Role.OWNER, Operator.disabled_at.is_(None)
    )
    return (await session.execute(query)).scalar_one()


async def set_revoked(session: Session, tenant_id: TenantId, key_id: UUID, now: datetime) -> bool:
    """Revoke a key; False when it was revoked before."""
    result = await session.execute(
        update(Credential)
        .where(Credential.tenant_id == tenant_id, Credential.id == key_id, Credential.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(Credential.id)
    )
    return result.scalar_one_or_none() is not None


async def insert_audit_entry(
    session: Session,
    tenant_id: TenantId,
    *,
    actor: str,
    action: str,
    subject: str | None,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Note who did what to whom or what. `actor` is `rules.actor_name(principal)`, `action` a `noun.verb`."""
    session.add(
        AuditEntry(
            tenant_id=tenant_id,
            id=new_id(now),
            actor=actor,
            action=action,
            subject=subject,
            reason=reason,
            created_at=now,
        )
    )
    await session.flush()


async def find_actor_name(session: Session, tenant_id: TenantId, actor_id: UUID) -> str | None:
    """What an operator or a key is called; None when there is neither."""
    for kind in (Operator, Credential):
        query = select(kind.name).where(kind.tenant_id == tenant_id, kind.id == actor_id)
        name = (await session.execute(query)).scalar_one_or_none()
        if name is not None:
            return name
    return None
