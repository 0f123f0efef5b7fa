"""HTTP of feeds: RSS and iCalendar of what is on, and the feeds' own addresses."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from geoengage.content import service, store
from geoengage.content.api.items import IfNoneMatch, Locale, base_url, cache_headers
from geoengage.content.api.readers import ContentReader, Reading
from geoengage.content.models import ContentFeed
from geoengage.content.rules import ContentKind, ContentStatus, Entry, calendar, feed, language_for, new_feed_token
from geoengage.content.shapes import FeedIn, FeedOut, FeedPage
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import PROBLEMS, NewId, Now, Paging, Tx
from geoengage.kit.ids import TenantId
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.auth import CampaignEditor, Reader

router = APIRouter(tags=["content"], responses=PROBLEMS)
REFRESH_S = 300  # what calendars are asked to keep to; few do
MOST = 500
KEPT_DAYS = 30  # how long a calendar still hears of what is over or called off
_BYTES = {"schema": {"type": "string", "format": "binary"}}
# The latter for generators of clients.
_RSS = {"application/rss+xml": _BYTES, "application/octet-stream": _BYTES}
_ICS = {"text/calendar": _BYTES, "application/octet-stream": _BYTES}
_SAME: dict[int | str, dict[str, Any]] = {304: {"description": "Nothing has changed."}}
Kind = Annotated[ContentKind | None, Query(description="Only of this kind.")]
OfStore = Annotated[UUID | None, Query(description="Only of this store.")]
OfMall = Annotated[UUID | None, Query(description="Only in this mall.")]


@router.get(
    "/v1/content.rss",
    response_class=Response,
    responses=_SAME | {200: {"description": "RSS 2.0.", "content": _RSS}},
)
async def read_content_rss(  # noqa: PLR0913 - what an address may ask for
    request: Request,
    reader: ContentReader,
    tx: Tx,
    now: Now,
    kind: Kind = None,
    store_id: OfStore = None,
    mall_id: OfMall = None,
    locale: Locale = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """What is published and not over, for web sites and feed readers: the newest 500, newest change first."""
    wanted = store.Filter(
        kind=kind, statuses=(ContentStatus.PUBLISHED,), store_id=store_id, mall_id=mall_id,
        store_ids=reader.store_ids, over_after=now,
    )  # fmt: skip
    entries = await _entries(request, tx, reader, wanted, locale)
    entries.sort(key=lambda entry: (entry.updated_at, entry.uid), reverse=True)
    built_at = entries[0].updated_at if entries else datetime(1970, 1, 1, tzinfo=UTC)
    name, base = await _name(tx, reader), base_url(request)
    address = f"{base}{request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
    body = feed(name, address, f"{base}/", locale or "en", entries, built_at)
    return _answer(reader, body, "application/rss+xml", if_none_match)


@router.get(
    "/v1/content.ics",
    response_class=Response,
    responses=_SAME | {200: {"description": "iCalendar (RFC 5545).", "content": _ICS}},
)
async def read_content_ics(  # noqa: PLR0913 - what an address may ask for
    request: Request,
    reader: ContentReader,
    tx: Tx,
    now: Now,
    kind: Kind = None,
    store_id: OfStore = None,
    mall_id: OfMall = None,
    locale: Locale = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """What has a date, for calendars to subscribe to; over or cancelled items stay for 30 days, so that none is missed.

    Times are the wall clock at the place, with its time zone.
    """
    wanted = store.Filter(
        kind=kind, statuses=(ContentStatus.PUBLISHED, ContentStatus.CANCELLED), store_id=store_id, mall_id=mall_id,
        store_ids=reader.store_ids, over_after=now - timedelta(days=KEPT_DAYS),
    )  # fmt: skip
    entries = await _entries(request, tx, reader, wanted, locale)
    body = calendar(await _name(tx, reader), entries, REFRESH_S)
    return _answer(reader, body, "text/calendar; charset=utf-8", if_none_match)


def _answer(reader: Reading, body: bytes, media: str, if_none_match: str | None) -> Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = cache_headers(reader, tag)
    if if_none_match is not None and if_none_match.removeprefix("W/") == tag:  # proxies that compress weaken it
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, media)


async def _entries(
    request: Request, tx: Session, reader: Reading, wanted: store.Filter, locale: str | None
) -> list[Entry]:
    rows = await store.list_items(tx, reader.tenant_id, wanted, None, MOST)
    codes = await store.list_codes(tx, reader.tenant_id, [found.row.id for found in rows], service.FEED_SOURCE)
    base = base_url(request)
    return [_entry(found, base, codes.get(found.row.id), locale) for found in rows]


def _entry(found: store.Located, base: str, code: str | None, locale: str | None) -> Entry:
    row, item = found.row, store.item_of(found.row)
    words = item.texts[language_for(item.texts, locale, item.default_language)]
    return Entry(
        uid=f"{row.id}@geoengage",
        revision=row.revision,
        kind=item.kind,
        cancelled=row.status == ContentStatus.CANCELLED,
        title=words.title,
        text=words.text,
        terms=words.terms,
        place=found.place,
        point=found.point,
        url=f"{base}/l/{code}" if code else item.link,
        image_url=item.image_url,
        categories=item.categories,
        timezone=item.timezone,
        starts=item.starts,
        ends=item.ends,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


async def _name(tx: Session, reader: Reading) -> str:
    if reader.feed is not None:
        return reader.feed.name
    return str((await tenancy.get_tenant(tx, reader.tenant_id)).name)


# --- the feeds' own addresses ---------------------------------------------------------------------------------------


@router.get("/v1/feeds")
async def list_feeds(request: Request, me: Reader, tx: Tx, page: Paging) -> FeedPage:
    """Feeds, oldest first."""
    rows = await store.list_feeds(tx, TenantId(me.tenant_id), me.store_ids, page.after, page.limit + 1)
    kept, following = page.cut(rows, lambda row: row.id)
    return FeedPage(items=_out(request, kept), next=following)


@router.post("/v1/feeds", status_code=201)
async def open_feed(body: FeedIn, request: Request, me: CampaignEditor, tx: Tx, now: Now, new: NewId) -> FeedOut:
    """Make public addresses of what is on: of one store, or of all. Whoever has one reads what is published."""
    tenant_id = TenantId(me.tenant_id)
    if new.replayed:
        row = await service.get_feed(tx, me, new.id)
    else:
        _, _, _, has_store = await store.target_of(tx, tenant_id, None, None, body.store_id)
        if not me.sees_store(body.store_id) or (body.store_id is not None and not has_store):
            what = "there is no such store" if body.store_id else "name one of your stores"
            raise errors.field("store_id", what)
        row = ContentFeed(
            tenant_id=tenant_id, id=new.id, name=body.name, store_id=body.store_id,
            token=new_feed_token(tenant_id), created_at=now,
        )  # fmt: skip
        await store.insert_feed(tx, tenant_id, row)
    return _out(request, [row])[0]


@router.delete("/v1/feeds/{feed_id}", status_code=204)
async def close_feed(feed_id: UUID, me: CampaignEditor, tx: Tx) -> None:
    """Close a feed: its addresses answer 401 from now on."""
    row = await service.get_feed(tx, me, feed_id)
    await store.delete_feed(tx, TenantId(me.tenant_id), row.id)


def _out(request: Request, rows: Sequence[ContentFeed]) -> list[FeedOut]:
    base = base_url(request)
    return [
        FeedOut(
            id=row.id,
            name=row.name,
            store_id=row.store_id,
            json_url=f"{base}/v1/content?feed={row.token}",
            rss_url=f"{base}/v1/content.rss?feed={row.token}",
            ics_url=f"{base}/v1/content.ics?feed={row.token}",
            created_at=row.created_at,
        )
        for row in rows
    ]
