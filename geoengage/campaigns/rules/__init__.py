"""The pure half of campaigns: what one is, whom it reaches when, how its status moves. No SQL, no HTTP, no clock.

`definition` holds the words, `triggers` what campaigns wait for, `steps` and `journey` how people go through them,
`decision` the checks before a message, `ranking` which of several goes first, `lifecycle` review and status, `lint` the
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
    OF_HISTORY,
    OF_PLACES,
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
from geoengage.campaigns.rules.journey import (
    END_WORDS,
    Course,
    Ended,
    Facts,
    Known,
    Passed,
    Progress,
    Spot,
    StepCase,
    advance,
    consents,
    decide_step,
    exit_of,
)
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
from geoengage.campaigns.rules.steps import (
    MOST_DEEP,
    MOST_STEPS,
    ONLY_STEP,
    Again,
    Bought,
    Branch,
    Condition,
    Did,
    Exits,
    Reentry,
    Say,
    Step,
    Wait,
    WaitUntil,
    conditions_of,
    messages_of,
    moved_places,
    walk,
)
from geoengage.campaigns.rules.triggers import (
    FRESH,
    OnCart,
    OnDate,
    OnEvent,
    OnOrder,
    OnSchedule,
    PropertyTest,
    When,
    Whose,
    days_meant,
    due_runs,
    passes,
    runs_at,
)
from geoengage.campaigns.rules.wording import (
    SAMPLE_CONTENT,
    SAMPLE_RECOMMENDED,
    Names,
    check_texts,
    sample_said,
    uses_content,
    uses_recommendations,
    values_for,
    write,
    write_values,
)
from geoengage.campaigns.rules.words import says

__all__ = [
    "END_WORDS", "FRESH", "MAX_CAP_DAYS", "MAX_COOLDOWN_S", "MOST_DEEP", "MOST_STEPS", "OF_HISTORY", "OF_PLACES",
    "ONLY_STEP", "RUNNING", "SAMPLE_CONTENT", "SAMPLE_RECOMMENDED", "Again", "AttributeTest", "Audience", "Bought",
    "Branch",
    "CampaignChanged", "Cap", "Case", "Condition", "Content", "Course", "Definition", "Did", "Ended", "Everyone",
    "Exits", "Facts", "InSegment", "Known", "Move", "MoveCase", "Names", "OnCart", "OnDate", "OnEvent", "OnOrder",
    "OnSchedule", "Op", "Passed", "Place", "Policy", "Progress", "PropertyTest", "QuietHours", "Reentry", "Say",
    "Span", "Spot", "Standing", "Status", "Step", "StepCase", "TargetSegment", "TargetStore", "TargetZone",
    "TriggerKind", "Wait", "WaitUntil", "When", "Whose", "WrongStatus", "addressed", "advance", "after_activate",
    "after_edit", "after_pause", "check_in_review", "check_texts", "conditions_of", "consents", "days_meant",
    "decide", "decide_move", "decide_step", "due_runs", "exit_of", "expires_at", "in_audience", "is_still_so",
    "is_triggered", "length_warnings", "messages_of", "moved_places", "needs_review", "outlives_visit", "overlap",
    "passes", "reviewed_part", "runs_at", "sample_said", "says", "segments_of", "stale_at", "starts_at", "status_at",
    "uses_content", "uses_recommendations", "values_for", "visible", "visible_groups", "waits_at", "walk",
    "warnings", "write", "write_values",
]  # fmt: skip
