"""What is decided and said about what others recorded. Pure: no SQL, no HTTP, no clock.

`explain` puts into words why something did (not) happen. Its names are imported from here.
"""

from geoengage.reports.rules.explain import (
    Approach,
    Happened,
    Verdict,
    message_text,
    rejection_text,
    silence,
    summary,
    verdict_of,
    zone_text,
)

__all__ = [
    "Approach", "Happened", "Verdict", "message_text", "rejection_text", "silence", "summary", "verdict_of",
    "zone_text",
]  # fmt: skip
