"""HTTP of floor plans' pictures: one to a level, laid under the map by two known points."""

from typing import Annotated, Any, ClassVar, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, Field, WithJsonSchema

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.kit.http import EDIT, IfMatch, Now, Tx, check_version, etag
from geoengage.kit.shapes import Patch
from geoengage.tenancy.auth import Reader, VenueEditor
from geoengage.tenancy.rules import Principal
from geoengage.venues import service, store
from geoengage.venues.api.common import LonLatOut, unrestricted
from geoengage.venues.models import Level, LevelPlan, Mall
from geoengage.venues.rules import MEDIA_TYPES
from geoengage.venues.shapes import In, LonLat
from geoengage.venues.store import plans

router = APIRouter(tags=["venues"])
PATH = "/v1/malls/{mall_id}/levels/{level_id}/plan"
Pixel = Annotated[
    tuple[float, float],
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_PICTURE = {"required": True, "content": dict.fromkeys([*MEDIA_TYPES.values(), "application/octet-stream"], _BINARY)}
_IMAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture.", "content": dict.fromkeys(MEDIA_TYPES.values(), _BINARY)},
    304: {"description": "You have it already (If-None-Match)."},
}


class KnownPointIn(In):
    """A pixel of the picture, and where it lies."""

    pixel: Pixel = Field(description="[x, y] from the top left corner of the picture, y down; fractions are fine.")
    at: LonLat = Field(description="[lon, lat] of that pixel.")


class PlanPatch(Patch):
    """Changes of a plan: where it lies, how strongly it shows."""

    nullable: ClassVar[frozenset[str]] = frozenset({"points"})
    points: Annotated[list[KnownPointIn], Field(min_length=2, max_length=2)] | None = Field(
        default=None, description="Two points that you know on the picture and on the map; null takes the place away."
    )
    opacity: float | None = Field(default=None, ge=0, le=1, description="How strongly the map shows it, 0 to 1.")


class KnownPointOut(BaseModel):
    """A pixel of the picture, and where it lies."""

    pixel: Pixel = Field(description="[x, y] from the top left corner, y down.")
    at: LonLatOut = Field(description="[lon, lat] of that pixel.")


class PlanOut(BaseModel):
    """The picture of a level's floor plan and where it lies."""

    level_id: UUID = Field(description="The level.")
    version: int = Field(description="Rises with the picture and its place; the ETag is `v` and this number.")
    media_type: str = Field(description="image/png, image/jpeg or image/webp.")
    width_px: int = Field(description="Width in pixels.")
    height_px: int = Field(description="Height in pixels.")
    points: list[KnownPointOut] | None = Field(description="The two known points; null: not placed yet.")
    opacity: float = Field(description="How strongly the map shows it, 0 to 1.")
    corners: list[LonLatOut] | None = Field(
        description="[lon, lat] of its top left, top right, bottom right, bottom left corner; null: not placed yet."
    )
    image_url: str = Field(description="Where the picture is; another picture has another address.")


class LevelPath(NamedTuple):
    """Which level of which mall."""

    mall_id: UUID
    level_id: UUID


async def _level_path(mall_id: UUID, level_id: UUID) -> LevelPath:
    return LevelPath(mall_id, level_id)


At = Annotated[LevelPath, Depends(_level_path)]


async def _parts(tx: Session, me: Principal, at: LevelPath, *, lock: bool = False) -> tuple[Mall, Level]:
    level = await store.get_part(tx, me.tenant_id, Level, at.mall_id, at.level_id, lock=lock)
    return await store.get_row(tx, me.tenant_id, Mall, at.mall_id), level


async def _answer(tx: Session, me: Principal, mall: Mall, plan: LevelPlan, response: Response) -> PlanOut:
    response.headers["ETag"] = etag(plan.version)
    placement = service.placement_of(mall, plan)
    digest = await plans.plan_digest(tx, me.tenant_id, plan.level_id)
    columns = {name: getattr(plan, name) for name in PlanOut.model_fields if name not in ("corners", "image_url")}
    return PlanOut(
        **columns,
        corners=placement and placement.corners(plan.width_px, plan.height_px),
        image_url=f"{PATH.format(mall_id=mall.id, level_id=plan.level_id)}/image?of={digest}",
    )


@router.put(PATH, openapi_extra={"requestBody": _PICTURE})
async def put_plan(at: At, me: VenueEditor, tx: Tx, now: Now, request: Request, response: Response) -> PlanOut:
    """Give a level the picture of its floor plan: the bytes of a PNG, JPEG or WebP, 10 MB and 8,192 pixels a side.

    Another picture of the same size keeps the place of the one before; of another size, it has to be placed again.
    EXIF and XMP are taken out (the picture is turned upright first); a picture without them is kept byte for byte.
    """
    unrestricted(me)
    await store.get_part(tx, me.tenant_id, Level, at.mall_id, at.level_id)
    picture = await service.check_picture(await request.body())
    mall, level = await _parts(tx, me, at, lock=True)
    plan = await service.put_picture(tx, me.tenant_id, level, picture, now)
    return await _answer(tx, me, mall, plan, response)


@router.get(PATH)
async def get_plan(at: At, me: Reader, tx: Tx, response: Response) -> PlanOut:
    """What is known of a level's plan; 404 while it has none."""
    mall, level = await _parts(tx, me, at)
    return await _answer(tx, me, mall, await plans.get_plan(tx, me.tenant_id, level.id), response)


@router.patch(PATH, responses=EDIT)
async def edit_plan(
    at: At,
    body: PlanPatch,
    me: VenueEditor,
    tx: Tx,
    now: Now,
    seen: IfMatch,
    response: Response,
    like: Annotated[
        UUID | None, Query(description="A level of this mall whose plan has the same size: take its known points.")
    ] = None,
) -> PlanOut:
    """Place a plan by two known points, or like that of another level; set how strongly the map shows it.

    Refused when the points coincide, when a pixel would measure less than 1 mm or more than 5 m, and far from the mall.
    """
    unrestricted(me)
    mall, level = await _parts(tx, me, at)
    plan = await plans.get_plan(tx, me.tenant_id, level.id, lock=True)
    check_version(plan.version, seen)
    changes = body.model_dump(exclude_unset=True) | {"updated_at": now}
    if like is not None:
        if "points" in changes:
            raise errors.field("points", "either points or like, not both")
        other = await store.get_part(tx, me.tenant_id, Level, at.mall_id, like)
        changes["points"] = await service.points_like(tx, me.tenant_id, plan, other)
    await service.edit_plan(tx, me.tenant_id, mall, level, plan, changes)
    return await _answer(tx, me, mall, plan, response)


@router.delete(PATH, status_code=204)
async def delete_plan(at: At, me: VenueEditor, tx: Tx) -> None:
    """Take a level's plan away, picture and place."""
    unrestricted(me)
    _, level = await _parts(tx, me, at)
    await plans.delete_plan(tx, me.tenant_id, await plans.get_plan(tx, me.tenant_id, level.id, lock=True))


@router.get(f"{PATH}/image", response_class=Response, responses=_IMAGE)
async def get_plan_image(
    at: At,
    me: Reader,
    tx: Tx,
    if_none_match: Annotated[str | None, Header(description="ETag of the picture that you have.")] = None,
) -> Response:
    """The picture. Caches keep it for this browser only, and ask each time whether it is still the same."""
    _, level = await _parts(tx, me, at)
    plan = await plans.get_plan(tx, me.tenant_id, level.id)
    tag = f'"{await plans.plan_digest(tx, me.tenant_id, level.id)}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match is not None and (if_none_match.strip() == "*" or tag in if_none_match):
        return Response(status_code=304, headers=headers)
    image = await plans.plan_image(tx, me.tenant_id, level.id)
    return Response(image, media_type=plan.media_type, headers=headers)
