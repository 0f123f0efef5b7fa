"""What lifecycle metrics tell the rest of the product. Pure."""

from uuid import UUID

from geoengage.kit.event_base import Event


class MetricAlerted(Event, frozen=True, kw_only=True, tag="metric.alerted"):
    """A metric is off its own course. `text`: the sentence. `store_id`: of the store that it is about; null: of all."""

    alert_id: UUID
    metric: str
    text: str
    is_good: bool
    store_id: UUID | None
