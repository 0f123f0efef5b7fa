"""SQL of rights and of retention, one file a subject. Everything is imported from here."""

from geoengage.privacy.store.audit import AuditRow, list_audit
from geoengage.privacy.store.journal import (
    Named,
    insert_journal,
    insert_receipt,
    list_journal,
    list_receipts,
    scan,
)
from geoengage.privacy.store.page import Page, find_page, list_choices
from geoengage.privacy.store.people import (
    Person,
    count_rows,
    erase_rows,
    find_person,
    find_profile_person,
    get_controller,
    lock_device_person,
    lock_person,
    lock_profile_person,
    name_places,
    read_page,
)
from geoengage.privacy.store.retention import (
    delete_aged,
    drop_old_partitions,
    get_days,
    insert_run,
    list_runs,
    list_tenants,
    set_days,
)

__all__ = [
    "AuditRow",
    "Named",
    "Page",
    "Person",
    "count_rows",
    "delete_aged",
    "drop_old_partitions",
    "erase_rows",
    "find_page",
    "find_person",
    "find_profile_person",
    "get_controller",
    "get_days",
    "insert_journal",
    "insert_receipt",
    "insert_run",
    "list_audit",
    "list_choices",
    "list_journal",
    "list_receipts",
    "list_runs",
    "list_tenants",
    "lock_device_person",
    "lock_person",
    "lock_profile_person",
    "name_places",
    "read_page",
    "scan",
    "set_days",
]
