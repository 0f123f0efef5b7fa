"""Channels that call nobody.

The preview inbox: a message counts as sent, is shown in GET /v1/inbox and the console, and goes nowhere."""

from geoengage.messaging.channels.base import Push
from geoengage.messaging.rules import Attempt, Outcome, Sent


class PreviewChannel:
    """Used without Firebase credentials and for test devices."""

    name = "preview"
    needs_address = False

    async def send(self, push: Push, attempt: Attempt) -> Outcome:
        """Nothing to do: the message's row is the inbox."""
        return Sent("preview")


class PlacedChannel:
    """What is shown when somebody opens the app (`inbox`) or a page (`web_card`): the message's row is all there is."""

    needs_address = False

    def __init__(self, name: str) -> None:
        self.name = name

    async def send(self, push: Push, attempt: Attempt) -> Outcome:
        """It is in its place."""
        return Sent(self.name)
