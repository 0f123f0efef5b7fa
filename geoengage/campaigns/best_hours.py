"""The best moments of the people of a journey, for steps that wait for them: as it goes, and as it is simulated."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID

from geoengage.campaigns.rules import Content, best_hours_asked, schedule
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.timing.rules import Window
from geoengage.timing.service import read_good_times

A_DAY = timedelta(hours=24)
A_WEEK = timedelta(days=7)


async def read_best(
    session: Session, tenant_id: TenantId, content: Content, people: Collection[UUID], now: datetime
) -> Callable[[UUID, datetime, bool], datetime | None]:
    """(one of these people, moment, in their free time) → their best moment of the day after it, by what is known now;
    where that day has no free hour in the campaign's hours, of the week. No query where no step asks."""
    chosen = {}
    for is_free in best_hours_asked(content.course):
        where = Window(now, now + A_DAY, hours=schedule(content.definition), free=is_free)
        chosen[is_free] = await read_good_times(session, tenant_id, people, now, where, content.segment_id)

    def best(profile_id: UUID, at: datetime, is_free: bool) -> datetime | None:
        found = chosen[is_free](profile_id, at, at + A_DAY)
        return chosen[is_free](profile_id, at, at + A_WEEK) if found is None and is_free else found

    return best
