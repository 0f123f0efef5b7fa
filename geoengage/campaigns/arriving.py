"""Who comes into a campaign, under its rules of coming in again."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from geoengage.campaigns import entries, starts
from geoengage.campaigns.entries import ALWAYS, Arrival, Crowd
from geoengage.campaigns.rules import Again, Content
from geoengage.campaigns.store import Running
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
MOST_VALUES = 20
LONGEST_VALUE = 200


def is_alone(content: Content) -> bool:
    """Whether one person is in it only once at a time."""
    return content.is_journey or content.definition.reentry.kind is not Again.ALWAYS


def unless_after(content: Content, at: datetime) -> datetime:
    """Who came in after this moment does not come in at `at`."""
    again = content.definition.reentry
    if again.kind is Again.ALWAYS:
        return ALWAYS
    return LONG_AGO if again.kind is Again.NEVER else at - timedelta(days=again.days)


def arrival(
    campaign: Running,
    profile_id: UUID,
    occurrence: UUID,
    at: datetime,
    now: datetime,
    said: Mapping[str, Any] | None = None,
) -> Arrival:
    """Somebody who comes in because of what happened at `at`; looked at `now`."""
    content = campaign.content
    return Arrival(
        campaign.id, occurrence, profile_id, at, now, is_alone(content), unless_after(content, at), said or {}
    )


def once(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Of what lets somebody in only once at a time, the first of a batch: the database has not seen it yet."""
    seen: set[tuple[UUID, UUID]] = set()
    kept = []
    for each in arrivals:
        key = (each.campaign_id, each.profile_id)
        if not each.alone or key not in seen:
            kept.append(each)
        seen.add(key)
    return kept


async def begin_with_present(
    session: Session, tenant_id: TenantId, campaign_id: UUID, content: Content, at: datetime
) -> None:
    """Who is in the campaign's segment counts as having come in, at that moment."""
    if content.segment_id is None:
        return
    if content.is_journey:
        # The occasion has no date: of one campaign everybody comes in this way once for ever.
        crowd = Crowd(campaign_id, "present", at, at, is_alone(content), unless_after(content, at), content.segment_id)
        await entries.enter_crowd(session, tenant_id, crowd)
    else:
        await starts.put_present(session, tenant_id, campaign_id, content.segment_id, at)


def values_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What texts may say of an event: its plain properties, the first twenty."""
    plain = {
        name: value[:LONGEST_VALUE] if isinstance(value, str) else value
        for name, value in properties.items()
        if isinstance(value, str | int | float | bool)
    }
    return dict(list(plain.items())[:MOST_VALUES])
