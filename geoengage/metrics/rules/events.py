"""What the metrics tell the ledger."""

from uuid import UUID

from geoengage.kit.event_base import Event


class ValuesFitted(Event, frozen=True, kw_only=True, tag="values.fitted"):
    """All customers were valued anew, with this model; if it is a refusal, nobody has a value any more."""

    model_id: UUID
    version: int
