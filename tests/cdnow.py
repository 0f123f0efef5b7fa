"""CDNOW as `lifetimes` brings it along: 2,357 customers, 1997-01-01 to 1998-06-30 (Fader & Hardie's public file).

It is read from the installed wheel (MIT); the customers' summary until 1997-09-30 beside it is the published one.
"""

import csv
import importlib.util
from datetime import date, datetime
from functools import cache
from pathlib import Path

import numpy as np

from geoengage.metrics.rules.trials import PurchaseDays

CUT, END = date(1997, 9, 30).toordinal(), date(1998, 6, 30).toordinal()


def _folder() -> Path:
    found = importlib.util.find_spec("lifetimes")  # not imported: its datasets module needs an old setuptools
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "datasets"


@cache
def purchases() -> PurchaseDays:
    """All purchase days; amounts in cents, customers in the order of the file."""
    rows = [line.split() for line in (_folder() / "CDNOW_sample.txt").read_text().splitlines() if line.strip()]
    day = np.array([datetime.strptime(row[2], "%Y%m%d").toordinal() for row in rows])  # noqa: DTZ007 - a date
    customer = np.unique([row[1] for row in rows], return_inverse=True)[1]
    amount = np.array([float(row[4]) for row in rows]) * 100
    return PurchaseDays.of(customer.astype(np.int64), day.astype(np.int64), np.rint(amount))


@cache
def published() -> np.ndarray:
    """The published summary, a row a customer: x, t_x, T (weeks to a hundredth), mean repeat value (dollars)."""
    with (_folder() / "cdnow_customers_summary_with_transactions.csv").open() as file:
        return np.array([[float(row[name]) for name in ("x", "t_x", "T", "zbar")] for row in csv.DictReader(file)])
