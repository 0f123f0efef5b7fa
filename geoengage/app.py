"""Builds the HTTP application: lifespan, routers, error handlers, the OpenAPI, files of console and pages.

And runs it: in this process, or in several on one port, which know of each other through the database only.
"""

import ctypes
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import Receive, Scope, Send
from uvicorn.supervisors import Multiprocess, multiprocess

from geoengage.buzz.api import router as buzz
from geoengage.campaigns import by_reference
from geoengage.campaigns.api import router as campaigns
from geoengage.commerce.api import router as commerce
from geoengage.content.api import router as content
from geoengage.ingest import api as ingest
from geoengage.ingest.files.api import router as files
from geoengage.ingest.service import Speakers
from geoengage.kit import collector, doors, errors, health, log, openapi, partitions
from geoengage.kit.bodies import refuse_unstorable
from geoengage.kit.clock import utc_now
from geoengage.kit.commands import with_driver
from geoengage.kit.db import make_engine, make_sessions, transaction
from geoengage.kit.events import Bell
from geoengage.kit.http import Problem, install_error_handlers
from geoengage.kit.limits import RateLimit
from geoengage.kit.middleware import Outermost
from geoengage.kit.settings import Settings
from geoengage.kit.vapid import load_vapid_key, public_key_text
from geoengage.lifecycle.api import router as lifecycle
from geoengage.live.api import router as live
from geoengage.live.feed import Feeds
from geoengage.marketplace.api import router as marketplace
from geoengage.masters.api import router as masters
from geoengage.messaging.api import router as messaging
from geoengage.metrics.api import router as metrics
from geoengage.metrics.habits_api import router as habits
from geoengage.offers.api import router as offers
from geoengage.phones import api as phones
from geoengage.phones.lan import LanListener
from geoengage.presence import api as presence
from geoengage.presence.writer import PingWriter
from geoengage.privacy.api import router as privacy
from geoengage.profiles.api import router as profiles
from geoengage.profiles.consents_api import router as consents
from geoengage.proof.api import router as proof
from geoengage.recipes.api import router as recipes
from geoengage.recommendations.api import router as recommendations
from geoengage.reports.api import router as reports
from geoengage.segments.api import router as segments
from geoengage.shop.api import router as shop
from geoengage.simulation.api import router as simulation
from geoengage.tenancy.api import router as tenancy
from geoengage.tenancy.auth import KnownKeys, authenticate
from geoengage.tenancy.rules import PrincipalKind
from geoengage.timing.api import router as timing
from geoengage.venues.api import router as venues
from geoengage.webhooks.api import router as webhooks

PR_SET_PDEATHSIG = 1
HUNG_S = 60  # a process that says nothing for longer is replaced; building a large index may take some seconds
_UVICORN: dict[str, Any] = {
    "loop": "uvloop",
    "http": doors.DoorProtocol,
    "ws_per_message_deflate": False,  # the position frames are binary and do not shrink
    "access_log": False,  # it would hold query strings (?lon=&lat=)
    "server_header": False,
    "log_config": None,
    "timeout_graceful_shutdown": 2,  # live streams never end by themselves
}
LOGIN_PAGE = "/login"
PAGES = (
    "/",
    LOGIN_PAGE,
    "/overview",
    "/insights",
    "/map",
    "/stores",
    "/footfall",
    "/segments",
    "/campaigns",
    "/recipes",
    "/masters",
    "/replies",
    "/league",
    "/proof",
    "/offers",
    "/content",
    "/review",
    "/explain",
    "/messages",
    "/people",
    "/people/{profile_id}",
    "/orders",
    "/products",
    "/apps",
    "/webhooks",
    "/imports",
    "/privacy",
    "/audit",
)
_PACKAGED = Path(__file__).parent / "_web"
_CHECKOUT = Path(__file__).resolve().parents[1] / "web" / "dist"
DESCRIPTION = """Zones on a map, presence from pings, the right message at the right moment.

Credentials travel as `Authorization: Bearer …`: a publishable key (`pk_…`) registers devices and nothing else; the
device token that it returns sends that device's pings, consents and receipts; a secret key (`sk_…`) with scopes works
on a server; a write key (`wk_…`) sends events to Segment's tracking API, as user of HTTP Basic. Coordinates are lon,
lat degrees (WGS 84), times RFC 3339, errors RFC 9457 problem details with a stable
`type`. Lists answer `{"items": [...], "next": cursor | null}`; edits need `If-Match` with the `ETag` that you read."""


class Application(FastAPI):
    """Hands pings to `door` at once: the framework's own way in costs more than reading a ping."""

    door: presence.PingDoor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if presence.is_for_door(scope):
            scope["app"] = self
            await self.door(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings, database_url: str) -> FastAPI:
    """The application on a database that is already migrated."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        engine = make_engine(database_url, application_name="geoengage-api")
        app.state.sessions = make_sessions(engine)
        async with transaction(app.state.sessions, None) as session:
            await partitions.make_ahead(session, utc_now())
        async with app.state.bell.open(), app.state.feeds.open():
            yield {doors.STATE: app.door}
            await app.state.lan.close()
        await engine.dispose()

    app = Application(
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
    app.state.sealing_keys = settings.sealing_keys()
    app.state.vapid_public_key = public_key_text(load_vapid_key(settings))
    app.state.known_keys = KnownKeys(app.state.signing_key)
    app.state.login_limit = RateLimit(10, timedelta(minutes=5))
    app.state.event_limit = RateLimit(settings.events.requests_per_s, timedelta(seconds=1))
    app.state.pair_limit = phones.wrong_codes()
    app.state.lan = LanListener(app, settings.lan.host, settings.lan.port, is_alone=settings.processes == 1)
    app.state.till_limit = RateLimit(120, timedelta(minutes=1))
    app.state.till_misses = RateLimit(30, timedelta(minutes=10))
    app.state.provider_limit = RateLimit(10, timedelta(minutes=1))
    app.state.bell = Bell(database_url)
    app.state.ping_writer = PingWriter(lambda: app.state.sessions, app.state.bell, utc_now)
    app.state.speakers = Speakers()
    app.state.rewrite = by_reference.rewrite
    app.state.feeds = Feeds(lambda: app.state.sessions, app.state.bell)
    install_error_handlers(app)
    app.add_middleware(Outermost, images_from=settings.image_origins)
    outermost = Outermost(presence.refused, images_from=settings.image_origins)
    refuse = ServerErrorMiddleware(outermost, handler=app.exception_handlers[Exception])
    app.door = presence.PingDoor(
        app.state.known_keys, app.state.ping_writer, outermost.headers, outermost.count, refuse
    )
    for router in (
        tenancy,
        masters,
        marketplace,  # before venues: /v1/stores/league is no store's id
        venues,
        profiles,
        consents,
        presence.router,
        messaging,
        metrics,
        campaigns,
        offers,
        commerce,
        content,
        timing,
        segments,
        recommendations,
        habits,
        reports,
        lifecycle,
        proof,
        recipes,
        shop,
        live,
        phones.router,
        buzz,
        simulation,
        privacy,
        webhooks,
        health.router,
    ):
        app.include_router(router)
    app.include_router(ingest.router)
    app.include_router(files)
    app.router.routes.extend(ingest.routes)
    _serve_console(app, settings)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def run(settings: Settings, database_url: str) -> None:
    """Answer HTTP until SIGTERM or SIGINT, in `settings.processes` processes; one that dies is started again."""
    if settings.processes == 1:
        app = create_app(settings, database_url)
        collector.settle()
        uvicorn.run(app, host=settings.host, port=settings.port, **_UVICORN)
        return
    settings.signing_key()
    load_vapid_key(settings)  # keys that have to be made are made once, before anybody asks for them
    with tempfile.TemporaryDirectory(prefix="geoengage-metrics-") as folder:
        os.environ |= {
            "GEOENGAGE_DATABASE_URL": database_url,
            "GEOENGAGE_HOST": settings.host,
            "GEOENGAGE_PORT": str(settings.port),
            "GEOENGAGE_PROCESSES": str(settings.processes),
            "PROMETHEUS_MULTIPROC_DIR": folder,
        }
        config = uvicorn.Config(
            f"{__name__}:create_app_of_many",
            factory=True,
            workers=settings.processes,
            timeout_worker_healthcheck=HUNG_S,
            **_UVICORN,
        )
        try:
            _bind(settings.host, settings.port, shared=False).close()  # is it free? Sharing it would not ask
        except OSError as error:
            raise SystemExit(f"{settings.host}:{settings.port} cannot be opened: {error.strerror}") from error
        with _bind(settings.host, settings.port, shared=True) as kept:  # never listens: only nobody else gets the port
            port = _SharedPort(settings.host, kept.getsockname()[1])
            Multiprocess(config, sockets=[port]).run()  # type: ignore[list-item]


class Worker(multiprocess.Process):
    """One of several processes. Its death ends the wait for its sign of life, which would else last `HUNG_S`."""

    def start(self) -> None:
        super().start()
        self.child_conn.close()  # the child has its own; with this one open, the pipe of a dead child never ends


multiprocess.Process = Worker  # type: ignore[misc] # the name by which uvicorn makes them


class _SharedPort:
    """In each process that it is sent to, it becomes a socket of that process's own on the port.

    So the kernel spreads the connections. Of one socket that all inherit, whoever wakes first takes all that came.
    """

    def __init__(self, host: str, port: int) -> None:
        self._where = host, port

    def __reduce__(self) -> tuple[Callable[..., socket.socket], tuple[str, int, bool]]:
        return _bind, (*self._where, True)


def _bind(host: str, port: int, shared: bool) -> socket.socket:
    one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    one.bind((host, port))
    return one


def create_app_of_many() -> FastAPI:
    """The application in one of several processes, which ends when the one that started it does, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    settings = Settings()
    log.configure(as_json=settings.log_json)
    app = create_app(settings, with_driver(settings.database_url or ""))
    collector.settle()
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
    images_from = " ".join(settings.picture_origins)
    app.mount("/shop", phones.shopper.files(folder / "shop", images_from=images_from), name="shop")
    app.mount("/till", phones.shopper.files(folder / "till"), name="till")
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
        document["components"].setdefault("securitySchemes", {})["WriteKey"] = {"type": "http", "scheme": "basic"}
        app.openapi_schema = openapi.complete(document)
    return app.openapi_schema
