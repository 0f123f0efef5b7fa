"""When to write to somebody, as campaigns ask: the best allowed moment in a window.

Without consent to personalisation nothing of a person's history chooses the hour: then the tenant's people and its day
parts do. How the tenant's people, or a segment's, spread over the week is counted from a sample when somebody asks and
the last count is a day old.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.timing import store
from geoengage.timing.rules import (
    HOURS,
    KNOWN_DAYS,
    USUAL,
    Calendar,
    Clocks,
    Counts,
    DayPart,
    Known,
    Peak,
    Window,
    best_hour,
    good_time,
    hour_of_week,
    shares_of,
    territory_of,
    weekend_of,
    weight,
)
from geoengage.venues.rules import Schedule

Choose = Callable[[UUID, datetime, datetime], datetime | None]
COUNTED_FOR = timedelta(days=1)
LEAST_PEOPLE = 10  # in a prior: k of every aggregate over people


async def read_good_times(
    session: Session,
    tenant_id: TenantId,
    profile_ids: Collection[UUID],
    now: datetime,
    where: Window,
    segment_id: UUID | None = None,
) -> Choose:
    """(one of these people, from, until) → the moment in between at which they most likely answer (UTC), by what is
    known now, also of past ones; None: nothing in it is allowed. As many queries for many as for one.

    `where`: its places and hours count, not its times; `segment_id`: whom they are like, by membership in it.
    Idempotent: the same question has the same answer until something new is known.
    """
    week = await _week(session, tenant_id, segment_id, now)
    places: tuple[tuple[Schedule, ZoneInfo], ...] = ()
    if where.store_id is not None or where.mall_id is not None:
        places = tuple(await store.list_open_hours(session, tenant_id, where.store_id, where.mall_id))
    counted = await _counted(session, tenant_id, profile_ids, week.tenant_zone, now)

    def choose(profile_id: UUID, starts_at: datetime, ends_at: datetime) -> datetime | None:
        zone, counts = counted[profile_id]
        free = week.calendar.at(zone.key) if where.free else None
        clocks = Clocks(zone, week.clock.quiet_start, week.clock.quiet_end, places, where.hours, free)
        known = Known(
            counts=counts, segment=week.segment, tenant=week.tenant, day_parts=week.calendar.parts,
            weekend=week.calendar.weekend,
        )  # fmt: skip
        return good_time(profile_id, replace(where, starts_at=starts_at, ends_at=ends_at), clocks, known)

    return choose


@dataclass(frozen=True, slots=True)
class Calendars:
    """The calendar of a tenant's people, by whose clock it is. `home`, `territory`, `weekend`: of the store that
    is asked about, else of the tenant."""

    home: str
    territory: str | None
    weekend: frozenset[int]
    parts: tuple[DayPart, ...]

    def at(self, timezone: str) -> Calendar:
        """On a clock of that zone: the weekend is that of the country in which the zone lies, at home of the store's or
        mall's own."""
        there = None if timezone == self.home else territory_of(timezone)
        return Calendar(self.parts, self.weekend if there is None else weekend_of(there))


async def calendars_of(session: Session, tenant_id: TenantId, store_id: UUID | None = None) -> Calendars:
    """The day parts of a tenant, and the weekends of a store (None: of the tenant) and of other clocks."""
    clock = await store.get_tenant_clock(session, tenant_id, store_id)
    territory = clock.territory or territory_of(clock.timezone)
    return Calendars(
        home=clock.timezone,
        territory=territory,
        weekend=weekend_of(territory),
        parts=tuple(await store.list_day_parts(session, tenant_id)) or USUAL,
    )


@dataclass(frozen=True, slots=True)
class BestHours:
    """What is known of one person's week. `is_own`: from their own history; else they have none that may be used."""

    peak: Peak
    zone: ZoneInfo
    is_own: bool
    agrees: bool
    actions: Mapping[str, int]


async def best_hours(session: Session, tenant_id: TenantId, profile_id: UUID, now: datetime) -> BestHours:
    """One person's week; NotFound when there is no such person."""
    await store.check_profile(session, tenant_id, profile_id)
    week = await _week(session, tenant_id, None, now)
    clock = (await store.list_clocks(session, tenant_id, [profile_id])).get(profile_id)
    agrees = clock is not None and clock.agrees
    actions = await store.list_actions(session, tenant_id, [profile_id], _since(now)) if agrees else []
    zone = _zone(clock, week.tenant_zone)
    counts = np.zeros(HOURS)
    told = dict.fromkeys(("click", "visit", "purchase"), 0)
    for _, kind, at in actions:
        counts[hour_of_week(at, zone)] += weight(kind, at, now)
        told[kind] += 1
    monday = now.astimezone(zone).date()
    usual = shares_of(week.calendar.parts, monday - timedelta(days=monday.weekday()), week.calendar.weekend)
    peak = best_hour(counts, week.segment, week.tenant, usual, week.calendar.weekend)
    return BestHours(peak, zone, bool(actions), agrees, told)


# --- what it rests on -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Week:
    clock: store.TenantClock
    calendar: Calendars
    tenant: Counts
    segment: Counts

    @property
    def tenant_zone(self) -> ZoneInfo:
        return ZoneInfo(self.clock.timezone)


async def _week(session: Session, tenant_id: TenantId, segment_id: UUID | None, now: datetime) -> _Week:
    clock = await store.get_tenant_clock(session, tenant_id)
    zone = ZoneInfo(clock.timezone)
    return _Week(
        clock=clock,
        calendar=await calendars_of(session, tenant_id),
        tenant=await _prior(session, tenant_id, store.TENANT, zone, now),
        segment=np.zeros(HOURS) if segment_id is None else await _prior(session, tenant_id, segment_id, zone, now),
    )


async def _prior(session: Session, tenant_id: TenantId, segment_id: UUID, home: ZoneInfo, now: datetime) -> Counts:
    """How the actions of many fall on the week; nothing where they are fewer than ten people."""
    found = await store.find_prior(session, tenant_id, segment_id)
    if found is not None and found.counted_at > now - COUNTED_FOR:
        return np.array(found.counts) if found.people >= LEAST_PEOPLE else np.zeros(HOURS)
    actions = await store.list_sample(session, tenant_id, segment_id, _since(now))
    clocks = await store.list_clocks(session, tenant_id, {profile_id for profile_id, _, _ in actions})
    counts = np.zeros(HOURS)
    for profile_id, kind, at in actions:
        counts[hour_of_week(at, _zone(clocks.get(profile_id), home))] += weight(kind, at, now)
    people = len(clocks)
    await store.save_prior(session, tenant_id, segment_id, counts.tolist(), people, now)
    return counts if people >= LEAST_PEOPLE else np.zeros(HOURS)


async def _counted(
    session: Session, tenant_id: TenantId, profile_ids: Collection[UUID], home: ZoneInfo, now: datetime
) -> dict[UUID, tuple[ZoneInfo, Counts]]:
    """The clock and the weighted actions of each; no actions of who has not agreed."""
    clocks = await store.list_clocks(session, tenant_id, profile_ids)
    agreeing = [profile_id for profile_id, clock in clocks.items() if clock.agrees]
    found = {id_: (_zone(clocks.get(id_), home), np.zeros(HOURS)) for id_ in profile_ids}
    for profile_id, kind, at in await store.list_actions(session, tenant_id, agreeing, _since(now)):
        zone, counts = found[profile_id]
        counts[hour_of_week(at, zone)] += weight(kind, at, now)
    return found


def _since(now: datetime) -> datetime:
    return now - timedelta(days=KNOWN_DAYS)


def _zone(clock: store.Clock | None, home: ZoneInfo) -> ZoneInfo:
    """The person's clock; the tenant's where no phone says one, or says what is no zone."""
    if clock is None or clock.timezone is None:
        return home
    try:
        return ZoneInfo(clock.timezone)
    except (KeyError, ValueError, OSError):
        return home
