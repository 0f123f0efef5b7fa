"""HTTP of messaging: messages, inbox and receipts; the Firebase projects of apps and test pushes; what customers are
told about their orders; e-mail, and the link that unsubscribes from it; accounts of WhatsApp, SMS and Viber, and the
webhooks of their providers; what people write back.
"""

from fastapi import APIRouter

from geoengage.kit.http import PROBLEMS
from geoengage.messaging.api import (
    hooks,
    ledger,
    mail,
    messages,
    order_notices,
    phones,
    replies,
    senders,
    trying,
    unsubscribe,
)

router = APIRouter(responses=PROBLEMS)
for part in (messages, ledger, order_notices, senders, mail, phones, trying, unsubscribe, replies, hooks):
    router.include_router(part.router)
