"""Requests and answers of the owner's page. Money is in minor units."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from geoengage.campaigns.rules import Status
from geoengage.kit.shapes import Shape
from geoengage.offers.rules import Refusal
from geoengage.shop.rules import Audience, Discount, ThanUsual, WhyNoDiscount
from geoengage.shop.service.offering import Good, Preview, Stop

Percent = Literal[5, 10, 15, 20]


class ShopStore(BaseModel):
    """A store by name: what a phone on a slow line needs to choose one."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="What it is called.")


class ShopStores(BaseModel):
    """Stores by name; at most 1,000."""

    items: list[ShopStore] = Field(description="Stores that the caller may work for.")


class ShopToday(Shape):
    """Today at a store, since local midnight. Numbers of people are null for one to nine."""

    store_id: UUID = Field(description="Which store.")
    day: date = Field(description="The local day.")
    timezone: str = Field(description="IANA zone of the store.")
    currency: str | None = Field(description="Of all amounts; null: nothing was ever sold or priced.")
    orders: int = Field(description="Orders so far; returns and what was cancelled do not count.")
    sales_minor: int = Field(description="What they came to, less what was given back.")
    usual_orders: float | None = Field(
        description="By this hour on the same weekday of up to eight past weeks, the middle one; null: fewer than"
        " three are known."
    )
    usual_sales_minor: int | None = Field(description="The same of sales.")
    than_usual: ThanUsual | None = Field(description="How `orders` stands to that, beyond chance.")
    people: int | None = Field(description="People seen in the store's zones today, as far as their phones told.")
    new_customers: int | None = Field(description="Known people whose first order here is of today.")
    messages: int | None = Field(description="Messages of the store's campaigns that went out today.")
    codes: int = Field(description="Coupons used here today.")
    codes_sales_minor: int = Field(description="What the sales that named them came to.")
    unread_replies: int | None = Field(
        description="Texts of people to the store that nobody has read; null: the credential may not read them."
    )


class ShopDiscount(BaseModel):
    """A percentage on a product."""

    percent: int = Field(description="Off.")
    price_minor: int = Field(description="The least that it is sold for then.")
    is_allowed: bool = Field(description="Whether it may be offered.")
    why: WhyNoDiscount | None = Field(
        description="Why not. `floor`: below the margin to be kept; `below_cost`: less than it costs; `no_margin`: a"
        " margin is to be kept, and nobody knows this product's."
    )


class ShopProduct(BaseModel):
    """A product that the store can offer."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="What it is called.")
    image_url: str | None = Field(description="A picture, from an origin that browsers may load here.")
    price_minor: int = Field(description="Of its cheapest variant.")
    currency: str = Field(description="Of its prices.")
    discounts: list[ShopDiscount] = Field(description="5, 10, 15 and 20 % off.")


class ShopProducts(BaseModel):
    """Products, what sold most often here in 90 days first; at most 24."""

    items: list[ShopProduct] = Field(description="Products.")


class ShopPreviewIn(Shape):
    """The first two taps."""

    store_id: UUID | None = Field(default=None, description="Which store. A credential for one store need not say.")
    product_id: UUID = Field(description="Which product.")
    discount_percent: Percent = Field(description="How much off.")


class ShopOfferIn(ShopPreviewIn):
    """All three taps."""

    audience: Audience = Field(
        description="Of the store's customers: `regulars` ordered three times in 180 days; `not_seen` ordered once and"
        " were not there for 60 days; `nearby` were in the store within a week, or are within a kilometre."
    )


class ShopAudience(BaseModel):
    """Whom an offer would reach now, and what it would cost."""

    audience: Audience = Field(description="Who.")
    people: int | None = Field(description="How many, who is held back among them; null: one to nine.")
    messages_minor: int | None = Field(description="The messages; null: nobody said what one costs, or too few people.")
    discounts_minor: int | None = Field(description="The discounts, if everybody buys a piece; null: too few people.")


class ShopPreview(BaseModel):
    """An offer before it is sent. Nothing is kept."""

    product_id: UUID = Field(description="Which product.")
    discount: ShopDiscount = Field(description="How much off.")
    currency: str = Field(description="Of all amounts.")
    needs_approval: bool = Field(description="Whether it waits for somebody's approval.")
    stopped_by: Stop | None = Field(
        description="Why nothing can go out: `sending_stopped`, or `no_sender`, as no app can push."
    )
    audiences: list[ShopAudience] = Field(description="One line each.")


class ShopOfferOut(BaseModel):
    """An offer that goes out."""

    id: UUID = Field(description="Its campaign, which its owner may edit or pause like any other.")
    offer_id: UUID | None = Field(description="Its offer.")
    status: Status = Field(description="`active`, or `in_review`: it waits for approval.")


class ShopCoupon(BaseModel):
    """An open coupon by the end of its code."""

    code: str = Field(description="The whole code, for `POST /v1/coupons/{code}/redeem`.")
    label: str = Field(description="What it promises.")
    offer_name: str = Field(description="Its offer.")
    currency: str = Field(description="Of the discount.")
    most_minor: int | None = Field(description="What it takes off at most; null: no limit.")
    expires_at: datetime = Field(description="Until when it is good.")
    reason: Refusal | None = Field(description="Why it would not be taken now; null: it would.")


class ShopCoupons(BaseModel):
    """Open coupons with that ending, newest first; at most five."""

    items: list[ShopCoupon] = Field(description="Coupons.")


def discount_out(found: Discount) -> ShopDiscount:
    """As the API shows it."""
    return ShopDiscount(
        percent=found.percent, price_minor=found.price_minor, is_allowed=found.why is None, why=found.why
    )


def product_out(found: Good, origins: list[str]) -> ShopProduct:
    """As the API shows it; pictures of elsewhere than `origins` are left out."""
    row = found.row
    url = row.image_url
    shown = url is not None and any(url.lower().startswith(f"{origin}/") for origin in origins)
    return ShopProduct(
        id=row.id, name=row.name, image_url=url if shown else None, price_minor=min(row.prices),
        currency=row.currency, discounts=[discount_out(each) for each in found.discounts],
    )  # fmt: skip


def preview_out(found: Preview) -> ShopPreview:
    """As the API shows it."""
    return ShopPreview(
        product_id=found.good.row.id,
        discount=discount_out(found.discount),
        currency=found.good.row.currency,
        needs_approval=found.is_reviewed,
        stopped_by=found.stop,
        audiences=[
            ShopAudience(
                audience=each.audience, people=each.people, messages_minor=each.messages_minor,
                discounts_minor=each.discounts_minor,
            )
            for each in found.audiences
        ],
    )  # fmt: skip
