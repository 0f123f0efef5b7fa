"""Requests of a journey: its steps, what ends it, who may come in again."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from geoengage.campaigns.rules import (
    MOST_DEEP,
    MOST_STEPS,
    Again,
    AttributeTest,
    Bought,
    Branch,
    Condition,
    Did,
    Due,
    Exits,
    InSegment,
    Reentry,
    Say,
    Step,
    Wait,
    WaitUntil,
    Words,
)
from geoengage.campaigns.shapes.pieces import (
    BODY,
    CONTENT,
    TITLE,
    AttributeTestShape,
    Day,
    InSegmentShape,
    PushShape,
    Source,
    push_json,
)
from geoengage.campaigns.shapes.triggers import EventName, EventTriggerShape, LocalTime, tests_of
from geoengage.kit.shapes import Shape
from geoengage.segments.rules import PropertyTest as PropertyTestShape
from geoengage.venues.rules import DAYS

Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")]
StepId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=40)]
_ID = "Names the step for ever: it stays when the journey is edited, and people's places with it. Left out: given."


class WaitStep(Shape):
    """So much time passes."""

    kind: Literal["wait"] = Field(description="A span of time.")
    id: StepId | None = Field(default=None, description=_ID)
    seconds: int = Field(ge=1, le=366 * 86_400, description="Seconds, from when somebody comes to this step.")


class WaitUntilStep(Shape):
    """Until a local time, a part of the day, a date, or the person's best hour; on the clock of the person's phone,
    else of the store.
    """

    kind: Literal["wait_until"] = Field(description="A point of the clock or the calendar.")
    id: StepId | None = Field(default=None, description=_ID)
    at: LocalTime | None = Field(default=None, description="HH:MM: the next time that the clock shows it.")
    day_part: Literal["morning", "midday", "afternoon", "evening"] | None = Field(
        default=None, description="Its next beginning: 08:00, 11:30, 14:00 or 17:30."
    )
    on: date | None = Field(default=None, description="This day, at `at` or 09:00; one that has passed: no wait.")
    days: list[Day] = Field(default=[], max_length=7, description="Only on these days of the week; empty: any.")
    best_hour: bool = Field(
        default=False,
        description="The hour of the next 24 at which this person most likely answers, inside the campaign's hours.",
    )

    free_time: bool = Field(
        default=False,
        description="With `best_hour`: only at the weekend of the country in which the person's clock hangs, or in the"
        " evening of other days (the tenant's day part `evening`, else 17:00 to 20:00); within a day, else a week.",
    )

    @model_validator(mode="after")
    def _is_one_moment(self) -> "WaitUntilStep":
        if self.free_time and not self.best_hour:
            raise ValueError("free_time belongs to best_hour")
        if self.best_hour:
            if self.at or self.day_part or self.on or self.days:
                raise ValueError("best_hour stands alone: leave at, day_part, on and days out")
            return self
        if self.at is not None and self.day_part is not None:
            raise ValueError("name at or day_part, not both")
        if self.at is None and self.day_part is None and self.on is None:
            raise ValueError("name at, day_part, on or best_hour")
        if self.on is not None and self.days:
            raise ValueError("on is one day: leave days empty")
        return self


class DidShape(Shape):
    """Who has done this since coming in."""

    kind: Literal["event"] = Field(description="An event of a site, app or server.")
    name: EventName = Field(description="Its name, as it is stored.")
    where: list[PropertyTestShape] = Field(default=[], max_length=10, description="Only if it passes all of these.")


class BoughtShape(Shape):
    """Who has ordered something since coming in."""

    kind: Literal["purchase"] = Field(description="An order that was not cancelled.")


class DueShape(Shape):
    """Who will soon need something that they buy again and again, and had none of it in their last basket."""

    kind: Literal["due"] = Field(
        description="`{{ recommendations.due[0].name }}` names it. Only of who agreed to personalisation; of a store's"
        " campaign by its own orders, and what is to be had there."
    )


ConditionShape = Annotated[
    AttributeTestShape | InSegmentShape | DidShape | BoughtShape | DueShape, Field(discriminator="kind")
]


class BranchStep(Shape):
    """Those for whom `when` holds go through `then`, the others through `otherwise`; then both go on."""

    kind: Literal["branch"] = Field(description="A question.")
    id: StepId | None = Field(default=None, description=_ID)
    when: ConditionShape = Field(description="Asked when somebody comes here.")
    then: list["StepShape"] = Field(default=[], max_length=MOST_STEPS, description="For whom it holds.")
    otherwise: list["StepShape"] = Field(default=[], max_length=MOST_STEPS, description="For all others.")

    @model_validator(mode="after")
    def _goes_somewhere(self) -> "BranchStep":
        if not self.then and not self.otherwise:
            raise ValueError("a branch needs steps in then or otherwise")
        return self


class StepWordsShape(Shape):
    """A message in one language."""

    title: Source = Field(min_length=1, description=TITLE)
    body: Source = Field(min_length=1, description=BODY)


class SayStep(Shape):
    """A message. It waits until the campaign's hours are open and quiet hours over, a day at most."""

    kind: Literal["message"] = Field(description="A message.")
    id: StepId | None = Field(default=None, description=_ID)
    title: Source = Field(min_length=1, description=TITLE)
    body: Source = Field(min_length=1, description=BODY)
    push: PushShape | None = Field(default=None, description="Null: the campaign's `push`.")
    offer_id: UUID | None = Field(
        default=None, description="An offer: everybody gets a coupon of their own, for `{{ offer.code }}`."
    )
    content_id: UUID | None = Field(default=None, description=f"{CONTENT} Null: the campaign's.")
    texts: dict[Language, StepWordsShape] = Field(
        default={},
        max_length=30,
        description="The same in other languages, by tag: read by who reads `de-CH`, then `de`; all others read `title`"
        " and `body`. An offer's label is in the language that is read.",
    )


StepShape = Annotated[WaitStep | WaitUntilStep | BranchStep | SayStep, Field(discriminator="kind")]
BranchStep.model_rebuild()


class ExitsShape(Shape):
    """What ends a journey early. It is looked at whenever it happens, and before every step."""

    purchase: bool | None = Field(
        default=None,
        description="An order since somebody came in. Null: true for marketing, but not where an order starts it.",
    )
    segment_id: UUID | None = Field(default=None, description="Who is not in this segment (any more) leaves.")
    event: EventTriggerShape | None = Field(default=None, description="Who does this leaves.")


class ReentryShape(Shape):
    """Who has been in it and may come in again. A journey of steps has nobody twice at a time."""

    kind: Literal["never", "after", "always"] = Field(description="`after`: when `days` have passed.")
    days: int = Field(
        default=0,
        ge=0,
        le=366,
        validate_default=True,
        description="For `after`: days since somebody last came in.",
    )

    @field_validator("days")
    @classmethod
    def _fits_kind(cls, value: int, info: ValidationInfo) -> int:
        if "kind" in info.data and (value > 0) is not (info.data["kind"] == "after"):
            raise ValueError("belongs to kind after, and is at least 1 there")
        return value

    def rule(self) -> Reentry:
        """As the rules see it."""
        return Reentry(Again(self.kind), self.days)


AnyStep = WaitStep | WaitUntilStep | BranchStep | SayStep


def walk(steps: Sequence[AnyStep], deep: int = 0) -> Iterator[tuple[AnyStep, int]]:
    """All steps in their order, and how deep in branches they lie."""
    for step in steps:
        yield step, deep
        if isinstance(step, BranchStep):
            yield from walk(step.then, deep + 1)
            yield from walk(step.otherwise, deep + 1)


def steps_flaw(steps: Sequence[AnyStep]) -> str | None:
    """What is wrong with them as a whole."""
    every = list(walk(steps))
    ids = [step.id for step, _ in every if step.id is not None]
    if len(every) > MOST_STEPS:
        return f"a journey has at most {MOST_STEPS} steps"
    if max((deep for _, deep in every), default=0) > MOST_DEEP:
        return f"branches lie at most {MOST_DEEP} deep"
    if len(ids) != len(set(ids)):
        return "two steps have the same id"
    if not any(isinstance(step, SayStep) for step, _ in every):
        return "a journey says something: it needs a step of kind message"
    return None


def steps_of(steps: Sequence[AnyStep]) -> tuple[Step, ...]:
    """As the rules see them; those without an id get one that no other has."""
    taken = {step.id for step, _ in walk(steps)}
    free = (name for n in range(1, 10 * MOST_STEPS) if (name := f"step-{n}") not in taken)
    return _rules(steps, free)


def _rules(steps: Sequence[AnyStep], free: Iterator[str]) -> tuple[Step, ...]:
    return tuple(_rule(step, step.id or next(free), free) for step in steps)


def _rule(step: AnyStep, id_: str, free: Iterator[str]) -> Step:
    if isinstance(step, WaitStep):
        return Wait(id_, step.seconds)
    if isinstance(step, WaitUntilStep):
        on = None if step.on is None else step.on.isoformat()
        days = tuple(day for day in DAYS if day in step.days)
        return WaitUntil(id_, step.at, step.day_part, on, days, step.best_hour, step.free_time)
    if isinstance(step, BranchStep):
        return Branch(id_, _condition(step.when), _rules(step.then, free), _rules(step.otherwise, free))
    push = None if step.push is None else step.push.options()
    texts = tuple(Words(words.title, words.body, tag) for tag, words in step.texts.items())
    return Say(id_, step.title, step.body, push, step.offer_id, step.content_id, texts)


def _condition(shape: AttributeTestShape | InSegmentShape | DidShape | BoughtShape | DueShape) -> Condition:
    if isinstance(shape, DidShape):
        return Did(shape.name, tests_of(shape.where))
    if isinstance(shape, BoughtShape):
        return Bought()
    if isinstance(shape, DueShape):
        return Due()
    if isinstance(shape, InSegmentShape):
        return InSegment(shape.segment_id)
    return AttributeTest(shape.name, shape.op, shape.value)


def steps_json(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """With the members of the step shapes."""
    return [_step_json(step) for step in steps]


def _step_json(step: Step) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(step)
    if isinstance(step, Branch):
        del found["condition"]
        found |= {
            "when": msgspec.to_builtins(step.condition),
            "then": steps_json(step.then),
            "otherwise": steps_json(step.otherwise),
        }
    if isinstance(step, Say):
        found = {"kind": "message", "id": step.id, "title": step.title, "body": step.body, "offer_id": step.offer_id}
        found["push"] = None if step.push is None else push_json(step.push)
        found["content_id"] = step.content_id
        found["texts"] = {words.language: {"title": words.title, "body": words.body} for words in step.texts}
    return found


def exits_json(exits: Exits) -> dict[str, Any]:
    """With the members of `ExitsShape`."""
    event = None if exits.event is None else {k: v for k, v in msgspec.to_builtins(exits.event).items() if k != "kind"}
    return {"purchase": exits.purchase, "segment_id": exits.segment_id, "event": event}
