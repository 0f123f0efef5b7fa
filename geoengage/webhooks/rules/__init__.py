"""The pure half of webhooks. No SQL, no HTTP, no clock.

`told` says what an endpoint hears of a ledger event, `retries` what an answer means and when to try again. Everything
is imported from here.
"""

from geoengage.webhooks.rules.retries import (
    ATTEMPTS,
    PROBE_AFTER,
    Attempted,
    DeliveryStatus,
    DisabledReason,
    EndpointStatus,
    Health,
    Verdict,
    judge,
)
from geoengage.webhooks.rules.told import (
    LOST,
    TEST,
    EventType,
    Place,
    Someone,
    WebhookDisabled,
    body_of,
    message_id,
    told_data,
    told_type,
)

__all__ = [
    "ATTEMPTS", "LOST", "PROBE_AFTER", "TEST", "Attempted", "DeliveryStatus", "DisabledReason", "EndpointStatus",
    "EventType", "Health", "Place", "Someone", "Verdict", "WebhookDisabled", "body_of", "judge", "message_id",
    "told_data", "told_type",
]  # fmt: skip
