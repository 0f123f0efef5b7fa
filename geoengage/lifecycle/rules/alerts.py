"""From verdicts to alerts: which are news, which are over, which groups may be named as drivers. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from math import floor, log10

from geoengage.kit.anonymity import K
from geoengage.lifecycle.rules.catalogue import Unit
from geoengage.lifecycle.rules.warnings import WEEKS
from geoengage.segments.rules import Condition, Ever, OrderCondition, leaves

FEWEST_WEEKS_OF_STAGES = 26
AGAIN_AFTER = timedelta(days=28)  # the same metric, the same way
OLD_AFTER = timedelta(days=56)  # by then what was unusual is how things are
FIGURES = 3  # to which the values of an alert are rounded


class AlertStatus(StrEnum):
    """What has become of an alert."""

    OPEN = "open"
    SNOOZED = "snoozed"
    DISMISSED = "dismissed"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Found:
    """An alert that there is already."""

    metric: str
    is_good: bool
    through: date


def is_news(metric: str, is_good: bool, through: date, found: Iterable[Found]) -> bool:
    """Whether nobody was told of it in the last four weeks."""
    return not any(f.metric == metric and f.is_good is is_good and through - f.through < AGAIN_AFTER for f in found)


def is_over(found: Found, expected: float, now: float | None, least: float, through: date) -> bool:
    """Whether the metric is where it was expected to be, or so long off that this is how things are."""
    if through - found.through >= OLD_AFTER:
        return True
    return now is not None and abs(now - expected) < least * abs(expected)


def concerns_enough(unit: Unit, expected: float, now: float, people: int) -> bool:
    """Whether a change is about ten people at least: a share's, about ten of whom it became true or untrue."""
    if people < K:
        return False
    if unit is Unit.PEOPLE:
        return abs(now - expected) >= K
    return unit is not Unit.SHARE or abs(now - expected) * people >= K / 2


def weeks_of_stages(customers: int) -> int:
    """How many weeks back stages are told of: each costs 9 µs a customer, and a night is not for ever."""
    return max(FEWEST_WEEKS_OF_STAGES, min(WEEKS, 2_500_000 // max(customers, 1)))


def rounded(value: float) -> float:
    """To three figures, so that two alerts do not tell of a single person's purchase."""
    if value == 0:
        return 0.0
    return round(value, FIGURES - 1 - floor(log10(abs(value))))


# Whoever is in a segment because of what they bought lately is there because of the change itself.
_LASTING = frozenset({"trait", "place", "in_list", "consent"})


def may_drive(definition: Condition) -> bool:
    """Whether a segment has the same people whatever a metric did: by traits, place, lists, all they ever bought."""
    return all(
        part.kind in _LASTING
        or (isinstance(part, OrderCondition) and part.measure in ("count", "first") and isinstance(part.window, Ever))
        for _, part in leaves(definition)
    )
