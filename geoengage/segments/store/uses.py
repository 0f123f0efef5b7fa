"""SQL of what rests on a segment or list: campaigns and segments that name it. Reads campaigns, and writes none."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId


@dataclass(frozen=True, slots=True)
class Use:
    """Something that names a segment or a list."""

    kind: str
    id: UUID
    name: str
    status: str


# An id in text occurs nowhere but where it is meant, whichever member of a definition or trigger it stands in.
_USES = text("""
WITH wanted AS (SELECT id, CAST(id AS text) AS word FROM unnest(CAST(:ids AS uuid[])) AS n (id))
SELECT w.id AS of, 'segment' AS kind, s.id, s.name,
  CASE WHEN s.archived_at IS NULL THEN s.status ELSE 'archived' END AS status
FROM segment s JOIN wanted w ON s.id <> w.id AND position(w.word IN CAST(s.definition AS text)
  || coalesce(CAST(s.live_definition AS text), '')) > 0
WHERE s.tenant_id = :tenant_id
UNION ALL
SELECT w.id, 'campaign', c.id, c.name, c.status
FROM campaign c JOIN wanted w ON position(w.word IN CAST(to_jsonb(c) AS text)) > 0
WHERE c.tenant_id = :tenant_id AND c.deleted_at IS NULL AND coalesce(c.valid_to > :now, true)
ORDER BY 2, 4, 3
""")


async def list_uses(
    session: Session, tenant_id: TenantId, ids: Collection[UUID], now: datetime
) -> dict[UUID, list[Use]]:
    """What names each of these segments or lists; those that nothing names are left out. Finished campaigns do not."""
    if not ids:
        return {}
    found: dict[UUID, list[Use]] = {}
    for row in await session.execute(_USES, {"tenant_id": tenant_id, "ids": list(ids), "now": now}):
        found.setdefault(row[0], []).append(Use(*row[1:]))
    return found
