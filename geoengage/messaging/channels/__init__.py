"""Ways to a person, behind one Protocol: Firebase Cloud Messaging and the preview inbox."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

from geoengage.kit.settings import FcmSettings
from geoengage.messaging.channels.base import Channel, Push
from geoengage.messaging.channels.preview import PreviewChannel
from geoengage.profiles.rules import Recipient


@dataclass(frozen=True, slots=True)
class Channels:
    """The open channels of this process. `push` is None without Firebase credentials."""

    push: Channel | None
    preview: Channel

    def pick(self, recipient: Recipient | None) -> Channel:
        """Test devices never reach real people, and without credentials nobody does."""
        if self.push is None or recipient is None or recipient.is_test:
            return self.preview
        return self.push


@contextlib.asynccontextmanager
async def open_channels(settings: FcmSettings, clock: Callable[[], datetime]) -> AsyncIterator[Channels]:
    """Open what the settings have credentials for."""
    if settings.credentials_file is None:
        yield Channels(push=None, preview=PreviewChannel())
        return
    from geoengage.messaging.channels.fcm import open_fcm  # aiohttp and google-auth only where they are used

    async with open_fcm(settings, clock) as fcm:
        yield Channels(push=fcm, preview=PreviewChannel())


__all__ = ["Channel", "Channels", "Push", "open_channels"]
