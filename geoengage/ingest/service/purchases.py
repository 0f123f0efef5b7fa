"""What stored events mean for orders and carts; a reader of the ledger, apart from the storing.

An order is made anew from all events about it each time one arrives, so that late and repeated ones do no harm. What
an event should have done and could not is listed for the operator (`/v1/event-rejections`, kept).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from geoengage.commerce.rules import OrderIn, check_order
from geoengage.commerce.service import record_orders
from geoengage.ingest import store
from geoengage.ingest.rules.event_names import ORDERS
from geoengage.ingest.rules.purchases import Said, fold_order
from geoengage.ingest.rules.segment import Refused
from geoengage.kit.db import Session
from geoengage.kit.events import Recorded
from geoengage.kit.ids import TenantId
from geoengage.profiles import store as people
from geoengage.profiles.models import TrackedEvent
from geoengage.venues.store import list_stores


async def on_events_recorded(session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime) -> None:
    """Orders of servers' events become orders."""
    ids = [UUID(id_) for r in recorded for id_ in r.payload["event_ids"]]
    events = [event for event in await people.list_events_by_id(session, tenant_id, ids) if event.name in ORDERS]
    if not events:
        return
    notes = [(event, flaw) for event in events if (flaw := _flaw(event)) is not None]
    sound = {event.order_id: event for event in events if _flaw(event) is None}
    orders, more = await _fold(session, tenant_id, sound, await _names(session, tenant_id))
    for event, reason in [*notes, *more]:
        listed = [(str(reason), event.type, event.name, event.message_id)]
        await store.insert_rejections(session, tenant_id, event.key_id, listed, is_kept=True, now=now)
    if orders:
        await record_orders(session, tenant_id, orders, now)


def _flaw(event: TrackedEvent) -> Refused | None:
    if event.is_claim:
        return Refused.BROWSER_ORDER
    return Refused.NO_ORDER_ID if event.order_id is None else None


async def _fold(
    session: Session, tenant_id: TenantId, newest: Mapping[str | None, TrackedEvent], stores: Mapping[str, UUID]
) -> tuple[list[OrderIn], list[tuple[TrackedEvent, Refused]]]:
    """The orders of these ids, and what the senders of the newest events should know."""
    said: dict[str | None, list[Said]] = defaultdict(list)
    for event in await people.list_order_events(session, tenant_id, [id_ for id_ in newest if id_ is not None]):
        said[event.order_id].append(_said(event))
    orders, notes = [], []
    for order_id, event in newest.items():
        folded = fold_order(str(order_id), said[order_id], stores)
        notes += [(event, note) for note in folded.notes]
        if folded.order is not None and check_order(folded.order):
            notes.append((event, Refused.BAD_AMOUNT))
        elif folded.order is not None:
            orders.append(folded.order)
    return orders, notes


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
