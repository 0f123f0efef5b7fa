"""HTTP of items: write, publish, cancel; list and read."""

import hashlib
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from geoengage.content import service, store
from geoengage.content.api.readers import ContentReader, Reading
from geoengage.content.models import ContentItem
from geoengage.content.rules import ContentKind, ContentStatus, Item
from geoengage.content.shapes import (
    ContentIn,
    ContentOut,
    ContentPage,
    ContentPatch,
    Moment,
    RecipeOut,
    RevisionOut,
    RevisionPage,
    as_input,
    content_out,
)
from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import (
    CONFLICT,
    EDIT,
    PROBLEMS,
    IfMatch,
    NewId,
    Now,
    Paging,
    Tx,
    check_version,
    etag,
    merge_patch,
)
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Language
from geoengage.tenancy.auth import CampaignEditor, Reader
from geoengage.venues.api.common import Boxes

router = APIRouter(tags=["content"], responses=PROBLEMS)
Locale = Annotated[Language | None, Query(description="Language of `title`, `text` and `terms`; else each's default.")]
IfNoneMatch = Annotated[str | None, Header(description="ETag of the answer you have; 304 when it still holds.")]
PUBLIC_CACHE = "public, max-age=5, must-revalidate"  # an edit reaches every place in 10 s


async def _answer(response: Response, tx: Session, row: ContentItem, locale: str | None = None) -> ContentOut:
    found = await store.list_located(tx, TenantId(row.tenant_id), {row.id})
    response.headers["ETag"] = etag(row.revision)
    return content_out(found[row.id], locale)


def _near(near: str | None, radius_m: float) -> tuple[float, float, float] | None:
    if near is None:
        return None
    try:
        lon, lat = (float(part) for part in near.split(","))
    except ValueError:
        lon = lat = 999.0
    if not (abs(lon) <= 180 and abs(lat) <= 90):  # NaN is neither
        detail = "two numbers are needed: lon,lat"
        raise errors.ItemErrors([{"pointer": "near", "in": "query", "detail": detail}])
    return lon, lat, radius_m


@router.get("/v1/content", responses={304: {"description": "Nothing has changed."}})
async def list_content(  # noqa: PLR0913 - what a list may be filtered by
    reader: ContentReader,
    tx: Tx,
    now: Now,
    page: Paging,
    boxes: Boxes,
    response: Response,
    kind: Annotated[ContentKind | None, Query(description="Only of this kind.")] = None,
    status: Annotated[ContentStatus | None, Query(description="Only in this status.")] = None,
    store_id: Annotated[UUID | None, Query(description="Only of this store.")] = None,
    mall_id: Annotated[UUID | None, Query(description="Only in this mall, its zones and stores included.")] = None,
    zone_id: Annotated[UUID | None, Query(description="Only in this zone.")] = None,
    at: Annotated[Moment | None, Query(description="Only what is on at that moment.")] = None,
    near: Annotated[str | None, Query(max_length=60, description="lon,lat: only items near there.")] = None,
    radius_m: Annotated[float, Query(gt=0, le=100_000, description="For `near`: metres.")] = 1000.0,
    locale: Locale = None,
    if_none_match: IfNoneMatch = None,
) -> Any:
    """What is on, oldest first.

    Secret keys and operators read everything of theirs, in every status. A publishable key, a device token or a feed
    (`?feed=`) reads what is published and not over; such answers may be read by web pages of any site.
    """
    wanted = store.Filter(
        kind=kind,
        statuses=_statuses(reader, status),
        store_id=store_id,
        mall_id=mall_id,
        zone_id=zone_id,
        store_ids=reader.store_ids,
        at=at,
        over_after=now if reader.is_public else None,
        boxes=boxes,
        near=_near(near, radius_m),
    )
    rows, following = page.cut(
        await store.list_items(tx, reader.tenant_id, wanted, page.after, page.limit + 1), lambda found: found.row.id
    )
    found = ContentPage(items=[content_out(each, locale) for each in rows], next=following)
    tag = f'W/"{hashlib.sha256(found.model_dump_json().encode()).hexdigest()[:32]}"'
    headers = cache_headers(reader, tag)
    if if_none_match == tag:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return found


def cache_headers(reader: Reading, tag: str) -> dict[str, str]:
    """How long an answer may be shown again, and by whose pages it may be read."""
    if not reader.is_public:
        return {"ETag": tag, "Cache-Control": "private, no-cache"}
    return {"ETag": tag, "Cache-Control": PUBLIC_CACHE, "Access-Control-Allow-Origin": "*"}


def _statuses(reader: Reading, status: ContentStatus | None) -> tuple[ContentStatus, ...]:
    seen = (ContentStatus.PUBLISHED,) if reader.is_public else tuple(ContentStatus)
    return seen if status is None else tuple(each for each in seen if each is status)


@router.post("/v1/content", status_code=201)
async def create_content(
    body: ContentIn, response: Response, me: CampaignEditor, tx: Tx, now: Now, new: NewId
) -> ContentOut:
    """Write an item, as a draft; then publish it. A key restricted to stores writes items of its stores only."""
    if new.replayed:
        row = await service.get(tx, me, new.id)
    else:
        row = await service.create(tx, me, new.id, body.item(), now)
    return await _answer(response, tx, row)


@router.get("/v1/content/{content_id}")
async def get_content(
    content_id: UUID, response: Response, reader: ContentReader, tx: Tx, locale: Locale = None
) -> ContentOut:
    """One item. To the public only while it is published."""
    row = await store.get_item(tx, reader.tenant_id, content_id)
    hidden = reader.is_public and row.status != ContentStatus.PUBLISHED
    if hidden or not (reader.store_ids is None or row.store_id in reader.store_ids):
        raise store.ContentNotFound(f"content item {content_id} does not exist")
    return await _answer(response, tx, row, locale)


@router.patch("/v1/content/{content_id}", responses=EDIT)
async def change_content(
    content_id: UUID,
    body: ContentPatch,
    response: Response,
    me: CampaignEditor,
    tx: Tx,
    now: Now,
    version: IfMatch,
) -> ContentOut:
    """Change an item by JSON merge patch. Messages about it that wait go out with the new words."""
    row = await service.get(tx, me, content_id, lock=True)
    check_version(row.revision, version)
    await service.update(tx, me, row, _patched(store.item_of(row), body.changes()), now)
    return await _answer(response, tx, row)


def _patched(item: Item, changes: dict[str, Any]) -> Item:
    try:
        return ContentIn.model_validate(merge_patch(as_input(item), changes)).item()
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from error


@router.delete("/v1/content/{content_id}", status_code=204, responses=CONFLICT)
async def delete_content(content_id: UUID, me: CampaignEditor, tx: Tx) -> None:
    """Delete a draft. 409 for what was published: cancel it instead."""
    await service.delete(tx, await service.get(tx, me, content_id, lock=True))


@router.post("/v1/content/{content_id}/publish", responses=CONFLICT)
async def publish_content(content_id: UUID, response: Response, me: CampaignEditor, tx: Tx, now: Now) -> ContentOut:
    """Show it to everybody, or call what was cancelled on again. Repeating it changes nothing."""
    row = await service.get(tx, me, content_id, lock=True)
    await service.publish(tx, me, row, now)
    return await _answer(response, tx, row)


@router.post("/v1/content/{content_id}/cancel", responses=CONFLICT)
async def cancel_content(content_id: UUID, response: Response, me: CampaignEditor, tx: Tx, now: Now) -> ContentOut:
    """Call it off everywhere: messages about it that wait are skipped with the reason `content_withdrawn`, feeds and
    calendars say that it is cancelled. Repeating it changes nothing.
    """
    row = await service.get(tx, me, content_id, lock=True)
    await service.cancel(tx, me, row, now)
    return await _answer(response, tx, row)


@router.get("/v1/content/{content_id}/revisions")
async def list_content_revisions(content_id: UUID, me: Reader, tx: Tx) -> RevisionPage:
    """What it said before, newest first."""
    row = await service.get(tx, me, content_id)
    rows = await store.list_revisions(tx, TenantId(row.tenant_id), row.id, 100)
    return RevisionPage(
        items=[
            RevisionOut(
                revision=each.revision,
                status=ContentStatus(each.status),
                changed_at=each.changed_at,
                changed_by=each.changed_by,
                title=each.content["texts"][each.content["default_language"]]["title"],
                starts=each.content["starts"],
                ends=each.content["ends"],
            )
            for each in rows
        ]
    )


@router.get("/v1/content/{content_id}/recipe")
async def get_content_recipe(content_id: UUID, me: Reader, tx: Tx, now: Now) -> RecipeOut:
    """A campaign that suits it: an event for those in the mall half an hour before who like the category, a new arrival
    for those who walk into the wing and know the brand, a promotion or notice for those who walk in.

    Send `segment`, when there is one, to `POST /v1/segments`, put its id for `$segment`, and `campaign` to
    `POST /v1/campaigns`.
    """
    found = await service.recipe_for(tx, me, await service.get(tx, me, content_id), now)
    return RecipeOut(says=found.says, segment=found.segment, campaign=found.campaign, lacks=list(found.lacks))


def base_url(request: Request) -> str:
    """The address under which this server is reached, without a slash at its end."""
    return (request.app.state.settings.public_url or str(request.base_url)).rstrip("/")
