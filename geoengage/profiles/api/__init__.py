"""HTTP of devices and of people: who is who, what is known about them, joining and parting."""

from fastapi import APIRouter

from geoengage.profiles.api.devices import router as devices
from geoengage.profiles.api.merging import router as merging
from geoengage.profiles.api.people import router as people
from geoengage.profiles.api.policy import router as policy
from geoengage.profiles.api.support import router as support

router = APIRouter()
for part in (devices, people, merging, policy, support):
    router.include_router(part)

__all__ = ["router"]
