"""SQL of ingest, one file a subject. Everything is imported from here."""

from geoengage.ingest.store.connections import (
    claim_due,
    delete_connection,
    find_connection,
    find_order,
    get_connection,
    get_delivery,
    insert_connection,
    insert_delivery,
    list_connections,
    list_deliveries,
    list_known_only_by,
    list_waiting,
    note_delivery,
    sweep_deliveries,
    update_connection,
)
from geoengage.ingest.store.phones import (
    delete_scanner,
    find_scanner,
    find_told,
    forget_told,
    get_scanner,
    insert_scanner,
    list_scanners,
    put_told,
    update_scanner,
    withdraw_told,
)
from geoengage.ingest.store.rejections import delete_old_rejections, insert_rejections, list_rejections

__all__ = [
    "claim_due", "delete_connection", "delete_old_rejections", "delete_scanner", "find_connection", "find_order",
    "find_scanner", "find_told", "forget_told", "get_connection", "get_delivery", "get_scanner", "insert_connection",
    "insert_delivery", "insert_rejections", "insert_scanner", "list_connections", "list_deliveries",
    "list_known_only_by", "list_rejections", "list_scanners", "list_waiting", "note_delivery", "put_told",
    "sweep_deliveries", "update_connection", "update_scanner", "withdraw_told",
]  # fmt: skip
