"""A server of its own in this process, over one fresh tenant: for pages that need no shoppers. Up in a second."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from playwright.async_api import Browser, Page

from geoengage.app import create_app
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Sessions, make_engine, make_sessions
from geoengage.kit.settings import Settings
from geoengage.tenancy import service as tenancy
from geoengage.tenancy.auth import COOKIE
from geoengage.tenancy.rules import NewOperator, Role
from tests.conftest import KEY
from tests.e2e.stack import free_port
from tests.factories import World, make_world
from tests.web.console import Watch

LAPTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@dataclass
class Site:
    """The server, its tenant, the cookie of an operator of each role, and its database."""

    url: str
    world: World
    cookies: dict[str, str]
    sessions: Sessions

    async def api(self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None) -> Any:
        """One call with the tenant's secret key; a refusal is an error here."""
        async with httpx.AsyncClient(base_url=self.url, timeout=60) as http:
            answer = await http.request(method, path, json=body, headers=headers or self.world.sk_headers)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def open(
        self,
        browser: Browser,
        path: str,
        role: str = "owner",
        *,
        is_phone: bool = False,
        watch: Watch | None = None,
        **context_over: Any,
    ) -> Page:
        """A page of the console, as somebody of that role sees it. `watch` hears what the browser complains of."""
        context = await browser.new_context(
            viewport=PHONE if is_phone else LAPTOP,  # type: ignore[arg-type]
            base_url=self.url,
            **context_over,
        )
        await context.add_cookies([{"name": COOKIE, "value": self.cookies[role], "url": self.url}])
        page = await context.new_page()
        if watch is not None:
            watch.attach(page)
        await page.goto(path)
        return page


@asynccontextmanager
async def serving(database_url: str, folder: Path, roles: Iterable[Role], **over: Any) -> AsyncIterator[Site]:
    """The server, until the block ends. `over`: of its settings."""
    engine, cookies = make_engine(database_url), {}
    sessions, port = make_sessions(engine), free_port()
    async with sessions() as session:
        world = await make_world(session)
        for role in roles:
            new = NewOperator(f"{role}@example.com", role.title(), role, "a long password for the test")
            made = await tenancy.create_operator(session, world.tenant_id, new, now=utc_now())
            cookies[role.value] = await tenancy.open_session(session, world.tenant_id, made.id, utc_now())
        await session.commit()
    app = create_app(Settings(data_dir=folder, secret_key=KEY, **over), database_url)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.05)
    try:
        yield Site(f"http://127.0.0.1:{port}", world, cookies, sessions)
    finally:
        server.should_exit = True
        await task
        await engine.dispose()
