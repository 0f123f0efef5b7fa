"""Requests and answers about people in campaigns."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from geoengage.campaigns.models import Campaign
from geoengage.campaigns.rules import END_WORDS, Ended, Say
from geoengage.campaigns.rules.steps import find
from geoengage.campaigns.simulating import Simulated
from geoengage.campaigns.store import content_of
from geoengage.kit.shapes import Shape
from geoengage.messaging.rules import REASONS, Blocker

ValueName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]
ValueText = Annotated[str, StringConstraints(max_length=200)]
ValueNumber = Annotated[float, Field(allow_inf_nan=False, ge=-1e15, le=1e15)]
AnyValue = ValueText | Annotated[int, Field(ge=-(10**15), le=10**15)] | ValueNumber | bool


class CalledPerson(Shape):
    """Somebody who is to come in."""

    profile_id: UUID = Field(description="Who.")
    values: dict[ValueName, AnyValue] = Field(
        default={}, max_length=20, description="For the texts: `{{ trigger.name }}`."
    )


class TriggerIn(Shape):
    """Whom to let in."""

    people: list[CalledPerson] = Field(min_length=1, max_length=1000, description="Who, each with their values.")


class TriggerOut(BaseModel):
    """What became of the call."""

    entered: int = Field(description="How many are in by this call.")
    not_entered: int = Field(description="How many are not: they are in it already, or may not come in again yet.")
    unknown: list[UUID] = Field(description="Of whom you know nothing.")


class SimulateIn(Shape):
    """Over which time."""

    days: int = Field(default=30, ge=1, le=30, description="The last so many × 24 hours.")


class SimulatedStep(BaseModel):
    """A message of the simulation."""

    id: str = Field(description="The step's id; `message` for a campaign without steps.")
    title: str = Field(description="Its title, as it is written.")
    messages: int | None = Field(description="How many would have been sent.")
    people: int | None = Field(description="To how many people.")
    skipped: dict[str, int] = Field(description="Not sent, by the first reason; small groups are left out.")


class SimulatedDay(BaseModel):
    """A day of the simulation."""

    on: date = Field(description="The day, on the clock of the campaign's store.")
    messages: int | None = Field(description="How many would have been sent.")


class SimulationOut(BaseModel):
    """What would have happened. Null and left out: it would point at one to nine people."""

    since: datetime = Field(description="From here on.")
    until: datetime = Field(description="Up to here.")
    is_whole: bool = Field(description="false: there were so many people that only some of them were simulated.")
    entered: int | None = Field(description="How often somebody would have come in.")
    people: int | None = Field(description="How many people that were.")
    not_entered: dict[str, int] = Field(
        description="How often somebody would not: `in_it`, `came_before`, `not_in_audience`."
    )
    ended: dict[str, int] = Field(description="How it would have ended: `finished`, `bought`, … or `still_in`.")
    steps: list[SimulatedStep] = Field(description="Message by message.")
    days: list[SimulatedDay] = Field(description="Day by day, those with messages.")
    notes: list[str] = Field(description="What was taken as it is today, or left out, in sentences.")


def simulation_out(found: Simulated) -> SimulationOut:
    """As the API shows it."""
    return SimulationOut(
        since=found.since,
        until=found.until,
        is_whole=found.is_whole,
        entered=found.entered.count,
        people=found.entered.people,
        not_entered=dict(found.not_entered),
        ended=dict(found.ended),
        steps=[
            SimulatedStep(
                id=told.step.id,
                title=told.step.title,
                messages=told.sent.count,
                people=told.sent.people,
                skipped=dict(told.skipped),
            )
            for told in found.steps
        ],
        days=[SimulatedDay(on=day, messages=count) for day, count in found.days.items()],
        notes=list(found.notes),
    )


class EntryStep(BaseModel):
    """A step that somebody has passed."""

    step: str = Field(description="Its id; the step may have gone since.")
    at: datetime = Field(description="When.")
    what: Literal["passed", "queued", "skipped", "misconfigured"] = Field(
        description="A message was queued, decided against or could not be written; anything else was passed."
    )
    reason: str | None = Field(description="Why a message was not sent, as messages have it.")
    text: str = Field(description="The same in a sentence.")


class EntryOut(BaseModel):
    """One time that somebody was in a campaign."""

    id: UUID = Field(description="Its id.")
    entered_at: datetime = Field(description="When what let them in happened.")
    step: str | None = Field(description="Where they stand, or stood last; null: at the beginning.")
    due_at: datetime | None = Field(description="When they go on.")
    ended_at: datetime | None = Field(description="When it ended; null: it goes on.")
    end_reason: str | None = Field(description="How: " + ", ".join(Ended) + ".")
    text: str = Field(description="Where they stand, in a sentence.")
    history: list[EntryStep] = Field(description="What they went through, oldest first.")


class EntryList(BaseModel):
    """The times that somebody was in a campaign, newest first."""

    items: list[EntryOut] = Field(description="At most twenty.")


def entry_out(row: Any, campaign: Campaign) -> EntryOut:
    """As the API shows it."""
    if row.end_reason is not None:
        text = f"This person {END_WORDS[Ended(row.end_reason)]}."
    elif row.step is None:
        text = "This person is about to begin."
    else:
        text = f"This person is at step “{row.step}”" + (f" until {row.due_at:%d %b %H:%M} UTC." if row.due_at else ".")
    return EntryOut(
        id=row.id,
        entered_at=row.entered_at,
        step=row.step,
        due_at=row.due_at if row.ended_at is None else None,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        text=text,
        history=[_entry_step(item, campaign) for item in row.log],
    )


def _entry_step(item: dict[str, Any], campaign: Campaign) -> EntryStep:
    step = find(content_of(campaign).course, item["step"])
    said = f"“{step.title}”" if isinstance(step, Say) else f"Step “{item['step']}”"
    match item["what"]:
        case "queued":
            text = f"{said} was queued."
        case "skipped":
            text = f"{said} was not sent: {REASONS[Blocker(item['reason'])]}"
        case "misconfigured":
            text = f"{said} could not be written: its text is wrong."
        case _:
            ways = {True: "; it held", False: "; it did not hold"}
            text = f"{said} was passed{ways.get(bool(item['taken'])) if 'taken' in item else ''}."
    return EntryStep(step=item["step"], at=item["at"], what=item["what"], reason=item.get("reason"), text=text)
