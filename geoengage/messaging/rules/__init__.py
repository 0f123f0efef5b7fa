"""The pure half of messaging. No SQL, no HTTP, no clock.

`drafts` has the words, blockers and budgets, `checks` the look just before the socket, `outcomes` what a provider's
answer means, `pace` limits and pauses, `accounts` service accounts, `options` what a push says beyond its words, `text`
the rendering. Everything is imported from here; the files are a matter of size.
"""

from geoengage.messaging.rules.accounts import (
    Check,
    CheckResult,
    SenderStatus,
    check,
    kept_members,
    read_check,
    service_account_flaws,
)
from geoengage.messaging.rules.checks import Policy, Waiting, blockers_now, test_push_blockers
from geoengage.messaging.rules.drafts import (
    BUDGET_DAYS,
    TENANT_GATE,
    Blocker,
    Budget,
    Draft,
    MessageChanged,
    Purpose,
    Send,
    SendingResumed,
    SendingStopped,
    Status,
    campaign_gate,
    gate_blocker,
    in_holdout,
    in_order,
    zone_gate,
)
from geoengage.messaging.rules.options import (
    LINK_MAX,
    NO_OPTIONS,
    AndroidOptions,
    ApnsOptions,
    PushOptions,
    https_flaw,
    link_flaw,
)
from geoengage.messaging.rules.outcomes import (
    Answer,
    Attempt,
    Failed,
    Misconfigured,
    Outcome,
    Sent,
    Settled,
    Skipped,
    Unknown,
    after_answer,
    after_silence,
    after_web_push,
    backoff_s,
    misconfigured,
    not_reached,
    retry_after_s,
    settle,
    while_paused,
)
from geoengage.messaging.rules.pace import Bucket, Draw, Limit, Pause, Paused, Route, draw, rate_per_s
from geoengage.messaging.rules.text import (
    BODY_MAX,
    TITLE_MAX,
    VARIABLES,
    Text,
    TextError,
    check_template,
    clean,
    cut,
    render,
    render_message,
)

__all__ = [
    "BODY_MAX", "BUDGET_DAYS", "LINK_MAX", "NO_OPTIONS", "TENANT_GATE", "TITLE_MAX", "VARIABLES", "AndroidOptions",
    "Answer", "ApnsOptions", "Attempt", "Blocker", "Bucket", "Budget", "Check", "CheckResult", "Draft", "Draw",
    "Failed", "Limit", "MessageChanged", "Misconfigured", "Outcome", "Pause", "Paused", "Policy", "Purpose",
    "PushOptions", "Route", "Send", "SenderStatus", "SendingResumed", "SendingStopped", "Sent", "Settled",
    "Skipped", "Status", "Text", "TextError", "Unknown", "Waiting", "after_answer", "after_silence",
    "after_web_push", "backoff_s", "blockers_now", "campaign_gate", "check", "check_template", "clean", "cut",
    "draw", "gate_blocker", "https_flaw", "in_holdout", "in_order", "kept_members", "link_flaw", "misconfigured",
    "not_reached", "rate_per_s", "read_check", "render", "render_message", "retry_after_s", "service_account_flaws",
    "settle", "test_push_blockers", "while_paused", "zone_gate",
]  # fmt: skip
