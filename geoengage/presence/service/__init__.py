"""The ping path and its siblings: a group of pings, timers that are due, a zone that changed, a consent withdrawn.

All four do the same: lock device rows in id order, read their states, let the pure rules decide, write everything, and
publish to the ledger last. They run in the API, in the worker, or in both, and meet only at the row locks.
"""

from geoengage.presence.service.clock import fire_timers, learn_zones, on_consent_changed, on_venue_changed
from geoengage.presence.service.indexes import IndexCache
from geoengage.presence.service.nearby import Nearby, Refresh, nearby
from geoengage.presence.service.pings import Batch, record_group
from geoengage.presence.service.relocation import relocate_device, true_position

__all__ = [
    "Batch", "IndexCache", "Nearby", "Refresh", "fire_timers", "learn_zones", "nearby", "on_consent_changed",
    "on_venue_changed", "record_group", "relocate_device", "true_position",
]  # fmt: skip
