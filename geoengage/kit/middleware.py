"""Pure ASGI middleware: security headers, a limit on bodies, one log line a request, and the bell after writes.

Starlette's BaseHTTPMiddleware is avoided: it costs a task a request and breaks streaming.
"""

import re
import time

from prometheus_client import Counter
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geoengage.kit import log

logger = log.get("http")
REQUESTS = Counter("geoengage_http_requests_total", "Requests by method and status.", ["method", "status"])
MAX_BODY_BYTES = 5_000_000  # of everything that `_LARGER` does not name
_LARGER = (
    (re.compile(r"/v1/imports/data"), 500_000_000),  # a file of orders, compressed or not; never held in memory
    (re.compile(r"/v1/imports/venue"), 50_000_000),  # an archive of a whole mall
    (re.compile(r"/v1/lists/[^/]+/file"), 25_000_000),  # half a million ids
    (re.compile(r"/v1/imports/stores|/v1/malls/[^/]+/levels/[^/]+/plan"), 12_000_000),  # a table, a picture
)
CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:{images};"
    " worker-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
_DOCS = "/docs"  # FastAPI's page loads its scripts from elsewhere; it gets a CSP of its own
_SAFE = {"GET", "HEAD", "OPTIONS"}
_RINGS_ITSELF = {"/v1/pings"}  # most pings publish nothing, and each ring wakes every process
_TOO_LARGE = '{"type":"/problems/too-large","title":"The request is too large","status":413,"detail":"%s"}'


class Outermost:
    """Wraps the whole application; see the module's text. Pages may show pictures of `images_from` (origins) too."""

    def __init__(self, app: ASGIApp, images_from: str | None = None) -> None:
        self._app = app
        csp = CSP.format(images=f" {images_from}" if images_from else "")
        self.headers = [(b"content-security-policy", csp.encode()), *_HEADERS]
        self._counters: dict[tuple[str, int], Counter] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(h for h in self.headers if h[0] not in present)]
            await send(message)

        limit = max_body_bytes(scope["path"])
        if _declared_size(scope) > limit:
            await _refuse(send_with_headers, limit)
        else:
            await self._app(scope, _limited(receive, limit), send_with_headers)
        if scope["method"] not in _SAFE and status < 400 and scope["path"] not in _RINGS_ITSELF:
            scope["app"].state.bell.ring()
        self.count(scope["method"], status)
        if status >= 500 or not scope["path"].startswith(("/v1/pings", "/ui/", "/healthz", "/readyz")):
            path, took = log.shown_path(scope["path"]), round((time.perf_counter() - started) * 1000, 1)
            logger.info("request", method=scope["method"], path=path, status=status, ms=took)

    def count(self, method: str, status: int) -> None:
        """Count an answer."""
        counter = self._counters.get((method, status))
        if counter is None:  # looking up labels costs more than counting
            counter = self._counters[method, status] = REQUESTS.labels(method, status)
        counter.inc()


def max_body_bytes(path: str) -> int:
    """How large a body this path takes."""
    return next((limit for pattern, limit in _LARGER if pattern.fullmatch(path)), MAX_BODY_BYTES)


def _declared_size(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _limited(receive: Receive, limit: int) -> Receive:
    """Counts the body as it comes, since a chunked one declares no size."""
    seen = 0

    async def read() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            # The one kind of exception that FastAPI lets pass while it reads a body.
            raise HTTPException(413, _too_large(limit))
        return message

    return read


def _too_large(limit: int) -> str:
    return f"send at most {limit} bytes at a time"


async def _refuse(send: Send, limit: int) -> None:
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": (_TOO_LARGE % _too_large(limit)).encode()})
