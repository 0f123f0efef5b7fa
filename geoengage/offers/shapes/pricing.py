"""Shapes of pricing."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from geoengage.commerce.rules import MAX_CART_LINES, Channel
from geoengage.commerce.shapes.carts import ThingShape
from geoengage.commerce.shapes.orders import PersonShape
from geoengage.commerce.shapes.pieces import Currency, Id, Moment, Price, quantity
from geoengage.kit.shapes import Shape
from geoengage.metrics.rules import Degree
from geoengage.offers.rules import REFUSAL_WORDS, Refusal, WhyNot
from geoengage.offers.service.pricing import CodeFound, PricedCart


class PriceIn(Shape):
    """A cart to be priced: its lines, or a cart that is kept here, by its id or by whose it is."""

    lines: list[ThingShape] | None = Field(
        default=None, min_length=1, max_length=MAX_CART_LINES, description="What somebody is about to buy."
    )
    cart_id: UUID | None = Field(default=None, description="A cart that is kept here, as its person has it everywhere.")
    customer: PersonShape | None = Field(
        default=None, description="Who buys. Without lines and cart_id, their cart is priced."
    )
    customer_id: UUID | None = Field(default=None, description="The same by `customer.id` of an order.")
    store_id: UUID | None = Field(default=None, description="At which store. A key for one store need not say.")
    channel: Channel = Field(default=Channel.OTHER, description="Where. It matters to offers that name one, only.")
    currency: Currency | None = Field(default=None, description="Left out: that of the lines, if they have one.")
    delivery_minor: Price = Field(default=0, description="What delivery costs without offers.")
    coupons: list[Id] = Field(default=[], max_length=20, description="Codes that the customer has.")
    at: Moment | None = Field(default=None, description="When; left out: now.")
    try_offers: list[UUID] = Field(
        default=[], max_length=20, description="Offers that are not switched on, to see what they would give."
    )
    try_decline: Degree | None = Field(
        default=None, description="How far somebody has fallen behind, to see what they would get."
    )

    @model_validator(mode="after")
    def _is_a_cart(self) -> "PriceIn":
        if self.lines is not None and self.cart_id is not None:
            raise ValueError("send lines, or cart_id")
        if self.customer is not None and self.customer_id is not None:
            raise ValueError("send customer, or customer_id")
        if not any(given is not None for given in (self.lines, self.cart_id, self.customer, self.customer_id)):
            raise ValueError("send lines, or cart_id, or whose cart")
        return self


class LineShareOut(BaseModel):
    """What one offer takes off a line."""

    offer_id: UUID = Field(description="Which offer.")
    name: str = Field(description="What it is called.")
    discount_minor: int = Field(description="How much.")


class PricedLineOut(BaseModel):
    """A line with its price."""

    item: str = Field(description="Names the line, as carts do.")
    name: str = Field(description="What it is called.")
    quantity: float = Field(description="How much of it.")
    list_minor: int = Field(description="What it costs without offers.")
    net_minor: int = Field(description="What it costs.")
    shares: list[LineShareOut] = Field(description="What each offer takes off it; together the difference.")


class LeftOutLine(BaseModel):
    """A line that cannot be priced."""

    item: str = Field(description="Names the line.")
    why: str = Field(description="Why.")


class OfferJudged(BaseModel):
    """What became of one offer."""

    offer_id: UUID = Field(description="Which.")
    name: str = Field(description="What it is called.")
    discount_minor: int = Field(description="What it takes off, delivery included.")
    held_minor: int = Field(description="What the margin floor keeps it from taking off as well.")
    reason: WhyNot | None = Field(description="Why it takes off nothing; null: it does.")
    words: str = Field(description="The same as a sentence.")


class CodeJudged(BaseModel):
    """What became of one code."""

    code: str = Field(description="As it was sent.")
    offer_id: UUID | None = Field(description="Its offer; null: nobody was given this code.")
    is_good: bool = Field(description="Whether it may be used. Whether it takes something off, its offer says.")
    reason: Refusal | None = Field(description="Why not.")
    words: str = Field(description="The same as a sentence; empty when it is good.")


class PricedOut(BaseModel):
    """A cart, line by line, with a reason for each offer that holds or does not."""

    currency: str | None = Field(description="Of all amounts; null: nothing in the cart has a price.")
    lines: list[PricedLineOut] = Field(description="In the cart's order.")
    left_out: list[LeftOutLine] = Field(description="Lines without a price in this currency.")
    subtotal_minor: int = Field(description="The lines without offers.")
    discount_minor: int = Field(description="What offers take off the lines.")
    delivery_minor: int = Field(description="What delivery costs.")
    total_minor: int = Field(description="subtotal − discount + delivery; tax is in it where prices contain it.")
    offers: list[OfferJudged] = Field(description="Each offer that there is at this store.")
    codes: list[CodeJudged] = Field(description="Each code that was sent.")


def priced_out(
    found: PricedCart, names: Mapping[str, str], left_out: Mapping[str, str], *, all_offers: bool = True
) -> PricedOut:
    """The answer. `all_offers` False: only those that hold, for who need not know the others."""
    priced = found.priced
    lines = [
        {
            "item": line.key,
            "name": names.get(line.key, ""),
            "quantity": quantity(line.quantity_milli),
            "list_minor": line.list_minor,
            "net_minor": line.net_minor,
            "shares": [
                {"offer_id": s.offer_id, "name": found.offers[s.offer_id].name, "discount_minor": s.minor}
                for s in line.shares
            ],
        }
        for line in priced.lines
    ]
    offers = [
        {
            "offer_id": each.offer_id,
            "name": each.name,
            "discount_minor": each.discount_minor,
            "held_minor": each.held_minor,
            "reason": each.why_not,
            "words": each.words,
        }
        for each in priced.offers
        if all_offers or each.why_not is None
    ]
    whole: dict[str, Any] = {
        name: getattr(priced, name) for name in ("subtotal_minor", "discount_minor", "delivery_minor", "total_minor")
    }
    return PricedOut.model_validate(
        whole
        | {
            "currency": priced.currency or None,
            "lines": lines,
            "left_out": [{"item": item, "why": why} for item, why in left_out.items()],
            "offers": offers,
            "codes": [code_json(code, each) for code, each in found.codes.items()],
        }
    )


def code_json(code: str, found: CodeFound) -> dict[str, Any]:
    """A code with the members of `CodeJudged`."""
    return {
        "code": code,
        "offer_id": None if found.coupon is None else found.coupon.offer_id,
        "is_good": found.refusal is None,
        "reason": found.refusal,
        "words": "" if found.refusal is None else REFUSAL_WORDS[found.refusal],
    }
