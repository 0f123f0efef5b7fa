"""What lifecycle metrics tell the rest of the product. Pure."""

from uuid import UUID

from geoengage.kit.event_base import Event


class MetricAlerted(Event, frozen=True, kw_only=True, tag="metric.alerted"):
    """A metric is off its own course, or is so still after it was put off. `text`: the sentence."""

    alert_id: UUID
    metric: str
    text: str
    is_good: bool
