"""Pings in: a bare route, msgspec, grouped.

`POST /v1/pings` is no FastAPI route: models, dependencies and routing cost more than the work. `PingDoor` answers it in
the application's place; it reads the body with msgspec, checks the device token by its signature without SQL, and
waits for its group's commit. Its entry in the OpenAPI is made from the same structs.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from geoengage.kit import doors, errors, http
from geoengage.kit.clock import utc_now
from geoengage.kit.ids import TenantId
from geoengage.presence.rules.fixes import PingIn, UncheckedPing, are_sound, check_year
from geoengage.presence.service import Batch
from geoengage.presence.writer import PingWriter
from geoengage.tenancy import rules as tenancy
from geoengage.tenancy.auth import KnownKeys
from geoengage.tenancy.rules import Principal, PrincipalKind

PATH = "/v1/pings"
MAX_PINGS = 1_000
MAX_BODY_BYTES = 2_000_000

SentAt = Annotated[datetime, msgspec.Meta(tz=True, description="The phone's clock when it sent this.")] | None


class PingsIn(msgspec.Struct, frozen=True, kw_only=True):
    """The body of POST /v1/pings."""

    pings: Annotated[
        list[PingIn], msgspec.Meta(min_length=1, max_length=MAX_PINGS, description="Positions, in any order.")
    ]
    sent_at: SentAt = None

    def __post_init__(self) -> None:
        """Refuse a clock that cannot be reckoned with."""
        if self.sent_at is not None:
            check_year("sent_at", self.sent_at)


class _LoosePings(PingsIn, frozen=True, kw_only=True):
    pings: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1, max_length=MAX_PINGS)]  # type: ignore[assignment]


class _FastPings(PingsIn, frozen=True, kw_only=True):
    pings: Annotated[list[UncheckedPing], msgspec.Meta(min_length=1, max_length=MAX_PINGS)]  # type: ignore[assignment]


class RejectedPing(msgspec.Struct, frozen=True):
    """A ping that was not taken, by its index in the request."""

    index: Annotated[int, msgspec.Meta(description="Which ping of the request, from 0.")]
    reason: Annotated[str, msgspec.Meta(description="From a closed list; `invalid: …` names the field.")]


class PingsOut(msgspec.Struct, frozen=True):
    """What became of the pings of one request."""

    accepted: Annotated[int, msgspec.Meta(description="Stored.")]
    duplicates: Annotated[int, msgspec.Meta(description="Already known by (device, at).")]
    rejected: Annotated[list[RejectedPing], msgspec.Meta(description="The others, each with its reason.")]


_fast = msgspec.json.Decoder(_FastPings)
_loose = msgspec.json.Decoder(_LoosePings)
_one = msgspec.json.Decoder(PingIn)
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # the last one: nested too deeply
_encoder = msgspec.json.Encoder()
_ONE_TAKEN = _encoder.encode(PingsOut(1, 0, []))  # nearly every answer
_REFUSED_BY = "geoengage.refused_by"


def is_for_door(scope: Scope) -> bool:
    """Whether a request is the door's."""
    return (scope["type"], scope.get("path"), scope.get("method")) == ("http", PATH, "POST")


class PingDoor:
    """The application that answers `POST /v1/pings`, and nothing else.

    What it takes in it answers by itself, with `headers`, and says so to `count`; what it refuses is answered by
    `refuse` (`refused` in the middleware of everything else). Under our own server most requests come by `take`, which
    costs a fraction (`kit/doors.py`); the rest, and those of other servers, are calls.
    """

    path, method = PATH, "POST"

    def __init__(
        self,
        keys: KnownKeys,
        writer: PingWriter,
        headers: Sequence[tuple[bytes, bytes]],
        count: Callable[[str, int], None],
        refuse: ASGIApp,
    ) -> None:
        self._keys, self._writer = keys, writer
        self.headers = headers
        self._count, self._refuse = count, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            if _REFUSED_BY in scope:
                raise scope[_REFUSED_BY]
            tenant_id, batch = await self._read(scope, receive)
            await self._writer.submit(tenant_id, batch)
            body = self._answer(batch)
        except Exception as error:
            scope[_REFUSED_BY] = error
            await self._refuse(scope, receive, send)
            return
        size = (b"content-length", b"%d" % len(body))
        head = [(b"content-type", b"application/json"), *self.headers, size]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})

    def take(self, headers: doors.Headers, body: bytes, answer: doors.Answer) -> bool:
        """The same without waiting, for senders whose credential is known; what is wrong is found by a call again."""
        try:
            principal = self._keys.known(headers)
            if principal is None:
                return False
            batch = _decode(body, _ping_sender(principal), utc_now())

            def done(error: Exception | None) -> None:
                try:
                    answer(self._answer(batch) if error is None else {_REFUSED_BY: error})
                except errors.AppError as refusal:
                    answer({_REFUSED_BY: refusal})

            self._writer.put(TenantId(principal.tenant_id), batch, done)
        except Exception:
            return False
        return True

    def _answer(self, batch: Batch) -> bytes:
        """What became of a batch that was written. Raises what it was refused for as a whole."""
        if batch.error is not None:
            if batch.key_id is not None:
                self._keys.forget(batch.key_id)
            raise batch.error
        self._count("POST", 200)
        if batch.accepted == 1 and not (batch.duplicates or batch.refused):
            return _ONE_TAKEN
        refused = [RejectedPing(*r) for r in sorted(batch.refused)]
        return _encoder.encode(PingsOut(batch.accepted, batch.duplicates, refused))

    async def _read(self, scope: Scope, receive: Receive) -> tuple[TenantId, Batch]:
        principal = _ping_sender(await self._keys.authenticate(scope))
        return TenantId(principal.tenant_id), _decode(await _body(scope, receive), principal, utc_now())


async def refused(scope: Scope, receive: Receive, send: Send) -> None:
    """The application that says why pings are not taken in."""
    response = await http.error_response(Request(scope), scope[_REFUSED_BY])
    await response(scope, receive, send)


def _ping_sender(principal: Principal) -> Principal:
    if principal.kind is PrincipalKind.DEVICE:
        return principal
    if (
        principal.kind is PrincipalKind.SECRET_KEY
        and principal.may(tenancy.Scope.PINGS)
        and principal.store_ids is None
    ):
        return principal
    raise errors.Forbidden("pings need a device token, or a secret key with the scope 'pings' for the whole tenant")


async def _body(scope: Scope, receive: Receive) -> bytes:
    size = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    if size.isdigit() and int(size) > MAX_BODY_BYTES:
        raise errors.TooLarge(f"send at most {MAX_BODY_BYTES} bytes at a time", limit=MAX_BODY_BYTES)
    body, more = b"", True
    while more and len(body) <= MAX_BODY_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise errors.Invalid("the connection ended before the body did; send the pings again")
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if len(body) > MAX_BODY_BYTES:
        raise errors.TooLarge(f"send at most {MAX_BODY_BYTES} bytes at a time", limit=MAX_BODY_BYTES)
    return body


def _decode(body: bytes, principal: Principal, received_at: datetime) -> Batch:
    """The batch of a body. One bad ping is refused by itself; only a body that is no list of pings is refused whole."""
    device = principal.kind is PrincipalKind.DEVICE
    undecodable: list[tuple[int, str]] = []
    whole = _decode_fast(body)
    if whole is None:
        sent_at, pings = _decode_one_by_one(body, undecodable)
    else:
        sent_at, pings = whole.sent_at, list(enumerate(whole.pings))
    return Batch(
        device_id=principal.id if device else None,
        token_version=principal.token_version if device else None,
        sent_at=sent_at,
        received_at=received_at,
        pings=pings,
        undecodable=undecodable,
        key_id=None if device else principal.id,
    )


def _decode_fast(body: bytes) -> PingsIn | None:
    """The whole body at once, None when anything in it is wrong."""
    try:
        whole = _fast.decode(body)
    except _UNDECODABLE:
        return None
    return whole if are_sound(whole.pings) else None


def _decode_one_by_one(
    body: bytes, undecodable: list[tuple[int, str]]
) -> tuple[datetime | None, list[tuple[int, PingIn]]]:
    try:
        loose = _loose.decode(body)
    except msgspec.ValidationError as error:
        raise errors.ItemErrors([{"pointer": "#", "in": "body", "detail": str(error)}]) from error
    except _UNDECODABLE as error:
        detail = f"not JSON (NaN and Infinity are not either): {error}"
        raise errors.ItemErrors([{"pointer": "#", "in": "body", "detail": detail}]) from error
    pings = []
    for index, raw in enumerate(loose.pings):
        try:
            pings.append((index, _one.decode(raw)))
        except _UNDECODABLE as error:
            undecodable.append((index, f"invalid: {error}"))
    return loose.sent_at, pings


def pings_openapi() -> tuple[dict[str, Any], dict[str, Any]]:
    """The OpenAPI path item of POST /v1/pings and the component schemas it needs, from the structs that decode it."""
    (body, answer), components = msgspec.json.schema_components(
        [PingsIn, PingsOut], ref_template="#/components/schemas/{name}"
    )
    problem = {
        "description": "Problem",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    operation = {
        "tags": ["presence"],
        "summary": "Post Pings",
        "operationId": "post_pings",
        "description": (
            "Positions of one device (device token), or of many (secret key, `device_id` in each ping); live or in"
            " batches after being offline, in any order. Answered 200 once everything accepted is durable. One bad ping"
            " never loses the others: `rejected` names each by its index. Without location consent all are rejected"
            " `no_location_consent` and no coordinate is kept. Safe to repeat: known (device, at) are counted as"
            " `duplicates`."
        ),
        "security": [{"HTTPBearer": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {"description": "Durable.", "content": {"application/json": {"schema": answer}}},
            **dict.fromkeys(("401", "403", "413", "422", "503"), problem),
        },
    }
    return {"post": operation}, components
