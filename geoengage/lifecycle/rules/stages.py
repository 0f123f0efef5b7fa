"""Metrics of the stages of customers at the ends of days. Pure.

The stage itself is decided by `metrics.rules.stages_over`, the one rule that support, segments and offers use too.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from geoengage.lifecycle.rules.purchases import Bools, Figure, PurchaseDays, share
from geoengage.lifecycle.rules.spans import DAY, Span
from geoengage.metrics.rules import STAGES, Shop, Stage, stages_over
from geoengage.metrics.rules import Purchases as Bought

STAGE_METRICS: Mapping[str, frozenset[Stage]] = {
    "active": frozenset({Stage.NEW, Stage.ACTIVE, Stage.SLOWING, Stage.REACTIVATED}),
    "at_risk": frozenset({Stage.AT_RISK}),
    "churned": frozenset({Stage.CHURNED}),
    "churn_rate": frozenset({Stage.CHURNED}),
    "reactivated": frozenset({Stage.CHURNED}),
}
Codes = npt.NDArray[np.int8]
_NOBODY = STAGES.index(Stage.SUBSCRIBER)


class StageHistory:
    """Which stage each customer had at the end of a day; each day is worked out once."""

    def __init__(self, days: PurchaseDays, shop: Shop) -> None:
        self.days = days
        self._bought = Bought(days.day, np.searchsorted(days.person, np.arange(days.people + 1)))
        self._shop = shop
        self._found: dict[date, Codes] = {}

    def at(self, day: date) -> Codes:
        """The number of each person's stage in `STAGES`; whoever has bought nothing yet is a subscriber."""
        if day not in self._found:
            self._found[day] = stages_over(self._bought, [day], self._shop)[:, 0]
        return self._found[day]

    def bought(self, span: Span) -> Bools:
        """Who has a purchase day in a span."""
        found = np.zeros(self.days.people, dtype=bool)
        inside = (self.days.day >= span.first.toordinal()) & (self.days.day <= span.last.toordinal())
        found[self.days.person[inside]] = True
        return found


def stage_figures(name: str, history: StageHistory, spans: Sequence[Span]) -> list[Figure]:
    """One of STAGE_METRICS in each span."""
    numbers = [STAGES.index(stage) for stage in STAGE_METRICS[name]]
    return [_figure(name, history, span, numbers) for span in spans]


def _figure(name: str, history: StageHistory, span: Span, numbers: Sequence[int]) -> Figure:
    if name == "churn_rate":
        before = history.at(span.first - DAY)
        mine = (before != _NOBODY) & ~np.isin(before, numbers)
        return share(int((mine & np.isin(history.at(span.last), numbers)).sum()), int(mine.sum()))
    if name == "reactivated":
        people = int((np.isin(history.at(span.first - DAY), numbers) & history.bought(span)).sum())
    else:
        people = int(np.isin(history.at(span.last), numbers).sum())
    return Figure(float(people), people)
