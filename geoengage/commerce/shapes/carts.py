"""Shapes of carts."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from geoengage.commerce.rules import MAX_CART_LINES, CartItem, cart_totals, line_total
from geoengage.commerce.service import WholeCart
from geoengage.commerce.shapes.orders import PersonShape
from geoengage.commerce.shapes.pieces import MAX_QUANTITY, Currency, Id, Link, Price, Quantity, Text, quantity
from geoengage.kit.shapes import Shape


class ThingShape(Shape):
    """What a line of a cart is about: our `item` (as a cart shows it), or your id of variant or product, or its sku."""

    item: Id | None = Field(default=None, description="`item` of a line that you read.")
    variant_id: Id | None = Field(default=None, description="Your id of the variant.")
    product_id: Id | None = Field(default=None, description="Your id of the product.")
    sku: Id | None = Field(default=None, description="Stock keeping unit.")
    quantity: Annotated[Quantity, Field(ge=-MAX_QUANTITY)] = Field(description="How much.")
    name: Text | None = Field(default=None, description="For what the catalogue does not know.")
    unit_price_minor: Price | None = Field(default=None, description="For what the catalogue does not know.")
    currency: Currency | None = Field(default=None, description="Of that price.")
    image_url: Link | None = Field(default=None, description="For what the catalogue does not know.")

    @model_validator(mode="after")
    def _is_named(self) -> "ThingShape":
        if self.item is self.variant_id is self.product_id is self.sku is None:
            raise ValueError("name the thing by item, variant_id, product_id or sku")
        if (self.unit_price_minor is None) != (self.currency is None):
            raise ValueError("a price and its currency come together")
        return self


class CartBody(Shape):
    """Everything that is to lie in the cart."""

    lines: list[ThingShape] = Field(max_length=MAX_CART_LINES, description="Nothing else stays; empty: an empty cart.")


class CartChangeBody(Shape):
    """A change of some lines; the others stay."""

    how: Literal["set", "add"] = Field(
        default="add", description="`add` to the quantity that is there (negative takes out), or `set` it (0 removes)."
    )
    lines: list[ThingShape] = Field(min_length=1, max_length=MAX_CART_LINES, description="What changes.")


class WhoseShape(Shape):
    """Whose cart: by ids, by a customer's id as orders show it, or by the person's id."""

    customer: PersonShape | None = Field(default=None, description="Ids of the person.")
    customer_id: UUID | None = Field(default=None, description="`customer.id` of an order.")
    store_id: UUID | None = Field(
        default=None, description="At which store; null: the tenant's. A key for one store need not say."
    )

    @model_validator(mode="after")
    def _is_somebody(self) -> "WhoseShape":
        if (self.customer is None) == (self.customer_id is None):
            raise ValueError("send customer, or customer_id")
        return self


class WhoseCartBody(WhoseShape, CartBody):
    """Everything that is to lie in somebody's cart."""


class WhoseCartChangeBody(WhoseShape, CartChangeBody):
    """A change of somebody's cart."""


class CartLineOut(BaseModel):
    """One thing in a cart."""

    item: str = Field(description="Names the line in this cart.")
    name: str = Field(description="What it is called.")
    quantity: float = Field(description="How much.")
    unit_price_minor: int | None = Field(description="Price of one when it was put in, minor units.")
    currency: str | None = Field(description="Of the price.")
    total_minor: int | None = Field(description="Price times quantity.")
    product_id: str | None = Field(description="Your id of the product.")
    variant_id: str | None = Field(description="Your id of the variant.")
    sku: str | None = Field(description="Stock keeping unit.")
    image_url: str | None = Field(description="Its picture.")
    added_at: datetime = Field(description="When it was put in first.")


class AmountOut(BaseModel):
    """An amount of one currency."""

    currency: str = Field(description="ISO 4217.")
    amount_minor: int = Field(description="Minor units.")


class CartOut(BaseModel):
    """A person's cart, put together from wherever they are known."""

    id: UUID | None = Field(description="Of its oldest part; null while nothing was put in. Orders may name it.")
    store_id: UUID | None = Field(description="At which store; null: the tenant's.")
    lines: list[CartLineOut] = Field(description="In the order in which things were put in.")
    totals: list[AmountOut] = Field(description="One for each currency: they are never added.")
    changed_at: datetime | None = Field(description="When it last changed.")
    abandoned_at: datetime | None = Field(description="Since when it counts as abandoned; null: it does not.")
    version: int = Field(description="Rises with every change.")


class CartRowOut(BaseModel):
    """A cart in a list: of one id of a person, or of one device."""

    id: UUID = Field(description="Its id.")
    store_id: UUID | None = Field(description="At which store.")
    status: Literal["open", "abandoned", "ordered"] = Field(description="Where it stands.")
    customer_id: UUID | None = Field(description="As orders show it; null: nobody has logged in there.")
    lines: list[CartLineOut] = Field(description="What lies in it.")
    totals: list[AmountOut] = Field(description="One for each currency.")
    changed_at: datetime = Field(description="When it last changed.")
    abandoned_at: datetime | None = Field(description="Since when it counts as abandoned.")
    recovered_at: datetime | None = Field(description="When something of it was ordered after that.")
    order_id: UUID | None = Field(description="The order that took the last thing out.")


class CartPage(BaseModel):
    """A page of carts, newest first."""

    items: list[CartRowOut] = Field(description="Carts.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


def lines_json(things: tuple[CartItem, ...] | list[CartItem]) -> list[dict[str, Any]]:
    """Lines with the members of `CartLineOut`."""
    return [
        {
            "item": thing.item,
            "name": thing.name,
            "quantity": quantity(thing.quantity_milli),
            "unit_price_minor": thing.unit_price_minor,
            "currency": thing.currency,
            "total_minor": None
            if thing.unit_price_minor is None
            else line_total(thing.quantity_milli, thing.unit_price_minor),
            "product_id": thing.product_external_id,
            "variant_id": thing.variant_external_id,
            "sku": thing.sku,
            "image_url": thing.image_url,
            "added_at": thing.added_at,
        }
        for thing in things
    ]


def totals_json(things: tuple[CartItem, ...] | list[CartItem]) -> list[dict[str, Any]]:
    """Totals with the members of `AmountOut`."""
    return [{"currency": currency, "amount_minor": minor} for currency, minor in cart_totals(things).items()]


def cart_out(cart: WholeCart) -> CartOut:
    """A person's cart as the API shows it."""
    return CartOut.model_validate(
        {
            "id": cart.id,
            "store_id": cart.store_id,
            "lines": lines_json(cart.things),
            "totals": totals_json(cart.things),
            "changed_at": cart.changed_at,
            "abandoned_at": cart.abandoned_at,
            "version": cart.version,
        }
    )
