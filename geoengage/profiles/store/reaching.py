"""SQL of all the ways to people: addresses, devices and decisions, for messages that are to a person."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text

from geoengage.kit import pgarrays
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId
from geoengage.profiles.rules.reach import Address, Reach, read_phone
from geoengage.profiles.store.consents import list_standings
from geoengage.profiles.store.devices import list_recipients

_PEOPLE = """
WITH RECURSIVE up (asked, id, into_id) AS (
  SELECT p.id, p.id, p.merged_into FROM profile p
  WHERE p.tenant_id = :tenant_id AND p.id = ANY(CAST(:ids AS uuid[]))
  UNION ALL SELECT up.asked, p.id, p.merged_into FROM up
  JOIN profile p ON p.tenant_id = :tenant_id AND p.id = up.into_id)
SELECT up.asked, p.id, p.first_name, p.language, p.attributes, p.suppressed_at IS NOT NULL AS suppressed
FROM up JOIN profile p ON p.tenant_id = :tenant_id AND p.id = up.id WHERE up.into_id IS NULL
"""
_EMAILS = (
    "SELECT profile_id, id, value FROM identifier WHERE tenant_id = :tenant_id AND kind = 'email' AND NOT is_shared"
    " AND profile_id = ANY(CAST(:ids AS uuid[])) ORDER BY id"
)
# With them the ids by which WhatsApp knows people who hide their number.
_PHONES = (
    "SELECT profile_id, id, kind, value FROM identifier WHERE tenant_id = :tenant_id AND NOT is_shared"
    " AND (kind = 'phone' OR kind = 'source_id' AND value ~ '^whatsapp:[^:]+:.')"
    " AND profile_id = ANY(CAST(:ids AS uuid[])) ORDER BY kind, id"
)
_DEVICES = (
    "SELECT d.profile_id, d.id, d.app_id, a.store_id FROM device d JOIN app a ON a.tenant_id = d.tenant_id"
    " AND a.id = d.app_id WHERE d.tenant_id = :tenant_id AND d.profile_id = ANY(CAST(:ids AS uuid[]))"
    " ORDER BY d.id DESC"
)


async def list_reaches(session: Session, tenant_id: TenantId, person_ids: Collection[UUID]) -> dict[UUID, Reach]:
    """All ways to these people, by the id that was asked for; a merged profile's are those of who they are now.

    Unknown ids (an erased person, a device that nobody is linked to) are left out. Takes no lock.
    """
    asked = {"tenant_id": tenant_id, "ids": pgarrays.uuids(person_ids)}
    people = (await send(session, _PEOPLE, asked)).named()
    if not people:
        return {}
    ids = {row.id for row in people}
    whose = {"tenant_id": tenant_id, "ids": pgarrays.uuids(ids)}
    emails = (await send(session, _EMAILS, whose)).named()
    phones = (await send(session, _PHONES, whose)).named()
    owned = (await send(session, _DEVICES, whose)).named()
    devices = await list_recipients(session, tenant_id, [row.id for row in owned]) if owned else {}
    standings = await list_standings(session, tenant_id, ids)
    return {
        row.asked: Reach(
            profile_id=row.id,
            first_name=row.first_name,
            language=row.language,
            attributes=row.attributes or {},
            suppressed=row.suppressed,
            standing=standings[row.id],
            emails=tuple(Address(e.id, e.value) for e in emails if e.profile_id == row.id),
            phones=tuple(read_phone(p.id, p.kind, p.value) for p in phones if p.profile_id == row.id),
            devices=tuple(devices[d.id] for d in owned if d.profile_id == row.id and d.id in devices),
            app_stores={d.app_id: d.store_id for d in owned if d.profile_id == row.id},
        )
        for row in people
    }


async def hold_profile(session: Session, tenant_id: TenantId, profile_id: UUID) -> None:
    """Keep a person from being erased until the commit: for whoever writes rows about them without a device."""
    await session.execute(
        text("SELECT id FROM profile WHERE tenant_id = :tenant_id AND id = :id FOR KEY SHARE"),
        {"tenant_id": tenant_id, "id": profile_id},
    )
