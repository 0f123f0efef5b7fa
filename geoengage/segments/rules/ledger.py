"""What segments say in the ledger. Pure."""

from datetime import datetime
from uuid import UUID

from geoengage.kit.event_base import Event


class SegmentMoved(Event, frozen=True, kw_only=True):
    """Common to both. `at`: when it became true; `version`: of the definition that says so."""

    segment_id: UUID
    profile_id: UUID
    at: datetime
    version: int


class SegmentEntered(SegmentMoved, frozen=True, kw_only=True, tag="segment.entered"):
    """Somebody came into a segment, by what they did or by time. Not told for a first build or a changed definition."""


class SegmentExited(SegmentMoved, frozen=True, kw_only=True, tag="segment.exited"):
    """Somebody left a segment. Not told for a changed definition, nor for who was merged into another person."""


class SegmentRebuilt(Event, frozen=True, kw_only=True, tag="segment.rebuilt"):
    """A new or changed definition is in force: `size` people are in it now, `entered` and `exited` by the change."""

    segment_id: UUID
    version: int
    size: int
    entered: int
    exited: int
    at: datetime


class SegmentRetired(Event, frozen=True, kw_only=True, tag="segment.deleted"):
    """A segment is no more."""

    segment_id: UUID
    at: datetime


class ListChanged(Event, frozen=True, kw_only=True, tag="segment.list_changed"):
    """A static list has other people."""

    list_id: UUID
    at: datetime
