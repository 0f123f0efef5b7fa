"""Writes about people and their devices that have a decision, one file a subject. Everything is imported from here."""

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
    "delete_device",
    "link_by_server",
    "link_by_user_token",
    "register_device",
    "set_push_address",
    "state_consents",
    "take_address",
]
