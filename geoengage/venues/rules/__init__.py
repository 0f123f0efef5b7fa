"""What a valid place is, and what presence reads of a published zone. Pure: no SQL, no HTTP, no clock.

`geometry` takes GeoJSON apart, `widen` moves its edges, `hours` says when something is open, `zones` holds the words of
zones, `evidence` those of beacons and codes, `plans` puts pictures of floor plans in their place, `pictures` says which
are taken. Everything is imported from here; the files are a matter of size.
"""

from geoengage.venues.rules.evidence import (
    CHECK_IN_REACH_M,
    CODE_LENGTH,
    DEFAULT_RADIUS_M,
    DEFAULT_RSSI_AT_1M,
    HEARD_TRUST,
    TIGHTEST_M,
    WIDEST_M,
    EvidenceKind,
    PlacedEvidence,
    can_enter,
    code_of,
    identity_flaws,
    level_fits,
    normal_bssid,
    normal_code,
    normal_uuid,
    reach_share,
)
from geoengage.venues.rules.geojson import check_any
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
from geoengage.venues.rules.pictures import MEDIA_TYPES, BadPicture, Picture, read_picture
from geoengage.venues.rules.plans import KnownPoint, Placement, place, placement_flaws
from geoengage.venues.rules.widen import Corners, widen
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
    since_flaw,
    zone_status,
)

__all__ = [
    "CHECK_IN_REACH_M", "CIRCLE_MAX_M", "CIRCLE_MIN_M", "CODE_LENGTH", "CONNECTORS", "DAYS", "DEFAULT_RADIUS_M",
    "DEFAULT_RSSI_AT_1M", "HEARD_TRUST", "MAX_CORNERS", "MEDIA_TYPES", "TIGHTEST_M", "WIDEST_M", "BadPicture",
    "Connector", "Corners", "EvidenceKind", "Flaw", "Hours", "KnownPoint", "Picture", "PlacedEvidence", "Placement",
    "PublishedZone", "Schedule", "Sensitivity", "UnitCategory", "VenueChange", "VenueChanged", "ZoneKind",
    "ZoneRules", "ZoneStatus", "area_m2", "can_enter", "check_any", "check_area", "check_crs", "check_hours",
    "check_point", "circle_flaw", "circle_shape", "code_of", "far_from", "identity_flaws", "is_open", "level_fits",
    "normal_bssid", "normal_code", "normal_uuid", "parse_schedule", "place", "placement_flaws", "reach_share",
    "read_picture", "since_flaw", "split_bbox", "swapped_axes", "to_geojson", "widen", "zone_status",
]  # fmt: skip
