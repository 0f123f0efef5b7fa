"""Orders come in, one or thousands at a time: folded with what is known, written, told.

All orders of a call are one transaction and a few statements. Two processes that bring the same order meet at its row:
the second waits and folds its version into what the first has written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from geoengage.commerce import store
from geoengage.commerce.rules import (
    CartRecovered,
    Claim,
    Known,
    OrderCancelled,
    OrderEvent,
    OrderIn,
    OrderLeft,
    OrderPlaced,
    OrderRefunded,
    OrderUpdated,
    Outcome,
    Refund,
    Status,
    first,
    fold,
)
from geoengage.commerce.service.carts import note_orders
from geoengage.kit import events
from geoengage.kit.db import Session
from geoengage.kit.event_base import Event
from geoengage.kit.ids import TenantId, derived_time_id
from geoengage.profiles import service as profiles


@dataclass(frozen=True, slots=True)
class RecordedOrder:
    """What became of an order that came in."""

    id: UUID
    outcome: Outcome


@dataclass(slots=True)
class _Work:
    """One order of a batch: its versions as they arrived, what was known before (None: nothing) and is known now."""

    key: tuple[str, str]
    versions: list[OrderIn]
    before: Known | None = None
    after: Known | None = None
    outcomes: list[Outcome] | None = None

    @property
    def now_known(self) -> Known:
        assert self.after is not None  # noqa: S101 - folded before anybody asks
        return self.after

    def fold(self, tenant_id: TenantId, before: Known | None) -> None:
        """Put all versions on top of what was known before."""
        self.before, rest, outcomes = before, iter(self.versions), []
        known = before
        if known is None:
            order = next(rest)
            known = first(order, derived_time_id(order.ordered_at, tenant_id, *order.key))
            outcomes.append(Outcome.CREATED)
        for order in rest:
            known, outcome = fold(known, order)
            outcomes.append(outcome)
        self.after, self.outcomes = known, outcomes


async def record_order(session: Session, tenant_id: TenantId, order: OrderIn, now: datetime) -> RecordedOrder:
    """Take in one version of an order. Idempotent; what is wrong with it (`rules.check_order`) was looked at before."""
    (recorded,) = await record_orders(session, tenant_id, [order], now)
    return recorded


async def record_orders(
    session: Session, tenant_id: TenantId, orders: Sequence[OrderIn], now: datetime, *, quiet: bool = False
) -> list[RecordedOrder]:
    """Take in versions of orders, several of one order too; returns what became of each, in their order.

    `quiet`: nothing is told in the ledger, for the past that is imported. Locks the orders in the order of their keys
    and, last of all, the ledger's head.
    """
    works: dict[tuple[str, str], _Work] = {}
    for order in orders:
        if (work := works.get(order.key)) is not None:
            work.versions.append(order)
        else:
            works[order.key] = _Work(order.key, [order])
    todo = sorted(works.values(), key=lambda work: work.key)
    await _fold_and_insert(session, tenant_id, todo, now)
    await _write(session, tenant_id, todo, now)
    await _note_customers(session, tenant_id, todo, now)
    recovered = await _empty_carts(session, tenant_id, todo, now)
    if not quiet:
        told: list[Event] = [event for work in todo for event in _events(work)]
        await events.publish(session, tenant_id, [*told, *recovered], now)
    else:
        profiles.tell_changed(session, tenant_id, "orders", now, identifiers=_whose(todo))
    return _results(orders, works)


def _whose(todo: Sequence[_Work]) -> set[UUID]:
    """Whose these orders are, and whose they were."""
    both = (known for work in todo for known in (work.before, work.after) if known is not None)
    return {known.identifier_id for known in both if known.identifier_id is not None}


def _results(orders: Sequence[OrderIn], works: dict[tuple[str, str], _Work]) -> list[RecordedOrder]:
    outcomes = {key: iter(work.outcomes or ()) for key, work in works.items()}
    return [RecordedOrder(works[order.key].now_known.id, next(outcomes[order.key])) for order in orders]


async def _fold_and_insert(session: Session, tenant_id: TenantId, todo: Sequence[_Work], now: datetime) -> None:
    """Fold all; new orders get their row. What somebody else inserted meanwhile is locked and folded again."""
    known = await store.lock_orders(session, tenant_id, [work.key for work in todo])
    for work in todo:
        work.fold(tenant_id, known.get(work.key))
    fresh = [work for work in todo if work.before is None]
    if not fresh:
        return
    rows = [(work.now_known, _content(work)) for work in fresh]
    inserted = await store.insert_orders(session, tenant_id, rows, now)
    lost = [work for work in fresh if work.now_known.id not in inserted]
    if lost:
        theirs = await store.lock_orders(session, tenant_id, [work.key for work in lost])
        for work in lost:
            work.fold(tenant_id, theirs[work.key])


def _content(work: _Work) -> OrderIn:
    content = work.now_known.content
    assert content is not None  # noqa: S101 - an order without a row has its content from a version
    return content


async def _write(session: Session, tenant_id: TenantId, todo: Sequence[_Work], now: datetime) -> None:
    """Everything but new orders' rows: changed rows, lines, refunds, claims."""
    changed = [work for work in todo if work.before is not None and work.now_known.content is not None]
    touched = [work for work in todo if work.before is not None and work.now_known.content is None]
    touched = [work for work in touched if work.now_known != work.before]
    if changed:
        await store.update_orders(session, tenant_id, [(w.now_known, _content(w)) for w in changed], now)
        await store.delete_lines(session, tenant_id, [w.now_known.id for w in changed])
    if touched:
        await store.touch_orders(session, tenant_id, [w.now_known for w in touched], now)
    written = [(w.now_known.id, _content(w)) for w in todo if w.now_known.content is not None]
    await _write_lines(session, tenant_id, [(id_, content) for id_, content in written if content.lines])
    refunds = {w.now_known.id: _new_refunds(w.now_known) for w in todo if w.now_known.new_refunds}
    if refunds:
        await store.upsert_refunds(session, tenant_id, refunds, now)
    await _write_claims(session, tenant_id, todo)


async def _write_lines(session: Session, tenant_id: TenantId, written: Sequence[tuple[UUID, OrderIn]]) -> None:
    if not written:
        return
    lines = [line for _, content in written for line in content.lines]
    items = await store.find_items(
        session,
        tenant_id,
        products={line.product_id for line in lines if line.product_id is not None},
        variants={line.variant_id for line in lines if line.variant_id is not None},
        skus={line.sku for line in lines if line.sku is not None},
    )
    rows = [(id_, content.store_id, content.lines) for id_, content in written]
    await store.insert_lines(session, tenant_id, rows, items)


def _new_refunds(known: Known) -> list[tuple[datetime, Refund]]:
    return [(known.refunds[id_][0], refund) for id_, refund in known.new_refunds.items()]


async def _write_claims(session: Session, tenant_id: TenantId, todo: Sequence[_Work]) -> None:
    """Keep what guests left; where the customer is known, nothing of it."""
    left: dict[UUID, list[Claim]] = {}
    for work in todo:
        if work.now_known.identifier_id is None and not work.now_known.erased:
            claims = [claim for version in work.versions for claim in version.claims]
            if claims:
                left[work.now_known.id] = claims
    if left:
        await store.insert_claims(session, tenant_id, left)
    found = [
        work.now_known.id
        for work in todo
        if work.before is not None and work.before.identifier_id is None and work.now_known.identifier_id is not None
    ]
    if found:
        await store.delete_claims(session, tenant_id, found)


async def _note_customers(session: Session, tenant_id: TenantId, todo: Sequence[_Work], now: datetime) -> None:
    """A store knows who has bought there."""
    pairs = [
        (store_id, identifier_id)
        for work in todo
        if (store_id := work.versions[-1].store_id) is not None
        and (identifier_id := work.now_known.identifier_id) is not None
        and (work.before is None or work.before.identifier_id != identifier_id)
    ]
    if pairs:
        await profiles.note_customer(session, tenant_id, pairs, "order", now)


async def _empty_carts(
    session: Session, tenant_id: TenantId, todo: Sequence[_Work], now: datetime
) -> Sequence[CartRecovered]:
    ordered = [
        (work.now_known.id, work.now_known.identifier_id, order)
        for work in todo
        if work.before is None
        and (order := _content(work)).status is not Status.CANCELLED
        and (work.now_known.identifier_id is not None or order.cart_id is not None)
    ]
    return await note_orders(session, tenant_id, ordered, now) if ordered else ()


def _events(work: _Work) -> Iterable[OrderEvent]:
    """What is told of an order: that it is there or has changed, then that it was cancelled or refunded."""
    before, after, newest = work.before, work.now_known, work.versions[-1]
    if before is not None and after == before:
        return
    order = after.content or newest
    said: dict[str, Any] = {
        "order_id": after.id,
        "source": order.source,
        "external_id": order.external_id,
        "store_id": order.store_id,
        "channel": order.channel.value,
        "status": after.status.value,
        "currency": order.currency,
        "total_minor": after.total_minor,
        "identifier_id": after.identifier_id,
    }
    if before is None:
        yield OrderPlaced(**said, at=order.ordered_at)
    elif after.content is not None or after.identifier_id != before.identifier_id:
        yield OrderUpdated(**said, at=after.version_at)
    if before is not None and before.identifier_id not in (None, after.identifier_id):
        yield OrderLeft(**said | {"identifier_id": before.identifier_id}, at=after.version_at)
    if after.status is Status.CANCELLED and (before is None or before.status is not Status.CANCELLED):
        yield OrderCancelled(**said, at=after.version_at)
    for refund in after.new_refunds.values():
        amounts = {"refund_minor": refund.amount_minor, "refunded_minor": after.refunded_minor}
        yield OrderRefunded(**said | amounts, at=refund.at)
