"""Conditions on what somebody agreed to, and on whether a message would reach them. Pure."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from geoengage.profiles.rules import Channel, Purpose
from geoengage.segments.rules.pieces import Condition


class ConsentCondition(Condition):
    """The decision of a person that is in force for a channel and a purpose."""

    kind: Literal["consent"] = Field(description="A decision about being contacted.")
    channel: Channel = Field(description="The channel.")
    purpose: Purpose = Field(description="The purpose.")
    store_id: UUID | None = Field(
        default=None, description="What holds for this store: its own decision before the tenant's. Null: the tenant's."
    )
    state: Literal["subscribed", "pending", "unsubscribed", "redacted", "none"] = Field(
        description="`none`: nothing was decided that concerns it."
    )

    def names(self) -> dict[str, UUID]:
        return {"store_id": self.store_id} if self.store_id else {}


class ReachableCondition(Condition):
    """A message would go out now: there is a working address, consent, and nothing that holds it back."""

    kind: Literal["reachable"] = Field(description="Whether a message would reach the person.")
    channel: Channel = Field(description="By this channel. `push` is an app's phone, `web_push` a browser.")
    purpose: Purpose = Field(default=Purpose.MARKETING, description="For this purpose.")
