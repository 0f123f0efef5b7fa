"""SQL of recommendations, one file a use. Everything is imported from here."""

from geoengage.recommendations.store.learning import (
    Model,
    claim_due,
    find_model,
    list_known,
    read_purchases,
    replace_model,
    set_due,
)
from geoengage.recommendations.store.offers import (
    Learnt,
    Offer,
    find_store_name,
    list_cart_products,
    list_names,
    list_offers,
    list_patterns,
    list_popular,
)
from geoengage.recommendations.store.people import Person, get_people, list_bought

__all__ = [
    "Learnt",
    "Model",
    "Offer",
    "Person",
    "claim_due",
    "find_model",
    "find_store_name",
    "get_people",
    "list_bought",
    "list_cart_products",
    "list_known",
    "list_names",
    "list_offers",
    "list_patterns",
    "list_popular",
    "read_purchases",
    "replace_model",
    "set_due",
]  # fmt: skip
