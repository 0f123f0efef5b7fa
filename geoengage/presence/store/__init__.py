"""SQL of presence, one file a use: `devices` (locks, states), `pings`, `visits` (what was decided), `lists` (reading).

Everything is imported from here; the files are a matter of size.
"""

from geoengage.presence.store.changes import (
    DueChange,
    claim_zone_change,
    insert_zone_change,
    list_concerned,
    move_zone_change,
)
from geoengage.presence.store.check_in import find_shopper_app
from geoengage.presence.store.checkpoints import (
    find_checkpoint,
    insert_checkpoints,
    rewind_checkpoints,
)
from geoengage.presence.store.devices import (
    Admission,
    LockedDevice,
    PingPolicy,
    admit,
    find_device,
    forget_positions,
    get_ping_policy,
    list_states,
    lock_devices,
    set_relocation,
    upsert_states,
)
from geoengage.presence.store.lists import EventFilter, VisitFilter, list_visits, list_zone_events
from geoengage.presence.store.pings import (
    insert_plain_runs,
    insert_rejections,
    insert_runs,
    list_fixes,
    list_known_times,
    set_verdicts,
)
from geoengage.presence.store.visits import (
    VisitChange,
    insert_zone_events,
    list_due_timers,
    list_spans,
    replace_occupancy,
    tenants_with_due_timers,
    tenants_with_timers,
    write_timers,
    write_visits,
)

__all__ = [
    "Admission",
    "DueChange",
    "EventFilter",
    "LockedDevice",
    "PingPolicy",
    "VisitChange",
    "VisitFilter",
    "admit",
    "claim_zone_change",
    "find_checkpoint",
    "find_device",
    "find_shopper_app",
    "forget_positions",
    "get_ping_policy",
    "insert_checkpoints",
    "insert_plain_runs",
    "insert_rejections",
    "insert_runs",
    "insert_zone_change",
    "insert_zone_events",
    "list_concerned",
    "list_due_timers",
    "list_fixes",
    "list_known_times",
    "list_spans",
    "list_states",
    "list_visits",
    "list_zone_events",
    "lock_devices",
    "move_zone_change",
    "replace_occupancy",
    "rewind_checkpoints",
    "set_relocation",
    "set_verdicts",
    "tenants_with_due_timers",
    "tenants_with_timers",
    "upsert_states",
    "write_timers",
    "write_visits",
]  # fmt: skip
