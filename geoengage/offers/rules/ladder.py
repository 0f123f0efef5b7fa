"""Win-back ladders: a reminder without an offer first, then offers; one ladder for a person in six months. Pure.

Why a reminder first, and days between: most people who come back do so without a discount, and who is given one each
time they stay away learns to stay away (anchors/engagement.md section 7).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from geoengage.kit.shapes import Shape

ONE_LADDER_PER = timedelta(days=183)
MAX_STEPS = 6


class LadderStep(Shape):
    """One step of the ladder."""

    after_days: Annotated[int, Field(ge=0, le=60)] = Field(description="Days since the step before; 0 for the first.")
    offer_id: UUID | None = Field(description="The offer that is given; null: a reminder without one.")


class Ladder(Shape):
    """All steps: a reminder first, then at least one offer."""

    steps: tuple[LadderStep, ...] = Field(min_length=2, max_length=MAX_STEPS, description="In their order.")

    @model_validator(mode="after")
    def _begins_with_a_reminder(self) -> "Ladder":
        if self.steps[0].offer_id is not None:
            raise ValueError("the first step is a reminder without an offer")
        if any(step.offer_id is None for step in self.steps[1:]):
            raise ValueError("each step after the reminder gives an offer")
        return self


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is on the ladder: `step` was taken last, from 0."""

    started_at: datetime
    step: int
    stepped_at: datetime


@dataclass(frozen=True, slots=True)
class Climbed:
    """The step to take now. `offer_id` None: the reminder."""

    step: int
    offer_id: UUID | None
    place: Place


@dataclass(frozen=True, slots=True)
class Waits:
    """Not yet: the next step is due at `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Finished:
    """All steps were taken; another ladder may begin at `again_at`."""

    again_at: datetime


def climb(ladder: Ladder, place: Place | None, now: datetime) -> Climbed | Waits | Finished:
    """The next step of somebody, or since when there is one."""
    if place is None or now >= place.started_at + ONE_LADDER_PER:
        return Climbed(0, ladder.steps[0].offer_id, Place(now, 0, now))
    step = place.step + 1
    if step >= len(ladder.steps):
        return Finished(place.started_at + ONE_LADDER_PER)
    due = place.stepped_at + timedelta(days=ladder.steps[step].after_days)
    if now < due:
        return Waits(due)
    return Climbed(step, ladder.steps[step].offer_id, Place(place.started_at, step, now))
