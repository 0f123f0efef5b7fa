"""SQL of what journeys ask about people: who it was that did something, what they did and bought since they came in.

Reads the tables of events, orders and carts and writes none of them. What test keys have sent does not count.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from geoengage.campaigns.rules import Exits
from geoengage.campaigns.store import RUNNING_SQL, Running, content_of
from geoengage.kit import pgarrays
from geoengage.kit.db import Session, send
from geoengage.kit.ids import TenantId, lowest_id


async def list_of_kinds(session: Session, tenant_id: TenantId, kinds: Collection[str], now: datetime) -> list[Running]:
    """Campaigns in force at `now` whose trigger is of one of these kinds, oldest first."""
    found = await send(
        session,
        f"{RUNNING_SQL} AND c.trigger_kind = ANY(CAST(:kinds AS text[])) ORDER BY c.id",
        {"tenant_id": tenant_id, "now": now, "kinds": pgarrays.texts(sorted(kinds))},
    )
    return [Running(row.id, content_of(row), row.store_name, row.activated_at) for row in found.named()]


@dataclass(frozen=True, slots=True)
class Inside:
    """Somebody in a campaign, and what ends it for them."""

    profile_id: UUID
    campaign_id: UUID
    exits: Exits


async def list_inside(session: Session, tenant_id: TenantId, profile_ids: Collection[UUID]) -> list[Inside]:
    """Which campaigns these people are in."""
    if not profile_ids:
        return []
    found = await send(
        session,
        "SELECT DISTINCT e.profile_id, c.id, c.definition -> 'exits' AS exits FROM journey_entry e"
        " JOIN campaign c ON c.tenant_id = e.tenant_id AND c.id = e.campaign_id"
        " WHERE e.tenant_id = :tenant_id AND e.profile_id = ANY(CAST(:ids AS uuid[])) AND e.ended_at IS NULL",
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(profile_ids)},
    )
    return [Inside(row[0], row[1], msgspec.convert(row[2] or {}, Exits)) for row in found.rows]


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that somebody did. `is_claim`: a browser says so, nothing proves it."""

    id: UUID
    profile_id: UUID
    name: str
    at: datetime
    properties: Mapping[str, Any]
    is_claim: bool


async def list_deeds(
    session: Session, tenant_id: TenantId, event_ids: Collection[UUID], names: Collection[str]
) -> list[Deed]:
    """Those of these events that have one of these names, with whose they are now."""
    if not event_ids or not names:
        return []
    found = await send(
        session,
        "SELECT e.id, i.profile_id, e.name, e.at, e.properties, e.is_claim FROM event e"
        " JOIN identifier i ON i.tenant_id = e.tenant_id AND i.id = e.identifier_id"
        " WHERE e.tenant_id = :tenant_id AND e.id = ANY(CAST(:ids AS uuid[])) AND e.name = ANY(CAST(:names AS text[]))"
        " AND NOT EXISTS (SELECT FROM credential k WHERE k.tenant_id = e.tenant_id AND k.id = e.key_id AND k.is_test)"
        " ORDER BY e.id",
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(event_ids), "names": pgarrays.texts(sorted(names))},
    )
    return [Deed(*row) for row in found.rows]


async def list_doers(session: Session, tenant_id: TenantId, event_ids: Collection[UUID]) -> dict[UUID, frozenset[str]]:
    """Who did these things, of people who are in a campaign: profile → names of what they did."""
    if not event_ids:
        return {}
    found = await send(
        session,
        "SELECT i.profile_id, array_agg(DISTINCT e.name) FROM event e"
        " JOIN identifier i ON i.tenant_id = e.tenant_id AND i.id = e.identifier_id"
        " WHERE e.tenant_id = :tenant_id AND e.id = ANY(CAST(:ids AS uuid[])) AND e.name IS NOT NULL"
        " AND EXISTS (SELECT FROM journey_entry j WHERE j.tenant_id = e.tenant_id AND j.profile_id = i.profile_id"
        " AND j.ended_at IS NULL) GROUP BY 1",
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(event_ids)},
    )
    return {profile_id: frozenset(names) for profile_id, names in found.rows}


async def list_deeds_since(
    session: Session, tenant_id: TenantId, profile_ids: Collection[UUID], names: Collection[str], since: datetime
) -> dict[UUID, list[tuple[datetime, str, Mapping[str, Any]]]]:
    """What these people have done under these names since then, by profile."""
    if not profile_ids or not names:
        return {}
    found = await send(
        session,
        "SELECT i.profile_id, e.at, e.name, e.properties FROM identifier i"
        " JOIN event e ON e.tenant_id = i.tenant_id AND e.identifier_id = i.id"
        " WHERE i.tenant_id = :tenant_id AND i.profile_id = ANY(CAST(:ids AS uuid[]))"
        " AND e.name = ANY(CAST(:names AS text[])) AND e.at >= :since AND e.id >= :oldest"
        " AND NOT EXISTS (SELECT FROM credential k WHERE k.tenant_id = e.tenant_id AND k.id = e.key_id AND k.is_test)",
        {
            "tenant_id": tenant_id,
            "ids": pgarrays.uuids(profile_ids),
            "names": pgarrays.texts(sorted(names)),
            "since": since,
            "oldest": lowest_id(since),
        },
    )
    deeds: dict[UUID, list[tuple[datetime, str, Mapping[str, Any]]]] = defaultdict(list)
    for profile_id, at, name, properties in found.rows:
        deeds[profile_id].append((at, name, properties))
    return deeds


async def list_last_orders(
    session: Session, tenant_id: TenantId, profile_ids: Collection[UUID]
) -> dict[UUID, datetime]:
    """When these people last ordered anything that was not cancelled, by profile."""
    found = await send(
        session,
        "SELECT i.profile_id, max(o.ordered_at) FROM identifier i"
        " JOIN shop_order o ON o.tenant_id = i.tenant_id AND o.identifier_id = i.id AND o.status <> 'cancelled'"
        " AND o.return_of IS NULL WHERE i.tenant_id = :tenant_id AND i.profile_id = ANY(CAST(:ids AS uuid[]))"
        " GROUP BY 1",
        {"tenant_id": tenant_id, "ids": pgarrays.uuids(profile_ids)},
    )
    return dict(found.rows)


async def list_owners(
    session: Session, tenant_id: TenantId, identifier_ids: Collection[UUID], device_ids: Collection[UUID]
) -> dict[UUID, UUID]:
    """Whose these ids and devices are: id → profile. Devices of nobody are left out."""
    found = await send(
        session,
        "SELECT id, profile_id FROM identifier WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"
        " UNION ALL SELECT id, profile_id FROM device WHERE tenant_id = :tenant_id"
        " AND id = ANY(CAST(:devices AS uuid[])) AND profile_id IS NOT NULL",
        {
            "tenant_id": tenant_id,
            "ids": pgarrays.uuids(identifier_ids),
            "devices": pgarrays.uuids(device_ids),
        },
    )
    return dict(found.rows)


async def get_cart_wait_s(session: Session, tenant_id: TenantId) -> int:
    """After how many seconds the tenant calls a cart abandoned."""
    found = await send(
        session, "SELECT cart_abandoned_after_s FROM tenant WHERE id = :tenant_id", {"tenant_id": tenant_id}
    )
    return int(found.rows[0][0])


async def list_known(
    session: Session, tenant_id: TenantId, profile_ids: Collection[UUID], store_ids: frozenset[UUID] | None
) -> set[UUID]:
    """Those of these people who exist and, for a caller with stores, whom one of the stores may know."""
    found = await send(
        session,
        "SELECT p.id FROM profile p WHERE p.tenant_id = :tenant_id AND p.id = ANY(CAST(:ids AS uuid[]))"
        " AND p.merged_into IS NULL AND (CAST(:all AS bool) OR EXISTS (SELECT FROM identifier i JOIN store_profile s"
        " ON s.tenant_id = i.tenant_id AND s.identifier_id = i.id WHERE i.tenant_id = p.tenant_id"
        " AND i.profile_id = p.id AND s.store_id = ANY(CAST(:stores AS uuid[]))))",
        {
            "tenant_id": tenant_id,
            "ids": pgarrays.uuids(profile_ids),
            "all": store_ids is None,
            "stores": pgarrays.uuids(store_ids or ()),
        },
    )
    return {id_ for (id_,) in found.rows}
