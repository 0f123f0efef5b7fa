"""SQL of telling operators' phones. Lock order: operator_phone → buzz."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from geoengage.buzz.rules import APART, LIVES, Due, Verdict
from geoengage.kit.db import Session, row_dict, send
from geoengage.kit.ids import TenantId
from geoengage.tenancy.rules import REPLY_READERS

# Of operator `o` and store `s`: as `find_operator_principal` and `sees_store` have it, in one statement for all.
_MAY_HEAR = (
    "(o.disabled_at IS NULL AND o.role = ANY(CAST(:readers AS text[]))"
    " AND (o.owner_id IS NULL OR o.owner_id = s.owner_id))"
)
_PLAN = f"""
INSERT INTO buzz AS b (tenant_id, phone_id, store_id, newest, expires_at, due_at)
SELECT p.tenant_id, p.id, s.id, w.newest, :expires_at, :now
FROM unnest(CAST(:stores AS uuid[]), CAST(:newest AS bigint[])) AS w (store_id, newest)
JOIN store s ON s.tenant_id = :tenant_id AND s.id = w.store_id
JOIN operator_phone p ON p.tenant_id = s.tenant_id
JOIN operator o ON o.tenant_id = p.tenant_id AND o.id = p.operator_id
WHERE {_MAY_HEAR} ORDER BY p.id, s.id FOR KEY SHARE OF p, s
ON CONFLICT (tenant_id, phone_id, store_id) DO UPDATE SET newest = excluded.newest, expires_at = excluded.expires_at,
  due_at = coalesce(b.due_at, greatest(:now, b.sent_at + :apart)),
  tries = CASE WHEN b.due_at IS NULL THEN 0 ELSE b.tries END
WHERE b.newest < excluded.newest
"""  # noqa: S608 - of constants


async def plan(session: Session, tenant_id: TenantId, newest: Mapping[UUID, int], now: datetime) -> None:
    """Replies came to these stores (store → position of the last one): whoever may hear it is told on their phones.

    A position that was told of before changes nothing.
    """
    await session.execute(
        text(_PLAN),
        {
            "tenant_id": tenant_id, "stores": list(newest), "newest": list(newest.values()), "now": now,
            "expires_at": now + LIVES, "apart": APART, "readers": list(REPLY_READERS),
        },
    )  # fmt: skip


async def list_due_tenants(session: Session, now: datetime) -> list[TenantId]:
    """Tenants with phones that are to be told something now (cross-tenant: only to find who has work)."""
    found = await send(session, "SELECT DISTINCT tenant_id FROM buzz WHERE due_at <= :now", {"now": now})
    return [TenantId(tenant_id) for (tenant_id,) in found.rows]


_DUE = f"""
SELECT b.phone_id, b.store_id, b.newest, b.tries, b.expires_at, p.address, s.name AS store, {_MAY_HEAR} AS may_hear,
  (SELECT count(*) FROM conversation c WHERE c.tenant_id = b.tenant_id AND c.store_id = b.store_id AND c.unread > 0)
    AS waiting
FROM buzz b
JOIN operator_phone p ON p.tenant_id = b.tenant_id AND p.id = b.phone_id
JOIN operator o ON o.tenant_id = p.tenant_id AND o.id = p.operator_id
JOIN store s ON s.tenant_id = b.tenant_id AND s.id = b.store_id
WHERE b.tenant_id = :tenant_id AND b.due_at <= :now ORDER BY b.due_at LIMIT :limit FOR UPDATE OF b SKIP LOCKED
"""  # noqa: S608 - of constants


async def claim_due(session: Session, tenant_id: TenantId, now: datetime, limit: int) -> list[Due]:
    """What is to be told now, locked, with what is true of it at this moment."""
    rows = await session.execute(
        text(_DUE), {"tenant_id": tenant_id, "now": now, "limit": limit, "readers": list(REPLY_READERS)}
    )
    return [Due(**row_dict(row)) for row in rows]


async def lease(session: Session, tenant_id: TenantId, taken: Collection[Due], until: datetime) -> None:
    """These are being told: nobody else does before that moment."""
    for due in taken:
        await session.execute(
            text(
                "UPDATE buzz SET due_at = :until, tries = tries + 1"
                " WHERE tenant_id = :tenant_id AND phone_id = :phone_id AND store_id = :store_id"
            ),
            {"tenant_id": tenant_id, "phone_id": due.phone_id, "store_id": due.store_id, "until": until},
        )


async def drop(session: Session, tenant_id: TenantId, idle: Collection[Due]) -> None:
    """These are told no more, until the next reply."""
    for due in idle:
        await session.execute(
            text(
                "UPDATE buzz SET due_at = NULL"
                " WHERE tenant_id = :tenant_id AND phone_id = :phone_id AND store_id = :store_id"
            ),
            {"tenant_id": tenant_id, "phone_id": due.phone_id, "store_id": due.store_id},
        )


async def settle(
    session: Session, tenant_id: TenantId, due: Due, verdict: Verdict, leased: datetime, now: datetime
) -> None:
    """Write down what became of it, unless its lease ran out. What came meanwhile is told a little later."""
    await session.execute(
        text(
            "UPDATE buzz SET sent_at = coalesce(CAST(:sent_at AS timestamptz), sent_at), due_at = coalesce("
            "CAST(:due_at AS timestamptz), CASE WHEN newest > :newest THEN CAST(:again AS timestamptz) END),"
            " tries = CASE WHEN CAST(:due_at AS timestamptz) IS NULL THEN 0 ELSE tries END"
            " WHERE tenant_id = :tenant_id AND phone_id = :phone_id AND store_id = :store_id AND due_at = :leased"
        ),
        {
            "tenant_id": tenant_id, "phone_id": due.phone_id, "store_id": due.store_id, "newest": due.newest,
            "due_at": verdict.due_at, "sent_at": now if verdict.failed_why is None else None, "again": now + APART,
            "leased": leased,
        },
    )  # fmt: skip
