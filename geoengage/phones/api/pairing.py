"""HTTP of pairing: a browser trades a code for the token of the device that the console has made for it."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from geoengage.kit.db import transaction
from geoengage.kit.http import CONFLICT, PROBLEMS, Now, Problem
from geoengage.kit.limits import RateLimit
from geoengage.phones import service
from geoengage.phones.rules import pairing
from geoengage.phones.shapes import PairIn, PairOut
from geoengage.tenancy.auth import make_device_token

TOO_MANY: dict[int | str, dict[str, Any]] = {429: {"model": Problem, "description": "Too many wrong codes; wait."}}
router = APIRouter(tags=["devices and people"])


def wrong_codes() -> RateLimit:
    """How many wrong codes one address may try."""
    return RateLimit(20, timedelta(minutes=10))


@router.post("/v1/devices/pair", responses={404: PROBLEMS[404], 422: PROBLEMS[422], **CONFLICT, **TOO_MANY})
async def pair_device(body: PairIn, request: Request, response: Response, now: Now) -> PairOut:
    """Trade a pairing code of the console's "Connect a phone" for the device's token. Needs no credential.

    A code is good for 15 minutes and one use: 404 `pairing-code-invalid` or `pairing-code-expired`, 409
    `pairing-code-used`. Twenty wrong codes in ten minutes from one address; then 429 with Retry-After.
    """
    limit: RateLimit = request.app.state.pair_limit
    caller = request.client.host if request.client else ""
    limit.spend(caller, now)
    key = request.app.state.signing_key
    code = pairing.read(key, body.code, now)
    async with transaction(request.app.state.sessions, code.tenant_id) as session:
        device = await service.pair(session, code, now)
    limit.forget(caller)
    response.headers["Cache-Control"] = "no-store"
    return PairOut(device_id=device.id, device_token=make_device_token(key, device))
