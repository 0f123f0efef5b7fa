"""Orders of large places that this process has read, kept while the ledger tells of no change.

A million orders take two seconds to read and to sort, and the console asks for sixteen metrics at once. The ledger is
the truth: each look asks it whether anything happened to an order or to who somebody is since these were read.
"""

from collections import OrderedDict
from datetime import datetime

from geoengage.kit import events
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle import store
from geoengage.lifecycle.rules.purchases import Purchases
from geoengage.lifecycle.rules.stages import StageHistory
from geoengage.lifecycle.store import Place
from geoengage.metrics.rules import Shop

LEAST_ROWS = 20_000  # fewer are read in no time
MOST_ROWS = 2_000_000  # about 100 bytes each, with what is worked out from them


class Book:
    """The orders of a place, and what was worked out from them already."""

    def __init__(self, orders: Purchases) -> None:
        self.orders = orders
        self._money: dict[str | None, Purchases] = {}
        self._stages: tuple[Shop, StageHistory] | None = None

    def money(self, currency: str | None) -> Purchases:
        """The orders of one currency."""
        if currency not in self._money:
            self._money = {currency: self.orders.in_currency(currency)}
        return self._money[currency]

    def stages(self, shop: Shop) -> StageHistory:
        """The stages of customers, measured with a shop's thresholds and season."""
        if self._stages is None or self._stages[0] != shop:
            self._stages = (shop, StageHistory(self.orders.days, shop))
        return self._stages[1]


class Memory:
    """Books by tenant, place and day; the one that was not asked for longest goes first."""

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self._most_rows = most_rows
        self._kept: OrderedDict[tuple[TenantId, Place, datetime], tuple[int, Book]] = OrderedDict()

    async def read(self, session: Session, tenant_id: TenantId, place: Place, until: datetime) -> Book:
        """All orders of a place before a moment. Those of a segment are always read: its people come and go."""
        key = (tenant_id, place, until)
        kept = self._kept.get(key)
        if kept is not None and not await store.has_changed(session, tenant_id, kept[0]):
            self._kept.move_to_end(key)
            return kept[1]
        position = await events.head(session, tenant_id)  # before the rows: what comes meanwhile is seen next time
        book = Book(await store.read_purchases(session, tenant_id, place, until))
        self._kept.pop(key, None)
        if place.segment_id is None and len(book.orders.day) >= LEAST_ROWS:
            self._kept[key] = (position, book)
            self._shrink()
        return book

    def forget(self) -> None:
        """Read everything anew."""
        self._kept.clear()

    def _shrink(self) -> None:
        while len(self._kept) > 1 and sum(len(book.orders.day) for _, book in self._kept.values()) > self._most_rows:
            self._kept.popitem(last=False)


books = Memory()
