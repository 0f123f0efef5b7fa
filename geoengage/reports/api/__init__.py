"""HTTP of what is read across domains: explain, footfall, and lint, evidence, preview and ghost of a drawn zone."""

from fastapi import APIRouter

from geoengage.kit.http import PROBLEMS
from geoengage.reports.api import evidence, explain, footfall, ghost, lint, preview

router = APIRouter(responses=PROBLEMS)
for part in (explain.router, lint.router, evidence.router, preview.router, ghost.router, footfall.router):
    router.include_router(part)
