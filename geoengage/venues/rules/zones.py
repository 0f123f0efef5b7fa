"""The words of zones: kinds, sensitivities, the rules that presence follows, and what it reads of a published zone.

Stored rules hold only what somebody gave; defaults are applied when reading, so a better default reaches old zones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from shapely.geometry.base import BaseGeometry

from geoengage.kit.event_base import Event
from geoengage.venues.rules.hours import Schedule


class ZoneKind(StrEnum):
    """What a zone is for."""

    STORE = "store"
    CORRIDOR = "corridor"
    ENTRANCE = "entrance"
    EVENTS_AREA = "events_area"
    PARKING = "parking"
    CATCHMENT = "catchment"
    DELIVERY_AREA = "delivery_area"
    OTHER = "other"


# People are in these by walking or driving through them, not by stopping.
PASSED_THROUGH = frozenset(
    {ZoneKind.CORRIDOR, ZoneKind.ENTRANCE, ZoneKind.PARKING, ZoneKind.CATCHMENT, ZoneKind.DELIVERY_AREA}
)


class Sensitivity(StrEnum):
    """Anything but `none` keeps a zone out of every device's state (DESIGN.md section 7)."""

    NONE = "none"
    HEALTH = "health"
    WORSHIP = "worship"
    CHILDREN = "children"
    RESTROOM = "restroom"


class UnitCategory(StrEnum):
    """What a part of a level is when it is no store."""

    CORRIDOR = "corridor"
    LIFT = "lift"
    ESCALATOR = "escalator"
    STAIRS = "stairs"
    ENTRANCE = "entrance"
    RESTROOM = "restroom"
    EVENTS_AREA = "events_area"
    PARKING = "parking"
    BACK_OF_HOUSE = "back_of_house"
    VOID = "void"
    OTHER = "other"


OLDEST_SINCE = timedelta(days=8)  # the oldest ping that is accepted, and a day
CONNECTORS = frozenset({UnitCategory.LIFT, UnitCategory.ESCALATOR, UnitCategory.STAIRS})


class ZoneStatus(StrEnum):
    """`changed`: published, and edited since."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CHANGED = "changed"


def zone_status(version: int, published_version: int | None) -> ZoneStatus:
    """Where a zone stands, from its newest edit and the one that matches."""
    if published_version is None:
        return ZoneStatus.DRAFT
    return ZoneStatus.PUBLISHED if version == published_version else ZoneStatus.CHANGED


def since_flaw(since: datetime, now: datetime, *, was_in_force: bool) -> str | None:
    """What is wrong with letting a zone count since a moment of the past; None when it may."""
    if was_in_force:
        return "only the first version of a zone may count pings of the past, and only when it is first published"
    if not now - OLDEST_SINCE <= since <= now:
        return f"a moment of the last {OLDEST_SINCE.days} days: older pings are not taken"
    return None


@dataclass(frozen=True, slots=True)
class ZoneRules:
    """When somebody counts as inside. Times in seconds, distances in metres (DESIGN.md section 4, rules 3-5)."""

    enter_s: int = 10
    exit_s: int = 15
    exit_tolerance_m: float = 3.0
    min_confidence: float = 0.5
    dwell_s: tuple[int, ...] = ()
    timeout_s: int = 300
    single_fix: bool = False
    crossing: bool = False
    dwell_silence_s: int = 120

    @classmethod
    def of(cls, stored: Mapping[str, Any], *, outdoor: bool) -> "ZoneRules":
        """Stored JSON with the defaults filled in; outdoors one is let in after 30 s, for fixes are fewer and worse."""
        given = dict(stored)
        if outdoor:
            given.setdefault("enter_s", 30)
        given["dwell_s"] = tuple(sorted(set(given.get("dwell_s", ()))))
        return cls(**given)


@dataclass(frozen=True, slots=True)
class PublishedZone:
    """The version of a zone that matches pings. `geometry`: lon/lat MultiPolygon, a 64-gon for a circle.

    `levels` is empty outdoors (`mall_id` None). `timezone`: the mall's, else the store's, else the tenant's. It is in
    force from `effective_from` until before `effective_to` (None: until further notice).
    """

    zone_id: UUID
    version: int
    name: str
    kind: ZoneKind
    mall_id: UUID | None
    store_id: UUID | None
    levels: frozenset[int]
    geometry: BaseGeometry
    center: tuple[float, float] | None
    radius_m: float | None
    sensitivity: Sensitivity
    rules: ZoneRules
    schedule: Schedule | None
    timezone: str
    effective_from: datetime
    effective_to: datetime | None = None


class Connector(NamedTuple):
    """A lift, escalator or stairs on one level; `geometry` in lon/lat."""

    mall_id: UUID
    level: int
    geometry: BaseGeometry


class VenueChange(StrEnum):
    """What changed, for those who react: gates, the console's alerts."""

    ZONE_PUBLISHED = "zone_published"
    ZONE_CHANGED = "zone_changed"
    ZONE_UNPUBLISHED = "zone_unpublished"
    ZONE_DELETED = "zone_deleted"
    MALL_CHANGED = "mall_changed"


class VenueChanged(Event, frozen=True, kw_only=True, tag="venue.changed"):
    """Something that matching reads changed. `zone_id` is set for the zone_… changes."""

    zone_id: UUID | None
    mall_id: UUID | None
    what: VenueChange
