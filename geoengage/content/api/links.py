"""HTTP of short links: making them, their QR codes and counts, and `/l/CODE` itself."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from geoengage.content import service, store
from geoengage.content.api.items import base_url
from geoengage.content.models import ShortLink
from geoengage.content.rules import (
    CODE,
    PAGE_CSP,
    PNG_SCALE_MAX,
    Page,
    accepted,
    is_machine,
    item_page,
    note_page,
    qr_png,
    qr_svg,
)
from geoengage.content.shapes import HostsShape, LinkIn, LinkOut, LinkPage
from geoengage.kit.db import Session, transaction
from geoengage.kit.errors import Gone
from geoengage.kit.http import PROBLEMS, NewId, Now, Paging, Problem, Tx
from geoengage.kit.ids import TenantId
from geoengage.tenancy.auth import Admin, CampaignEditor, Reader

router = APIRouter(tags=["content"])
RECENT = timedelta(days=30)


class LinkEnded(Gone):
    """What a short link leads to is over, was called off, or may not be led to any more."""

    code = "link-ended"
    title = "This has ended"


_BYTES = {"schema": {"type": "string", "format": "binary"}}


def _picture(media: str) -> dict[int | str, dict[str, Any]]:
    content = {media: _BYTES, "application/octet-stream": _BYTES}  # the latter for generators of clients
    return PROBLEMS | {200: {"description": "The picture.", "content": content}}


@router.get("/v1/links", responses=PROBLEMS)
async def list_links(
    request: Request,
    me: Reader,
    tx: Tx,
    now: Now,
    page: Paging,
    content_id: Annotated[UUID | None, Query(description="Only of this item.")] = None,
) -> LinkPage:
    """Short links with how often they were opened, oldest first."""
    rows = await store.list_links(tx, TenantId(me.tenant_id), content_id, me.store_ids, page.after, page.limit + 1)
    kept, following = page.cut(rows, lambda row: row.id)
    return LinkPage(items=await _out(request, tx, me.tenant_id, kept, now), next=following)


@router.post("/v1/links", status_code=201, responses=PROBLEMS)
async def create_link(body: LinkIn, request: Request, me: CampaignEditor, tx: Tx, now: Now, new: NewId) -> LinkOut:
    """Make a short link: one for each place where it is shown (`source`), so that they are counted apart."""
    if new.replayed:
        row = await service.get_link(tx, me, new.id)
    else:
        row = await service.make_link(
            tx, me, new.id, content_id=body.content_id, target_url=body.target_url, source=body.source,
            expires_at=body.expires_at, store_id=body.store_id, now=now,
        )  # fmt: skip
    return (await _out(request, tx, me.tenant_id, [row], now))[0]


@router.get("/v1/links/hosts", responses=PROBLEMS)
async def get_link_hosts(me: Reader, tx: Tx) -> HostsShape:
    """The hosts that short links may lead to."""
    return HostsShape(hosts=await store.list_hosts(tx, TenantId(me.tenant_id)))


@router.put("/v1/links/hosts", responses=PROBLEMS)
async def put_link_hosts(body: HostsShape, me: Admin, tx: Tx) -> HostsShape:
    """Replace the list. A link to a host that is struck off says from then on that it has ended."""
    await store.set_hosts(tx, TenantId(me.tenant_id), body.hosts)
    return body


@router.get("/v1/links/{link_id}", responses=PROBLEMS)
async def get_link(link_id: UUID, request: Request, me: Reader, tx: Tx, now: Now) -> LinkOut:
    """One link."""
    return (await _out(request, tx, me.tenant_id, [await service.get_link(tx, me, link_id)], now))[0]


@router.delete("/v1/links/{link_id}", status_code=204, responses=PROBLEMS)
async def delete_link(link_id: UUID, me: CampaignEditor, tx: Tx) -> None:
    """Delete a link with its counts: its address is nothing from now on, printed or not."""
    row = await service.get_link(tx, me, link_id)
    await store.delete_link(tx, TenantId(me.tenant_id), row.id)


@router.get("/v1/links/{link_id}/qr.svg", response_class=Response, responses=_picture("image/svg+xml"))
async def draw_link_svg(link_id: UUID, request: Request, me: Reader, tx: Tx) -> Response:
    """Its QR code for print: any size is sharp."""
    row = await service.get_link(tx, me, link_id)
    return Response(qr_svg(_url(request, row)), media_type="image/svg+xml")


@router.get("/v1/links/{link_id}/qr.png", response_class=Response, responses=_picture("image/png"))
async def draw_link_png(
    link_id: UUID,
    request: Request,
    me: Reader,
    tx: Tx,
    scale: Annotated[int, Query(ge=1, le=PNG_SCALE_MAX, description="Pixels of a module.")] = 10,
) -> Response:
    """Its QR code as a picture."""
    row = await service.get_link(tx, me, link_id)
    return Response(qr_png(_url(request, row), scale), media_type="image/png")


@router.get(
    "/l/{code}",
    response_class=Response,
    responses={
        200: {"description": "The item as a page.", "content": {"application/octet-stream": _BYTES}},
        303: {"description": "On to the address."},
        404: {"model": Problem, "description": "No such link; for browsers a page."},
        410: {"model": Problem, "description": "It has ended; for browsers a page that says so."},
    },
)
async def follow_link(
    code: Annotated[str, Path(max_length=40, description="As it is printed.")],
    request: Request,
    now: Now,
    accept_language: Annotated[str, Header(description="The reader's language.")] = "",
    user_agent: Annotated[str, Header(description="Programmes are not counted.")] = "",
) -> Response:
    """What a short link or its QR code opens: the item, or on to its address; a page when it has ended.

    Counted by link and day, without anything about who opened it.
    """
    language, nonce = accepted(accept_language), secrets.token_urlsafe(16)
    async with transaction(request.app.state.sessions, None) as session:  # whose code it is, is the question
        link = await store.find_by_code(session, code) if CODE.fullmatch(code) else None
    if link is None:
        return _note(request, "unknown", language, 404)
    async with transaction(request.app.state.sessions, link.tenant_id) as session:
        found = await service.open_link(session, link, language, now)
        if not is_machine(user_agent) and (found.target or found.item):
            await store.count_opened(session, link.tenant_id, link.id, now.date())
    if found.target is not None:
        return RedirectResponse(found.target, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
    if found.item is not None:
        return _html(item_page(found.item, nonce), nonce)
    return _note(request, "cancelled" if found.cancelled else "ended", language, 410)


def _note(request: Request, what: str, language: str | None, status: int) -> Response:
    """That there is nothing, as a page for browsers and as a problem for programmes."""
    nonce = secrets.token_urlsafe(16)
    if "text/html" in request.headers.get("accept", ""):
        return _html(note_page(what, language, nonce), nonce, status)
    if what == "unknown":
        raise store.LinkNotFound("nobody made this link")
    raise LinkEnded("what it led to is over" if what == "ended" else "what it led to was called off")


def _html(page: Page, nonce: str, status: int = 200) -> Response:
    headers = {
        "Content-Security-Policy": PAGE_CSP.format(nonce=nonce),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
        "Content-Language": page.language,
    }
    return HTMLResponse(page.html, status, headers)


def _url(request: Request, row: ShortLink) -> str:
    return f"{base_url(request)}/l/{row.code}"


async def _out(request: Request, tx: Session, tenant_id: UUID, rows: Sequence[ShortLink], now: Now) -> list[LinkOut]:
    since = (now - RECENT).date()
    counts = await store.opened_by(tx, TenantId(tenant_id), [row.id for row in rows], since)
    return [
        LinkOut(
            id=row.id,
            url=_url(request, row),
            code=row.code,
            content_id=row.content_id,
            target_url=row.target_url,
            store_id=row.store_id,
            source=row.source,
            expires_at=row.expires_at,
            opens=counts.get(row.id, (0, 0))[0],
            opens_30_days=counts.get(row.id, (0, 0))[1],
            created_at=row.created_at,
        )
        for row in rows
    ]
