"""SQL of what is read across domains.

`explain` one device's time, `people` finds somebody, `person` and `timeline` tell of them, `drafts` what a drawn zone
is judged by, `footfall` the visits and positions of a mall.
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
from geoengage.reports.store.people import Found, list_recent, search
from geoengage.reports.store.person import Habit, find_habits, list_figures, list_open_carts
from geoengage.reports.store.timeline import Of, Rows, find_ids, list_entries

__all__ = [
    "MOST_FIXES",
    "Found",
    "Habit",
    "Near",
    "Of",
    "Rows",
    "Span",
    "SpotRow",
    "Squares",
    "find_category",
    "find_habits",
    "find_ids",
    "find_level_before",
    "find_median_accuracy",
    "find_timezone",
    "get_device",
    "list_campaigns_at",
    "list_devices_near",
    "list_entries",
    "list_events",
    "list_figures",
    "list_fixes",
    "list_heat",
    "list_messages",
    "list_named_campaigns",
    "list_named_devices",
    "list_neighbours",
    "list_open_carts",
    "list_open_zones",
    "list_outlines",
    "list_recent",
    "list_rejections",
    "list_sends",
    "list_spots",
    "list_streams",
    "read_visits",
    "search",
]  # fmt: skip
