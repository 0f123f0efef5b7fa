"""SQL of the preference page: whose it is, in whose look, what the person may choose."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.profiles.rules import ADDRESS_KIND, Channel


@dataclass(frozen=True, slots=True)
class Page:
    """A link that works, with what its pages need. `languages`: wanted ones, the link's own first. `first`: the channel
    that its person prefers, "" for none."""

    profile_id: UUID
    identifier_id: UUID
    is_full: bool
    controller: str
    app_name: str | None
    brand_color: str | None
    languages: tuple[str | None, ...]
    first: str


_FIND = text("""
SELECT i.profile_id, i.id AS identifier_id, l.is_full, t.name AS controller, a.name AS app_name, a.brand_color,
  coalesce(p.attributes -> 'preferred_channels' ->> 0, '') AS first,
  l.language, p.language AS read_language, a.default_language AS app_language, t.default_language
FROM preference_link l
JOIN tenant t ON t.id = l.tenant_id
JOIN identifier i ON i.tenant_id = l.tenant_id AND i.id = l.identifier_id
JOIN profile p ON p.tenant_id = i.tenant_id AND p.id = i.profile_id
LEFT JOIN app a ON a.tenant_id = l.tenant_id AND a.id = l.app_id
WHERE l.tenant_id = :tenant_id AND l.id = :id AND l.revoked_at IS NULL AND l.expires_at > :now
""")


async def find_page(session: Session, tenant_id: TenantId, link_id: UUID, now: datetime) -> Page | None:
    """What a link opens; None when it has ended, was revoked, or its person is erased."""
    row = (await session.execute(_FIND, {"tenant_id": tenant_id, "id": link_id, "now": now})).one_or_none()
    if row is None:
        return None
    languages = (row.language, row.read_language), (row.app_language, row.default_language)
    return Page(
        row.profile_id,
        row.identifier_id,
        row.is_full,
        row.controller,
        row.app_name,
        row.brand_color,
        (*languages[0], *languages[1]),
        row.first,
    )


async def list_choices(
    session: Session, tenant_id: TenantId, profile_id: UUID, decided: Collection[UUID]
) -> tuple[set[Channel], dict[UUID, str]]:
    """By which channels a person can be reached, and the stores that know them or on which they decided, by name."""
    kinds = await session.execute(
        text("SELECT DISTINCT kind FROM identifier WHERE tenant_id = :tenant_id AND profile_id = :profile_id"),
        {"tenant_id": tenant_id, "profile_id": profile_id},
    )
    has = set(kinds.scalars())
    channels = {channel for channel, kind in ADDRESS_KIND.items() if kind in has}
    pushes = await session.execute(
        text(
            "SELECT DISTINCT push_provider FROM device WHERE tenant_id = :tenant_id AND profile_id = :profile_id"
            " AND push_address IS NOT NULL"
        ),
        {"tenant_id": tenant_id, "profile_id": profile_id},
    )
    channels |= {Channel.WEB_PUSH if provider == "webpush" else Channel.PUSH for provider in pushes.scalars()}
    stores = await session.execute(
        text(
            "SELECT s.id, s.name FROM store s WHERE s.tenant_id = :tenant_id AND (s.id = ANY(CAST(:decided AS uuid[]))"
            " OR s.id IN (SELECT k.store_id FROM store_profile k JOIN identifier i ON i.tenant_id = k.tenant_id"
            " AND i.id = k.identifier_id WHERE k.tenant_id = :tenant_id AND i.profile_id = :profile_id))"
        ),
        {"tenant_id": tenant_id, "profile_id": profile_id, "decided": list(decided)},
    )
    return channels, {row.id: row.name for row in stores}
