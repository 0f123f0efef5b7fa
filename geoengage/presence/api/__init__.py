"""HTTP of presence: pings in, geofences to monitor, check-in, zone events and visits out."""

from fastapi import APIRouter

from geoengage.presence.api.check_in import router as check_in
from geoengage.presence.api.config import router as config
from geoengage.presence.api.geofences import router as geofences
from geoengage.presence.api.lists import router as lists
from geoengage.presence.api.pings import PingDoor, PingsIn, PingsOut, is_for_door, pings_openapi, refused

router = APIRouter()
for part in (config, geofences, check_in, lists):
    router.include_router(part)

__all__ = ["PingDoor", "PingsIn", "PingsOut", "is_for_door", "pings_openapi", "refused", "router"]
