"""Messages that the chains have sent for long: the toy chain's word before a birthday, the marketplace's of the week.

Before a birthday: a year ago a fifth of the purchases of parents on Viber followed such a message, since then three
tenths; that is the growth year on year. The marketplace's: always the same share, so that what followed grows as the
stores do.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from geoengage.demo.chains.plan import Plan
from geoengage.demo.planting.letters import Bought, Letter, Letters, by_month, followed, write
from geoengage.demo.planting.story import Cast, Text

_STREAM = 11  # of random numbers


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a chain has sent. `days`: how far back; `shares`: of the purchases of who agreed to `what.channel`, which
    follow a message: of the last year, and of the time before; `kept_days`: how long the chain keeps its messages."""

    what: Letters
    days: int
    shares: tuple[float, float]
    kept_days: int

    def begin(self, plan: Plan, today: date) -> datetime:
        """The first day of a month, so that all of its messages are there."""
        first = (today - timedelta(days=self.days)).replace(day=1)
        return datetime.combine(first, datetime.min.time(), ZoneInfo(plan.timezone))

    def letters(self, plan: Plan, seed: int, today: date) -> list[Letter]:
        """To whom, when, and who opened it."""
        agreed = {c.external_id for c in plan.customers if c.consents.get(self.what.channel) and c.phone}
        last_year = (today - timedelta(days=365)).replace(day=1)
        turn = datetime.combine(last_year, datetime.min.time(), ZoneInfo(plan.timezone))
        found, bought = list[Letter](), bought_in(plan)
        for n, shop in enumerate(plan.shops):  # each for itself, so that no day of another changes whom it wrote to
            mine = [one for one in bought if one.customer in agreed and one.shop == shop.external_id]
            rng = np.random.default_rng([seed, _STREAM, n])
            found += write(rng, mine, lambda at: self.shares[at < turn], self.begin(plan, today))
        return sorted(found, key=lambda letter: (letter.at, letter.customer))

    def followed(self, plan: Plan, seed: int, today: date, cast: Cast, left_out: Collection[str] = ()) -> list[Bought]:
        """The purchases that followed a message, of the experiment's as well. `left_out`: whom the tenant's lot keeps
        without messages."""
        opened = [
            (letter.customer, letter.seen[1])
            for letter in self.letters(plan, seed, today)
            if letter.seen[1] and letter.customer not in left_out
        ]
        opened += [(str(n), seen[1]) for n, seen in enumerate(cast.seen) if seen[1]]
        sold = [Bought(str(s.person), s.at, s.basket_minor - (s.discount_minor or 0)) for s in cast.sales]
        return followed(opened, [*bought_in(plan), *sold])


def bought_in(plan: Plan) -> list[Bought]:
    """What known customers of a chain bought."""
    return [
        Bought(order.customer, order.at, order.total_minor - order.refunded_minor, order.shop)
        for order in plan.orders
        if order.customer
    ]


def months_of(found: Sequence[Bought], plan: Plan) -> dict[date, int]:
    """By month of the chain's clock."""
    return by_month(found, ZoneInfo(plan.timezone))


BIRTHDAYS = Ledger(
    Letters(
        "birthdays",
        "A birthday is coming up",
        "viber",
        Text("A birthday is coming up", "What other children of that age play with."),
        {
            "channels": ["viber"],
            "trigger": {"kind": "date", "date": {"trait": "child_birthday", "days": -14, "at": "17:30"}},
            "title": "A birthday is coming up",
            "body": "{{ recommendations.popular[0].name | default: 'Something new' }} waits at"
            " {{ nearest_store.name | default: 'Lelle un Lācis' }}.",
        },
    ),
    days=430,
    shares=(0.3, 0.2),
    kept_days=800,
)  # fmt: skip
THIS_WEEK = Ledger(
    Letters(
        "this_week",
        "This week at your grocer’s",
        "whatsapp",
        Text("This week at your grocer’s", "What came in this morning, and what costs less."),
        {
            "channels": ["whatsapp"],
            "trigger": {"kind": "schedule", "schedule": {"at": "17:00", "days": ["thu"]}},
            "title": "This week at your grocer’s",
            "body": "{{ recommendations.due[0].name | default: 'What you need' }} is there.",
        },
    ),
    days=280,
    shares=(0.7, 0.7),
    kept_days=395,
)  # fmt: skip
