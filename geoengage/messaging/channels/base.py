"""What every channel is: a name, whether it needs an address, and one way to send. Channels know no database."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from geoengage.messaging.letters import Letter
from geoengage.messaging.rules import BODY_MAX, NO_OPTIONS, Attempt, Outcome, PushOptions, cut
from geoengage.messaging.rules.phone import Note


@dataclass(frozen=True, slots=True)
class Push:
    """One message on its way. `data` already has the ids; `address` is None only where none is needed.
    `letter`: what goes as an e-mail; `note`: by WhatsApp, SMS or Viber."""

    message_id: UUID
    campaign_id: UUID | None
    title: str
    body: str
    data: Mapping[str, str]
    collapse_key: str
    expires_at: datetime
    platform: str
    address: str | None
    address_kind: str | None
    options: PushOptions = NO_OPTIONS
    letter: Letter | None = None
    note: Note | None = None


def shorten(push: Push, excess: int) -> Push:
    """The same with a body at least `excess` bytes shorter: long links and a long text are too much together."""
    return replace(push, body=cut(push.body, BODY_MAX, max(3, len(push.body.encode()) - excess)))


class Channel(Protocol):
    """A way to a person. `send` never raises for what a provider or a network does: it returns an outcome."""

    name: str
    needs_address: bool

    async def send(self, push: Push, attempt: Attempt) -> Outcome:
        """Try once (a refused access token is renewed and tried again at once)."""
        ...
