"""HTTP of messaging: messages, inbox and receipts; the Firebase projects of apps and test pushes."""

from fastapi import APIRouter

from geoengage.kit.http import PROBLEMS
from geoengage.messaging.api import messages, senders

router = APIRouter(responses=PROBLEMS)
for part in (messages.router, senders.router):
    router.include_router(part)
