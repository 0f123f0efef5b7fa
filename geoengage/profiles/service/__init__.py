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
    register_device,
    set_push_address,
    state_consents,
    take_address,
)

__all__ = [
    "FIRST_TOKEN_VERSION",
    "AskedProof",
    "Wish",
    "ask_proof",
    "delete_device",
    "deny_pushes",
    "identifiers_of",
    "link_by_server",
    "link_by_user_token",
    "make_link",
    "note_addresses",
    "pause",
    "prove_by_code",
    "prove_by_link",
    "register_device",
    "set_push_address",
    "state_consent",
    "state_consents",
    "state_consents_many",
    "stop_everything",
    "stop_sender",
    "take_address",
    "tell_state",
    "wish",
]
