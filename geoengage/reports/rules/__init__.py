"""What is decided and said about what others recorded. Pure: no SQL, no HTTP, no clock.

`explain` puts into words why something did (not) happen, `checks` what a message went through, `lint` what is doubtful
about a drawn zone (with `shapes` and `words`), `ghost` where a made-up visitor stands, `campaigns` what would have been
sent. Their names are imported from here.
"""

from geoengage.reports.rules.campaigns import Start, Tried, try_campaigns
from geoengage.reports.rules.checks import Check, Decided, Waiting, message_checks, verdict_of_checks, waiting_checks
from geoengage.reports.rules.explain import (
    Approach,
    Happened,
    Verdict,
    blockers_text,
    how,
    message_text,
    rejection_text,
    rule_of,
    silence,
    summary,
    verdict_of,
    zone_text,
)
from geoengage.reports.rules.ghost import Standing, campaign_verdict, phase_text
from geoengage.reports.rules.lint import (
    Code,
    Finding,
    Neighbour,
    Overlap,
    Severity,
    Subject,
    Words,
    best_confidence,
    lint_flaws,
    lint_shape,
    lint_words,
    overlaps,
)

__all__ = [
    "Approach", "Check", "Code", "Decided", "Finding", "Happened", "Neighbour", "Overlap", "Severity", "Standing",
    "Start", "Subject", "Tried", "Verdict", "Waiting", "Words", "best_confidence", "blockers_text", "campaign_verdict",
    "how", "lint_flaws", "lint_shape", "lint_words", "message_checks", "message_text",
    "overlaps", "phase_text", "rejection_text", "rule_of", "silence", "summary", "try_campaigns", "verdict_of",
    "verdict_of_checks", "waiting_checks", "zone_text",
]  # fmt: skip
