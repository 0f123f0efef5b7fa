"""Shapes of products, variants and stock."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, SkipValidation, model_validator

from geoengage.commerce.rules import MAX_VARIANTS, ProductIn, ProductStatus, Variant, normal_category
from geoengage.commerce.shapes.pieces import Currency, Id, Link, Moment, Price, Quantity, Text, quantity
from geoengage.commerce.store.reading import ProductView
from geoengage.kit.shapes import Language, Shape

MAX_PRODUCTS = 1_000
MAX_COUNTS = 5_000


class WordsShape(Shape):
    """Name and description in one language."""

    name: Text | None = Field(default=None, description="What it is called.")
    description: str | None = Field(default=None, max_length=10_000, description="What it is.")


class VariantShape(Shape):
    """One thing that can be bought. Prices are minor units of `currency`."""

    external_id: Id | None = Field(
        default=None, description="Your id of the variant, unique in the product; of a single one, the product's."
    )
    sku: Id | None = Field(default=None, description="Stock keeping unit.")
    barcode: Id | None = Field(default=None, description="GTIN, EAN, UPC: what a till scans.")
    name: Text | None = Field(default=None, description="What it is called, beside the product's name.")
    options: dict[Id, Text] = Field(default={}, max_length=20, description="Size, colour …")
    price_minor: Price | None = Field(default=None, description="What it costs.")
    was_price_minor: Price | None = Field(default=None, description="What it cost before it was reduced.")
    cost_minor: Price | None = Field(default=None, description="What the shop pays for it; shown to keys only.")
    currency: Currency | None = Field(default=None, description="ISO 4217; needed with a price.")
    image_url: Link | None = Field(default=None, description="Its own picture.")


class ProductBody(Shape):
    """A version of a product. (`store_id`, `external_id`) names it: the same again changes nothing."""

    external_id: Id = Field(description="Your id of it.")
    store_id: UUID | None = Field(
        default=None, description="Whose it is; null: of the tenant's catalogue. A key for one store need not say."
    )
    updated_at: Moment | None = Field(
        default=None, description="When this version was made; an older one changes nothing. Left out: now."
    )
    name: Text = Field(description="What it is called.")
    description: str | None = Field(default=None, max_length=10_000, description="What it is.")
    brand: Text | None = Field(default=None, description="Whose product it is.")
    category: Text | None = Field(default=None, description="Path with `>` between the steps, `Toys > Bricks`.")
    url: Link | None = Field(default=None, description="Its page.")
    image_urls: list[Link] = Field(default=[], max_length=50, description="Pictures, the first one first.")
    locales: dict[Language, WordsShape] = Field(
        default={}, max_length=50, description="Name and description in other languages, by language tag."
    )
    status: ProductStatus = Field(default=ProductStatus.ACTIVE, description="Whether it is sold.")
    variants: list[VariantShape] = Field(
        default=[VariantShape()], min_length=1, max_length=MAX_VARIANTS, description="What can be bought of it."
    )

    @model_validator(mode="after")
    def _variants_have_ids(self) -> "ProductBody":
        if len(self.variants) > 1 and any(variant.external_id is None for variant in self.variants):
            raise ValueError("of several variants each needs an external_id")
        return self

    def product(self, store_id: UUID | None, now: datetime) -> ProductIn:
        """As the rules see it."""
        variants = tuple(
            Variant(**variant.model_dump() | {"external_id": variant.external_id or self.external_id})
            for variant in self.variants
        )
        plain = {"external_id", "name", "description", "brand", "url", "status"}
        return ProductIn(
            **self.model_dump(include=plain),
            store_id=store_id,
            updated_at=self.updated_at or now,
            category=normal_category(self.category),
            image_urls=tuple(self.image_urls),
            locales={code: words.model_dump(exclude_none=True) for code, words in self.locales.items()},
            variants=variants,
        )


class ProductsIn(Shape):
    """Many products at once."""

    products: list[SkipValidation[ProductBody]] = Field(
        min_length=1,
        max_length=MAX_PRODUCTS,
        description="Each as POST /v1/products takes it; each is looked at by itself.",
    )


class CountShape(Shape):
    """How much a store has of something."""

    store_id: UUID = Field(description="The store.")
    item: Id = Field(description="Your id of the variant, its sku, or your id of a product with one variant.")
    quantity: Quantity = Field(description="How much there is.")
    at: Moment | None = Field(default=None, description="When it was counted; an older count changes nothing.")


class StockIn(Shape):
    """Counts of stock."""

    counts: list[SkipValidation[CountShape]] = Field(
        min_length=1, max_length=MAX_COUNTS, description="Each is looked at by itself."
    )


class StockOut(BaseModel):
    """What a store has."""

    store_id: UUID = Field(description="The store.")
    quantity: float = Field(description="How much.")
    at: datetime = Field(description="When it was counted.")


class VariantOut(BaseModel):
    """One thing that can be bought."""

    id: UUID = Field(description="Its id here.")
    external_id: str = Field(description="Your id of it.")
    sku: str | None = Field(description="Stock keeping unit.")
    barcode: str | None = Field(description="What a till scans.")
    name: str | None = Field(description="What it is called, beside the product's name.")
    options: dict[str, str] = Field(description="Size, colour …")
    price_minor: int | None = Field(description="What it costs.")
    was_price_minor: int | None = Field(description="What it cost before it was reduced.")
    cost_minor: int | None = Field(description="What the shop pays for it.")
    currency: str | None = Field(description="Of the prices.")
    image_url: str | None = Field(description="Its own picture.")
    stock: list[StockOut] = Field(description="What the stores have that the caller sees.")


class ProductOut(BaseModel):
    """A product."""

    id: UUID = Field(description="Its id here.")
    external_id: str = Field(description="Your id of it.")
    store_id: UUID | None = Field(description="Whose it is; null: of the tenant's catalogue.")
    name: str = Field(description="What it is called.")
    description: str | None = Field(description="What it is.")
    brand: str | None = Field(description="Whose product it is.")
    category: str | None = Field(description="Path of its category.")
    url: str | None = Field(description="Its page.")
    image_urls: list[str] = Field(description="Pictures.")
    locales: dict[str, dict[str, str]] = Field(description="Name and description in other languages.")
    status: ProductStatus = Field(description="Whether it is sold.")
    variants: list[VariantOut] = Field(description="What can be bought of it.")
    source_updated_at: datetime = Field(description="When its newest version was made.")
    version: int = Field(description="Rises with every change; the ETag.")
    created_at: datetime = Field(description="When it came here.")
    updated_at: datetime = Field(description="When it last changed here.")


class ProductRecorded(ProductOut):
    """A product, and what the version that was sent did to it."""

    outcome: str = Field(description="`created`, `updated`, `unchanged`, or `stale`: a newer version is known.")


class ProductPage(BaseModel):
    """A page of products, oldest first."""

    items: list[ProductOut] = Field(description="Products.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


_PLAIN = frozenset(ProductOut.model_fields) - {"variants"}
_VARIANT = frozenset(VariantOut.model_fields) - {"stock"}


def product_json(view: ProductView) -> dict[str, Any]:
    """A product with the members of `ProductOut`."""
    variants = [
        {name: getattr(variant, name) for name in _VARIANT}
        | {
            "stock": [
                {"store_id": store_id, "quantity": quantity(thousandths), "at": at}
                for store_id, thousandths, at in view.stock.get(variant.id, ())
            ]
        }
        for variant in view.variants
    ]
    return {name: getattr(view.row, name) for name in _PLAIN} | {"variants": variants}


def product_out(view: ProductView) -> ProductOut:
    """A product as the API shows it."""
    return ProductOut.model_validate(product_json(view))
