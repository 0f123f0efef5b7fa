"""What imports say in the ledger. Pure."""

from uuid import UUID

from geoengage.kit.event_base import Event


class ImportAlert(Event, frozen=True, kw_only=True, tag="import.alert"):
    """A file of the drop folder is late, much smaller than usual, or cannot be read; `text` says it to people."""

    kind: str
    reason: str
    text: str
    import_id: UUID | None = None
