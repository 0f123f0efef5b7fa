"""Which of several messages to one person comes first when they meet in the same moment. Pure.

What somebody waits for goes before service, service before marketing; then the campaign's priority (1 before 9); then
the store that has gone longest without advertising to this person; then a hash that favours nobody and is always the
same. The first may use up what the next ones need: those are then `outranked`.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from geoengage.campaigns.rules.definition import Content
from geoengage.messaging.rules import Blocker, Purpose

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_PURPOSES = {Purpose.TRANSACTIONAL: 0, Purpose.SERVICE: 1, Purpose.MARKETING: 2}


class Turns(Protocol):
    """When whose turn it was, as messaging's budgets tell it."""

    @property
    def person_id(self) -> UUID:
        """Whose attention it is."""

    def last_of_store(self, store_id: UUID | None) -> datetime | None:
        """When this store last advertised to this person."""


class Rival(Protocol):
    """One message that wants to go."""

    @property
    def campaign_id(self) -> UUID:
        """Which campaign's."""

    @property
    def content(self) -> Content:
        """What it says."""


def rank(rival: Rival, turns: Turns) -> tuple[int, int, datetime, bytes]:
    """The smaller goes first."""
    content = rival.content
    return (
        _PURPOSES[content.definition.purpose],
        content.definition.priority,
        turns.last_of_store(content.store_id) or _NEVER,
        hashlib.sha256(turns.person_id.bytes + rival.campaign_id.bytes).digest(),
    )


def next_of(rivals: Sequence[Rival], turns: Turns) -> int:
    """Which of these goes first, now that some have gone: to be asked again after each."""
    if len(rivals) == 1:
        return 0
    return min(range(len(rivals)), key=lambda i: rank(rivals[i], turns))


def told_as(blockers: Sequence[Blocker], *, was_spent: bool) -> tuple[Blocker, ...]:
    """A budget that was not spent before this moment was taken by a rival: then the reason is that."""
    return tuple(Blocker.OUTRANKED if b is Blocker.BUDGET and not was_spent else b for b in blockers)
