"""`geoengage demo check` for revenue after messages: growth year on year, and month on month of the same stores."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from geoengage.demo.chains.plan import Plan
from geoengage.demo.client import Client, Json
from geoengage.demo.findings import NOT_TOLD, Finding
from geoengage.demo.planting.growth import Growth, same_stores
from geoengage.demo.planting.letters import Bought
from geoengage.demo.stories.ledgers import months_of

_SAME = 0.01  # of the growth that the plan's own orders have: refunds and clocks leave cents


def year_on_year(client: Client, plan: Plan, found: Sequence[Bought], built_on: date) -> Finding:
    """The last whole month over the same month a year earlier."""
    month = _last_whole(built_on)
    planted = _grown(months_of(found, plan), month, month.replace(year=month.year - 1))
    return _same(f"revenue after a message, {month:%B} on {month:%B}", planted, _told(client, month, "year_on_year"))


def month_on_month(client: Client, plan: Plan, found: Sequence[Bought], built_on: date) -> Iterator[Finding]:
    """The whole over the month before, new stores included, in the chain's currency; and a month's growth of the stores
    that were there all along, by currency."""
    month, currencies = _last_whole(built_on), {s.external_id: s.currency for s in plan.shops}
    mine = [one for one in found if one.shop is None or currencies[one.shop] == plan.currency]
    planted = _grown(months_of(mine, plan), month, _last_whole(month))
    name = f"growth of all in {plan.currency}, {month:%B} on {_last_whole(month):%B}"
    yield _same(name, planted, _told(client, month, "growth"))
    months = sorted(m for m in months_of(found, plan) if m <= month)
    stores = {s["properties"]["external_id"]: s["id"] for s in client.get("/v1/stores?limit=500")["items"]}
    taken: dict[str, list[list[float]]] = defaultdict(list)
    for shop in plan.shops:
        told = _months(client, stores[shop.external_id])
        taken[shop.currency or plan.currency].append([told[m]["money_minor"] or 0.0 for m in months])
    for currency, growth in plan.truth.growth.items():
        yield _stores(currency, growth, same_stores(taken[currency]))


def _stores(currency: str, planted: float, found: Growth | None) -> Finding:
    if found is None:
        return Finding(f"growth a month, same stores, {currency}", _percent(planted), NOT_TOLD, None)
    words = f"{_percent(found.value)} ({_percent(found.low)} to {_percent(found.high)})"
    name = f"growth a month, same {found.stores} stores, {currency}"
    return Finding(name, _percent(planted), words, found.low <= planted <= found.high)


def _last_whole(day: date) -> date:
    """The first day of the month before."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def _months(client: Client, store_id: str | None) -> dict[date, Json]:
    path = "/v1/direct-revenue" + (f"?store_id={store_id}" if store_id else "")
    return {date.fromisoformat(month["first"]): month for month in client.get(path)["months"]}


def _told(client: Client, month: date, what: str) -> float | None:
    value = _months(client, None).get(month, {}).get(what)
    return None if value is None else float(value)


def _grown(money: Mapping[date, int], month: date, before: date) -> float | None:
    return money[month] / money[before] - 1 if money.get(before) and month in money else None


def _same(what: str, planted: float | None, found: float | None) -> Finding:
    if planted is None or found is None:
        return Finding(what, NOT_TOLD if planted is None else _percent(planted), NOT_TOLD, None)
    return Finding(what, _percent(planted), _percent(found), abs(found - planted) <= _SAME * (1 + planted))


def _percent(share: float) -> str:
    return f"{100 * share:+.1f} %"
