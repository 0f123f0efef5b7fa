"""Who is calling: FastAPI principals from keys, device tokens and the console's cookie.

A route names what it accepts by the aliases at the end: `VenueEditor` and its like take secret keys and operators with
that scope, `DeviceCaller` a device token, `AppCaller` a publishable key. The principal is put on
`request.state.principal`, from which `Tx` takes the tenant; so declare it before `Tx`.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

import jwt
from fastapi import Depends, Request
from fastapi.requests import HTTPConnection
from fastapi.security import APIKeyCookie, HTTPBearer

from geoengage.kit import errors
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session, transaction
from geoengage.kit.ids import TenantId
from geoengage.tenancy import store
from geoengage.tenancy.rules import Principal, PrincipalKind, Scope, actor_name, parse_key

COOKIE = "geoengage_session"
_SAFE = {"GET", "HEAD", "OPTIONS"}
_PEOPLE = "/v1/profiles"
_READERS = (PrincipalKind.SECRET_KEY, PrincipalKind.OPERATOR)
_DEVICE_AUDIENCE = "geoengage/device"
MOST_KNOWN_KEYS = 1_000
_BEARER = b"Bearer "
bearer = HTTPBearer(auto_error=False, description="pk_…, sk_… or a device token")
cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="The console's session")
# Only for the OpenAPI: `authenticate` reads the request itself.
_Bearer = Annotated[Any, Depends(bearer)]
_Cookie = Annotated[Any, Depends(cookie)]


def make_device_token(key: str, principal: Principal) -> str:
    """The signed token of a device. It does not expire; `token_version` in the device's row revokes it."""
    claims = {
        "aud": _DEVICE_AUDIENCE,
        "t": principal.tenant_id.hex,
        "d": principal.id.hex,
        "v": principal.token_version,
        "x": int(principal.is_test),
        "o": int(principal.is_demo),
    }
    return jwt.encode(claims, key, algorithm="HS256")


@lru_cache(maxsize=65_536)
def read_device_token(key: str, token: str) -> Principal | None:
    """The device a token names, None when the signature is wrong. Pure but for the cache; `v` is checked by the caller.

    Cached because the same phone sends the same token with every ping and checking a signature costs ~20 µs.
    """
    try:
        claims = jwt.decode(token, key, algorithms=["HS256"], audience=_DEVICE_AUDIENCE)
        return Principal(
            tenant_id=TenantId(UUID(claims["t"])),
            id=UUID(claims["d"]),
            kind=PrincipalKind.DEVICE,
            is_test=bool(claims["x"]),
            is_demo=bool(claims["o"]),
            token_version=int(claims["v"]),
        )
    except (jwt.PyJWTError, KeyError, ValueError):
        return None


async def authenticate(request: HTTPConnection) -> Principal:
    """The principal of a request or WebSocket, by bearer credential or else by the console's cookie."""
    header = request.headers.get("authorization", "")
    scheme, _, credential = header.partition(" ")
    if scheme.lower() == "bearer" and credential:
        principal = await _by_credential(request, credential.strip())
    elif COOKIE in request.cookies:
        principal = await _by_cookie(request, request.cookies[COOKIE])
    else:
        raise errors.Unauthenticated("send Authorization: Bearer with a key or device token, or log in to the console")
    request.state.principal = principal
    if request.scope.get("method") == "GET" and principal.kind in _READERS:
        _note_read(request, principal)
    return principal


def _note_read(request: HTTPConnection, principal: Principal) -> None:
    """Have every look at a person noted in the audit log, in the transaction that reads, with what of them was read.

    Whoever adds an endpoint under `{profile_id}` need not think of it.
    """
    subject = request.path_params.get("profile_id")
    if subject is None and request.url.path != _PEOPLE:
        return

    async def note(session: Session) -> None:
        await store.insert_audit_entry(
            session,
            principal.tenant_id,
            actor=actor_name(principal),
            action="person.search" if subject is None else "person.read",
            subject=subject and str(subject),
            reason=request.url.path.partition(str(subject))[2].strip("/") or None,
            now=utc_now(),
        )

    request.state.note_at_end = note


async def _by_credential(request: HTTPConnection, credential: str) -> Principal:
    key = parse_key(credential)
    if key is None:
        principal = read_device_token(request.app.state.signing_key, credential)
        if principal is None:
            raise errors.Unauthenticated("this is neither a key nor a device token of this server")
        return principal
    async with transaction(request.app.state.sessions, key.tenant_id) as session:
        found = await store.find_key_principal(session, key.tenant_id, key)
    if found is None:
        raise errors.Unauthenticated("this key does not exist or was revoked")
    return found


class KnownKeys:
    """Secret keys that were looked up, for who checks in the transaction of its work that the key is not revoked.

    Nothing else about a key ever changes.
    """

    def __init__(self, signing_key: str) -> None:
        self._signing_key = signing_key
        self._found: dict[bytes, Principal] = {}

    def known(self, headers: Sequence[tuple[bytes, bytes]]) -> Principal | None:
        """Who sends these headers, if that can be told without asking: a device, or a secret key that came before."""
        header = _authorization(headers)
        known = self._found.get(header)
        if known is None and header.startswith(_BEARER):
            return read_device_token(self._signing_key, header[len(_BEARER) :].decode("latin-1"))
        return known

    async def authenticate(self, scope: MutableMapping[str, Any]) -> Principal:
        """As `authenticate`; what was a secret key before is taken for one still."""
        known = self.known(scope["headers"])
        if known is not None:
            return known
        header = _authorization(scope["headers"])
        principal = await authenticate(Request(scope))
        if principal.kind is PrincipalKind.SECRET_KEY:
            if len(self._found) >= MOST_KNOWN_KEYS:
                del self._found[next(iter(self._found))]
            self._found[header] = principal
        return principal

    def forget(self, key_id: UUID) -> None:
        """Look a key up again: it was revoked."""
        self._found = {header: known for header, known in self._found.items() if known.id != key_id}


def _authorization(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    return next((value for name, value in headers if name == b"authorization"), b"")


async def _by_cookie(request: HTTPConnection, value: str) -> Principal:
    # A WebSocket has no method and is never safe: browsers open it across sites, with cookies.
    if request.scope.get("method") not in _SAFE and not _same_origin(request):
        raise errors.Forbidden("requests by cookie must come from the console's own pages (Origin does not match)")
    tenant, _, secret = value.partition(".")
    try:
        tenant_id = TenantId(UUID(tenant))
    except ValueError as error:
        raise errors.Unauthenticated("log in again") from error
    async with transaction(request.app.state.sessions, tenant_id) as session:
        found = await store.find_session_principal(session, tenant_id, secret, utc_now())
    if found is None:
        raise errors.Unauthenticated("the session has ended; log in again")
    return found


def check_origin(request: Request) -> None:
    """Refuse a browser's request that comes from another site's page; other clients send no Origin and pass."""
    if "origin" in request.headers and not _same_origin(request):
        raise errors.Forbidden("this must come from the console's own pages (Origin does not match)")


def _same_origin(request: HTTPConnection) -> bool:
    """Origin must be ours; without Origin, Sec-Fetch-Site must say so. A request with neither is refused."""
    origin = request.headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == request.headers.get("host")
    return request.headers.get("sec-fetch-site") == "same-origin"


def allow(*scopes: Scope) -> Callable[..., Awaitable[Principal]]:
    """A dependency that takes secret keys and operators with one of `scopes`, and nobody else."""

    async def dependency(request: Request, _b: _Bearer, _c: _Cookie) -> Principal:
        principal = await authenticate(request)
        if principal.kind not in (PrincipalKind.SECRET_KEY, PrincipalKind.OPERATOR):
            raise errors.Forbidden("this needs a secret key or a console login")
        if any(principal.may(scope) for scope in scopes):
            return principal
        if not principal.scopes.isdisjoint(scopes):
            raise errors.NotFound("there is no such thing for a credential that is restricted to stores")
        named = " or ".join(f"'{scope.value}'" for scope in scopes)
        raise errors.Forbidden(f"this needs the scope or role right {named}", needs=scopes[0].value)

    return dependency


def _only(kind: PrincipalKind, what: str) -> Callable[..., Awaitable[Principal]]:
    async def dependency(request: Request, _b: _Bearer) -> Principal:
        principal = await authenticate(request)
        if principal.kind is not kind:
            raise errors.Forbidden(f"this needs {what}")
        return principal

    return dependency


async def _operator(request: Request, _c: _Cookie) -> Principal:
    principal = await authenticate(request)
    if principal.kind is not PrincipalKind.OPERATOR:
        raise errors.Forbidden("this needs a console login")
    return principal


Reader = Annotated[Principal, Depends(allow(Scope.READ))]
VenueEditor = Annotated[Principal, Depends(allow(Scope.VENUES))]
CampaignEditor = Annotated[Principal, Depends(allow(Scope.CAMPAIGNS))]
Approver = Annotated[Principal, Depends(allow(Scope.APPROVE))]
PeopleReader = Annotated[Principal, Depends(allow(Scope.PEOPLE))]
CommerceCaller = Annotated[Principal, Depends(allow(Scope.COMMERCE))]
CustomerReader = Annotated[Principal, Depends(allow(Scope.CUSTOMERS))]
SegmentReader = Annotated[Principal, Depends(allow(Scope.READ, Scope.SEGMENTS))]
SegmentEditor = Annotated[Principal, Depends(allow(Scope.SEGMENTS))]
ProfileReader = Annotated[Principal, Depends(allow(Scope.PEOPLE, Scope.CUSTOMERS))]
Sender = Annotated[Principal, Depends(allow(Scope.SENDING))]
Admin = Annotated[Principal, Depends(allow(Scope.ADMIN))]
Operator = Annotated[Principal, Depends(_operator)]
DeviceCaller = Annotated[Principal, Depends(_only(PrincipalKind.DEVICE, "a device token"))]
AppCaller = Annotated[Principal, Depends(_only(PrincipalKind.PUBLISHABLE_KEY, "a publishable key (pk_…)"))]
