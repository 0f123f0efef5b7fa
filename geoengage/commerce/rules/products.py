"""What a product is when it comes in. Pure."""

import hashlib
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from geoengage.commerce.rules.money import CURRENCIES, MAX_MINOR

MAX_VARIANTS = 200
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
SEPARATOR = " > "  # between the steps of a category's path, as in product feeds
_encoder = msgspec.msgpack.Encoder(order="deterministic")


class ProductStatus(StrEnum):
    """Whether it is sold."""

    ACTIVE = "active"
    ARCHIVED = "archived"


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be bought: a size, a colour, or the product itself. `cost_minor` is what the shop pays."""

    external_id: str
    sku: str | None = None
    barcode: str | None = None
    name: str | None = None
    options: dict[str, str] = msgspec.field(default_factory=dict)
    price_minor: int | None = None
    was_price_minor: int | None = None
    cost_minor: int | None = None
    currency: str | None = None
    image_url: str | None = None


class ProductIn(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a product. (`store_id`, `external_id`) names it; `store_id` None: of the tenant's catalogue.

    `category` is a path, `Toys > Bricks`. `locales`: language → {"name", "description"}. `updated_at` orders versions,
    as with orders.
    """

    external_id: str
    name: str
    updated_at: datetime
    variants: tuple[Variant, ...]
    store_id: UUID | None = None
    description: str | None = None
    brand: str | None = None
    category: str | None = None
    url: str | None = None
    image_urls: tuple[str, ...] = ()
    locales: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    status: ProductStatus = ProductStatus.ACTIVE

    @property
    def key(self) -> tuple[UUID | None, str]:
        """What names the product in its tenant."""
        return self.store_id, self.external_id


class StockIn(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a variant (by external id or sku) a store has, as counted `at`; an older count changes nothing."""

    store_id: UUID
    item: str
    quantity_milli: int
    at: datetime


def check_product(product: ProductIn) -> dict[str, str]:
    """What is wrong with a product, by the path of the member; empty when nothing is."""
    wrong: dict[str, str] = {}
    if not product.variants or len(product.variants) > MAX_VARIANTS:
        wrong["variants"] = f"1 to {MAX_VARIANTS} variants"
    seen: set[str] = set()
    for i, variant in enumerate(product.variants):
        at = f"variants/{i}"
        if variant.external_id in seen:
            wrong[f"{at}/external_id"] = "another variant of this product has it"
        seen.add(variant.external_id)
        prices = (variant.price_minor, variant.was_price_minor, variant.cost_minor)
        if any(price is not None and not 0 <= price <= MAX_MINOR for price in prices):
            wrong[f"{at}/price_minor"] = f"prices lie between 0 and {MAX_MINOR}"
        if any(price is not None for price in prices) and variant.currency not in CURRENCIES:
            wrong[f"{at}/currency"] = "a price needs the ISO 4217 code of its currency, e.g. CHF"
    return wrong


def normal_category(path: str | None) -> str | None:
    """A category's path with the same separator everywhere; `/` is left alone, names contain it."""
    steps = [step.strip() for step in (path or "").split(">")]
    return SEPARATOR.join(step for step in steps if step) or None


def digest_of_product(product: ProductIn) -> bytes:
    """Of a product's content, without its version."""
    bare = msgspec.structs.replace(product, updated_at=_NO_TIME)
    return hashlib.blake2b(_encoder.encode(bare), digest_size=16).digest()
