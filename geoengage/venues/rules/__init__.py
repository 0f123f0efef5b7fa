"""What a valid place is, and what presence reads of a published zone. Pure: no SQL, no HTTP, no clock.

`geometry` takes GeoJSON apart, `hours` says when something is open, `zones` holds the words of zones. Everything is
imported from here; the files are a matter of size.
"""

from geoengage.venues.rules.geometry import (
    CIRCLE_MAX_M,
    CIRCLE_MIN_M,
    MAX_CORNERS,
    Flaw,
    area_m2,
    check_area,
    check_crs,
    check_point,
    circle_flaw,
    circle_shape,
    far_from,
    split_bbox,
    swapped_axes,
    to_geojson,
)
from geoengage.venues.rules.hours import DAYS, Hours, Schedule, check_hours, is_open, parse_schedule
from geoengage.venues.rules.zones import (
    CONNECTORS,
    Connector,
    PublishedZone,
    Sensitivity,
    UnitCategory,
    VenueChange,
    VenueChanged,
    ZoneKind,
    ZoneRules,
    ZoneStatus,
    zone_status,
)

__all__ = [
    "CIRCLE_MAX_M", "CIRCLE_MIN_M", "CONNECTORS", "DAYS", "MAX_CORNERS", "Connector", "Flaw", "Hours", "PublishedZone",
    "Schedule", "Sensitivity", "UnitCategory", "VenueChange", "VenueChanged", "ZoneKind", "ZoneRules", "ZoneStatus",
    "area_m2", "check_area", "check_crs", "check_hours", "check_point", "circle_flaw", "circle_shape", "far_from",
    "is_open", "parse_schedule", "split_bbox", "swapped_axes", "to_geojson", "zone_status",
]  # fmt: skip
