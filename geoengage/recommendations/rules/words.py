"""Why something is recommended, in words that one can say to the person. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class RecommendationKind(StrEnum):
    """What a recommendation follows from. `due` and `usual` know the person, `together` what is at hand."""

    DUE = "due"
    USUAL = "usual"
    TOGETHER = "together"
    POPULAR = "popular"


@dataclass(frozen=True, slots=True)
class Because:
    """The facts behind it, as far as the kind has them."""

    gap_days: int | None = None
    since_days: int | None = None
    times: int | None = None
    of: int | None = None
    with_name: str | None = None


def reason(kind: RecommendationKind, because: Because, *, at_store: str | None = None) -> str:
    """One sentence, e.g. “Bought about every 14 days, the last time 15 days ago”."""
    match kind:
        case RecommendationKind.DUE:
            every = f"every {_days(because.gap_days or 1)}" if (because.gap_days or 1) > 1 else "every day"
            return f"Bought about {every}, the last time {_days(because.since_days or 0)} ago"
        case RecommendationKind.USUAL:
            return f"Bought on {because.times} of {because.of} shopping days"
        case RecommendationKind.TOGETHER:
            return f"Often bought together with {because.with_name}"
        case RecommendationKind.POPULAR:
            return f"Popular at {at_store} now" if at_store else "Popular now"


def _days(n: int) -> str:
    return "1 day" if n == 1 else f"{n} days"
