"""Whether definitions hold for many people at once, and until when, from whether their leaves do. Pure.

Moments are microseconds since 2000, as the database counts; `NEVER` is later than all. A result's moment is the next
one at which time alone could change it: before that, only something that somebody does can.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoengage.segments.rules.groups import AllCondition, AnyCondition, NotCondition
from geoengage.segments.rules.pieces import Condition

NEVER = np.iinfo(np.int64).max
_EVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Truth:
    """For each person of a row of people: whether it holds, and the next moment at which time can change that."""

    holds: NDArray[np.bool_]
    due: NDArray[np.int64]


def of_people(count: int, *, otherwise: bool) -> Truth:
    """The same for everybody, for good."""
    return Truth(np.full(count, otherwise), np.full(count, NEVER))


def truth(condition: Condition, leaf: Callable[[Condition], Truth]) -> Truth:
    """A definition's truth from that of its leaves.

    What holds not because some part does not, can only come to hold once all such parts have changed; what holds can
    end with any part. For `any` the other way round.
    """
    if isinstance(condition, NotCondition):
        inner = truth(condition.of, leaf)
        return Truth(~inner.holds, inner.due)
    if isinstance(condition, AllCondition):
        return _all([truth(part, leaf) for part in condition.of])
    if isinstance(condition, AnyCondition):
        inner = _all([Truth(~t.holds, t.due) for t in (truth(part, leaf) for part in condition.of)])
        return Truth(~inner.holds, inner.due)
    return leaf(condition)


def _all(parts: Sequence[Truth]) -> Truth:
    holds = np.logical_and.reduce([part.holds for part in parts])
    first: NDArray[np.int64] = np.minimum.reduce([part.due for part in parts])
    last: NDArray[np.int64] = np.maximum.reduce([np.where(part.holds, _EVER, part.due) for part in parts])
    due: NDArray[np.int64] = np.where(holds, first, last)
    return Truth(holds, due)


def deciding(condition: Condition, holds: Callable[[Condition], bool]) -> list[str]:
    """The paths of the leaves because of which a definition holds for one person, or does not.

    Of `all` that does not hold, those parts that do not; of one that does, all of them; of `any` the other way round.
    """

    def follow(part: Condition, path: str) -> tuple[bool, list[str]]:
        below = [follow(inner, f"{path}/{step}".lstrip("/")) for step, inner in part.parts()]
        if isinstance(part, NotCondition):
            return not below[0][0], below[0][1]
        if not below:
            return holds(part), [path]
        here = all(held for held, _ in below) if isinstance(part, AllCondition) else any(held for held, _ in below)
        return here, [leaf for held, leaves in below if held is here for leaf in leaves]

    return follow(condition, "")[1]


def reasons(condition: Condition, holds: Callable[[Condition], bool], touched: Collection[str]) -> list[str]:
    """Which leaves made somebody enter or leave: of those that decide now, the ones that the cause can have changed.

    `touched`: paths of leaves that it concerns. When none of the deciding ones is among them, all that decide.
    """
    found = deciding(condition, holds)
    return [path for path in found if path in touched] or found
