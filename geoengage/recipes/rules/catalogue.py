"""The recipes that there are: what each does in a sentence, and what may be set of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class RecipeKey(StrEnum):
    """The name of a recipe, for ever."""

    WIN_BACK = "win-back"
    FIRST_PURCHASE = "first-purchase"
    SECOND_ITEM = "second-item"
    ABANDONED_CART = "abandoned-cart"
    MALL_ZONES = "mall-zones"
    PARENTS_VIBER = "parents-viber"
    FRESH_WEEKEND = "fresh-weekend"
    ESSENTIALS = "essentials"
    INACTIVITY = "inactivity"
    LATE_NIGHT = "late-night"


class ParameterKind(StrEnum):
    """What a parameter asks for."""

    PERCENT = "percent"
    MONEY = "money"
    DAYS = "days"
    MINUTES = "minutes"
    CLOCK = "clock"
    STORE = "store"
    CONTENT = "content"
    CATEGORIES = "categories"
    YEARS = "years"
    DAY_PART = "day_part"


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something that may be set. `name`: a member of `RecipeSettings`. `default` None: left open."""

    name: str
    label: str
    kind: ParameterKind
    default: Any = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe. `about`: what it does, in a sentence. `whom`: whose number a preview tells. `needs`: what must be set,
    because nobody else can know it."""

    name: str
    about: str
    whom: str
    parameters: tuple[Parameter, ...]
    needs: tuple[str, ...] = ()

    @property
    def defaults(self) -> dict[str, Any]:
        """What is used where nobody set anything."""
        return {each.name: each.default for each in self.parameters if each.default is not None}

    @property
    def takes(self) -> frozenset[str]:
        """What may be set."""
        return frozenset(each.name for each in self.parameters)


_STORE = Parameter("store_id", "Only for one store", ParameterKind.STORE, hint="By its own orders.")
_MONEY = (
    Parameter(
        "margin_floor_percent", "Least margin", ParameterKind.PERCENT,
        hint="Nothing is sold for less; empty: the floor under Offers.",
    ),
    Parameter("max_discount_minor", "One use costs at most", ParameterKind.MONEY, hint="Empty: no limit."),
    Parameter("budget_minor", "All together at most", ParameterKind.MONEY, hint="Then it gives no more offers."),
)  # fmt: skip
_PROOF_AND_HOURS = (
    Parameter(
        "holdout_percent", "Get nothing, to compare with", ParameterKind.PERCENT, 10,
        hint="Without them nobody can say what it brought.",
    ),
    Parameter("hours_start", "Not before", ParameterKind.CLOCK, "09:00"),
    Parameter("hours_end", "Not after", ParameterKind.CLOCK, "20:00"),
)  # fmt: skip


def _hours(start: str, end: str) -> tuple[Parameter, ...]:
    """The same with other hours."""
    clocks = {"hours_start": start, "hours_end": end}
    return tuple(replace(each, default=clocks.get(each.name, each.default)) for each in _PROOF_AND_HOURS)


def _discount(label: str, percent: int, name: str = "discount_percent") -> Parameter:
    return Parameter(name, label, ParameterKind.PERCENT, percent)


RECIPES: Mapping[RecipeKey, Recipe] = {
    RecipeKey.WIN_BACK: Recipe(
        "Win back regulars",
        "Who buys clearly less often than they used to is reminded, at the hour at which they answer; who does not come"
        " gets an offer, the larger the further they have fallen.",
        "buy clearly less than they used to",
        (
            _discount("Off for who buys clearly less", 10),
            _discount("Off for who buys far less", 15, "discount_severe_percent"),
            _discount("Off for who has stopped", 20, "discount_gone_percent"),
            Parameter("days_between", "Days between reminder and offer", ParameterKind.DAYS, 4),
            *_MONEY,
            *_PROOF_AND_HOURS,
            _STORE,
        ),
    ),
    RecipeKey.FIRST_PURCHASE: Recipe(
        "First purchase for subscribers",
        "Who has subscribed and never bought gets an offer for the first purchase, at the hour at which they answer.",
        "have subscribed and never bought",
        (_discount("Off the first purchase", 10), *_MONEY, *_PROOF_AND_HOURS, _STORE),
    ),
    RecipeKey.SECOND_ITEM: Recipe(
        "A second item for larger baskets",
        "Customers with small baskets get every second piece cheaper, so that the average order grows.",
        "are customers with small baskets",
        (
            _discount("Off the second piece", 20),
            Parameter(
                "below_minor", "Whose average order is below", ParameterKind.MONEY, hint="Empty: below the average."
            ),
            Parameter("categories", "Only on these categories", ParameterKind.CATEGORIES, hint="Empty: everything."),
            *_MONEY,
            *_PROOF_AND_HOURS,
            _STORE,
        ),
    ),
    RecipeKey.ABANDONED_CART: Recipe(
        "Forgotten cart",
        "Who leaves a cart alone and buys nothing is reminded of it; who still does not buy gets an offer.",
        "left a cart in the last 30 days",
        (
            Parameter("after_minutes", "Minutes after which a cart is forgotten", ParameterKind.MINUTES, 60),
            Parameter("days_between", "Days between reminder and offer", ParameterKind.DAYS, 1),
            _discount("Off in the second message", 10),
            *_MONEY,
            *_PROOF_AND_HOURS,
            _STORE,
        ),
    ),
    RecipeKey.MALL_ZONES: Recipe(
        "What is on, where people are",
        "An event goes to who is in the mall half an hour before and likes such things, a new arrival to who enters its"
        " wing and knows the brand, a promotion to who walks in.",
        "may hear of it",
        (
            Parameter("content_id", "Which one", ParameterKind.CONTENT, hint="Empty: the one that begins next."),
            _PROOF_AND_HOURS[0],
        ),
    ),
    RecipeKey.PARENTS_VIBER: Recipe(
        "Parents on Viber",
        "Who has bought toys and was seen in no shop for a while gets an idea in Viber, in an evening or at a weekend"
        " of their own clock; who still does not come gets an offer.",
        "have bought such things, agreed to Viber and were not seen for so long",
        (
            Parameter(
                "categories", "What counts as toys", ParameterKind.CATEGORIES, hint="Needed, as products name it."
            ),
            Parameter("days_away", "Days without a visit or an order", ParameterKind.DAYS, 60),
            Parameter("days_between", "Days between idea and offer", ParameterKind.DAYS, 2),
            _discount("Off in the second message", 10),
            *_MONEY,
            *_PROOF_AND_HOURS,
            _STORE,
        ),
        needs=("categories",),
    ),
    RecipeKey.FRESH_WEEKEND: Recipe(
        "Fresh for the weekend",
        "Who buys fresh food gets it cheaper as the weekend of their country begins, in the morning of their own clock:"
        " Friday in Riyadh, Saturday in Dubai and Belgrade.",
        "have bought such things in a year",
        (
            Parameter(
                "categories", "What counts as fresh", ParameterKind.CATEGORIES, hint="Needed, as products name it."
            ),
            Parameter(
                "days_before",
                "Days before the weekend",
                ParameterKind.DAYS,
                0,
                hint="0: its first day; 1: the day before.",
            ),
            _discount("Off these categories", 10),
            *_MONEY,
            *_hours("09:00", "12:00"),
            _STORE,
        ),
        needs=("categories",),
    ),
    RecipeKey.ESSENTIALS: Recipe(
        "Forgotten at mealtime",
        "Before a mealtime, who is about to run out of something that they always buy and left it out last time is"
        " reminded of it by name. Day parts with dates move it, as in Ramadan.",
        "buy again and again; each time it goes to those who are running out of something",
        (
            Parameter(
                "day_part",
                "Before which part of the day",
                ParameterKind.DAY_PART,
                "evening",
                hint="Its name among your day parts, as lunch or dinner.",
            ),
            Parameter("before_minutes", "Minutes before it begins", ParameterKind.MINUTES, 45),
            _PROOF_AND_HOURS[0],
            _STORE,
        ),
    ),
    RecipeKey.INACTIVITY: Recipe(
        "Discount after a silence",
        "Who orders nothing for longer than is usual for them gets an offer, at the hour at which they answer.",
        "have ordered nothing for longer than is usual for them",
        (
            Parameter("days_away", "Days without an order, at least", ParameterKind.DAYS, 14),
            _discount("Off the next order", 10),
            *_MONEY,
            *_PROOF_AND_HOURS,
            _STORE,
        ),
    ),
    RecipeKey.LATE_NIGHT: Recipe(
        "Late at night",
        "Younger adults get an offer late in the evening before a free day and on the first one, where quiet hours"
        " allow it. Nobody whose age is not known, and nobody below 18.",
        "are adults of that age who bought within half a year",
        (
            Parameter("age_from", "From the age of", ParameterKind.YEARS, 18),
            Parameter("age_to", "Up to the age of", ParameterKind.YEARS, 30),
            _discount("Off tonight", 10),
            *_MONEY,
            *_hours("22:00", "23:30"),
            _STORE,
        ),
    ),
}
