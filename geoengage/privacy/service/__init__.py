"""What people and programmes may ask for, one file a subject. Everything is imported from here."""

from geoengage.privacy.service.erasing import (
    BY_THEMSELVES,
    Nightly,
    Traces,
    erase_caller,
    erase_profile,
    keep_journal,
    replay,
)
from geoengage.privacy.service.people import Kept, export, list_kept
from geoengage.privacy.service.requests import Eraser
from geoengage.privacy.service.retention import delete_old

__all__ = [
    "BY_THEMSELVES",
    "Eraser",
    "Kept",
    "Nightly",
    "Traces",
    "delete_old",
    "erase_caller",
    "erase_profile",
    "export",
    "keep_journal",
    "list_kept",
    "replay",
]
