"""Campaigns of the calendar: at a local time, those whose day it is come in."""

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.campaigns import entries, facts, starts
from geoengage.campaigns.arriving import LONG_AGO, is_alone, unless_after
from geoengage.campaigns.entries import Crowd
from geoengage.campaigns.rules import (
    InSegment,
    OnDate,
    OnSchedule,
    TriggerKind,
    Whose,
    days_meant,
    due_runs,
    runs_at,
)
from geoengage.campaigns.store import Running
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.timing.rules import Calendar
from geoengage.timing.service import calendars_of


async def begin_due(session: Session, tenant_id: TenantId, now: datetime) -> int:
    """Begin what is due on somebody's clock; returns how many runs have begun. A run begins once, whoever is asked."""
    begun = 0
    running = await facts.list_of_kinds(session, tenant_id, (TriggerKind.SCHEDULE, TriggerKind.DATE), now)
    phones: list[str] | None = None
    for campaign in running:
        when, store_id = campaign.content.definition.when, campaign.content.store_id
        if not isinstance(when, OnSchedule | OnDate):
            continue
        home, stores = await starts.get_timezones(session, tenant_id, {store_id} if store_id else set())
        own = stores.get(store_id, home) if store_id else home
        zones = [own.key]
        if when.clock is Whose.PERSON:
            phones = await entries.list_phone_zones(session, tenant_id) if phones is None else phones
            zones = sorted({own.key, *phones})
        calendars = await calendars_of(session, tenant_id, store_id)
        since = max(at for at in (campaign.activated_at, campaign.content.valid_from, LONG_AGO) if at is not None)
        for name in zones:
            zone, there = _zone(name), calendars.at(name)
            for day in due_runs(when, zone, since, now, there) if zone is not None else ():
                if await entries.begin_run(session, tenant_id, campaign.id, name, day, now):
                    await _let_in(session, tenant_id, campaign, (name, own.key), day, there, now)
                    begun += 1
    return begun


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # a phone's word for its zone
        return None


async def _let_in(
    session: Session,
    tenant_id: TenantId,
    campaign: Running,
    zones: tuple[str, str],
    day: date,
    there: Calendar,
    now: datetime,
) -> None:
    """`zones`: whose clock it is, and the one of those whose clock nobody knows. The occasion is the local day, so that
    who travels does not come in twice on it.
    """
    content, when = campaign.content, campaign.content.definition.when
    audience = content.definition.audience
    if not isinstance(when, OnSchedule | OnDate):
        return
    at = runs_at(when, day, ZoneInfo(zones[0]), there) or now
    segment: UUID | None = audience.segment_id if isinstance(audience, InSegment) else None
    crowd = Crowd(
        campaign_id=campaign.id,
        occasion=day.isoformat(),
        entered_at=at,
        wake_at=now,
        alone=is_alone(content),
        unless_after=unless_after(content, at),
        segment_id=segment,
        zone=zones[0] if when.clock is Whose.PERSON else None,
        home=zones[1],
        trait=when.trait if isinstance(when, OnDate) else None,
        days=days_meant(when, day) if isinstance(when, OnDate) else (),
    )
    await entries.enter_crowd(session, tenant_id, crowd)
