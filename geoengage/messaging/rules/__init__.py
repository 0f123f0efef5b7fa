"""The pure half of messaging. No SQL, no HTTP, no clock.

`drafts` has the words, blockers and budgets, `checks` the look just before the socket, `outcomes` what a provider's
answer means, `text` the rendering. Everything is imported from here; the files are a matter of size.
"""

from geoengage.messaging.rules.checks import Policy, Waiting, blockers_now
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
    backoff_s,
    not_reached,
    retry_after_s,
    settle,
)
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
    "BODY_MAX", "BUDGET_DAYS", "TENANT_GATE", "TITLE_MAX", "VARIABLES", "Answer", "Attempt", "Blocker", "Budget",
    "Draft", "Failed", "MessageChanged", "Misconfigured", "Outcome", "Policy", "Purpose", "Send", "SendingResumed",
    "SendingStopped", "Sent", "Settled", "Skipped", "Status", "Text", "TextError", "Unknown", "Waiting", "after_answer",
    "after_silence", "backoff_s", "blockers_now", "campaign_gate", "check_template", "clean", "cut", "gate_blocker",
    "in_holdout", "in_order", "not_reached", "render", "render_message", "retry_after_s", "settle", "zone_gate",
]  # fmt: skip
