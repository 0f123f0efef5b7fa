"""The first screen: each metric in one sentence, what its change is worth, and what can be done about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.lifecycle.models.alerts import Alert
from geoengage.lifecycle.rules.alerts import AlertStatus
from geoengage.lifecycle.rules.catalogue import METRICS, Kind
from geoengage.lifecycle.rules.money import Change, Trade, worth_minor
from geoengage.lifecycle.rules.purchases import NO_FIGURE, Figure
from geoengage.lifecycle.rules.sentences import Tone, money_sentence, relative, sentence, tone
from geoengage.lifecycle.rules.spans import DAY, Span
from geoengage.lifecycle.rules.watched import WATCHED
from geoengage.lifecycle.service.facts import Wanted
from geoengage.lifecycle.service.scopes import Scope, get_place, today_in
from geoengage.lifecycle.service.series import Series, series_of_many
from geoengage.lifecycle.service.trading import trade_of, trade_spans
from geoengage.lifecycle.store import alerts as store

DAYS = 28
WEEKS_AGO = {name: -(-watched.late_days // 7) * 7 for name, watched in WATCHED.items()}  # whole weeks, so days fit


@dataclass(frozen=True, slots=True)
class Line:
    """A metric on the first screen. `period`, `earlier`: the days of `now` and `before`; values None: see `hidden`."""

    name: str
    period: Span
    earlier: Span
    now: Figure
    before: Figure
    hidden: str | None
    tone: Tone
    text: str
    money_minor: int | None
    money_text: str | None
    alert: Alert | None

    @property
    def change(self) -> float | None:
        """Relative to before."""
        return relative(self.now.value, self.before.value)

    @property
    def playbook(self) -> str | None:
        """What repairs it, if it is to be repaired."""
        is_bad = self.tone is Tone.BAD or (self.alert is not None and not self.alert.is_good)
        return WATCHED[self.name].playbook if is_bad else None


@dataclass(frozen=True, slots=True)
class Overview:
    """The first screen of a place. `currency` None: nothing was ordered yet. `has_people`: somebody has subscribed."""

    timezone: str
    through: date
    currency: str | None
    has_people: bool
    lines: Sequence[Line]


async def read_overview(session: Session, tenant_id: TenantId, scope: Scope, now: datetime, *, exact: bool) -> Overview:
    """`exact`: people are simulated, so that every figure may be told, of any days.

    Else what is counted over days ends with the last whole week: single days of a small shop are nobody's business.
    """
    place = await get_place(session, tenant_id, scope)
    through = today_in(place, now) - DAY
    last = through if exact else through - timedelta(days=(through.weekday() + 1) % 7)
    periods = {name: _period(name, through, last) for name in METRICS}
    spans = {each for pair in periods.values() for each in pair} | set(trade_spans(through))
    found = await series_of_many(session, tenant_id, scope, Wanted(tuple(WATCHED), sorted(spans)), now)
    trade = trade_of(found, through)
    alerts = await _alerts(session, tenant_id, scope, now)
    lines = [_line(name, found[name], periods[name], trade, alerts.get(name), exact=exact) for name in WATCHED]
    return Overview(place.timezone, through, trade.currency, trade.subscribers > 0, lines)


def _period(name: str, through: date, last: date) -> tuple[Span, Span]:
    """The newest days that are known of a metric, and as many before."""
    end = through if METRICS[name].kind is Kind.AT_END else last - WEEKS_AGO[name] * DAY
    return Span(end - (DAYS - 1) * DAY, end), Span(end - (2 * DAYS - 1) * DAY, end - DAYS * DAY)


async def _alerts(session: Session, tenant_id: TenantId, scope: Scope, now: datetime) -> dict[str, Alert]:
    """Open alerts by metric, the newest of each; they are of the whole tenant."""
    if scope != Scope():
        return {}
    rows = await store.list_alerts(session, tenant_id, store.Wanted(AlertStatus.OPEN), now)
    return {row.metric: row for row in reversed(rows)}


def _line(
    name: str, series: Series, periods: tuple[Span, Span], trade: Trade, alert: Alert | None, *, exact: bool
) -> Line:
    points = {point.span: point for point in series.points}
    told = [points.get(span) for span in periods]
    hidden = told[0].hidden if told[0] is not None and not exact else None
    now, before = (NO_FIGURE if p is None or (p.hidden and not exact) else p.figure for p in told)
    money = None
    if now.value is not None and before.value is not None:
        money = worth_minor(name, Change(now.value, before.value, now.people, DAYS), trade)
    how = tone(name, now.value, before.value)
    said = how in (Tone.GOOD, Tone.BAD)
    return Line(
        name=name,
        period=periods[0],
        earlier=periods[1],
        now=now,
        before=before,
        hidden=hidden,
        tone=how,
        text=_text(name, now, before, hidden, trade.currency),
        money_minor=money if said else None,
        money_text=money_sentence(money, trade.currency) if said else None,
        alert=alert,
    )


def _text(name: str, now: Figure, before: Figure, hidden: str | None, currency: str | None) -> str:
    if now.value is not None:
        return sentence(name, now.value, before.value, days=DAYS, currency=currency)
    label = METRICS[name].label
    return f"{label}: not told, {hidden}." if hidden else f"{label}: nothing to tell yet."
