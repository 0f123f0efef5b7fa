"""Offers, as tests of coupons and of pages need them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.offers import store
from geoengage.offers.models import OfferRow
from geoengage.offers.rules import AmountOff, OfferConditions, OfferTerms
from geoengage.offers.store import Limit
from tests.factories import World

FIVE_OFF = AmountOff(amount_minor=500)


async def make_offer(
    session: Session,
    world: World,
    benefit: Any = FIVE_OFF,
    *,
    limits: Mapping[UUID | None, Limit] | None = None,
    conditions: OfferConditions | None = None,
    of_terms: Mapping[str, Any] | None = None,
    **over: Any,
) -> UUID:
    """An active offer of 5 CHF unless it says otherwise. `limits`: by store, the whole offer's under None."""
    terms = OfferTerms(benefit=benefit, conditions=conditions or OfferConditions(), **(of_terms or {}))
    values = {"name": "Five off", "status": "active", "currency": "CHF"} | over
    row = OfferRow(id=new_id(), terms=terms.model_dump(mode="json"), **values)
    await store.insert_offer(session, world.tenant_id, row)
    by_place = {place or row.id: limit for place, limit in (limits or {}).items()}
    await store.set_limits(session, world.tenant_id, row.id, by_place)
    return row.id
