"""HTTP of offers, one file a subject."""

from fastapi import APIRouter

from geoengage.offers.api import coupons, offers, pricing, settings, till

router = APIRouter()
for each in (pricing, offers, coupons, till, settings):
    router.include_router(each.router)
