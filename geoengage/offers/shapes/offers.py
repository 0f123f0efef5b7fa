"""Shapes of offers."""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from geoengage.commerce.shapes.pieces import Currency, Moment, Text
from geoengage.kit.shapes import Name, Patch, Shape
from geoengage.metrics.rules import Degree
from geoengage.offers.models import OfferBudgetRow, OfferRow
from geoengage.offers.rules import OfferConditions, OfferStatus, OfferTerms, Targets, label_of
from geoengage.offers.rules.terms import MAX_FLOOR, Amount, Benefit, Word
from geoengage.offers.service.offers import Written
from geoengage.offers.store import Limit

_MEMBERS_OF_TERMS = frozenset(OfferTerms.model_fields)


class OfferBudget(Shape):
    """The most that may be spent; null: no limit of that kind."""

    amount_minor: Amount | None = Field(default=None, description="Minor units of the offer's currency.")
    uses: int | None = Field(default=None, ge=1, le=2**31 - 1, description="How often it may be used.")

    @property
    def limit(self) -> Limit | None:
        """None where nothing is limited."""
        return None if self.amount_minor is self.uses is None else Limit(self.amount_minor, self.uses)


class StoreBudget(OfferBudget):
    """What one store may spend on the offer."""

    store_id: UUID = Field(description="Which store.")


class OfferIn(OfferTerms):
    """An offer as somebody writes it."""

    name: Name = Field(description="What you call it; customers do not see it.")
    label: Text | None = Field(
        default=None, description="What customers are told that they get. Null: made from what it gives, `10 % off`."
    )
    store_id: UUID | None = Field(
        default=None, description="The store whose offer it is. Null: the tenant's; a shop names one of its own."
    )
    currency: Currency = Field(description="Of all its amounts; it holds for carts in this currency.")
    status: Literal["draft", "active", "paused"] = Field(
        default="draft", description="`draft` and `paused` give nothing. DELETE archives it."
    )
    funded_by: Literal["tenant", "store"] = Field(
        default="tenant", description="Who bears the discount; a shop's own offers are at its cost."
    )
    valid_from: Moment | None = Field(default=None, description="Not before. Null: at once.")
    valid_to: Moment | None = Field(default=None, description="Not at or after. Null: until it is switched off.")
    budget: OfferBudget | None = Field(default=None, description="What all may spend on it together.")
    store_budgets: list[StoreBudget] = Field(default=[], max_length=200, description="What single stores may spend.")

    def written(self) -> Written:
        """As the service takes it."""
        limits: dict[UUID | None, Limit] = {}
        if self.budget is not None and self.budget.limit is not None:
            limits[None] = self.budget.limit
        for each in self.store_budgets:
            if each.limit is not None:
                limits[each.store_id] = each.limit
        return Written(
            name=self.name,
            label=self.label,
            store_id=self.store_id,
            currency=self.currency,
            status=OfferStatus(self.status),
            funded_by=self.funded_by,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            terms=OfferTerms.model_validate(self.model_dump(include=set(_MEMBERS_OF_TERMS))),
            limits=limits,
        )


class OfferPatch(Patch):
    """Changes of an offer; a member that is sent replaces the old one as a whole."""

    nullable: ClassVar[frozenset[str]] = frozenset(
        {"label", "group", "margin_floor_percent", "max_discount_minor", "valid_from", "valid_to", "budget"}
    )
    name: Name | None = Field(default=None, description="What you call it.")
    label: Text | None = Field(default=None, description="What customers are told; null: made from what it gives.")
    status: Literal["draft", "active", "paused"] | None = Field(default=None, description="Switch it on or off.")
    funded_by: Literal["tenant", "store"] | None = Field(default=None, description="Who bears the discount.")
    valid_from: Moment | None = Field(default=None, description="Not before; null: at once.")
    valid_to: Moment | None = Field(default=None, description="Not at or after; null: until it is switched off.")
    benefit: Benefit | None = Field(default=None, description="What it gives; coupons keep what they promised.")
    targets: Targets | None = Field(default=None, description="On what.")
    conditions: OfferConditions | None = Field(default=None, description="When and for whom.")
    tiers: dict[Degree, int] | None = Field(default=None, description="The size by decline; empty: one for everybody.")
    group: Word | None = Field(default=None, description="Of a group the best one holds; null: it adds to all.")
    margin_floor_percent: int | None = Field(default=None, ge=0, le=MAX_FLOOR, description="Null: the tenant's floor.")
    max_discount_minor: Amount | None = Field(default=None, description="What one use may cost at most; null: no cap.")
    budget: OfferBudget | None = Field(default=None, description="What all may spend; null: no limit.")
    store_budgets: list[StoreBudget] | None = Field(
        default=None, max_length=200, description="What single stores may spend; empty: no limits."
    )


class BudgetOut(BaseModel):
    """A budget and what has become of it."""

    store_id: UUID | None = Field(description="Whose; null: the whole offer's.")
    amount_minor: int | None = Field(description="The most in money; null: no limit.")
    uses: int | None = Field(description="The most uses; null: no limit.")
    held_minor: int = Field(description="Set aside for coupons that people have.")
    held_uses: int = Field(description="Coupons that people have.")
    spent_minor: int = Field(description="Taken off sales, less what came back.")
    spent_uses: int = Field(description="Sales that used it, less those that came back.")


class CouponCounts(BaseModel):
    """How many coupons stand where."""

    reserved: int = Field(default=0, description="Made, their message not yet delivered.")
    committed: int = Field(default=0, description="In people's hands.")
    redeemed: int = Field(default=0, description="Used.")
    released: int = Field(default=0, description="Good for nothing any more: failed, or too old.")


class NamedProduct(BaseModel):
    """A product that an offer names."""

    id: UUID = Field(description="Our id.")
    name: str = Field(description="What it is called.")


class OfferOut(BaseModel):
    """An offer, what has become of its budget, its coupons and its uses."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="What you call it.")
    label: str | None = Field(description="What customers are told, where somebody wrote it.")
    shown_label: str = Field(description="What customers are told that they get.")
    store_id: UUID | None = Field(description="The store whose offer it is; null: the tenant's.")
    currency: str = Field(description="Of all its amounts.")
    status: OfferStatus = Field(description="`active` ones hold.")
    funded_by: Literal["tenant", "store"] = Field(description="Who bears the discount.")
    valid_from: datetime | None = Field(description="Not before.")
    valid_to: datetime | None = Field(description="Not at or after.")
    benefit: Benefit = Field(description="What it gives.")
    targets: Targets = Field(description="On what.")
    conditions: OfferConditions = Field(description="When and for whom.")
    tiers: dict[Degree, int] = Field(description="The size by decline.")
    group: str | None = Field(description="Of a group the best one holds.")
    margin_floor_percent: int | None = Field(description="Its own floor.")
    max_discount_minor: int | None = Field(description="What one use may cost at most.")
    budgets: list[BudgetOut] = Field(description="The whole offer's first, then its stores'.")
    coupons: CouponCounts = Field(description="Its coupons.")
    uses: int = Field(description="How often it was used, also without a code.")
    discount_minor: int = Field(description="What it took off in all, less what came back.")
    products: list[NamedProduct] = Field(description="The products that it names.")
    version: int = Field(description="Rises with every change; the ETag.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it last changed.")


class OfferPage(BaseModel):
    """A page of offers, oldest first."""

    items: list[OfferOut] = Field(description="Offers.")
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


_PLAIN = (
    "id", "name", "label", "store_id", "currency", "status", "funded_by", "valid_from", "valid_to", "version",
    "created_at", "updated_at",
)  # fmt: skip


def offer_json(row: OfferRow) -> dict[str, Any]:
    """The members of `OfferOut` that the row itself holds."""
    terms = OfferTerms.model_validate(row.terms)
    shown = row.label or label_of(terms, row.currency)
    return {name: getattr(row, name) for name in _PLAIN} | terms.model_dump() | {"shown_label": shown}


def as_input(row: OfferRow, budgets: list[OfferBudgetRow]) -> dict[str, Any]:
    """The offer as somebody would send it."""
    given = {name: value for name, value in offer_json(row).items() if name in OfferIn.model_fields}
    own = [budget for budget in budgets if budget.place_id == row.id]
    given["budget"] = {"amount_minor": own[0].limit_minor, "uses": own[0].limit_uses} if own else None
    given["store_budgets"] = [
        {"store_id": each.place_id, "amount_minor": each.limit_minor, "uses": each.limit_uses}
        for each in budgets
        if each.place_id != row.id
    ]
    return given


def budget_json(row: OfferBudgetRow) -> dict[str, Any]:
    """A budget with the members of `BudgetOut`."""
    return {
        "store_id": None if row.place_id == row.offer_id else row.place_id,
        "amount_minor": row.limit_minor,
        "uses": row.limit_uses,
        "held_minor": row.held_minor,
        "held_uses": row.held_uses,
        "spent_minor": row.spent_minor,
        "spent_uses": row.spent_uses,
    }
