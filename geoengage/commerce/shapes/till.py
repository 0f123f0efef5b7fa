"""Shapes of the till."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from geoengage.commerce.rules import MAX_LINES, Channel, OrderIn, total_of
from geoengage.commerce.shapes.orders import LineShape
from geoengage.commerce.shapes.pieces import Currency, Id, Minor, Moment, Price
from geoengage.kit.shapes import Shape
from geoengage.profiles.rules import Kind


class MemberShape(Shape):
    """How a customer says who they are: exactly one of these."""

    member_code: Id | None = Field(default=None, description="What the app shows or the customer says: card or number.")
    loyalty_card: Id | None = Field(default=None, description="Number of the loyalty card.")
    phone: Id | None = Field(default=None, description="Phone number.")

    @model_validator(mode="after")
    def _exactly_one(self) -> "MemberShape":
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("send exactly one of member_code, loyalty_card and phone")
        return self

    def ids(self) -> dict[Kind, str]:
        """The ids that it may be; a member code is a card, or the tenant's own number of a customer."""
        if self.member_code is not None:
            return {Kind.LOYALTY_CARD: self.member_code, Kind.EXTERNAL_ID: self.member_code}
        if self.loyalty_card is not None:
            return {Kind.LOYALTY_CARD: self.loyalty_card}
        return {Kind.PHONE: self.phone or ""}


class LookupIn(Shape):
    """Who stands at the till."""

    store_id: UUID | None = Field(default=None, description="Where. A key for one store need not say.")
    member: MemberShape = Field(description="What they show or say.")


class ConsentToAsk(BaseModel):
    """Something nobody has asked this customer yet."""

    channel: str = Field(description="`email`, `sms` …")
    purpose: str = Field(description="`marketing`.")


class MemberOut(BaseModel):
    """What a cashier sees of a customer."""

    customer_id: UUID = Field(description="As orders show it.")
    display_name: str | None = Field(description="First name and initial, `Mia K.`; null: no name is known.")
    consents_to_ask: list[ConsentToAsk] = Field(description="What they have not been asked yet, at this store.")


class LookupOut(BaseModel):
    """Who it is."""

    member: MemberOut | None = Field(description="Null: nobody is known by this. Take the sale anyway; it is kept.")


class SaleIn(Shape):
    """What was sold at a till, or brought back. (`store_id`, `sale_id`) names it: sending it again changes nothing."""

    store_id: UUID | None = Field(default=None, description="Where. A key for one store need not say.")
    sale_id: Id = Field(description="Number of the receipt, unique in the store.")
    sold_at: Moment = Field(description="When it was sold by the till's clock, also when it is sent later.")
    member: MemberShape | None = Field(
        default=None, description="Who bought it. Who is not known yet gets it when they are."
    )
    currency: Currency = Field(description="ISO 4217; all amounts are its minor units.")
    lines: list[LineShape] = Field(
        min_length=1, max_length=MAX_LINES, description="What was sold; a negative quantity came back."
    )
    discount_minor: Price = Field(default=0, description="Taken off the whole.")
    tax_minor: Minor = Field(default=0, description="Tax, whether the prices contain it or not.")
    total_minor: Minor | None = Field(default=None, description="What was paid; left out: lines − discount.")
    coupons: list[Id] = Field(default=[], max_length=50, description="Codes that were used.")
    return_of: Id | None = Field(default=None, description="`sale_id` of the sale that returned goods come from.")
    return_of_source: Id | None = Field(default=None, description="Its source, where it was no sale of this store.")

    def order(self, store_id: UUID, source: str) -> OrderIn:
        """As the rules see it, without a customer."""
        lines = tuple(line.line() for line in self.lines)
        subtotal, total = total_of(lines, discount=self.discount_minor)
        return OrderIn(
            source=source,
            external_id=self.sale_id,
            ordered_at=self.sold_at,
            updated_at=self.sold_at,
            currency=self.currency,
            store_id=store_id,
            channel=Channel.POS,
            lines=lines,
            subtotal_minor=subtotal,
            discount_minor=self.discount_minor,
            tax_minor=self.tax_minor,
            total_minor=total if self.total_minor is None else self.total_minor,
            coupons=tuple(self.coupons),
            return_of=self.return_of,
            return_of_source=self.return_of_source,
        )


class SaleOut(BaseModel):
    """What became of a sale."""

    order_id: UUID = Field(description="The order that it is now.")
    outcome: str = Field(description="`created`, or `unchanged`: it was sent before.")
    member: MemberOut | None = Field(description="Who bought it; null: nobody who is known yet.")


def member_json(customer_id: UUID, name: str | None, asked: list[tuple[str, str]]) -> dict[str, Any]:
    """A customer with the members of `MemberOut`."""
    return {
        "customer_id": customer_id,
        "display_name": name,
        "consents_to_ask": [{"channel": channel, "purpose": purpose} for channel, purpose in asked],
    }
