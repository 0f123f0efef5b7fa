"""Shapes of coupons, of what a till does with them and of margins."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from geoengage.commerce.shapes.orders import PersonShape
from geoengage.commerce.shapes.pieces import Currency, Id, Moment, Price
from geoengage.commerce.shapes.till import SaleOut
from geoengage.kit.shapes import Shape
from geoengage.offers.rules import CouponStatus, Refusal, ReleaseReason

MAX_PRINT = 10_000


class CouponOut(BaseModel):
    """A coupon in a list. Its code is shown to whoever was given it; here only its end."""

    id: UUID = Field(description="Its id.")
    code_end: str = Field(description="The last five signs of its code.")
    status: CouponStatus = Field(description="Where it stands.")
    label: str = Field(description="What it promises.")
    is_personal: bool = Field(description="Whether it was given to somebody.")
    store_id: UUID | None = Field(description="Good only there; null: wherever the offer is.")
    reserved_at: datetime = Field(description="When it was made.")
    expires_at: datetime = Field(description="Until when it is good.")
    committed_at: datetime | None = Field(description="When it was delivered or printed.")
    redeemed_at: datetime | None = Field(description="When it was used.")
    release_reason: ReleaseReason | None = Field(description="Why it is good for nothing any more.")


class CouponPage(BaseModel):
    """A page of coupons, newest first."""

    items: list[CouponOut] = Field(description="Coupons.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


class PrintIn(Shape):
    """Coupons to print, for whoever has them."""

    count: Annotated[int, Field(ge=1, le=MAX_PRINT)] = Field(description="How many codes.")
    expires_at: Moment = Field(description="Until when they are good; the offer's end comes first.")
    store_id: UUID | None = Field(default=None, description="Good only there, out of its budget. Null: anywhere.")


class CouponLook(BaseModel):
    """What a till should know of a code before it uses it."""

    is_good: bool = Field(description="Whether it would be taken now, here.")
    reason: Refusal | None = Field(description="Why not.")
    words: str = Field(description="The same as a sentence for the customer.")
    label: str = Field(description="What it promises.")
    offer_id: UUID = Field(description="Its offer.")
    expires_at: datetime = Field(description="Until when it is good.")


class RedeemIn(Shape):
    """A purchase that uses a code."""

    order_id: Id = Field(description="Your id of the order or receipt. The same again changes nothing.")
    source: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_:.-]*$")] = Field(
        default="api", description="Which of your systems it is in, as `source` of orders."
    )
    store_id: UUID | None = Field(default=None, description="Where. A key for one store need not say.")
    currency: Currency = Field(description="Of the discount.")
    discount_minor: Price = Field(description="What the code took off.")
    at: Moment | None = Field(default=None, description="When it was bought; left out: now.")
    customer: PersonShape | None = Field(default=None, description="Who bought, if you know.")


class RedeemOut(BaseModel):
    """A code that was used."""

    coupon_id: UUID = Field(description="Its coupon.")
    offer_id: UUID = Field(description="Its offer.")
    discount_minor: int = Field(description="What it took off.")
    outcome: str = Field(description="`redeemed`, or `unchanged`: this order had used it before.")


class SaleCode(BaseModel):
    """What a sale did with one of its codes."""

    code: str = Field(description="As it was sent.")
    is_used: bool = Field(description="Whether it was used.")
    discount_minor: int = Field(description="For how much.")
    reason: Refusal | None = Field(description="Why not.")
    words: str = Field(description="The same as a sentence.")


class SaleWithCodesOut(SaleOut):
    """What became of a sale and of the codes in it."""

    coupons: list[SaleCode] = Field(description="Each of its codes. The sale is recorded whatever they say.")


class StoreMargin(BaseModel):
    """A store's margin."""

    store_id: UUID = Field(description="Which store.")
    margin_percent: int | None = Field(description="Of its goods without a known cost; null: the tenant's.")


class MarginsOut(BaseModel):
    """Margins, where no product's cost says them, and the floor that offers keep."""

    margin_percent: int | None = Field(description="Of the tenant; null: nobody has said, profit is not computable.")
    floor_percent: int | None = Field(description="The least margin that an offer leaves on a line; null: no floor.")
    stores: list[StoreMargin] = Field(description="Stores with a margin of their own.")


class MarginsIn(Shape):
    """The tenant's margin and floor."""

    margin_percent: Annotated[int, Field(ge=0, le=99)] | None = Field(
        description="(price − cost) ÷ price of goods without a known cost, in percent; null: not known."
    )
    floor_percent: Annotated[int, Field(ge=0, le=95)] | None = Field(
        description="The least margin that an offer leaves on a line; null: no floor."
    )


class StoreMarginIn(Shape):
    """A store's margin."""

    margin_percent: Annotated[int, Field(ge=0, le=99)] | None = Field(description="In percent; null: the tenant's.")
