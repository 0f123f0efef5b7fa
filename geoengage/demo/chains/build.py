"""Loads a planned chain through the API, as its ERP and its door counters would: files, and events of visits.

Idempotent: what was built is remembered with its seed and stays as it is, however often the demo starts; a build that
broke off goes on, because orders, customers and visits have ids of their own.
"""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

from geoengage.demo.chains import files, market, segments, supermarket, toys
from geoengage.demo.chains.plan import Plan
from geoengage.demo.client import Client, Json
from geoengage.demo.state import State
from geoengage.kit.clock import utc_now

CHAINS: Mapping[str, ModuleType] = {"frischmarkt": supermarket, "lelle": toys, "souqi": market}
NAMES = {"frischmarkt": "Frischmarkt (demo)", "lelle": "Lelle un Lācis (demo)", "souqi": "Souqi (demo)"}
MESSY_IN = "lelle"
MESSY = Path(__file__).resolve().parents[1] / "messy_customer.json"
POLL_S = 0.3
LONGEST_S = 900.0
_OVER = ("done", "failed", "cancelled")
_UNDER_WAY = ("queued", "running")


class BuildError(Exception):
    """A file was not taken as planned; the text is for the person at the terminal."""


def build(base_url: str, state: State, slug: str, seed: int, say: Callable[[str], None]) -> State:
    """Put a chain in, as of today by its clock; what to remember of it."""
    started = time.monotonic()
    today = utc_now().astimezone(ZoneInfo(CHAINS[slug].ZONE)).date()
    plan: Plan = CHAINS[slug].plan(seed, today)
    with (
        closing(Client(base_url, state["secret_key"], timeout_s=120.0)) as client,
        closing(Client(base_url, timeout_s=120.0)) as counters,
    ):
        client.post_file("/v1/imports/stores?mode=commit", files.stores(plan), "text/csv")
        for kind, content in files.tables(plan):
            import_file(client, kind, content, plan.slug)
        count = _tell_visits(counters, state["write_key"], plan)
        segments.make(client)
        if slug == MESSY_IN:
            say(f"  {_enter_messy(client, plan.currency)}")
    say(
        f"  {plan.name}: {len(plan.customers):,} customers, {len(plan.orders):,} orders, {count:,} visits"
        f" in {time.monotonic() - started:.0f} s; planted: {_planted(plan)}"
    )
    return state | {"built_on": today.isoformat(), "seed": str(seed)}


def import_file(client: Client, kind: str, content: str, name: str) -> None:
    """Import a file by the API and wait for its end. `name`: whose it is."""
    name = f"{name}-{kind}.csv"
    row = _running(client, kind, name)
    if row is None:
        row = client.post_file(f"/v1/imports/data?kind={kind}&file_name={name}", content, "text/csv")
        client.post(f"/v1/imports/data/{row['id']}/start")
    deadline = time.monotonic() + LONGEST_S
    while row["status"] not in _OVER:
        if time.monotonic() > deadline:
            raise BuildError(f"{name} is {row['status']} after {LONGEST_S:.0f} s; does the worker run?")
        time.sleep(POLL_S)
        row = client.get(f"/v1/imports/data/{row['id']}")
    if row["status"] != "done" or row["refused"]:
        raise BuildError(f"{name}: {row['status']}, {row['refused']} refused; the console's imports page says why")


def _running(client: Client, kind: str, name: str) -> Json | None:
    """The same file, when a build that was stopped left it to the worker."""
    for row in client.get(f"/v1/imports/data?kind={kind}")["items"]:
        if row["file_name"] == name and row["status"] in _UNDER_WAY:
            return dict(row)
    return None


def _tell_visits(client: Client, write_key: str, plan: Plan) -> int:
    """As the door counters' server does; returns how many."""
    count = 0
    for batch in files.visits(plan):
        client.post("/v1/batch", {"batch": batch, "writeKey": write_key})
        count += len(batch)
    return count


def messy_revenue(today: date) -> dict[date, int]:
    """What the messy customer's records bring, by day: no planner knows of them. Minor units."""
    records = json.loads(MESSY.read_text("utf-8"))["records"]
    return {
        today - timedelta(days=record["days_ago"]): sum(line["total_minor"] for line in record["order"]["lines"])
        for record in records
    }


def _enter_messy(client: Client, currency: str) -> str:
    """The customer whom five systems know under eleven records; says what became of them."""
    messy, now = json.loads(MESSY.read_text("utf-8")), utc_now()
    client.put("/v1/identity-policy", {"region": messy["region"]})
    for record in messy["records"]:
        at = now - timedelta(days=record["days_ago"])
        client.post("/v1/orders", record["order"] | {"ordered_at": at.isoformat(), "currency": currency})
    return f"{len(messy['records'])} records of a messy customer: look for mia.keller on the page People, and see why"


def _planted(plan: Plan) -> str:
    changes = [kind for kind, _, _ in plan.truth.changes.values()]
    counts = {kind.value: changes.count(kind) for kind in dict.fromkeys(changes)}
    told = [f"{n} {word}" for word, n in counts.items()]
    told += [f"{len(plan.truth.window_shoppers)} who only look"] if plan.truth.window_shoppers else []
    told += [f"{growth:+.0%} a month in {currency}" for currency, growth in plan.truth.growth.items()]
    return ", ".join(told)
