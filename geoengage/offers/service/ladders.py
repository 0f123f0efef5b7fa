"""Win-back ladders: which step is somebody's next."""

from datetime import datetime
from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.offers import store
from geoengage.offers.rules import Climbed, Finished, Waits, climb


async def ladder_step(
    session: Session, tenant_id: TenantId, profile_id: UUID, now: datetime
) -> Climbed | Waits | Finished | None:
    """Take somebody's next step on the tenant's ladder, if it is due: the reminder, or the offer to give now.

    It counts as taken with the caller's commit. None: the tenant has no ladder. One ladder for a person in six months,
    whoever asks; a person who was merged goes on where either of them was.
    """
    found = await store.find_ladder(session, tenant_id)
    if found is None:
        return None
    buyer = await store.find_buyer(session, tenant_id, profile_id)
    people = sorted(buyer.people) if buyer is not None else [profile_id]
    places = {each: await store.lock_place(session, tenant_id, each, now) for each in people}
    known = [place for place in places.values() if place is not None]
    latest = max(known, key=lambda place: (place.started_at, place.step), default=None)
    step = climb(found[0], latest, now)
    now_at = step.place if isinstance(step, Climbed) else latest
    for each, place in places.items():
        if now_at is not None and place != now_at:
            await store.set_place(session, tenant_id, each, now_at)
    return step
