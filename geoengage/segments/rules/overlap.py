"""Sizes, pairs and parts of sets that overlap, from how many people are in exactly which of them. Pure."""

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from uuid import UUID

Parts = Mapping[frozenset[UUID], int]  # exactly these sets, and no other → people


def in_all(parts: Parts, ids: Collection[UUID]) -> int:
    """How many people are in all of these."""
    return sum(count for together, count in parts.items() if together.issuperset(ids))


def pairs(ids: Sequence[UUID]) -> list[tuple[UUID, UUID]]:
    """Each two of the sets, in their order."""
    return list(combinations(ids, 2))
