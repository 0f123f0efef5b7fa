"""Builds the HTTP application: lifespan, routers, error handlers, the console's files."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from geoengage.kit import log
from geoengage.kit.db import make_engine, make_sessions
from geoengage.kit.events import Bell
from geoengage.kit.http import install_error_handlers
from geoengage.kit.settings import Settings


def create_app(settings: Settings, database_url: str) -> FastAPI:
    """The application on a database that is already migrated."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = make_engine(database_url, application_name="geoengage-api")
        app.state.sessions = make_sessions(engine)
        bell = Bell(database_url)
        app.state.bell = bell
        async with bell.open():
            yield
        await engine.dispose()

    app = FastAPI(title="geoengage", version="0.1.0", lifespan=lifespan, docs_url="/docs", redoc_url=None)
    app.state.settings = settings
    app.state.signing_key = settings.signing_key()
    install_error_handlers(app)
    return app


logger = log.get("app")
