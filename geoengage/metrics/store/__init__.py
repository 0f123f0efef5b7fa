"""SQL of what is worked out about people, one file a subject. Everything is imported from here."""

from geoengage.metrics.store.traits import (
    get_known,
    list_changed,
    list_computed,
    list_owners_of,
    list_tenants,
    set_mark,
)

__all__ = ["get_known", "list_changed", "list_computed", "list_owners_of", "list_tenants", "set_mark"]
