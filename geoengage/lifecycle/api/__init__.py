"""HTTP of lifecycle metrics. `router` is what the application includes."""

from fastapi import APIRouter

from geoengage.lifecycle.api import alerts, metrics, overview

router = APIRouter()
router.include_router(overview.router)
router.include_router(alerts.router)
router.include_router(metrics.router)
metrics.add_to(router)
