"""The pure half of campaigns: what one is, whom it reaches when, how its status moves. No SQL, no HTTP, no clock.

`definition` holds the words, `decision` the checks before a message, `lifecycle` review and status, `lint` the
warnings, `counts` what may be said about numbers of people. Everything is imported from here.
"""

from geoengage.campaigns.rules.counts import visible, visible_groups
from geoengage.campaigns.rules.decision import (
    Case,
    Place,
    Policy,
    decide,
    expires_at,
    in_audience,
    is_triggered,
    outlives_visit,
    waits_at,
)
from geoengage.campaigns.rules.definition import (
    MAX_CAP_DAYS,
    MAX_COOLDOWN_S,
    AttributeTest,
    Audience,
    Cap,
    Content,
    Definition,
    Everyone,
    InSegment,
    Move,
    Op,
    QuietHours,
    Span,
    TriggerKind,
    reviewed_part,
)
from geoengage.campaigns.rules.events import CampaignChanged
from geoengage.campaigns.rules.lifecycle import (
    RUNNING,
    Standing,
    Status,
    WrongStatus,
    after_activate,
    after_edit,
    after_pause,
    check_in_review,
    needs_review,
    status_at,
)
from geoengage.campaigns.rules.lint import (
    TargetSegment,
    TargetStore,
    TargetZone,
    length_warnings,
    overlap,
    segments_of,
    warnings,
)
from geoengage.campaigns.rules.moves import MoveCase, addressed, decide_move, is_still_so, stale_at, starts_at
from geoengage.campaigns.rules.wording import (
    SAMPLE_CONTENT,
    SAMPLE_RECOMMENDED,
    Names,
    check_texts,
    uses_content,
    uses_recommendations,
    values_for,
    write,
    write_values,
)

__all__ = [
    "MAX_CAP_DAYS", "MAX_COOLDOWN_S", "RUNNING", "SAMPLE_CONTENT", "SAMPLE_RECOMMENDED", "AttributeTest", "Audience",
    "CampaignChanged", "Cap", "Case", "Content", "Definition", "Everyone", "InSegment", "Move", "MoveCase", "Names",
    "Op", "Place", "Policy", "QuietHours", "Span", "Standing", "Status", "TargetSegment", "TargetStore",
    "TargetZone", "TriggerKind", "WrongStatus", "addressed", "after_activate", "after_edit", "after_pause",
    "check_in_review", "check_texts", "decide", "decide_move", "expires_at", "in_audience", "is_still_so",
    "is_triggered", "length_warnings", "needs_review", "outlives_visit", "overlap", "reviewed_part", "segments_of",
    "stale_at", "starts_at", "status_at", "uses_content", "uses_recommendations", "values_for", "visible",
    "visible_groups", "waits_at", "warnings", "write", "write_values",
]  # fmt: skip
