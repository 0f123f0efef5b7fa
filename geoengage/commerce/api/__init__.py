"""HTTP of commerce, one file a subject."""

from fastapi import APIRouter

from geoengage.commerce.api import carts, orders, products, till

router = APIRouter()
for each in (products, orders, carts, till):
    router.include_router(each.router)
