"""HTTP of messaging: messages, inbox and receipts; the Firebase projects of apps and test pushes; what customers are
told about their orders.
"""

from fastapi import APIRouter

from geoengage.kit.http import PROBLEMS
from geoengage.messaging.api import messages, order_notices, senders

router = APIRouter(responses=PROBLEMS)
for part in (messages.router, order_notices.router, senders.router):
    router.include_router(part)
