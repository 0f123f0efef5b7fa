"""The 168 hours of a week as a circle: counts smoothed over it, shrunk from person to segment to tenant to day part.

Hour 0 is Monday 00:00 on the person's own clock. Circular kernel density after Fisher, Statistical Analysis of Circular
Data (1993), chapter 2.4; the chain of shrinkage is a Dirichlet prior at each step: a share of n actions of one's own
counts n / (n + m). Pure.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

HOURS = 168
Shares = NDArray[np.float64]  # 168 numbers that sum to 1
Counts = NDArray[np.float64]  # 168 numbers, not negative: weighted actions

# How wide an action counts, in hours, and how much of it on another day of the same kind (weekday, weekend) and of the
# other kind. The gain of the recovery test (tests/unit/test_timing_recovery.py) is flat around these.
WIDTH_H = 1.25
SAME_KIND, OTHER_KIND = 0.35, 0.1
# Actions that the prior stands for.
OF_SEGMENT, OF_TENANT, OF_DAY_PARTS = 6.0, 60.0, 60.0
HALF_LIFE_DAYS = 90.0
KNOWN_DAYS = 365
WEIGHTS = {"click": 1.0, "purchase": 1.0, "visit": 0.5}


@dataclass(frozen=True, slots=True)
class Peak:
    """The best hour of a week. `concentration`: mean resultant length of the person's own actions over the 24 hours of
    the day, 0 (any time) to 1 (always the same); None when there are none."""

    hour: int
    share: float
    shares: Shares
    actions: float
    concentration: float | None


def hour_of_week(at: datetime, zone: ZoneInfo) -> int:
    """Which of the 168 hours the wall clock shows; an hour that comes twice is the same hour."""
    local = at.astimezone(zone)
    return local.weekday() * 24 + local.hour


def weight(kind: str, at: datetime, now: datetime) -> float:
    """How much an action counts: by its kind, halved every 90 days."""
    age_days = max(0.0, (now - at) / timedelta(days=1))
    return float(WEIGHTS[kind] * 0.5 ** (age_days / HALF_LIFE_DAYS))


def smoothed(counts: Counts, weekend: frozenset[int]) -> Shares:
    """Counts as shares of a smooth week; an even week where nothing is counted. `weekend`: its days, Monday is 0."""
    total = counts.sum()
    if total <= 0:
        return np.full(HOURS, 1 / HOURS)
    spread = _kernel(weekend) @ counts
    return np.asarray(spread / spread.sum())


@lru_cache(maxsize=64)
def _kernel(weekend: frozenset[int]) -> NDArray[np.float64]:
    """Column j: how an action in hour j counts in every hour."""
    kappa = 1 / (WIDTH_H * 2 * np.pi / HOURS) ** 2
    angle = 2 * np.pi * np.arange(HOURS) / HOURS
    bump = np.exp(kappa * (np.cos(angle) - 1))
    kernel = np.zeros((HOURS, HOURS))
    for j in range(HOURS):
        for days in range(7):
            same = (j // 24 in weekend) == ((j // 24 + days) % 7 in weekend)
            share = 1.0 if days == 0 else SAME_KIND if same else OTHER_KIND
            kernel[:, j] += share * np.roll(bump, (j + 24 * days) % HOURS)
    return kernel


def shrunk(own: Shares, actions: float, prior: Shares, prior_actions: float) -> Shares:
    """The mean of a Dirichlet posterior: own shares by what they rest on, the rest from the prior."""
    return np.asarray((actions * own + prior_actions * prior) / (actions + prior_actions))


def best_hour(
    counts: Counts,
    prior_segment: Counts,
    prior_tenant: Counts,
    day_parts: Shares,
    weekend: frozenset[int] = frozenset({5, 6}),
) -> Peak:
    """The hour in which this person most likely answers. All counts zero: the day parts alone decide.

    A segment or tenant without a count passes on what stands behind it.
    """
    shares = day_parts
    for level, prior_actions in ((prior_tenant, OF_DAY_PARTS), (prior_segment, OF_TENANT), (counts, OF_SEGMENT)):
        shares = shrunk(smoothed(level, weekend), float(level.sum()), shares, prior_actions)
    best = int(np.argmax(shares))
    return Peak(best, float(shares[best]), shares, float(counts.sum()), concentration(counts))


def concentration(counts: Counts) -> float | None:
    """Mean resultant length over the hours of the day (Fisher 1993, 2.3); None when nothing is counted."""
    total = counts.sum()
    if total <= 0:
        return None
    of_day = counts.reshape(7, 24).sum(axis=0)
    return float(abs((of_day * np.exp(2j * np.pi * (np.arange(24) + 0.5) / 24)).sum()) / total)


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """The date on the wall clock."""
    return at.astimezone(zone).date()


def hour_starts(start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """`start`, then every moment before `end` at which the wall clock begins an hour, as UTC.

    Counted in UTC, so that an hour that is skipped is not there and one that comes twice is there twice.
    """
    found, at = [start.astimezone(UTC)], start.astimezone(UTC)
    while True:
        local = at.astimezone(zone)
        at = (
            at
            + timedelta(hours=1)
            - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        )
        if at >= end:
            return found
        found.append(at)
