"""What a campaign says of itself: trigger, audience, times, limits, texts. Stored as JSON."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from geoengage.campaigns.rules.audience import AttributeTest, Audience, Everyone, InSegment, Op
from geoengage.campaigns.rules.steps import ONLY_STEP, Exits, Reentry, Say, Step
from geoengage.campaigns.rules.triggers import When
from geoengage.experiments.rules import ONE_TEXT, Split, variant_of
from geoengage.messaging.rules import NO_OPTIONS, Purpose, PushOptions
from geoengage.venues.rules import DAYS, Hours, Schedule

__all__ = [
    "MAX_CAP_DAYS", "MAX_COOLDOWN_S", "AttributeTest", "Audience", "Cap", "Content", "Definition", "Everyone",
    "InSegment", "Move", "Op", "QuietHours", "Span", "TriggerKind", "copy_of", "minutes", "open_hours", "reviewed_part",
    "schedule",
]  # fmt: skip

MAX_CAP_DAYS = 30  # messaging remembers what a person was sent for 31 days
MAX_COOLDOWN_S = MAX_CAP_DAYS * 86_400


class TriggerKind(StrEnum):
    """What somebody does in a zone; or that somebody comes into a segment or leaves it; or one of `triggers.When`; or
    a call of the API.
    """

    ENTERED = "entered"
    DWELLED = "dwelled"
    EXITED = "exited"
    SEGMENT = "segment"
    EVENT = "event"
    SCHEDULE = "schedule"
    DATE = "date"
    CART = "cart"
    ORDER = "order"
    API = "api"


OF_PLACES = frozenset({TriggerKind.ENTERED, TriggerKind.DWELLED, TriggerKind.EXITED})
# What chooses people by what they did: for marketing that needs consent to personalisation.
OF_HISTORY = frozenset({*OF_PLACES, TriggerKind.SEGMENT, TriggerKind.EVENT, TriggerKind.DATE, TriggerKind.CART})


PUSH_ONLY = ("push",)
COPY = " (copy)"
MAX_NAME = 200  # characters, as `kit.shapes.Name`


class Move(StrEnum):
    """What somebody does with a segment, by acting or by time alone."""

    ENTERED = "entered"
    EXITED = "exited"


class QuietHours(StrEnum):
    """Whether the tenant's quiet hours hold a campaign back."""

    TENANT = "tenant"
    IGNORE = "ignore"


class Span(msgspec.Struct, frozen=True):
    """Local wall clock HH:MM, `end` excluded; an end before the start means the next morning."""

    start: str
    end: str


class Cap(msgspec.Struct, frozen=True):
    """At most `count` messages to a person in any `per_days` × 24 hours."""

    count: int = 1
    per_days: int = 1


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a campaign that is stored as JSON. `days` empty: every day.

    `move`: what a segment's campaign waits for. `present`: when it is activated, who is in the segment counts as having
    come in. `when`: of the kinds that need more than a kind. `steps` empty: one message, the campaign's title and body.
    `channels`: the ways it may take, in the order to try them. `priority`: 1 goes before 9 when messages compete.
    `never_repeat`: a try that may have reached somebody is the last. `offer_days`: how long a coupon of it is good.
    `strict`: rather no message than one that shows a blank. `win_back`: of all such campaigns of the tenant, one for a
    person in six months (`rules.ladder`).
    """

    audience: Audience = Everyone()
    days: tuple[str, ...] = ()
    hours: Span | None = None
    quiet_hours: QuietHours = QuietHours.TENANT
    cap: Cap = Cap()
    cooldown_s: int = 3600
    purpose: Purpose = Purpose.MARKETING
    dwell_s: int | None = None
    move: Move = Move.ENTERED
    present: bool = False
    fallback_name: str | None = None
    push: PushOptions = NO_OPTIONS
    when: When | None = None
    steps: tuple[Step, ...] = ()
    exits: Exits = Exits()
    reentry: Reentry = Reentry()
    priority: int = 5
    never_repeat: bool = False
    strict: bool = False
    channels: tuple[str, ...] = PUSH_ONLY
    offer_id: UUID | None = None
    offer_days: int = 14
    content_id: UUID | None = None
    win_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Everything that somebody writes into a campaign. `title` and `body` are Liquid.

    It waits at zones and stores; of kind `segment`, for who enters or leaves `segment_id`; else for `definition.when`.
    `tags` are for its owners alone.
    """

    name: str
    store_id: UUID | None
    kind: TriggerKind
    zone_ids: tuple[UUID, ...]
    store_ids: tuple[UUID, ...]
    title: str
    body: str
    valid_from: datetime | None
    valid_to: datetime | None
    definition: Definition
    segment_id: UUID | None = None
    tags: tuple[str, ...] = ()
    split: Split = ONE_TEXT

    def said_to(self, campaign_id: UUID, person_id: UUID) -> "Content":
        """With the text that this person gets, where several are tried."""
        variant = variant_of(self.split, campaign_id, person_id)
        return self if variant is None else replace(self, title=variant.title, body=variant.body)

    @property
    def is_marketing(self) -> bool:
        """Whether consent to marketing, caps of the tenant and the holdout apply."""
        return self.definition.purpose is Purpose.MARKETING

    @property
    def is_journey(self) -> bool:
        """Whether it has steps: then one person is in it once at a time."""
        return bool(self.definition.steps)

    @property
    def course(self) -> tuple[Step, ...]:
        """Its steps; without any, its one message."""
        d = self.definition
        only = Say(ONLY_STEP, self.title, self.body, offer_id=d.offer_id, content_id=d.content_id)
        return d.steps or (only,)

    @property
    def has_entries(self) -> bool:
        """Whether people stand in it with a place, rather than that a message follows from an event at once."""
        return self.is_journey or self.kind not in (*OF_PLACES, TriggerKind.SEGMENT)


def copy_of(content: Content, now: datetime) -> Content:
    """What a copy of a campaign says. Its texts and people are the same; a validity that is over is not."""
    over = content.valid_to is not None and content.valid_to <= now
    name = f"{content.name[: MAX_NAME - len(COPY)]}{COPY}"
    return replace(content, name=name, valid_from=None, valid_to=None) if over else replace(content, name=name)


def open_hours(definition: Definition) -> tuple[Hours, ...]:
    """Days and hours as spans of local minutes; none at all means always."""
    span, days = definition.hours, frozenset(definition.days or DAYS)
    if span is not None:
        return (Hours(days, minutes(span.start), minutes(span.end)),)
    return (Hours(days, 0, 24 * 60),) if definition.days else ()


def schedule(definition: Definition) -> Schedule:
    """Days and hours in the form that venues decide on; validity is judged apart, for it has a status of its own."""
    return Schedule(None, None, open_hours(definition))


def minutes(clock: str) -> int:
    """Minutes after midnight of HH:MM."""
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def reviewed_part(content: Content) -> tuple[object, ...]:
    """What an approver has agreed to: the words, where they are said and to whom."""
    d = content.definition
    return (
        content.title, content.body, d.fallback_name, content.kind, d.dwell_s,
        frozenset(content.zone_ids), frozenset(content.store_ids), content.segment_id, d.move, d.present,
        d.audience, d.purpose, d.push, d.when, d.steps, d.exits, d.offer_id, d.content_id,
        d.channels, d.win_back,
    )  # fmt: skip
