"""What texts may recommend to the people whom campaigns address, chosen once for a batch."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from geoengage.campaigns.rules import Content, uses_recommendations
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules.text import Recommended
from geoengage.profiles.rules import Recipient
from geoengage.recommendations import service as recommendations

GRANTED, DENIED = "granted", "denied"


async def recommended_for(
    session: Session, tenant_id: TenantId, addressed: Iterable[tuple[Content, Recipient]], now: datetime
) -> dict[tuple[UUID, UUID | None], Recommended]:
    """For those whose text asks for it: by device and by the store whose campaign it is."""
    asked: dict[UUID | None, dict[UUID, Recipient | None]] = {}
    for content, person in addressed:
        if uses_recommendations(content.title, content.body):
            asked.setdefault(content.store_id, {})[person.device_id] = person
    found: dict[tuple[UUID, UUID | None], Recommended] = {}
    for store_id, people in asked.items():
        values = await recommendations.values_for(session, tenant_id, people, store_id, now)
        found |= {(device_id, store_id): each for device_id, each in values.items()}
    return found


async def recommended_to_people(
    session: Session,
    tenant_id: TenantId,
    asked: Iterable[tuple[UUID | None, UUID]],
    devices: Mapping[UUID, Sequence[Recipient]],
    now: datetime,
) -> dict[tuple[UUID | None, UUID], Recommended]:
    """For people of journeys, by the store whose campaign it is (None: the tenant's) and profile. Who has refused
    personalisation on one device has refused it; who has no device has not agreed."""
    chosen: dict[UUID | None, dict[UUID, Recipient | None]] = {}
    for store_id, profile_id in set(asked):
        some = devices.get(profile_id, ())
        refused = any(each.personalisation == DENIED for each in some)
        agreed = next((each for each in some if each.personalisation == GRANTED), None)
        chosen.setdefault(store_id, {})[profile_id] = None if refused else agreed
    found: dict[tuple[UUID | None, UUID], Recommended] = {}
    for store_id, people in chosen.items():
        values = await recommendations.values_for(session, tenant_id, people, store_id, now)
        found |= {(store_id, profile_id): each for profile_id, each in values.items()}
    return found


def is_due(recommended: Recommended | None) -> bool:
    """Whether something that they buy again and again is due, as `rules.Due` asks."""
    return recommended is not None and recommended["due"][0]["name"] is not None
