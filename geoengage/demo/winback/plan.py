"""Who the win-back's people are, and what they buy in either arm. Pure and seeded.

The campaign ends with the last Sunday, so that the same seed gives the same people and purchases in any week. In which
arm a customer is, only the product's lot says, by ids that are made at import: so more customers are imported than
people were made up, and each made-up person becomes a customer whom the lot has put where he is.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from geoengage.demo.chains.plan import fictional_phone, local, name_people
from geoengage.demo.chains.supermarket import CUSTOMERS, SHOPS, ZONE
from geoengage.experiments.rules import Measured, Plan
from geoengage.offers.rules.coupons import CODE_BYTES, code_of
from geoengage.proof.rules.measures import DAY_S, Orders
from geoengage.proof.rules.winback import NOTHING, Setting, World

SLUG, CURRENCY = "frischmarkt", "EUR"
PLAN = Plan(window_days=60, days=90, decides=Measured.CONVERSION, smallest_effect=0.25)
SETTING = Setting(responds=0.6, discounts=(0.15, 0.25), message_minor=2.0)
HOLDOUT_PERCENT = 25
MARGIN_PERCENT = 30
_START = 120  # days of history before the campaign; with its ninety whole weeks, so day 0 is a Monday
_REGULARS, _STOP, _SUNDAY = 1500, 0.9, 6
_SPARE = 1.45  # customers a made-up person: the lot holds back a quarter of them, give or take


@dataclass(frozen=True, slots=True)
class Sale:
    """One purchase. `person`: a place among the made-up; `discount_minor` by the coupon; None: used none."""

    person: int
    at: datetime
    basket_minor: int
    discount_minor: int | None


@dataclass(frozen=True, slots=True)
class WinBack:
    """The made-up people. `held_out`, `decided_at`, `has_slowed_much`: by place; `codes`: their coupons, None for who
    is held out; `planted`: what the message does, by outcome."""

    held_out: Sequence[bool]
    decided_at: Sequence[datetime]
    has_slowed_much: Sequence[bool]
    codes: Sequence[str | None]
    sales: Sequence[Sale]
    planted: Mapping[str, float]

    @property
    def candidates(self) -> list[str]:
        """The customers to import, from among whom these people are chosen."""
        return [f"FW{number:05d}" for number in range(int(len(self.held_out) * _SPARE))]


class LotError(Exception):
    """The lot has left too few customers in an arm."""


def plan(seed: int, today: date) -> WinBack:
    """The campaign that ended on the last Sunday before `today`."""
    world = World(
        seed, _REGULARS, PLAN, start=_START, holdout=HOLDOUT_PERCENT / 100, closed=_SUNDAY, stop=_STOP
    )  # fmt: skip
    first = today - timedelta(days=today.weekday() + _START + PLAN.days)
    rng = np.random.default_rng([seed, 3])
    held = world.held_out.tolist()
    codes = [None if side else code_of(rng.bytes(CODE_BYTES)) for side in held]
    sales = [
        *_sales(first, world.orders(world.kept(SETTING), SETTING), ~world.held_out),
        *_sales(first, world.orders(world.usual, NOTHING), world.held_out),
    ]
    return WinBack(
        held,
        [_moment(first, day) for day in world.at],
        world.has_slowed_much.tolist(),
        codes,
        sales,
        world.trial(SETTING).planted(),
    )


def bind(win_back: WinBack, held: Mapping[str, bool]) -> list[str]:
    """Which customer each made-up person is. `held`: whom of the candidates the lot holds back."""
    pools = {side: [name for name in win_back.candidates if held.get(name) is side] for side in (True, False)}
    try:
        return [pools[side].pop(0) for side in win_back.held_out]
    except IndexError as error:
        raise LotError("the lot has left too few customers in an arm of the win-back") from error


def customers(win_back: WinBack, seed: int) -> str:
    """The file of customers: they have the supermarket's card and its app."""
    names = win_back.candidates
    people = name_people(np.random.default_rng([seed, 4]), len(names), SLUG)
    joined = min(sale.at for sale in win_back.sales) - timedelta(days=30)
    rows = [
        (name, f"28{number:09d}", first, last, f"app.{email}", fictional_phone(CUSTOMERS + number) or "", "de",
         SHOPS[number % len(SHOPS)].external_id, joined.isoformat())
        for number, (name, (first, last, email)) in enumerate(zip(names, people, strict=True))
    ]  # fmt: skip
    header = (
        "customer_external_id", "loyalty_card", "first_name", "last_name", "email", "phone", "language",
        "store_external_id", "updated_at",
    )  # fmt: skip
    return _written([header, *rows])


def orders(win_back: WinBack, names: Sequence[str]) -> str:
    """The file of orders. `names`: which customer each person is. The tills of these shops tell sums, no articles."""
    header = (
        "order_id", "ordered_at", "status", "currency", "total", "discount", "coupon_codes", "customer_external_id",
        "store_external_id", "channel", "line_id", "product_name", "category", "quantity", "unit_price",
    )  # fmt: skip
    rows = []
    for sale in win_back.sales:
        off, code = sale.discount_minor or 0, win_back.codes[sale.person] if sale.discount_minor else ""
        rows.append(
            (order_id(sale), sale.at.isoformat(), "paid", CURRENCY, _money(sale.basket_minor - off), _money(off), code,
             names[sale.person], SHOPS[sale.person % len(SHOPS)].external_id, "pos", 1, "Groceries", "groceries", 1,
             _money(sale.basket_minor))
        )  # fmt: skip
    return _written([header, *rows])


def revenue(win_back: WinBack) -> dict[date, int]:
    """What its people paid, by day of the shop's clock, minor units."""
    found: dict[date, int] = defaultdict(int)
    for sale in win_back.sales:
        found[sale.at.astimezone(ZoneInfo(ZONE)).date()] += sale.basket_minor - (sale.discount_minor or 0)
    return found


def order_id(sale: Sale) -> str:
    """The till's number of a sale."""
    return f"FW-{sale.person}-{sale.at:%y%m%d%H%M%S}"


def _moment(first: date, day: float) -> datetime:
    """A time of the simulation while shops are open: its order among others stays as it was."""
    whole = int(day)
    return local(ZoneInfo(ZONE), first + timedelta(days=whole), 8 + 12 * (day - whole))


def _sales(first: date, sold: Orders, mine: np.ndarray) -> list[Sale]:
    is_past = sold.at < (_START + PLAN.days) * DAY_S
    return [
        Sale(
            int(sold.person[n]),
            _moment(first, sold.at[n] / DAY_S),
            int(sold.money[n] + sold.incentive[n]),
            int(sold.incentive[n]) or None,
        )
        for n in np.flatnonzero(mine[sold.person] & is_past)
    ]


def _money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _written(rows: Sequence[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
