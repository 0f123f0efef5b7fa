"""The steps of a journey, the rules by which people leave it and come in again, and where one goes from where. Pure.

Steps are an ordered list; a branch holds two lists more. Each step has an id that stays when the journey is edited: a
person's place is the id of a step, so an edit moves nobody, but for those whose step is gone (`moved_places`).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from geoengage.campaigns.rules.audience import AttributeTest, InSegment
from geoengage.campaigns.rules.triggers import OnEvent, PropertyTest, local_moment, next_local
from geoengage.messaging.rules import PushOptions, choose_text, locale_chain

MOST_STEPS = 40
MOST_DEEP = 5  # branches within branches
ONLY_STEP = "message"  # the id of the one step of a campaign without steps
DAY_STARTS = {"morning": "08:00", "midday": "11:30", "afternoon": "14:00", "evening": "17:30"}


class Bought(msgspec.Struct, frozen=True, tag_field="kind", tag="purchase"):
    """Who has bought something since coming in."""


class Did(msgspec.Struct, frozen=True, tag_field="kind", tag="event"):
    """Who has done this since coming in."""

    name: str
    where: tuple[PropertyTest, ...] = ()


class Due(msgspec.Struct, frozen=True, tag_field="kind", tag="due"):
    """Who will soon need something that they buy again and again, and had none of it in their last basket."""


Condition = AttributeTest | InSegment | Did | Bought | Due


class Wait(msgspec.Struct, frozen=True, tag_field="kind", tag="wait"):
    """So many seconds pass."""

    id: str
    seconds: int


class WaitUntil(msgspec.Struct, frozen=True, tag_field="kind", tag="wait_until"):
    """The next time that the local clock shows `at` or a part of the day begins; or a date (one that has passed: no
    wait). `days`: of the week, none named for any. `best_hour`: the hour of the next day at which the person most
    likely answers (`timing`), inside the campaign's hours; with `free_time` only in the evening or at the weekend.
    """

    id: str
    at: str | None = None
    day_part: str | None = None
    on: str | None = None
    days: tuple[str, ...] = ()
    best_hour: bool = False
    free_time: bool = False

    @property
    def clock(self) -> str:
        """HH:MM."""
        usual = DAY_STARTS["evening"] if self.best_hour else "09:00"
        return self.at or DAY_STARTS.get(self.day_part or "", usual)


class Branch(msgspec.Struct, frozen=True, tag_field="kind", tag="branch"):
    """Those for whom it holds go one way, the others the other; behind it the ways are one again."""

    id: str
    condition: Condition
    then: "tuple[Step, ...]" = ()
    otherwise: "tuple[Step, ...]" = ()


class Words(msgspec.Struct, frozen=True):
    """Title and body of a message in one language, Liquid. `language`: its tag; None: not said."""

    title: str
    body: str
    language: str | None = None


class Say(msgspec.Struct, frozen=True, tag_field="kind", tag="message"):
    """A message. `push` None: the campaign's. `texts`: the same in other languages, each with its tag."""

    id: str
    title: str
    body: str
    push: PushOptions | None = None
    offer_id: UUID | None = None
    content_id: UUID | None = None
    texts: tuple[Words, ...] = ()

    @property
    def written(self) -> tuple[Words, ...]:
        """In every language; the first is for who reads none of the others."""
        return (Words(self.title, self.body), *self.texts)

    def read_in(self, language: str | None) -> Words:
        """What a person with this tag reads: theirs (`de-CH`), its language (`de`), else what is for everybody."""
        found = choose_text({words.language or "": words for words in self.texts}, locale_chain(language))
        return self.written[0] if found is None else found[1]


Step = Wait | WaitUntil | Branch | Say
Steps = Sequence[Step]


class Exits(msgspec.Struct, frozen=True):
    """What ends a journey early: buying, leaving a segment, an event."""

    purchase: bool = False
    segment_id: UUID | None = None
    event: OnEvent | None = None


class Again(StrEnum):
    """Whether somebody who was in a campaign may come in again."""

    NEVER = "never"
    AFTER = "after"
    ALWAYS = "always"


class Reentry(msgspec.Struct, frozen=True):
    """`days`: with `after`, how many must have passed since somebody last came in."""

    kind: Again = Again.ALWAYS
    days: int = 0


def walk(steps: Steps, deep: int = 0) -> Iterator[tuple[Step, int]]:
    """All steps in their order, each with how deep in branches it lies."""
    for step in steps:
        yield step, deep
        if isinstance(step, Branch):
            yield from walk(step.then, deep + 1)
            yield from walk(step.otherwise, deep + 1)


def messages_of(steps: Steps) -> list[Say]:
    """The messages, in their order."""
    return [step for step, _ in walk(steps) if isinstance(step, Say)]


def best_hours_asked(steps: Steps) -> set[bool]:
    """Whether somebody's best hour is asked for anywhere: of any time (False), of their free time (True)."""
    return {step.free_time for step, _ in walk(steps) if isinstance(step, WaitUntil) and step.best_hour}


def conditions_of(steps: Steps) -> list[Condition]:
    """What the branches ask."""
    return [step.condition for step, _ in walk(steps) if isinstance(step, Branch)]


def find(steps: Steps, id_: str) -> Step | None:
    """A step by its id."""
    return next((step for step, _ in walk(steps) if step.id == id_), None)


def after(steps: Steps, id_: str) -> Step | None:
    """The step behind this one: the next of its list, else what follows the branch that it lies in; None: the end."""
    return _links(steps, None).get(id_)


def _links(steps: Steps, beyond: Step | None) -> Mapping[str, Step | None]:
    found: dict[str, Step | None] = {}
    for n, step in enumerate(steps):  # one side of a branch may be empty
        following = steps[n + 1] if n + 1 < len(steps) else beyond
        found[step.id] = following
        if isinstance(step, Branch):
            found |= _links(step.then, following)
            found |= _links(step.otherwise, following)
    return found


def moved_places(old: Steps, new: Steps) -> dict[str, str | None]:
    """Where people go whose step an edit took away: the step that would have come next, if that is still there, else
    the one after it; None: they have reached the end.
    """
    kept = {step.id for step, _ in walk(new)}
    moved: dict[str, str | None] = {}
    for step, _ in walk(old):
        if step.id in kept:
            continue
        following = after(old, step.id)
        while following is not None and following.id not in kept:
            following = after(old, following.id)
        moved[step.id] = None if following is None else following.id
    return moved


def wait_ends(step: Wait | WaitUntil, arrived: datetime, zone: ZoneInfo, best: datetime | None = None) -> datetime:
    """When the wait of somebody who came to this step at that moment is over. `best`: their best moment from then on;
    None: none is allowed: then the evening.
    """
    if isinstance(step, WaitUntil) and step.best_hour and best is not None:
        return best
    if isinstance(step, Wait):
        return arrived + timedelta(seconds=step.seconds)
    if step.on is not None:
        return max(arrived, local_moment(date.fromisoformat(step.on), step.clock, zone))
    return next_local(arrived, step.clock, step.days, zone)
