"""A Shopify shop's Admin API on a local port: orders by `updated_at`, paged by Link header, with 429 and errors.

It checks the access token and the query as Shopify does: a page after the first takes `limit` and `page_info` only.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web

TOKEN = "shpat_0123456789abcdef"


@dataclass
class ShopifyServer:
    """`orders`: of the shop. `script`: what becomes of the next requests: a status, or None for a true answer."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    script: list[int | None] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    page: int = 2  # orders
    body: bytes | None = None  # answered instead of a page
    url: str = ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["ShopifyServer"]:
        """Serve on 127.0.0.1 while the block lasts."""
        app = web.Application()
        app.router.add_get("/admin/api/{version}/orders.json", self._orders)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _orders(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.asked.append(query)
        if self.script and (status := self.script.pop(0)) is not None:
            return web.Response(status=status, headers={"Retry-After": "2.0"} if status == 429 else {}, text="no")
        if request.headers.get("X-Shopify-Access-Token") != TOKEN:
            return web.json_response({"errors": "[API] Invalid API key or access token"}, status=401)
        if self.body is not None:
            return web.Response(body=self.body)
        if "page_info" in query:
            if set(query) != {"page_info", "limit"}:
                return web.json_response({"errors": "page_info takes limit and fields only"}, status=400)
            since, _, start = query["page_info"].partition("|")
        else:
            since, start = query["updated_at_min"], "0"
        found = [o for o in self.orders if _time(o["updated_at"]) >= _time(since)]
        found.sort(key=lambda o: _time(o["updated_at"]))
        first = int(start)
        headers = {}
        if first + self.page < len(found):
            url = request.url.with_query({"limit": query["limit"], "page_info": f"{since}|{first + self.page}"})
            headers["Link"] = f'<https://elsewhere.example{url.raw_path_qs}>; rel="next"'
        return web.json_response({"orders": found[first : first + self.page]}, headers=headers)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
