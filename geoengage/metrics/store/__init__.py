"""SQL of what is worked out about people, one file a subject. Everything is imported from here."""

from geoengage.metrics.store.habits import (
    Done,
    check_all,
    claim_due_habits,
    delete_habits,
    find_rhythm,
    get_shop,
    get_timezone,
    list_done,
    list_rhythms,
    read_habits,
    read_purchases,
    read_summaries,
    set_repaired,
    set_rhythm,
    set_thresholds,
    tenants_with_due_habits,
    upsert_habits,
)
from geoengage.metrics.store.summaries import list_buyers, list_buyers_since, list_wrong, summarise
from geoengage.metrics.store.traits import (
    get_known,
    list_changed,
    list_computed,
    list_owners_of,
    list_tenants,
    set_mark,
)

__all__ = [
    "Done", "check_all", "claim_due_habits", "delete_habits", "find_rhythm", "get_known", "get_shop", "get_timezone",
    "list_buyers", "list_buyers_since", "list_changed", "list_computed", "list_done", "list_owners_of",
    "list_rhythms", "list_wrong", "list_tenants", "read_habits", "read_purchases", "read_summaries", "set_mark", "set_repaired",
    "set_rhythm", "set_thresholds", "summarise", "tenants_with_due_habits", "upsert_habits",
]  # fmt: skip
