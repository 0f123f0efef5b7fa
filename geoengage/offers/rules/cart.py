"""What pricing is given and what it answers. Pure.

Quantities are thousandths, amounts minor units of the cart's currency. Prices are what the customer pays, with tax
where the shop's prices contain it: tax is never computed here, as with orders.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from geoengage.commerce.rules import Channel, line_total
from geoengage.metrics.rules import Degree
from geoengage.offers.rules.terms import OfferTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a cart. `key` names it in the cart. `cost_minor`: what a piece costs the shop, where it is known."""

    key: str
    quantity_milli: int
    unit_price_minor: int
    name: str = ""
    product_id: UUID | None = None
    category: str | None = None
    brand: str | None = None
    cost_minor: int | None = None

    @property
    def list_minor(self) -> int:
        """What the line costs without offers."""
        return line_total(self.quantity_milli, self.unit_price_minor)

    @property
    def pieces(self) -> int:
        """Whole pieces; what is weighed or measured is none."""
        return 0 if self.quantity_milli % 1000 else self.quantity_milli // 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """What somebody is about to buy. Keys are unique; quantities are positive, prices not negative."""

    currency: str
    items: tuple[Item, ...]
    channel: Channel = Channel.OTHER
    store_id: UUID | None = None
    delivery_minor: int = 0


class OfferStatus(StrEnum):
    """Where an offer stands. A draft gives nothing yet, a paused one nothing now, an archived one nothing new."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An offer as pricing takes it. `left_minor`, `left_uses`: what is left of its budget here; None: no limit."""

    id: UUID
    name: str
    currency: str
    terms: OfferTerms
    status: OfferStatus = OfferStatus.ACTIVE
    store_id: UUID | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    left_minor: int | None = None
    left_uses: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """The least margin a line may keep, and what margin a product has of which no cost is known. Whole percent.

    None: no floor, or nobody has said.
    """

    floor_percent: int | None = None
    margin_percent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Who buys, and the store's side. `orders` None: nobody knows who it is.

    `used`: offers that this person has had. `codes`: offers by whose coupon somebody has come, with the size that the
    coupon promised (None: the offer's own). `timezone`: the store's.
    """

    timezone: str = "UTC"
    orders: int | None = None
    decline: Degree = Degree.UNKNOWN
    used: frozenset[UUID] = frozenset()
    codes: Mapping[UUID, int | None] = field(default_factory=dict)
    margins: Margins = Margins()


class WhyNot(StrEnum):
    """Why an offer gives nothing in a cart."""

    NOT_ACTIVE = "not_active"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    OTHER_CURRENCY = "other_currency"
    OTHER_STORE = "other_store"
    OTHER_CHANNEL = "other_channel"
    NOT_NOW = "not_now"
    NEEDS_CODE = "needs_code"
    PERSON_UNKNOWN = "person_unknown"
    NOT_FIRST_ORDER = "not_first_order"
    ALREADY_USED = "already_used"
    NO_TIER = "no_tier"
    BELOW_MINIMUM = "below_minimum"
    NOTHING_FOR_IT = "nothing_for_it"
    TOO_FEW = "too_few"
    GIFT_MISSING = "gift_missing"
    NOT_CHEAPER = "not_cheaper"
    NO_DELIVERY = "no_delivery"
    BUDGET_USED_UP = "budget_used_up"
    MARGIN_UNKNOWN = "margin_unknown"
    MARGIN_FLOOR = "margin_floor"
    BEATEN = "beaten"


@dataclass(frozen=True, slots=True)
class Share:
    """What one offer takes off one line."""

    offer_id: UUID
    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedLine:
    """A line with what it costs. `net_minor` = `list_minor` − the shares."""

    key: str
    quantity_milli: int
    list_minor: int
    net_minor: int
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of one offer, in words. `discount_minor`: what it took off; `held_minor`: what the margin floor kept
    it from taking off as well."""

    offer_id: UUID
    name: str
    discount_minor: int
    held_minor: int
    why_not: WhyNot | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A cart with its prices. `total_minor` = subtotal − discount + delivery, as orders have it."""

    currency: str
    lines: tuple[PricedLine, ...]
    subtotal_minor: int
    discount_minor: int
    delivery_minor: int
    total_minor: int
    offers: tuple[Judged, ...]
