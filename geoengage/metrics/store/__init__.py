"""SQL of what is worked out about people, one file a subject. Everything is imported from here."""

from geoengage.metrics.store.traits import (
    get_known,
    list_changed,
    list_computed,
    list_owners_of,
    list_tenants,
    set_mark,
)
from geoengage.metrics.store.values import (
    Due,
    add_model,
    delete_values,
    get_current,
    get_model,
    list_due,
    list_models,
    main_currency,
    put_values,
    read_sample,
    read_summaries,
    read_values,
    set_valued_on,
    take_alone,
)

__all__ = [
    "Due",
    "add_model",
    "delete_values",
    "get_current",
    "get_known",
    "get_model",
    "list_changed",
    "list_computed",
    "list_due",
    "list_models",
    "list_owners_of",
    "list_tenants",
    "main_currency",
    "put_values",
    "read_sample",
    "read_summaries",
    "read_values",
    "set_mark",
    "set_valued_on",
    "take_alone",
]
