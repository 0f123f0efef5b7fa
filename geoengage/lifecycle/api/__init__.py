"""HTTP of how a business fares with its customers: one file a subject."""

from fastapi import APIRouter

from geoengage.lifecycle.api import alerts, customers, metrics, overview, playbooks, reach

router = APIRouter(tags=["metrics"])
for part in (overview, alerts, playbooks, metrics, customers, reach):
    router.include_router(part.router)
metrics.add_to(router)
