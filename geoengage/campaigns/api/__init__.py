"""HTTP of campaigns: write, activate, review, report; let people come in, see where they stand, try on the past."""

from fastapi import APIRouter

from geoengage.campaigns.api import campaigns, journeys
from geoengage.kit.http import PROBLEMS

router = APIRouter(responses=PROBLEMS)
for part in (campaigns.router, journeys.router):
    router.include_router(part)
