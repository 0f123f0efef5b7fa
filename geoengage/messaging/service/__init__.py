"""Messaging as other domains use it. `outbox`: drafts, budgets, gates, receipts, reactions; `senders`: the Firebase
accounts of apps and test pushes; `dead`: what failed for good and is tried again; `order_notices`: what customers are
told about their orders. Everything is imported from here.
"""

from geoengage.messaging.service.dead import Retried, retry
from geoengage.messaging.service.keys import reseal
from geoengage.messaging.service.mail import (
    Subscription,
    find_subscription,
    get_brand,
    get_mail_server,
    note_mail_check,
    note_report,
    put_brand,
    put_mail_server,
    remove_mail_server,
    unsubscribe,
)
from geoengage.messaging.service.order_notices import NobodyToTell, tell_about_order
from geoengage.messaging.service.outbox import (
    ask_budgets,
    close_gate,
    enqueue,
    forget_gates,
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
from geoengage.messaging.service.phone_hooks import StillSending, take
from geoengage.messaging.service.phones import (
    NewPhoneSender,
    get_phone_sender,
    note_phone_check,
    put_phone_sender,
    put_templates,
    remove_phone_sender,
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
from geoengage.messaging.service.trying import NoText, TestRefused, start_test, try_out

__all__ = [
    "NewPhoneSender",
    "NoSender",
    "NoText",
    "NobodyToTell",
    "Retried",
    "StillSending",
    "Subscription",
    "TestPushRefused",
    "TestRefused",
    "ask_budgets",
    "close_gate",
    "enqueue",
    "find_paused_until",
    "find_subscription",
    "forget_gates",
    "get_account",
    "get_brand",
    "get_mail_server",
    "get_phone_sender",
    "lock_budgets",
    "note_check",
    "note_mail_check",
    "note_phone_check",
    "note_report",
    "note_test_push",
    "on_consent_changed",
    "on_profile_merged",
    "on_venue_changed",
    "on_zone_exited",
    "open_gate",
    "put_account",
    "put_brand",
    "put_mail_server",
    "put_phone_sender",
    "put_templates",
    "record_receipt",
    "remove_account",
    "remove_mail_server",
    "remove_phone_sender",
    "reseal",
    "resume_sending",
    "retry",
    "start_test",
    "start_test_push",
    "stop_sending",
    "take",
    "tell_about_order",
    "try_out",
    "unsubscribe",
]  # fmt: skip
