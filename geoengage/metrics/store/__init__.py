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
from geoengage.metrics.store.summaries import list_buyers, list_buyers_since, list_wrong, summarise, summarise_all
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
    read_buyers,
    read_sample,
    read_values,
    set_valued_on,
    take_alone,
    wait_alone,
)

__all__ = [
    "Done", "Due", "add_model", "check_all", "claim_due_habits", "delete_habits", "delete_values", "find_rhythm",
    "get_current", "get_known", "get_model", "get_shop", "get_timezone", "list_buyers", "list_buyers_since",
    "list_changed", "list_computed", "list_done", "list_due", "list_models", "list_owners_of", "list_rhythms",
    "list_tenants", "list_wrong", "main_currency", "put_values", "read_buyers", "read_habits", "read_purchases",
    "read_sample", "read_summaries", "read_values", "set_mark", "set_repaired", "set_rhythm", "set_thresholds",
    "set_valued_on", "summarise", "summarise_all", "take_alone", "tenants_with_due_habits", "upsert_habits",
    "wait_alone",
]  # fmt: skip
