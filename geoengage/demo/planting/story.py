"""An experiment that is planted: its people, what they buy in either arm, and the files that bring them in. Pure.

An experiment ends with the last Sunday, so that the same seed gives the same people and purchases in any week. In which
arm a customer is, only the product's lot says, by ids that are made at import: so more customers are imported than
people were made up, and each made-up person becomes a customer whom the lot has put where he is.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from geoengage.demo.chains.plan import fictional_phone, local, name_people
from geoengage.experiments.rules import Plan
from geoengage.metrics.rules import ValueModel
from geoengage.proof.rules.measures import DAY_S, Orders
from geoengage.proof.rules.winback import ROI, Trial

OPENS, CLOSES = 8, 20  # by the shop's clock: a day of a simulation lies between them
SPARE = 1.45  # customers a made-up person: the lot holds back a quarter of them, give or take
_SEEN = (0.94, 0.47, 0.2)  # shares of those sent to who received, opened and clicked
CONSENTED_BEFORE = timedelta(days=20)


Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Text:
    """What the messages of the past said."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Story:
    """What no seed changes. `key`: names its files and what the demo remembers of it; `name`: its campaign's,
    `short`: the same in a word; `prefix`,
    `card`: with these its customers' ids and cards begin; `goods`: what tills say was bought, and its category;
    `shops`: where, by the customers' places in turn; empty: it is delivered; `message_minor`: what a message costs;
    `first_phone`: the first free of the numbers kept for fiction; `segment`: whom it is for, by name, with its
    definition where the chain has none of that name; `campaign`, `offer`: as the API takes them, but for names and ids;
    `outcomes`: what is said to be planted."""

    key: str
    name: str
    short: str
    slug: str
    zone: str
    currency: str
    prefix: str
    card: str
    language: str
    goods: tuple[str, str]
    shops: Sequence[str]
    plan: Plan
    holdout_percent: int
    margin_percent: int
    channel: str
    message_minor: float
    text: Text
    first_phone: int
    segment: tuple[str, Json | None]
    campaign: Json
    offer: Json | None = None
    outcomes: Sequence[str] = ("conversion", "revenue", "ltv", ROI)

    @property
    def by_app(self) -> bool:
        """Messages go to the chain's app; else to the person's number, which has agreed."""
        return self.channel == "fcm"


@dataclass(frozen=True, slots=True)
class Sale:
    """One purchase. `person`: a place among the made-up; `discount_minor` by the coupon; None: used none."""

    person: int
    at: datetime
    basket_minor: int
    discount_minor: int | None


Stages = tuple[datetime | None, datetime | None, datetime | None]  # received, opened, clicked


@dataclass(frozen=True, slots=True)
class Cast:
    """The made-up people of one seed. `held_out`, `decided_at`: by place; `seen`: what became of their message;
    `coupons`: code and percent, None for who has none; `trial`: both fates of everybody, lifetime values by a model."""

    story: Story
    held_out: Sequence[bool]
    decided_at: Sequence[datetime]
    seen: Sequence[Stages]
    coupons: Sequence[tuple[str, int] | None]
    sales: Sequence[Sale]
    trial: Callable[[ValueModel | None], Trial] = field(compare=False)

    @property
    def candidates(self) -> list[str]:
        """The customers to import, from among whom these people are chosen."""
        return [f"{self.story.prefix}{number:05d}" for number in range(int(len(self.held_out) * SPARE))]


class LotError(Exception):
    """The lot has left too few customers in an arm."""


def bind(cast: Cast, held: Mapping[str, bool]) -> list[str]:
    """Which customer each made-up person is. `held`: whom of the candidates the lot holds back."""
    pools = {side: [name for name in cast.candidates if held.get(name) is side] for side in (True, False)}
    try:
        return [pools[side].pop(0) for side in cast.held_out]
    except IndexError as error:
        raise LotError(f"the lot has left too few customers in an arm of {cast.story.name}") from error


def moment(zone: ZoneInfo, first: date, day: float) -> datetime:
    """A time of the simulation while shops are open: its order among others stays as it was."""
    whole = int(day)
    return local(zone, first + timedelta(days=whole), OPENS + (CLOSES - OPENS) * (day - whole))


def sales_of(zone: ZoneInfo, first: date, sold: Orders, mine: np.ndarray, until: int) -> list[Sale]:
    """The purchases of these people before a day of the simulation."""
    return [
        Sale(
            int(sold.person[n]),
            moment(zone, first, sold.at[n] / DAY_S),
            int(sold.money[n] + sold.incentive[n]),
            int(sold.incentive[n]) or None,
        )
        for n in np.flatnonzero(mine[sold.person] & (sold.at < until * DAY_S))
    ]


def stages(rng: np.random.Generator, decided_at: Sequence[datetime], held_out: Sequence[bool]) -> list[Stages]:
    """How far each message came: some are received, fewer opened, fewer clicked."""
    found: list[Stages] = []
    for at, held in zip(decided_at, held_out, strict=True):
        seen = 1.0 if held else rng.random()
        moments = [at + timedelta(seconds=float(s)) for s in rng.uniform((1, 60, 3600), (60, 3600, 9000))]
        received, opened, clicked = (when if seen < share else None for when, share in zip(moments, _SEEN, strict=True))
        found.append((received, opened, clicked))
    return found


def customers(cast: Cast, seed: int) -> str:
    """The file of customers: they have the chain's card."""
    story, names = cast.story, cast.candidates
    people = name_people(np.random.default_rng([seed, 4]), len(names), story.slug)
    joined = _joined(cast)
    rows = [
        (name, f"{story.card}{number:09d}", first, last, f"{story.key}.{email}", _phone(story, number), story.language,
         _shop(story, number), joined.isoformat())
        for number, (name, (first, last, email)) in enumerate(zip(names, people, strict=True))
    ]  # fmt: skip
    header = (
        "customer_external_id", "loyalty_card", "first_name", "last_name", "email", "phone", "language",
        "store_external_id", "updated_at",
    )  # fmt: skip
    return written([header, *rows])


def consents(cast: Cast) -> str:
    """The file of consents, of who is written to by number."""
    header = ("customer_external_id", "phone", "channel", "purpose", "state", "consented_at", "source", "text_version")
    when = (_joined(cast) + CONSENTED_BEFORE).isoformat()
    rows = [
        (
            name,
            _phone(cast.story, n),
            cast.story.channel,
            "marketing",
            "subscribed",
            when,
            "card application",
            "2024-10",
        )
        for n, name in enumerate(cast.candidates)
    ]
    return written([header, *rows])


def _joined(cast: Cast) -> datetime:
    return min(sale.at for sale in cast.sales) - timedelta(days=30)


def _phone(story: Story, number: int) -> str:
    return fictional_phone(story.first_phone + number)


def _shop(story: Story, number: int) -> str:
    return story.shops[number % len(story.shops)] if story.shops else ""


def orders(cast: Cast, names: Sequence[str]) -> str:
    """The file of orders. `names`: which customer each person is. The tills of these shops tell sums, no articles."""
    header = (
        "order_id", "ordered_at", "status", "currency", "total", "discount", "coupon_codes", "customer_external_id",
        "store_external_id", "channel", "line_id", "product_name", "category", "quantity", "unit_price",
    )  # fmt: skip
    story, rows = cast.story, list[Sequence[Any]]()
    channel = "pos" if story.shops else "app"
    for sale in cast.sales:
        off, coupon = sale.discount_minor or 0, cast.coupons[sale.person]
        rows.append(
            (order_id(story, sale), sale.at.isoformat(), "paid", story.currency, money(sale.basket_minor - off),
             money(off), coupon[0] if coupon and off else "", names[sale.person], _shop(story, sale.person), channel, 1,
             *story.goods, 1, money(sale.basket_minor))
        )  # fmt: skip
    return written([header, *rows])


def revenue(cast: Cast) -> dict[date, int]:
    """What its people paid, by day of the shop's clock, minor units."""
    found: dict[date, int] = defaultdict(int)
    for sale in cast.sales:
        found[sale.at.astimezone(ZoneInfo(cast.story.zone)).date()] += sale.basket_minor - (sale.discount_minor or 0)
    return found


def order_id(story: Story, sale: Sale) -> str:
    """The till's number of a sale."""
    return f"{story.prefix}-{sale.person}-{sale.at:%y%m%d%H%M%S}"


def money(minor: int) -> str:
    """1234 → `12.34`."""
    return f"{minor // 100}.{minor % 100:02d}"


def written(rows: Sequence[Sequence[object]]) -> str:
    """As CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
