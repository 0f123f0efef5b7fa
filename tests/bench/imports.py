"""`python -m tests.bench.imports`: whole data sets by command, with time, memory, and totals beside the source.

`--lines N` takes the first N lines only. Each import is a process of its own; its largest resident memory is what the
kernel counts (VmHWM). The same file is imported twice: the second time nothing may change.
"""

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

from geoengage.kit.cluster import Cluster
from geoengage.kit.db import make_engine, make_sessions
from geoengage.kit.migrate import upgrade
from tests.bench import cpu
from tests.bench.journey import Files, Totals, cdnow, complete_journey
from tests.factories import make_world

KEY = "a-key-for-the-benchmark-0123456789abcdef"


@dataclass(frozen=True)
class Done:
    """One run of the command."""

    what: str
    rows: int
    seconds: float
    cpu_s: float
    database_cpu_s: float
    rss_mb: float
    said: str


def run(url: str, data_dir: Path, what: str, rows: int, *arguments: str) -> Done:
    """`geoengage …` on a database, measured; it must end well."""
    env = os.environ | {
        "GEOENGAGE_DATABASE_URL": url, "GEOENGAGE_DATA_DIR": str(data_dir), "GEOENGAGE_SECRET_KEY": KEY
    }  # fmt: skip
    postmaster = postmaster_of(url)
    started, before, spent = time.monotonic(), cpu.of_children(postmaster), 0.0
    with (data_dir / "said").open("w+") as said:
        process = subprocess.Popen([sys.executable, "-m", "geoengage", *arguments], env=env, stdout=said, stderr=said)
        largest = 0.0
        while process.poll() is None:
            largest = max(largest, _high_water_mb(process.pid))
            with contextlib.suppress(OSError):
                spent = max(spent, cpu.of_process(process.pid))
            time.sleep(0.05)
        said.seek(0)
        words = said.read().strip()
    assert process.returncode == 0, words
    took, database = time.monotonic() - started, cpu.of_children(postmaster) - before
    return Done(what, rows, took, spent, database, largest, words.splitlines()[-1])


def postmaster_of(url: str) -> int:
    """The process whose children work for the database."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        stat = Path(f"/proc/{connection.info.backend_pid}/stat").read_text()
    return int(stat.rpartition(") ")[2].split()[1])


def _high_water_mb(pid: int) -> float:
    """Largest resident memory so far. getrusage would count what this process had when it started the other."""
    with contextlib.suppress(OSError, IndexError):
        status = Path(f"/proc/{pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return 0.0


def stored(url: str, tenant: str) -> Totals:
    """What the database adds up to."""
    query = """
    WITH t AS (SELECT id FROM tenant WHERE slug = %s)
    SELECT (SELECT count(*) FROM order_line JOIN t ON tenant_id = t.id),
      (SELECT coalesce(sum(quantity_milli), 0) FROM order_line JOIN t ON tenant_id = t.id),
      (SELECT count(*) FROM shop_order JOIN t ON tenant_id = t.id),
      (SELECT coalesce(sum(total_minor), 0) FROM shop_order JOIN t ON tenant_id = t.id),
      (SELECT count(*) FROM product JOIN t ON tenant_id = t.id)
    """
    who = "SELECT DISTINCT i.value FROM identifier i JOIN tenant t ON t.id = i.tenant_id WHERE t.slug = %s"
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        lines, quantity, orders, cents, products = connection.execute(query, [tenant]).fetchone() or ()
        customers = {value for (value,) in connection.execute(who, [tenant])}
    return Totals(lines, orders, int(cents), int(quantity), customers, set(), products)


@contextlib.contextmanager
def database() -> Iterator[tuple[str, Path]]:
    """A cluster that lives as long as the benchmark; like a server's, it writes what it commits to the disk."""
    with (
        tempfile.TemporaryDirectory(prefix="geoengage-bench-") as folder,
        Cluster(Path(folder) / "postgres") as cluster,
    ):
        upgrade(cluster.url)
        yield cluster.url, Path(folder)


def tenant_of(url: str, slug: str) -> None:
    async def make() -> None:
        engine = make_engine(url, pool_size=1)
        async with make_sessions(engine)() as session:
            await make_world(session, slug=slug)
        await engine.dispose()

    asyncio.run(make())


def journey(url: str, folder: Path, lines: int | None) -> tuple[list[Done], Totals, Totals]:
    """The grocer's whole year, twice."""
    files, slug = complete_journey(folder, lines), "journey"
    tenant_of(url, slug)
    done = [_stores(url, folder, files, slug)]
    done.append(imported(url, folder, files, slug, "products", files.totals.products))
    done.append(imported(url, folder, files, slug, "orders", files.totals.lines))
    done.append(imported(url, folder, files, slug, "orders", files.totals.lines))
    return done, files.totals, stored(url, slug)


def cd_shop(url: str, folder: Path, lines: int | None) -> tuple[list[Done], Totals, Totals]:
    """CDNOW's purchases."""
    files, slug = cdnow(folder, lines), "cdnow"
    tenant_of(url, slug)
    done = [imported(url, folder, files, slug, "orders", files.totals.orders)]
    return done, files.totals, stored(url, slug)


def _stores(url: str, folder: Path, files: Files, slug: str) -> Done:
    path = str(files.paths["stores"])
    return run(url, folder, "stores", len(files.totals.stores), "venues", "import-stores", path, "--tenant", slug)


def imported(url: str, folder: Path, files: Files, slug: str, kind: str, rows: int) -> Done:
    """One file of a data set by the command; both are in dollars."""
    path = str(files.paths[kind])
    return run(url, folder, kind, rows, "imports", "run", path, "--kind", kind, "--tenant", slug, "--currency", "USD")


def show(title: str, done: list[Done], wanted: Totals, found: Totals) -> bool:
    """Print a data set's figures; whether it is complete."""
    table = Table("file", "rows", "seconds", "rows/s", "CPU s", "database's", "largest MB", "said", title=title)
    for each in done:
        table.add_row(
            each.what, f"{each.rows:,}", f"{each.seconds:.1f}", f"{each.rows / each.seconds:,.0f}",
            f"{each.cpu_s:.1f}", f"{each.database_cpu_s:.1f}", f"{each.rss_mb:.0f}", each.said,
        )  # fmt: skip
    console = Console(width=200)
    console.print(table)
    pairs = {
        "orders": (wanted.orders, found.orders), "cents": (wanted.cents, found.cents),
        "customers": (len(wanted.customers), len(found.customers)), "products": (wanted.products, found.products),
    }  # fmt: skip
    if title != "CDNOW":
        pairs |= {"lines": (wanted.lines, found.lines), "quantity": (wanted.quantity_milli, found.quantity_milli)}
    for name, (source, database_) in pairs.items():
        console.print(f"{name}: source {source:,}, database {database_:,}{'' if source == database_ else '  DIFFER'}")
    return all(source == database_ for source, database_ in pairs.values()) and wanted.customers == found.customers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, help="only so many lines of each data set")
    arguments = parser.parse_args()
    with database() as (url, folder):
        results = [
            ("Complete Journey", *journey(url, folder, arguments.lines)),
            ("CDNOW", *cd_shop(url, folder, arguments.lines)),
        ]
        complete = [show(*result) for result in results]
    sys.exit(0 if all(complete) else 1)


if __name__ == "__main__":
    main()
