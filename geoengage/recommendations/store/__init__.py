"""SQL of recommendations, one file a use. Everything is imported from here."""

from geoengage.recommendations.store.learning import (
    Model,
    claim_due,
    find_model,
    list_known,
    list_selling,
    read_purchases,
    replace_model,
    set_due,
)
from geoengage.recommendations.store.offers import (
    Offer,
    find_store_name,
    list_cart_products,
    list_names,
    list_offers,
    list_others,
    list_popular,
    list_rhythms,
)
from geoengage.recommendations.store.people import Person, find_person, list_bought

__all__ = [
    "Model",
    "Offer",
    "Person",
    "claim_due",
    "find_model",
    "find_person",
    "find_store_name",
    "list_bought",
    "list_cart_products",
    "list_known",
    "list_names",
    "list_offers",
    "list_others",
    "list_popular",
    "list_rhythms",
    "list_selling",
    "read_purchases",
    "replace_model",
    "set_due",
]  # fmt: skip
