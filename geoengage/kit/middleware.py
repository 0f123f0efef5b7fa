"""Pure ASGI middleware: security headers, a limit on bodies, one log line a request, and the bell after writes.

Starlette's BaseHTTPMiddleware is avoided: it costs a task a request and breaks streaming.
"""

import time

from prometheus_client import Counter
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geoengage.kit import log

logger = log.get("http")
REQUESTS = Counter("geoengage_http_requests_total", "Requests by method and status.", ["method", "status"])
MAX_BODY_BYTES = 5_000_000
CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    " worker-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
_DOCS = "/docs"  # FastAPI's page loads its scripts from elsewhere; it gets a CSP of its own
_SAFE = {"GET", "HEAD", "OPTIONS"}
_TOO_LARGE = (
    b'{"type":"/problems/too-large","title":"The request is too large","status":413,'
    b'"detail":"send at most 5000000 bytes at a time"}'
)


class Outermost:
    """Wraps the whole application; see the module's text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

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
                message["headers"] = [*message["headers"], *(h for h in _HEADERS if h[0] not in present)]
            await send(message)

        if _declared_size(scope) > MAX_BODY_BYTES:
            await _refuse(send_with_headers)
        else:
            await self._app(scope, _limited(receive), send_with_headers)
        if scope["method"] not in _SAFE and status < 400:
            scope["app"].state.bell.ring()
        REQUESTS.labels(scope["method"], status).inc()
        if status >= 500 or not scope["path"].startswith(("/v1/pings", "/ui/", "/healthz", "/readyz")):
            path, took = log.shown_path(scope["path"]), round((time.perf_counter() - started) * 1000, 1)
            logger.info("request", method=scope["method"], path=path, status=status, ms=took)


def _declared_size(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _limited(receive: Receive) -> Receive:
    """Counts the body as it comes, since a chunked one declares no size."""
    seen = 0

    async def read() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY_BYTES:
            # The one kind of exception that FastAPI lets pass while it reads a body.
            raise HTTPException(413, f"send at most {MAX_BODY_BYTES} bytes at a time")
        return message

    return read


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": _TOO_LARGE})
