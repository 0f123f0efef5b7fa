"""HTTP of proofs: one file a subject."""

from fastapi import APIRouter

from geoengage.proof.api import campaigns, costs, plans, tenant

router = APIRouter(tags=["proof"])
for part in (campaigns, plans, costs, tenant):
    router.include_router(part.router)
