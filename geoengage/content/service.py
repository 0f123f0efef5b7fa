"""Content items as their owners use them, and as messages, feeds and links refer to them.

Every change locks the item's row, opens or closes its gate in messaging, keeps a revision and ends with a ledger event.
Nothing copies an item's words: a message about one carries the gate and the id, and is written again from the item
when a worker takes it (`campaigns/by_reference.py`). A principal restricted to stores sees only things of its stores.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from geoengage.content import store
from geoengage.content.models import ContentFeed, ContentItem, ShortLink
from geoengage.content.rules import (
    ContentChanged,
    ContentStatus,
    Item,
    Recipe,
    Reference,
    Where,
    Words,
    after_cancel,
    after_publish,
    flaws,
    is_over,
    language_for,
    new_code,
    recipe,
    target_flaw,
)
from geoengage.kit import errors, events
from geoengage.kit.db import Session
from geoengage.kit.errors import ItemErrors
from geoengage.kit.ids import TenantId, new_id
from geoengage.messaging import service as messaging
from geoengage.messaging.rules import content_gate
from geoengage.tenancy.rules import Principal, actor_name

FEED_SOURCE = "feed"  # the link that feeds and calendars show of each item


async def get(session: Session, me: Principal, id_: UUID, *, lock: bool = False) -> ContentItem:
    """An item that the caller may see, else ContentNotFound."""
    row = await store.get_item(session, TenantId(me.tenant_id), id_, lock=lock)
    if not me.sees_store(row.store_id):
        raise store.ContentNotFound(f"content item {id_} does not exist")
    return row


async def create(session: Session, me: Principal, id_: UUID, item: Item, now: datetime) -> ContentItem:
    """A new draft, whose gate is closed until it is published. A caller with one store need not name it."""
    tenant_id = TenantId(me.tenant_id)
    if item.store_id is None and me.store_ids is not None and len(me.store_ids) == 1:
        item = msgspec.structs.replace(item, store_id=next(iter(me.store_ids)))
    item = await _checked(session, me, item)
    row = await store.insert_item(session, tenant_id, id_, item, now)
    await messaging.close_gate(session, tenant_id, content_gate(id_), "content item is a draft", now)
    await _tell(session, me, row, now)
    return row


async def update(session: Session, me: Principal, row: ContentItem, item: Item, now: datetime) -> None:
    """Replace what a locked item says; every place that shows it shows the new words from now on."""
    item = await _checked(session, me, item, before=store.item_of(row))
    tenant_id, owner = TenantId(row.tenant_id), row.store_id
    await store.set_item(session, tenant_id, row, now, item)
    if item.store_id != owner:
        await store.move_links(session, tenant_id, row.id, item.store_id)
    await _tell(session, me, row, now)


async def publish(session: Session, me: Principal, row: ContentItem, now: datetime) -> None:
    """Show a locked item to everybody. Repeating it changes nothing."""
    if row.status == ContentStatus.PUBLISHED:
        return
    if (why := after_publish(ContentStatus(row.status), row.ends_at, now)) is not None:
        raise errors.Conflict(why)
    tenant_id = TenantId(row.tenant_id)
    await store.set_item(session, tenant_id, row, now, status=ContentStatus.PUBLISHED.value, cancelled_at=None)
    await messaging.open_gate(session, tenant_id, content_gate(row.id))
    if not await store.list_codes(session, tenant_id, [row.id], FEED_SOURCE):
        await store.insert_link(session, tenant_id, _feed_link(row, now))
    await _tell(session, me, row, now)


def _feed_link(row: ContentItem, now: datetime) -> ShortLink:
    return ShortLink(
        tenant_id=row.tenant_id, id=new_id(now), code=new_code(), store_id=row.store_id, content_id=row.id,
        target_url=None, source=FEED_SOURCE, expires_at=None, created_at=now,
    )  # fmt: skip


async def cancel(session: Session, me: Principal, row: ContentItem, now: datetime) -> None:
    """Call a locked item off: messages about it that wait are skipped, feeds and links say that it is cancelled."""
    if row.status == ContentStatus.CANCELLED:
        return
    if (why := after_cancel(ContentStatus(row.status))) is not None:
        raise errors.Conflict(why)
    tenant_id = TenantId(row.tenant_id)
    await store.set_item(session, tenant_id, row, now, status=ContentStatus.CANCELLED.value, cancelled_at=now)
    await messaging.close_gate(session, tenant_id, content_gate(row.id), "content item was cancelled", now)
    await _tell(session, me, row, now)


async def delete(session: Session, row: ContentItem) -> None:
    """Delete a locked draft. What was ever published is cancelled instead: calendars have to hear of it."""
    if row.status != ContentStatus.DRAFT:
        raise errors.Conflict("it was published: cancel it, so that feeds and calendars hear of it")
    await store.delete_item(session, TenantId(row.tenant_id), row.id)


async def _tell(session: Session, me: Principal, row: ContentItem, now: datetime) -> None:
    tenant_id = TenantId(row.tenant_id)
    await store.insert_revision(session, tenant_id, row, actor_name(me), now)
    title = row.texts[row.default_language]["title"]
    event = ContentChanged(
        content_id=row.id, kind=row.kind, status=row.status, revision=row.revision, store_id=row.store_id, title=title
    )
    await events.publish(session, tenant_id, [event], now)


async def _checked(session: Session, me: Principal, item: Item, before: Item | None = None) -> Item:
    """The item with the time zone of its place; ItemErrors for what is wrong or not the caller's to name."""
    tenant_id = TenantId(me.tenant_id)
    has_zone, zone_store, has_mall, has_store = await store.target_of(
        session, tenant_id, item.zone_id, item.mall_id, item.store_id
    )
    wrong = {}
    if item.store_id is None and me.store_ids is not None:
        wrong["store_id"] = "name one of your stores"
    elif item.store_id is not None and not (has_store and me.sees_store(item.store_id)):
        wrong["store_id"] = "there is no such store"
    lent = before is not None and item.zone_id == before.zone_id  # somebody else put it there
    if item.zone_id is not None and not (lent or (has_zone and me.sees_store(zone_store))):
        wrong["zone_id"] = "there is no such zone" + ("" if me.store_ids is None else " of your stores")
    if item.mall_id is not None and not has_mall:
        wrong["mall_id"] = "there is no such mall"
    timezone = await store.place_timezone(session, tenant_id, item.zone_id, item.mall_id, item.store_id)
    item = msgspec.structs.replace(item, timezone=timezone)
    wrong |= flaws(item)
    if wrong:
        raise ItemErrors([{"pointer": f"#/{at}", "in": "body", "detail": detail} for at, detail in wrong.items()])
    return item


# --- by reference ---------------------------------------------------------------------------------------------------


async def read_texts(session: Session, tenant_id: TenantId, item_id: UUID, locale: str | None) -> Words | None:
    """An item's words in the language nearest to `locale`; None when it is not published."""
    found = (await read_references(session, tenant_id, {(item_id, locale)})).get((item_id, locale))
    return found.words if found is not None and found.is_published else None


async def read_references(
    session: Session, tenant_id: TenantId, wanted: Collection[tuple[UUID, str | None]]
) -> Mapping[tuple[UUID, str | None], Reference]:
    """Items as they are now, each for readers of a language; unknown ones are left out. One query."""
    if not wanted:
        return {}
    located = await store.list_located(session, tenant_id, {id_ for id_, _ in wanted})
    return {(id_, locale): _reference(located[id_], locale) for id_, locale in wanted if id_ in located}


def _reference(found: store.Located, locale: str | None) -> Reference:
    row, item = found.row, store.item_of(found.row)
    language = language_for(item.texts, locale, item.default_language)
    return Reference(
        id=row.id,
        revision=row.revision,
        is_published=row.status == ContentStatus.PUBLISHED,
        language=language,
        words=item.texts[language],
        timezone=row.timezone,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        link=row.link,
        image_url=row.image_url,
        place=found.place,
    )


async def recipe_for(session: Session, me: Principal, row: ContentItem, now: datetime) -> Recipe:
    """The campaign that suits an item of its kind, as what to send to segments and campaigns."""
    tenant_id, item = TenantId(row.tenant_id), store.item_of(row)
    where = Where(
        title=item.texts[item.default_language].title,
        mall_id=await store.mall_of(session, tenant_id, item.zone_id, item.mall_id, item.store_id),
        wing=() if item.store_id is None else tuple(await store.list_wing(session, tenant_id, item.store_id)),
        timezone=await store.place_timezone(session, tenant_id, None, None, item.store_id),
        is_shops=me.store_ids is not None,
    )
    return recipe(row.id, item, where, now)


# --- links and feeds ------------------------------------------------------------------------------------------------


async def make_link(  # noqa: PLR0913 - what a link is
    session: Session,
    me: Principal,
    id_: UUID,
    *,
    content_id: UUID | None,
    target_url: str | None,
    source: str,
    expires_at: datetime | None,
    store_id: UUID | None,
    now: datetime,
) -> ShortLink:
    """A short link to an item, whose store it then is of, or to an address on a listed host."""
    tenant_id = TenantId(me.tenant_id)
    if content_id is not None:
        store_id = (await get(session, me, content_id)).store_id
    elif store_id is None and me.store_ids is not None and len(me.store_ids) == 1:
        store_id = next(iter(me.store_ids))
    if not me.sees_store(store_id):
        raise errors.field("store_id", "name one of your stores")
    if target_url is not None:
        flaw = target_flaw(target_url, await store.list_hosts(session, tenant_id))
        if flaw is not None:
            raise errors.field("target_url", flaw)
    row = ShortLink(
        tenant_id=tenant_id, id=id_, code=new_code(), store_id=store_id, content_id=content_id, target_url=target_url,
        source=source, expires_at=expires_at, created_at=now,
    )  # fmt: skip
    await store.insert_link(session, tenant_id, row)
    return row


async def get_link(session: Session, me: Principal, id_: UUID) -> ShortLink:
    """A link that the caller may see, else LinkNotFound."""
    row = await store.get_link(session, TenantId(me.tenant_id), id_)
    if not me.sees_store(row.store_id):
        raise store.LinkNotFound(f"link {id_} does not exist")
    return row


async def get_feed(session: Session, me: Principal, id_: UUID) -> ContentFeed:
    """A feed that the caller may see, else LinkNotFound."""
    row = await store.get_feed(session, TenantId(me.tenant_id), id_)
    if not me.sees_store(row.store_id):
        raise store.LinkNotFound(f"feed {id_} does not exist")
    return row


@dataclass(frozen=True, slots=True)
class Opened:
    """What somebody who opens a short link finds: an address to go on to, an item to read, or (neither) its end.

    `languages`: as the browser wishes them, first best. `cancelled`: the item was called off, not over.
    """

    target: str | None = None
    item: Reference | None = None
    cancelled: bool = False


async def open_link(session: Session, link: store.Found, language: str | None, now: datetime) -> Opened:
    """Where a link leads at this moment; the hosts are asked again, for one may have been struck off."""
    if is_over(link.expires_at, now):
        return Opened()
    hosts = await store.list_hosts(session, link.tenant_id)
    if link.target is not None:
        return Opened(target=link.target) if target_flaw(link.target, hosts) is None else Opened()
    assert link.content_id is not None  # noqa: S101 - the table's check
    key = (link.content_id, language)
    item = (await read_references(session, link.tenant_id, {key})).get(key)
    if item is None or is_over(item.ends_at, now) or not item.is_published:
        return Opened(cancelled=item is not None and not item.is_published)
    if item.link is not None and target_flaw(item.link, hosts) is None:
        return Opened(target=item.link)
    return Opened(item=item)
