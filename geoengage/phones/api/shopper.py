"""HTTP of the shopper page: what it must know before anybody has a credential, its icon, and giving an app its page.

The page's own files are in web/shopper; the application mounts what is built from them beside these routes. All that a
visitor is told here is public: the key registers devices of that one app and does nothing else.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from geoengage.kit import errors
from geoengage.kit.db import transaction
from geoengage.kit.http import PROBLEMS, Now, Problem, Tx
from geoengage.kit.shapes import Shape
from geoengage.phones.rules import shopper as rules
from geoengage.tenancy import service, store
from geoengage.tenancy.auth import Admin
from geoengage.tenancy.models import App

# Nothing but our own files; colours are set through the CSSOM, which needs no exception.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self';"
    " worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_FOREVER = "public, max-age=31536000, immutable"  # of what has a hash in its name
_A_DAY = "public, max-age=86400"
_NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "No such page; `detail` says what to do."},
    422: PROBLEMS[422],
}

router = APIRouter(tags=["shopper page"])
AppQuery = Annotated[
    UUID | None, Query(description="The app; may be left out where the installation has one app with a page.")
]


class ShopperApp(Shape):
    """What the shopper page must know of its app."""

    app_id: UUID = Field(description="The app.")
    name: str = Field(description="Its name.")
    brand_color: str = Field(description="Its colour, `#rrggbb`.")
    language: str = Field(description="Its default language.")
    key: str = Field(description="Publishable key that registers the visitor's browser as a device.")
    vapid_public_key: str | None = Field(description="For web push, base64url; null: this server sends none.")
    text_version: str = Field(description="Version of the page's consent text, for the proof of consent.")
    data_controller: str = Field(description="Who runs it and answers for the data.")


class ShopperPageIn(Shape):
    """How the page registers its visitors."""

    is_test: bool = Field(
        default=False, description="As test devices: shown and in the inbox, not counted, no real push."
    )


class ShopperPageOut(Shape):
    """The page of an app."""

    url: str = Field(description="Address to open, print or link to.")
    key: str = Field(description="The publishable key that it registers visitors with; public.")


class ShopperFiles(StaticFiles):
    """A built page: its strict CSP, hashed files kept forever, all else asked for anew; 503 while it is not built."""

    csp = CSP

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file."""
        folder = Path(str(self.directory))
        if not (folder / "index.html").exists():
            return PlainTextResponse(f"The {folder.name} page is not built. Run: make web\n", 503)
        response = await super().get_response(path, scope)
        response.headers["Content-Security-Policy"] = self.csp
        response.headers["Cache-Control"] = _FOREVER if path.startswith("assets/") else "no-cache"
        return response


def files(folder: Path, *, images_from: str = "") -> ASGIApp:
    """The page's files in `folder`, compressed on the way. `images_from`: origins whose pictures it may show."""
    built = ShopperFiles(directory=folder, html=True, check_dir=False)
    if images_from:
        built.csp = CSP.replace("img-src 'self'", f"img-src 'self' {images_from}")
    return GZipMiddleware(built, minimum_size=500)


@router.get("/shopper/app.json", responses=_NOT_FOUND)
async def get_shopper_app(request: Request, response: Response, app: AppQuery = None) -> ShopperApp:
    """What the shopper page needs before its visitor has any credential. Everybody may read it."""
    found, controller = await _page_of(request, app)
    response.headers["Cache-Control"] = "no-cache"
    return ShopperApp(
        app_id=found.id,
        name=found.name,
        brand_color=found.brand_color or rules.DEFAULT_COLOR,
        language=found.default_language,
        key=found.shopper_key or "",
        vapid_public_key=getattr(request.app.state, "vapid_public_key", None),
        text_version=rules.TEXT_VERSION,
        data_controller=controller,
    )


@router.post("/v1/apps/{app_id}/shopper-page", responses=PROBLEMS, tags=["tenant"])
async def open_shopper_page(
    app_id: UUID, request: Request, me: Admin, tx: Tx, now: Now, body: ShopperPageIn | None = None
) -> ShopperPageOut:
    """Give an app a web page at /shopper/ where visitors take part by browser. Makes a publishable key for it.

    Safe to repeat: a page that is open keeps its key, unless `is_test` changes.
    """
    is_test = (body or ShopperPageIn()).is_test or me.is_test
    key = await service.open_shopper_page(tx, me.tenant_id, app_id, is_test=is_test, by=me, now=now)
    base = request.app.state.settings.public_url or str(request.base_url)
    return ShopperPageOut(url=page_url(base, app_id), key=key)


@router.delete("/v1/apps/{app_id}/shopper-page", status_code=204, responses=PROBLEMS, tags=["tenant"])
async def close_shopper_page(app_id: UUID, me: Admin, tx: Tx, now: Now) -> None:
    """Close an app's web page: its key is refused from now on. Browsers that are registered keep working."""
    await service.close_shopper_page(tx, me.tenant_id, app_id, by=me, now=now)


@router.get("/shopper/manifest.webmanifest", include_in_schema=False)
async def get_manifest(request: Request, app: AppQuery = None) -> Response:
    """The web app manifest, by which a browser installs the page."""
    name, color = await _look_of(request, app)
    content = rules.manifest(name, color, f"?{urlencode({'app': app})}" if app else "")
    return JSONResponse(content, headers=_cached(_A_DAY), media_type="application/manifest+json")


@router.get("/shopper/icon-{size}.png", include_in_schema=False)
async def get_icon(request: Request, size: Literal["180", "192", "512"], app: AppQuery = None) -> Response:
    """The app's icon: the first letter of its name on its colour."""
    name, color = await _look_of(request, app)
    return Response(rules.icon_png(rules.letter_of(name), color, int(size)), 200, _cached(_A_DAY), "image/png")


@router.get("/shopper/icon.svg", include_in_schema=False)
async def get_svg_icon(request: Request, app: AppQuery = None) -> Response:
    """The same for a browser's tab."""
    name, color = await _look_of(request, app)
    return Response(rules.icon_svg(rules.letter_of(name), color), 200, _cached(_A_DAY), "image/svg+xml")


def page_url(base_url: str, app_id: UUID) -> str:
    """The address of an app's page on the server at `base_url`."""
    return f"{base_url.rstrip('/')}/shopper/?{urlencode({'app': app_id})}"


async def _page_of(request: Request, app_id: UUID | None) -> tuple[App, str]:
    """The app whose page is meant, and who runs it. Which others there are is not told."""
    async with transaction(request.app.state.sessions, None) as session:  # cross-tenant: no credential names one yet
        found = await store.list_shopper_apps(session, app_id)
    if len(found) == 1:
        return found[0]
    if app_id is None and found:
        raise errors.NotFound("several apps have a page here: open the address with ?app= that your shop gave you")
    raise errors.NotFound("there is no shopper page here; an operator opens one with POST /v1/apps/{id}/shopper-page")


async def _look_of(request: Request, app_id: UUID | None) -> tuple[str, str]:
    """Name and colour for manifest and icon, which a browser asks for even where there is no page."""
    try:
        app, _ = await _page_of(request, app_id)
    except errors.NotFound:
        return rules.DEFAULT_NAME, rules.DEFAULT_COLOR
    return app.name, app.brand_color or rules.DEFAULT_COLOR


def _cached(value: str) -> Mapping[str, str]:
    return {"Cache-Control": value, "Content-Security-Policy": CSP}
