"""HTTP of what is read across domains: explain, footfall, one person, and lint, evidence, preview and ghost of a drawn
zone."""

from fastapi import APIRouter

from geoengage.kit.http import PROBLEMS
from geoengage.reports.api import evidence, explain, footfall, ghost, lint, people, person, preview, timeline

router = APIRouter(responses=PROBLEMS)
for part in (explain, lint, evidence, preview, ghost, footfall, people, person, timeline):
    router.include_router(part.router)
