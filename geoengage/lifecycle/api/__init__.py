"""HTTP of lifecycle metrics. `router` is what the application includes."""

from fastapi import APIRouter

from geoengage.lifecycle.api import customers, metrics, reach

router = APIRouter(tags=["metrics"])
for part in (metrics, customers, reach):
    router.include_router(part.router)
metrics.add_to(router)
