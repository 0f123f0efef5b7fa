"""Whose an order is: people are found or made by what came with it; guests when somebody known has their id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from geoengage.commerce import store
from geoengage.commerce.rules import Claim, OrderIn, OrderUpdated
from geoengage.commerce.rules.people import ids_of
from geoengage.commerce.service.orders import RecordedOrder, record_orders
from geoengage.kit import events
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.profiles import service as profiles
from geoengage.profiles import store as profiles_store
from geoengage.profiles.rules import RANK, Id, Kind, Proof, Together

Given = Mapping[Kind, str]


@dataclass(frozen=True, slots=True)
class Incoming:
    """An order as a caller sends it: `customer` are ids of who ordered, `guest` what somebody unknown may have left."""

    order: OrderIn
    customer: Given
    guest: Given


async def take_orders(
    session: Session, tenant_id: TenantId, incoming: Sequence[Incoming], now: datetime, *, restricted: bool
) -> list[RecordedOrder]:
    """Find or make the customers, then take in the orders; returns what became of each.

    `restricted`: the caller is a store; whom it names is then found by one id and joined with nobody.
    """
    policy = await profiles_store.get_policy(session, tenant_id)

    def ids(given: Given, order: OrderIn) -> tuple[Id, ...]:
        only = order.store_id if restricted else None
        return ids_of(given, only, region=policy.region, blocked=policy.blocked) if given else ()

    orders = [each.order for each in incoming]
    named = {i: found for i, each in enumerate(incoming) if (found := ids(each.customer, each.order))}
    guests = {i: found for i, each in enumerate(incoming) if i not in named and (found := ids(each.guest, each.order))}
    for i, identifier_id in (await _resolve(session, tenant_id, orders, named, now)).items():
        orders[i] = msgspec.structs.replace(orders[i], identifier_id=identifier_id)
    known = await find_people(session, tenant_id, list(guests.values()))
    for (i, left), theirs in zip(guests.items(), known, strict=True):
        if theirs is not None:
            orders[i] = msgspec.structs.replace(orders[i], identifier_id=theirs)
        else:
            claims = tuple(Claim(kind=id_.kind.value, value=id_.value) for id_ in left)
            orders[i] = msgspec.structs.replace(orders[i], claims=claims)
    return await record_orders(session, tenant_id, orders, now)


async def _resolve(
    session: Session, tenant_id: TenantId, orders: Sequence[OrderIn], named: Mapping[int, tuple[Id, ...]], now: datetime
) -> dict[int, UUID]:
    """The ids to which the orders belong; one call for each source, in the order of their names."""
    found: dict[int, UUID] = {}
    for source in sorted({orders[i].source for i in named}):
        those = [i for i in named if orders[i].source == source]
        groups = [Together(named[i], orders[i].ordered_at) for i in those]
        resolved = await profiles.resolve_many(session, tenant_id, groups, proof=Proof.LINK, source=source, now=now)
        found |= {i: each.identifier_id for i, each in zip(those, resolved, strict=True)}
    return found


async def find_people(session: Session, tenant_id: TenantId, groups: Sequence[Sequence[Id]]) -> list[UUID | None]:
    """Of each group the strongest id that somebody is known by; None where nobody is. Makes nobody."""
    wanted = {id_ for group in groups for id_ in group}
    if not wanted:
        return [None] * len(groups)
    known = await profiles_store.find_identifiers(session, tenant_id, sorted(wanted))
    return [
        next((known[id_].id for id_ in sorted(group, key=lambda id_: RANK[id_.kind]) if _is_theirs(known, id_)), None)
        for group in groups
    ]


def _is_theirs(known: Mapping[Id, profiles_store.Known], id_: Id) -> bool:
    return id_ in known and known[id_].is_verified and not known[id_].is_shared


async def attach_guests(session: Session, tenant_id: TenantId, since: UUID | None, now: datetime) -> int:
    """Give guests' orders to people who have become known by an id that was left; returns how many.

    `since`: only ids that were made after that one (None: all). An order with several takes the strongest.
    """
    found = await store.attach_claims(session, tenant_id, since, now)
    if not found:
        return 0
    pairs = [(row.store_id, row.identifier_id) for row in found if row.store_id is not None]
    if pairs:
        await profiles.note_customer(session, tenant_id, pairs, "order", now)
    told = [
        OrderUpdated(
            order_id=row.order_id,
            source=row.source,
            external_id=row.external_id,
            store_id=row.store_id,
            channel=row.channel,
            status=row.status,
            currency=row.currency,
            total_minor=row.total_minor,
            identifier_id=row.identifier_id,
            at=now,
        )
        for row in found
    ]
    await events.publish(session, tenant_id, told, now)
    return len(found)
