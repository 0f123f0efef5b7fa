"""HTTP conventions shared by all routes: problem+json, transactions, paging, ETags, idempotent creation.

A domain's `api.py` imports from here and never builds a response for an error itself.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy import Text, text
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException

from geoengage.kit import errors, log
from geoengage.kit.clock import utc_now
from geoengage.kit.db import RETRY_SQLSTATES, Base, Mapped, Session, TenantRow, mapped_column, transaction
from geoengage.kit.ids import derived_id, new_id

STATUS: dict[type[errors.AppError], int] = {
    errors.Invalid: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Gone: 410,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.PreconditionRequired: 428,
    errors.TooLarge: 413,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}
UNREADABLE = {"pointer": "#", "in": "body", "detail": "not JSON in UTF-8, or nested too deeply"}
logger = log.get("http")
T = TypeVar("T")


class Problem(BaseModel):
    """An error as RFC 9457 describes it."""

    type: str = Field(description="Stable path that names the kind of error; match on this.")
    title: str = Field(description="The kind of error in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong here and what to do.")
    instance: str = Field(description="The path of the request.")
    errors: list[dict[str, Any]] | None = Field(
        default=None,
        description="Per field: `pointer` (JSON pointer), `in` (body, query, path, header), `detail`.",
    )


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": description, "content": {"application/problem+json": {}}}
    for status, description in {
        401: "No valid credential.",
        403: "The credential may not do this.",
        404: "No such thing in this tenant.",
        422: "The request is not valid; `errors` names each field.",
    }.items()
}
CONFLICT: dict[int | str, dict[str, Any]] = {409: {"model": Problem, "description": "Its state does not allow this."}}
EDIT: dict[int | str, dict[str, Any]] = {
    412: {"model": Problem, "description": "If-Match names an older version: somebody else changed it."},
    428: {"model": Problem, "description": "If-Match is missing."},
}


def problem(request: Request, status: int, code: str, title: str, detail: str, **extra: Any) -> JSONResponse:
    """A problem+json response."""
    body = {"type": f"/problems/{code}", "title": title, "status": status, "detail": detail}
    body |= {"instance": request.url.path} | extra
    headers = {}
    if status in (429, 503):
        headers["Retry-After"] = str(extra.get("retry_after_s", 1))
    if "window_s" in extra:  # draft-ietf-httpapi-ratelimit-headers
        headers["RateLimit-Policy"] = f'"default";q={extra["limit"]};w={extra["window_s"]}'
        headers["RateLimit"] = f'"default";r=0;t={extra["retry_after_s"]}'
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(json.loads(json.dumps(body, default=str)), status, headers, "application/problem+json")


async def _app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.AppError)  # noqa: S101 - registered for this class only
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    logger.info("refused", path=log.shown_path(request.url.path), status=status, code=error.code)
    return problem(request, status, error.code, error.title, error.detail, **error.extra)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    items = []
    for e in error.errors():
        where, *path = e["loc"] or ("body",)
        pointer = "#" + "".join(f"/{p}" for p in path) if where == "body" else str(path[0] if path else where)
        items.append({"pointer": pointer, "in": where, "detail": e["msg"]})
    detail = "; ".join(f"{i['pointer']}: {i['detail']}" for i in items[:5])
    return problem(request, 422, "invalid-request", errors.Invalid.title, detail, errors=items)


async def _data_error(request: Request, error: Exception) -> Response:
    """What passes a shape and still cannot be stored: U+0000 in a text, a number beyond its column."""
    logger.info("refused", path=log.shown_path(request.url.path), status=422, code="invalid-request")
    detail = "a text holds U+0000, or a number is out of range"
    return problem(request, 422, "invalid-request", errors.Invalid.title, detail)


async def _database_error(request: Request, error: Exception) -> Response:
    """Two that lock the same rows crosswise, or one that holds them long, are no bug."""
    if getattr(getattr(error, "orig", None), "sqlstate", None) not in RETRY_SQLSTATES:
        return await _internal_error(request, error)
    return await _app_error(request, errors.Busy("somebody else is changing the same things; send the request again"))


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    if error.status_code == 400:  # FastAPI's word for bytes that are no JSON at all; anything else wrong is our 422
        return await _app_error(request, errors.ItemErrors([UNREADABLE]))
    if error.status_code == 413:  # from the middleware, which counts what has no Content-Length
        return await _app_error(request, errors.TooLarge(str(error.detail)))
    code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "http-error")
    response = problem(request, error.status_code, code, str(error.detail), str(error.detail))
    response.headers.update(error.headers or {})
    return response


async def _internal_error(request: Request, error: Exception) -> Response:
    logger.error("bug", path=log.shown_path(request.url.path), exc_info=error)
    return problem(request, 500, "internal", "Internal error", "This is our fault and has been logged.")


def install_error_handlers(app: FastAPI) -> None:
    """Register the handlers: expected errors, validation, what the database cannot store, framework, bugs."""
    app.add_exception_handler(errors.AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(DataError, _data_error)
    app.add_exception_handler(OperationalError, _database_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(Exception, _internal_error)


async def error_response(request: Request, error: Exception) -> Response:
    """What the application's handlers answer to an error, for who answers before it; bugs are raised again."""
    handlers = request.app.exception_handlers
    kind = next(k for k in type(error).__mro__ if k in handlers)
    if kind is Exception:
        raise error
    response: Response = await handlers[kind](request, error)
    return response


# --- dependencies -----------------------------------------------------------------------------------------------


async def _tx(request: Request) -> AsyncIterator[Session]:
    async with transaction(request.app.state.sessions, request.state.principal.tenant_id) as session:
        yield session
        note = getattr(request.state, "note_at_end", None)  # what the caller's kind of request leaves, if it succeeded
        if note is not None:
            await note(session)


async def _now(request: Request) -> datetime:
    clock = getattr(request.app.state, "clock", utc_now)
    moment: datetime = clock()
    return moment


# "function": the commit comes BEFORE the response is sent. Declare the principal before it: it names the tenant.
Tx = Annotated[Session, Depends(_tx, scope="function")]
Now = Annotated[datetime, Depends(_now)]


@dataclass(frozen=True, slots=True)
class Page:
    """What a list request asks for: rows with an id above `after`, `limit` at most."""

    limit: int
    after: UUID | None

    def cut(self, rows: Sequence[T], key: Any) -> tuple[list[T], str | None]:
        """The page out of up to `limit + 1` rows, and the cursor of the next one (None at the end)."""
        if len(rows) <= self.limit:
            return list(rows), None
        last = key(rows[self.limit - 1])
        return list(rows[: self.limit]), base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")


async def _page(
    limit: Annotated[int, Query(ge=1, le=500, description="Most items in the answer.")] = 100,
    cursor: Annotated[str | None, Query(max_length=64, description="`next` of the page before.")] = None,
) -> Page:
    after = None
    if cursor:
        try:
            after = UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))
        except (ValueError, binascii.Error) as error:
            raise errors.Invalid("cursor: take the `next` of the page before, unchanged") from error
    return Page(limit, after)


Paging = Annotated[Page, Depends(_page)]


def etag(version: int) -> str:
    """The strong ETag of a row's version."""
    return f'"v{version}"'


async def _if_match(
    if_match: Annotated[str | None, Header(description="ETag of the version you saw.")] = None,
) -> int:
    if if_match is None:
        raise errors.PreconditionRequired('send If-Match with the ETag you got, e.g. If-Match: "v3"')
    value = if_match.strip().removeprefix("W/").strip('"')
    if not value.startswith("v") or not value[1:].isdecimal() or len(value) > 10:
        raise errors.PreconditionFailed("If-Match is not one of our ETags; read the resource again")
    return int(value[1:])


async def _if_match_or_none(
    if_match: Annotated[
        str | None, Header(description="ETag of the version you saw; left out, whatever is current.")
    ] = None,
) -> int | None:
    return None if if_match is None else await _if_match(if_match)


IfMatch = Annotated[int, Depends(_if_match)]
OptionalIfMatch = Annotated[int | None, Depends(_if_match_or_none)]


def check_version(current: int, wanted: int) -> None:
    """Raise PreconditionFailed unless the caller saw the current version."""
    if current != wanted:
        raise errors.PreconditionFailed(
            "somebody else changed it since you read it; read it again and repeat your edit",
            current_version=current,
        )


# --- idempotent creation ----------------------------------------------------------------------------------------


class IdempotencyKey(TenantRow, Base):
    """An Idempotency-Key that was used, with what came with it."""

    __tablename__ = "idempotency_key"
    resource_id: Mapped[UUID] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)


class KeyReused(errors.Invalid):
    """The same Idempotency-Key came with another request."""

    code = "idempotency-key-reused"
    title = "Idempotency-Key was used for another request"


@dataclass(frozen=True, slots=True)
class Creation:
    """The id of what a POST creates. `replayed`: an earlier call with the same key made it already; return that."""

    id: UUID
    replayed: bool


async def _creation(
    request: Request,
    tx: Tx,
    now: Now,
    idempotency_key: Annotated[
        str | None,
        Header(max_length=255, description="Repeat a create safely: same key, same object (24 h)."),
    ] = None,
) -> Creation:
    if idempotency_key is None:
        return Creation(new_id(), replayed=False)
    principal = request.state.principal
    # The id is derived from the key, so two concurrent calls meet at the primary key and one waits for the other.
    id_ = derived_id(principal.tenant_id, principal.id, request.url.path, idempotency_key.strip('"'))
    fingerprint = hashlib.sha256(await request.body()).hexdigest()
    inserted = await tx.execute(
        text(
            "INSERT INTO idempotency_key (tenant_id, resource_id, fingerprint, created_at)"
            " VALUES (:tenant_id, :id, :fingerprint, :now) ON CONFLICT DO NOTHING RETURNING resource_id"
        ),
        {"tenant_id": principal.tenant_id, "id": id_, "fingerprint": fingerprint, "now": now},
    )
    if inserted.scalar() is not None:
        return Creation(id_, replayed=False)
    seen = await tx.execute(
        text("SELECT fingerprint FROM idempotency_key WHERE tenant_id = :tenant_id AND resource_id = :id"),
        {"tenant_id": principal.tenant_id, "id": id_},
    )
    if seen.scalar() != fingerprint:
        raise KeyReused("take a new Idempotency-Key for another request body")
    return Creation(id_, replayed=True)


NewId = Annotated[Creation, Depends(_creation)]


async def delete_old_idempotency_keys(session: Session, before: datetime) -> None:
    """Forget keys after their promised time (cross-tenant: retention)."""
    await session.execute(text("DELETE FROM idempotency_key WHERE created_at < :before"), {"before": before})


def merge_patch(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396: objects merge, null deletes, everything else replaces."""
    result = dict(target)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            old = result.get(key)
            result[key] = merge_patch(old if isinstance(old, dict) else {}, value)
        else:
            result[key] = value
    return result
