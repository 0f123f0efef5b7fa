"""HTTP of what is read across domains: explain."""

from fastapi import APIRouter

from geoengage.kit.http import PROBLEMS
from geoengage.reports.api import explain

router = APIRouter(responses=PROBLEMS)
for part in (explain.router,):
    router.include_router(part)
