"""SQL of lifecycle metrics, one file a subject. Everything is imported from here."""

from geoengage.lifecycle.store.consents import read_consents
from geoengage.lifecycle.store.days import Kept, get_expected, list_kept_until, put_days, read_days, read_reached
from geoengage.lifecycle.store.packed import Place
from geoengage.lifecycle.store.purchases import (
    find_oldest_message_day,
    list_currencies,
    read_direct,
    read_purchases,
)
from geoengage.lifecycle.store.scopes import get_store_of_segment

__all__ = [
    "Kept", "Place", "find_oldest_message_day", "get_expected", "get_store_of_segment", "list_currencies",
    "list_kept_until", "put_days", "read_consents", "read_days", "read_direct", "read_purchases", "read_reached",
]  # fmt: skip
