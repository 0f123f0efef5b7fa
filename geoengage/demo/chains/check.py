"""`geoengage demo check` for a chain: what its planner put in, beside what segments and metrics find.

The truth comes from planning the chain again with its seed and day; what is found, from the API as anybody would read
it. That somebody buys half as often shows after months only, and not of everybody (docs/habits.md): how many of those
who slowed are found is told, and few are no fault.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from geoengage.demo.chains import segments
from geoengage.demo.chains.build import CHAINS, MESSY_IN, messy_revenue
from geoengage.demo.chains.plan import Change, Plan
from geoengage.demo.client import Client
from geoengage.demo.findings import NOT_TOLD, Finding

OLD_ENOUGH = timedelta(days=120)  # a change shows within these, or it is too early to say
FALSE_ALARMS = 0.10  # of those who did not change, more are a fault
STOPPED_FOUND = 0.49  # of those who stopped long enough ago, fewer are a fault (DESIGN.md, section 9)
YEAR = timedelta(days=365)
ON_THE_EDGE = 2  # people whose third visit was 365 days ago: of the day for one count, of the minute for the other
FEWEST = 5  # of fewer a share says nothing
HABIT = 4  # purchase days; of fewer nobody says what a habit is
CENT = 0.005


def check(client: Client, slug: str, seed: int, built_on: date, beside: Mapping[date, int]) -> list[Finding]:
    """Every planted effect of a chain. `built_on`: the day, by the chain's clock, as of which it was planned; `beside`:
    revenue by day, minor units, that came in by other ways than its plan."""
    plan: Plan = CHAINS[slug].plan(seed, built_on)
    ids = segments.make(client)
    members = {name: _members(client, ids[name]) for name in (segments.SLOWED, segments.GONE, segments.LOOKERS)}
    changed = _changes(plan, members[segments.SLOWED], members[segments.GONE], built_on)
    return [
        *(changed if plan.truth.changes else ()),
        *([_lookers(plan, members[segments.LOOKERS], built_on)] if plan.truth.window_shoppers else ()),
        *_money(client, plan, built_on, beside),
    ]


def _members(client: Client, segment_id: str) -> set[str]:
    """The external ids of who is in a segment."""
    text = client.text(f"/v1/segments/{segment_id}/members.csv?reason=demo+check")
    return {row["external_id"] for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))}


def _changes(plan: Plan, slowed: set[str], gone: set[str], today: date) -> Iterator[Finding]:
    """Who stopped, who slowed down, and who is told of without having changed."""
    days = Counter(
        who for who, _ in {(o.customer, o.at.astimezone(ZoneInfo(plan.timezone)).date()) for o in plan.orders}
    )
    buys = {who for who, count in days.items() if who and count >= HABIT}
    alarmed = slowed | gone
    for change in (Change.STOPPED, Change.SLOWED):
        those = {
            who
            for who, (kind, day, _) in plan.truth.changes.items()
            if kind is change and today - day >= OLD_ENOUGH and who in buys
        }
        found = len(those & alarmed)
        holds = found >= STOPPED_FOUND * len(those) if change is Change.STOPPED and len(those) >= FEWEST else None
        words = f"{found} of them slower or gone"
        yield Finding(f"{change} at least {OLD_ENOUGH.days} days ago", str(len(those)), words, holds)
    unchanged = buys - plan.truth.changes.keys()
    falsely = len(unchanged & alarmed)
    share = falsely / len(unchanged)
    words = f"{falsely} of {len(unchanged)} ({share:.0%})"
    yield Finding("slower or gone without a change", "0", words, share <= FALSE_ALARMS)


def _lookers(plan: Plan, found: set[str], today: date) -> Finding:
    """Who came three times in the last year and never bought."""
    buyers = {order.customer for order in plan.orders}
    since = today - YEAR
    looks = Counter(one.customer for one in plan.looks if one.at.astimezone(ZoneInfo(plan.timezone)).date() >= since)
    planted = {who for who, count in looks.items() if count >= segments.LOOKS and who not in buyers}
    words = f"{len(found)}, of them {len(found & planted)} planted"
    return Finding("come, look and never buy", str(len(planted)), words, len(planted ^ found) <= ON_THE_EDGE)


def _money(client: Client, plan: Plan, today: date, beside: Mapping[date, int]) -> Iterator[Finding]:
    """Revenue and the average order of the last year and the one before."""
    for name, back in (("the last year", 0), ("the year before", 1)):
        until = today - timedelta(days=1) - back * YEAR
        since = until - YEAR + timedelta(days=1)
        orders = [o for o in plan.orders if since <= o.at.astimezone(ZoneInfo(plan.timezone)).date() <= until]
        mine = [o for o in orders if (o.lines[0].item.currency or plan.currency) == plan.currency]
        revenue = sum(o.total_minor - o.refunded_minor for o in mine)
        for others in (beside, messy_revenue(today) if plan.slug == MESSY_IN else {}):
            revenue += sum(minor for day, minor in others.items() if since <= day <= until)
        if not revenue:
            continue  # it was not there yet
        query = f"from={since}&to={until}&step=month&currency={plan.currency}"
        yield _same(f"revenue of {name}", revenue, client.get(f"/v1/metrics/revenue?{query}"))


def _same(what: str, planted: int, told: dict[str, Any]) -> Finding:
    if told["value"] is None:
        return Finding(what, f"{planted / 100:,.2f}", NOT_TOLD, None)
    found = round(told["value"])
    return Finding(what, f"{planted / 100:,.2f}", f"{found / 100:,.2f}", abs(found - planted) <= max(1, CENT * planted))
