"""Answers about campaigns, and small requests."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from geoengage.campaigns.shapes.pieces import BODY, TITLE, Source
from geoengage.kit.shapes import Shape


class EstimateOut(BaseModel):
    """How many people it could be sent to now, the holdout included. Groups of one to nine are not shown."""

    people: int | None = Field(description="Distinct people; null when there are one to nine, or so few others.")
    blocked_by: dict[str, int] = Field(description="People of the audience out of reach: no_consent, suppressed, …")


class ReviewOut(BaseModel):
    """Where it stands with the tenant's approvers."""

    submitted_at: datetime | None = Field(description="When it was handed in.")
    decided_at: datetime | None = Field(description="When it was approved or rejected.")
    decided_by: str | None = Field(description="Who decided.")
    reason: str | None = Field(description="Why it was rejected; null when it was approved.")


class RejectIn(Shape):
    """Why a campaign cannot run as it is."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)] = Field(
        description="For its author."
    )


class PreviewIn(Shape):
    """A text to try."""

    title: Source = Field(description=TITLE)
    body: Source = Field(description=BODY)
    store_id: UUID | None = Field(default=None, description="Whose name store.name is; else the zone's store.")
    zone_id: UUID | None = Field(default=None, description="Whose names zone.name and mall.name are.")
    first_name: str | None = Field(default=None, max_length=200, description="Left out: as for an unknown name.")


class PreviewOut(BaseModel):
    """The text as a phone would get it."""

    title: str = Field(description="Rendered title.")
    body: str = Field(description="Rendered text.")
    warnings: list[str] = Field(description="What a phone will cut, and the like.")


class ReportOut(BaseModel):
    """What became of the messages. Null: the number would point at one to nine people."""

    sent: int | None = Field(description="Taken by the provider or shown in the preview inbox.")
    received: int | None = Field(description="Of those, confirmed by the app.")
    opened: int | None = Field(description="Of those, opened.")
    failed: int | None = Field(description="Refused by the provider, misconfigured, or without an answer.")
    skipped: dict[str, int] = Field(description="Not sent, by the first reason; small groups are left out.")
    people: int | None = Field(description="Distinct people who were sent a message.")


class CampaignTag(BaseModel):
    """A tag in use."""

    tag: str = Field(description="As it is written.")
    campaigns: int = Field(description="How many campaigns have it, archived ones included.")


class CampaignTags(BaseModel):
    """The tags in use, by alphabet."""

    items: list[CampaignTag] = Field(description="All of them.")
