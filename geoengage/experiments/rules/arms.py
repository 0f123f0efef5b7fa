"""Which arm of an experiment somebody is in: a stable hash of campaign and person, so nobody changes arm by himself.

The tenant-wide holdout is `messaging.rules.in_holdout`, whose assignment stands; a campaign may hold back people of its
own beside it, and split the others over variants of its text.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from geoengage.messaging.rules import Blocker

# These come from what somebody, or somebody else, was sent before, and a holdout is sent nothing: to leave those people
# out of one arm only would make the arms unlike. So they count in both, as they were meant to get it.
_ATTENTION = frozenset(
    {Blocker.CAP, Blocker.COOLDOWN, Blocker.BUDGET, Blocker.OUTRANKED, Blocker.SPEND_LIMIT, Blocker.NO_OFFER}
)


class Side(StrEnum):
    """How somebody takes part. `tenant_holdout` gets no marketing at all, `campaign_holdout` none of this campaign."""

    SENT = "sent"
    TENANT_HOLDOUT = "tenant_holdout"
    CAMPAIGN_HOLDOUT = "campaign_holdout"


@dataclass(frozen=True, slots=True)
class Arm:
    """A variant and its weight among all of them; the share is weight / sum of weights."""

    name: str
    weight: int


def _number(key: str, campaign_id: UUID, person_id: UUID) -> int:
    digest = hashlib.sha256(key.encode() + campaign_id.bytes + person_id.bytes).digest()
    return int.from_bytes(digest[:8], "big")


def arm(key: str, campaign_id: UUID, person_id: UUID, arms: Sequence[Arm]) -> Arm:
    """The variant that this person gets: always the same while the arms stay what they are. `key` names the draw.

    ValueError without arms of any weight.
    """
    total = sum(each.weight for each in arms)
    if total <= 0:
        raise ValueError("no arm has any weight")
    at = _number(key, campaign_id, person_id) % total
    for each in arms:
        if at < each.weight:
            return each
        at -= each.weight
    raise AssertionError("weights add up to their sum")


@dataclass(frozen=True, slots=True)
class Variant:
    """A text of A/B/n, Liquid."""

    arm: Arm
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Split:
    """Into which parts a campaign's people fall: whom it holds back itself, and the texts of the others."""

    holdout_percent: int = 0
    variants: tuple[Variant, ...] = ()


ONE_TEXT = Split()
VARIANT = "variant"  # the key of the draw


def variant_of(split: Split, campaign_id: UUID, person_id: UUID) -> Variant | None:
    """The text that this person gets; None: there is but one."""
    if not split.variants:
        return None
    drawn = arm(VARIANT, campaign_id, person_id, [each.arm for each in split.variants])
    return next(each for each in split.variants if each.arm == drawn)


def held_by_campaign(campaign_id: UUID, person_id: UUID, percent: int) -> bool:
    """Whether a campaign's own holdout has this person; raising `percent` only adds people."""
    return _number("campaign-holdout", campaign_id, person_id) % 10_000 < percent * 100


def takes_part(blockers: Collection[str]) -> bool:
    """Whether a decision puts somebody into the experiment: nothing but holdout and limits of attention said no."""
    return not set(blockers) - _ATTENTION - {Blocker.HOLDOUT.value}
