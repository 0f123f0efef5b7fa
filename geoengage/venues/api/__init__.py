"""HTTP of places: malls with levels and units, stores, zones. Stores, zones, levels and units are GeoJSON Features."""

from fastapi import APIRouter

from geoengage.kit.http import PROBLEMS
from geoengage.venues.api import evidence, imports, malls, plans, posters, shapes, store_csv, stores, zones

router = APIRouter(responses=PROBLEMS)
for part in (malls, plans, stores, zones, evidence, posters, shapes, store_csv, imports):
    router.include_router(part.router)
