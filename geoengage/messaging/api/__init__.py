"""HTTP of messaging: messages, inbox and receipts; the Firebase projects of apps and test pushes; what customers are
told about their orders; e-mail, and the link that unsubscribes from it; accounts of WhatsApp, SMS and Viber, and the
webhooks of their providers.
"""

from fastapi import APIRouter

from geoengage.kit.http import PROBLEMS
from geoengage.messaging.api import hooks, mail, messages, order_notices, phones, senders, trying, unsubscribe

router = APIRouter(responses=PROBLEMS)
for part in (
    messages.router,
    order_notices.router,
    senders.router,
    mail.router,
    trying.router,
    unsubscribe.router,
    phones.router,
    hooks.router,
):
    router.include_router(part)
