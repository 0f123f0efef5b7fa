"""One way to a person: the channel, whose credentials it has, and what it shares with others for pauses and limits."""

from dataclasses import dataclass
from uuid import UUID

from geoengage.messaging.channels import Channel, PlacedChannel, PreviewChannel
from geoengage.messaging.channels.email import EmailChannel
from geoengage.messaging.rules import Limit, Route

KEPT = 1000  # channels; the one unused for longest is closed, and opened again when it is needed


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """Credentials as they were when the messages were claimed. `kind`: `firebase` and `email` are an app's, `owner_id`
    is its id; `phone` is an account of WhatsApp, SMS or Viber with an id of its own."""

    owner_id: UUID
    revision: UUID
    status: str
    kind: str = "firebase"


@dataclass(frozen=True, slots=True)
class Sender:
    """A way to a person. `account` and `project`: what it shares with other messages, for pauses and limits.

    `limit`: how fast the project may be sent to; push services for browsers say themselves when it is enough.
    """

    channel: Channel
    own: OwnAccount | None = None
    account: Route | None = None
    project: Route | None = None
    limit: Limit | None = None

    @property
    def room(self) -> int | None:
        """How many it takes at this moment; None: as many as there are."""
        return self.channel.room if isinstance(self.channel, EmailChannel) else None

    def route(self, scope: str, platform: str) -> Route | None:
        """What a pause of that scope holds back."""
        if scope == "project":
            return self.project
        if self.account is None or scope == "account":
            return self.account
        return Route(self.account.tenant_id, f"{self.account.name}/{platform}")

    def routes(self, platform: str) -> list[Route]:
        """Everything whose pause holds a message to that platform back."""
        found = [self.route(scope, platform) for scope in ("account", "platform", "project")]
        return [route for route in found if route is not None]


PREVIEW = Sender(PreviewChannel())
INBOX = Sender(PlacedChannel("inbox"))
WEB_CARD = Sender(PlacedChannel("web_card"))
