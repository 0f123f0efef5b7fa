"""What may be told of a preview: counts about people, none of which stands for one to nine of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median
from typing import TypeVar
from uuid import UUID

from geoengage.kit.anonymity import is_told, is_total_told
from geoengage.reports.preview import Found
from geoengage.reports.replay import Visit
from geoengage.reports.rules import Tried

T = TypeVar("T")
WHOLE_DAYS = 7  # the longest window there is


@dataclass(frozen=True, slots=True)
class Day:
    """A local day. None: fewer than ten people came."""

    on: date
    visits: int | None


@dataclass(frozen=True, slots=True)
class Sent:
    """What one campaign would have sent."""

    campaign_id: UUID
    name: str
    would_send: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """The numbers of a preview; None where they would be about too few people. `hidden`: days without a number."""

    visits: int | None
    people: int | None
    hidden: int
    by_day: list[Day]
    dwell_median_s: int | None
    would_send: int | None
    by_campaign: list[Sent]
    devices_looked_at: int | None


def told(found: Found) -> Told:
    """The numbers that may be told."""
    exact, whole = found.question.is_demo, found.question.days == WHOLE_DAYS
    days = _by_day(found, found.visits, lambda v: v.entered_at)
    groups = [{_person(found, v) for v in some} for some in days]
    by_day = [
        Day(on, len(some) if is_told(group, exact=exact) else None)
        for on, some, group in zip(found.question.dates, days, groups, strict=True)
    ]
    total = is_total_told(groups, whole=whole, exact=exact)
    return Told(
        visits=len(found.visits) if total else None,
        people=len(set().union(*groups)) if total else None,
        hidden=sum(day.visits is None for day in by_day),
        by_day=by_day,
        dwell_median_s=_median_dwell(found, exact=exact) if total else None,
        would_send=_would_send(found, whole=whole, exact=exact),
        by_campaign=_by_campaign(found, whole=whole, exact=exact),
        devices_looked_at=len(found.looked_at) if is_told(_persons(found, found.looked_at), exact=exact) else None,
    )


def _persons(found: Found, devices: Iterable[UUID]) -> set[UUID]:
    return {found.persons[device_id] for device_id in devices}


def _person(found: Found, visit: Visit) -> UUID:
    return found.persons[visit.device_id]


def _by_day(found: Found, items: Iterable[T], at: Callable[[T], datetime]) -> list[list[T]]:
    """Items by the local days of the window, in their order."""
    days: dict[date, list[T]] = {on: [] for on in found.question.dates}
    for item in items:
        days[at(item).astimezone(found.question.clock).date()].append(item)
    return list(days.values())


def _median_dwell(found: Found, *, exact: bool) -> int | None:
    """Seconds between coming and going, of the visits that have ended."""
    ended = [(v, v.exited_at) for v in found.visits if v.exited_at is not None]
    if not ended or not is_told({_person(found, v) for v, _ in ended}, exact=exact):
        return None
    return round(median((exited_at - v.entered_at).total_seconds() for v, exited_at in ended))


def _groups(found: Found, tried: Sequence[Tried]) -> list[set[UUID]]:
    """Who would have been sent something, by day."""
    days = _by_day(found, tried, lambda t: t.start.event.at)
    return [{t.start.person.person_id for t in some} for some in days]


def _would_send(found: Found, *, whole: bool, exact: bool) -> int | None:
    sent = [t for t in found.tried if t.would_send]
    return len(sent) if is_total_told(_groups(found, sent), whole=whole, exact=exact) else None


def _by_campaign(found: Found, *, whole: bool, exact: bool) -> list[Sent]:
    """Each campaign's messages. If one is withheld beside the others and the total, the total tells it: all are."""
    sent = {id_: [t for t in found.tried if t.would_send and t.campaign_id == id_] for id_ in found.campaigns}
    people = [{t.start.person.person_id for t in some} for some in sent.values()]
    safe = is_total_told(people, whole=True, exact=exact)
    return [
        Sent(
            id_,
            found.campaigns[id_],
            len(some) if safe and is_total_told(_groups(found, some), whole=whole, exact=exact) else None,
        )
        for id_, some in sent.items()
    ]
