"""What an offer says: what it gives, on what, to whom, when. Stored as JSON, and what the API takes. Pure.

Amounts are minor units of the offer's one currency, percentages whole numbers. An offer of a group stands against the
others of it: one wins. Without a group it adds to all others.
"""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from geoengage.commerce.rules import MAX_MINOR, Channel
from geoengage.kit.shapes import Shape
from geoengage.metrics.rules import Degree
from geoengage.venues.rules import DAYS, Hours, check_hours

MAX_TARGETS = 200
MAX_FLOOR = 95
MAIN_GROUP = "main"

Percent = Annotated[int, Field(ge=1, le=100)]
Amount = Annotated[int, Field(ge=1, le=MAX_MINOR)]
Times = Annotated[int, Field(ge=1, le=1000)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]


class _Term(Shape):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Among(StrEnum):
    """Which piece is the second one. `any`: pieces in pairs, dearest first, the cheaper of each pair. `same_category`:
    the same within each category. `cheapest`: of all pieces the cheaper half."""

    ANY = "any"
    SAME_CATEGORY = "same_category"
    CHEAPEST = "cheapest"


class PercentOff(_Term):
    """A share off everything it is on."""

    kind: Literal["percent"] = Field(default="percent", description="A share off.")
    percent: Percent = Field(description="How much off, in percent.")


class AmountOff(_Term):
    """An amount off everything it is on, together."""

    kind: Literal["amount"] = Field(default="amount", description="An amount off.")
    amount_minor: Amount = Field(description="How much off, minor units.")


class SecondItem(_Term):
    """Every second piece is cheaper."""

    kind: Literal["second_item"] = Field(default="second_item", description="Every second piece is cheaper.")
    percent: Percent = Field(description="How much off the second piece, in percent.")
    among: Among = Field(default=Among.ANY, description="Which piece is the second one.")
    times: Times | None = Field(default=None, description="So many pairs of a cart at most; null: all.")


class BuyGet(_Term):
    """Of every `buy` + `get` pieces the cheapest `get` cost nothing."""

    kind: Literal["buy_get"] = Field(default="buy_get", description="Buy some, get some free.")
    buy: Annotated[int, Field(ge=1, le=50)] = Field(description="So many are paid.")
    get: Annotated[int, Field(ge=1, le=50)] = Field(description="So many are free.")
    times: Times | None = Field(default=None, description="So often in a cart at most; null: as often as it fits.")


class Gift(_Term):
    """A product costs nothing when it lies in the cart beside what the offer is on."""

    kind: Literal["gift"] = Field(default="gift", description="A product costs nothing.")
    product_id: UUID = Field(description="Which product of the catalogue.")
    quantity: Annotated[int, Field(ge=1, le=10)] = Field(default=1, description="So many pieces of it.")


class FreeDelivery(_Term):
    """Delivery costs nothing."""

    kind: Literal["free_delivery"] = Field(default="free_delivery", description="Delivery costs nothing.")


class Bundle(_Term):
    """One piece of each of these products together for one price."""

    kind: Literal["bundle"] = Field(default="bundle", description="A set for one price.")
    product_ids: tuple[UUID, ...] = Field(min_length=2, max_length=10, description="One of each makes a set.")
    price_minor: Amount = Field(description="What a set costs.")
    times: Times | None = Field(default=None, description="So many sets at most; null: all.")

    @model_validator(mode="after")
    def _once_each(self) -> "Bundle":
        if len(set(self.product_ids)) < len(self.product_ids):
            raise ValueError("a product is in a bundle once")
        return self


class CrossSell(_Term):
    """A product has another price, a piece for each piece of what the offer is on."""

    kind: Literal["cross_sell"] = Field(default="cross_sell", description="Another product is cheaper.")
    product_id: UUID = Field(description="The product that is cheaper.")
    price_minor: Annotated[int, Field(ge=0, le=MAX_MINOR)] = Field(description="What a piece of it costs then.")
    times: Times | None = Field(default=None, description="So many pieces at most; null: all.")


Benefit = Annotated[
    PercentOff | AmountOff | SecondItem | BuyGet | Gift | FreeDelivery | Bundle | CrossSell,
    Field(discriminator="kind"),
]
SIZED = (PercentOff, AmountOff, SecondItem)


class Targets(_Term):
    """What an offer is on: any of these. Nothing named: everything in the cart."""

    product_ids: tuple[UUID, ...] = Field(default=(), max_length=MAX_TARGETS, description="Products of the catalogue.")
    categories: tuple[Word, ...] = Field(
        default=(), max_length=MAX_TARGETS, description="Paths of categories with all below them, `Toys > Trains`."
    )
    brands: tuple[Word, ...] = Field(default=(), max_length=MAX_TARGETS, description="Brands, as products name them.")


class OfferHours(_Term):
    """Local wall clock of the store; an end before the start means the next morning."""

    start: Clock = Field(description="HH:MM.")
    end: Clock = Field(description="HH:MM, excluded; 24:00 is midnight.")

    @model_validator(mode="after")
    def _makes_sense(self) -> "OfferHours":
        if wrong := check_hours(self.start, self.end):
            raise ValueError(wrong)
        return self


class OfferConditions(_Term):
    """When and for whom an offer holds. All of it must."""

    first_order: bool = Field(default=False, description="Only who has bought nothing yet; the person must be known.")
    min_basket_minor: Amount | None = Field(
        default=None, description="What the cart must cost before any offer, a gift of this offer not counted."
    )
    store_ids: tuple[UUID, ...] = Field(default=(), max_length=MAX_TARGETS, description="Only there; empty: anywhere.")
    channels: tuple[Channel, ...] = Field(default=(), max_length=5, description="Only so; empty: any.")
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field(
        default=(), max_length=7, description="Only on these; empty: every day."
    )
    hours: OfferHours | None = Field(default=None, description="Only then; null: all day.")
    once_per_person: bool = Field(default=False, description="Each person once; the person must be known.")
    with_code: bool = Field(default=False, description="Only with a coupon's code.")


class OfferTerms(_Term):
    """Everything that decides what an offer is worth in a cart."""

    benefit: Benefit = Field(description="What it gives.")
    targets: Targets = Field(default=Targets(), description="On what.")
    conditions: OfferConditions = Field(default=OfferConditions(), description="When and for whom.")
    tiers: dict[Degree, int] = Field(
        default={},
        description="The size (percent or minor units, as the kind has it) by how far somebody has fallen behind their"
        " own habit. Who has none of these gets nothing. Empty: the kind's own size for everybody.",
    )
    group: Word | None = Field(
        default=MAIN_GROUP, description="Of the offers of a group the best one holds. Null: it adds to all others."
    )
    margin_floor_percent: Annotated[int, Field(ge=0, le=MAX_FLOOR)] | None = Field(
        default=None, description="No line is sold for less margin than this. Null: the tenant's floor."
    )
    max_discount_minor: Amount | None = Field(default=None, description="What one use may cost at most. Null: no cap.")

    @model_validator(mode="after")
    def _makes_sense(self) -> "OfferTerms":
        if self.tiers and not isinstance(self.benefit, SIZED):
            raise ValueError("only percent, amount and second_item come in tiers")
        most = MAX_MINOR if isinstance(self.benefit, AmountOff) else 100
        if any(not 1 <= size <= most for size in self.tiers.values()):
            raise ValueError(f"a tier's size is between 1 and {most}; leave out who gets nothing")
        if isinstance(self.benefit, CrossSell) and self.targets == Targets():
            raise ValueError("say with which products (targets) the other one is cheaper")
        return self

    @property
    def most_minor(self) -> int | None:
        """What one use costs at most; None: nobody knows."""
        sizes = [self.max_discount_minor] if self.max_discount_minor is not None else []
        if isinstance(self.benefit, AmountOff):
            sizes.append(max(self.tiers.values(), default=self.benefit.amount_minor))
        return min(sizes, default=None)

    def size(self, decline: Degree) -> int | None:
        """The size for somebody; None: nothing for them, or a kind without sizes."""
        return self.tiers.get(decline) if self.tiers else self.benefit_size

    @property
    def benefit_size(self) -> int | None:
        """The kind's own size; None for a kind without sizes."""
        match self.benefit:
            case PercentOff() | SecondItem():
                return self.benefit.percent
            case AmountOff():
                return self.benefit.amount_minor
            case _:
                return None


def open_hours(conditions: OfferConditions) -> tuple[Hours, ...]:
    """Days and hours as spans of local minutes; none at all means always."""
    days, span = frozenset(conditions.days or DAYS), conditions.hours
    if span is not None:
        return (Hours(days, _minutes(span.start), _minutes(span.end)),)
    return (Hours(days, 0, 24 * 60),) if conditions.days else ()


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
