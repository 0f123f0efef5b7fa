"""SQL of the audit log: who looked at whom and who changed what. Entries are written by whoever does such a thing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId

# What only looks; all else changes something.
SETTINGS = r"^(key|operator|app|owner|tenant|retention|sending|webhook|sender|lan|import|connection)\."
READS = r"\.(read|search|export|view)$|^explain"


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry. `actor_name`: the operator's or key's name where the actor is one of them."""

    id: UUID
    at: datetime
    actor: str
    actor_name: str | None
    action: str
    subject: str | None
    reason: str | None


_LIST = """
SELECT a.id, a.created_at AS at, a.actor, coalesce(o.name, c.name) AS actor_name, a.action,
  CASE WHEN :with_people OR a.action ~ :settings THEN a.subject END AS subject,
  CASE WHEN :with_people OR a.action ~ :settings THEN a.reason END AS reason
FROM audit_entry a
LEFT JOIN operator o ON o.tenant_id = a.tenant_id AND 'operator ' || o.id = a.actor
LEFT JOIN credential c ON c.tenant_id = a.tenant_id AND 'secret_key ' || c.id = a.actor
WHERE a.tenant_id = :tenant_id
"""


async def list_audit(
    session: Session,
    tenant_id: TenantId,
    filters: dict[str, Any],
    after: UUID | None,
    limit: int,
    *,
    with_people: bool,
) -> list[AuditRow]:
    """Entries, the newest first, below `after`. `filters`: actor, action, subject, since, until, kind (read, change);
    those that are None do not count. Without `with_people` whom and why is shown of settings only."""
    conditions = {
        "actor": "a.actor = :actor",
        "action": "a.action = :action",
        "subject": "a.subject = :subject",
        "since": "a.created_at >= :since",
        "until": "a.created_at < :until",
    }
    wanted = {name: value for name, value in filters.items() if value is not None}
    where = [conditions[name] for name in wanted if name in conditions]
    if kind := wanted.pop("kind", None):
        where.append("a.action ~ :reads" if kind == "read" else "a.action !~ :reads")
        wanted["reads"] = READS
    if after is not None:
        where.append("a.id < :after")
        wanted["after"] = after
    rows = await session.execute(
        text(" AND ".join([_LIST, *where]) + " ORDER BY a.id DESC LIMIT :limit"),
        wanted | {"tenant_id": tenant_id, "limit": limit, "with_people": with_people, "settings": SETTINGS},
    )
    return [AuditRow(**row._mapping) for row in rows]
