"""HTTP of posters: what is printed and hung up where people check in."""

import asyncio
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import Problem, Tx
from geoengage.kit.settings import Settings
from geoengage.tenancy.auth import Reader
from geoengage.tenancy.rules import Principal
from geoengage.venues import posters, store
from geoengage.venues.models import EvidencePoint, Mall, Store

router = APIRouter(tags=["evidence"])
_PDF = "application/pdf"
_BRAND = "#0f5c5a"  # of a point without a store
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The poster.", "content": {_PDF: {"schema": {"type": "string", "format": "binary"}}}},
    503: {"model": Problem, "description": "The console, which brings the fonts, is not built."},
}


class PosterSize(StrEnum):
    """Paper."""

    A4 = "a4"
    A5 = "a5"
    LETTER = "letter"


@router.get("/v1/evidence-points/{point_id}/poster.pdf", response_class=Response, responses=_RESPONSES)
async def get_poster(
    point_id: UUID,
    request: Request,
    me: Reader,
    tx: Tx,
    size: Annotated[PosterSize, Query(description="a4, a5 or letter; the QR code measures 12, 8.5 or 11.5 cm.")] = (
        PosterSize.A4
    ),
) -> Response:
    """The poster of a check-in as a PDF to print: the store's name and colour, its QR code, its address in text.

    The code holds `…/v1/check-in/CODE` on the server's public address (GEOENGAGE_PUBLIC_URL, else the one of this
    request). What no font on the server can print is left out, and the poster says so. 404 for a point without a code.
    """
    point = await store.get_row(tx, me.tenant_id, EvidencePoint, point_id)
    if not me.sees_store(point.store_id) or point.code is None:
        raise errors.NotFound(f"there is no check-in {point_id}; only check-ins have a poster")
    settings: Settings = request.app.state.settings
    fonts = posters.find_fonts(request.app.state.print_fonts, settings.fonts_dir)
    if fonts is None:
        raise errors.Unavailable("the console, which brings the fonts, is not built; run: make web")
    base = settings.public_url or str(request.base_url)
    poster = await _poster(tx, me, point, f"{base.rstrip('/')}/v1/check-in/{point.code}")
    body = await asyncio.to_thread(posters.draw, poster, size.value, fonts)
    headers = {
        "Content-Disposition": f'inline; filename="check-in-{point.code}-{size.value}.pdf"',
        "Cache-Control": "private, no-cache",
    }
    return Response(body, media_type=_PDF, headers=headers)


async def _poster(tx: Session, me: Principal, point: EvidencePoint, url: str) -> posters.Poster:
    shop = await store.get_row(tx, me.tenant_id, Store, point.store_id) if point.store_id else None
    where = [point.name] if shop else []
    if point.mall_id:
        mall = await store.get_row(tx, me.tenant_id, Mall, point.mall_id)
        levels = await store.list_levels(tx, me.tenant_id, mall.id)
        where = [mall.name, *(level.name for level in levels if level.ordinal == point.level), *where]
    return posters.Poster(
        url=url,
        heading=shop.name if shop else point.name,
        where=" · ".join(where),
        color=shop.brand_color if shop else _BRAND,
        made_at=point.updated_at,
    )
