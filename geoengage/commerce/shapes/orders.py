"""Shapes of orders and refunds."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, SkipValidation, StringConstraints, model_validator

from geoengage.commerce.rules import (
    MAX_LINES,
    MAX_REFUNDS,
    Channel,
    Line,
    OrderIn,
    Refund,
    RefundLine,
    Status,
    line_total,
    total_of,
)
from geoengage.commerce.shapes.pieces import Currency, Id, Minor, Moment, Price, Quantity, Text, milli, quantity
from geoengage.commerce.store.reading import OrderView
from geoengage.kit.shapes import Shape

Source = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,99}$")]
MAX_BATCH = 1_000


class PersonShape(Shape):
    """Ids of a person. At least one; the strongest is the customer: external id, card, e-mail, phone."""

    external_id: Id | None = Field(default=None, description="Your own id of the customer.")
    loyalty_card: Id | None = Field(default=None, description="Number of their loyalty card.")
    email: Id | None = Field(default=None, description="E-mail address.")
    phone: Id | None = Field(default=None, description="Phone number, E.164 or with the tenant's region.")

    @model_validator(mode="after")
    def _one_at_least(self) -> "PersonShape":
        if not self.model_dump(exclude_none=True):
            raise ValueError("name at least one id, or leave the member out")
        return self


class LineShape(Shape):
    """A position of an order, as it was sold."""

    external_id: Id | None = Field(default=None, description="Your id of the line; refunds name it.")
    product_id: Id | None = Field(default=None, description="Your id of the product.")
    variant_id: Id | None = Field(default=None, description="Your id of the variant.")
    sku: Id | None = Field(default=None, description="Stock keeping unit.")
    name: str = Field(default="", max_length=500, description="What it is called, as sold.")
    category: str | None = Field(default=None, max_length=500, description="Path of its category, `Toys > Bricks`.")
    quantity: Quantity = Field(description="Pieces, kilograms, metres; up to three decimals. Negative: a return.")
    unit_price_minor: Minor | None = Field(default=None, description="Price of one, minor units.")
    total_minor: Minor | None = Field(
        default=None, description="What the line costs after its own discounts; left out: price times quantity."
    )
    replaces: Id | None = Field(
        default=None, description="Your id of the product that was ordered, where this one was delivered instead."
    )

    @model_validator(mode="after")
    def _has_total(self) -> "LineShape":
        if self.total_minor is None and self.unit_price_minor is None:
            raise ValueError("send total_minor, or unit_price_minor")
        return self

    def line(self) -> Line:
        """As the rules see it."""
        thousandths = milli(self.quantity)
        total = self.total_minor
        if total is None:
            total = line_total(thousandths, self.unit_price_minor or 0)
        return Line(
            **self.model_dump(exclude={"quantity", "total_minor"}), quantity_milli=thousandths, total_minor=total
        )


class RefundLineShape(Shape):
    """What a refund was for; `line`, `product_id` or `sku` says which."""

    line: Id | None = Field(default=None, description="`external_id` of the order's line.")
    product_id: Id | None = Field(default=None, description="Your id of the product.")
    sku: Id | None = Field(default=None, description="Stock keeping unit.")
    quantity: Quantity = Field(description="How much came back; 0 where only money did.")
    amount_minor: Minor = Field(description="What of the refund is for it.")


class RefundShape(Shape):
    """Money given back, in the order's currency."""

    external_id: Id = Field(description="Your id of the refund; the same again changes nothing.")
    at: Moment = Field(description="When it was given back.")
    amount_minor: Price = Field(description="How much, a positive amount of minor units.")
    lines: list[RefundLineShape] = Field(default=[], max_length=MAX_LINES, description="What for.")
    reason: Text | None = Field(default=None, description="In your words.")

    def refund(self) -> Refund:
        """As the rules see it."""
        lines = tuple(
            RefundLine(**line.model_dump(exclude={"quantity"}), quantity_milli=milli(line.quantity))
            for line in self.lines
        )
        return Refund(
            external_id=self.external_id, at=self.at, amount_minor=self.amount_minor, lines=lines, reason=self.reason
        )


class NewRefund(RefundShape):
    """A refund to record."""

    external_id: Id | None = Field(  # type: ignore[assignment]
        default=None, description="Your id of the refund. Left out: made from the Idempotency-Key, or a new one."
    )
    at: Moment | None = Field(default=None, description="When it was given back; left out: now.")  # type: ignore[assignment]


class OrderBody(Shape):
    """A version of an order. (`source`, `external_id`) names it: the same again changes nothing."""

    source: Source = Field(
        default="api", description="Which of your systems it comes from: `api`, `erp`, `shopify:main` …"
    )
    external_id: Id = Field(description="Its id there.")
    ordered_at: Moment = Field(description="When it was placed; it may be long ago.")
    updated_at: Moment | None = Field(
        default=None,
        description="When this version was made. An older one than the newest known is stale and changes nothing."
        " Left out: now.",
    )
    status: Status = Field(
        default=Status.PAID, description="Where it stands. Refunds say more than this, if there are."
    )
    currency: Currency = Field(description="ISO 4217. All amounts are its minor units: 1250 is 12.50 CHF or 1250 JPY.")
    store_id: UUID | None = Field(
        default=None, description="The store that sold it. A key for one store need not say; null: the tenant itself."
    )
    channel: Channel = Field(default=Channel.OTHER, description="Where it was placed.")
    customer: PersonShape | None = Field(
        default=None, description="Who ordered, as your system knows them. Ids that come together are one person."
    )
    guest: PersonShape | None = Field(
        default=None,
        description="What a guest left. The order belongs to whoever is known by it, now or later; nobody is made.",
    )
    lines: list[LineShape] = Field(default=[], max_length=MAX_LINES, description="What was sold.")
    subtotal_minor: Minor | None = Field(default=None, description="Sum of the lines; left out: added up.")
    discount_minor: Price = Field(default=0, description="Taken off the whole order.")
    shipping_minor: Price = Field(default=0, description="For sending it.")
    tax_minor: Minor = Field(default=0, description="Tax, whether the prices contain it or not.")
    total_minor: Minor | None = Field(
        default=None,
        description="subtotal − discount + shipping, plus tax where prices are without; left out: with tax added.",
    )
    coupons: list[Id] = Field(default=[], max_length=50, description="Codes that were used.")
    refunds: list[RefundShape] = Field(default=[], max_length=MAX_REFUNDS, description="What was given back so far.")
    return_of: Id | None = Field(default=None, description="`external_id` of the sale that returned goods come from.")
    return_of_source: Source | None = Field(default=None, description="Its source, where that is another.")
    cart_id: UUID | None = Field(default=None, description="The cart that became this order.")

    def order(self, source: str, store_id: UUID | None, now: datetime) -> OrderIn:
        """As the rules see it, without a customer."""
        lines = tuple(line.line() for line in self.lines)
        subtotal, _ = total_of(lines)
        if self.subtotal_minor is not None:
            subtotal = self.subtotal_minor
        total = self.total_minor
        if total is None:
            total = subtotal - self.discount_minor + self.shipping_minor + self.tax_minor
        plain = {"external_id", "ordered_at", "status", "currency", "channel", "discount_minor", "shipping_minor"}
        plain |= {"tax_minor", "return_of", "return_of_source", "cart_id"}
        return OrderIn(
            **self.model_dump(include=plain),
            source=source,
            store_id=store_id,
            updated_at=self.updated_at or now,
            lines=lines,
            subtotal_minor=subtotal,
            total_minor=total,
            coupons=tuple(self.coupons),
            refunds=tuple(refund.refund() for refund in self.refunds),
        )


class OrdersIn(Shape):
    """Many orders at once."""

    orders: list[SkipValidation[OrderBody]] = Field(
        min_length=1, max_length=MAX_BATCH, description="Each as POST /v1/orders takes it; each is looked at by itself."
    )


class CustomerOut(BaseModel):
    """Who ordered. Without the scope `people` or `customers` there is only the id, which says nothing."""

    id: UUID = Field(description="The same for orders under the same id of a person.")
    profile_id: UUID | None = Field(default=None, description="The person.")
    external_id: str | None = Field(default=None, description="Your own id of them.")
    first_name: str | None = Field(default=None, description="First name.")


class LineOut(BaseModel):
    """A position of an order."""

    external_id: str | None = Field(description="Your id of the line.")
    product_id: str | None = Field(description="Your id of the product.")
    variant_id: str | None = Field(description="Your id of the variant.")
    sku: str | None = Field(description="Stock keeping unit.")
    name: str = Field(description="What it was called.")
    category: str | None = Field(description="Path of its category.")
    quantity: float = Field(description="Negative: a return.")
    unit_price_minor: int | None = Field(description="Price of one.")
    total_minor: int = Field(description="What the line cost.")
    replaces: str | None = Field(description="What was ordered instead.")
    catalogue_product_id: UUID | None = Field(description="The product in our catalogue; null until we know it.")
    catalogue_variant_id: UUID | None = Field(description="The variant in our catalogue.")


class RefundLineOut(BaseModel):
    """What a refund was for."""

    line: str | None = Field(description="The order's line.")
    product_id: str | None = Field(description="Your id of the product.")
    sku: str | None = Field(description="Stock keeping unit.")
    quantity: float = Field(description="How much came back.")
    amount_minor: int = Field(description="What of the refund is for it.")


class RefundOut(BaseModel):
    """Money that was given back."""

    external_id: str = Field(description="Your id of the refund.")
    at: datetime = Field(description="When.")
    amount_minor: int = Field(description="How much.")
    reason: str | None = Field(description="Why.")
    lines: list[RefundLineOut] = Field(description="What for.")


class OrderOut(BaseModel):
    """An order as it is known now."""

    id: UUID = Field(description="Its id here.")
    source: str = Field(description="Which system it comes from.")
    external_id: str = Field(description="Its id there.")
    ordered_at: datetime = Field(description="When it was placed.")
    source_updated_at: datetime = Field(description="When its newest version was made.")
    status: Status = Field(description="Follows from what the source says and from the refunds.")
    currency: str = Field(description="Of all amounts.")
    store_id: UUID | None = Field(description="The store that sold it.")
    channel: Channel = Field(description="Where it was placed.")
    customer: CustomerOut | None = Field(description="Null: a guest of whom nothing is known yet.")
    lines: list[LineOut] = Field(description="What was sold.")
    subtotal_minor: int = Field(description="Sum of the lines.")
    discount_minor: int = Field(description="Taken off the whole.")
    shipping_minor: int = Field(description="For sending it.")
    tax_minor: int = Field(description="Tax.")
    total_minor: int = Field(description="What was paid.")
    refunded_minor: int = Field(description="Of that, given back.")
    coupons: list[str] = Field(description="Codes that were used.")
    refunds: list[RefundOut] = Field(description="What was given back, oldest first.")
    return_of: str | None = Field(description="The sale that returned goods come from, by its source's id.")
    return_of_id: UUID | None = Field(description="The same by our id; null while we do not know it.")
    version: int = Field(description="Rises with every change; the ETag.")
    created_at: datetime = Field(description="When it came here.")
    updated_at: datetime = Field(description="When it last changed here.")


class OrderRecorded(OrderOut):
    """An order, and what the version that was sent did to it."""

    outcome: str = Field(description="`created`, `updated`, `unchanged`, or `stale`: a newer version is known.")


class OrderPage(BaseModel):
    """A page of orders, newest first."""

    items: list[OrderOut] = Field(description="Orders.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


_PLAIN = frozenset(OrderOut.model_fields) - {"customer", "lines", "refunds", "return_of_id"}


def order_json(view: OrderView, *, with_people: bool) -> dict[str, Any]:
    """An order with the members of `OrderOut`."""
    row = view.row
    return {name: getattr(row, name) for name in _PLAIN} | {
        "customer": _customer(view, with_people=with_people),
        "lines": [
            {
                "external_id": line.external_id,
                "product_id": line.product_external_id,
                "variant_id": line.variant_external_id,
                "sku": line.sku,
                "name": line.name,
                "category": line.category,
                "quantity": quantity(line.quantity_milli),
                "unit_price_minor": line.unit_price_minor,
                "total_minor": line.total_minor,
                "replaces": line.replaces,
                "catalogue_product_id": line.product_id,
                "catalogue_variant_id": line.variant_id,
            }
            for line in view.lines
        ],
        "refunds": [
            {
                "external_id": refund.external_id,
                "at": refund.at,
                "amount_minor": refund.amount_minor,
                "reason": refund.reason,
                "lines": [
                    {
                        "line": line.line,
                        "product_id": line.product_external_id,
                        "sku": line.sku,
                        "quantity": quantity(line.quantity_milli),
                        "amount_minor": line.amount_minor,
                    }
                    for line in lines
                ],
            }
            for refund, lines in view.refunds
        ],
        "return_of_id": view.return_id,
    }


def _customer(view: OrderView, *, with_people: bool) -> dict[str, Any] | None:
    if view.row.identifier_id is None:
        return None
    known: dict[str, Any] = {"id": view.row.identifier_id}
    if with_people and view.customer is not None:
        known |= {
            "profile_id": view.customer.profile_id,
            "external_id": view.customer.external_id,
            "first_name": view.customer.first_name,
        }
    return known


def order_out(view: OrderView, *, with_people: bool) -> OrderOut:
    """An order as the API shows it."""
    return OrderOut.model_validate(order_json(view, with_people=with_people))
