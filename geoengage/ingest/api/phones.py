"""Phone apps from the stores: one bare route each, the answer that makes it keep or drop its queue (PROTOCOLS 0.2).

No FastAPI routes: their validation would answer 4xx, on which OwnTracks for iOS deletes the message. The device token
travels as each app can send it; `Authorization: Bearer` works everywhere.
"""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from geoengage.ingest import service
from geoengage.ingest.api.kept import kept
from geoengage.ingest.rules import background_geolocation, osmand, overland, owntracks
from geoengage.ingest.rules.credentials import basic_password
from geoengage.ingest.rules.vocabulary import Ignored, Reading, read_json
from geoengage.kit import errors
from geoengage.kit.clock import utc_now
from geoengage.kit.db import transaction
from geoengage.presence.writer import PingWriter
from geoengage.profiles.store import note_client
from geoengage.tenancy.auth import authenticate, read_device_token
from geoengage.tenancy.rules import Principal, PrincipalKind


async def post_owntracks(request: Request) -> Response:
    """One message of OwnTracks; the answer is an array of commands."""
    phone = await _phone(request, basic_password(request.headers.get("authorization", "")))
    reading = owntracks.read(await request.body(), request.headers.get("user-agent", ""))
    if reading.crossings:
        async with transaction(request.app.state.sessions, phone.tenant_id) as session:
            await service.resolve_crossings(session, _writer(request).indexes, phone, reading)
    told = await _take(request, phone, reading)
    if reading.client == owntracks.BY_OVERLAND:
        return JSONResponse(overland.TAKEN)
    return JSONResponse(told or [])


async def post_overland(request: Request) -> Response:
    """A batch of Overland; anything but an object with `result: "ok"` is sent again."""
    phone = await _phone(request, "")
    await _take(request, phone, overland.read(await request.body()))
    return JSONResponse(overland.TAKEN)


async def take_osmand(request: Request) -> Response:
    """Points of Traccar Client, OsmAnd or GPSLogger; the body of the answer is ignored.

    A revoked device is answered 200: anything else would block the head of the phone's queue for ever.
    """
    reading, token = osmand.read(
        request.url.query, await request.body(), request.headers.get("content-type", ""), utc_now()
    )
    phone = await _phone(request, token)
    try:
        await _take(request, phone, reading)
    except errors.Unauthenticated:
        service.POINTS.labels(reading.client, Ignored.REVOKED.value).inc(len(reading.pings))
    return Response(media_type="text/plain")


async def post_background_geolocation(request: Request) -> Response:
    """Locations of the background-geolocation SDK; the answer calls methods of it."""
    value = read_json(await request.body())
    phone = await _phone(request, background_geolocation.token_of(value))
    told = await _take(request, phone, background_geolocation.read_value(value, background_geolocation.CLIENT))
    return JSONResponse(told or {})


def _writer(request: Request) -> PingWriter:
    writer: PingWriter = request.app.state.ping_writer
    return writer


async def _phone(request: Request, token: str) -> Principal:
    """The device whose token came in the client's own way, else by `Authorization: Bearer`."""
    phone = read_device_token(request.app.state.signing_key, token) if token else None
    if phone is None:
        phone = await authenticate(request)
    if phone.kind is not PrincipalKind.DEVICE:
        raise errors.Forbidden("this needs a device token")
    return phone


async def _take(request: Request, phone: Principal, reading: Reading) -> Any | None:
    """Store a reading; what the answer says about regions, None nearly always."""
    now = utc_now()
    stored = await service.record(_writer(request), phone.tenant_id, phone, reading, now)
    await _note_client(request, phone, reading.client, now)
    if service.pusher_of(reading.client) is None or (stored.newest is None and not stored.no_consent):
        return None
    async with transaction(request.app.state.sessions, phone.tenant_id) as session:
        return await service.tell_regions(session, _writer(request).indexes, phone, reading.client, stored, now)


async def _note_client(request: Request, phone: Principal, client: str, now: datetime) -> None:
    speakers: service.Speakers = request.app.state.speakers
    if speakers.knows(phone.id, client, now):
        return
    async with transaction(request.app.state.sessions, phone.tenant_id) as session:
        await note_client(session, phone.tenant_id, phone.id, phone.token_version, client, now)
    speakers.note(phone.id, client, now)


routes = [
    Route("/ingest/owntracks", kept(post_owntracks), methods=["POST"]),
    Route("/ingest/overland", kept(post_overland), methods=["POST"]),
    Route("/ingest/osmand", kept(take_osmand), methods=["GET", "POST"]),
    Route("/ingest/background-geolocation", kept(post_background_geolocation), methods=["POST"]),
]
