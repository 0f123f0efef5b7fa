"""Writes about people and their devices that have a decision, one file a subject. Everything is imported from here."""

from geoengage.profiles.service.consents import (
    Wish,
    deny_pushes,
    identifiers_of,
    pause,
    state_consent,
    state_consents_many,
    stop_everything,
    stop_sender,
    wish,
)
from geoengage.profiles.service.contact_points import (
    AskedProof,
    ask_proof,
    make_link,
    note_addresses,
    prove_by_code,
    prove_by_link,
    tell_state,
)
from geoengage.profiles.service.devices import (
    FIRST_TOKEN_VERSION,
    delete_device,
    link_by_server,
    link_by_user_token,
    log_out,
    register_device,
    set_push_address,
    state_consents,
    take_address,
)
from geoengage.profiles.service.identity import (
    Resolved,
    Work,
    resolve,
    resolve_many,
)
from geoengage.profiles.service.merging import (
    KeptApart,
    merge,
    unmerge,
)
from geoengage.profiles.service.traits import (
    Basis,
    note_customer,
    set_traits,
    set_traits_many,
)

__all__ = [
    "FIRST_TOKEN_VERSION",
    "AskedProof",
    "Basis",
    "KeptApart",
    "Resolved",
    "Wish",
    "Work",
    "ask_proof",
    "delete_device",
    "deny_pushes",
    "identifiers_of",
    "link_by_server",
    "link_by_user_token",
    "log_out",
    "make_link",
    "merge",
    "note_addresses",
    "note_customer",
    "pause",
    "prove_by_code",
    "prove_by_link",
    "register_device",
    "resolve",
    "resolve_many",
    "set_push_address",
    "set_traits",
    "set_traits_many",
    "state_consent",
    "state_consents",
    "state_consents_many",
    "stop_everything",
    "stop_sender",
    "take_address",
    "tell_state",
    "unmerge",
    "wish",
]
