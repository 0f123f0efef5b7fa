"""`geoengage imports`: a slice of a real grocer's year with totals equal to the source, twice; mappings; going on after
an interruption. The whole of it: `python -m tests.bench.imports`."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from geoengage.cli import app as commands
from tests.bench import imports as bench
from tests.bench.journey import complete_journey
from tests.conftest import KEY, ROOT

LINES = 6_000


@pytest.fixture
def shop(clone: Callable[[], str], tmp_path: Path) -> tuple[str, Path]:
    """A database with one tenant, and a folder."""
    url = clone()
    bench.tenant_of(url, "grocer")
    return url, tmp_path


async def test_a_slice_of_complete_journey(shop: tuple[str, Path]) -> None:
    url, folder = shop

    def work() -> None:
        files = complete_journey(folder, LINES, most_products=2_000)
        bench.run(url, folder, "stores", 1, "venues", "import-stores", str(files.paths["stores"]), "--tenant", "grocer")
        for kind in ("products", "orders", "orders"):
            done = bench.imported(url, folder, files, "grocer", kind, LINES)
            assert done.rss_mb < 250, "memory does not grow with the file"
        assert "0 added, 0 updated" in done.said
        found, wanted = bench.stored(url, "grocer"), files.totals
        assert (found.lines, found.orders, found.cents) == (wanted.lines, wanted.orders, wanted.cents)
        assert (found.quantity_milli, found.customers) == (wanted.quantity_milli, wanted.customers)
        assert found.products == wanted.products
        assert wanted.lines >= LINES

    await asyncio.to_thread(work)


def settings_of(url: str, folder: Path) -> dict[str, str]:
    return {"GEOENGAGE_DATABASE_URL": url, "GEOENGAGE_DATA_DIR": str(folder), "GEOENGAGE_SECRET_KEY": KEY}


def command(url: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    env = os.environ | settings_of(url, folder)
    return subprocess.Popen(
        [sys.executable, "-m", "geoengage", "imports", *arguments],
        cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def said(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, _ = process.communicate(timeout=120)
    return process.returncode, out


def test_mapping_errors_and_what_goes_wrong(shop: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    url, folder = shop
    for name, value in settings_of(url, folder).items():
        monkeypatch.setenv(name, value)

    def said(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(commands, ["imports", *arguments])
        return done.exit_code, done.output

    file, errors = folder / "artikel.csv", folder / "errors.csv"
    file.write_text("Nr;Was;Kostet\n1;Ball;5,50\n2;Bär;=1+1\n", encoding="cp1252")
    where = ("--kind", "products", "--tenant", "grocer")
    status, out = said("map", str(file), *where, "--column", "Nr=product_id")
    assert status == 0, out
    assert "Windows-1252, delimiter ';', 3 lines" in out
    assert "Nr = product_id (Product)" in out
    assert "missing: choose the column that is “Name”" in out
    status, out = said("run", str(file), *where)
    assert (status, "Name" in out) == (1, True), out
    columns = ("--column", "Was=name", "--column", "Kostet=price", "--currency", "CHF")
    status, out = said("run", str(file), *where, *columns, "--errors", str(errors))
    assert status == 1, out
    assert "2 rows; products: 1 added, 0 updated, 0 unchanged, 1 refused" in out
    assert errors.read_text().splitlines()[1] == "3,Kostet,'=1+1,not a number,2"
    status, out = said("map", *where)
    assert "Kostet = price" in out, "what was used is remembered"
    for wrong, words in (
        (("run", str(file), "--kind", "products", "--tenant", "nobody"), "there is no tenant 'nobody'"),
        (("run", str(file), *where, "--currency", "XYZ"), "--currency:"),
        (("run", str(file), *where, "--column", "Nr"), "HEADER=FIELD"),
        (("run", str(file), *where, "--column", "No=sku"), "the file has no such column"),
    ):
        status, out = said(*wrong)
        assert (status, words in out) == (1, True), out


def test_an_interrupted_command_goes_on(shop: tuple[str, Path]) -> None:
    url, folder = shop
    file, count = folder / "products.csv", 30_000
    file.write_text("product_id,name\n" + "".join(f"p{n},x\n" for n in range(count)))
    arguments = ("run", str(file), "--kind", "products", "--tenant", "grocer")
    first = command(url, folder, *arguments)
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as looking:

        def products() -> int:
            row = looking.execute("SELECT count(*) FROM product").fetchone()
            return row[0] if row else 0

        until = time.monotonic() + 60
        while products() == 0 and time.monotonic() < until:
            time.sleep(0.02)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        stored = products()
        assert 0 < stored < count
        status, out = said(command(url, folder, *arguments))
        assert status == 0, out
        assert products() == count
        rows = looking.execute("SELECT status, records, added FROM data_import").fetchall()
        assert rows == [("done", count, count)], "one import, which went on"
