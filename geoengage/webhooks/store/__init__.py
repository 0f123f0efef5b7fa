"""SQL of webhooks. `endpoints`: what integrators register; `delivery`: planning, claiming, recording; `facts`: what an
event says besides its payload. Everything is imported from here.

Lock order: webhook → webhook_delivery → ledger_head.
"""

from geoengage.webhooks.store.delivery import (
    Claimed,
    Recording,
    Work,
    claim_due,
    count_pending,
    delete_finished,
    finish_unsent,
    hurry,
    is_sending,
    list_work,
    lock_claimed,
    oldest_needed,
    plan,
    record,
    restart,
)
from geoengage.webhooks.store.endpoints import (
    Waiting,
    count_waiting,
    count_webhooks,
    delete_webhook,
    get_webhook,
    insert_webhook,
    list_deliveries,
    list_webhooks,
    lock_webhook,
)
from geoengage.webhooks.store.facts import describe_devices, describe_places, find_position_at, list_missing_stores

__all__ = [
    "Claimed", "Recording", "Waiting", "Work", "claim_due", "count_pending", "count_waiting", "count_webhooks",
    "delete_finished", "delete_webhook", "describe_devices", "describe_places", "find_position_at", "finish_unsent",
    "get_webhook", "hurry", "insert_webhook", "is_sending", "list_deliveries", "list_missing_stores", "list_webhooks",
    "list_work", "lock_claimed", "lock_webhook", "oldest_needed", "plan", "record", "restart",
]  # fmt: skip
