"""Going through the steps of a journey: where somebody stands, what happens to them next, what is said. Pure.

`advance` takes a person as far as time and steps allow. A message waits at its step until the campaign's hours are open
and quiet hours are over, for a day at most; then it is decided, and whatever is decided, the journey goes on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.campaigns.rules.audience import AttributeTest, InSegment
from geoengage.campaigns.rules.decision import GRANTED, History, Policy, common_checks, passes_attribute
from geoengage.campaigns.rules.definition import OF_HISTORY, PUSH_ONLY, Content
from geoengage.campaigns.rules.ladder import LadderPlace, is_on_another
from geoengage.campaigns.rules.moves import starts_at
from geoengage.campaigns.rules.steps import (
    Branch,
    Condition,
    Did,
    Due,
    Exits,
    Say,
    Step,
    WaitUntil,
    after,
    find,
    wait_ends,
)
from geoengage.campaigns.rules.triggers import passes
from geoengage.messaging.rules import Blocker, Purpose, in_order
from geoengage.profiles.rules import Reach, Recipient, agrees_to_push

WAITS_FOR = timedelta(hours=24)  # for a good time; then it is decided as it stands


class Ended(StrEnum):
    """Why somebody is in a journey no more."""

    FINISHED = "finished"
    BOUGHT = "bought"
    LEFT_SEGMENT = "left_segment"
    EVENT = "event"
    CAMPAIGN_OVER = "campaign_over"
    MERGED = "merged"


END_WORDS = {
    Ended.FINISHED: "has come to the end",
    Ended.BOUGHT: "left it: bought something",
    Ended.LEFT_SEGMENT: "left it: does not belong to the segment any more",
    Ended.EVENT: "left it: did what ends it",
    Ended.CAMPAIGN_OVER: "the campaign is over",
    Ended.MERGED: "is the same person as somebody who was in it already",
}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where somebody stands. `step` None: at the beginning. `since` None: moved here, not arrived yet.

    `due_at`: when the step is over, or the message may be said.
    """

    step: str | None = None
    since: datetime | None = None
    due_at: datetime | None = None


class Facts(Protocol):
    """What is known of a person in a journey at the moment of the question."""

    def holds(self, condition: Condition) -> bool:
        """Whether a branch's condition holds."""

    def bought(self) -> bool:
        """Whether they have ordered something since they came in."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A step that was passed. `taken`: of a branch, whether its condition held."""

    step: Step
    at: datetime
    taken: bool | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where somebody stands now, `spot` None at the end, and what they passed on the way there."""

    spot: Spot | None
    passed: tuple[Passed, ...] = ()

    @property
    def said(self) -> list[Say]:
        """The messages among it."""
        return [p.step for p in self.passed if isinstance(p.step, Say)]


@dataclass(frozen=True, slots=True)
class Course:
    """A campaign with the clock by which one person goes through it. `best`: (moment, whether it must be their free
    time) → their best moment of the day that begins then, asked only where a step waits for it; None: none is allowed.
    """

    content: Content
    policy: Policy
    timezone: ZoneInfo
    best: Callable[[datetime, bool], datetime | None] = lambda _at, _free: None


def exit_of(exits: Exits, facts: Facts) -> Ended | None:
    """Why somebody leaves before the next step; None: they stay."""
    if exits.purchase and facts.bought():
        return Ended.BOUGHT
    if exits.segment_id is not None and not facts.holds(InSegment(exits.segment_id)):
        return Ended.LEFT_SEGMENT
    if exits.event is not None and facts.holds(Did(exits.event.name, exits.event.where)):
        return Ended.EVENT
    return None


def advance(course: Course, spot: Spot, facts: Facts, now: datetime) -> Progress:
    """As far as it goes at this moment. Somebody whose step is not there any more (it never should be) begins anew:
    what was said once is not said again.
    """
    steps = course.content.course
    step = steps[0] if spot.step is None else find(steps, spot.step) or steps[0]
    since, due_at = (spot.since, spot.due_at) if step.id == spot.step else (None, None)
    passed: list[Passed] = []
    following: Step | None = step
    while following is not None:
        step = following
        if since is None or due_at is None:
            since, due_at = now, _due(course, step, now)
        if now < due_at:
            return Progress(Spot(step.id, since, due_at), tuple(passed))
        taken = facts.holds(step.condition) if isinstance(step, Branch) else None
        passed.append(Passed(step, now, taken))
        following = _following(steps, step, taken=taken)
        since = due_at = None
    return Progress(None, tuple(passed))


def _following(steps: tuple[Step, ...], step: Step, *, taken: bool | None) -> Step | None:
    if isinstance(step, Branch):
        way = step.then if taken else step.otherwise
        if way:
            return way[0]
    return after(steps, step.id)


def _due(course: Course, step: Step, now: datetime) -> datetime:
    if isinstance(step, Branch):
        return now
    if isinstance(step, Say):
        if course.content.definition.purpose is Purpose.TRANSACTIONAL:
            return now
        return starts_at(course.content, course.policy, course.timezone, now, now + WAITS_FOR)
    if isinstance(step, WaitUntil) and step.best_hour:
        return wait_ends(step, now, course.timezone, course.best(now, step.free_time))
    return wait_ends(step, now, course.timezone, None)


@dataclass(frozen=True, slots=True)
class Somebody:
    """Whom a message of a journey is for: with the phone that was chosen, or (`device_id` None) wherever they are
    reached. Consents are of the phone; who has none has said nothing.
    """

    person_id: UUID
    device_id: UUID | None
    first_name: str | None
    language: str | None = None
    personalisation: str = "unknown"
    agrees: bool = False
    suppressed: bool = False
    is_test: bool = False


def on_phone(device: Recipient, content: Content, now: datetime) -> Somebody:
    """Somebody by their phone. `agrees`: to the campaign's pushes."""
    return Somebody(
        person_id=device.person_id,
        device_id=device.device_id,
        first_name=device.first_name,
        language=device.language,
        personalisation=device.personalisation,
        agrees=not content.is_marketing or agrees_to_push(device, content.store_id, now),
        suppressed=device.suppressed,
        is_test=device.is_test,
    )


def in_any_way(reach: Reach) -> Somebody:
    """Somebody who is reached by more than pushes: to what they agree is asked of each way when it is sent."""
    phones = reach.devices
    personal = any(phone.personalisation == GRANTED for phone in phones)
    return Somebody(
        person_id=reach.profile_id,
        device_id=None,
        first_name=reach.first_name,
        language=reach.language or next((phone.language for phone in phones if phone.language), None),
        personalisation=GRANTED if personal else "unknown",
        agrees=True,
        suppressed=reach.suppressed,
        is_test=bool(phones) and all(phone.is_test for phone in phones),
    )


@dataclass(frozen=True, slots=True)
class StepCase:
    """One message of one campaign to one person. `is_meant`: they belong to its audience. `entry`: which of their
    journeys it is, and when they came in; None: in a simulation of this campaign alone.
    """

    campaign_id: UUID
    content: Content
    person: Somebody
    timezone: ZoneInfo
    is_meant: bool = True
    entry: LadderPlace | None = None

    @property
    def has_way(self) -> bool:
        """Whether there is a phone, or no need of one."""
        return self.person.device_id is not None or self.content.definition.channels != PUSH_ONLY


def decide_step(
    case: StepCase, policy: Policy, history: History, now: datetime, place: LadderPlace | None = None
) -> list[Blocker]:
    """Everything that holds the message back, in DESIGN's order; empty when it may go. `place`: which journey last
    began to win this person back.
    """
    checks: tuple[tuple[Blocker, Callable[[], bool]], ...] = (
        (Blocker.NO_CONSENT, lambda: case.has_way and not _consents(case.content, case.person)),
        (Blocker.SUPPRESSED, lambda: case.person.suppressed),
        *common_checks(case, policy, history, now),
        (Blocker.NO_ADDRESS, lambda: not case.has_way),
        (Blocker.NOT_IN_AUDIENCE, lambda: not case.is_meant),
    )
    found = [blocker for blocker, holds in checks if holds()]
    if case.content.definition.win_back and case.entry is not None and is_on_another(place, case.entry):
        found.append(Blocker.CAP)
    return list(in_order(found))


def consents(content: Content, person: Recipient, now: datetime) -> bool:
    """Whether this phone may get it. Marketing needs a yes to it; and to personalisation where somebody's history
    chooses them. What somebody waits for needs neither.
    """
    return _consents(content, on_phone(person, content, now))


def _consents(content: Content, person: Somebody) -> bool:
    if not content.is_marketing:
        return True
    return person.agrees and (content.kind not in OF_HISTORY or person.personalisation == GRANTED)


@dataclass(frozen=True, slots=True)
class Known:
    """Facts of one person, read for this moment. `did`: events since they came in, as (name, properties). `has_due`:
    see `Due`."""

    attributes: Mapping[str, Any] = field(default_factory=dict)
    segments: frozenset[UUID] = frozenset()
    did: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    has_bought: bool = False
    has_due: bool = False

    def bought(self) -> bool:
        """As `Facts`."""
        return self.has_bought

    def holds(self, condition: Condition) -> bool:
        """As `Facts`."""
        match condition:
            case AttributeTest():
                return passes_attribute(condition, self.attributes.get(condition.name))
            case InSegment():
                return condition.segment_id in self.segments
            case Did():
                return any(name == condition.name and passes(condition.where, said) for name, said in self.did)
            case Due():
                return self.has_due
            case _:
                return self.has_bought
