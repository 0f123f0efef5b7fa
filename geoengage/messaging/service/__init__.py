"""Messaging as other domains use it. `outbox`: drafts, budgets, gates, receipts, reactions; `senders`: the Firebase
accounts of apps and test pushes; `order_notices`: what customers are told about their
orders. Everything is imported from here.
"""

from geoengage.messaging.service.order_notices import NobodyToTell, tell_about_order
from geoengage.messaging.service.outbox import (
    ask_budgets,
    close_gate,
    enqueue,
    lock_budgets,
    on_consent_changed,
    on_profile_merged,
    on_venue_changed,
    on_zone_exited,
    open_gate,
    record_receipt,
    resume_sending,
    stop_sending,
)
from geoengage.messaging.service.senders import (
    NoSender,
    TestPushRefused,
    find_paused_until,
    get_account,
    note_check,
    note_test_push,
    put_account,
    remove_account,
    start_test_push,
)

__all__ = [
    "NoSender", "NobodyToTell", "TestPushRefused", "ask_budgets", "close_gate", "enqueue", "find_paused_until", "get_account",
    "lock_budgets",
    "note_check", "note_test_push", "on_consent_changed", "on_profile_merged", "on_venue_changed", "on_zone_exited",
    "open_gate", "put_account", "record_receipt", "remove_account", "resume_sending", "start_test_push", "stop_sending",
    "tell_about_order",
]  # fmt: skip
