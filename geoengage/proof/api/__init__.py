"""HTTP of proofs: one file a subject."""

from fastapi import APIRouter

from geoengage.proof.api import campaigns, costs, plans, simulated, tenant

router = APIRouter(tags=["proof"])
for part in (campaigns, plans, costs, tenant, simulated):
    router.include_router(part.router)
