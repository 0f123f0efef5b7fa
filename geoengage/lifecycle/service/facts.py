"""The raw rows of a place, read once for as many metrics as are asked for, and the metrics of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle import store
from geoengage.lifecycle.rules.catalogue import METRICS
from geoengage.lifecycle.rules.purchases import NO_FIGURE, PURCHASE_METRICS, Figure, Purchases, direct_share
from geoengage.lifecycle.rules.spans import DAY, Span
from geoengage.lifecycle.rules.stages import STAGE_METRICS, stage_figures
from geoengage.lifecycle.rules.subscribers import Consents, conversion, reachable, subscribers
from geoengage.lifecycle.rules.told import FEW, is_safe, why_hidden
from geoengage.lifecycle.service.memory import Book, books
from geoengage.lifecycle.service.scopes import Scope, get_place, start_of, today_in
from geoengage.lifecycle.store import Place
from geoengage.metrics import store as metrics
from geoengage.metrics.rules import Shop

_OF_ONE_CURRENCY = frozenset({"revenue", "average_order_value", "ltv", "direct_share"})
_OF_A_PERIOD = frozenset(PURCHASE_METRICS) | {"direct_share"}  # two that differ by a day would tell of that day


@dataclass
class Facts:
    """What was read. `currency`: that of money; `others`: further currencies with their orders, left out of money.

    `today`: the first local day that is not over. `oldest_message`: before that day nobody knows who opened what.
    `kept`: what was noted, day by day, of metrics that cannot be worked out later; `latest`: those now.
    """

    place: Place
    today: date
    currency: str | None = None
    others: Mapping[str, int] = field(default_factory=dict)
    book: Book = field(default_factory=lambda: Book(Purchases.none()))
    direct: Purchases = field(default_factory=Purchases.none)
    consents: Consents = field(default_factory=Consents.none)
    oldest_message: date | None = None
    shop: Shop = field(default_factory=Shop)
    kept: dict[str, Mapping[date, Figure]] = field(default_factory=dict)
    latest: dict[str, Figure] = field(default_factory=dict)
    _people: dict[tuple[str, Span], int] = field(default_factory=dict)

    @property
    def orders(self) -> Purchases:
        """All orders of the place."""
        return self.book.orders

    @property
    def money(self) -> Purchases:
        """Those of the one currency."""
        return self.book.money(self.currency)

    def measure(self, name: str, spans: Sequence[Span], channel: str | None = None) -> list[Figure]:
        """A metric in each span; spans end before `today`. Takes a while: call it beside the event loop."""
        today = self.today.toordinal()
        if name in PURCHASE_METRICS:
            orders = self.money if name in _OF_ONE_CURRENCY else self.orders
            return PURCHASE_METRICS[name](orders, spans, today)
        if name in STAGE_METRICS:
            return stage_figures(name, self.book.stages(self.shop), spans)
        if name == "subscribers":
            return subscribers(self.consents, spans, channel)
        if name == "conversion":
            return conversion(self.orders, self.consents, spans, today)
        if name == "direct_share":
            direct = self.direct.in_currency(self.currency)
            return [self._direct(direct, span) for span in spans]
        return [self._noted(name, span) for span in spans]

    def why_hidden(self, name: str, span: Span, figure: Figure) -> str | None:
        """Why a metric may not be told to whoever is not allowed to see single people; None: it may be."""
        reason = why_hidden(figure)
        if reason is None and name in _OF_A_PERIOD and not is_safe(span, partial(self.people, name), self.today):
            return FEW
        return reason

    def people(self, name: str, span: Span) -> int:
        """How many people a day or more of a metric is about, for what could be worked out by subtracting periods."""
        if (name, span) not in self._people:
            if name == "activation":
                found = self.orders.new_people(span)
            elif name in _OF_ONE_CURRENCY:
                found = self.money.people(span, known=name == "ltv")
            else:
                found = self.orders.people(span, known=True)
            self._people[name, span] = found
        return self._people[name, span]

    def _direct(self, direct: Purchases, span: Span) -> Figure:
        known = self.oldest_message is not None and span.first >= self.oldest_message
        return direct_share(self.money, direct, span) if known else NO_FIGURE

    def _noted(self, name: str, span: Span) -> Figure:
        if span.last >= self.today - DAY:
            return self.latest.get(name, NO_FIGURE)
        return self.kept.get(name, {}).get(span.last, NO_FIGURE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which metrics are asked for, in which spans. `channel`: of reachable people; `currency`: None: the usual one."""

    names: Collection[str]
    spans: Sequence[Span]
    channel: str | None = None
    currency: str | None = None


async def read_facts(session: Session, tenant_id: TenantId, scope: Scope, wanted: Wanted, now: datetime) -> Facts:
    """All that the metrics are worked out from. NotFound for a scope that the caller may not see."""
    place = await get_place(session, tenant_id, scope)
    facts = Facts(place, today_in(place, now))
    until = start_of(facts.today, place)
    needs = frozenset().union(*(METRICS[name].needs for name in wanted.names))
    if needs & {"orders", "values"}:
        facts.book = await books.read(session, tenant_id, place, until)
        found = facts.orders.by_currency
        facts.currency = wanted.currency or next(iter(found), None)
        facts.others = {code: n for code, n in found.items() if code != facts.currency}
    if "direct" in needs and wanted.spans:
        since = start_of(min(span.first for span in wanted.spans), place)
        facts.direct = await store.read_direct(session, tenant_id, place, (since, until))
        facts.oldest_message = await store.find_oldest_message_day(session, tenant_id, place)
    if needs & {"consents", "reach"}:
        facts.consents = await store.read_consents(session, tenant_id, place, now)
    if "stages" in needs:
        facts.shop = await metrics.get_shop(session, tenant_id)
    if "reach" in needs:
        await _note_reach(session, tenant_id, scope, wanted, facts, now)
    if "values" in needs:
        await _note_values(session, tenant_id, scope, wanted, facts)
    return facts


async def _note_reach(
    session: Session, tenant_id: TenantId, scope: Scope, wanted: Wanted, facts: Facts, now: datetime
) -> None:
    reached = await store.read_reached(session, tenant_id, facts.place, now)
    people = len(reachable(facts.consents, reached, facts.today.toordinal(), wanted.channel))
    facts.latest["reachable"] = Figure(float(people), people)
    facts.kept["reachable"] = await _kept(session, tenant_id, scope, "reachable", wanted.channel or "", wanted)


async def _note_values(session: Session, tenant_id: TenantId, scope: Scope, wanted: Wanted, facts: Facts) -> None:
    if facts.currency is None:
        return
    facts.latest["ltv_predicted"] = await store.get_expected(session, tenant_id, facts.place, facts.currency)
    facts.kept["ltv_predicted"] = await _kept(session, tenant_id, scope, "ltv_predicted", facts.currency, wanted)


async def _kept(
    session: Session, tenant_id: TenantId, scope: Scope, name: str, part: str, wanted: Wanted
) -> Mapping[date, Figure]:
    if scope.place_id is None:
        return {}
    days = sorted({span.last for span in wanted.spans})
    return await store.read_days(session, tenant_id, scope.place_id, name, part, days)
