"""Answers about recipes."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from geoengage.campaigns.rules import Status
from geoengage.kit.shapes import Shape
from geoengage.recipes.rules import Obstacle, ParameterKind, RecipeKey
from geoengage.recipes.service.launching import Launched
from geoengage.recipes.service.previewing import Preview


class RecipeState(StrEnum):
    """Whether a recipe runs. `stopped`: its campaign is paused, rejected or a draft; `finished`: its time is over."""

    OFF = "off"
    ON = "on"
    IN_REVIEW = "in_review"
    STOPPED = "stopped"
    FINISHED = "finished"


_STATES = {
    Status.ACTIVE: RecipeState.ON,
    Status.SCHEDULED: RecipeState.ON,
    Status.IN_REVIEW: RecipeState.IN_REVIEW,
    Status.FINISHED: RecipeState.FINISHED,
}
# Of several launches of a recipe, the first of these is the recipe's own.
_FIRST = (RecipeState.ON, RecipeState.IN_REVIEW, RecipeState.STOPPED, RecipeState.FINISHED)


class RecipeParameter(BaseModel):
    """Something that may be set."""

    name: str = Field(description="The member of the settings.")
    label: str = Field(description="What a form says.")
    kind: ParameterKind = Field(description="What it asks for; money is in minor units of the main currency.")
    default: Any = Field(description="What is used if it is not set; null: it is left open.")
    hint: str = Field(description="What leaving it empty means, and the like.")


class RecipeLaunchOut(BaseModel):
    """A recipe that was switched on."""

    id: UUID = Field(description="Its id, to stop this one alone.")
    recipe: RecipeKey = Field(description="Which recipe.")
    state: RecipeState = Field(description="Whether it runs.")
    campaign_id: UUID | None = Field(
        description="The campaign that it made; null: it was taken back before anybody approved it."
    )
    store_id: UUID | None = Field(description="For which store; null: for the whole.")
    content_id: UUID | None = Field(description="About which item.")
    settings: dict[str, Any] = Field(description="What was set.")
    launched_at: datetime = Field(description="When it was switched on last.")
    launched_by: str = Field(description="By whom.")


class RecipeOut(BaseModel):
    """A recipe."""

    recipe: RecipeKey = Field(description="Its name in the API.")
    name: str = Field(description="What it is called.")
    about: str = Field(description="What it does, in a sentence.")
    parameters: list[RecipeParameter] = Field(description="What may be set.")
    state: RecipeState = Field(description="Whether it runs, for any store or item that the caller sees.")
    launches: list[RecipeLaunchOut] = Field(description="Each store and item for which it was switched on.")


class RecipeList(BaseModel):
    """All recipes."""

    items: list[RecipeOut] = Field(description="Recipes.")


class RecipeBlock(BaseModel):
    """Something that stands in its way."""

    code: Obstacle = Field(description="What, of a closed list.")
    text: str = Field(description="In words.")
    link: str = Field(description="The console's page on which it is mended.")
    stops: bool = Field(description="It cannot be switched on before this is mended.")
    people: int | None = Field(description="How many people it concerns, where it concerns some and that may be told.")


class RecipeCost(BaseModel):
    """What it costs, in minor units. Null: not computable, `blocked_by` says why; or of fewer than ten people."""

    currency: str | None = Field(description="Of all amounts; null: nobody knows.")
    messages_minor: int | None = Field(description="All messages, if everybody gets all of them.")
    incentives_most_minor: int | None = Field(description="The offers, if everybody uses theirs, within the budget.")
    incentives_expected_minor: int | None = Field(
        description="The offers, if as many are used as of the coupons so far; null before fifty of those are decided."
    )


class RecipePreviewOut(BaseModel):
    """What switching it on would do."""

    whom: str = Field(description="Whom `people` counts: so many people …")
    people: int | None = Field(
        description="Whom it would reach now, those held back among them. Null: one to nine, or so few others."
    )
    by_push: int | None = Field(description="Of those, by a push. Here and below: who is reached by no way before it.")
    by_whatsapp: int | None = Field(description="Of those, by WhatsApp.")
    by_viber: int | None = Field(description="Of those, in Viber.")
    by_sms: int | None = Field(description="Of those, by an SMS.")
    by_email: int | None = Field(description="Of those, by an e-mail.")
    held_back: int | None = Field(description="Of those, who will get nothing, to compare with.")
    cost: RecipeCost = Field(description="What it costs.")
    blocked_by: list[RecipeBlock] = Field(
        description="What stands in its way; what keeps it from starting comes first."
    )
    says: list[str] = Field(description="What it does, sentence by sentence.")


class RecipeStopIn(Shape):
    """Which one to stop."""

    launch_id: UUID | None = Field(default=None, description="Only that one; null: all of the recipe that you see.")


class RecipeStopped(BaseModel):
    """What does not run any more."""

    items: list[RecipeLaunchOut] = Field(description="Each store and item for which it had been switched on.")


def launch_out(found: Launched) -> RecipeLaunchOut:
    """As the API shows it."""
    row = found.row
    state = RecipeState.OFF if row.campaign_id is None else _STATES.get(found.status, RecipeState.STOPPED)
    return RecipeLaunchOut(
        id=row.id, recipe=RecipeKey(row.recipe), state=state, campaign_id=row.campaign_id, store_id=row.store_id,
        content_id=row.content_id, settings=row.settings, launched_at=row.launched_at, launched_by=row.launched_by,
    )  # fmt: skip


def state_of(launches: list[RecipeLaunchOut]) -> RecipeState:
    """A recipe runs if it runs anywhere."""
    there = {launch.state for launch in launches}
    return next((state for state in _FIRST if state in there), RecipeState.OFF)


def preview_out(found: Preview) -> RecipePreviewOut:
    """As the API shows it."""
    none = 0 if found.ways else None  # by a way that it does not take
    return RecipePreviewOut(
        whom=found.whom,
        people=found.people,
        by_push=found.ways.get("push", none),
        by_whatsapp=found.ways.get("whatsapp", none),
        by_viber=found.ways.get("viber", none),
        by_sms=found.ways.get("sms", none),
        by_email=found.ways.get("email", none),
        held_back=found.held_back,
        cost=RecipeCost(
            currency=found.money.currency,
            messages_minor=found.money.messages,
            incentives_most_minor=found.money.most,
            incentives_expected_minor=found.money.expected,
        ),
        blocked_by=[
            RecipeBlock(code=b.obstacle, text=b.text, link=b.link, stops=b.stops, people=b.people) for b in found.blocks
        ],
        says=found.says,
    )
