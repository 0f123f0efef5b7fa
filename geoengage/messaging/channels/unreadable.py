"""Stands in for an app's sender whose stored account cannot be read, e.g. after the signing key changed."""

from geoengage.messaging.channels.base import Push
from geoengage.messaging.rules import Attempt, Outcome, misconfigured

WORDS = "the stored account cannot be read with this installation's secret key; put it again"


class UnreadableChannel:
    """Sends nothing and says why."""

    needs_address = True

    def __init__(self, name: str = "fcm") -> None:
        self.name = name

    async def send(self, push: Push, attempt: Attempt) -> Outcome:
        """The same answer for every message."""
        return misconfigured("credentials", WORDS, attempt)
