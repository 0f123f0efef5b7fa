"""What stored events mean for orders and carts; a reader of the ledger, apart from the storing.

An order is made anew from all events about it each time one arrives, so that late and repeated ones do no harm. What
an event should have done and could not is listed for the operator (`/v1/event-rejections`, kept).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from geoengage.commerce.rules import CartChange, OrderIn
from geoengage.commerce.service import CartFull, change_cart, read_cart, record_orders
from geoengage.commerce.service.things import Named, find_things
from geoengage.commerce.store import Owner
from geoengage.ingest import store
from geoengage.ingest.rules.baskets import Basket, is_too_late, read_basket
from geoengage.ingest.rules.event_names import CARTS, ORDERS
from geoengage.ingest.rules.purchases import Folded, Said, fold_order, store_of
from geoengage.ingest.rules.segment import Refused
from geoengage.kit.db import Session
from geoengage.kit.events import Recorded
from geoengage.kit.ids import TenantId
from geoengage.profiles import store as people
from geoengage.profiles.models import TrackedEvent
from geoengage.venues.store import list_stores

Note = tuple[TrackedEvent, Refused]


async def on_events_recorded(
    session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime
) -> None:
    """Carts change, and orders of servers' events become orders, which take out of carts what was bought."""
    ids = [UUID(id_) for r in recorded for id_ in r.payload["event_ids"]]
    found = [e for e in await people.list_events_by_id(session, tenant_id, ids) if e.name in ORDERS | CARTS]
    if not found:
        return
    stores = await _names(session, tenant_id)
    notes = await _change_carts(session, tenant_id, [e for e in found if e.name in CARTS], stores)
    events = [event for event in found if event.name in ORDERS]
    notes += [(event, flaw) for event in events if (flaw := _flaw(event)) is not None]
    about: dict[str, list[TrackedEvent]] = defaultdict(list)
    for event in events:
        if event.order_id is not None and not event.is_claim:
            about[event.order_id].append(event)
    orders: list[OrderIn] = []
    if about:
        said = await _what_was_said(session, tenant_id, about)
        for order_id, new in about.items():
            folded = fold_order(order_id, said[order_id], stores)
            notes += _notes(folded, new)
            if folded.order is not None:
                orders.append(folded.order)
    for event, reason in notes:
        listed = [(str(reason), event.type, event.name, event.message_id)]
        await store.insert_rejections(session, tenant_id, event.key_id, listed, is_kept=True, now=now)
    if orders:
        await record_orders(session, tenant_id, orders, now)


async def _change_carts(
    session: Session, tenant_id: TenantId, events: Sequence[TrackedEvent], stores: Mapping[str, UUID]
) -> list[Note]:
    notes: list[Note] = []
    for event in events:
        basket = read_basket(str(event.name), event.properties)
        if isinstance(basket, Refused):
            notes.append((event, basket))
        elif basket is not None:
            try:
                await _change_cart(session, tenant_id, event, basket, store_of(event.properties, stores))
            except CartFull:
                notes.append((event, Refused.CART_FULL))
    return notes


async def _change_cart(
    session: Session, tenant_id: TenantId, event: TrackedEvent, basket: Basket, store_id: UUID | None
) -> None:
    owner = Owner(identifier_id=event.identifier_id)
    before = await read_cart(session, tenant_id, owner, store_id, lock=True)
    if is_too_late(basket, event.at, before.changed_at):
        return
    named = [
        Named(
            quantity_milli=thing.quantity_milli,
            product_id=thing.product_id,
            variant_id=thing.variant_id,
            sku=thing.sku,
            name=thing.name,
            unit_price_minor=thing.unit_price_minor,
            currency=thing.currency,
            image_url=thing.image_url,
        )
        for thing in basket.things
    ]
    things = await find_things(session, tenant_id, named, store_id, event.at)
    changes = [CartChange(thing, basket.how) for thing in things]
    await change_cart(session, tenant_id, owner, changes, event.at, store_id=store_id, only_these=basket.only_these)


def _flaw(event: TrackedEvent) -> Refused | None:
    if event.is_claim:
        return Refused.BROWSER_ORDER
    return Refused.NO_ORDER_ID if event.order_id is None else None


def _notes(folded: Folded, new: Sequence[TrackedEvent]) -> list[Note]:
    """What senders of new events should know. Of older events they were told before."""
    guessed = [(event, Refused.REFUND_AMOUNT_UNKNOWN) for event in new if event.message_id in folded.guessed]
    return guessed if folded.flaw is None else [(new[-1], folded.flaw)]


async def _what_was_said(
    session: Session, tenant_id: TenantId, order_ids: Collection[str]
) -> Mapping[str | None, list[Said]]:
    said: dict[str | None, list[Said]] = defaultdict(list)
    for event in await people.list_order_events(session, tenant_id, order_ids):
        said[event.order_id].append(_said(event))
    return said


def _said(event: TrackedEvent) -> Said:
    return Said(
        name=str(event.name),
        at=event.at,
        message_id=event.message_id,
        identifier_id=event.identifier_id,
        properties=event.properties,
        context=event.context,
    )


async def _names(session: Session, tenant_id: TenantId) -> dict[str, UUID]:
    """Stores by what events may call them: external id, else name where only one store has it."""
    stores = await list_stores(session, tenant_id)
    named: dict[str, UUID] = {}
    for row in stores:
        name = row.name.strip().casefold()
        named[name] = row.id if name not in named else UUID(int=0)
    named = {name: id_ for name, id_ in named.items() if id_.int}
    return named | {row.external_id.strip().casefold(): row.id for row in stores if row.external_id}
