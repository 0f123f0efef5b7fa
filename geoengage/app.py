"""Builds the HTTP application: lifespan, routers, error handlers, the OpenAPI, files of console and shopper page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from geoengage.campaigns.api import router as campaigns
from geoengage.ingest import api as ingest
from geoengage.ingest.service import Speakers
from geoengage.kit import errors, health, openapi, partitions
from geoengage.kit.bodies import refuse_unstorable
from geoengage.kit.clock import utc_now
from geoengage.kit.db import make_engine, make_sessions, transaction
from geoengage.kit.events import Bell
from geoengage.kit.http import Problem, install_error_handlers
from geoengage.kit.limits import RateLimit
from geoengage.kit.middleware import Outermost
from geoengage.kit.settings import Settings
from geoengage.kit.vapid import load_vapid_key, public_key_text
from geoengage.live.api import router as live
from geoengage.live.feed import Feeds
from geoengage.messaging.api import router as messaging
from geoengage.phones import api as phones
from geoengage.phones.lan import LanListener
from geoengage.presence import api as presence
from geoengage.presence.writer import PingWriter
from geoengage.privacy.api import router as privacy
from geoengage.profiles.api import router as profiles
from geoengage.reports.api import router as reports
from geoengage.simulation.api import router as simulation
from geoengage.tenancy.api import router as tenancy
from geoengage.tenancy.auth import authenticate
from geoengage.tenancy.rules import PrincipalKind
from geoengage.venues.api import router as venues
from geoengage.webhooks.api import router as webhooks

LOGIN_PAGE = "/login"
PAGES = (
    "/",
    LOGIN_PAGE,
    "/map",
    "/stores",
    "/footfall",
    "/campaigns",
    "/review",
    "/explain",
    "/messages",
    "/apps",
    "/webhooks",
)
_PACKAGED = Path(__file__).parent / "_web"
_CHECKOUT = Path(__file__).resolve().parents[1] / "web" / "dist"
DESCRIPTION = """Zones on a map, presence from pings, the right message at the right moment.

Credentials travel as `Authorization: Bearer …`: a publishable key (`pk_…`) registers devices and nothing else; the
device token that it returns sends that device's pings, consents and receipts; a secret key (`sk_…`) with scopes works
on a server. Coordinates are lon, lat degrees (WGS 84), times RFC 3339, errors RFC 9457 problem details with a stable
`type`. Lists answer `{"items": [...], "next": cursor | null}`; edits need `If-Match` with the `ETag` that you read."""


def create_app(settings: Settings, database_url: str) -> FastAPI:
    """The application on a database that is already migrated."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = make_engine(database_url, application_name="geoengage-api")
        app.state.sessions = make_sessions(engine)
        async with transaction(app.state.sessions, None) as session:
            await partitions.make_ahead(session, utc_now())
        async with app.state.bell.open(), app.state.feeds.open():
            yield
            await app.state.lan.close()
        await engine.dispose()

    app = FastAPI(
        title="geoengage",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url="/docs",
        redoc_url=None,
        dependencies=[Depends(refuse_unstorable)],
        generate_unique_id_function=lambda route: route.name,  # the names of generated clients' functions
    )
    app.state.settings = settings
    app.state.signing_key = settings.signing_key()
    app.state.vapid_public_key = public_key_text(load_vapid_key(settings))
    app.state.login_limit = RateLimit(10, timedelta(minutes=5))
    app.state.pair_limit = phones.wrong_codes()
    app.state.lan = LanListener(app, settings.lan.host, settings.lan.port)
    app.state.provider_limit = RateLimit(10, timedelta(minutes=1))
    app.state.bell = Bell(database_url)
    app.state.ping_writer = PingWriter(lambda: app.state.sessions, app.state.bell, utc_now)
    app.state.speakers = Speakers()
    app.state.feeds = Feeds(lambda: app.state.sessions, app.state.bell)
    install_error_handlers(app)
    app.add_middleware(Outermost, images_from=settings.tiles_origin)
    for router in (
        tenancy,
        venues,
        profiles,
        presence.router,
        messaging,
        campaigns,
        reports,
        live,
        phones.router,
        simulation,
        privacy,
        webhooks,
        health.router,
    ):
        app.include_router(router)
    app.include_router(ingest.router)
    app.router.routes.insert(0, presence.pings_route)  # the hot path: nothing is matched before it
    app.router.routes.extend(ingest.routes)
    _serve_console(app, settings)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _serve_console(app: FastAPI, settings: Settings) -> None:
    """The console's pages and assets, or the command that builds them."""
    folder = settings.web_dir or (_PACKAGED if _PACKAGED.exists() else _CHECKOUT)
    app.state.report_assets = folder / "report"
    app.state.print_fonts = folder / "fonts"

    async def page(request: Request) -> Response:
        if not (folder / "index.html").exists():
            return PlainTextResponse("The console is not built. Run: make web\n", 503)
        if request.url.path != LOGIN_PAGE and not await _is_logged_in(request):
            here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"{LOGIN_PAGE}?{urlencode({'next': here})}" if here != "/" else LOGIN_PAGE, 303)
        return FileResponse(folder / "index.html", headers={"Cache-Control": "no-cache"})

    for path in PAGES:
        app.add_route(path, page, include_in_schema=False)
    app.mount("/shopper", phones.shopper.files(folder / "shopper"), name="shopper")
    app.mount("/ui", StaticFiles(directory=folder, check_dir=False), name="ui")


async def _is_logged_in(request: Request) -> bool:
    try:
        return (await authenticate(request)).kind is PrincipalKind.OPERATOR
    except errors.AppError:
        return False


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document plus the bare ping route, completed; made once."""
    if not app.openapi_schema:
        document = FastAPI.openapi(app)
        path, schemas = presence.pings_openapi()
        document["paths"] |= {"/v1/pings": path} | ingest.openapi_paths()
        components = document.setdefault("components", {}).setdefault("schemas", {})
        components |= schemas
        components.setdefault("Problem", Problem.model_json_schema())
        app.openapi_schema = openapi.complete(document)
    return app.openapi_schema
