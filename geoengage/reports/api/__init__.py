"""HTTP of what is read across domains: explain, footfall, a drawn zone before it is published (lint, preview, ghost)."""

from fastapi import APIRouter

from geoengage.kit.http import PROBLEMS
from geoengage.reports.api import explain, footfall, ghost, lint, preview

router = APIRouter(responses=PROBLEMS)
for part in (explain.router, lint.router, preview.router, ghost.router, footfall.router):
    router.include_router(part)
