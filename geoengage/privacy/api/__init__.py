"""HTTP of rights and of what a programme owes, one file a subject."""

from fastapi import APIRouter

from geoengage.privacy.api import me, operators, page

router = APIRouter()
for part in (me, operators, page):
    router.include_router(part.router)
