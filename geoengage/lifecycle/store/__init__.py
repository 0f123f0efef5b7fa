"""SQL of lifecycle metrics, one file a subject. Everything is imported from here."""

from geoengage.lifecycle.store.consents import read_consents, read_known
from geoengage.lifecycle.store.days import (
    Kept,
    get_expected,
    list_kept_until,
    put_days,
    read_days,
    read_expected,
    read_reached,
)
from geoengage.lifecycle.store.packed import Place
from geoengage.lifecycle.store.purchases import (
    find_oldest_message_day,
    has_changed,
    read_direct,
    read_purchases,
)
from geoengage.lifecycle.store.scopes import get_store_of_segment
from geoengage.lifecycle.store.when import Hour, count_devices, count_languages, list_hours

__all__ = [
    "Hour", "Kept", "Place", "count_devices", "count_languages", "find_oldest_message_day", "get_expected",
    "get_store_of_segment", "has_changed", "list_hours", "list_kept_until", "put_days", "read_consents",
    "read_days", "read_direct", "read_expected", "read_known", "read_purchases", "read_reached",
]  # fmt: skip
