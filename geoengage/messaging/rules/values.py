"""What a text may call things by: person, store, place, offer, products. Pure.

Whoever renders fills in what it knows; the rest is empty, and in strict mode a text that shows an empty one is refused.
Offers and recommendations live above messaging and come as values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from geoengage.messaging.rules.text import NOTHING_RECOMMENDED, Recommended


class Traits(dict[str, Any]):
    """A trait that a person does not have, or a category of which they bought nothing, is empty, not unknown: who has
    which is nobody's mistake."""

    def __missing__(self, name: str) -> None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopping:
    """Where and what somebody buys, to be given only with their consent to personalisation.

    `bought`: by category in lower case (`toys`, `toys > puzzles`) the last part of the one within it that they bought
    last (`Puzzles`). `usual_store`: where they go most. `nearest_store`: to their home, `nearest_store_m` metres away.
    """

    bought: Mapping[str, str] = field(default_factory=dict)
    usual_store: str | None = None
    nearest_store: str | None = None
    nearest_store_m: int | None = None


NO_SHOPPING = Shopping()


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """`profile`: the person's traits, to be given only with their consent to personalisation, as `first_name` is."""

    first_name: str | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)
    store: str | None = None
    zone: str | None = None
    mall: str | None = None
    campaign: str | None = None
    shopping: Shopping = NO_SHOPPING
    offer_code: str | None = None
    offer_label: str | None = None
    recommended: Recommended = field(default_factory=lambda: NOTHING_RECOMMENDED)

    def as_variables(self) -> dict[str, Any]:
        """Nested as texts name them; all of `VARIABLES` are there."""
        shopping = self.shopping
        return {
            "first_name": self.first_name,
            "profile": Traits(self.profile),
            "store": {"name": self.store or ""},
            "zone": {"name": self.zone or ""},
            "mall": {"name": self.mall or ""},
            "campaign": {"name": self.campaign or ""},
            "bought": Traits(shopping.bought),
            "usual_store": {"name": shopping.usual_store},
            "nearest_store": {"name": shopping.nearest_store, "distance_m": shopping.nearest_store_m},
            "offer": {"code": self.offer_code, "label": self.offer_label},
            "recommendations": self.recommended,
        }
