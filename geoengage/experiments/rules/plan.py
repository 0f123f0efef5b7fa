"""How an experiment is looked at: the plan made before the first look, and how much error each look may spend. Pure.

Each person is measured over a window of days from the decision about them, and counts once the window is over. There is
a look at the end of each local day, however often somebody asks, and the last one, at the planned end, is the answer.
Errors are shared out as Haybittle (1971, Br. J. Radiology 44:793) and Peto et al. (1976, Br. J. Cancer 34:585) do: a
tenth of them over all early looks alike, so that only an overwhelming difference ends it early, nine tenths for the
planned end. By Bonferroni's inequality all looks together then err in at most 5 of 100 experiments, whatever the looks
have to do with each other; and at the end the interval is t(.9775)/t(.975) = 1.023 times Welch's.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

ERROR = 0.05  # of all looks together, both sides
EARLY = 0.1  # the part of it that the looks before the planned end share
POWER_Z = 0.8416  # of a power of 80 %


class Measured(StrEnum):
    """What is measured of a person in the window."""

    CONVERSION = "conversion"  # bought, and did not bring everything back
    REVENUE = "revenue"
    CHURN = "churn"  # of customers: churned at the window's end
    LTV = "ltv"  # revenue of the window and what is expected of the year after it


IS_GOOD_WHEN_LESS = frozenset({Measured.CHURN})


@dataclass(frozen=True, slots=True)
class Plan:
    """What was settled beforehand. `days`: from the first decision to the planned end, the last `window_days` of which
    only wait for windows to end. `decides`: the outcome by which "it worked" is said. `smallest_effect`: relative to
    the holdout, what should be found with a probability of 80 %.
    """

    window_days: int = 30
    days: int = 90
    decides: Measured = Measured.CONVERSION
    smallest_effect: float = 0.1

    @property
    def looks(self) -> int:
        """How many days have a look."""
        return self.days - self.window_days

    def alpha(self, looks: int = 1) -> tuple[float, float]:
        """The error of each early look and of the last. `looks`: comparisons that share it, of A/B/n."""
        early = EARLY * ERROR / max(self.looks - 1, 1)
        return early / looks, (1 - EARLY) * ERROR / looks

    def is_enrolled(self, first: date, day: date) -> bool:
        """Whether who was decided on that local day belongs to an experiment that began on `first`."""
        return first <= day < first + timedelta(days=self.looks)

    def ends_on(self, first: date) -> date:
        """The local day at whose end the last look is."""
        return first + timedelta(days=self.days - 1)
