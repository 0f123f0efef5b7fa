"""What a planned chain is made of, and what its planners share. Pure and seeded: the same seed and day, the same chain.

A plan is everything that an ERP would hand over as files. `Truth` is what only the planner can know: who changed when,
and by how much. Reports are held against it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import numpy as np

DAYS = 730  # two years up to yesterday
FIRST_NAMES = (
    "Ada", "Amir", "Anna", "Ben", "Bruno", "Clara", "Dana", "David", "Edgar", "Elif", "Emil", "Eva", "Felix", "Frida",
    "Georg", "Greta", "Hanna", "Hugo", "Ida", "Ivan", "Jana", "Jonas", "Karla", "Kaspar", "Lea", "Leon", "Lina", "Luis",
    "Maja", "Marta", "Max", "Mira", "Nils", "Nora", "Olga", "Oskar", "Paul", "Petra", "Rosa", "Samir", "Sofia", "Theo",
    "Tilda", "Toms", "Ulla", "Viktor", "Vera", "Yara", "Zane", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Adler", "Bach", "Berzins", "Brandt", "Demir", "Eichel", "Falk", "Fink", "Graf", "Haas", "Hansen", "Jansons",
    "Jung", "Kalnins", "Keller", "Klein", "Koch", "Kramer", "Lang", "Lindner", "Lorenz", "Maier", "Novak", "Ozols",
    "Peters", "Pohl", "Richter", "Roth", "Sander", "Schulz", "Seidel", "Sommer", "Stein", "Thoma", "Ulrich", "Vogel",
    "Wagner", "Weiss", "Winter", "Zeller",
)  # fmt: skip
_AREAS = (
    202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228, 229, 231, 234, 239,
    240,
)  # fmt: skip


class Change(StrEnum):
    """How a customer's habit changed."""

    NONE = "none"
    SLOWED = "slowed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Shop:
    """A street store. `lon`, `lat` in degrees (WGS 84); `timezone`, `currency`: None: the chain's."""

    external_id: str
    name: str
    lon: float
    lat: float
    address: str
    timezone: str | None = None
    currency: str | None = None
    brand_color: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A product. Price and cost in minor units of `currency` (None: the chain's); `cycle_days`: how soon a household
    buys it again, None when not."""

    external_id: str
    name: str
    category: str
    brand: str
    price_minor: int
    cost_minor: int
    cycle_days: float | None = None
    ages: tuple[int, int] | None = None  # of the child, toys only
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """What the ERP knows of a customer. `phone` is one of those kept for fiction."""

    external_id: str
    loyalty_card: str
    first_name: str
    last_name: str
    email: str
    phone: str | None
    language: str
    birthday: date | None
    joined_at: datetime
    home_shop: str
    consents: Mapping[str, bool] = field(default_factory=dict)  # channel → said yes; absent: never asked


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order; a negative quantity is a return."""

    item: Item
    quantity: int

    @property
    def total_minor(self) -> int:
        """What the line costs."""
        return self.item.price_minor * self.quantity


@dataclass(frozen=True, slots=True)
class Order:
    """A sale. `customer` None: a guest."""

    external_id: str
    at: datetime
    shop: str
    channel: str
    customer: str | None
    lines: tuple[Line, ...]
    refunded_minor: int = 0

    @property
    def total_minor(self) -> int:
        """What the order cost."""
        return sum(line.total_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class Looked:
    """Somebody was in the shop; most such visits end without a purchase."""

    customer: str
    at: datetime
    shop: str


@dataclass(frozen=True, slots=True)
class Truth:
    """What was planted: by customer the change, its day and what is left of the habit (1 all, 0 nothing)."""

    changes: Mapping[str, tuple[Change, date, float]]
    window_shoppers: Sequence[str]
    season: Mapping[int, float]  # month → how much more is bought than in a usual month
    growth: Mapping[str, float] = field(default_factory=dict)  # currency → of a store there all along, month on month


@dataclass(frozen=True, slots=True)
class Plan:
    """A chain with its two years, and the truth about them."""

    slug: str
    name: str
    timezone: str
    currency: str
    shops: Sequence[Shop]
    items: Sequence[Item]
    customers: Sequence[Customer]
    orders: Sequence[Order]
    looks: Sequence[Looked]
    truth: Truth


def sample(rng: np.random.Generator, share: float) -> bool:
    """True in that share of cases."""
    return bool(rng.random() < share)


def weighted(rng: np.random.Generator, weights: Sequence[float]) -> int:
    """An index, each as often as its weight says."""
    total = np.cumsum(weights)
    return int(np.searchsorted(total, rng.random() * total[-1], side="right"))


def local(zone: ZoneInfo, day: date, hour: float) -> datetime:
    """A moment by the clock on the shop's wall, in UTC."""
    moment = datetime.combine(day, time(), zone) + timedelta(hours=hour)
    return moment.replace(microsecond=0).astimezone(UTC)


def name_people(rng: np.random.Generator, count: int, slug: str) -> list[tuple[str, str, str]]:
    """First name, last name and an address under example.com for each, no address twice."""
    people = []
    for number in range(count):
        first = FIRST_NAMES[int(rng.integers(len(FIRST_NAMES)))]
        last = LAST_NAMES[int(rng.integers(len(LAST_NAMES)))]
        people.append((first, last, f"{first}.{last}.{number}@{slug}.example.com".lower()))
    return people


def fictional_phone(number: int) -> str:
    """A number that is kept for fiction, which nobody has: Ofcom's thousand mobile ones, then a hundred of each North
    American area (555-0100 to 0199). `number` under 3,400."""
    if number < 1000:
        return f"+447700900{number:03d}"
    area, last = divmod(number - 1000, 100)
    return f"+1{_AREAS[area]}55501{last:02d}"
