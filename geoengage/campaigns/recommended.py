"""What texts may recommend to the people whom campaigns address, chosen once for a batch."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from geoengage.campaigns.rules import Content, uses_recommendations
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules.text import Recommended
from geoengage.profiles.rules import Recipient
from geoengage.recommendations import service as recommendations


async def recommended_for(
    session: Session, tenant_id: TenantId, addressed: Iterable[tuple[Content, Recipient]], now: datetime
) -> dict[tuple[UUID, UUID | None], Recommended]:
    """For those whose text asks for it: by device and by the store whose campaign it is."""
    asked: dict[UUID | None, dict[UUID, Recipient]] = {}
    for content, person in addressed:
        if uses_recommendations(content.title, content.body):
            asked.setdefault(content.store_id, {})[person.device_id] = person
    found: dict[tuple[UUID, UUID | None], Recommended] = {}
    for store_id, people in asked.items():
        values = await recommendations.values_for(session, tenant_id, people.values(), store_id, now)
        found |= {(device_id, store_id): each for device_id, each in values.items()}
    return found
