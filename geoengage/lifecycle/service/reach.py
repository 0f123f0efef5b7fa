"""When and where people are: hours of the week, devices, languages, and how far each channel reaches."""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle import store
from geoengage.lifecycle.rules.spans import DAY, Span, Step, widened
from geoengage.lifecycle.rules.subscribers import CHANNELS
from geoengage.lifecycle.rules.told import is_few, steps_told, suppressed
from geoengage.lifecycle.service.scopes import Scope, get_place, start_of, today_in
from geoengage.lifecycle.store import Hour, Place

HOURS = 168
Counts = list[tuple[str, int | None]]


@dataclass(frozen=True, slots=True)
class When:
    """What happened by hour of the week, Monday first; None: not told. People by platform and by language."""

    place: Place
    period: Span | None
    hours: dict[str, list[int | None]]
    devices: Counts
    languages: Counts


async def read_when(
    session: Session, tenant_id: TenantId, scope: Scope, asked: Span, now: datetime, *, exact: bool
) -> When:
    """Whole months, because parts could be subtracted; one that is not over counts for made-up people only."""
    place = await get_place(session, tenant_id, scope)
    today = today_in(place, now)
    months = [month for span in widened(asked, Step.MONTH) if (month := span.until(today - DAY)) is not None]
    if not exact:
        months = [month for month in months if month.is_months]
    period = Span(months[0].first, months[-1].last) if months else None
    found: dict[str, list[Hour]] = {}
    if period is not None:
        since, until = start_of(period.first, place), start_of(period.last + DAY, place)
        found = await store.list_hours(session, tenant_id, place, since, until)
    devices = await store.count_devices(session, tenant_id, place)
    languages = await store.count_languages(session, tenant_id, place)
    return When(
        place,
        period,
        {kind: _told_hours(found.get(kind, []), exact=exact) for kind in ("visits", "opens", "orders")},
        _told(devices, exact=exact),
        _told(languages, exact=exact),
    )


def _told_hours(rows: list[Hour], *, exact: bool) -> list[int | None]:
    """How often; an hour is told if in each month it is of nobody or of ten people at least."""
    times = [0] * HOURS
    few = set()
    for row in rows:
        times[row.hour] += row.times
        if is_few(row.people) and not exact:
            few.add(row.hour)
    return [None if hour in few else n for hour, n in enumerate(times)]


def _told(counts: list[tuple[str, int]], *, exact: bool) -> Counts:
    hidden = [False] * len(counts) if exact else suppressed([n for _, n in counts])
    return [(name, None if hide else n) for (name, n), hide in zip(counts, hidden, strict=True)]


@dataclass(frozen=True, slots=True)
class Funnel:
    """Of one channel, how many people get how far; None: not told."""

    channel: str
    known: int | None
    consent: int | None
    address: int | None
    alive: int | None


@dataclass(frozen=True, slots=True)
class Funnels:
    """All channels at a moment."""

    place: Place
    today: date
    channels: list[Funnel]


async def read_funnel(session: Session, tenant_id: TenantId, scope: Scope, now: datetime, *, exact: bool) -> Funnels:
    """Known people, those of them who agree to marketing, who have an address of the channel, whom it reaches."""
    place = await get_place(session, tenant_id, scope)
    today = today_in(place, now)
    known = await store.read_known(session, tenant_id, place)
    consents = await store.read_consents(session, tenant_id, place, now)
    reached = await store.read_reached(session, tenant_id, place, now)
    found = []
    for channel in CHANNELS:
        agree = np.intersect1d(consents.held(today.toordinal(), channel), known)
        with_address, alive = (
            agree if channel == "in_app" else np.intersect1d(agree, reached.people(channel, alive=only))
            for only in (False, True)
        )
        steps = [len(known), len(agree), len(with_address), len(alive)]
        told = [True] * 4 if exact else steps_told(steps)
        found.append(Funnel(channel, *(n if may else None for n, may in zip(steps, told, strict=True))))
    return Funnels(place, today, found)
