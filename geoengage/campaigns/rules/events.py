"""What campaigns tell the rest of the product."""

from uuid import UUID

from geoengage.campaigns.rules.lifecycle import Status
from geoengage.kit.event_base import Event


class CampaignChanged(Event, frozen=True, kw_only=True, tag="campaign.changed"):
    """A campaign was made, edited, moved to another status or deleted (then `finished`)."""

    campaign_id: UUID
    name: str
    status: Status
    store_id: UUID | None
