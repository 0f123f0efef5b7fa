"""The toy chain's two years: parents who buy for birthdays, for Christmas and now and then, until the child is too old.

Everything follows from the children: a purchase is for one of them, of an age that fits, most of them in the evening or
at the weekend.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from geoengage.demo.chains.assortment import toys
from geoengage.demo.chains.plan import (
    DAYS,
    Change,
    Customer,
    Item,
    Line,
    Looked,
    Order,
    Plan,
    Shop,
    Truth,
    fictional_phone,
    local,
    name_people,
    sample,
    weighted,
)

CUSTOMERS = 900
ZONE = "Europe/Riga"
SHOPS = (
    Shop("ll-centrs", "Lelle un Lācis Centrs", 24.1135, 56.9514, "Brīvības iela 40, Rīga"),
    Shop("ll-agenskalns", "Lelle un Lācis Āgenskalns", 24.0742, 56.9367, "Nometņu iela 62, Rīga"),
    Shop("ll-purvciems", "Lelle un Lācis Purvciems", 24.1853, 56.9555, "Dzelzavas iela 74, Rīga"),
    Shop("ll-jurmala", "Lelle un Lācis Jūrmala", 23.7703, 56.9680, "Jomas iela 37, Jūrmala"),
)
SEASON = {12: 3.2, 11: 1.9}  # months that are not named are usual ones
LAST_AGE = 11
WINDOW_SHARE = 0.06
BIRTHDAY_SHARE, CHRISTMAS_SHARE, CASUAL_A_YEAR = 0.55, 0.72, 1.1
STOPPED_SHARE = 0.05
_LANGUAGES = (("lv", 0.62), ("ru", 0.28), ("en", 0.1))


@dataclass(frozen=True, slots=True)
class Family:
    """Parents with children. `interest`: how much of the usual they buy."""

    customer: Customer
    children: Sequence[date]
    interest: float
    likes: Sequence[str]
    change: tuple[Change, date, float] | None


def plan(seed: int, today: date) -> Plan:
    """The chain on the morning of `today`."""
    rng = np.random.default_rng([seed, 2])
    items = toys()
    names = name_people(rng, CUSTOMERS, "lelle")
    families = [_family(rng, number, names[number], items, today) for number in range(CUSTOMERS)]
    orders: list[Order] = []
    looks: list[Looked] = []
    for family in families:
        bought = [_order(rng, family, items, on, child) for on, child in _occasions(rng, family, today)]
        orders += {order.external_id: order for order in bought}.values()
        looks += _looks(rng, family, today)
    orders.sort(key=lambda order: order.at)
    window = [f.customer.external_id for f in families if f.interest == 0]
    truth = Truth({f.customer.external_id: f.change for f in families if f.change}, window, SEASON)
    customers = [f.customer for f in families]
    return Plan("lelle", "Lelle un Lācis", ZONE, "EUR", SHOPS, items, customers, orders, looks, truth)


def _family(
    rng: np.random.Generator, number: int, name: tuple[str, str, str], items: Sequence[Item], today: date
) -> Family:
    first, last, email = name
    since = today - timedelta(days=int(rng.integers(20, DAYS + 1)))
    born = [
        today - timedelta(days=int(rng.integers(-200, 12 * 365))) for _ in range(1 + weighted(rng, (0.5, 0.38, 0.12)))
    ]
    customer = Customer(
        external_id=f"LL{number:05d}",
        loyalty_card=f"47{number:09d}",
        first_name=first,
        last_name=last,
        email=email,
        phone=fictional_phone(number) if sample(rng, 0.8) else None,
        language=_LANGUAGES[weighted(rng, [share for _, share in _LANGUAGES])][0],
        birthday=None,
        joined_at=local(ZoneInfo(ZONE), since, float(rng.uniform(10, 20))),
        home_shop=SHOPS[weighted(rng, (0.35, 0.25, 0.25, 0.15))].external_id,
        consents={c: sample(rng, p) for c, p in (("viber", 0.7), ("email", 0.4), ("sms", 0.3)) if sample(rng, 0.9)},
    )
    interest = 0.0 if sample(rng, WINDOW_SHARE) else float(np.clip(rng.gamma(3, 0.35), 0.3, 2.5))
    stop = today - timedelta(days=int(rng.integers(120, 400)))
    stopped = interest > 0 and sample(rng, STOPPED_SHARE) and stop > since + timedelta(days=150)
    categories = sorted({item.category for item in items})
    liked = rng.choice(len(categories), size=3, replace=False)
    change = (Change.STOPPED, stop, 0.0) if stopped else None
    return Family(customer, born, interest, [categories[i] for i in liked], change)


def _occasions(rng: np.random.Generator, family: Family, today: date) -> Iterator[tuple[date, date]]:
    """Days on which a family buys, with the birthday of the child it is for."""
    start = family.customer.joined_at.date()
    end = family.change[1] if family.change else today
    for child in family.children:
        for year in range(start.year, today.year + 1):
            found = []
            if sample(rng, min(BIRTHDAY_SHARE * family.interest, 0.95)):
                birthday = date(year, child.month, min(child.day, 28))
                found.append(birthday - timedelta(days=int(rng.integers(2, 25))))
            if sample(rng, min(CHRISTMAS_SHARE * family.interest, 0.97)):
                found += [
                    date(year, 12, 22) - timedelta(days=int(rng.gamma(2, 9))) for _ in range(1 + sample(rng, 0.4))
                ]
            casual = int(rng.poisson(CASUAL_A_YEAR * family.interest))
            found += [date(year, 1, 2) + timedelta(days=int(n)) for n in rng.integers(0, 362, size=casual)]
            for day in found:
                if start <= day < end and 0 <= (day - child).days < LAST_AGE * 365:
                    yield _leisure(rng, day), child


def _leisure(rng: np.random.Generator, day: date) -> date:
    """Most go at the weekend."""
    back = (day.weekday() - 5) % 7
    return day - timedelta(days=back - int(rng.integers(2))) if back > 1 and sample(rng, 0.5) else day


def _order(rng: np.random.Generator, family: Family, items: Sequence[Item], on: date, child: date) -> Order:
    age = max((on - child).days / 365, 0.0)
    fitting = [i for i in items if i.ages and i.ages[0] <= age <= i.ages[1] + 0.99]
    weights = [3.0 if i.category in family.likes else 1.0 for i in fitting]
    chosen = {fitting[weighted(rng, weights)].external_id for _ in range(1 + int(rng.poisson(0.7)))}
    lines = tuple(Line(item, 1) for item in fitting if item.external_id in chosen)
    customer = family.customer
    hour = float(np.clip(rng.normal(15 if on.weekday() > 4 else 18.6, 1.6), 9.2, 20.8))
    at = local(ZoneInfo(ZONE), on, hour)
    at = max(at, customer.joined_at + timedelta(minutes=5))
    channel = "pos" if sample(rng, 0.62) else "web"
    number = f"LL-{customer.external_id[2:]}-{at:%y%m%d%H%M%S}"
    refund = sum(line.total_minor for line in lines) if sample(rng, 0.035) else 0
    return Order(number, at, customer.home_shop, channel, customer.external_id, lines, refund)


def _looks(rng: np.random.Generator, family: Family, today: date) -> Iterator[Looked]:
    """Visits that end without a purchase; window shoppers make more of them."""
    zone, customer = ZoneInfo(ZONE), family.customer
    for back in rng.integers(1, 395, size=int(rng.poisson(9 if family.interest == 0 else 1.5))):
        day = today - timedelta(days=int(back))
        if day >= customer.joined_at.date():
            yield Looked(customer.external_id, local(zone, day, float(rng.uniform(10, 20))), customer.home_shop)
