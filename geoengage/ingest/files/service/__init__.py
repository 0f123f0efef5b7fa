"""What is done with files: received, previewed, run, picked up from the drop folder. Everything is imported from here."""

from geoengage.ingest.files.service.dropping import Dropped, note_late, refuse, take_in, usual_arrivals
from geoengage.ingest.files.service.previewing import Previewed, preview
from geoengage.ingest.files.service.receiving import (
    FOLDER,
    Arrived,
    FileRefused,
    MappingIncomplete,
    cancel,
    change,
    check_ready,
    look_at,
    progress,
    register,
    start,
    unlink_upload,
    upload_path,
)
from geoengage.ingest.files.service.running import Lost, Run, fail, open_run

__all__ = [
    "FOLDER", "Arrived", "Dropped", "FileRefused", "Lost", "MappingIncomplete", "Previewed", "Run", "cancel", "change",
    "check_ready", "fail", "look_at", "note_late", "open_run", "preview", "progress", "refuse", "register", "start",
    "take_in", "unlink_upload", "upload_path", "usual_arrivals",
]  # fmt: skip
