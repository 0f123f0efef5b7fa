"""SQL of short links: hosts they may lead to, codes, counts; and of feeds."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select, text, update

from geoengage.content.models import ContentFeed, LinkHost, ShortLink
from geoengage.kit.db import Session
from geoengage.kit.errors import NotFound
from geoengage.kit.ids import TenantId


class LinkNotFound(NotFound):
    """No such link or feed, or not one that the caller may see."""

    code = "link-not-found"
    title = "No such link"


# --- links ----------------------------------------------------------------------------------------------------------


async def insert_link(session: Session, tenant_id: TenantId, row: ShortLink) -> None:
    """Add a link. `tenant_id` is that of the row."""
    session.add(row)
    await session.flush()


async def get_link(session: Session, tenant_id: TenantId, id_: UUID) -> ShortLink:
    """A link, else LinkNotFound."""
    found = await session.get(ShortLink, (tenant_id, id_))
    if found is None:
        raise LinkNotFound(f"link {id_} does not exist")
    return found


async def list_links(
    session: Session,
    tenant_id: TenantId,
    content_id: UUID | None,
    store_ids: frozenset[UUID] | None,
    after: UUID | None,
    limit: int,
) -> Sequence[ShortLink]:
    """Links, oldest first: of one item, or all. `store_ids`: those a restricted caller sees."""
    query = select(ShortLink).where(ShortLink.tenant_id == tenant_id)
    if content_id is not None:
        query = query.where(ShortLink.content_id == content_id)
    if store_ids is not None:
        query = query.where(ShortLink.store_id.in_(store_ids))
    if after is not None:
        query = query.where(ShortLink.id > after)
    return (await session.execute(query.order_by(ShortLink.id).limit(limit))).scalars().all()


async def list_codes(
    session: Session, tenant_id: TenantId, content_ids: Collection[UUID], source: str
) -> dict[UUID, str]:
    """The codes of these items' links of one source, by item; the oldest where there are several."""
    query = select(ShortLink.content_id, ShortLink.code).where(
        ShortLink.tenant_id == tenant_id, ShortLink.content_id.in_(content_ids), ShortLink.source == source
    )
    rows = await session.execute(query.order_by(ShortLink.id.desc()))
    return {content_id: code for content_id, code in rows if content_id is not None}


async def move_links(session: Session, tenant_id: TenantId, content_id: UUID, store_id: UUID | None) -> None:
    """An item's links are its store's, whichever that is."""
    of_item = ShortLink.tenant_id == tenant_id, ShortLink.content_id == content_id
    await session.execute(update(ShortLink).where(*of_item).values(store_id=store_id))


async def delete_link(session: Session, tenant_id: TenantId, id_: UUID) -> None:
    """Delete a link with its counts."""
    await session.execute(delete(ShortLink).where(ShortLink.tenant_id == tenant_id, ShortLink.id == id_))


@dataclass(frozen=True, slots=True)
class Found:
    """A link that somebody opens. `target`: where it leads when it leads to no item."""

    tenant_id: TenantId
    id: UUID
    content_id: UUID | None
    target: str | None
    expires_at: datetime | None


async def find_by_code(session: Session, code: str) -> Found | None:
    """The link of a code (cross-tenant: nobody who opens one has a credential); None when there is none."""
    rows = await session.execute(
        text("SELECT tenant_id, id, content_id, target_url, expires_at FROM short_link WHERE code = :code LIMIT 1"),
        {"code": code},
    )
    row = rows.first()
    return None if row is None else Found(*row)


async def count_opened(session: Session, tenant_id: TenantId, link_id: UUID, on: date) -> None:
    """One more opening on that day."""
    await session.execute(
        text(
            'INSERT INTO link_opened AS o (tenant_id, link_id, "on", opens) VALUES (:tenant_id, :id, :on, 1)'
            ' ON CONFLICT (tenant_id, link_id, "on") DO UPDATE SET opens = o.opens + 1'
        ),
        {"tenant_id": tenant_id, "id": link_id, "on": on},
    )


async def opened_by(
    session: Session, tenant_id: TenantId, link_ids: Collection[UUID], since: date
) -> dict[UUID, tuple[int, int]]:
    """(all openings, those since that day) of these links."""
    rows = await session.execute(
        text(
            'SELECT link_id, sum(opens), coalesce(sum(opens) FILTER (WHERE "on" >= :since), 0) FROM link_opened'
            " WHERE tenant_id = :tenant_id AND link_id = ANY(CAST(:ids AS uuid[])) GROUP BY link_id"
        ),
        {"tenant_id": tenant_id, "ids": list(link_ids), "since": since},
    )
    return {link_id: (int(total), int(recent)) for link_id, total, recent in rows}


# --- hosts ----------------------------------------------------------------------------------------------------------


async def list_hosts(session: Session, tenant_id: TenantId) -> list[str]:
    """The hosts that links of this tenant may lead to."""
    query = select(LinkHost.host).where(LinkHost.tenant_id == tenant_id).order_by(LinkHost.host)
    return list((await session.execute(query)).scalars())


async def set_hosts(session: Session, tenant_id: TenantId, hosts: Collection[str]) -> None:
    """Replace the list."""
    await session.execute(delete(LinkHost).where(LinkHost.tenant_id == tenant_id))
    session.add_all(LinkHost(tenant_id=tenant_id, host=host) for host in sorted(set(hosts)))
    await session.flush()


# --- feeds ----------------------------------------------------------------------------------------------------------


async def insert_feed(session: Session, tenant_id: TenantId, row: ContentFeed) -> None:
    """Add a feed. `tenant_id` is that of the row."""
    session.add(row)
    await session.flush()


async def get_feed(session: Session, tenant_id: TenantId, id_: UUID) -> ContentFeed:
    """A feed, else LinkNotFound."""
    found = await session.get(ContentFeed, (tenant_id, id_))
    if found is None:
        raise LinkNotFound(f"feed {id_} does not exist")
    return found


async def find_feed(session: Session, tenant_id: TenantId, token: str) -> ContentFeed | None:
    """The feed of a token; None when it was closed."""
    query = select(ContentFeed).where(ContentFeed.tenant_id == tenant_id, ContentFeed.token == token)
    return (await session.execute(query)).scalar_one_or_none()


async def list_feeds(
    session: Session, tenant_id: TenantId, store_ids: frozenset[UUID] | None, after: UUID | None, limit: int
) -> Sequence[ContentFeed]:
    """Feeds, oldest first. `store_ids`: those a restricted caller sees."""
    query = select(ContentFeed).where(ContentFeed.tenant_id == tenant_id)
    if store_ids is not None:
        query = query.where(ContentFeed.store_id.in_(store_ids))
    if after is not None:
        query = query.where(ContentFeed.id > after)
    return (await session.execute(query.order_by(ContentFeed.id).limit(limit))).scalars().all()


async def delete_feed(session: Session, tenant_id: TenantId, id_: UUID) -> None:
    """Close a feed."""
    await session.execute(delete(ContentFeed).where(ContentFeed.tenant_id == tenant_id, ContentFeed.id == id_))
