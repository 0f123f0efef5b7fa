"""What is decided about what people usually do, one file a subject. Pure. Everything is imported from here."""

from geoengage.metrics.rules.decline import DEGREES, Decline, Degree, History, Shop, Thresholds, decline
from geoengage.metrics.rules.events import HabitsChanged
from geoengage.metrics.rules.gaps import Population, fit_population
from geoengage.metrics.rules.habits import PERCENTILES, CustomerHabit, Kept, Told, changed, checks, habits
from geoengage.metrics.rules.season import Purchases, Season, fit_season, purchases
from geoengage.metrics.rules.stages import STAGES, Stage, stage, stages_over
from geoengage.metrics.rules.traits import (
    BIRTHDAYS,
    CELL_LAT_DEG,
    CELL_LON_DEG,
    LEAST_TIMES,
    NAMES,
    Habit,
    Known,
    age_band,
    cell_name,
    cell_of,
    compute,
    usual,
)

__all__ = [
    "BIRTHDAYS", "CELL_LAT_DEG", "CELL_LON_DEG", "DEGREES", "LEAST_TIMES", "NAMES", "PERCENTILES", "STAGES",
    "CustomerHabit", "Decline", "Degree", "Habit", "HabitsChanged", "History", "Kept", "Known", "Population",
    "Purchases", "Season", "Shop", "Stage", "Thresholds", "Told", "age_band", "cell_name", "cell_of", "changed",
    "checks", "compute", "decline", "fit_population", "fit_season", "habits", "purchases", "stage", "stages_over",
    "usual",
]  # fmt: skip
