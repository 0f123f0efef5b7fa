"""Conditions on messages that somebody got. Pure."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from geoengage.segments.rules.pieces import NumberTest, Window

CONVERTED_WITHIN_DAYS = 7


class MessageCondition(NumberTest):
    """How many messages somebody received, opened, or bought after."""

    kind: Literal["message"] = Field(description="Messages to the person.")
    what: Literal["received", "opened", "clicked", "converted"] = Field(
        description="`received`: sent to their phone. `opened`: its app told so. `clicked`: opened, and it carried a"
        f" link. `converted`: an order was placed within {CONVERTED_WITHIN_DAYS} days after it was sent."
    )
    campaign_id: UUID | None = Field(default=None, description="Only messages of this campaign.")
    channel: Literal["push", "web_push", "preview"] | None = Field(
        default=None, description="Only messages by this channel; `preview` is the inbox of simulated phones."
    )
    window: Window = Field(description="When they were sent.")

    def names(self) -> dict[str, UUID]:
        return {"campaign_id": self.campaign_id} if self.campaign_id else {}
