"""Segment's HTTP tracking API: bare routes under the paths of its servers, browsers and phones.

Its clients drop a whole batch at any 4xx but 408, 410 and 429, and at 501 and 505; they send again at 429 and every
other 5xx. So an event that is wrong is answered 200 and listed (`/v1/event-rejections`); 400 is for what can never be
read, 401 for a key that is certainly wrong, 429 and 503 for "later". Answered when all is stored.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from geoengage.ingest import service
from geoengage.ingest.rules import segment
from geoengage.ingest.rules.packed import BadlyPacked, TooMuch, unpack
from geoengage.ingest.rules.segment import EventKind, Malformed, SegmentReading
from geoengage.kit import errors, log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import is_passing, transaction
from geoengage.kit.http import STATUS
from geoengage.tenancy.rules import KeyKind, ParsedKey, Writes, parse_key
from geoengage.tenancy.store import find_key_principal

RETRY_S = 5
# Any page may send events: what a browser's key can do, everybody may do.
_CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After, X-RateLimit-Reset"}
_PREFLIGHT = _CORS | {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Encoding, Content-Type, X-Retry-Count",
    "Access-Control-Max-Age": "86400",
}
Handler = Callable[[Request], Awaitable[Response]]
logger = log.get("ingest")


class BadRequest(errors.Invalid):
    """What can never be read. Segment says 400, and its clients know no 422."""

    code = "bad-request"
    title = "The request cannot be read"


def _answered(handler: Handler) -> Handler:
    """The handler, with errors as these clients understand them: readable by pages, and never "this is our bug"."""

    async def answer(request: Request) -> Response:
        try:
            response = await handler(request)
        except errors.AppError as error:
            response = _problem(request, error)
        except HTTPException as error:  # a body larger than any path takes
            response = _problem(request, BadRequest(str(error.detail)))
        except ClientDisconnect:
            response = _problem(request, errors.Unavailable("the connection ended before the body did"))
        except Exception as error:
            if not is_passing(error):
                logger.error("bug", path=log.shown_path(request.url.path), exc_info=error)
            response = _problem(request, errors.Unavailable("this could not be stored now; send it again"))
        response.headers.update(_CORS)
        return response

    return answer


def _problem(request: Request, error: errors.AppError) -> Response:
    """A problem with `message` besides, which the Python client reads."""
    status = 400 if isinstance(error, BadRequest) else STATUS[next(k for k in type(error).__mro__ if k in STATUS)]
    headers = {}
    if status in (429, 503):
        wait_s = str(error.extra.get("retry_after_s", RETRY_S))
        headers = {"Retry-After": wait_s, "X-RateLimit-Reset": wait_s}
    body = {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": status,
        "detail": error.detail,
        "instance": log.shown_path(request.url.path),
        "success": False,
        "code": error.code,
        "message": error.detail,
    }
    return JSONResponse(body, status, headers, "application/problem+json")


async def post_batch(request: Request) -> Response:
    """Many events at once."""
    body = await _body(request, segment.MAX_BATCH_BYTES)
    return await _take(request, lambda key: segment.read_batch(body, utc_now(), key))


def _post_one(kind: EventKind) -> Handler:
    async def post(request: Request) -> Response:
        body = await _body(request, segment.MAX_EVENT_BYTES)
        return await _take(request, lambda key: segment.read_single(body, kind, utc_now(), key))

    return post


async def _body(request: Request, limit: int) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise BadRequest(f"send at most {limit:,} bytes at a time")
    try:
        return unpack(body, limit)
    except TooMuch as error:
        raise BadRequest(f"send at most {limit:,} bytes at a time, unpacked too") from error
    except BadlyPacked as error:
        raise BadRequest(str(error)) from error


async def _take(request: Request, read: Callable[[str | None], SegmentReading]) -> Response:
    try:
        reading = read(_header_key(request))
    except Malformed as error:
        raise BadRequest(str(error)) from error
    key = _write_key(reading.write_key)
    request.app.state.event_limit.spend(key.secret_hash, utc_now())
    await service.record_events(request.app.state.sessions, key, reading, utc_now())
    return JSONResponse({"success": True})


def _header_key(request: Request) -> str | None:
    """The write key that a header holds: as user of HTTP Basic without a password, or as bearer."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[0] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _write_key(text: str | None) -> ParsedKey:
    key = parse_key(text or "")
    if key is None or key.kind is not KeyKind.WRITE:
        raise errors.Unauthenticated("send a write key (wk_…) by HTTP Basic, in the body, or in each message")
    return key


async def ignore_metrics(_request: Request) -> Response:
    """What the browser's client counts about itself."""
    return JSONResponse({"success": True})


async def get_settings(request: Request) -> Response:
    """What clients of pages and phones load before they send anything: where to send it."""
    text = request.path_params["write_key"]
    key = parse_key(text)
    if key is None or key.kind is not KeyKind.WRITE:
        raise errors.NotFound("there is no such write key")
    async with transaction(request.app.state.sessions, key.tenant_id) as session:
        principal = await find_key_principal(session, key.tenant_id, key)
    if principal is None:
        raise errors.NotFound("there is no such write key")
    if principal.writes is not Writes.BROWSER:
        raise errors.Forbidden("this write key is a server's: keep it there, and make one for browsers")
    base = urlsplit(request.app.state.settings.public_url or str(request.base_url))
    integration = {"apiKey": text, "apiHost": f"{base.netloc}{base.path.rstrip('/')}/v1", "protocol": base.scheme}
    answer: dict[str, Any] = {"integrations": {"Segment.io": integration}, "plan": {}, "edgeFunction": {}}
    return JSONResponse(answer, headers={"Cache-Control": "public, max-age=300"})


async def preflight(_request: Request) -> Response:
    """A browser asks whether it may send JSON."""
    return Response(status_code=204, headers=_PREFLIGHT)


SINGLE = {kind: (f"/v1/{kind}", f"/v1/{kind[0]}") for kind in EventKind}  # of servers, and of browsers
BATCH = ("/v1/batch", "/v1/b")
METRICS = "/v1/m"
SETTINGS = "/v1/projects/{write_key}/settings"
_HANDLERS: dict[str, Handler] = {path: _post_one(kind) for kind, paths in SINGLE.items() for path in paths}
_HANDLERS |= dict.fromkeys(BATCH, post_batch) | {METRICS: ignore_metrics}
routes = [
    *(Route(path, _answered(handler), methods=["POST"]) for path, handler in _HANDLERS.items()),
    Route(SETTINGS, _answered(get_settings), methods=["GET"]),
    *(Route(path, preflight, methods=["OPTIONS"]) for path in (*_HANDLERS, SETTINGS)),
]
