"""What stores take from a master recipe, and which of its versions they are to run. Pure.

Text and timing are the master's; a store has values of its own for what depends on its margins and its shelves.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from math import ceil
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from geoengage.campaigns.shapes.steps import StepWordsShape
from geoengage.kit.shapes import Language
from geoengage.recipes.rules import RECIPES, Json, RecipeKey, messages_in, worded

# What a store may set itself, where its recipe takes it.
PER_STORE = (
    "discount_percent", "discount_severe_percent", "discount_gone_percent", "margin_floor_percent",
    "max_discount_minor", "budget_minor", "below_minor", "categories",
)  # fmt: skip
MOST_TEXTS = 60
EVERYBODY = 100


class MasterText(StepWordsShape):
    """What a message of the recipe says in a language, in place of the recipe's own words."""

    message: Annotated[str, StringConstraints(min_length=1, max_length=60)] = Field(
        description="Which of the recipe's messages: `id` of `POST /v1/masters:preview`."
    )
    language: Language = Field(description="BCP 47 tag.")


def own_of(key: RecipeKey) -> tuple[str, ...]:
    """What a store may set of a recipe itself."""
    return tuple(name for name in PER_STORE if name in RECIPES[key].takes)


def settings_for(settings: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The master's settings, with the store's own values over them."""
    said = {**settings, **own}
    if "budget_minor" in said and "max_discount_minor" not in said:  # a budget needs to know what one use may cost
        del said["budget_minor"]
    return said


def with_texts(campaign: Json, texts: Sequence[MasterText], language: str) -> Json:
    """The campaign of a recipe with these words. `language`: of its messages' own title and body."""
    said: dict[str, Json] = {}
    for message in messages_in(campaign["steps"]):
        mine = {t.language: {"title": t.title, "body": t.body} for t in texts if t.message == message["id"]}
        said[message["id"]] = mine.get(language, {}) | {"texts": message["texts"] | mine}
    return campaign | {"steps": worded(campaign["steps"], said)}


def unknown_messages(campaign: Json, texts: Sequence[MasterText]) -> list[int]:
    """Which of these texts are for a message that the recipe does not have."""
    known = {step["id"] for step in messages_in(campaign["steps"])}
    return [n for n, text in enumerate(texts) if text.message not in known]


@dataclass(frozen=True, slots=True)
class Standing:
    """Which versions of a master run. None: none.

    `everyone`: what stores run, but for those in the trial; `trial`: what `percent` of them try; `before`: what
    everyone ran before.
    """

    everyone: int | None = None
    trial: int | None = None
    percent: int = EVERYBODY
    before: int | None = None

    def rolled_out(self, version: int, percent: int) -> "Standing":
        """A version for so many of a hundred stores; for all of them it is what everyone runs."""
        if percent < EVERYBODY:
            return replace(self, trial=version, percent=percent)
        before = self.before if self.everyone == version else self.everyone
        return Standing(version, None, EVERYBODY, before)

    def taken_back(self) -> "Standing":
        """The trial ends; where there is none, everyone runs again what they ran before."""
        if self.trial is not None:
            return Standing(self.everyone, None, EVERYBODY, self.before)
        return Standing(self.before, None, EVERYBODY, None)

    @property
    def newest(self) -> int | None:
        """The version that `taken_back` ends."""
        return self.everyone if self.trial is None else self.trial


def chosen(master_id: UUID, version: int, stores: Collection[UUID], percent: int) -> frozenset[UUID]:
    """The stores that try a version: at least one, others for each version; a larger share has all of the smaller."""

    def rank(store_id: UUID) -> bytes:
        return sha256(master_id.bytes + version.to_bytes(4) + store_id.bytes).digest()

    most = ceil(len(stores) * percent / EVERYBODY)
    return frozenset(sorted(stores, key=rank)[:most])
