"""Who gets a message: trigger, audience, and the checks in their fixed order (DESIGN section 4, rule 9). Pure.

All blockers are listed, the first one is the reason. A person outside the audience is no case at all: nothing is
recorded about people whom a campaign does not address.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Protocol, assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.campaigns.rules.definition import (
    AttributeTest,
    Audience,
    Content,
    Everyone,
    InSegment,
    Op,
    QuietHours,
    TriggerKind,
    schedule,
)
from geoengage.experiments.rules import held_by_campaign
from geoengage.kit.clock import hours_end, is_within_hours
from geoengage.messaging.rules import Blocker, Purpose, in_holdout
from geoengage.presence.rules.events import NOT_WALKED, ZoneDwelled, ZoneExited, ZoneTransition
from geoengage.profiles.rules import Recipient, agrees_to_push
from geoengage.venues.rules import ZoneKind, is_open

PUSH_MAX_AGE_S = 120  # DESIGN section 4, rule 6: an older event is about where somebody was
VALID_FOR = timedelta(minutes=10)  # DESIGN section 3: messages about a zone
GRANTED = "granted"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the tenant has decided for all its campaigns. `language`: what people read where nothing else is said."""

    tenant_id: UUID
    quiet_start: time
    quiet_end: time
    holdout_percent: int
    daily_cap: int
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Place:
    """The zone of an event, as it was in the event's version. `timezone`: the mall's, else store's, else tenant's."""

    zone_id: UUID
    version: int
    zone_name: str
    zone_kind: str
    store_id: UUID | None
    store_name: str | None
    mall_name: str | None
    timezone: ZoneInfo


class History(Protocol):
    """What a person was sent, as messaging's budgets tell it."""

    def sends_since(self, at: datetime, campaign_id: UUID | None) -> int:
        """How many messages since `at`, of one campaign or of all."""

    def marketing_since(self, at: datetime) -> int:
        """How many advertising messages since `at`, of all campaigns and stores."""

    def last_send(self, campaign_id: UUID) -> datetime | None:
        """When this campaign last sent something to this person."""


@dataclass(frozen=True, slots=True)
class Case:
    """One campaign, one event, one person. `visit_ended_at`: when the visit of the event ended, as far as is known."""

    campaign_id: UUID
    content: Content
    event: ZoneTransition
    place: Place
    person: Recipient
    visit_ended_at: datetime | None

    @property
    def timezone(self) -> ZoneInfo:
        """Whose clock counts."""
        return self.place.timezone


class Asked(Protocol):
    """What the checks that every campaign has need of a case."""

    @property
    def campaign_id(self) -> UUID:
        """Which campaign."""

    @property
    def content(self) -> Content:
        """What it says."""

    @property
    def person(self) -> "Person":
        """Whom it addresses."""

    @property
    def timezone(self) -> ZoneInfo:
        """Whose clock counts."""


class Person(Protocol):
    """Whom a message is for, as far as these checks ask."""

    @property
    def person_id(self) -> UUID:
        """By whom caps and holdouts count."""

    @property
    def is_test(self) -> bool:
        """A developer's own phone."""


def is_triggered(content: Content, event: ZoneTransition, place: Place) -> bool:
    """Whether the event is what the campaign waits for.

    A store is entered through its zones of kind `store`; its car park or delivery area is not the store. A dwell mark
    that passed in silence starts nothing: nobody knows whether the person was still there. Nor does an exit that nobody
    walked, because somebody edited the zone, or the phone may not be located any more.
    """
    match event:
        case ZoneDwelled():
            right = content.kind is TriggerKind.DWELLED and event.dwell_s == content.definition.dwell_s
        case ZoneExited():
            right = content.kind is TriggerKind.EXITED and event.reason not in NOT_WALKED
        case _:
            right = content.kind is TriggerKind.ENTERED
    here = waits_at(content, event.zone_id, place.zone_kind, place.store_id)
    return right and not event.by_silence and here


def outlives_visit(event: ZoneTransition) -> bool:
    """Whether a message of this event is still right when the visit is over: it is what the exit caused."""
    return isinstance(event, ZoneExited)


def waits_at(content: Content, zone_id: UUID, zone_kind: str, store_id: UUID | None) -> bool:
    """Whether a campaign waits at a zone: by its id, or because it is a zone of kind store of one of its stores."""
    return zone_id in content.zone_ids or (zone_kind == ZoneKind.STORE and store_id in content.store_ids)


def in_audience(audience: Audience, person: Recipient, segments: Container[UUID] = ()) -> bool:
    """Whether the campaign addresses this person. Attributes and segments choose nobody who has not agreed to
    personalisation. `segments`: those in which the person is, of the ones that audiences name.

    An attribute that is not known passes only `exists: false`.
    """
    match audience:
        case Everyone():
            return True
        case AttributeTest():
            return person.personalisation == GRANTED and passes_attribute(
                audience, person.attributes.get(audience.name)
            )
        case InSegment():
            return person.personalisation == GRANTED and audience.segment_id in segments
        case _:
            assert_never(audience)


def passes_attribute(test: AttributeTest, actual: object) -> bool:
    """Whether an attribute passes a test."""
    if test.op is Op.EXISTS:
        return (actual is not None) is test.value
    if actual is None:
        return False
    if test.op in (Op.EQ, Op.NE):
        return _same(actual, test.value) is (test.op is Op.EQ)
    left, right = _number(actual), _number(test.value)
    if left is None or right is None:
        return False
    return left > right if test.op is Op.GT else left < right


def _number(value: object) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _same(left: object, right: object) -> bool:
    """Equality as JSON means it: 1 and 1.0 are one number, true is no number."""
    return isinstance(left, bool) is isinstance(right, bool) and left == right


def decide(case: Case, policy: Policy, history: History, now: datetime) -> list[Blocker]:
    """Everything that holds the message back, in DESIGN's order; empty when it may go."""
    checks: tuple[tuple[Blocker, Callable[[], bool]], ...] = (
        (Blocker.NO_CONSENT, lambda: not _consents(case, now)),
        (Blocker.SUPPRESSED, lambda: case.person.suppressed),
        *common_checks(case, policy, history, now),
        (Blocker.LATE, lambda: case.event.late or now - case.event.at > timedelta(seconds=PUSH_MAX_AGE_S)),
        (Blocker.VISIT_ENDED, lambda: case.visit_ended_at is not None and not outlives_visit(case.event)),
    )
    return [blocker for blocker, holds in checks if holds()]


def common_checks(
    case: Asked, policy: Policy, history: History, now: datetime
) -> tuple[tuple[Blocker, Callable[[], bool]], ...]:
    """Those that do not ask what has happened, in their order. None of them holds back what somebody waits for."""
    if case.content.definition.purpose is Purpose.TRANSACTIONAL:
        return ()
    return (
        (Blocker.HOLDOUT, lambda: _is_held_out(case, policy)),
        (Blocker.QUIET_HOURS, lambda: is_quiet(case.content, policy, case.timezone, now)),
        (Blocker.CAMPAIGN_HOURS, lambda: not is_open(schedule(case.content.definition), case.timezone, now)),
        (Blocker.COOLDOWN, lambda: _cools_down(case, history, now)),
        (Blocker.CAP, lambda: _is_capped(case, history, now)),
        (Blocker.BUDGET, lambda: _is_spent(case, policy, history, now)),
    )


def _consents(case: Case, now: datetime) -> bool:
    person, content = case.person, case.content
    return person.location == GRANTED and (not content.is_marketing or agrees_to_push(person, content.store_id, now))


def _is_held_out(case: Asked, policy: Policy) -> bool:
    person = case.person
    if person.is_test or not case.content.is_marketing:
        return False
    own = held_by_campaign(case.campaign_id, person.person_id, case.content.split.holdout_percent)
    return own or in_holdout(policy.tenant_id, person.person_id, policy.holdout_percent)


def is_quiet(content: Content, policy: Policy, timezone: ZoneInfo, now: datetime) -> bool:
    """Whether the tenant's quiet hours hold this campaign back."""
    if content.definition.quiet_hours is QuietHours.IGNORE or content.definition.purpose is Purpose.TRANSACTIONAL:
        return False
    return is_within_hours(now, timezone, policy.quiet_start, policy.quiet_end)


def _cools_down(case: Asked, history: History, now: datetime) -> bool:
    """A message exactly `cooldown_s` after the last one may go."""
    last = history.last_send(case.campaign_id)
    return last is not None and now - last < timedelta(seconds=case.content.definition.cooldown_s)


def _is_capped(case: Asked, history: History, now: datetime) -> bool:
    cap = case.content.definition.cap
    return history.sends_since(now - timedelta(days=cap.per_days), case.campaign_id) >= cap.count


def _is_spent(case: Asked, policy: Policy, history: History, now: datetime) -> bool:
    """Whether the person's attention for a day is used up: one budget over all stores and apps of the tenant."""
    return case.content.is_marketing and history.marketing_since(now - timedelta(days=1)) >= policy.daily_cap


def expires_at(content: Content, event: ZoneTransition, zone: ZoneInfo) -> datetime:
    """When the message is stale: ten minutes after the event, or when the campaign or its hours end, if earlier."""
    ends = [event.at + VALID_FOR]
    if content.valid_to is not None:
        ends.append(content.valid_to)
    span = content.definition.hours
    if span is not None:
        ends.append(hours_end(event.at, zone, time.fromisoformat("00:00" if span.end == "24:00" else span.end)))
    return min(ends)
