"""Things that were read from a file become rows: by the bulk calls of the domains that own them, a chunk at a time."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from geoengage.commerce.rules import Outcome, ProductIn, StockIn
from geoengage.commerce.service import RecordedOrder, record_orders, set_stock, upsert_products
from geoengage.ingest.files import store
from geoengage.ingest.files.rules.kinds import FileKind
from geoengage.ingest.files.rules.orders import Sale
from geoengage.ingest.files.rules.people import Customer, Stated, Who
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.profiles import service as profiles
from geoengage.profiles import store as profile_store
from geoengage.profiles.rules import ADDRESS_KIND, Decision, Id, Proof, Together, check_decision

SOURCE = "csv"
NEWS = timedelta(days=2)
ADDED, UPDATED, UNCHANGED = "added", "updated", "unchanged"
_FATES = {
    Outcome.CREATED: ADDED,
    Outcome.UPDATED: UPDATED,
    Outcome.UNCHANGED: UNCHANGED,
    Outcome.STALE: UNCHANGED,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A thing that was read and could not be stored."""

    field: str
    reason: str


Fate = str | Refusal  # ADDED, UPDATED, UNCHANGED
Storing = Callable[[Session, TenantId, Sequence[Any], "How"], Coroutine[Any, Any, list[Fate]]]


@dataclass(frozen=True, slots=True)
class How:
    """`may_join`: several ids of a row say that they are one person; a shop's own file may not join people."""

    now: datetime
    may_join: bool = True


async def store_things(
    session: Session, tenant_id: TenantId, kind: FileKind, things: Sequence[Any], how: How
) -> list[Fate]:
    """Store what was read; tells what became of each, in their order. Idempotent."""
    return await _STORING[kind](session, tenant_id, things, how) if things else []


async def _resolve(
    session: Session, tenant_id: TenantId, people: Sequence[tuple[Who, datetime]], how: How
) -> list[profiles.Resolved]:
    groups = [Together(who if how.may_join else who[:1], at) for who, at in people]
    return await profiles.resolve_many(
        session, tenant_id, groups, proof=Proof.LINK, source=SOURCE, now=how.now, quiet=True
    )


async def _customers(session: Session, tenant_id: TenantId, customers: Sequence[Customer], how: How) -> list[Fate]:
    every = sorted({id_ for customer in customers for id_ in customer.who})
    known = await profile_store.find_identifiers(session, tenant_id, every)
    found = await _resolve(session, tenant_id, [(c.who, c.at) for c in customers], how)
    said = await store.traits_of(session, tenant_id, [r.identifier_id for r in found], SOURCE)
    stated, fates = [], list[Fate]()
    for customer, resolved in zip(customers, found, strict=True):
        news = {
            n: v for n, v in customer.traits.items() if not _is_said(said, resolved.identifier_id, n, v, customer.at)
        }
        if news:
            stated.append((resolved.identifier_id, news, customer.at))
        has_more = bool(news) or any(id_ not in known for id_ in customer.who)
        fates.append(ADDED if resolved.is_new else UPDATED if has_more else UNCHANGED)
    await profiles.set_traits_many(session, tenant_id, stated, source=SOURCE, proof=Proof.LINK, now=how.now)
    pairs = [(c.store_id, r.identifier_id) for c, r in zip(customers, found, strict=True) if c.store_id is not None]
    await profiles.note_customer(session, tenant_id, pairs, "import", how.now)
    await _note_addresses(session, tenant_id, every, how)
    return fates


async def _note_addresses(session: Session, tenant_id: TenantId, ids: Sequence[Id], how: How) -> None:
    """Imported addresses are known and, without proof, nothing is sent there."""
    known = await profile_store.find_identifiers(session, tenant_id, ids)
    addresses = [
        (found.id, channel, False)
        for id_, found in known.items()
        for channel, kind in ADDRESS_KIND.items()
        if id_.kind == kind
    ]
    await profiles.note_addresses(session, tenant_id, addresses, source=SOURCE, now=how.now)


def _is_said(said: store.Said, identifier_id: UUID, name: str, value: Any, at: datetime) -> bool:
    """Whether a file has said the same already, then or later."""
    before = said.get((identifier_id, name))
    return before is not None and before.value == value and before.at >= at


async def _consents(session: Session, tenant_id: TenantId, consents: Sequence[Stated], how: How) -> list[Fate]:
    found = await _resolve(session, tenant_id, [(s.who, s.at) for s in consents], how)
    decisions = [
        Decision(
            identifier_id=resolved.identifier_id, channel=s.channel, purpose=s.purpose, store_id=s.store_id,
            state=s.state, text_version=s.text_version, source=f"{SOURCE}:{s.source}", at=s.at,
        )
        for s, resolved in zip(consents, found, strict=True)
    ]  # fmt: skip
    for decision in decisions:
        check_decision(decision, how.now)
    in_force = set(await profiles.state_consents_many(session, tenant_id, decisions, how.now))
    pairs = [(d.store_id, d.identifier_id) for d in decisions if d.store_id is not None]
    await profiles.note_customer(session, tenant_id, pairs, "consent", how.now)
    return [ADDED if decision in in_force else UNCHANGED for decision in decisions]


async def _products(session: Session, tenant_id: TenantId, products: Sequence[ProductIn], how: How) -> list[Fate]:
    recorded = await upsert_products(session, tenant_id, products, how.now)
    return [_FATES[each.outcome] for each in recorded]


async def _stock(session: Session, tenant_id: TenantId, counts: Sequence[StockIn], how: How) -> list[Fate]:
    stores, items = {count.store_id for count in counts}, {count.item for count in counts}
    before = await store.counts_of(session, tenant_id, sorted(stores), sorted(items))
    outcomes = await set_stock(session, tenant_id, counts)
    return [
        _stock_fate(outcome, before.get((c.store_id, c.item), set()), c)
        for outcome, c in zip(outcomes, counts, strict=True)
    ]


def _stock_fate(outcome: Outcome | None, before: set[int], count: StockIn) -> Fate:
    if outcome is None:
        return Refusal("sku", "there is no such product or variant; import products first")
    if outcome is Outcome.UPDATED and count.quantity_milli not in before:
        return UPDATED if before else ADDED
    return UNCHANGED


async def _orders(session: Session, tenant_id: TenantId, sales: Sequence[Sale], how: How) -> list[Fate]:
    named = [sale for sale in sales if sale.who]
    found = await _resolve(session, tenant_id, [(s.who, s.order.ordered_at) for s in named], how)
    whose = {id(sale): resolved.identifier_id for sale, resolved in zip(named, found, strict=True)}
    orders = [msgspec.structs.replace(sale.order, identifier_id=whose.get(id(sale))) for sale in sales]
    # Last night's orders are news; those of the years before would set off whatever waits for an order.
    is_news = [order.ordered_at > how.now - NEWS for order in orders]
    recorded: dict[tuple[str, str], RecordedOrder] = {}
    for quiet in (True, False):
        some = [order for order, news in zip(orders, is_news, strict=True) if news is not quiet]
        done = await record_orders(session, tenant_id, some, how.now, quiet=quiet) if some else []
        recorded |= {order.key: each for order, each in zip(some, done, strict=True)}
    return [_FATES[recorded[order.key].outcome] for order in orders]


_STORING: dict[FileKind, Storing] = {
    FileKind.CUSTOMERS: _customers,
    FileKind.CONSENTS: _consents,
    FileKind.PRODUCTS: _products,
    FileKind.STOCK: _stock,
    FileKind.ORDERS: _orders,
}
