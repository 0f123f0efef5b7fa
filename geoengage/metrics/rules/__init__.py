"""What is decided about what people usually do, one file a subject. Pure. Everything is imported from here."""

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
    "BIRTHDAYS", "CELL_LAT_DEG", "CELL_LON_DEG", "LEAST_TIMES", "NAMES", "Habit", "Known", "age_band", "cell_name",
    "cell_of", "compute", "usual",
]  # fmt: skip
