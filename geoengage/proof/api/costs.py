"""HTTP of what messages cost."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StringConstraints, model_validator

from geoengage.commerce.rules.money import CURRENCIES
from geoengage.kit import errors
from geoengage.kit.http import PROBLEMS, Now, Tx
from geoengage.kit.ids import TenantId
from geoengage.kit.shapes import Shape
from geoengage.proof import store
from geoengage.tenancy.auth import CampaignEditor, Reader

router = APIRouter(responses=PROBLEMS)


class MessageCostItem(Shape):
    """What a thousand messages of a channel cost in a country."""

    channel: Annotated[str, StringConstraints(pattern="^[a-z_]{2,20}$")] = Field(description="As messages have it.")
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None = Field(
        default=None, description="ISO 3166; null: in any country without a price of its own."
    )
    thousand_minor: int = Field(ge=0, le=10**9, description="Of a thousand messages, minor units.")
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] = Field(description="ISO 4217.")

    @model_validator(mode="after")
    def _exists(self) -> "MessageCostItem":
        if self.currency not in CURRENCIES:
            raise ValueError(f"{self.currency} is no currency")
        return self


class MessageCosts(Shape):
    """All prices of the tenant. Push and inbox cost nothing unless a price stands here."""

    items: list[MessageCostItem] = Field(max_length=1000, description="By channel and country.")

    @model_validator(mode="after")
    def _once(self) -> "MessageCosts":
        keys = [(item.channel, item.country) for item in self.items]
        if len(set(keys)) < len(keys):
            raise ValueError("a channel and country stands twice")
        return self


@router.get("/v1/message-costs")
async def get_message_costs(me: Reader, tx: Tx) -> MessageCosts:
    """What messages cost."""
    rows = await store.list_costs(tx, TenantId(me.tenant_id))
    return MessageCosts(
        items=[
            MessageCostItem(
                channel=r.channel, country=r.country or None, thousand_minor=r.thousand_minor, currency=r.currency
            )
            for r in rows
        ]
    )


@router.put("/v1/message-costs")
async def put_message_costs(body: MessageCosts, me: CampaignEditor, tx: Tx, now: Now) -> MessageCosts:
    """State what messages cost: these prices and no others. Not for credentials that are restricted to stores."""
    if me.store_ids is not None:
        raise errors.Forbidden("prices hold for the whole tenant; this credential is restricted to stores")
    rows = [item.model_dump() | {"country": item.country or ""} for item in body.items]
    await store.put_costs(tx, TenantId(me.tenant_id), rows, now)
    return await get_message_costs(me, tx)
