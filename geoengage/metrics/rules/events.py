"""What the ledger says about what is worked out. Pure."""

from uuid import UUID

from geoengage.kit.event_base import Event


class HabitsChanged(Event, frozen=True, kw_only=True, tag="habits.changed"):
    """A person's summary or habits are another, by what happened or by time alone.

    `what`: `summary`, names of columns of the habits, `gone`: there are none any more.
    """

    profile_id: UUID
    what: list[str]


class ValuesFitted(Event, frozen=True, kw_only=True, tag="values.fitted"):
    """All customers were valued anew, with this model; if it is a refusal, nobody has a value any more."""

    model_id: UUID
    version: int
