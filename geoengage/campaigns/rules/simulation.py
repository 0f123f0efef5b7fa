"""What a campaign would have done to one person in a time that has passed. Pure; the same rules as for real.

Known of that time are events, orders, moves and what the person was really sent; attributes, segments, consents and
best hours are as they are now. Other campaigns are not looked at, so none wins the person back first. Nothing is
assumed of what the messages would have changed.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.campaigns.rules.decision import Policy
from geoengage.campaigns.rules.definition import Content
from geoengage.campaigns.rules.journey import (
    Course,
    Ended,
    Known,
    Somebody,
    Spot,
    StepCase,
    advance,
    decide_step,
    exit_of,
)
from geoengage.campaigns.rules.steps import Again
from geoengage.messaging.rules import Budget, Send

IN_IT = "in_it"  # is in it already: nobody is twice at a time
CAME_BEFORE = "came_before"  # the rule of coming in again
NOT_MEANT = "not_in_audience"
STILL_IN = "still_in"  # when the time simulated was over


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person of that time. `moments`: when what starts the campaign happened to them; they are looked at `delay`
    later. `deeds`: (when, name, properties). `budget`: what they were really sent. `has_due`: as of now, as attributes.
    `best`: as `Course.best`.
    """

    profile_id: UUID
    somebody: Somebody
    timezone: ZoneInfo
    moments: Sequence[datetime]
    is_meant: bool
    budget: Budget
    delay: timedelta = timedelta()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    segments: frozenset[UUID] = frozenset()
    deeds: Sequence[tuple[datetime, str, Mapping[str, Any]]] = ()
    orders: Sequence[datetime] = ()
    has_due: bool = False
    best: Callable[[datetime, bool], datetime | None] = lambda _at, _free: None


@dataclass(frozen=True, slots=True)
class Told:
    """A message that would have been sent, or (`reason`) not."""

    step: str
    at: datetime
    reason: str | None


@dataclass(slots=True)
class Walked:
    """What would have become of one person."""

    entered: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    told: list[Told] = field(default_factory=list)


def simulate(campaign_id: UUID, content: Content, policy: Policy, person: Person, until: datetime) -> Walked:
    """Take one person through all that happened to them before `until`."""
    walked, budget = Walked(), person.budget
    last: datetime | None = None
    busy_until: datetime | None = None
    alone = content.is_journey or content.definition.reentry.kind is not Again.ALWAYS
    for at in sorted(person.moments):
        refusal = _refusal(content, person, at, last, busy_until if alone else None)
        if refusal is not None:
            walked.refused[refusal] += 1
            continue
        last = at
        walked.entered += 1
        end, busy_until, budget = _walk(campaign_id, content, policy, person, at, until, budget, walked)
        walked.ends[end] += 1
    return walked


def _refusal(
    content: Content, person: Person, at: datetime, last: datetime | None, busy_until: datetime | None
) -> str | None:
    again = content.definition.reentry
    if not person.is_meant:
        return NOT_MEANT
    if busy_until is not None and at < busy_until:
        return IN_IT
    if last is None or again.kind is Again.ALWAYS:
        return None
    return CAME_BEFORE if again.kind is Again.NEVER or at - last < timedelta(days=again.days) else None


def _walk(
    campaign_id: UUID,
    content: Content,
    policy: Policy,
    person: Person,
    entered_at: datetime,
    until: datetime,
    budget: Budget,
    walked: Walked,
) -> tuple[str, datetime, Budget]:
    """Why and when it ended, and what is left of their attention."""
    course = Course(content, policy, person.timezone, person.best)
    spot, now = Spot(), entered_at + person.delay
    while now < until:
        left = _left(content, person, entered_at, now)
        if left is not None:
            return left[0], left[1], budget
        progress = advance(course, spot, _known(person, entered_at, now), now)
        for step in progress.said:
            case = StepCase(campaign_id, content, person.somebody, person.timezone)
            so_far = Budget(budget.person_id, tuple(s for s in budget.sends if s.at <= now)).recent(now)
            blockers = decide_step(case, policy, so_far, now)
            walked.told.append(Told(step.id, now, str(blockers[0]) if blockers else None))
            if not blockers:
                budget = budget.spend(Send(campaign_id, campaign_id, now, content.store_id, content.is_marketing))
        if progress.spot is None or progress.spot.due_at is None:
            return Ended.FINISHED, now, budget
        spot, now = progress.spot, progress.spot.due_at
    left = _left(content, person, entered_at, until)
    return (left[0], left[1], budget) if left is not None else (STILL_IN, until, budget)


def _known(person: Person, entered_at: datetime, now: datetime) -> Known:
    return Known(
        attributes=person.attributes,
        segments=person.segments,
        did=tuple((name, said) for at, name, said in person.deeds if entered_at <= at <= now),
        has_bought=any(entered_at < at <= now for at in person.orders),
        has_due=person.has_due,
    )


def _left(content: Content, person: Person, entered_at: datetime, now: datetime) -> tuple[Ended, datetime] | None:
    """Why and when they left by now: at the first of what ends it."""
    exits = content.definition.exits
    if exit_of(exits, _known(person, entered_at, now)) is None:
        return None
    moments = sorted({entered_at, *person.orders, *(at for at, _, _ in person.deeds)})
    for at in (at for at in moments if entered_at <= at <= now):
        end = exit_of(exits, _known(person, entered_at, at))
        if end is not None:
            return end, at
    return None
