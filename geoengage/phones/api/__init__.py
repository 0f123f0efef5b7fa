"""HTTP of phones: the shopper page, pairing, connecting a phone from the console."""

from fastapi import APIRouter

from geoengage.phones.api import shopper
from geoengage.phones.api.connect import router as connect
from geoengage.phones.api.pairing import router as pairing
from geoengage.phones.api.pairing import wrong_codes

router = APIRouter()
for part in (shopper.router, connect, pairing):
    router.include_router(part)

__all__ = ["router", "shopper", "wrong_codes"]
