"""SQL of marketing consents as packed columns. What follows from them is decided in `rules/subscribers.py`."""

from datetime import datetime
from typing import Any

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle.rules.purchases import Ints
from geoengage.lifecycle.rules.subscribers import CHANNELS, STATES, TENANT, Consents, consents_of
from geoengage.lifecycle.store.packed import LOCAL_DAY, Place, read_packed

_MICROS = "(date_part('epoch', {0}) * 1000000)"
_DECISIONS = {
    "person": ("int8", "uuid_hash_extended(i.profile_id, 0)"),
    "channel": ("int2", "array_position(CAST(:channels AS text[]), c.channel) - 1"),
    "sender": ("int8", f"coalesce(uuid_hash_extended(c.store_id, 0), {TENANT})"),
    "state": ("int2", "array_position(CAST(:states AS text[]), c.state) - 1"),
    "at": ("int8", _MICROS.format("c.at")),
    "day": ("int4", LOCAL_DAY.format("c.at")),
    "stopped_at": ("int8", f"coalesce({_MICROS.format('h.stopped_at')}, 0)"),
    "stopped_day": ("int4", f"coalesce({LOCAL_DAY.format('h.stopped_at')}, 0)"),
}
_DEVICES = {
    "person": ("int8", "uuid_hash_extended(coalesce(d.profile_id, d.id), 0)"),
    "channel": ("int2", "(d.platform = 'web')::int"),
    "device": ("int8", "uuid_hash_extended(d.id, 0)"),
    "granted": ("int2", "(e.status = 'granted')::int"),
    "at": ("int8", _MICROS.format("e.at")),
    "day": ("int4", LOCAL_DAY.format("e.at")),
}
_STOPS = (
    "(SELECT w.profile_id, max(x.stopped_at) AS stopped_at FROM consent_hold x JOIN identifier w"
    " ON w.tenant_id = x.tenant_id AND w.id = x.identifier_id WHERE x.tenant_id = :tenant_id GROUP BY w.profile_id)"
)


async def read_consents(session: Session, tenant_id: TenantId, place: Place, until: datetime) -> Consents:
    """Who agreed to marketing when, up to a moment. People whom nobody may contact are left out, and test devices."""
    parameters: dict[str, Any] = place.parameters | {"until": until, "channels": list(CHANNELS), "states": list(STATES)}
    stores = "" if place.store_ids is None else " AND (c.store_id IS NULL OR c.store_id = ANY(CAST(:stores AS uuid[])))"
    decisions = (
        "FROM consent_history c JOIN identifier i ON i.tenant_id = c.tenant_id AND i.id = c.identifier_id"
        " JOIN profile p ON p.tenant_id = i.tenant_id AND p.id = i.profile_id AND p.suppressed_at IS NULL"
        f" LEFT JOIN {_STOPS} h ON h.profile_id = i.profile_id"
        " WHERE c.tenant_id = :tenant_id AND c.purpose = 'marketing' AND c.at < :until"
        f"{stores}{place.knows('i.profile_id')}"
    )
    devices = (
        "FROM consent_entry e JOIN device d ON d.tenant_id = e.tenant_id AND d.id = e.device_id AND NOT d.is_test"
        " JOIN app a ON a.tenant_id = d.tenant_id AND a.id = d.app_id"
        " LEFT JOIN profile p ON p.tenant_id = d.tenant_id AND p.id = d.profile_id"
        " WHERE e.tenant_id = :tenant_id AND e.kind = 'marketing_push' AND e.at < :until AND p.suppressed_at IS NULL"
        f" AND {place.has_device}"
    )
    return consents_of(
        await read_packed(session, tenant_id, _DECISIONS, decisions, parameters),
        await read_packed(session, tenant_id, _DEVICES, devices, parameters),
        None if place.store_ids is None else len(place.store_ids),
    )


async def read_known(session: Session, tenant_id: TenantId, place: Place) -> Ints:
    """The people who are known and whom one may contact at all, by their 64-bit names."""
    source = (
        "FROM profile p WHERE p.tenant_id = :tenant_id AND p.merged_into IS NULL AND p.suppressed_at IS NULL"
        f"{place.knows('p.id')}"
    )
    columns = {"person": ("int8", "uuid_hash_extended(p.id, 0)")}
    return (await read_packed(session, tenant_id, columns, source, place.parameters))["person"]
