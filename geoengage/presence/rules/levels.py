"""On which floor is a phone that does not say so? A belief that scales confidence (DESIGN rule 2).

Most phones report no floor. Until one is known, the ground floor is the best guess (people come in there); a known
floor fades with time, and faster once the phone was near a lift, an escalator or stairs. A report may be wrong: one
against many moves the belief little, a second one turns it.
"""

from collections.abc import Collection
from datetime import datetime
from math import exp

GROUND_PRIOR = 0.6  # P(ground floor) of a phone that never said anything, in a building of several floors
FADE_S = 600.0  # time constant after which a reported floor has lost 63 % of its weight
CONNECTOR_WEIGHT = 0.6  # what a pass by a lift or stairs leaves of the belief
CHANGES_S = 3600.0  # how long people stay on a floor when no lift is seen; `FADE_S` is more careful, for it acts alone
SUREST = 0.998


def prior(level: int, levels: Collection[int]) -> float:
    """P(level) with nothing known; the floors of the building share what the ground floor leaves."""
    if len(levels) <= 1:
        return 1.0
    if 0 not in levels:
        return 1 / len(levels)
    return GROUND_PRIOR if level == 0 else (1 - GROUND_PRIOR) / (len(levels) - 1)


def belief_weight(level_at: datetime, connector_at: datetime | None, now: datetime) -> float:
    """How much of a floor reported at `level_at` still counts, 0–1."""
    weight = exp(-max(0.0, (now - level_at).total_seconds()) / FADE_S)
    return weight * CONNECTOR_WEIGHT if connector_at is not None and connector_at > level_at else weight


def told(
    believed: tuple[int, float] | None,
    level_at: datetime | None,
    connector_at: datetime | None,
    reported: int,
    now: datetime,
    wrong: float,
) -> tuple[int, float]:
    """The floor and its weight 0–1 after one more report; a share `wrong` of reports is not true.

    `believed` as it was at `level_at`; `connector_at`: when it was last near a lift or stairs, this report counted in.
    By Bayes' rule; a report errs to every other floor alike, so that their number falls out.
    """
    if believed is None or level_at is None:
        return reported, min(1.0 - wrong, SUREST)
    level, weight = believed
    weight = min(weight, SUREST) * exp(-max(0.0, (now - level_at).total_seconds()) / CHANGES_S)
    if connector_at is not None and connector_at >= level_at:
        weight *= CONNECTOR_WEIGHT
    right = weight if level == reported else 1.0 - weight
    p = (1.0 - wrong) * right / ((1.0 - wrong) * right + wrong * (1.0 - right))
    return (reported, min(p, SUREST)) if level == reported or p >= 0.5 else (level, min(1.0 - p, SUREST))


def level_probability(
    zone_levels: Collection[int],
    building: Collection[int],
    reported: int | None,
    believed: tuple[int, float] | None,
) -> float:
    """P(the phone is on one of the zone's floors), 0–1.

    `zone_levels` empty means outdoors: always 1. `reported` is the floor of this very fix; `believed` the known floor
    with its weight (`told`, `belief_weight`), the report counted in; `building` all floors of the zone's mall.
    """
    if not zone_levels:
        return 1.0
    if reported is not None and (believed is None or believed[0] == reported):
        return 1.0 if reported in zone_levels else 0.0
    if reported is not None and believed is not None and believed[0] not in zone_levels:
        return 0.0  # the report is taken for an error; that makes no third floor likely
    by_prior = sum(prior(level, building) for level in zone_levels)
    if believed is None:
        return min(1.0, by_prior)
    level, weight = believed
    return min(1.0, weight * (level in zone_levels) + (1 - weight) * by_prior)
