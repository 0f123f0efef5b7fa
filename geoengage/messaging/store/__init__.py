"""SQL of messaging. `outbox`: drafts, budgets, gates; `delivery`: claiming and settling; `lists`: what readers see;
`senders`: accounts, pauses, rates. Everything is imported from here.

Lock order: message_due → device → person_budget → message → sender_pace → ledger_head.
"""

from geoengage.messaging.store.delivery import (
    Claim,
    claim_due_messages,
    list_due_tenants,
    lock_leased,
    put_off,
    set_sending,
    set_words,
    settle_messages,
)
from geoengage.messaging.store.lists import MessageFilter, MessageView, insert_receipt, list_messages, lock_message
from geoengage.messaging.store.outbox import (
    delete_gate,
    hurry_messages,
    insert_gate,
    insert_messages,
    join_people,
    lock_budgets,
    refund_budgets,
    spend_budgets,
)
from geoengage.messaging.store.senders import (
    FirebaseAccount,
    delete_firebase_sender,
    find_firebase_sender,
    get_sealed_account,
    lift_pauses,
    list_firebase_senders,
    list_pauses,
    lock_bucket,
    pause_route,
    set_bucket,
    set_sender_status,
    upsert_firebase_sender,
)

__all__ = [
    "Claim", "FirebaseAccount", "MessageFilter", "MessageView", "claim_due_messages", "delete_firebase_sender",
    "delete_gate", "find_firebase_sender", "get_sealed_account", "hurry_messages", "insert_gate", "insert_messages",
    "insert_receipt", "join_people", "lift_pauses", "list_due_tenants", "list_firebase_senders",
    "list_messages", "list_pauses", "lock_bucket", "lock_budgets", "lock_leased", "lock_message", "pause_route",
    "put_off", "refund_budgets", "set_bucket", "set_sender_status", "set_sending", "set_words",
    "settle_messages",    "spend_budgets", "upsert_firebase_sender",
]  # fmt: skip
