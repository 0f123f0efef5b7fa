"""What people and programmes may ask for, one file a subject. Everything is imported from here."""

from geoengage.privacy.service.erasing import (
    BY_THEMSELVES,
    Traces,
    erase_caller,
    erase_profile,
    keep_journal,
    replay,
)
from geoengage.privacy.service.people import Kept, export, list_kept
from geoengage.privacy.service.retention import delete_old, delete_old_logs

__all__ = [
    "BY_THEMSELVES",
    "Kept",
    "Traces",
    "delete_old",
    "delete_old_logs",
    "erase_caller",
    "erase_profile",
    "export",
    "keep_journal",
    "list_kept",
    "replay",
]
