"""Writes about people and their devices that have a decision, one file a subject. Everything is imported from here."""

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
from geoengage.profiles.service.identity import Resolved, Work, resolve, resolve_many
from geoengage.profiles.service.merging import KeptApart, merge, unmerge
from geoengage.profiles.service.traits import Basis, note_customer, set_traits, set_traits_many
from geoengage.profiles.service.support import (
    ReasonNeeded,
    check_open,
    find_open,
    needs_reason,
    open_person,
    own_note,
    write_note,
)

__all__ = [
    "Basis",
    "FIRST_TOKEN_VERSION",
    "KeptApart",
    "ReasonNeeded",
    "Resolved",
    "Work",
    "check_open",
    "delete_device",
    "find_open",
    "link_by_server",
    "link_by_user_token",
    "log_out",
    "merge",
    "needs_reason",
    "note_customer",
    "open_person",
    "own_note",
    "register_device",
    "resolve",
    "resolve_many",
    "set_push_address",
    "set_traits",
    "set_traits_many",
    "state_consents",
    "take_address",
    "unmerge",
    "write_note",
]
