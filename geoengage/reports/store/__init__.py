"""SQL of what is read across domains.

`explain` one device's time, `drafts` what a drawn zone is judged by, `footfall` the visits and positions of a mall.
"""

from geoengage.reports.store.drafts import (
    Near,
    find_category,
    find_median_accuracy,
    find_timezone,
    list_devices_near,
    list_neighbours,
    list_outlines,
    list_streams,
)
from geoengage.reports.store.explain import (
    MOST_FIXES,
    Span,
    find_level_before,
    get_device,
    list_campaigns_at,
    list_events,
    list_fixes,
    list_messages,
    list_named_campaigns,
    list_named_devices,
    list_open_zones,
    list_rejections,
    list_sends,
)
from geoengage.reports.store.footfall import SpotRow, Squares, list_heat, list_spots, read_visits

__all__ = [
    "MOST_FIXES", "Near", "Span", "SpotRow", "Squares", "find_category", "find_level_before", "find_median_accuracy",
    "find_timezone", "get_device", "list_campaigns_at", "list_devices_near", "list_events", "list_fixes", "list_heat",
    "list_messages", "list_named_campaigns", "list_named_devices", "list_neighbours", "list_open_zones",
    "list_outlines", "list_rejections", "list_sends", "list_spots", "list_streams", "read_visits",
]  # fmt: skip
