"""SQL of tenants, operators, apps and keys."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.tenancy.models import ConsoleSession, Credential, Operator, Tenant
from geoengage.tenancy.rules import ROLE_SCOPES, KeyKind, ParsedKey, Principal, PrincipalKind, Role, Scope, hash_secret


async def get_tenant(session: Session, tenant_id: TenantId) -> Tenant:
    """The tenant's own row."""
    return (await session.execute(select(Tenant).where(Tenant.id == tenant_id))).scalar_one()


async def find_key_principal(session: Session, tenant_id: TenantId, key: ParsedKey) -> Principal | None:
    """Who a publishable or secret key is; None when unknown or revoked."""
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
        kind=PrincipalKind.PUBLISHABLE_KEY if found.kind == KeyKind.PUBLISHABLE else PrincipalKind.SECRET_KEY,
        scopes=frozenset(Scope(s) for s in found.scopes),
        store_ids=None if found.store_ids is None else frozenset(found.store_ids),
        app_id=found.app_id,
        is_test=found.is_test,
        is_demo=is_demo,
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
    if row is None:
        return None
    operator, is_demo = row
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
