"""Letting people into a campaign by a call of the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.campaigns import entries, facts, store
from geoengage.campaigns.arriving import arrival, once
from geoengage.campaigns.models import Campaign
from geoengage.campaigns.rules import Status, TriggerKind, WrongStatus, status_at
from geoengage.campaigns.store import Running
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId, derived_id
from geoengage.tenancy.rules import Principal


@dataclass(frozen=True, slots=True)
class Called:
    """How many came in, how many did not because they are in it or were, and whom nobody knows."""

    entered: int
    not_entered: int
    unknown: frozenset[UUID]


async def list_known(session: Session, me: Principal, profile_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these people whom the caller may know."""
    return await facts.list_known(session, TenantId(me.tenant_id), profile_ids, me.store_ids)


async def let_in(
    session: Session,
    me: Principal,
    row: Campaign,
    call_id: UUID,
    people: Sequence[tuple[UUID, Mapping[str, Any]]],
    now: datetime,
) -> Called:
    """Let people in; the same call (`call_id`) again changes nothing. WrongStatus unless active and of kind api."""
    status = status_at(Status(row.status), row.valid_from, row.valid_to, now)
    if row.trigger_kind != TriggerKind.API:
        raise WrongStatus(status, "only a campaign whose trigger is of kind api is called")
    if status is not Status.ACTIVE:
        raise WrongStatus(status, "only a campaign that is active lets people in")
    known = await list_known(session, me, [profile_id for profile_id, _ in people])
    campaign = Running(row.id, store.content_of(row), None)
    arrivals = [
        arrival(campaign, profile_id, derived_id(call_id, profile_id), now, now, values)
        for profile_id, values in people
        if profile_id in known
    ]
    before = await entries.list_present(session, TenantId(me.tenant_id), row.id, [a.id for a in arrivals])
    fresh = await entries.enter(session, TenantId(me.tenant_id), once(arrivals))
    entered = before | fresh
    return Called(
        entered=len(entered),
        not_entered=len({a.id for a in arrivals} - entered),
        unknown=frozenset(profile_id for profile_id, _ in people) - known,
    )
