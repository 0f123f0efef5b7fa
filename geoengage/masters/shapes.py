"""What callers say of master recipes, and what they are told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from geoengage.kit.shapes import Name, Patch, Shape
from geoengage.masters.models import RecipeMaster, RecipeMasterVersion
from geoengage.masters.rules import MOST_TEXTS, MasterText, own_of
from geoengage.masters.store import Counts, Listed
from geoengage.recipes.rules import Json, RecipeKey, RecipeSettings, messages_in

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]
MOST_STORES = 5_000


class MasterVersionIn(Shape):
    """What a master says."""

    settings: RecipeSettings = Field(
        default=RecipeSettings(), description="What is set of the recipe, without `store_id`; timing comes from here."
    )
    texts: list[MasterText] = Field(
        default=[], max_length=MOST_TEXTS, description="Words in place of the recipe's own, by message and language."
    )
    note: Note = Field(default="", description="What is new in it, for those who roll it out.")

    def row(self, by: str) -> RecipeMasterVersion:
        """As it is kept; its number comes later."""
        texts = [text.model_dump(mode="json") for text in self.texts]
        return RecipeMasterVersion(settings=self.settings.given(), texts=texts, note=self.note, made_by=by)


class MasterIn(MasterVersionIn):
    """A master with its first version."""

    name: Name = Field(description="By which lists of stores name it (`master`).")
    recipe: RecipeKey = Field(description="Which recipe; not `mall-zones`, which is about an item.")


class MasterSampleIn(MasterVersionIn):
    """What to look at before it is kept."""

    recipe: RecipeKey = Field(description="Which recipe.")


class RollOutIn(Shape):
    """Which version for how many stores."""

    version: int = Field(ge=1, description="Of `versions`.")
    percent: int = Field(
        ge=1, le=100, description="Of the stores, at least one. 100: it is what every store runs from now on."
    )


class TakeBackIn(Shape):
    """Which version is to go."""

    version: int = Field(ge=1, description="The one that is being rolled out. So that two clicks do not go back twice.")


class MasterStoresIn(Shape):
    """Which stores take the recipe."""

    store_ids: list[UUID] | None = Field(
        default=None, min_length=1, max_length=MOST_STORES, description="Null: all stores that are there now."
    )


class MasterStorePatch(Patch):
    """What changes for a store."""

    own: RecipeSettings = Field(
        default=RecipeSettings(), description="Its own values, in place of those it had; `own_settings` may be set."
    )
    opted_out: bool = Field(default=False, description="It goes without the recipe; false: it takes it again.")
    masters_words: bool = Field(
        default=False, description="True: what was edited in the store's campaign gives way to the master's words."
    )


class MasterMessage(BaseModel):
    """A message as most stores send it."""

    id: str = Field(description="By which `texts` name it.")
    title: str = Field(description="In the tenant's language.")
    body: str = Field(description="In the tenant's language.")
    texts: dict[str, Any] = Field(description="By language: title and body.")


class MasterSampleOut(BaseModel):
    """What a store would send."""

    messages: list[MasterMessage] = Field(description="The recipe's messages with these texts, in their order.")
    own_settings: list[str] = Field(description="What stores may set themselves.")
    currency: str | None = Field(description="Of the amounts, where a store has none of its own; null: nobody knows.")


class MasterVersionOut(BaseModel):
    """A version."""

    version: int = Field(description="From 1 on.")
    settings: dict[str, Any] = Field(description="What was set.")
    texts: list[MasterText] = Field(description="Its words.")
    note: str = Field(description="What is new in it.")
    made_at: datetime = Field(description="When it was written.")
    made_by: str = Field(description="By whom.")
    stores: int = Field(description="How many stores run it.")


class MasterOut(BaseModel):
    """A master recipe, and how its stores stand: those that the caller sees."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="Its name.")
    recipe: RecipeKey = Field(description="Which recipe.")
    own_settings: list[str] = Field(description="What stores may set themselves.")
    latest: int = Field(description="The version that was written last.")
    everyone: int | None = Field(description="The version that stores run; null: none.")
    trial: int | None = Field(description="The version that some of them try.")
    percent: int = Field(description="How many of a hundred try it.")
    before: int | None = Field(description="What everyone ran before, to which `take-back` goes.")
    stores: int = Field(description="Stores that take it.")
    due: int = Field(description="Of those, whom the worker is yet to see to.")
    problems: int = Field(description="Of those, in whose way something stands.")
    opted_out: int = Field(description="Of those, who go without.")
    versions: list[MasterVersionOut] = Field(description="Newest first.")


class MasterList(BaseModel):
    """Master recipes."""

    items: list[MasterOut] = Field(description="By name.")


class MasterStoresOut(BaseModel):
    """What came of adding stores."""

    added: int = Field(description="Stores that take it from now on.")
    elsewhere: list[UUID] = Field(description="Stores that take this recipe from another master; they stay there.")


class MasterStoreOut(BaseModel):
    """A store that takes the recipe."""

    store_id: UUID = Field(description="The store.")
    name: str = Field(description="Its name.")
    own: dict[str, Any] = Field(description="Its own values.")
    currency: str | None = Field(description="Of its amounts; null: nobody knows.")
    wanted: int | None = Field(description="The version that it is to run; null: none.")
    applied: int | None = Field(description="The version that it runs; null: none.")
    applied_at: datetime | None = Field(description="Since when.")
    is_due: bool = Field(description="The worker is yet to see to it.")
    opted_out_at: datetime | None = Field(description="Since when it goes without.")
    opted_out_by: str | None = Field(description="Who decided that.")
    problem: str | None = Field(description="Why it does not run what it is to run, and what to do.")


class MasterStorePage(BaseModel):
    """A page of stores."""

    items: list[MasterStoreOut] = Field(description="By id.")
    next: UUID | None = Field(description="`after` of the next page; null at the end.")


class MasterAgain(BaseModel):
    """What is looked at again."""

    stores: int = Field(description="How many stores.")


def sample_out(key: RecipeKey, campaign: Json, currency: str | None) -> MasterSampleOut:
    """As the API answers it."""
    messages = [
        MasterMessage(id=each["id"], title=each["title"], body=each["body"], texts=each["texts"])
        for each in messages_in(campaign["steps"])
    ]
    return MasterSampleOut(messages=messages, own_settings=list(own_of(key)), currency=currency)


def master_out(row: RecipeMaster, counts: Counts | None, versions: Sequence[RecipeMasterVersion]) -> MasterOut:
    """As the API answers it. `counts` None: no store takes it."""
    running: Mapping[int, int] = {} if counts is None else counts.versions
    key = RecipeKey(row.recipe)
    return MasterOut(
        id=row.id, name=row.name, recipe=key, own_settings=list(own_of(key)), latest=row.latest,
        everyone=row.everyone, trial=row.trial, percent=row.percent, before=row.before,
        stores=0 if counts is None else counts.stores, due=0 if counts is None else counts.due,
        problems=0 if counts is None else counts.problems, opted_out=0 if counts is None else counts.opted_out,
        versions=[
            MasterVersionOut(
                version=each.version, settings=each.settings, texts=[MasterText.model_validate(t) for t in each.texts],
                note=each.note, made_at=each.made_at, made_by=each.made_by, stores=running.get(each.version, 0),
            )
            for each in versions
        ],
    )  # fmt: skip


def store_out(each: Listed, usual: str | None) -> MasterStoreOut:
    """As the API answers it. `usual`: the currency of stores that have none of their own."""
    row = each.row
    return MasterStoreOut(
        store_id=row.store_id, name=each.name, own=row.own, currency=row.currency or usual, wanted=row.wanted,
        applied=row.applied,
        applied_at=row.applied_at, is_due=row.due_at is not None, opted_out_at=row.opted_out_at,
        opted_out_by=row.opted_out_by, problem=None if row.due_at is not None else row.problem,
    )  # fmt: skip
