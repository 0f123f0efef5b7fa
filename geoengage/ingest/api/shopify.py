"""Shopify's webhooks: the signature of the raw body first, then kept, then 200; the worker acts upon it.

Shopify waits five seconds in all, tries a failed delivery eight times within four hours and removes a subscription that
fails eight times in a row: whatever is signed is answered 200, also what is of no use here.
"""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from geoengage.ingest import service, store
from geoengage.ingest.api.kept import kept
from geoengage.ingest.models import Connection
from geoengage.ingest.rules import shopify
from geoengage.kit import errors
from geoengage.kit.clock import utc_now
from geoengage.kit.db import transaction
from geoengage.kit.ids import TenantId

PATH = "/ingest/shopify/{connection_id}"


async def post_delivery(request: Request) -> Response:
    """A delivery of a shop."""
    body = await request.body()
    connection = await _connection(request)
    headers = shopify.read_headers(request.headers)
    secrets = service.secrets_of(request.app.state.signing_key, connection, utc_now())
    if not shopify.is_signed(secrets, headers.signature, body):
        raise errors.Unauthenticated("this was not signed with the secret of this connection")
    if headers.shop not in (None, connection.shop):
        raise errors.Unauthenticated("this connection belongs to another shop")
    tenant_id = TenantId(connection.tenant_id)
    async with transaction(request.app.state.sessions, tenant_id) as session:
        await service.keep_delivery(session, tenant_id, connection, headers, body, utc_now())
    return Response(media_type="text/plain")


async def _connection(request: Request) -> Connection:
    """The connection that the URL names, unless its shop has left."""
    try:
        connection_id = UUID(request.path_params["connection_id"])
    except ValueError:
        raise errors.NotFound("there is no such connection") from None
    async with transaction(request.app.state.sessions, None) as session:  # the URL names no tenant
        found = await store.find_connection(session, connection_id)
    if found is None or found.closed_at is not None:
        raise errors.NotFound("there is no such connection")
    return found


routes = [Route(PATH, kept(post_delivery), methods=["POST"])]
