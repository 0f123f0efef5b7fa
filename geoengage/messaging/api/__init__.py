"""HTTP of messaging: messages, inbox and receipts; the Firebase projects of apps and test pushes; what customers are
told about their orders; e-mail, and the link that unsubscribes from it.
"""

from fastapi import APIRouter

from geoengage.kit.http import PROBLEMS
from geoengage.messaging.api import ledger, mail, messages, order_notices, senders, trying, unsubscribe

router = APIRouter(responses=PROBLEMS)
for part in (messages, ledger, order_notices, senders, mail, trying, unsubscribe):
    router.include_router(part.router)
