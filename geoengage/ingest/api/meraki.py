"""Cisco Meraki's cloud: it asks once for the validator, then posts what its access points hear, a minute's worth each.

A message proves itself by the secret in it. Only addresses of registered, consenting devices are read, all others are
dropped without a trace.
"""

import hmac
from uuid import UUID

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from geoengage.ingest import service, store
from geoengage.ingest.api.kept import kept
from geoengage.ingest.models import Scanner
from geoengage.ingest.rules import meraki
from geoengage.ingest.rules.vocabulary import Ignored, Reading
from geoengage.kit import errors
from geoengage.kit.clock import utc_now
from geoengage.kit.db import transaction
from geoengage.kit.ids import TenantId
from geoengage.profiles.store import list_by_wifi_hash

ADDRESS_KEY, SECRET_KEY = "wifi-address", "scanner-secret"


async def get_validator(request: Request) -> Response:
    """What Cisco wants to hear before it sends anything."""
    return PlainTextResponse((await _scanner(request)).validator)


async def post_observations(request: Request) -> Response:
    """A message of a network."""
    scanner = await _scanner(request)
    message = meraki.read_message(await request.body())
    signing_key = request.app.state.signing_key
    said = meraki.secret_hash(meraki.derive_key(signing_key, SECRET_KEY), scanner.id, message.secret if message else "")
    if message is None or not hmac.compare_digest(said, scanner.secret_hash):
        raise errors.Unauthenticated("the message does not hold this scanner's secret")
    tenant_id, reading = TenantId(scanner.tenant_id), Reading(meraki.CLIENT)
    found = meraki.split(message.data, meraki.derive_key(signing_key, ADDRESS_KEY), tenant_id)
    if found is None or not message.is_known:
        reading.ignored.append(Ignored.UNREADABLE)
        found = {}
    async with transaction(request.app.state.sessions, tenant_id) as session:
        devices = await list_by_wifi_hash(session, tenant_id, found.keys())
    levels = {plan["floor_plan_id"]: plan["level"] for plan in scanner.floor_plans}
    for address, device_id in devices.items():
        heard = meraki.read(found[address], device_id, levels)
        reading.pings += heard.pings
        reading.ignored += heard.ignored
    await service.record(request.app.state.ping_writer, tenant_id, None, reading, utc_now())
    return Response(media_type="text/plain")


async def _scanner(request: Request) -> Scanner:
    """The scanner that the URL names."""
    try:
        scanner_id = UUID(request.path_params["scanner_id"])
    except ValueError:
        raise errors.NotFound("there is no such scanner") from None
    async with transaction(request.app.state.sessions, None) as session:  # the URL names no tenant
        scanner = await store.find_scanner(session, scanner_id)
    if scanner is None:
        raise errors.NotFound("there is no such scanner")
    return scanner


PATH = "/ingest/meraki/{scanner_id}"
routes = [
    Route(PATH, kept(get_validator), methods=["GET"]),
    Route(PATH, kept(post_observations), methods=["POST"]),
]
