"""What became of a message, in words for people: why a provider refused it, why it took no other way. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from geoengage.messaging.rules.drafts import REASONS, Blocker

# Codes of providers that say more than their words.
_REFUSED: Mapping[str, str] = {
    "not_on_viber": "Viber does not know this number.",
    "not_on_whatsapp": "WhatsApp does not know this number.",
    "blocked": "This person has blocked the sender.",
    "opted_out": "This person told the provider that they want no more.",
    "marketing_cap": "WhatsApp gives this person no more advertising for now.",
    "no_sender_for_country": "There is no sender for the number's country.",
}


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A channel that a message did not take, and why: a blocker or a provider's code."""

    channel: str
    reason: str
    text: str


def not_taken(kept: str) -> NotTaken:
    """What `passed_over` has kept."""
    channel, _, reason = kept.partition(":")
    words = refusal_text(reason)
    return NotTaken(
        channel, reason, f"The provider refused it: {reason.replace('_', ' ')}." if words is None else words
    )


def refusal_text(reason: str | None) -> str | None:
    """The sentence of a blocker or of a provider's code; None where the provider's own words say as much."""
    if reason in set(Blocker):
        return REASONS[Blocker(reason)]
    return None if reason is None else _REFUSED.get(reason)
