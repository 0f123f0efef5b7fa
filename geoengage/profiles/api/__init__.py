"""HTTP of devices and of people: who is who, what is known about them, joining and parting."""

from fastapi import APIRouter

from geoengage.profiles.api.devices import router as devices
from geoengage.profiles.api.merging import router as merging
from geoengage.profiles.api.people import router as people
from geoengage.profiles.api.policy import router as policy

router = APIRouter()
for part in (devices, people, merging, policy):
    router.include_router(part)

__all__ = ["router"]
