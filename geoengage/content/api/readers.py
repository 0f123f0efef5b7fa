"""Who reads content: whoever manages it, all of it; everybody else, what is published.

Everybody is who has an app's publishable key, a device token, or the token of a feed. The latter two kinds of key may
stand in the address (`?key=`, `?feed=`), because feed readers and calendars send no header; both are public.
"""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from geoengage.content import store
from geoengage.content.models import ContentFeed
from geoengage.content.rules import FEED_TOKEN
from geoengage.kit import errors
from geoengage.kit.db import transaction
from geoengage.kit.ids import TenantId
from geoengage.tenancy import store as tenancy
from geoengage.tenancy.auth import allow, authenticate, bearer, cookie
from geoengage.tenancy.rules import KeyKind, Principal, PrincipalKind, Scope, parse_key

_MANAGES = allow(Scope.READ)


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads. `is_public`: sees what is published only; `feed`: by which feed, None without one."""

    principal: Principal
    is_public: bool
    feed: ContentFeed | None = None

    @property
    def tenant_id(self) -> TenantId:
        return TenantId(self.principal.tenant_id)

    @property
    def store_ids(self) -> frozenset[UUID] | None:
        """Whose items are seen; None for all."""
        if self.feed is not None:
            return None if self.feed.store_id is None else frozenset({self.feed.store_id})
        return self.principal.store_ids


# Without limits: what FastAPI refuses is never handed to `_reading`, and then nobody has said whose request it is.
FeedToken = Annotated[str | None, Query(alias="feed", description="Token of a feed.")]
KeyInAddress = Annotated[str | None, Query(alias="key", description="A publishable key (`pk_…`).")]


async def _reading(request: Request, feed: FeedToken = None, key: KeyInAddress = None) -> Reading:
    if feed is not None:
        return await _by_feed(request, feed)
    if key is not None:
        return await _by_key(request, key)
    principal = await authenticate(request)
    if principal.kind in (PrincipalKind.PUBLISHABLE_KEY, PrincipalKind.DEVICE):
        return Reading(principal, is_public=True)
    return Reading(await _MANAGES(request, None, None), is_public=False)


async def _by_feed(request: Request, token: str) -> Reading:
    match = FEED_TOKEN.fullmatch(token)
    if match is None:
        raise errors.Unauthenticated("this is no feed's token; copy the address again")
    tenant_id = TenantId(UUID(match[1]))
    async with transaction(request.app.state.sessions, tenant_id) as session:
        found = await store.find_feed(session, tenant_id, token)
    if found is None:
        raise errors.Unauthenticated("this feed was closed")
    principal = Principal(tenant_id, found.id, PrincipalKind.PUBLISHABLE_KEY)
    request.state.principal = principal
    return Reading(principal, is_public=True, feed=found)


async def _by_key(request: Request, text: str) -> Reading:
    key = parse_key(text)
    if key is None or key.kind is not KeyKind.PUBLISHABLE:
        raise errors.Unauthenticated("only a publishable key (pk_…) may stand in an address")
    async with transaction(request.app.state.sessions, key.tenant_id) as session:
        principal = await tenancy.find_key_principal(session, key.tenant_id, key)
    if principal is None:
        raise errors.Unauthenticated("this key does not exist or was revoked")
    request.state.principal = principal
    return Reading(principal, is_public=True)


async def _reader(
    reading: Annotated[Reading, Depends(_reading)],
    _bearer: Annotated[object, Depends(bearer)],
    _cookie: Annotated[object, Depends(cookie)],
) -> Reading:
    """The reading; the other two only show in the OpenAPI."""
    return reading


ContentReader = Annotated[Reading, Depends(_reader)]
