"""`python -m tests.bench.marketplace`: how long it takes to set up 500 stores from one CSV, and to send it again.

First into a tenant that has nobody, then into another that has 20,000 people for each of 500 stores: profiles, their
ids, what they bought. That the second takes no longer is what is shown. Without HTTP between (a request is one call of
`put_stores` and the reading of the file); the cores are shared with the database and whoever else is there.
"""

import argparse
import csv
import io
import tempfile
import time
from collections import Counter
from pathlib import Path

import psycopg
import uvloop
from rich.console import Console
from sqlalchemy import text

from geoengage.kit.clock import utc_now
from geoengage.kit.cluster import Cluster
from geoengage.kit.db import Sessions, make_engine, make_sessions
from geoengage.kit.ids import TenantId
from geoengage.kit.migrate import upgrade
from geoengage.marketplace.api import LANES
from geoengage.marketplace.rules import MOST_ROWS, read_table
from geoengage.marketplace.service.batch import put_stores
from geoengage.marketplace.service.results import Desk
from geoengage.segments.models import Segment
from geoengage.tenancy.rules import Principal, PrincipalKind, Scope
from tests.bench import cpu
from tests.bench.imports import postmaster_of
from tests.factories import make_world

GOAL_S = 60.0
KEY = "a-key-for-the-benchmark-0123456789abcdef"
_FILL = """
CREATE TEMP TABLE who AS SELECT gen_random_uuid() AS id, n FROM generate_series(1, %(people)s) n;
INSERT INTO profile (tenant_id, id, external_id) SELECT %(tenant)s, id, 'c' || n FROM who;
INSERT INTO identifier (tenant_id, id, kind, value, profile_id, origin_profile_id, is_verified, source, created_at)
  SELECT %(tenant)s, gen_random_uuid(), 'external_id', 'c' || n, id, id, true, 'erp', now() FROM who;
INSERT INTO customer_summary (tenant_id, profile_id, currency, orders, other_orders, purchase_days, first_day, last_day,
  last_order_at, spent_minor, repeat_spend_minor)
  SELECT %(tenant)s, id, 'EUR', 5, 0, 5, current_date - 300, current_date - 20, now(), 25000, 20000 FROM who;
DROP TABLE who;
"""


def stores_csv() -> bytes:
    """500 stores with all that a row can say."""
    out = io.StringIO()
    lines = [
        {
            "external_id": f"s{i}", "name": f"Store {i}", "lon": f"{6 + i % 25 / 10}", "lat": f"{46 + i // 25 / 10}",
            "timezone": "Europe/Zurich", "territory": "CH", "address": f"Street {i}", "category": "toys",
            "brand_color": "#aa3311", "opening_hours": "mon-fri 09:00-18:00; sat 10:00-16:00",
            "owner_name": f"Owner {i}", "owner_email": f"owner{i}@shops.example", "app_name": f"App {i}",
            "brand_logo_url": "https://cdn.example/logo.png", "whatsapp_phone_number_id": f"{10_000 + i}",
            "whatsapp_business_account_id": "20000", "whatsapp_access_token": f"access-token-{i}",
            "whatsapp_app_secret": "0123456789abcdef0123456789abcdef",
            "sms_account_sid": "AC" + "0" * 32, "sms_auth_token": "0" * 32, "sms_sender": "SHOP",
            "recipe": "win-back", "recipe_discount_percent": "10",
        }
        for i in range(MOST_ROWS)
    ]  # fmt: skip
    writer = csv.DictWriter(out, list(lines[0]))
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue().encode()


async def _set_up(sessions: Sessions, tenant_id: TenantId, postmaster: int) -> tuple[Counter[str], float, float, float]:
    """Outcomes; wall seconds, CPU seconds of this process and of the database."""
    me = Principal(tenant_id, tenant_id, PrincipalKind.SECRET_KEY, frozenset(Scope))
    mine, database, wall = time.process_time(), cpu.of_children(postmaster), time.monotonic()
    desk = Desk(me, utc_now(), KEY, KEY, LANES)
    rows = [line.row for line in read_table(stores_csv()).lines]
    results = await put_stores(sessions, desk, rows)
    bad = next((result.problems for result in results if result.problems), None)
    assert bad is None, bad
    took = time.monotonic() - wall
    return (
        Counter(result.outcome.value for result in results), took, time.process_time() - mine,
        cpu.of_children(postmaster) - database,
    )  # fmt: skip


async def _run(url: str, people: int, console: Console) -> None:
    engine = make_engine(url)
    sessions, postmaster = make_sessions(engine), postmaster_of(url)
    for crowd in (0, people * MOST_ROWS):
        async with sessions() as session:
            world = await make_world(session)
            await session.execute(
                text(
                    "INSERT INTO product (tenant_id, id, external_id, name, source_updated_at, content_hash)"
                    " VALUES (:t, :t, '1', 'Bear', now(), '')"
                ),
                {"t": world.tenant_id},
            )
            await session.execute(
                text(
                    "INSERT INTO product_variant (tenant_id, id, product_id, external_id, price_minor, currency)"
                    " VALUES (:t, :t, :t, '1', 500, 'EUR')"
                ),
                {"t": world.tenant_id},
            )
            await session.commit()
        if crowd:
            at = time.monotonic()
            names = {"people": crowd, "tenant": world.tenant_id}
            with psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True) as connection:
                for statement in filter(str.strip, _FILL.split(";")):
                    psycopg.ClientCursor(connection).execute(statement, names)
                connection.execute("ANALYZE")
            console.print(f"{crowd:,} people written in {time.monotonic() - at:.0f} s")
        for what in ("first", "again"):
            outcomes, wall, own, database = await _set_up(sessions, world.tenant_id, postmaster)
            shown = ", ".join(f"{n} {name}" for name, n in outcomes.items())
            good = "yes" if wall <= GOAL_S else "NO"
            console.print(
                f"500 stores into a tenant of {crowd:,} people, {what}: {shown} in {wall:.1f} s (at most 60: {good});"
                f" CPU: ours {own:.1f} s, the database's {database:.1f} s",
                soft_wrap=True,
            )
    async with sessions() as session:
        waiting = await session.execute(
            text(f"SELECT count(*) FROM {Segment.__tablename__} WHERE tenant_id = :t AND status = 'building'"),  # noqa: S608
            {"t": world.tenant_id},
        )
        console.print(f"{waiting.scalar()} segments wait for the worker, which builds twenty at a time")
    await engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000, help="for each store")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="geoengage-market-") as folder:
        cluster = Cluster(Path(folder), durable=False)
        try:
            with cluster:
                upgrade(cluster.url)
                uvloop.run(_run(cluster.url, given.people, Console()))
        finally:
            cluster.destroy()  # its files are not in the folder when root runs it


if __name__ == "__main__":
    main()
