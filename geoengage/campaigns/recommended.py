"""What texts may recommend to the people whom campaigns address, chosen once for a batch."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from geoengage.campaigns.rules import Content, Words, uses_recommendations
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging.rules.text import Recommended
from geoengage.profiles.rules import Recipient
from geoengage.recommendations import service as recommendations

Chosen = dict[tuple[UUID, UUID | None], Recommended]


async def recommended_for(
    session: Session, tenant_id: TenantId, addressed: Iterable[tuple[Content, Recipient]], now: datetime
) -> Chosen:
    """For those whose text asks for it: by device and by the store whose campaign it is."""
    said = [(c.store_id, person.device_id, person, Words(c.title, c.body)) for c, person in addressed]
    return await recommended_in(session, tenant_id, said, now)


async def recommended_in(
    session: Session,
    tenant_id: TenantId,
    said: Iterable[tuple[UUID | None, UUID, Recipient | None, Words]],
    now: datetime,
) -> Chosen:
    """The same for (store, whom, the phone on which they agreed, words): by whom and store."""
    asked: dict[UUID | None, dict[UUID, Recipient | None]] = {}
    for store_id, whom, person, words in said:
        if uses_recommendations(words.title, words.body):
            asked.setdefault(store_id, {})[whom] = person
    found: Chosen = {}
    for store_id, people in asked.items():
        values = await recommendations.values_for(session, tenant_id, people, store_id, now)
        found |= {(whom, store_id): each for whom, each in values.items()}
    return found
