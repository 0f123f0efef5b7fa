"""A campaign's status, and who may move it where.

Stored are the decisions of people: draft, in_review, active, paused, rejected. Scheduled and finished follow from the
validity and the clock, so no job has to set them and no reader can see them wrong.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from geoengage.kit.errors import Conflict
from geoengage.tenancy.rules import Review


class Status(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    PAUSED = "paused"
    FINISHED = "finished"
    REJECTED = "rejected"


RUNNING = (Status.SCHEDULED, Status.ACTIVE)


class WrongStatus(Conflict):
    """The campaign's status does not allow this."""

    code = "campaign-status"
    title = "Not in this status"

    def __init__(self, status: Status, detail: str) -> None:
        super().__init__(detail, status_now=status.value)


def status_at(stored: Status, valid_from: datetime | None, valid_to: datetime | None, now: datetime) -> Status:
    """The status to show and to act on. Whatever was activated or paused is finished once `valid_to` has passed."""
    if stored in (Status.ACTIVE, Status.PAUSED) and valid_to is not None and now >= valid_to:
        return Status.FINISHED
    if stored is Status.ACTIVE and valid_from is not None and now < valid_from:
        return Status.SCHEDULED
    return stored


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether somebody's campaign needs a second pair of eyes.

    `restricted`: the caller may act for some stores only. `approved`: this campaign was approved as it is written now.
    `store_approved`: the tenant has approved some campaign of the same store before.
    """

    restricted: bool
    is_marketing: bool
    approved: bool
    store_approved: bool


def needs_review(review: Review, standing: Standing) -> bool:
    """Whether activation waits for an approver. Service messages always do: they are the second confirmation."""
    if standing.approved:
        return False
    if not standing.is_marketing:
        return True
    if not standing.restricted or review is Review.NEVER:
        return False
    return review is Review.ALWAYS or not standing.store_approved


def after_activate(status: Status, valid_to: datetime | None, now: datetime, *, review: bool) -> Status:
    """The stored status after activation or approval; activating what runs or waits for review changes nothing."""
    if valid_to is not None and valid_to <= now:
        raise WrongStatus(status, "valid_to has passed: set a later one, then activate")
    if status in RUNNING:
        return Status.ACTIVE
    if status is Status.IN_REVIEW:
        return status
    return Status.IN_REVIEW if review else Status.ACTIVE


def after_pause(status: Status) -> Status:
    """The stored status after pausing."""
    if status not in (*RUNNING, Status.PAUSED):
        raise WrongStatus(status, "only a campaign that is active or scheduled can be paused")
    return Status.PAUSED


def check_in_review(status: Status) -> None:
    """Raise unless the campaign waits for a decision."""
    if status is not Status.IN_REVIEW:
        raise WrongStatus(status, "only a campaign in review can be approved or rejected")


def check_archivable(status: Status) -> None:
    """Raise while the campaign may send or waits for a decision: what is put away does nothing."""
    if status in (*RUNNING, Status.IN_REVIEW):
        raise WrongStatus(status, "it is running or waits for review: pause it, or have it decided, then archive it")


def check_not_archived(status: Status, archived_at: datetime | None) -> None:
    """Raise for a campaign that was put away."""
    if archived_at is not None:
        raise WrongStatus(status, "it is archived: take it out of the archive first")


def after_edit(stored: Status, *, reviewed_part_changed: bool, needs_review: bool) -> Status:
    """The stored status after an edit: what must be approved and has changed goes back to the approver."""
    if stored is Status.REJECTED:
        return Status.DRAFT
    if reviewed_part_changed and needs_review:
        return {Status.ACTIVE: Status.IN_REVIEW, Status.PAUSED: Status.DRAFT}.get(stored, stored)
    return stored
