"""Request and answer shapes of consents, addresses and links of a person."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from geoengage.kit.shapes import Language, Shape
from geoengage.profiles.models import ConsentHistory
from geoengage.profiles.rules import Channel, ConsentState, Decision, Hindrance, PointState, Purpose

TextVersion = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Source = Annotated[str, StringConstraints(min_length=1, max_length=100)]
MOST_DECISIONS = 500


EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # nothing that a person decided is older


class WishIn(Shape):
    """What a person decided about one channel, purpose and store."""

    channel: Channel = Field(description="The way to reach the person.")
    purpose: Purpose = Field(description="What the messages are for.")
    store_id: UUID | None = Field(
        default=None, description="The store that sends; left out: the programme itself, and stores not decided on."
    )
    state: ConsentState = Field(
        description="`pending`: agreed, and the address has yet to be proven; `redacted`: never use it again."
    )


class WishesPut(Shape):
    """Decisions with their proof."""

    decisions: list[WishIn] = Field(min_length=1, max_length=MOST_DECISIONS, description="What was decided.")
    text_version: TextVersion = Field(description="Version of the text that the person saw.")
    source: Source = Field(description="Where, e.g. `checkout`, `preference page`, `call`.")
    at: AwareDatetime | None = Field(default=None, ge=EARLIEST, description="When the person decided; left out: now.")


class DecisionOut(Shape):
    """A decision in force."""

    channel: Channel = Field(description="The way to reach the person.")
    purpose: Purpose = Field(description="What the messages are for.")
    store_id: UUID | None = Field(description="The store; null: the programme itself.")
    state: ConsentState = Field(description="What was decided.")
    text_version: str | None = Field(description="Version of the text that the person saw.")
    source: str = Field(description="Where it was decided.")
    at: AwareDatetime = Field(description="When.")


class HistoryOut(DecisionOut):
    """A decision that was stated at some time."""

    id: UUID = Field(description="Its id.")
    recorded_at: AwareDatetime = Field(description="When it was written down here.")


class HistoryPage(Shape):
    """A page of decisions."""

    items: list[HistoryOut] = Field(description="The newest decision first.")
    next: str | None = Field(description="Cursor of the next page; null at the end.")


class PointOut(Shape):
    """Whether an address reaches the person by one channel."""

    channel: Channel = Field(description="The channel.")
    state: PointState = Field(description="`unproven`: nothing is sent there until it is proven.")
    reason: str | None = Field(description="How it was proven, or the provider's word.")
    changed_at: AwareDatetime = Field(description="Since when.")


class AddressOut(Shape):
    """An e-mail address or phone number of the person; which, the profile says."""

    identifier_id: UUID = Field(description="The id that is the address.")
    kind: str = Field(description="`email` or `phone`.")
    points: list[PointOut] = Field(description="What is known by channel; none: it is unproven.")


class PersonConsents(Shape):
    """What a person decided, over all their ids."""

    decisions: list[DecisionOut] = Field(description="One for each channel, purpose and store on which they decided.")
    paused_until: AwareDatetime | None = Field(description="No marketing until then.")
    stopped_at: AwareDatetime | None = Field(
        description="When they stopped all marketing; only what they agreed to later counts."
    )
    addresses: list[AddressOut] = Field(description="Where they can be reached.")


class PauseIn(Shape):
    """A pause of all marketing."""

    until: AwareDatetime | None = Field(default=None, description="At most a year away; left out: 30 days.")


class PauseOut(Shape):
    """The pause in force."""

    paused_until: AwareDatetime | None = Field(description="No marketing until then; null: there is no pause.")


class StopIn(Shape):
    """A STOP that a person sent or said."""

    everything: bool = Field(default=False, description="All marketing, by every channel and from every store.")
    channel: Channel | None = Field(default=None, description="By which channel, unless `everything`.")
    store_id: UUID | None = Field(
        default=None, description="The store whose sender it was sent to; left out: the programme itself."
    )
    source: Source = Field(description="Where, e.g. `sms`, `call`.")
    at: AwareDatetime | None = Field(default=None, ge=EARLIEST, description="When; left out: now.")

    @model_validator(mode="after")
    def _says_what(self) -> "StopIn":
        if self.everything is (self.channel is not None):
            raise ValueError("name a channel, or say everything")
        if self.everything and self.store_id is not None:
            raise ValueError("everything concerns every store; leave store_id out")
        return self


class PointIn(Shape):
    """What became known of an address."""

    state: PointState = Field(description="`reachable` only with proof of your own, e.g. your double opt-in.")
    reason: str | None = Field(default=None, max_length=200, description="The provider's word, or your proof.")


class PointStateOut(Shape):
    """The state of an address from now on."""

    state: PointState = Field(description="A STOP or a complaint outlives your word: only the person takes it back.")


class ProofOut(Shape):
    """What to send to the address: the code to type, or the link to follow."""

    code: str = Field(description="Six digits, for `POST …/proof/confirm`.")
    link: str = Field(description="Opens a page with one button, so that a mail scanner confirms nothing.")
    expires_at: AwareDatetime = Field(description="Until when they work. They work once.")


class CodeIn(Shape):
    """The code that the person typed."""

    code: Annotated[str, StringConstraints(pattern="^[0-9]{6}$")] = Field(description="Six digits.")


class LinkIn(Shape):
    """A link to the preference page."""

    app_id: UUID | None = Field(default=None, description="Whose name and colour it wears; left out: the programme's.")
    language: Language | None = Field(default=None, description="Left out: the person's, else the browser's.")
    may_erase: bool = Field(
        default=True,
        description="It also shows and erases the data. Whoever has the link can: false for the foot of a message that"
        " may be passed on.",
    )
    expires_in_days: int = Field(default=90, ge=1, le=400, description="How long it works.")


class PreferenceLinkOut(Shape):
    """A link to the preference page of this person; as secret as a password."""

    url: str = Field(description="Send it to the person, nobody else.")
    expires_at: AwareDatetime = Field(description="Until when it works.")


class MayContactOut(Shape):
    """Whether a person may be contacted so."""

    allowed: bool = Field(description="They may.")
    reason: Hindrance | None = Field(description="Why not.")


def decision_out(decision: Decision) -> DecisionOut:
    """A decision without the id that it hangs on."""
    return DecisionOut(
        channel=decision.channel,
        purpose=decision.purpose,
        store_id=decision.store_id,
        state=decision.state,
        text_version=decision.text_version,
        source=decision.source,
        at=decision.at,
    )


def history_out(row: ConsentHistory) -> HistoryOut:
    """A row of the history."""
    return HistoryOut(
        id=row.id,
        channel=Channel(row.channel),
        purpose=Purpose(row.purpose),
        store_id=row.store_id,
        state=ConsentState(row.state),
        text_version=row.text_version,
        source=row.source,
        at=row.at,
        recorded_at=row.recorded_at,
    )
